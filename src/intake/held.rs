//! The files of a page: a browser has no file system, so what it was given lies in a tree of names here, to be read with the calls of
//! `std::fs`.
//!
//! What reads sources does not know of it: `intake::fs` is this in a browser, and `std::fs` elsewhere.

use super::read_at::ReadAt;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use std::vec;

/// A file that a page was given.
#[derive(Clone)]
pub struct HeldFile {
    /// Its bytes.
    pub bytes: Rc<dyn ReadAt>,
    /// How many there are.
    pub length: u64,
    /// When it was written to last, milliseconds since 1970.
    pub modified_ms: u64,
}

enum Node {
    File(HeldFile),
    /// The names in it.
    Directory(BTreeSet<OsString>),
}

thread_local! {
    /// Everything that was given. A page reads on one thread.
    static TREE: RefCell<BTreeMap<PathBuf, Node>> = const { RefCell::new(BTreeMap::new()) };
}

/// Puts a file, or an empty directory, in the tree, and the directories around it. What is there already stays.
pub fn hold(path: &Path, file: Option<HeldFile>) {
    TREE.with_borrow_mut(|tree| {
        let node = file.map_or_else(|| Node::Directory(BTreeSet::new()), Node::File);
        tree.entry(path.to_owned()).or_insert(node);
        for (inner, outer) in path.ancestors().zip(path.ancestors().skip(1)) {
            let outer = tree.entry(outer.to_owned());
            let outer = outer.or_insert_with(|| Node::Directory(BTreeSet::new()));
            if let (Node::Directory(names), Some(name)) = (outer, inner.file_name()) {
                names.insert(name.to_owned());
            }
        }
    });
}

/// Looks at what lies at a path.
fn look<T>(path: &Path, at: impl FnOnce(&Node) -> io::Result<T>) -> io::Result<T> {
    TREE.with_borrow(|tree| tree.get(path).map_or(Err(ErrorKind::NotFound.into()), at))
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileType {
    is_file: bool,
}

impl FileType {
    pub(super) fn is_file(self) -> bool {
        self.is_file
    }

    pub(super) fn is_dir(self) -> bool {
        !self.is_file
    }

    /// Returns `false`: browsers hand out what links lead to, or nothing.
    #[expect(clippy::unused_self, reason = "as in `std::fs`")]
    pub(super) fn is_symlink(self) -> bool {
        false
    }
}

/// What is known of a file without reading it.
#[derive(Debug, Clone)]
pub(super) struct Metadata {
    file_type: FileType,
    length: u64,
    modified_ms: u64,
}

impl Metadata {
    fn of(node: &Node) -> Self {
        match node {
            Node::File(file) => Self::of_file(file),
            Node::Directory(_) => {
                Self { file_type: FileType { is_file: false }, length: 0, modified_ms: 0 }
            }
        }
    }

    fn of_file(file: &HeldFile) -> Self {
        let HeldFile { length, modified_ms, .. } = *file;
        Self { file_type: FileType { is_file: true }, length, modified_ms }
    }

    pub(super) fn file_type(&self) -> FileType {
        self.file_type
    }

    pub(super) fn is_file(&self) -> bool {
        self.file_type.is_file()
    }

    pub(super) fn is_dir(&self) -> bool {
        self.file_type.is_dir()
    }

    pub(super) fn is_symlink(&self) -> bool {
        self.file_type.is_symlink()
    }

    pub(super) fn len(&self) -> u64 {
        self.length
    }

    pub(super) fn modified(&self) -> io::Result<SystemTime> {
        let since = Duration::from_millis(self.modified_ms);
        SystemTime::UNIX_EPOCH.checked_add(since).ok_or(ErrorKind::InvalidData.into())
    }
}

pub(super) fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    look(path.as_ref(), |node| Ok(Metadata::of(node)))
}

pub(super) fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    metadata(path)
}

pub(super) fn read_link(_: impl AsRef<Path>) -> io::Result<PathBuf> {
    Err(ErrorKind::InvalidInput.into())
}

pub(super) fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    metadata(path.as_ref()).map(|_| path.as_ref().components().collect())
}

/// One name in a directory.
pub(super) struct DirEntry {
    path: PathBuf,
    file_type: FileType,
}

impl DirEntry {
    pub(super) fn file_name(&self) -> OsString {
        self.path.file_name().unwrap_or_default().to_owned()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.path.clone()
    }

    pub(super) fn file_type(&self) -> io::Result<FileType> {
        Ok(self.file_type)
    }
}

pub(super) fn read_dir(path: impl AsRef<Path>) -> io::Result<vec::IntoIter<io::Result<DirEntry>>> {
    let path = path.as_ref();
    let names = look(path, |node| match node {
        Node::Directory(names) => Ok(names.clone()),
        Node::File(_) => Err(ErrorKind::NotADirectory.into()),
    })?;
    let entry = |name| {
        let path = path.join(name);
        metadata(&path).map(|metadata| DirEntry { path, file_type: metadata.file_type() })
    };
    Ok(names.into_iter().map(entry).collect::<Vec<_>>().into_iter())
}

