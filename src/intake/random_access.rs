//! Files of a source that are read at any place rather than walked: those too large to be read in full.

use super::deflate::Undeflate;
use super::entry::Extent;
use super::fs::{self, File, Metadata};
use super::open::{self, FileState};
use super::read_at::{RandomAccess, ReadAt};
use super::reread::Reread;
use super::restarts::Restarts;
use super::shared_file::Positioned;
use super::{Origin, Source, Walked};
use crate::limits::Limits;
use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

const OPEN_MAX: usize = Limits::DEFAULT.open_files_max;

/// A file inside a source, as far as it must be known to read it at any place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Normalised path inside the source.
    pub path: String,
    /// Length in bytes, as it was announced.
    pub bytes: u64,
    /// Where it lies, as [`Entry::extent`](super::Entry::extent) says; `None` in a directory, and where it does not lie in one piece.
    pub extent: Option<Extent>,
}

/// Files of a source, opened for reading at any place.
#[derive(Debug)]
pub struct Parts {
    parts: Vec<Part>,
    place: Place,
}

/// Those used last, by the number of their part.
type Recent<T> = Mutex<VecDeque<(usize, Rc<T>)>>;

/// A body that is unpacked as far as it is read.
type Deflated = Mutex<Reread<Positioned, Undeflate>>;

/// Where the files lie.
#[derive(Debug)]
enum Place {
    /// Below a directory. Those used last are open.
    Directory { root: PathBuf, open: Recent<Positioned> },
    /// In one file, as they are or each a deflate stream.
    File {
        file: Rc<Positioned>,
        deflated: Recent<Deflated>,
        unpacked: Rc<Cell<u64>>,
        limits: Box<Limits>,
    },
    /// In what one file unpacks to.
    Unpacked(Mutex<Box<dyn RandomAccess>>),
}

impl Source {
    /// Returns `true` if the source is a directory, whose files can be opened one by one.
    pub fn is_directory(&self) -> bool {
        let Origin::Path(path) = &self.origin else { return false };
        fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
    }

    /// Opens files of the source, which a walk announced, for reading at any place.
    ///
    /// A compressed source is unpacked again as far as it is read, from the places that the walk kept; files of it that are wanted should
    /// be opened together.
    ///
    /// # Errors
    ///
    /// Standard input cannot be read at any place; a source may be gone since it was walked. Whether a part can be read shows when
    /// it is. `InvalidData` when the file is not any more what the walk saw of it: places in it would be those of other bytes.
    pub fn open_parts(
        &self,
        parts: &[Part],
        walked: &mut Walked,
        limits: &Limits,
    ) -> io::Result<Parts> {
        let Origin::Path(path) = &self.origin else {
            return Err(refused("standard input cannot be read at any place"));
        };
        let metadata = fs::metadata(path)?;
        let place = if metadata.is_dir() {
            Place::Directory { root: path.clone(), open: Mutex::default() }
        } else if metadata.is_file() {
            Place::of_file(path, parts, walked, limits)?
        } else {
            return Err(refused("is neither a directory nor a regular file"));
        };
        Ok(Parts { parts: parts.to_vec(), place })
    }
}

impl Place {
    fn of_file(
        path: &Path,
        parts: &[Part],
        walked: &mut Walked,
        limits: &Limits,
    ) -> io::Result<Self> {
        let file = open::named(path)?;
        let now = FileState::of(&file.metadata()?);
        // An upload may have been replaced meanwhile, and places in it would be those of other bytes.
        if walked.state.as_ref().is_some_and(|walked| *walked != now) {
            let reason = "the archive has changed since it was read first";
            return Err(io::Error::new(ErrorKind::InvalidData, reason));
        }
        if let Some(mut unpacked) = walked.random_access.take() {
            unpacked.expect(&mut parts.iter().filter_map(Part::range));
            return Ok(Self::Unpacked(Mutex::new(unpacked)));
        }
        if walked.compressions > 0 {
            // No places were kept of it: nothing was wanted again when it was walked, or it is compressed twice.
            return Err(refused("the archive is compressed"));
        }
        let file = Rc::new(Positioned::new(file)?);
        Ok(Self::File {
            file,
            deflated: Mutex::default(),
            unpacked: Rc::default(),
            limits: Box::new(*limits),
        })
    }
}

