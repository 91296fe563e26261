//! Directories: an unpacked install, or the live one of another machine mounted here.

use super::container::Context;
use super::entry::{Descend, Entry, EntryKind, LinkTarget, Visit, Want, Watch};
use super::path;
use crate::facts::{GapKind, Owner};
use std::fs::{File, FileType, Metadata};
use std::io::{ErrorKind, Read};
use std::path::Path;
use walkdir::{DirEntry, IntoIter, WalkDir};
use zeroize::Zeroizing;

/// Bytes of a stream read at once.
const PIECE_BYTES: usize = 128 << 10;

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
                let reason =
                    error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                context.visit.gap(path, GapKind::Unreadable, reason);
            }
        }
    }
}

/// The entries still to come.
struct Listing {
    entries: IntoIter,
    /// The directory of this depth is being listed for the sake of this name alone.
    only: Option<(usize, &'static str)>,
}

impl Iterator for Listing {
    type Item = walkdir::Result<DirEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.entries.next()?;
            let (Some((depth, name)), Ok(entry)) = (self.only, &next) else { return Some(next) };
            if entry.depth() <= depth {
                self.only = None;
            } else if entry.depth() == depth.saturating_add(1) && entry.file_name() != name {
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
            Descend::Only(name) => listing.only = Some((entry.depth(), name)),
        }
    }
    match entry.metadata() {
        Ok(metadata) => offer(entry.path(), name, &metadata, watch, context),
        Err(error) => context.visit.gap(Some(name), GapKind::Unreadable, error.to_string()),
    }
    true
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

fn offer(
    file: &Path,
    name: &str,
    metadata: &Metadata,
    watch: &dyn Watch,
    context: &mut Context<'_>,
) {
    let kind = match kind(file, name, metadata.file_type()) {
        Ok(kind) => kind,
        Err(error) => return context.visit.gap(Some(name), GapKind::Unreadable, error.to_string()),
    };
    let is_file = kind == EntryKind::File;
    let size = if is_file { metadata.len() } else { 0 };
    let entry = Entry { path: name, kind, size, offset: None, owner: owner(metadata) };
    let want = context.visit.entry(&entry);
    let bytes_max = match want {
        Want::Nothing => return,
        _ if !is_file => return,
        Want::Stream => return offer_stream(file, name, watch, context.visit),
        Want::Whole { bytes_max } if size > bytes_max => {
            let reason = format!("{size} bytes, more than the {bytes_max} of any real one");
            return context.visit.gap(Some(name), GapKind::TooLarge, reason);
        }
        Want::Whole { .. } => size,
        Want::Prefix { bytes_max } => size.min(bytes_max),
    };
    match read(file, size, bytes_max) {
        Ok(Some(bytes)) => {
            watch.advanced(bytes_max);
            context.visit.body(&bytes);
        }
        Ok(None) => {
            let reason = "changed while it was read".to_owned();
            context.visit.gap(Some(name), GapKind::Changed, reason);
        }
        Err(error) => context.visit.gap(Some(name), GapKind::Unreadable, error.to_string()),
    }
}

fn offer_stream(file: &Path, name: &str, watch: &dyn Watch, visit: &mut dyn Visit) {
    match stream(file, watch, visit) {
        Ok(true) => visit.body_end(),
        Ok(false) => {
            let reason = "became shorter while it was read".to_owned();
            visit.gap(Some(name), GapKind::Changed, reason);
        }
        Err(error) => visit.gap(Some(name), GapKind::Unreadable, error.to_string()),
    }
}

/// Hands on a file piece by piece; returns `false` when it ends before the size that it had when it was opened.
///
/// What is appended meanwhile is left out: a live instance writes to its logs all the time.
fn stream(path: &Path, watch: &dyn Watch, visit: &mut dyn Visit) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(false);
    }
    let mut left = metadata.len();
    let mut buffer = vec![0; PIECE_BYTES];
    while left > 0 {
        let length = match file.read(&mut buffer) {
            Ok(0) => return Ok(false),
            Ok(length) => length.min(usize::try_from(left).unwrap_or(length)),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = u64::try_from(length).unwrap_or(left);
        visit.piece(buffer.get(..length).unwrap_or_default());
        watch.advanced(bytes);
        left = left.saturating_sub(bytes);
    }
    Ok(true)
}

/// Reads the first `wanted` bytes of a file that was `size` long when it was listed; `None` when it is not any more.
fn read(path: &Path, size: u64, wanted: u64) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() != size {
        return Ok(None);
    }
    // One byte more than the whole tells a file that grew.
    let at_most = if wanted == size { wanted.saturating_add(1) } else { wanted };
    let capacity = usize::try_from(at_most).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(at_most).read_to_end(&mut bytes)?;
    Ok((u64::try_from(bytes.len()) == Ok(wanted)).then_some(bytes))
}