/// A file that is open, with the place at which it is read.
pub(super) struct File {
    held: HeldFile,
    position: Rc<Cell<u64>>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("position", &self.position).finish_non_exhaustive()
    }
}

impl File {
    pub(super) fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let held = look(path.as_ref(), |node| match node {
            Node::File(file) => Ok(file.clone()),
            Node::Directory(_) => Err(ErrorKind::IsADirectory.into()),
        })?;
        Ok(Self { held, position: Rc::default() })
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        Ok(Metadata::of_file(&self.held))
    }

    /// Returns the same file once more; both read at one place, as in `std::fs`.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { held: self.held.clone(), position: Rc::clone(&self.position) })
    }
}

impl Read for &File {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.held.bytes.read_at(out, self.position.get())?;
        let bytes = u64::try_from(length).unwrap_or_default();
        self.position.set(self.position.get().saturating_add(bytes));
        Ok(length)
    }
}

impl Read for File {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        (&*self).read(out)
    }
}

impl Seek for &File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(by) => self.position.get().checked_add_signed(by),
            SeekFrom::End(by) => self.held.length.checked_add_signed(by),
        };
        self.position.set(position.ok_or(ErrorKind::InvalidInput)?);
        Ok(self.position.get())
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        (&*self).seek(to)
    }
}

/// How a file is opened: for reading alone.
pub(super) struct OpenOptions;

impl OpenOptions {
    pub(super) fn new() -> Self {
        Self
    }

    pub(super) fn read(&mut self, _: bool) -> &mut Self {
        self
    }

    #[expect(clippy::unused_self, reason = "as in `std::fs`")]
    pub(super) fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        File::open(path)
    }
}

/// Files as memory, which there are none of here: they are read line by line.
pub(super) mod mapped {
    use super::{File, Metadata};

    pub(in crate::intake) type MappedPart = Vec<u8>;

    pub(in crate::intake) fn map(_: &File, _: &Metadata, _: u64, _: usize) -> Option<MappedPart> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of memory.
    struct Memory(&'static [u8]);

    impl ReadAt for Memory {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let from = usize::try_from(offset).unwrap().min(self.0.len());
            (&self.0[from..]).read(buffer)
        }

        fn is_changed(&self) -> bool {
            false
        }
    }

    fn hold_text(path: &str, text: &'static str) {
        let length = text.len().try_into().unwrap();
        let bytes = Rc::new(Memory(text.as_bytes()));
        hold(Path::new(path), Some(HeldFile { bytes, length, modified_ms: 1500 }));
    }

    fn names(path: &str) -> Vec<String> {
        let entries = read_dir(path).unwrap().map(Result::unwrap);
        let name = |entry: DirEntry| entry.file_name().into_string().unwrap();
        entries.map(name).collect()
    }

    #[test]
    fn files_lie_in_the_directories_of_their_paths() {
        hold_text("up/a/one", "1");
        hold_text("up/two", "22");
        hold(Path::new("up/empty"), None);
        assert_eq!(
            (names(""), names("up")),
            (vec!["up".into()], vec!["a".into(), "empty".into(), "two".into()])
        );
        assert!(names("up/empty").is_empty() && metadata("up/empty").unwrap().is_dir());
        assert_eq!(metadata("up/./two").unwrap().len(), 2);
        assert_eq!(canonicalize("up/./two").unwrap(), Path::new("up/two"));
        assert_eq!(read_dir("up/two").err().unwrap().kind(), ErrorKind::NotADirectory);
        assert_eq!(File::open("up").unwrap_err().kind(), ErrorKind::IsADirectory);
        assert_eq!(metadata("up/three").unwrap_err().kind(), ErrorKind::NotFound);
        let modified = metadata("up/two").unwrap().modified().unwrap();
        assert_eq!(modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis(), 1500);
    }

    #[test]
    fn file_is_read_from_where_it_was_left_or_set() {
        hold_text("f", "abcdef");
        let mut file = File::open("f").unwrap();
        let read = |file: &mut File| {
            let mut two = [0; 2];
            let length = file.read(&mut two).unwrap();
            String::from_utf8(two[..length].to_vec()).unwrap()
        };
        assert_eq!([read(&mut file), read(&mut file)], ["ab", "cd"]);
        assert_eq!(file.seek(SeekFrom::Current(1)).unwrap(), 5);
        assert_eq!([read(&mut file), read(&mut file)], ["f", ""]);
        assert_eq!(file.seek(SeekFrom::End(-3)).unwrap(), 3);
        assert_eq!(read(&mut file.try_clone().unwrap()), "de");
        assert_eq!(read(&mut file), "f", "a clone reads at the same place");
        assert!(file.seek(SeekFrom::Current(-9)).is_err());
    }
}
