//! The directory of the last file: what its neighbours need not tell again.
//!
//! Caches of bundles and data stores hold hundreds of thousands of files, of which nothing matters but that some have a name that is
//! looked for. Looking at each of them in full took longer than to unpack the archive that they came in.

use super::logs::is_named_like_a_log;
use crate::evidence::{Holds, holds, is_segment_store};
use crate::examine::hints;
use crate::facts::{QUICKSTART, split_path};
use crate::intake::is_hidden;

/// The directory of the last file, and whether nothing of the install lies directly in it.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    directory: String,
    /// Nothing in it is evidence, it lies deep in an install, and all around it is known from a file in it.
    is_quiet: bool,
}

impl Surroundings {
    /// Notes where a file lies that is looked at in full.
    pub(super) fn enter(&mut self, path: &str) {
        let (directory, name) = split_path(path);
        if is_hidden(name) || name == QUICKSTART {
            // The one does not show that the directories around it hold something, the other is an install by its name.
            self.leave();
        } else if self.directory != directory {
            directory.clone_into(&mut self.directory);
            // Keys have names that tell.
            self.is_quiet = holds(directory) != Holds::Evidence
                && !is_segment_store(directory)
                && !hints::may_hold_install(directory);
        }
    }

    /// Forgets the directory: what comes now may change what is known of those around it.
    pub(super) fn leave(&mut self) {
        self.directory.clear();
        self.is_quiet = false;
    }

    /// Returns `true` if looking at a file would show nothing that its neighbours in the same directory have not shown.
    pub(super) fn tell_all_of(&self, path: &str) -> bool {
        let below = || path.strip_prefix(self.directory.as_str())?.strip_prefix('/');
        let name = if self.is_quiet { below() } else { None };
        // Where logs lie matters to a link that leads there.
        let is_telling = |name| hints::is_telling(name) || is_named_like_a_log(name);
        name.is_some_and(|name| !name.bytes().any(|byte| byte == b'/') && !is_telling(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examine::collector::{Collected, Collector};
    use crate::intake::{Entry, EntryKind, EntryTime, LinkTarget, Visit};
    use crate::limits::Limits;
    use proptest::prelude::*;

    #[test]
    fn quiet_directory_is_one_in_which_nothing_matters_but_by_its_name() {
        let mut around = Surroundings::default();
        around.enter("q/felix/bundle5/data/cache/0001.ser");
        assert!(around.tell_all_of("q/felix/bundle5/data/cache/0002.ser"));
        for path in [
            "q/felix/bundle5/data/0003.ser",
            "q/felix/bundle5/data/cache2",
            "q/felix/bundle5/data/cache/below/0003.ser",
            "q/felix/bundle5/data/cache/x.tgz",
            "q/felix/bundle5/data/cache/HMAC",
            "q/felix/bundle5/data/cache/master.old",
            "q/felix/bundle5/data/cache/bundle.INFO",
        ] {
            assert!(!around.tell_all_of(path), "{path}");
        }
        for path in ["x", "q/x", "q/felix/bundle5/data/x", "q/logs/x", "q/felix/data/cache/.x"] {
            around.enter(path);
            assert!(!around.tell_all_of(path), "{path}");
        }
    }

    /// Returns all that comes of some entries. `anew`: each is looked at as if nothing was known of its neighbours.
    fn collected(entries: &[(String, EntryKind)], opens: bool, anew: bool) -> Collected {
        let limits = Limits::default();
        let mut collector = Collector::new("s", &limits);
        if opens {
            collector = collector.opening();
        }
        for (path, kind) in entries {
            if anew {
                collector.surroundings = Surroundings::default();
            }
            let entry = Entry {
                path,
                kind: kind.clone(),
                size: 9,
                extent: None,
                owner: None,
                written: EntryTime::Unknown,
            };
            let _: crate::intake::Want = collector.entry(&entry);
        }
        collector.finish(true, !opens)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn neighbours_tell_no_less_than_looking_at_each(
            entries in prop::collection::vec((path(), kind()), 1..20),
            opens: bool,
        ) {
            let fast = collected(&entries, opens, false);
            let slow = collected(&entries, opens, true);
            prop_assert_eq!(format!("{fast:?}"), format!("{slow:?}"));
        }
    }

    /// Paths of which many share a directory.
    fn path() -> impl Strategy<Value = String> {
        const DIRECTORIES: &[&str] = &[
            "",
            "q",
            "q/crx-quickstart",
            "q/crx-quickstart/app",
            "crx-quickstart/repository",
            "crx-quickstart/repository/segmentstore",
            "repository/segmentstore",
            "repository/datastore/ab",
            "q/crx-quickstart/repository/datastore/ab",
            "felix/bundle5",
            "felix/bundle5/data/cache",
            "q/launchpad/felix/bundle5/data/cache",
            "felix/bundle5/data/.cache",
            "f/.git",
            "f/.git/x",
            "felix/bundle5/data/cache/crx-quickstart/app",
            "outputcache/repository",
            "outputcache/x",
            "a.zip!/launchpad/installer",
            "launchpad/installer/a.zip!",
            "launchpad/installer/a.zip!/x/outputcache",
            "felix/bundle5/version0.1/x",
            "q/jcr_root/outputcache",
        ];
        const NAMES: &[&str] = &[
            "0001.ser",
            "0002.ser",
            "x",
            ".x",
            "._x",
            "HMAC",
            "hmac",
            "master-1",
            "a.tgz",
            "a.tgz.html",
            "xaa",
            "bundle.info",
            "segmentstore",
            "index",
            "crx-quickstart",
            "felix",
            "sling.ID.file",
            "lost+found",
            "notes.txt",
            "journal.log",
            "data00000a.tar",
        ];
        (prop::sample::select(DIRECTORIES), prop::sample::select(NAMES)).prop_map(
            |(directory, name)| {
                if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
            },
        )
    }

    fn kind() -> impl Strategy<Value = EntryKind> {
        let link =
            || EntryKind::SymbolicLink(LinkTarget::Inside("q/crx-quickstart/app".to_owned()));
        prop_oneof![20 => Just(EntryKind::File), 3 => Just(EntryKind::Directory), 1 => Just(link()), 1 => Just(EntryKind::Other)]
    }
}
