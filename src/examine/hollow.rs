//! Directories beside the homes of installs that hold nothing, or too little: a mount that is down leaves one, and so does a transfer that
//! failed, and an instance would be missing.

use super::hints::{is_part, may_hold_install};
use super::paths::{home_of, name, parent};
use crate::facts::{INSIDE, QUICKSTART, components, realm};
use crate::intake::{EntryKind, is_hidden, is_like_home, may_be_home};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

const KEPT_MAX: usize = Limits::DEFAULT.hollow_directories_max;

const DEPTH_MAX: usize = Limits::DEFAULT.hollow_depth_max;

/// Files of a directory that holds no more than a note of what failed.
const NOTES_MAX: u8 = Limits::DEFAULT.hollow_notes_max;

/// Parts of an install; of a repository, those below.
const PARTS: [&str; 5] = [QUICKSTART, "launchpad", "felix", "segmentstore", "bundle"];
const OF_REPOSITORY: [&str; 4] = ["segmentstore", "index", "workspaces", "version"];

/// Files that only an install has.
const FILES: [&str; 4] = ["hmac", "sling.properties", "bundle.info", "sling.id.file"];

/// Endings of what a person or a tool leaves where a transfer failed.
const NOTES: [&str; 7] = ["txt", "err", "out", "html", "htm", "json", "xml"];

/// What lies in a directory, but for directories.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Contents {
    /// Files and links, of more than a few not how many.
    files: u8,
    /// Some of them are no notes.
    others: bool,
    /// Some are parts of an install.
    parts: bool,
}

impl Contents {
    /// Returns what an entry adds to the innermost directory outside of installs that it lies below.
    fn of(below: &str, kind: &EntryKind) -> Self {
        let (first, behind) = below.split_once('/').unwrap_or((below, ""));
        // `repository` may be one of source code; with what
        // Oak or CRX writes in it, it is an install's.
        let is_repository = first == "repository"
            && components(behind).next().is_some_and(|part| OF_REPOSITORY.contains(&part));
        let is_part = is_part(first)
            && PARTS
                .iter()
                .any(|part| first == *part || (*part == "bundle" && first.starts_with(part)));
        let is_own = behind.is_empty() && *kind != EntryKind::Directory;
        let is_note = || {
            let ending = first.rsplit_once('.').map(|(_, ending)| ending);
            let is_known = |ending: &str| NOTES.iter().any(|n| n.eq_ignore_ascii_case(ending));
            ending.is_none_or(is_known) || matches!(kind, EntryKind::SymbolicLink(_))
        };
        Self {
            files: u8::from(is_own),
            others: !behind.is_empty() || (is_own && !is_note()),
            parts: is_part || is_repository || (is_own && FILES.contains(&first)),
        }
    }

    fn with(self, other: Self) -> Self {
        Self {
            files: self.files.saturating_add(other.files).min(NOTES_MAX.saturating_add(1)),
            others: self.others || other.others,
            parts: self.parts || other.parts,
        }
    }
}

/// Directories outside of installs, and what lies below.
#[derive(Debug, Default)]
pub(super) struct Hollow {
    empty: BTreeSet<String>,
    filled: BTreeMap<String, Contents>,
    /// The last directory that was filled, with all around it, and what it holds so far.
    last: (String, Contents),
    is_over: bool,
}

impl Hollow {
    /// Notes an entry. An archive may name a directory before what lies in it, behind that or not at all.
    pub(super) fn see(&mut self, path: &str, kind: &EntryKind) {
        if *kind == EntryKind::Directory && is_outside(path) {
            if !self.filled.contains_key(path) {
                self.is_over |= self.empty.len() >= KEPT_MAX;
                if !self.is_over && name(path) != QUICKSTART {
                    self.empty.insert(path.to_owned());
                    // Files that come behind it fill it.
                    self.last = Default::default();
                }
            }
            return;
        }
        let Some(directory) = innermost_outside(path) else { return };
        let below = path.strip_prefix(directory).unwrap_or_default().trim_start_matches('/');
        let adds = Contents::of(below, kind);
        // An install has thousands of directories, and all its files fill the same ones around it.
        if directory == self.last.0 && !directory.is_empty() {
            let contents = self.last.1.with(adds);
            if contents != self.last.1 {
                self.last.1 = contents;
                self.fill(directory, adds);
            }
            return;
        }
        self.fill_around(directory, adds);
    }

    fn fill_around(&mut self, directory: &str, adds: Contents) {
        let (mut above, mut part) = (directory, "");
        while !above.is_empty() && !is_hidden(part) {
            self.fill(above, if above == directory { adds } else { Contents::default() });
            part = name(above);
            above = parent(above);
        }
        directory.clone_into(&mut self.last.0);
        self.last.1 = self.filled.get(directory).copied().unwrap_or_default();
    }

