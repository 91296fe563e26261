//! Directories without a file beside the homes of installs: a mount that is down leaves one, and so an instance would be missing.

use super::hints::{is_part, may_hold_install};
use super::paths::{home_of, name, parent};
use crate::facts::{Gap, GapKind, INSIDE, QUICKSTART, components};
use crate::intake::EntryKind;
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

const KEPT_MAX: usize = Limits::DEFAULT.hollow_directories_max;

const DEPTH_MAX: usize = Limits::DEFAULT.hollow_depth_max;

/// What directories beside installs are called that hold none, up to the first character that is no letter.
const OTHERS: [&str; 50] = [
    "archive",
    "archives",
    "audit",
    "backup",
    "backups",
    "bak",
    "bin",
    "cache",
    "caches",
    "conf",
    "config",
    "configs",
    "crash",
    "crashes",
    "data",
    "datastore",
    "dispatcher",
    "doc",
    "docs",
    "dump",
    "dumps",
    "etc",
    "export",
    "exports",
    "heap",
    "heapdumps",
    "home",
    "import",
    "include",
    "incoming",
    "install",
    "installer",
    "java",
    "jdk",
    "lib",
    "log",
    "logs",
    "lost",
    "old",
    "package",
    "packages",
    "run",
    "scripts",
    "share",
    "shared",
    "software",
    "temp",
    "threaddumps",
    "tmp",
    "tools",
];

/// Directories outside of installs, and whether a file lies below.
#[derive(Debug, Default)]
pub(super) struct Hollow {
    empty: BTreeSet<String>,
    filled: BTreeSet<String>,
    /// The last directory that was filled, with all around it.
    last: String,
    is_over: bool,
}

impl Hollow {
    /// Notes an entry. An archive may name a directory before what lies in it, behind that or not at all.
    pub(super) fn see(&mut self, path: &str, kind: &EntryKind) {
        if *kind == EntryKind::Directory && is_outside(path) {
            if !self.filled.contains(path) {
                self.is_over |= self.empty.len() >= KEPT_MAX;
                if !self.is_over && name(path) != QUICKSTART {
                    self.empty.insert(path.to_owned());
                    // Files that come behind it fill it.
                    self.last.clear();
                }
            }
            return;
        }
        // An install has thousands of directories, and all its files fill the same ones around it.
        let Some(directory) = innermost_outside(path).filter(|known| *known != self.last) else {
            return;
        };
        directory.clone_into(&mut self.last);
        let mut above = directory;
        let mut part = "";
        while !above.is_empty() && !is_hidden(part) {
            self.fill(above);
            part = name(above);
            above = parent(above);
        }
    }

    fn fill(&mut self, directory: &str) {
        if self.filled.contains(directory) || !is_outside(directory) {
            return;
        }
        self.empty.remove(directory);
        if self.filled.len() < KEPT_MAX {
            self.filled.insert(directory.to_owned());
        }
    }

    /// Returns a gap for each empty directory in the place of an instance.
    pub(super) fn gaps(&self, source: &str, roots: &BTreeSet<&str>) -> Vec<Gap> {
        let farms = farms(roots);
        let gap = |path: Option<&str>, kind, reason: String| {
            let (source, path) = (source.to_owned(), path.map(str::to_owned));
            Gap { source, path, kind, reason }
        };
        let is_in_place = |path: &&String| {
            let is_named = !is_hidden(name(path)) && !is_other(name(path));
            is_named && farms.contains(parent(path))
        };
        let empty = self.empty.iter().filter(is_in_place).map(|path| {
            let reason = "holds nothing, and the directories beside it hold instances (a mount that is down?)";
            gap(Some(path), GapKind::NoInstance, reason.to_owned())
        });
        let mut gaps: Vec<Gap> = empty.collect();
        if self.is_over && !farms.is_empty() {
            let reason = format!(
                "holds more than {KEPT_MAX} directories without files; not all were looked at"
            );
            gaps.push(gap(None, GapKind::OverLimit, reason));
        }
        gaps
    }
}

/// Returns the directories of which several hold an install in the same place below.
fn farms(roots: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut below: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for root in roots {
        let home = home_of(root);
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
    let several = below.into_iter().filter(|(_, children)| children.len() > 1);
    several.map(|((farm, _), _)| farm.to_owned()).collect()
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

/// Returns `true` if a name is that of what a system or a tool adds to a directory.
fn is_hidden(name: &str) -> bool {
    let known =
        ["lost+found", "$RECYCLE.BIN", "System Volume Information", "Thumbs.db", "desktop.ini"];
    name.starts_with('.') || name.starts_with('@') || known.contains(&name)
}

fn is_other(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let word = name.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    OTHERS.contains(&word)
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
        let gaps = hollow.gaps("s", &roots.iter().copied().collect());
        gaps.into_iter().filter_map(|gap| gap.path).collect()
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
            &["f/publish2/", "f/publish2/x"][..],
            &["f/publish2/a/b/x", "f/publish2/"],
            &["f/publish2/", "f/publish2/crx-quickstart/"],
            &["f/publish2/", "f/publish2/launchpad/felix/x"],
        ] {
            assert_eq!(told(entries, ROOTS), [""; 0], "{entries:?}");
        }
    }

    #[test]
    fn what_an_install_holds_fills_the_directories_around_it() {
        for entry in [
            "f/publish2/crx-quickstart/launchpad/felix/bundle5/data/x",
            "f/publish2/crx-quickstart/a.zip!/b/x",
        ] {
            assert_eq!(told(&["f/publish2/", entry], ROOTS), [""; 0], "{entry}");
        }
        for entry in ["f/publish2/crx-quickstart/.git/x", "f/publish2/crx-quickstart/x/.y"] {
            assert_eq!(told(&["f/publish2/", entry], ROOTS), ["f/publish2"], "{entry}");
        }
        let behind =
            ["f/publish2/crx-quickstart/.git/x", "f/publish2/crx-quickstart/y", "f/publish2/"];
        assert_eq!(told(&behind, ROOTS), [""; 0]);
    }

    #[test]
    fn empty_directories_elsewhere_decide_nothing() {
        for entry in ["f/logs/", "f/backup-2024/", "f/lost+found/", "f/.x/", "x/", "f/author/x/"] {
            assert_eq!(told(&[entry], ROOTS), [""; 0], "{entry}");
        }
        assert_eq!(told(&["f/publish2/"], &["f/author/crx-quickstart"]), [""; 0]);
    }
}
