//! What lies beside unpacked installs and may be another one: it is encrypted, an image of a disk, or of unknown content.
//!
//! Anything may lie there, so that only what is in the place of an instance counts, or holds files and cannot be opened.

use super::Neighbours;
use super::archive_name::{claims_closed, claims_nothing};
use super::places::{UploadPlaces, parent};
use super::sniff;
use std::collections::BTreeSet;

/// Directories of which one holds what a system keeps of its own: keyrings, packages, images to start from.
const OF_SYSTEMS: [&str; 10] =
    ["boot", "dev", "etc", "lib", "lib64", "proc", "run", "sys", "usr", "var"];

/// Where installs lie unpacked.
#[derive(Debug, Default)]
pub struct BesideInstalls {
    /// Directories that hold an install.
    homes: BTreeSet<String>,
    /// Directories around those.
    farms: BTreeSet<String>,
    places: UploadPlaces,
    neighbours: Neighbours,
}

impl BesideInstalls {
    /// Takes the directories that hold `crx-quickstart`, or are an install of another name, and the archives that are there too.
    pub fn of(homes: impl IntoIterator<Item = String>, uploads: &[&str]) -> Self {
        let homes: BTreeSet<String> = homes.into_iter().collect();
        let series: Vec<&str> = homes.iter().map(String::as_str).collect();
        let neighbours = Neighbours::of(&series, uploads);
        let farms = homes.iter().filter(|home| !home.is_empty());
        let farms = farms.map(|home| parent(home).to_owned()).collect();
        let inside: Vec<String> = homes.iter().map(|home| below(home)).collect();
        let places =
            UploadPlaces::of(inside.iter().map(|path| path.strip_prefix('/').unwrap_or(path)));
        Self { homes, farms, places, neighbours }
    }

    /// Returns `true` if a file that is no archive may be an instance. `reason`: what was told of its content. `is_alone`: nothing
    /// else in its directory is unknown.
    pub fn may_be_instance(&self, path: &str, reason: &str, is_alone: bool) -> bool {
        if claims_closed(path) || sniff::tells_closed(reason) {
            // A keyring in the home of an install, or an image in `boot`, is of the machine and hides no instance.
            return self.places.hold(path) || (!self.is_in_home(path) && !is_of_system(path));
        }
        let directory = parent(path);
        let is_in_place = || {
            let is_own = !directory.is_empty() && !self.homes.contains(directory);
            self.farms.contains(directory)
                || (is_alone && is_own && self.farms.contains(parent(directory)))
        };
        let is_unknown = sniff::tells_unknown(reason);
        // `publish2.vbk`, `publish2.example.com`: whatever it is, it is called like an instance that is not there.
        self.neighbours.lack_alike(path)
            || (is_unknown && is_alone && self.neighbours.lack_alike(directory))
            || (is_unknown && claims_nothing(path) && is_in_place())
    }

    /// Returns `true` if a text stands in the place of an instance that is not there.
    pub fn lack(&self, path: &str) -> bool {
        self.neighbours.lack(path)
    }

    fn is_in_home(&self, path: &str) -> bool {
        let mut above = path.rmatch_indices('/').filter_map(|(at, _)| path.get(..at)).chain([""]);
        above.any(|directory| self.homes.contains(directory))
    }
}

/// Returns the path of anything in a home.
fn below(home: &str) -> String {
    format!("{home}/x")
}

fn is_of_system(path: &str) -> bool {
    parent(path).split('/').any(|part| part.starts_with('.') || OF_SYSTEMS.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str) -> bool {
        let beside = BesideInstalls::of(["up/author".to_owned(), "up/publish1".to_owned()], &[]);
        let reason =
            if path.ends_with("note") { "looks like plain text" } else { "unknown content" };
        beside.may_be_instance(path, reason, true)
    }

    #[test]
    fn what_cannot_be_opened_counts_outside_of_homes() {
        for path in [
            "up/publish2.gpg",
            "up/publish2/publish2.gpg",
            "up/author/publish2.iso",
            "publish2.enc",
            "deep/er/x.img",
        ] {
            assert!(told(path), "{path}");
        }
        for path in ["up/author/keys/release.gpg", "usr/share/keyrings/x.gpg", ".gnupg/x.gpg"] {
            assert!(!told(path), "{path}");
        }
        let beside = BesideInstalls::of([String::new()], &[]);
        assert!(beside.may_be_instance("publish2.gpg", "", true));
        assert!(!beside.may_be_instance("a/b/publish2.gpg", "", true));
    }

    #[test]
    fn unknown_content_counts_in_the_place_of_an_instance() {
        for path in ["up/publish2", "up/publish2/publish2", "up/publish2.vbk", "up/publish2/x.vbk"]
        {
            assert!(told(path), "{path}");
        }
        for path in [
            "up/note",
            "up/x.bin",
            "up/publish1.bin",
            "up/x/x.bin",
            "up/author/x",
            "up/tools/bin/x",
            "x",
        ] {
            assert!(!told(path), "{path}");
        }
        let beside = BesideInstalls::of(["up/author".to_owned()], &[]);
        assert!(!beside.may_be_instance("up/bin/x", "unknown content", false));
    }
}