impl Part {
    /// Returns the bytes of the stream that it lies in, where it lies there as it is.
    fn range(&self) -> Option<Range<u64>> {
        match self.extent? {
            Extent::Plain { start } => Some(start..start.saturating_add(self.bytes)),
            Extent::Deflated { .. } => None,
        }
    }
}

impl Parts {
    /// Fills `buffer` from `offset` of part `index`.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` when the part ends before, be it by its announced length or because its file is shorter than that.
    /// `Unsupported` when the part is a link, no regular file, or does not lie in one piece. Of a compressed source also
    /// `InvalidData` when it is damaged or was changed, `FileTooLarge` and `QuotaExceeded` at the limits.
    pub fn read_at(&self, index: usize, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let part = self.parts.get(index).ok_or(ErrorKind::InvalidInput)?;
        let length = u64::try_from(buffer.len()).map_err(io::Error::other)?;
        if offset.checked_add(length).is_none_or(|end| end > part.bytes) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let within =
            |start: u64| start.checked_add(offset).ok_or(io::Error::from(ErrorKind::UnexpectedEof));
        let in_pieces = || refused("does not lie in one piece");
        match (&self.place, part.extent) {
            (Place::Directory { root, open }, _) => {
                let file = || Positioned::new(open_below(root, &part.path)?);
                recent(open, index, file)?.fill(buffer, offset)
            }
            (Place::File { file, .. }, Some(Extent::Plain { start })) => {
                file.fill(buffer, within(start)?)
            }
            (
                Place::File { file, deflated, unpacked, limits },
                Some(Extent::Deflated { start, bytes }),
            ) => {
                let range = start..start.saturating_add(bytes);
                let body = || Ok(inflate(file, range, part.bytes, Rc::clone(unpacked), limits));
                let body = recent(deflated, index, body)?;
                locked(&body).fill(buffer, offset)
            }
            (Place::Unpacked(unpacked), Some(Extent::Plain { start })) => {
                locked(unpacked).fill(buffer, within(start)?)
            }
            _ => Err(in_pieces()),
        }
    }
}

