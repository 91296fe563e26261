//! Files in an archive of which nothing is known: among uploads each may have been one, beside an install anything may lie.

use super::expected_installs::{is_beside_install, realms_of};
use super::hollow::Hollow;
use super::paths::{home_of, parent};
use super::roots::owner;
use crate::facts::{Gap, GapKind, INSIDE, realm};
use crate::intake::{BesideInstalls, UploadPlaces, claims_archive, claims_closed};
use std::collections::{BTreeMap, BTreeSet};

/// Such files, of which only so many are kept: which of them matter shows at the end of the walk.
#[derive(Debug, Default)]
pub(super) struct UnknownFiles {
    kept: BTreeMap<String, (GapKind, String)>,
    /// How many more there were, by the archive that they lie in.
    more: BTreeMap<String, usize>,
    /// Directories without files, one of which may have been meant for one.
    pub(super) hollow: Hollow,
}

impl UnknownFiles {
    /// Notes a file, by its path and the mark of an archive; of more than `max` the number.
    pub(super) fn record(&mut self, path: &str, kind: GapKind, reason: String, max: usize) {
        if self.kept.len() < max || self.kept.contains_key(path) {
            self.kept.insert(path.to_owned(), (kind, reason));
        } else if kind.hides() {
            let around = realm(path.strip_suffix(INSIDE).unwrap_or(path));
            let more = self.more.entry(around.to_owned()).or_default();
            *more = more.saturating_add(1);
        }
    }

    /// Returns a gap for each that lies among uploads, and for those beyond the bound.
    pub(super) fn gaps(
        self,
        source: &str,
        archives: &BTreeSet<String>,
        roots: &BTreeSet<&str>,
    ) -> Vec<Gap> {
        let installs = realms_of(roots);
        let file = |path: &'_ str| path.strip_suffix(INSIDE).unwrap_or(path).to_owned();
        let uploads: Vec<String> = archives.iter().map(|archive| file(archive)).collect();
        let places = UploadPlaces::of(uploads.iter().map(String::as_str));
        let beside = BesideInstalls::of(homes(roots));
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for path in self.kept.keys() {
            let count = counts.entry(parent(&file(path)).to_owned()).or_default();
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
        let kept = self.kept.iter().filter(|(path, (_, reason))| is_among(&file(path), reason));
        let kept: Vec<_> = kept.map(|(path, why)| (path.clone(), why.clone())).collect();
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
    fn those_beyond_the_bound_are_counted() {
        let archives = ["a.tgz!"];
        assert_eq!(paths(&["b!", "c!", "d!"], &archives, &["a.tgz!/q"], 1), ["b!", ""]);
        assert_eq!(paths(&["b!", "c!", "d!"], &archives, &["q"], 1), [""; 0]);
    }
}