    fn fill(&mut self, directory: &str, adds: Contents) {
        if let Some(contents) = self.filled.get_mut(directory) {
            *contents = contents.with(adds);
        } else if is_outside(directory) {
            self.empty.remove(directory);
            if self.filled.len() < KEPT_MAX {
                self.filled.insert(directory.to_owned(), adds);
            } else {
                self.is_over |= adds.parts;
            }
        }
    }

    /// Returns `true` if more directories came than are kept.
    pub(super) fn over_limit(&self) -> Option<String> {
        self.is_over.then(|| {
            format!("holds more than {KEPT_MAX} directories beside installs; not all were looked at. Scan its instances one by one")
        })
    }

    /// Returns the directories in the place of an instance that hold nothing or too little, and what is wrong with each.
    pub(super) fn in_place<'h>(
        &'h self,
        places: &'h Places,
    ) -> impl Iterator<Item = (&'h str, &'static str)> {
        let empty = self.empty.iter().filter(|path| places.hold(path)).map(|path| {
            let reason = "holds nothing, and the directories beside it hold instances (a mount that is down?); look there, or take it out";
            (path.as_str(), reason)
        });
        let filled = self.filled.keys().filter(|path| places.hold(path));
        let filled = filled.filter_map(|path| Some((path.as_str(), self.lacks(path, places)?)));
        empty.chain(filled)
    }

    fn lacks(&self, directory: &str, places: &Places) -> Option<&'static str> {
        let inside = format!("{directory}/");
        let below =
            self.filled.range(inside.clone()..).take_while(|(path, _)| path.starts_with(&inside));
        let own = self.filled.get(directory).copied().unwrap_or_default();
        let all = below.fold(own, |all, (_, contents)| all.with(*contents));
        if all.parts {
            Some(
                "holds parts of an install beside instances, and no instance is in it; send the whole of its crx-quickstart",
            )
        } else if places.name_like_home(directory) {
            Some(
                "is named like the homes of instances beside it, and no instance is in it; send that, or take the directory out",
            )
        } else if !all.others && all.files <= NOTES_MAX {
            Some(
                "holds no more than a note or a link, and the directories beside it hold instances; send the instance, or take it out",
            )
        } else {
            None
        }
    }
}

/// Directories that hold several instances, and what those are called there.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<String, BTreeSet<String>>);

impl Places {
    /// Finds the directories of which several hold an install in the same place below, or an archive with one. `uploads`: archives that
    /// are sources of their own.
    pub(super) fn of<'p>(roots: &BTreeSet<&'p str>, uploads: &'p [String]) -> Self {
        let mut below: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for root in roots {
            let home = home_of(root);
            // Homes may lie below a directory each, `publish1/opt/aem` beside `publish2/opt/aem`.
            let mut child = home;
            for _ in 0..DEPTH_MAX {
                if child.is_empty() || child.ends_with(INSIDE) {
                    break;
                }
                let rest = home.get(child.len()..).unwrap_or_default();
                below.entry((parent(child), rest)).or_default().insert(child);
                child = parent(child);
            }
        }
        let archives = roots.iter().filter_map(|root| realm(root).strip_suffix(INSIDE));
        for archive in archives.chain(uploads.iter().map(String::as_str)) {
            below.entry((parent(archive), "")).or_default().insert(archive);
            let around = parent(archive);
            if !around.is_empty() {
                below.entry((parent(around), "/*")).or_default().insert(around);
            }
        }
        let mut places = Self::default();
        for ((place, _), homes) in below.into_iter().filter(|(_, homes)| homes.len() > 1) {
            let names = homes.into_iter().map(|home| name(home).to_owned());
            places.0.entry(place.to_owned()).or_default().extend(names);
        }
        places
    }

    /// Returns `true` if the home of an instance may be at a path, as that of others is beside it.
    pub(super) fn hold(&self, path: &str) -> bool {
        !path.ends_with(INSIDE) && may_be_home(name(path)) && self.0.contains_key(parent(path))
    }

    /// Returns `true` if there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `true` if a path is named like the homes beside it.
    pub(super) fn name_like_home(&self, path: &str) -> bool {
        let mut homes = self.0.get(parent(path)).into_iter().flatten();
        homes.any(|home| is_like_home(name(path), home))
    }
}

/// Returns the innermost directory outside of installs that an entry lies below; none where a hidden name stands between the two, for
/// what a hidden directory holds fills none around it.
fn innermost_outside(path: &str) -> Option<&str> {
    let (mut outside, mut hidden, mut end) = (0, 0, 0_usize);
    let mut is_inside = false;
    for part in components(path) {
        if !is_inside {
            outside = end;
        }
        end = end.saturating_add(usize::from(end > 0)).saturating_add(part.len());
        // What lies in an archive that is walked begins anew.
        is_inside = !part.ends_with(INSIDE) && (is_inside || is_part(part));
        if is_hidden(part) {
            hidden = end;
        }
    }
    path.get(..outside).filter(|_| hidden <= outside)
}

