//! What a container is to the walk, and what containers share.

use super::entry::Visit;
use super::fs::File;
use super::nested::Depth;
use super::open::FileState;
use super::reread::RandomAccess;
use super::source_hash::Listing;
use crate::facts::SourceDigest;
use crate::limits::Limits;
use crate::wiped::Wiped;
use std::cell::Cell;
use std::io::{self, Read};
use std::ops::Range;
use std::rc::Rc;

/// A way of packing that is known: one value each, listed in `CONTAINERS`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Container {
    /// Its name in reports.
    pub(super) name: &'static str,
    /// Says from the first bytes whether this is one.
    pub(super) sniff: fn(&[u8]) -> bool,
    /// Walks it to its last byte.
    pub(super) walk: fn(Opened<'_>, &mut Context<'_>),
}

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
    fn jump(&mut self, bytes: u64) -> io::Result<u64>;

    /// Returns the source's file, where the bytes can be read at any place too.
    fn file(&self) -> Option<&File> {
        None
    }

    /// Returns `true` if it hands out the bytes of the source's file as they lie there, from the first one on.
    fn is_plain_file(&self) -> bool {
        false
    }

    /// Returns `true` if `Source::open_parts` can read again, at any place, what it hands out.
    fn is_repeatable(&self) -> bool {
        self.is_plain_file()
    }

    /// Says that these bytes, counted from the first one that it handed out, will be read again at any place.
    fn want_again(&mut self, _bytes: Range<u64>) {}
}

/// Bytes of a source as it is stored: those of its file, or those that came through standard input so far. What reads the source
/// counts, and what unpacks it, at any depth, asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stored(Rc<Cell<u64>>);

impl Stored {
    /// Returns how many there are.
    pub(super) fn bytes(&self) -> u64 {
        self.0.get()
    }

    /// Counts more.
    pub(super) fn add(&self, bytes: u64) {
        self.0.set(self.bytes().saturating_add(bytes));
    }
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
