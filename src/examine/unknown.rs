//! Files in an archive of which nothing is known: among uploads each may have been one, beside an install anything may lie.

use super::expected_installs::{is_beside_install, realms_of};
use super::hollow::Hollow;
use super::paths::{home_of, parent};
use super::roots::owner;
use crate::facts::{Gap, GapKind, INSIDE, realm};
use crate::intake::{
    BesideInstalls, Neighbours, UploadPlaces, claims_archive, claims_closed, is_stand_in,
    names_upload,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many more texts are kept than other files: a tree of documentation has hundreds.
const TEXTS: usize = 10;

/// Such files, of which only so many are kept: which of them matter shows at the end of the walk.
#[derive(Debug, Default)]
pub(super) struct UnknownFiles {
    kept: BTreeMap<String, (GapKind, String)>,
    /// Texts that may stand in the place of an upload.
    texts: BTreeMap<String, (GapKind, String)>,
    /// How many more there were, by the archive that they lie in.
    more: BTreeMap<String, usize>,
    /// Directories without files, one of which may have been meant for one.
    pub(super) hollow: Hollow,
}

impl UnknownFiles {
    /// Notes a file, by its path and the mark of an archive; of more than `max` the number.
    pub(super) fn record(&mut self, path: &str, kind: GapKind, reason: String, max: usize) {
        if is_stand_in(file(path), kind, &reason) {
            if self.texts.len() < max.saturating_mul(TEXTS) || self.texts.contains_key(path) {
                self.texts.insert(path.to_owned(), (kind, reason));
            } else if names_upload(file(path)) {
                self.count(path);
            }
        } else if self.kept.len() < max || self.kept.contains_key(path) {
            self.kept.insert(path.to_owned(), (kind, reason));
        } else if kind.hides() {
            self.count(path);
        }
    }

    fn count(&mut self, path: &str) {
        let more = self.more.entry(realm(file(path)).to_owned()).or_default();
        *more = more.saturating_add(1);
    }

    /// Returns a gap for each that lies among uploads, and for those beyond the bound.
    pub(super) fn gaps(
        self,
        source: &str,
        archives: &BTreeSet<String>,
        roots: &BTreeSet<&str>,
    ) -> Vec<Gap> {
        let installs = realms_of(roots);
        let uploads: Vec<&str> = archives.iter().map(|archive| file(archive)).collect();
        let places = UploadPlaces::of(uploads.iter().copied());
        let is_needed = !(self.texts.is_empty() && self.kept.is_empty());
        let homes = if is_needed { homes(roots) } else { Vec::new() };
        let series = if is_needed { &uploads[..] } else { &[] };
        let among = Neighbours::of(series, &homes.iter().map(String::as_str).collect::<Vec<_>>());
        let beside = BesideInstalls::of(homes, series);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for path in self.kept.keys() {
            let count = counts.entry(parent(file(path)).to_owned()).or_default();
            *count = count.saturating_add(1);
        }
        let is_among = |path: &str, reason: &str| {
            if is_beside_install(path, &installs) {
                let is_alone = counts.get(parent(path)) == Some(&1);
                return owner(path, roots).is_none()
                    && beside.may_be_instance(path, reason, is_alone);
            }
            places.hold(path) || claims_archive(path) || claims_closed(path)
        };
        let gap = |path: &str, kind, reason| {
            let (source, path) = (source.to_owned(), Some(path.to_owned()));
            Gap { source, path, kind, reason }
        };
        let kept = self.kept.iter().filter(|(path, (_, reason))| is_among(file(path), reason));
        let is_lacking = |path: &str| {
            let is_lacking = if is_beside_install(path, &installs) {
                beside.lack(path)
            } else {
                places.hold(path) && among.lack(path)
            };
            is_lacking && owner(path, roots).is_none()
        };
        let texts = self.texts.iter().filter(|(path, _)| is_lacking(file(path)));
        let kept = kept.chain(texts).map(|(path, why)| (path.clone(), why.clone()));
        let kept: Vec<_> = kept.collect();
        let mut gaps: Vec<Gap> =
            kept.into_iter().map(|(path, (kind, reason))| gap(&path, kind, reason)).collect();
        let more = self.more.into_iter().filter(|(around, _)| {
            let inside = format!("{around}/");
            !is_beside_install(&inside, &installs)
                && uploads.iter().any(|upload| realm(upload) == *around)
        });
        gaps.extend(more.map(|(around, count)| {
            let reason = format!("holds {count} more files that cannot be opened, and each may be an instance; take out what is none, and send the others again");
            gap(&around, GapKind::NotAnArchive, reason)
        }));
        gaps
    }
}

/// Returns the path of a file without the mark of an archive.
fn file(path: &str) -> &str {
    path.strip_suffix(INSIDE).unwrap_or(path)
}

/// Returns the directories in which installs lie unpacked, or that are one of another name.
fn homes(roots: &BTreeSet<&str>) -> Vec<String> {
    let home = |root: &&str| home_of(root).to_owned();
    roots.iter().map(home).filter(|home| !home.ends_with(INSIDE)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(files: &[&str], archives: &[&str], roots: &[&str], max: usize) -> Vec<String> {
        let mut unknown = UnknownFiles::default();
        for path in files {
            unknown.record(path, GapKind::NotAnArchive, String::new(), max);
        }
        let archives = archives.iter().map(|path| (*path).to_owned()).collect();
        let gaps = unknown.gaps("s", &archives, &roots.iter().copied().collect());
        gaps.into_iter().filter_map(|gap| gap.path).collect()
    }

    #[test]
    fn file_among_archives_may_have_been_one_and_beside_an_install_not() {
        let (files, archives) = (["c!", "x/y/d!"], ["a.tgz!", "b.tgz!"]);
        assert_eq!(paths(&files, &archives, &["a.tgz!/q", "b.tgz!/q"], 9), ["c!"]);
        assert_eq!(paths(&files, &archives, &["q", "b.tgz!/q"], 9), [""; 0]);
        assert_eq!(paths(&files, &[], &[], 9), [""; 0]);
    }

    #[test]
    fn texts_beyond_the_bound_that_are_named_after_archives_are_counted() {
        let mut unknown = UnknownFiles::default();
        for index in 0..15 {
            let path = format!("notes/n{index:02}.txt!");
            unknown.record(&path, GapKind::EmptyFile, String::new(), 1);
        }
        for path in ["publish8.tgz.txt!", "publish9.tgz.txt!", "readme.txt!"] {
            unknown.record(path, GapKind::EmptyFile, String::new(), 1);
        }
        let archives = ["a.tgz!".to_owned()].into();
        let gaps = unknown.gaps("s", &archives, &["a.tgz!/q"].into());
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert!(gaps[0].reason.starts_with("holds 2 more files"), "{gaps:?}");
    }

    #[test]
    fn those_beyond_the_bound_are_counted() {
        let archives = ["a.tgz!"];
        assert_eq!(paths(&["b!", "c!", "d!"], &archives, &["a.tgz!/q"], 1), ["b!", ""]);
        assert_eq!(paths(&["b!", "c!", "d!"], &archives, &["q"], 1), [""; 0]);
    }
}