fn kind(file: &Path, name: &str, file_type: FileType) -> std::io::Result<EntryKind> {
    Ok(if file_type.is_file() {
        EntryKind::File
    } else if file_type.is_dir() {
        EntryKind::Directory
    } else if file_type.is_symlink() {
        EntryKind::SymbolicLink(link(name, &std::fs::read_link(file)?))
    } else {
        EntryKind::Other
    })
}

fn link(name: &str, target: &Path) -> LinkTarget {
    path::symbolic_link(name, target.as_os_str().as_encoded_bytes())
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

#[cfg(unix)]
fn owner(metadata: &Metadata) -> Option<Owner> {
    use std::os::unix::fs::MetadataExt;
    let mode = metadata.mode() & 0o7777;
    Some(Owner { uid: u64::from(metadata.uid()), gid: u64::from(metadata.gid()), user: None, mode })
}

#[cfg(not(unix))]
fn owner(_: &Metadata) -> Option<Owner> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use crate::facts::GapKind;
    use crate::intake::testing::{Event, Recorder, walk_path};
    use crate::intake::{EntryKind, LinkTarget, Want};
    use crate::limits::Limits;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use tempfile::TempDir;

    fn tree(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, body) in files {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, body).unwrap();
        }
        root
    }

    fn paths(recorder: &Recorder) -> Vec<&str> {
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
    fn bodies_come_as_wanted() {
        let root = tree(&[("a", "12345")]);
        let run = |want| {
            let recorder = Recorder { want: Some(want), ..Recorder::default() };
            let (_, recorder) = walk_path(root.path(), &Limits::default(), recorder);
            (recorder.files().pop().map(|(_, body)| body), recorder.gaps())
        };
        assert_eq!(run(Want::Prefix { bytes_max: 2 }), (Some(b"12".to_vec()), vec![]));
        assert_eq!(run(Want::Prefix { bytes_max: 9 }), (Some(b"12345".to_vec()), vec![]));
        assert_eq!(run(Want::Whole { bytes_max: 4 }), (None, vec![GapKind::TooLarge]));
        assert_eq!(run(Want::Stream), (Some(b"12345".to_vec()), vec![]));
    }

    #[test]
    fn pruned_directories_are_not_listed() {
        let root = tree(&[("repository/x/y", ""), ("z", "")]);
        let recorder = Recorder { pruned: Some("repository"), ..Recorder::default() };
        let (_, recorder) = walk_path(root.path(), &Limits::default(), recorder);
        assert_eq!(paths(&recorder), ["repository", "z"]);
    }

    #[test]
    fn directory_may_be_listed_for_the_sake_of_one_name() {
        let files = ["r/a/y", "r/b", "r/s/x/b", "r/s/y", "r/s2/y", "r/z", "z/a", "z/s"];
        let root = tree(&files.map(|path| (path, "")));
        let run = |kept| {
            let recorder = Recorder { pruned: Some("r"), kept: Some(kept), ..Recorder::default() };
            walk_path(root.path(), &Limits::default(), recorder)
        };
        let (walked, recorder) = run("s");
        let expected = ["r", "r/s", "r/s/x", "r/s/x/b", "r/s/y", "z", "z/a", "z/s"];
        assert_eq!((paths(&recorder), walked.entries), (expected.to_vec(), 8));
        assert_eq!(paths(&run("none").1), ["r", "z", "z/a", "z/s"]);
    }

    #[test]
    fn links_and_sockets_are_told_and_never_followed() {
        let root = tree(&[("d/x", "1")]);
        symlink("../d/x", root.path().join("d/in")).unwrap();
        symlink("/etc/passwd", root.path().join("out")).unwrap();
        symlink("d", root.path().join("loop")).unwrap();
        let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
        let (_, recorder) = walk_path(root.path(), &Limits::default(), Recorder::default());
        assert_eq!(paths(&recorder), ["d", "d/in", "d/x", "loop", "out", "socket"]);
        let kind = |at: usize| match &recorder.events[at] {
            Event::Entry { kind, .. } => kind.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(kind(1), EntryKind::SymbolicLink(LinkTarget::Inside("d/x".to_owned())));
        assert_eq!(kind(5), EntryKind::SymbolicLink(LinkTarget::Outside("/etc/passwd".to_owned())));
        assert_eq!(kind(6), EntryKind::Other);
        assert_eq!(recorder.files().len(), 1);
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