/// Returns `true` if a directory lies outside of installs and packages, and is none of their parts by its name.
fn is_outside(directory: &str) -> bool {
    may_hold_install(&format!("{directory}/x"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(entries: &[&str], roots: &[&str]) -> Vec<String> {
        let mut hollow = Hollow::default();
        for entry in entries {
            match entry.strip_suffix('/') {
                Some(directory) => hollow.see(directory, &EntryKind::Directory),
                None => hollow.see(entry, &EntryKind::File),
            }
        }
        let places = Places::of(&roots.iter().copied().collect(), &[]);
        let is_root = |path: &str| {
            let inside = format!("{path}/");
            roots.iter().any(|root| *root == path || root.starts_with(&inside))
        };
        let told = hollow.in_place(&places).filter(|(path, _)| !is_root(path));
        told.map(|(path, _)| path.to_owned()).collect()
    }

    const ROOTS: &[&str] = &["f/author/crx-quickstart", "f/publish1/crx-quickstart"];

    #[test]
    fn empty_directory_beside_homes_is_told() {
        assert_eq!(told(&["f/publish2/"], ROOTS), ["f/publish2"]);
        assert_eq!(told(&["f/publish2/", "f/publish2/.snapshot/x"], ROOTS), ["f/publish2"]);
        assert_eq!(told(&["f/publish2/", "f/publish2/aem/"], ROOTS), ["f/publish2"]);
        assert_eq!(told(&["f/p/", "f/publish1/", "f/publish1/x"], &["f/a", "f/publish1"]), ["f/p"]);
        let deep = ["f/author/aem/crx-quickstart", "f/publish1/aem/crx-quickstart"];
        assert_eq!(told(&["f/publish2/aem/"], &deep), [""; 0]);
        assert_eq!(told(&["f/publish2/", "f/publish2/aem/"], &deep), ["f/publish2"]);
    }

    #[test]
    fn files_fill_a_directory_wherever_it_is_named() {
        for entries in [
            &["f/web/", "f/web/x.bin"][..],
            &["f/web/a/b/x.bin", "f/web/"],
            &["f/web/", "f/web/a", "f/web/b", "f/web/c", "f/web/d"],
            &["f/notes/", "f/notes/x.txt"],
            &["f/publish-logs/error.log"],
            &["f/web/jcr_root/x"],
        ] {
            assert_eq!(told(entries, ROOTS), [""; 0], "{entries:?}");
        }
    }

    #[test]
    fn directory_with_too_little_in_the_place_of_an_instance_is_told() {
        for entry in [
            "f/web/hmac",
            "f/web/keys/hmac",
            "f/web/launchpad/config/x.config",
            "f/web/repository/segmentstore/journal.log",
            "f/web/crx-quickstart/logs/error.log",
            "f/web/ERROR.txt",
            "f/publish2/a/x.bin",
        ] {
            let web = entry.split('/').take(2).collect::<Vec<_>>().join("/");
            assert_eq!(told(&[entry], ROOTS), [web.as_str()], "{entry}");
        }
        let archives = ["f/author.tgz!/crx-quickstart", "f/publish1.tgz!/crx-quickstart"];
        assert_eq!(told(&["f/web/hmac"], &archives), ["f/web"]);
        assert_eq!(told(&["f/publish2/"], &archives), ["f/publish2"]);
        let apart = ["author/a.tgz", "web/b.tgz"].map(str::to_owned);
        assert!(Places::of(&BTreeSet::new(), &apart).hold("publish2"));
    }

    #[test]
    fn what_a_hidden_directory_holds_fills_none() {
        for entry in ["f/web/crx-quickstart/.git/x", "f/web/.snapshot/x"] {
            assert_eq!(told(&["f/web/", entry], ROOTS), ["f/web"], "{entry}");
        }
        let filled = |entries: &[&str]| {
            let mut hollow = Hollow::default();
            for entry in entries {
                hollow.see(entry, &EntryKind::File);
            }
            hollow.filled.contains_key("f/web")
        };
        assert!(filled(&["f/web/crx-quickstart/.git/x", "f/web/crx-quickstart/y"]));
        assert!(!filled(&["f/web/crx-quickstart/.git/x", "f/web/crx-quickstart/x/.y"]));
    }

    #[test]
    fn empty_directories_elsewhere_decide_nothing() {
        for entry in ["f/logs/", "f/backup-2024/", "f/lost+found/", "f/.x/", "x/", "f/author/x/"] {
            assert_eq!(told(&[entry], ROOTS), [""; 0], "{entry}");
        }
        assert_eq!(told(&["f/publish2/"], &["f/author/crx-quickstart"]), [""; 0]);
    }
}
