//! What intake tells its caller, entry by entry, and what the caller answers.

use crate::facts::{FileTime, GapKind, Owner};

/// One entry of a source, as its header describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Normalised path: `/`-separated, relative, without `.`, `..` and empty parts.
    pub path: &'a str,
    /// What the entry is.
    pub kind: EntryKind,
    /// Announced length of the body in bytes; nothing may be allocated on its word alone.
    pub size: u64,
    /// Where the body lies, when it can be read again at any place: that of a regular file, not sparse, in a source that was named by
    /// its path and is a zip, a tar, or a tar that is compressed once. It may have been cut off.
    pub extent: Option<Extent>,
    /// Owner and mode, where the container keeps them.
    pub owner: Option<Owner>,
    /// When it was written to last.
    pub written: EntryTime,
}

/// When an entry was written to last. Hardly one is asked for it, so it is read then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EntryTime {
    /// It is not known.
    #[default]
    Unknown,
    /// The field of a header of a tar.
    Tar([u8; 12]),
    /// This.
    Known(FileTime),
}

impl EntryTime {
    /// Returns the time, where it is known.
    pub fn read(self) -> Option<FileTime> {
        match self {
            Self::Unknown => None,
            Self::Known(time) => Some(time),
            Self::Tar(field) => {
                let is_blank = |byte: &u8| matches!(byte, b' ' | 0);
                // Octal alone: base 256 is for a time before 1970 or beyond 2242, which is that of
                // no file of AEM.
                let digits =
                    field.iter().copied().skip_while(is_blank).take_while(|b| !is_blank(b));
                let seconds = digits.into_iter().try_fold(0_u64, |sum, digit| {
                    let digit = char::from(digit).to_digit(8)?;
                    sum.checked_mul(8)?.checked_add(digit.into())
                });
                seconds?.checked_mul(1000).map(FileTime::UtcMs)
            }
        }
    }
}

/// Where the bytes of an entry lie in the stream that its archive is read from: the source's file, or what that unpacks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// As they are, from this byte on.
    Plain {
        /// Bytes before them.
        start: u64,
    },
    /// As one raw deflate stream.
    Deflated {
        /// Bytes before it.
        start: u64,
        /// Its length in bytes.
        bytes: u64,
    },
}

/// The type of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A hard link to another entry of the same source.
    HardLink(LinkTarget),
    /// A symbolic link.
    SymbolicLink(LinkTarget),
    /// A device, FIFO or socket.
    Other,
}

/// Where a link leads, decided from the names alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkTarget {
    /// A normalised path inside the source.
    Inside(String),
    /// An absolute target, or one that climbs out of the source; never followed.
    Outside(String),
}

/// How much of an entry's body the caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Nothing.
    Nothing,
    /// Nothing now; it may be read at any place when the walk is over.
    Later {
        /// Nothing in the body itself tells whether it is right, so a checksum that the container has of it is compared now.
        checked: bool,
    },
    /// All of it; a longer body is not read and becomes a gap of kind `too-large`.
    Whole {
        /// The longest body accepted.
        bytes_max: u64,
    },
    /// Its first bytes; the whole of it where it is not longer.
    Prefix {
        /// How many bytes at most.
        bytes_max: u64,
    },
    /// All of it, of any length, in pieces as they come.
    Stream,
    /// What it holds, where it is an archive: entries, bodies and gaps of its own, below its path and a `!`.
    Archive,
}

/// Receives what a source holds. Calls come in stored order.
pub trait Visit {
    /// Announces an entry; the answer says how much of its body to deliver.
    fn entry(&mut self, entry: &Entry<'_>) -> Want;

    /// Delivers the body of the entry announced last: complete, or the prefix that was asked for.
    ///
    /// Not called when the body could not be read as asked; then `gap` names its path.
    fn body(&mut self, bytes: &[u8]);

    /// Delivers the next bytes of a body that was wanted as a stream, in pieces of any size.
    fn piece(&mut self, _bytes: &[u8]) {}

    /// Says that a stream was delivered to its end.
    ///
    /// Not called when it could not be read so far; then `gap` names its path, and the pieces that came stand.
    fn body_end(&mut self) {}

    /// Reports what could not be read; `path` is `None` for the source as a whole.
    fn gap(&mut self, path: Option<&str>, kind: GapKind, reason: String);

    /// Says of an entry that was wanted as an archive that it is none, or none of instances, and that nobody meant it for one.
    ///
    /// Whether that matters depends on what else lies there.
    fn unknown(&mut self, _path: &str, _kind: GapKind, _reason: String) {}

    /// Says that what was delivered for a path was the target of a link: for certain, or perhaps.
    fn was_link(&mut self, path: &str, certain: bool, reason: &str);

    /// Says that tools disagree on where an entry lies: at `path`, as is announced here, or at `other`, which may be empty.
    fn disputed(&mut self, _path: &str, _other: &str, _reason: &str) {}

    /// Says that a file was there, and was left out of the archive because it had not changed.
    fn left_out(&mut self, _path: &str) {}

    /// Says what of a directory of the file system can hold anything that matters.
    fn descend(&mut self, directory: &str) -> Descend;
}

/// How much of a directory the caller wants to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descend {
    /// Nothing; it is not listed.
    Nothing,
    /// Every entry.
    All,
    /// The entries of these names alone; nothing is looked up of the others.
    Only(&'static [&'static str]),
}

/// Watches the reading, for progress. Called from several threads.
pub trait Watch: Sync {
    /// A source begins; `bytes` is its stored size, where known.
    fn started(&self, source: &str, bytes: u64);
    /// So many stored bytes more were read or jumped over.
    fn advanced(&self, bytes: u64);
    /// A source is done.
    fn finished(&self, source: &str);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoWatch;

impl Watch for NoWatch {
    fn started(&self, _: &str, _: u64) {}
    fn advanced(&self, _: u64) {}
    fn finished(&self, _: &str) {}
}
