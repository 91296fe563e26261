//! Directories: an unpacked install, or the live one of another machine mounted here.

mod offer;

use self::offer::offer;
use super::container::Context;
use super::entry::{Descend, Entry, EntryKind, EntryTime, Visit, Want, Watch};
use super::fs::{self, FileType};
use super::path;
use super::source_hash::Listing;
use crate::facts::GapKind;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::vec;

/// Walks a directory, sorted by file name. Links are never followed, and what the caller wants nothing of is not even opened: caches of
/// bundles have hundreds of thousands of files, and listing those took longer than all else.
pub(super) fn walk(root: &Path, watch: &dyn Watch, context: &mut Context<'_>) {
    context.names.push("directory");
    context.listing = Listing::wanted(context.limits);
    walk_levels(root, watch, context);
    context.digest = context.listing.take().map(Listing::end);
}

fn walk_levels(root: &Path, watch: &dyn Watch, context: &mut Context<'_>) {
    let mut levels = vec![Level::open(root.to_owned(), String::new(), None)];
    while let Some(level) = levels.last_mut() {
        let Some(Listed { file, name, file_type }) = level.next() else {
            levels.pop();
            continue;
        };
        let depth = levels.len();
        match file_type {
            Ok(_) if !has_room(context) => return,
            Ok(file_type) => levels.extend(take(&file, &name, file_type, depth, watch, context)),
            Err(error) => fail(Some(&*name).filter(|name| !name.is_empty()), &error, context.visit),
        }
    }
}

/// A directory, of which some entries are still to come.
struct Level {
    directory: PathBuf,
    /// Its path in the source, normalised.
    name: String,
    /// By their names; why the directory cannot be listed is before them, under none.
    entries: vec::IntoIter<(OsString, io::Result<FileType>)>,
}

/// One of its entries.
struct Listed {
    file: PathBuf,
    /// Its path in the source, normalised.
    name: String,
    file_type: io::Result<FileType>,
}

impl Level {
    /// Lists a directory, or looks for some names alone: a cache in the data of a bundle may have a million files.
    fn open(directory: PathBuf, name: String, only: Option<&[&str]>) -> Self {
        let mut entries = only.map_or_else(|| listed(&directory), |only| found(&directory, only));
        // `readdir` gives any order, and reports must be the same on every machine.
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Self { directory, name, entries: entries.into_iter() }
    }
}

type Entries = Vec<(OsString, io::Result<FileType>)>;

fn listed(directory: &Path) -> Entries {
    match fs::read_dir(directory) {
        Ok(listed) => {
            let entry = |entry: io::Result<fs::DirEntry>| match entry {
                // On Linux, macOS and Windows the type is mostly listed with the name, so nothing is looked up of what is not wanted.
                Ok(entry) => (entry.file_name(), entry.file_type()),
                Err(error) => (OsString::new(), Err(error)),
            };
            listed.map(entry).collect()
        }
        // No file has an empty name, so that one stands for the error.
        Err(error) => vec![(OsString::new(), Err(error))],
    }
}

/// Returns those of some names that are in a directory; that it may not be looked into says nothing of what it holds.
fn found(directory: &Path, names: &[&str]) -> Entries {
    let found = |name: &&str| {
        let metadata = fs::symlink_metadata(directory.join(name)).ok()?;
        Some((OsString::from(name), Ok(metadata.file_type())))
    };
    names.iter().filter_map(found).collect()
}

impl Iterator for Level {
    type Item = Listed;

    fn next(&mut self) -> Option<Listed> {
        let (part, file_type) = self.entries.next()?;
        let mut name = self.name.clone();
        if !name.is_empty() && !part.is_empty() {
            name.push('/');
        }
        path::push(&mut name, part.as_encoded_bytes());
        Some(Listed { file: self.directory.join(part), name, file_type })
    }
}

/// Counts one more entry; returns `false` when a limit ends the walk.
fn has_room(context: &mut Context<'_>) -> bool {
    let max = context.limits.entries_max;
    if context.entries >= max {
        let reason = format!("more than {max} entries; the rest was not read");
        context.visit.gap(None, GapKind::OverLimit, reason);
        return false;
    }
    context.entries = context.entries.saturating_add(1);
    true
}

/// Takes one entry; returns what it holds where it is a directory that is to be walked.
fn take(
    file: &Path,
    name: &str,
    file_type: FileType,
    depth: usize,
    watch: &dyn Watch,
    context: &mut Context<'_>,
) -> Option<Level> {
    let descend = if file_type.is_dir() { enter(name, depth, context) } else { Descend::Nothing };
    // It is listed before it is announced, so that of what goes meanwhile every file that mattered is reported.
    let level = |only| Level::open(file.to_owned(), name.to_owned(), only);
    let level = match descend {
        Descend::Nothing => None,
        Descend::All => Some(level(None)),
        Descend::Only(names) => Some(level(Some(names))),
    };
    // Not `metadata`: a link may lead to a file of the machine that examines, and its size and times would be taken.
    match fs::symlink_metadata(file) {
        Ok(metadata) => offer(file, name, &metadata, watch, context),
        Err(error) => vanished(name, file_type, &error, context.visit),
    }
    level
}

