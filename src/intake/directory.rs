//! Directories: an unpacked install, or the live one of another machine mounted here.

mod offer;

use self::offer::offer;
use super::container::Context;
use super::entry::{Descend, Entry, EntryKind, Visit, Want, Watch};
use super::path;
use crate::facts::GapKind;
use std::io::{self, ErrorKind};
use std::path::Path;
use walkdir::{DirEntry, IntoIter, WalkDir};

/// Walks a directory, sorted by file name. Links are never followed.
pub(super) fn walk(root: &Path, watch: &dyn Watch, context: &mut Context<'_>) {
    context.names.push("directory");
    let entries = WalkDir::new(root).min_depth(1).follow_links(false).sort_by_file_name();
    let mut listing = Listing { entries: entries.into_iter(), only: None };
    let mut name = String::new();
    while let Some(next) = listing.next() {
        match next {
            Ok(entry) => {
                normalise(root, entry.path(), &mut name);
                if !take(&entry, &name, &mut listing, watch, context) {
                    return;
                }
            }
            Err(error) => {
                let below = error.path().filter(|path| *path != root);
                let path = below.map(|path| {
                    normalise(root, path, &mut name);
                    name.as_str()
                });
                match error.io_error() {
                    Some(error) => fail(path, error, context.visit),
                    None => context.visit.gap(path, GapKind::Unreadable, error.to_string()),
                }
            }
        }
    }
}

/// The entries still to come.
struct Listing {
    entries: IntoIter,
    /// The directory of this depth is being listed for the sake of these names alone.
    only: Option<(usize, &'static [&'static str])>,
}

impl Iterator for Listing {
    type Item = walkdir::Result<DirEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.entries.next()?;
            let (Some((depth, names)), Ok(entry)) = (self.only, &next) else { return Some(next) };
            if entry.depth() <= depth {
                self.only = None;
            } else if entry.depth() == depth.saturating_add(1)
                && !names.iter().any(|name| entry.file_name() == *name)
            {
                if entry.file_type().is_dir() {
                    self.entries.skip_current_dir();
                }
                continue;
            }
            return Some(next);
        }
    }
}

/// Takes one entry; returns `false` when a limit ends the walk.
fn take(
    entry: &DirEntry,
    name: &str,
    listing: &mut Listing,
    watch: &dyn Watch,
    context: &mut Context<'_>,
) -> bool {
    if context.entries >= context.limits.entries_max {
        let reason =
            format!("more than {} entries; the rest was not read", context.limits.entries_max);
        context.visit.gap(None, GapKind::OverLimit, reason);
        return false;
    }
    context.entries = context.entries.saturating_add(1);
    if entry.file_type().is_dir() {
        match enter(entry, name, context) {
            Descend::All => {}
            Descend::Nothing => listing.entries.skip_current_dir(),
            Descend::Only(names) => listing.only = Some((entry.depth(), names)),
        }
    }
    match entry.metadata() {
        Ok(metadata) => offer(entry.path(), name, &metadata, watch, context),
        Err(error) => vanished(entry, name, &error.into(), context.visit),
    }
    true
}

/// Tells of an entry that was listed and is gone, or cannot be looked at; only where it could have mattered.
fn vanished(entry: &DirEntry, name: &str, error: &io::Error, visit: &mut dyn Visit) {
    let kind = if entry.file_type().is_file() { EntryKind::File } else { EntryKind::Other };
    let is_evidence = || {
        let entry = Entry { path: name, kind, size: 0, extent: None, owner: None };
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
fn enter(entry: &DirEntry, name: &str, context: &mut Context<'_>) -> Descend {
    let wanted = context.visit.descend(name);
    if wanted == Descend::Nothing {
        return wanted;
    }
    let limit = context.limits.depth_max;
    if entry.depth() >= limit {
        let reason = format!("more than {limit} directories deep; not entered");
        context.visit.gap(Some(name), GapKind::OverLimit, reason);
        return Descend::Nothing;
    }
    wanted
}

fn normalise(root: &Path, file: &Path, out: &mut String) {
    out.clear();
    let below = file.strip_prefix(root).unwrap_or(file);
    for part in below.components() {
        if !out.is_empty() {
            out.push('/');
        }
        path::push(out, part.as_os_str().as_encoded_bytes());
    }
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
