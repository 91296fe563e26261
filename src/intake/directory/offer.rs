//! One entry of a directory: what it is, whose, and its body, read as what was listed or not at all.

use super::{fail, path};
use crate::facts::{FileTime, GapKind, Owner};
use crate::intake::container::Context;
use crate::intake::entry::{Entry, EntryKind, EntryTime, LinkTarget, Visit, Want, Watch};
use crate::intake::fs::{self, FileType, Metadata};
use crate::intake::open::{self, FileState};
use crate::intake::source_hash::{ListedFile, Listing};
use crate::wiped::Wiped;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Bytes of a stream read at once.
const PIECE_BYTES: usize = 128 << 10;

/// Announces an entry, and delivers its body as it is wanted.
pub(super) fn offer(
    file: &Path,
    name: &str,
    metadata: &Metadata,
    watch: &dyn Watch,
    context: &mut Context<'_>,
) {
    let kind = match kind(file, name, metadata.file_type()) {
        Ok(kind) => kind,
        Err(error) => return fail(Some(name), &error, context.visit),
    };
    let is_file = kind == EntryKind::File;
    let size = if is_file { metadata.len() } else { 0 };
    let written = FileState::of(metadata).modified_ms().map(FileTime::UtcMs);
    let written = written.map_or(EntryTime::Unknown, EntryTime::Known);
    let owner = owner(metadata);
    let entry = Entry { path: name, kind, size, extent: None, owner, written };
    let want = context.visit.entry(&entry);
    let bytes_max = match want {
        Want::Nothing | Want::Archive => return,
        _ if !is_file => return,
        Want::Later { .. } => return list(&mut context.listing, name, size, &[]),
        Want::Stream => return offer_stream(file, name, metadata, watch, context),
        Want::Whole { bytes_max } if size > bytes_max => {
            let reason = format!("{size} bytes, more than the {bytes_max} of any real one");
            return context.visit.gap(Some(name), GapKind::TooLarge, reason);
        }
        Want::Whole { .. } => size,
        Want::Prefix { bytes_max } => size.min(bytes_max),
    };
    match read(file, metadata, bytes_max) {
        Ok(Some(bytes)) => {
            watch.advanced(bytes_max);
            list(&mut context.listing, name, size, &bytes);
            context.visit.body(&bytes);
        }
        Ok(None) => {
            let reason = "changed while it was read".to_owned();
            context.visit.gap(Some(name), GapKind::Changed, reason);
        }
        Err(error) => fail(Some(name), &error, context.visit),
    }
}

fn offer_stream(
    file: &Path,
    name: &str,
    metadata: &Metadata,
    watch: &dyn Watch,
    context: &mut Context<'_>,
) {
    let visit = &mut *context.visit;
    let mut listed = context.listing.is_some().then(|| ListedFile::new(name, metadata.len()));
    match stream(file, metadata, watch, listed.as_mut(), visit) {
        Ok(true) => visit.body_end(),
        Ok(false) => {
            let reason = "became shorter while it was read, or was replaced".to_owned();
            visit.gap(Some(name), GapKind::Changed, reason);
        }
        Err(error) => fail(Some(name), &error, visit),
    }
    if let (Some(listing), Some(listed)) = (&mut context.listing, listed) {
        listing.add(listed);
    }
}

/// Adds a file to the list of what was read, where there is one.
fn list(listing: &mut Option<Listing>, name: &str, size: u64, bytes: &[u8]) {
    if let Some(listing) = listing {
        let mut listed = ListedFile::new(name, size);
        listed.take(bytes);
        listing.add(listed);
    }
}

