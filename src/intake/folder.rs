//! Folders of uploads: the archives in them and in the folders below.

mod links;
mod listed;
mod stand;
mod uploads;

use self::links::{Places, drop_links_inside, part_links};
use self::listed::{Listed, listing};
pub use self::listed::{is_packed, no_archive};
use self::stand::{Stand, home_of, is_store, named_like_homes, stand};
use self::uploads::{Maybe, take_files, take_maybe, take_named};
use super::container::Refusal;
use super::image_name::is_image;
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};

const PEEK_BYTES: u64 = Limits::DEFAULT.peek_bytes_max;
const DEPTH_MAX: usize = Limits::DEFAULT.folder_depth_max;
const FOLDERS_MAX: usize = Limits::DEFAULT.folders_max;
const LINKED_MAX: usize = Limits::DEFAULT.linked_entries_max;
const LINKS_MAX: usize = Limits::DEFAULT.folder_links_max;
const UNKNOWN_MAX: usize = Limits::DEFAULT.folder_files_max;

/// What of a folder was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeftOut {
    /// Folders in it.
    Folders,
    /// Files that may be uploads.
    Files,
    /// Links.
    Links,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folders => write!(
                f,
                "has more than {FOLDERS_MAX} folders, or some more than {DEPTH_MAX} deep; not all were searched for archives. Name those that hold uploads as sources"
            ),
            Self::Files => {
                write!(
                    f,
                    "has more than {UNKNOWN_MAX} files that may be uploads and cannot be read; the others are not listed. Take out what is none"
                )
            }
            Self::Links => write!(
                f,
                "has more than {LINKS_MAX} links, which were not followed; the others are not listed. Name what they lead to as sources"
            ),
        }
    }
}

/// The directory that is an install.
const INSTALL: &str = "crx-quickstart";

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Archives, and what was meant to be one. A zip or a failed download among the uploads of a farm is an instance that
    /// nobody looked at.
    pub(super) uploads: Vec<PathBuf>,
    /// Uploads that are named like the homes of installs beside them.
    pub(super) in_place: BTreeSet<PathBuf>,
    /// Symbolic links out of the folder, to what would be an upload or an install.
    pub(super) links: Vec<PathBuf>,
    /// Symbolic links that lead to nothing, in the place of an instance.
    pub(super) links_in_place: Vec<PathBuf>,
    /// Other symbolic links out of the folder.
    pub(super) other_links: Vec<PathBuf>,
    /// Archives of programs and documents among uploads, and what each is.
    pub(super) programs: Vec<(PathBuf, String)>,
    /// Logs among uploads: the first of each folder, and how many there are.
    pub(super) logs: BTreeMap<PathBuf, (PathBuf, usize)>,
    /// Files beside unpacked installs that may be instances and cannot be opened, and what each is.
    pub(super) closed: Vec<(PathBuf, Refusal)>,
    /// It has directories, which may hold instances.
    pub(super) directories: bool,
    /// Where installs lie unpacked.
    pub(super) installs: Installs,
    /// What was left out at a limit.
    pub(super) left_out: BTreeSet<LeftOut>,
}

/// Where in a folder installs lie unpacked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Installs {
    /// Nowhere.
    #[default]
    Nowhere,
    /// In folders below.
    Below,
    /// In the folder itself.
    Here,
}

/// Looks for archives in a directory and below. Goes through no symbolic link and into no install.
pub(super) fn look(root: &Path) -> Folder {
    let mut folder = Folder::default();
    let mut maybe = Maybe::default();
    // A queue and no stack: at the limit of folders it is the deepest ones that are left out.
    let mut queue = VecDeque::from([(root.to_owned(), 0_usize, false)]);
    let mut entered = 0_usize;
    while let Some((directory, depth, below_home)) = queue.pop_front() {
        let entries = listing(&directory);
        // Its layers are no uploads; the walk of the folder tells of it.
        if is_image(entries.iter().map(|entry| entry.name.as_str())) {
            folder.directories |= depth == 0;
            continue;
        }
        let stand = match stand(&directory, &entries) {
            Stand::Inside => Stand::Inside,
            _ if below_home => Stand::Below,
            stand => stand,
        };
        if depth == 0 {
            folder.directories = entries.iter().any(|entry| entry.kind.is_dir());
        }
        folder.installs = folder.installs.max(match stand {
            Stand::Above if depth == 0 => Installs::Here,
            Stand::Above | Stand::Inside => Installs::Below,
            Stand::Apart | Stand::Below => Installs::Nowhere,
        });
        if matches!(stand, Stand::Above | Stand::Inside) {
            maybe.homes.push(home_of(&directory));
        }
        match stand {
            // Archives in an install are parts of it: packages in `install/`, packed logs, jars of bundles.
            Stand::Inside => continue,
            Stand::Below => take_named(&entries, &mut folder, &mut maybe.meant),
            Stand::Apart | Stand::Above => take_files(&entries, &mut folder, &mut maybe),
        }
        let is_home = stand != Stand::Apart;
        let is_entered =
            |entry: &Listed| entry.kind.is_dir() && !(is_home && is_store(&entry.name));
        for entry in entries.into_iter().filter(is_entered) {
            if depth < DEPTH_MAX && entered < FOLDERS_MAX {
                entered = entered.saturating_add(1);
                queue.push_back((entry.path, depth.saturating_add(1), is_home));
            } else {
                // The walk of an install tells of the archives in its home that were not opened.
                if !is_home {
                    folder.left_out.insert(LeftOut::Folders);
                }
            }
        }
    }
    let homes = std::mem::take(&mut maybe.homes);
    let places = Places::of(&homes, &folder.uploads);
    take_maybe(root, maybe, &homes, &mut folder);
    part_links(&places, &mut folder);
    folder.in_place = named_like_homes(&folder.uploads, &homes);
    drop_links_inside(root, &mut folder);
    folder
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::intake::testing::{archive, member};
    use std::fs;
    use tempfile::TempDir;

    /// A folder of files; those named `*.tar` are archives.
    pub(super) fn folder(paths: &[&str]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for path in paths {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let tar = archive(&[member(b'0', "a", path.as_bytes())]);
            fs::write(file, if path.ends_with("tar") { tar } else { b"text".to_vec() }).unwrap();
        }
        root
    }

    pub(super) fn uploads(root: &TempDir) -> Vec<String> {
        let below = |path: &PathBuf| path.strip_prefix(root.path()).unwrap().display().to_string();
        look(root.path()).uploads.iter().map(below).collect()
    }

    #[test]
    fn archives_are_found_in_folders_below() {
        let root = folder(&["a.tar", "s/b.tar", "s/t/c.tar", "s/t/d.tar.gz", "s/readme.txt"]);
        assert_eq!(uploads(&root), ["a.tar", "s/b.tar", "s/t/c.tar", "s/t/d.tar.gz"]);
        assert_eq!(uploads(&folder(&["s/d.tar.gz", "e.zip"])), [""; 0]);
    }

    #[test]
    fn depth_is_limited_and_that_is_told() {
        let deep = |depth: usize| folder(&["a.tar", &format!("{}b.tar", "s/".repeat(depth))]);
        let (whole, cut) = (deep(DEPTH_MAX), deep(DEPTH_MAX + 1));
        assert_eq!((uploads(&whole).len(), look(whole.path()).left_out), (2, BTreeSet::new()));
        assert_eq!(
            (uploads(&cut).len(), look(cut.path()).left_out),
            (1, [LeftOut::Folders].into())
        );
    }
}