/// Tells of an entry that was listed and is gone, or cannot be looked at; only where it could have mattered.
fn vanished(name: &str, file_type: FileType, error: &io::Error, visit: &mut dyn Visit) {
    let kind = if file_type.is_file() { EntryKind::File } else { EntryKind::Other };
    let is_evidence = || {
        let entry = Entry {
            path: name,
            kind,
            size: 0,
            extent: None,
            owner: None,
            written: EntryTime::Unknown,
        };
        // A running instance removes logs and temporary files all the time, and most would not have been read.
        visit.entry(&entry) != Want::Nothing
    };
    if error.kind() != ErrorKind::NotFound || is_evidence() {
        fail(Some(name), error, visit);
    }
}

/// Reports what the operating system refuses.
fn fail(path: Option<&str>, error: &io::Error, visit: &mut dyn Visit) {
    if error.kind() == ErrorKind::NotFound {
        let reason = "was listed, and is gone; perhaps the instance is running".to_owned();
        visit.gap(path, GapKind::Changed, reason);
    } else {
        visit.gap(path, GapKind::Unreadable, error.to_string());
    }
}

/// Says how much of a directory to list.
fn enter(name: &str, depth: usize, context: &mut Context<'_>) -> Descend {
    let wanted = context.visit.descend(name);
    let limit = context.limits.depth_max;
    if wanted != Descend::Nothing && depth >= limit {
        let reason = format!("more than {limit} directories deep; not entered");
        context.visit.gap(Some(name), GapKind::OverLimit, reason);
        return Descend::Nothing;
    }
    wanted
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use crate::facts::GapKind;
    use crate::intake::testing::{Event, Recorder, walk_path};
    use crate::limits::Limits;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    pub(super) fn tree(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, body) in files {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, body).unwrap();
        }
        root
    }

    pub(super) fn paths(recorder: &Recorder) -> Vec<&str> {
        let mut paths = Vec::new();
        for event in &recorder.events {
            if let Event::Entry { path, .. } = event {
                paths.push(path.as_str());
            }
        }
        paths
    }

    #[test]
    fn files_come_sorted_with_owner_and_body() {
        let root = tree(&[("b/hmac", "key"), ("a", "1"), ("skip", "2")]);
        fs::set_permissions(root.path().join("a"), fs::Permissions::from_mode(0o606)).unwrap();
        let (walked, recorder) = walk_path(root.path(), &Limits::default(), Recorder::default());
        assert_eq!(paths(&recorder), ["a", "b", "b/hmac", "skip"]);
        assert_eq!(
            recorder.files(),
            [("a".to_owned(), b"1".to_vec()), ("b/hmac".to_owned(), b"key".to_vec())]
        );
        assert_eq!((walked.container.as_str(), walked.entries), ("directory", 4));
        assert!(
            matches!(&recorder.events[0], Event::Entry { owner: Some(owner), .. } if owner.open_to_others())
        );
    }

    #[test]
    fn pruned_directories_are_not_listed() {
        let root = tree(&[("repository/x/y", ""), ("z", "")]);
        let recorder = Recorder { pruned: Some("repository"), ..Recorder::default() };
        let (_, recorder) = walk_path(root.path(), &Limits::default(), recorder);
        assert_eq!(paths(&recorder), ["repository", "z"]);
    }

    #[test]
    fn directory_may_be_listed_for_the_sake_of_some_names() {
        let files = ["r/a/y", "r/b", "r/s/x/b", "r/s/y", "r/s2/y", "r/z", "z/a", "z/s"];
        let root = tree(&files.map(|path| (path, "")));
        let run = |kept: &'static [&'static str]| {
            let recorder = Recorder { pruned: Some("r"), kept: Some(kept), ..Recorder::default() };
            walk_path(root.path(), &Limits::default(), recorder)
        };
        let (walked, recorder) = run(&["s"]);
        let expected = ["r", "r/s", "r/s/x", "r/s/x/b", "r/s/y", "z", "z/a", "z/s"];
        assert_eq!((paths(&recorder), walked.entries), (expected.to_vec(), 8));
        assert_eq!(paths(&run(&["none"]).1), ["r", "z", "z/a", "z/s"]);
        assert_eq!(paths(&run(&["a", "b"]).1), ["r", "r/a", "r/a/y", "r/b", "z", "z/a", "z/s"]);
    }

    #[test]
    fn depth_and_entries_are_limited() {
        let root = tree(&[("a/b/c", "1"), ("d", "")]);
        let limits = Limits { depth_max: 1, ..Limits::default() };
        let (_, recorder) = walk_path(root.path(), &limits, Recorder::default());
        assert_eq!((paths(&recorder), recorder.gaps()), (vec!["a", "d"], vec![GapKind::OverLimit]));
        let limits = Limits { entries_max: 2, ..Limits::default() };
        let (_, recorder) = walk_path(root.path(), &limits, Recorder::default());
        assert_eq!(recorder.gaps(), [GapKind::OverLimit]);
    }
}
