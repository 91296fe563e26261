//! What a container is to the walk, and what containers share.

use super::depth::Depth;
use super::entry::Visit;
use super::fs::File;
use super::open::FileState;
use super::read_at::RandomAccess;
use super::source_hash::Listing;
use crate::facts::{GapKind, SourceDigest};
use crate::limits::Limits;
use crate::wiped::Wiped;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::mpsc::Sender;

/// A way of packing that is known: one value each, listed in `CONTAINERS`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Container {
    /// Its name in reports.
    pub(super) name: &'static str,
    /// Says from the first bytes whether this is one.
    pub(super) sniff: fn(&[u8]) -> bool,
    /// Says of first bytes that nothing else explains whether this is one that begins with damage.
    pub(super) is_damaged: fn(&[u8]) -> bool,
    /// Programs and documents are packed so too: `.jar`, `.docx` and `.apk` are zips, and an install has hundreds of jars.
    pub(super) packs_programs: bool,
    /// Walks it to its last byte.
    pub(super) walk: fn(Opened<'_>, &mut Context<'_>),
}

impl Container {
    /// Returns a container that has no other property.
    pub(super) const fn new(
        name: &'static str,
        sniff: fn(&[u8]) -> bool,
        walk: fn(Opened<'_>, &mut Context<'_>),
    ) -> Self {
        Self { name, sniff, is_damaged: |_| false, packs_programs: false, walk }
    }
}

/// Why no container can be opened.
pub(super) type Refusal = (GapKind, String);

/// Bytes of a source, and where the rest of them comes from.
pub(super) struct Opened<'a> {
    /// The first bytes, read already to sniff.
    pub(super) head: Wiped,
    /// Everything behind them.
    pub(super) input: &'a mut dyn Input,
}

/// A stream that may be able to jump.
pub(super) trait Input: Read {
    /// Jumps forward by at most `bytes` and returns by how many; 0 when the bytes must be read.
    // No `Seek`: a seek behind the end of a file succeeds, and standard input and decoders go forward alone.
    fn jump(&mut self, bytes: u64) -> io::Result<u64>;

    /// Returns the source's file, where the bytes can be read at any place too.
    fn file(&self) -> Option<&File> {
        None
    }

    /// Returns itself, where another thread may read it and never waits for bytes that may not come.
    fn elsewhere(&mut self) -> Option<&mut (dyn Read + Send)> {
        None
    }

    /// Returns `true` if it hands out the bytes of the source's file as they lie there, from the first one on.
    fn is_plain_file(&self) -> bool {
        false
    }

    /// Returns `true` if what it hands out ends too early, of which a gap will tell.
    fn has_failed(&self) -> bool {
        false
    }

    /// Says whether `Source::open_parts` can read again, at any place, what it hands out.
    fn repeats(&self) -> Repeats {
        if self.is_plain_file() { Repeats::Anywhere } else { Repeats::Never }
    }
}

/// Whether what an input hands out can be read again.
#[derive(Debug)]
pub(super) enum Repeats {
    Never,
    Anywhere,
    /// Bytes that it is told of, counted from the first one that it handed out. A channel, since another thread may be reading it.
    WhereTold(Sender<Range<u64>>),
}

/// What a walk carries along.
pub(super) struct Context<'a> {
    /// Bounds.
    pub(super) limits: &'a Limits,
    /// Receives entries and gaps.
    pub(super) visit: &'a mut dyn Visit,
    /// Names of the containers opened, outermost first.
    pub(super) names: Vec<&'static str>,
    /// Entries seen.
    pub(super) entries: u64,
    /// Bytes that compressions unpacked to.
    pub(super) unpacked: u64,
    /// Compressions opened.
    pub(super) nesting: u32,
    /// What the name of the file says of content that is not known, or cut.
    pub(super) hint: Option<&'static str>,
    /// Archives around this one.
    pub(super) depth: Depth,
    /// What the file was like, if it is one.
    pub(super) state: Option<FileState>,
    /// What the bytes of the source come to, where that is wanted.
    pub(super) digest: Option<SourceDigest>,
    /// The list of what was read of a directory, where its hash is wanted.
    pub(super) listing: Option<Listing>,
    /// Reads again what the source unpacks to, where that will be wanted.
    pub(super) random_access: Option<Box<dyn RandomAccess>>,
}