/// Opens a body that is deflated. A store has a few files of 256 MB; those that stay open share what memory there is.
fn inflate(
    file: &Rc<Positioned>,
    range: Range<u64>,
    bytes: u64,
    unpacked: Rc<Cell<u64>>,
    limits: &Limits,
) -> Deflated {
    let share = |bytes: usize| bytes.checked_div(OPEN_MAX).unwrap_or_default();
    let limits = Limits { stretch_bytes_max: share(limits.stretch_bytes_max), ..*limits };
    let mut restarts = Restarts::of(share(limits.restart_bytes_max));
    restarts.want(0..bytes);
    let file = Rc::clone(file);
    let mut reread = Reread::of_range(file, range, Undeflate::new(), restarts, unpacked, &limits);
    reread.expect(&mut std::iter::once(0..bytes));
    Mutex::new(reread)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns what belongs to a part, which stays open until `OPEN_MAX` others were used.
fn recent<T>(
    recent: &Recent<T>,
    index: usize,
    opener: impl FnOnce() -> io::Result<T>,
) -> io::Result<Rc<T>> {
    let mut recent = locked(recent);
    let at = recent.iter().position(|(known, _)| *known == index);
    let found = match at.and_then(|at| recent.remove(at)) {
        Some((_, found)) => found,
        None => Rc::new(opener()?),
    };
    recent.truncate(OPEN_MAX.saturating_sub(1));
    recent.push_front((index, Rc::clone(&found)));
    Ok(found)
}

/// Opens a regular file below `root`, through no link.
///
/// The file may have been replaced since it was walked; what was looked at must be what was opened.
fn open_below(root: &Path, below: &str) -> io::Result<File> {
    // `O_NOFOLLOW` looks at the last part of a path alone, so each directory on the way is looked at here.
    let mut path = root.to_owned();
    let mut metadata = None;
    for component in Path::new(below).components() {
        let Component::Normal(name) = component else { return Err(refused("climbs")) };
        path.push(name);
        let seen = fs::symlink_metadata(&path)?;
        if seen.is_symlink() {
            return Err(refused("is a link"));
        }
        metadata = Some(seen);
    }
    let Some(seen) = metadata.filter(Metadata::is_file) else {
        return Err(refused("is not a regular file"));
    };
    open::seen(&path, &seen)?.ok_or_else(|| refused("was replaced while it was opened"))
}

fn refused(reason: &'static str) -> io::Error {
    io::Error::new(ErrorKind::Unsupported, reason)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::intake::Want;
    use crate::intake::testing::{Recorder, archive, gzip, member, member_of, walk_path};
    use crate::intake::zip_writer::{self, Entry};
    use std::fs;
    use std::os::unix::fs::symlink;

    fn source(path: &Path) -> Source {
        let (name, origin) = (String::new(), Origin::Path(path.to_owned()));
        Source::named(name, origin)
    }

    fn part(path: &str, bytes: u64, start: Option<u64>) -> Part {
        let extent = start.map(|start| Extent::Plain { start });
        Part { path: path.to_owned(), bytes, extent }
    }

    fn read(parts: &Parts, index: usize, offset: u64, length: usize) -> Result<String, ErrorKind> {
        let mut buffer = vec![0; length];
        parts.read_at(index, offset, &mut buffer).map_err(|error| error.kind())?;
        Ok(String::from_utf8(buffer).unwrap())
    }

    /// Writes an archive, walks it, and opens what the walk announced.
    fn walked(bytes: &[u8]) -> (tempfile::TempDir, Parts) {
        walked_within(bytes, &Limits::default())
    }

    fn walked_within(bytes: &[u8], limits: &Limits) -> (tempfile::TempDir, Parts) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x");
        fs::write(&path, bytes).unwrap();
        let (mut walked, recorder) = walk_path(&path, limits, for_later());
        let part = |(path, bytes, extent): (String, u64, Extent)| {
            let extent = Some(extent);
            Part { path, bytes, extent }
        };
        let parts: Vec<_> = recorder.parts.into_iter().map(part).collect();
        let parts = source(&path).open_parts(&parts, &mut walked, limits).unwrap();
        (home, parts)
    }

    fn for_later() -> Recorder {
        Recorder { want: Some(Want::Later { checked: false }), ..Recorder::default() }
    }

    #[test]
    fn bytes_come_from_any_place_and_never_from_beyond_the_part() {
        let (_home, tar) =
            walked(&archive(&[member(b'0', "a", b"01234"), member(b'0', "b", b"abc")]));
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("s")).unwrap();
        fs::write(home.path().join("s/a"), "01234").unwrap();
        // The walk saw three bytes; a live instance has added to them since.
        fs::write(home.path().join("s/b"), "abcd").unwrap();
        let directory = source(home.path())
            .open_parts(
                &[part("s/a", 5, None), part("s/b", 3, None)],
                &mut Walked::default(),
                &Limits::default(),
            )
            .unwrap();
        for parts in [tar, directory] {
            assert_eq!(read(&parts, 0, 1, 3).unwrap(), "123");
            assert_eq!(read(&parts, 1, 0, 3).unwrap(), "abc");
            assert_eq!(read(&parts, 1, 3, 0).unwrap(), "");
            for (offset, length) in [(0, 4), (3, 1), (4, 0), (u64::MAX, 2), (1 << 40, 1)] {
                assert_eq!(read(&parts, 1, offset, length), Err(ErrorKind::UnexpectedEof));
            }
            assert_eq!(read(&parts, 2, 0, 1), Err(ErrorKind::InvalidInput));
        }
    }

    #[test]
    fn length_that_the_file_does_not_have_is_its_end() {
        let mut bytes = member_of(b'0', "skip", b"", |header| header.set_size(8 << 30));
        bytes.extend(b"0123456789");
        let (_home, parts) = walked(&bytes);
        assert_eq!(parts.parts[0].bytes, 8 << 30);
        assert_eq!(read(&parts, 0, 2, 8).unwrap(), "23456789");
        for offset in [3, 4096, (8 << 30) - 8] {
            assert_eq!(read(&parts, 0, offset, 8), Err(ErrorKind::UnexpectedEof));
        }
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("a"), "0").unwrap();
        let hostile = [part("a", 9, Some(u64::MAX)), part("a", u64::MAX, Some(u64::MAX - 1))];
        let directory = source(home.path())
            .open_parts(&hostile, &mut Walked::default(), &Limits::default())
            .unwrap();
        assert_eq!(read(&directory, 0, 0, 9), Err(ErrorKind::UnexpectedEof));
        let tar = source(&home.path().join("a"))
            .open_parts(&hostile, &mut Walked::default(), &Limits::default())
            .unwrap();
        assert_eq!(read(&tar, 0, 1, 1), Err(ErrorKind::UnexpectedEof));
        assert!(read(&tar, 1, 0, 1).is_err());
    }

    #[test]
    fn links_directories_and_climbing_paths_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let below = |path: &str| home.path().join(path);
        fs::create_dir_all(below("root/d")).unwrap();
        fs::create_dir(below("elsewhere")).unwrap();
        for file in ["elsewhere/a", "root/d/a"] {
            fs::write(below(file), "secret").unwrap();
        }
        symlink(below("elsewhere"), below("root/out")).unwrap();
        symlink(below("elsewhere/a"), below("root/a")).unwrap();
        symlink("d/a", below("root/in")).unwrap();
        let paths = ["out/a", "a", "in", "d", "", "../elsewhere/a", "/etc/passwd", "d/../d/a"];
        let parts = paths.map(|path| part(path, 6, None));
        let parts = source(&below("root"))
            .open_parts(&parts, &mut Walked::default(), &Limits::default())
            .unwrap();
        for (index, path) in paths.iter().enumerate() {
            assert_eq!(read(&parts, index, 0, 1), Err(ErrorKind::Unsupported), "{path}");
        }
        let missing = source(&below("root"))
            .open_parts(&[part("x", 1, None)], &mut Walked::default(), &Limits::default())
            .unwrap();
        assert_eq!(read(&missing, 0, 0, 1), Err(ErrorKind::NotFound));
    }

    #[test]
    fn few_files_stay_open() {
        let home = tempfile::tempdir().unwrap();
        let parts: Vec<_> = (0..50).map(|at| part(&format!("f{at}"), 1, None)).collect();
        for part in &parts {
            fs::write(home.path().join(&part.path), "x").unwrap();
        }
        let parts = source(home.path())
            .open_parts(&parts, &mut Walked::default(), &Limits::default())
            .unwrap();
        for index in (0..50).chain([49, 48, 0]) {
            assert_eq!(read(&parts, index, 0, 1).unwrap(), "x");
        }
        let Place::Directory { open, .. } = &parts.place else { panic!() };
        let open: Vec<_> = open.lock().unwrap().iter().map(|(index, _)| *index).collect();
        assert_eq!(open, [0, 48, 49, 47, 46, 45, 44, 43]);
    }

    #[test]
    fn compressed_tar_is_read_like_a_plain_one() {
        let tar = archive(&[member(b'0', "a", b"01234"), member(b'0', "b", &vec![b'x'; 100_000])]);
        let (_home, parts) = walked(&gzip(&tar));
        assert_eq!(read(&parts, 1, 99_998, 2).unwrap(), "xx");
        assert_eq!(read(&parts, 0, 1, 3).unwrap(), "123");
        assert_eq!(read(&parts, 0, 3, 3), Err(ErrorKind::UnexpectedEof));
        assert_eq!(read(&parts, 1, 1 << 40, 1), Err(ErrorKind::UnexpectedEof));
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("x"), gzip(&gzip(&tar))).unwrap();
        let path = home.path().join("x");
        let (mut walked, twice) = walk_path(&path, &Limits::default(), Recorder::default());
        assert_eq!((walked.container.as_str(), twice.parts), ("gzip, gzip, tar", vec![]));
        assert!(source(&path).open_parts(&[], &mut walked, &Limits::default()).is_err());
    }

    #[test]
    fn what_another_thread_unpacks_is_read_again_from_places_in_it() {
        let body: Vec<u8> = (0..40_000_000_u32).map(|at| (at >> 12).to_le_bytes()[0]).collect();
        let unwanted = vec![0; 20 << 20];
        let packed = gzip(&archive(&[member(b'0', "skip", &unwanted), member(b'0', "a", &body)]));
        for source_threads_max in [1, 3] {
            // A few MiB for each way back, and not the whole stream.
            let limits =
                Limits { source_threads_max, repeated_bytes_max: 60 << 20, ..Limits::default() };
            let (_home, parts) = walked_within(&packed, &limits);
            let index = parts.parts.iter().position(|part| part.path == "a").unwrap();
            for at in [39_999_990, 3_000_000, 20_000_000, 9_000_000, 30_000_000, 60_000] {
                let mut buffer = [0; 10];
                parts.read_at(index, at, &mut buffer).unwrap();
                let from = usize::try_from(at).unwrap();
                assert_eq!(buffer, body[from..from + 10], "{at}");
            }
        }
    }

    #[test]
    fn deflated_entry_of_a_zip_is_unpacked_from_places_in_it() {
        let body: Vec<u8> = (0..20_000_000_u32).map(|at| (at >> 12).to_le_bytes()[0]).collect();
        let entry = |deflate| Entry { deflate, ..Entry::file("a", &body) };
        // Four times the body, and a few MiB for each way back.
        let limits = Limits { repeated_bytes_max: 120_000_000, ..Limits::default() };
        for deflate in [true, false] {
            let (_home, parts) = walked_within(&zip_writer::zip(&[entry(deflate)]), &limits);
            let near = |step: u64| [19_999_990, 3_000_000, 9_000_000].map(|at| at - step * 200_000);
            for at in (0..7).flat_map(near) {
                let mut buffer = [0; 10];
                parts.read_at(0, at, &mut buffer).unwrap();
                assert_eq!(buffer, body[usize::try_from(at).unwrap()..][..10]);
            }
        }
    }

    #[test]
    fn what_all_entries_of_a_zip_are_unpacked_to_is_limited() {
        let body = vec![b'x'; 100_000];
        let names: Vec<_> = (0..=OPEN_MAX).map(|at| format!("a{at}")).collect();
        let entries: Vec<_> = names.iter().map(|name| Entry::file(name, &body)).collect();
        let limits = Limits { repeated_bytes_max: 3_000_000, ..Limits::default() };
        let (_home, parts) = walked_within(&zip_writer::zip(&entries), &limits);
        let mut looks = (0..100).flat_map(|_| 0..=OPEN_MAX);
        let failed = looks.position(|index| {
            read(&parts, index, 99_999, 1)
                .inspect_err(|kind| {
                    assert_eq!(*kind, ErrorKind::QuotaExceeded);
                })
                .is_err()
        });
        assert!(failed.is_some_and(|looks| (30..60).contains(&looks)), "{failed:?}");
    }

    #[test]
    fn what_was_announced_without_a_place_cannot_be_read() {
        let home = tempfile::tempdir().unwrap();
        let tar = archive(&[member(b'0', "a", b"1")]);
        for bytes in [tar.clone(), gzip(&tar)] {
            fs::write(home.path().join("x"), bytes).unwrap();
            let source = source(&home.path().join("x"));
            let parts = source
                .open_parts(&[part("a", 1, None)], &mut Walked::default(), &Limits::default())
                .unwrap();
            assert_eq!(read(&parts, 0, 0, 1), Err(ErrorKind::Unsupported));
        }
        let stdin = Source { origin: Origin::Stdin, ..source(Path::new("")) };
        let refused =
            stdin.open_parts(&[], &mut Walked::default(), &Limits::default()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn archive_that_changed_since_it_was_walked_is_not_opened() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x");
        let tar = archive(&[member(b'0', "a", b"01234")]);
        for bytes in [tar.clone(), gzip(&tar)] {
            fs::write(&path, &bytes).unwrap();
            let (mut walked, _) = walk_path(&path, &Limits::default(), for_later());
            let mut open = || source(&path).open_parts(&[], &mut walked, &Limits::default());
            assert!(open().is_ok());
            fs::write(&path, [bytes, vec![0]].concat()).unwrap();
            assert_eq!(open().unwrap_err().kind(), ErrorKind::InvalidData);
        }
        let (walked, _) = walk_path(home.path(), &Limits::default(), Recorder::default());
        assert_eq!(walked.state, None);
    }

    #[test]
    fn compressed_file_that_changed_since_it_was_opened_is_not_read() {
        let (home, parts) = walked(&gzip(&archive(&[member(b'0', "a", &vec![b'x'; 100_000])])));
        assert_eq!(read(&parts, 0, 0, 1).unwrap(), "x");
        let path = home.path().join("x");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, [bytes, vec![0]].concat()).unwrap();
        assert_eq!(read(&parts, 0, 90_000, 1), Err(ErrorKind::InvalidData));
    }
}
