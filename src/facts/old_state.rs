//! Old states of files, as file systems keep and show them beside what is in use.

use super::{QUICKSTART, components};

/// Directories of old states, and how many names stand between one and what it holds: `.snapshot/nightly.0/…` on filers and clients of
/// NFS, `.zfs/snapshot/monday/…`, `.snapshots/12/snapshot/…` of snapper, `lost+found/#1234/…`.
const KEEPERS: [(&str, usize); 7] = [
    (".snapshot", 1),
    ("~snapshot", 1),
    ("#snapshot", 1),
    (".ckpt", 1),
    (".zfs", 2),
    (".snapshots", 2),
    ("lost+found", 1),
];

/// Where an old state of an install lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldState<'p> {
    /// The directory that shows its old states.
    above: &'p str,
    /// Where in that the install was.
    behind: &'p str,
}

impl<'p> OldState<'p> {
    /// Returns where the old state of a path lies; `None` where the path is one of today.
    pub fn of(path: &'p str) -> Option<Self> {
        let mut begin = 0_usize;
        let mut parts = components(path);
        while let Some(part) = parts.next() {
            if let Some((_, names)) = KEEPERS.iter().find(|(keeper, _)| *keeper == part) {
                let skipped = parts.take(*names).map(|part| part.len().saturating_add(1));
                let end = begin.saturating_add(part.len()).saturating_add(skipped.sum());
                let above = path.get(..begin).unwrap_or_default().trim_end_matches('/');
                let behind = path.get(end..).unwrap_or_default().trim_start_matches('/');
                return Some(Self { above, behind });
            }
            begin = begin.saturating_add(part.len()).saturating_add(1);
        }
        None
    }

    /// Returns the root of the install of today that it is one of.
    pub fn live(&self, is_install: impl Fn(&str) -> bool) -> Option<String> {
        let join = |rest: &str| format!("{}/{rest}", self.above).trim_matches('/').to_owned();
        let roots = [join(self.behind), join(QUICKSTART), self.above.to_owned()];
        roots.into_iter().find(|root| OldState::of(root).is_none() && is_install(root))
    }
}

/// Words for what was put aside.
const OLD_WORDS: [&str; 20] = [
    "old",
    "bak",
    "bkp",
    "backup",
    "backups",
    "backupdb",
    "copy",
    "kopie",
    "copie",
    "save",
    "saved",
    "orig",
    "prev",
    "previous",
    "before",
    "archive",
    "archives",
    "archived",
    "rollback",
    "sicherung",
];

/// Words for what is not in use, and for places in which states lie that are not, or were not when they got there.
const OLD_PLACES: [&str; 11] = [
    "snap",
    "snaps",
    "snapshot",
    "snapshots",
    "lvsnap",
    "restore",
    "restored",
    "trash",
    "recycle",
    "disabled",
    "off",
];

/// Returns `true` if a name has a word in it that shows that a copy was put aside.
pub fn says_put_aside(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    OLD_WORDS.iter().any(|word| name.contains(word))
}

/// Returns `true` if a name tells that something was put aside: by a word, or by a year.
pub fn says_old(name: &str) -> bool {
    let has_year = name.match_indices("20").any(|(at, _)| {
        let digits = name.get(at..).unwrap_or_default().bytes();
        digits.take_while(u8::is_ascii_digit).count() >= 4
    });
    has_year || says_put_aside(name)
}

/// Returns `true` if a word of a name is one for what is not in use any more; a `goldfish` is none.
pub fn has_old_word(name: &str) -> bool {
    let is_old = |word: &str| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        OLD_WORDS.contains(&word)
            || OLD_PLACES.contains(&word)
            || ["backup", "bak", "bkp"].iter().any(|start| word.starts_with(start))
            // `HarddiskVolumeShadowCopy3`
            || word.ends_with("shadowcopy")
    };
    name.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(is_old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_what_is_not_in_use() {
        for name in [
            "crx-quickstart.old",
            "Windows.old",
            "HarddiskVolumeShadowCopy3",
            "lvsnap_20240101",
            "Copy of crx-quickstart",
            "$RECYCLE.BIN",
            ".Trash-1000",
            "AEM_restore_20240101",
            "backup2",
            "crx-quickstart_OFF",
            "crx-quickstart.disabled",
        ] {
            assert!(has_old_word(name), "{name}");
        }
        for name in ["goldfish", "office", "crx-quickstart", "publish1", "prevention"] {
            assert!(!has_old_word(name), "{name}");
        }
    }

    #[test]
    fn old_state_belongs_to_the_install_beside() {
        for (old, live) in [
            ("p/.snapshot/nightly.0/crx-quickstart", "p/crx-quickstart"),
            (".zfs/snapshot/monday/p/crx-quickstart", "p/crx-quickstart"),
            ("p/.snapshots/12/snapshot/crx-quickstart", "p/crx-quickstart"),
            ("p/lost+found/#1234", "p/crx-quickstart"),
            ("p/crx-quickstart/.snapshot/a", "p/crx-quickstart"),
            ("p/crx-quickstart/.snapshot/a/launchpad", "p/crx-quickstart"),
        ] {
            let state = OldState::of(old).unwrap();
            assert_eq!(
                state.live(|root| root == "p/crx-quickstart").as_deref(),
                Some(live),
                "{old}"
            );
            assert_eq!(state.live(|_| false), None, "{old}");
        }
        for today in ["p/crx-quickstart", "p/snapshot/x", "", "p/x.snapshot/y"] {
            assert_eq!(OldState::of(today), None, "{today}");
        }
    }
}