/// Hands on a file piece by piece; returns `false` when it ends before the size that it had when it was listed.
///
/// What is appended meanwhile is left out: a live instance writes to its logs all the time.
fn stream(
    path: &Path,
    seen: &Metadata,
    watch: &dyn Watch,
    mut listed: Option<&mut ListedFile<'_>>,
    visit: &mut dyn Visit,
) -> io::Result<bool> {
    // Only a shorter file is a gap here: a line that is added to a log changes its time, and nothing before.
    let Some(mut file) = open::seen(path, seen)? else { return Ok(false) };
    let mut left = seen.len();
    let mut buffer = vec![0; PIECE_BYTES];
    while left > 0 {
        let length = match file.read(&mut buffer) {
            Ok(0) => return Ok(false),
            Ok(length) => length.min(usize::try_from(left).unwrap_or(length)),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = u64::try_from(length).unwrap_or(left);
        let piece = buffer.get(..length).unwrap_or_default();
        if let Some(listed) = &mut listed {
            listed.take(piece);
        }
        visit.piece(piece);
        watch.advanced(bytes);
        left = left.saturating_sub(bytes);
    }
    Ok(true)
}

/// Reads the first `wanted` bytes of a file; `None` when it is not what it was when it was listed, before or after.
fn read(path: &Path, seen: &Metadata, wanted: u64) -> io::Result<Option<Wiped>> {
    let Some(file) = open::seen(path, seen)? else { return Ok(None) };
    let mut bytes = Wiped::with_capacity(usize::try_from(wanted).unwrap_or_default());
    (&file).take(wanted).read_to_end(&mut bytes)?;
    // A key that is half old and half new would pass for a third one, so nothing of a changed file is used.
    let is_whole = u64::try_from(bytes.len()) == Ok(wanted);
    Ok((is_whole && open::is_unchanged(&file, seen)).then_some(bytes))
}

fn kind(file: &Path, name: &str, file_type: FileType) -> io::Result<EntryKind> {
    Ok(if file_type.is_file() {
        EntryKind::File
    } else if file_type.is_dir() {
        EntryKind::Directory
    } else if file_type.is_symlink() {
        EntryKind::SymbolicLink(link(file, name, &fs::read_link(file)?))
    } else {
        EntryKind::Other
    })
}

fn link(file: &Path, name: &str, target: &Path) -> LinkTarget {
    let text = |path: &Path| path::symbolic_link(name, path.as_os_str().as_encoded_bytes());
    match below_root(file, name, target) {
        Some(below) => path::from_top(below.as_os_str().as_encoded_bytes()),
        None => text(target),
    }
}

/// Returns an absolute target as it lies below the source, such as `/opt/aem/logs` of the source `/opt/aem`; `None` where it does not.
fn below_root(file: &Path, name: &str, target: &Path) -> Option<PathBuf> {
    // The path of the source is not known here, and lies as many directories above the file as the name has parts.
    let depth = name.split('/').count();
    let root = file.ancestors().nth(depth).filter(|_| target.is_absolute())?;
    let below = |root: &Path| Some(target.strip_prefix(root).ok()?.to_owned());
    // On macOS `/tmp` and `/var` are links, and a target names where they lead.
    below(root).or_else(|| below(&fs::canonicalize(root).ok()?))
}

#[cfg(unix)]
fn owner(metadata: &Metadata) -> Option<Owner> {
    use std::os::unix::fs::MetadataExt;
    let mode = metadata.mode() & 0o7777;
    // Users have no name here: those of the machine that examines are others than those of the instance.
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
    use crate::intake::directory::tests::{paths, tree};
    use crate::intake::testing::{Event, Recorder, walk_path};
    use crate::intake::{
        Descend, Entry, EntryKind, LinkTarget, NoWatch, Origin, Source, Visit, Want,
    };
    use crate::limits::Limits;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::process::Command;

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
    fn absolute_link_to_what_is_in_the_directory_stays_inside() {
        let root = tree(&[("d/x", "1"), ("dx/x", "2")]);
        let top = root.path();
        let links = [("a", top.join("d/x")), ("b", top.join("d/../../e")), ("c", top.to_owned())];
        for (name, target) in &links {
            symlink(target, top.join("d").join(name)).unwrap();
        }
        let other = top.with_extension("other").join("x");
        symlink(&other, top.join("d/o")).unwrap();
        let (_, recorder) = walk_path(top, &Limits::default(), Recorder::default());
        let links = recorder.events.iter().filter_map(|event| match event {
            Event::Entry { kind: EntryKind::SymbolicLink(target), .. } => Some(target.clone()),
            _ => None,
        });
        let inside = |path: &str| LinkTarget::Inside(path.to_owned());
        let outside = |path: &str| LinkTarget::Outside(path.to_owned());
        let found: Vec<LinkTarget> = links.collect();
        let other = outside(other.to_str().unwrap());
        assert_eq!(found, [inside("d/x"), outside("d/../../e"), inside(""), other]);
    }

    /// Does something to the instance at the moment one of its entries is announced.
    struct Live<'a> {
        recorder: Recorder,
        at: &'a str,
        happens: &'a dyn Fn(),
    }

    impl Visit for Live<'_> {
        fn entry(&mut self, entry: &Entry<'_>) -> Want {
            if entry.path == self.at {
                (self.happens)();
            }
            self.recorder.entry(entry)
        }

        fn body(&mut self, bytes: &[u8]) {
            self.recorder.body(bytes);
        }

        fn piece(&mut self, bytes: &[u8]) {
            self.recorder.piece(bytes);
        }

        fn body_end(&mut self) {
            self.recorder.body_end();
        }

        fn gap(&mut self, path: Option<&str>, kind: GapKind, reason: String) {
            self.recorder.gap(path, kind, reason);
        }

        fn was_link(&mut self, path: &str, certain: bool, reason: &str) {
            self.recorder.was_link(path, certain, reason);
        }

        fn descend(&mut self, _: &str) -> Descend {
            Descend::All
        }
    }

    /// Walks a running instance with the file `hmac`; returns what came of that file, wanted in both ways.
    fn live(at: &str, happens: impl Fn(&Path)) -> Vec<(usize, Vec<GapKind>)> {
        let wants = [Want::Whole { bytes_max: 9 }, Want::Stream];
        let outcome = |want| {
            let root = tree(&[("a", ""), ("d/hmac", "key")]);
            let happens = || happens(root.path());
            let recorder = Recorder { want: Some(want), ..Recorder::default() };
            let mut visit = Live { recorder, at, happens: &happens };
            let origin = Origin::Path(root.path().to_owned());
            let name = String::new();
            let source = Source::named(name, origin);
            crate::intake::walk(&source, &Limits::default(), &NoWatch, &mut visit);
            let files = visit.recorder.files();
            (files.iter().filter(|(path, _)| path == "d/hmac").count(), visit.recorder.gaps())
        };
        wants.map(outcome).to_vec()
    }

    #[test]
    fn what_goes_or_is_replaced_meanwhile_is_told_and_not_read() {
        let hmac = |root: &Path| root.join("d/hmac");
        let gone = vec![(0, vec![GapKind::Changed]); 2];
        assert_eq!(live("d/hmac", |root| fs::remove_file(hmac(root)).unwrap()), gone);
        let replaced = |root: &Path| {
            fs::rename(hmac(root), root.join("old")).unwrap();
            symlink(root.join("old"), hmac(root)).unwrap();
        };
        assert_eq!(live("d/hmac", replaced), gone);
        let fifo = |root: &Path| {
            fs::remove_file(hmac(root)).unwrap();
            assert!(Command::new("mkfifo").arg(hmac(root)).status().unwrap().success());
        };
        assert_eq!(live("d/hmac", fifo), gone);
        let longer = |root: &Path| fs::write(hmac(root), "longer").unwrap();
        assert_eq!(live("d/hmac", longer), [(0, vec![GapKind::Changed]), (1, vec![])]);
        let directory = |root: &Path| fs::remove_dir_all(root.join("d")).unwrap();
        assert_eq!(live("d", directory), gone);
    }

    #[test]
    fn what_goes_and_would_not_have_been_read_is_no_gap() {
        let root = tree(&[("a", "1"), ("skip", "2")]);
        let remove = || fs::remove_file(root.path().join("skip")).unwrap();
        let recorder = Recorder::default();
        let mut visit = Live { recorder, at: "a", happens: &remove };
        let origin = Origin::Path(root.path().to_owned());
        let name = String::new();
        let source = Source::named(name, origin);
        crate::intake::walk(&source, &Limits::default(), &NoWatch, &mut visit);
        assert_eq!(visit.recorder.gaps(), []);
    }
}
