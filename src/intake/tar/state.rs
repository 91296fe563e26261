//! Where a scanner is in an archive.

use super::header::Block;

/// The magic of a header, and where it stands in its block.
const USTAR: &[u8] = b"ustar";
const USTAR_AT: usize = 257;

/// What the next bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Header,
    Extension(Extension),
    /// Extension blocks of an old GNU sparse map; the body wanted behind them when `true`.
    SparseMap(bool),
    Body,
    /// A body that is handed on as it comes.
    Stream,
    /// A body that is to be walked as an archive of its own.
    Inner,
    /// The list of a directory in an incremental archive.
    Listing,
    Skip,
    Stopped,
}

/// What is to be done with the body of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SkipPlan {
    /// Bytes to collect; `None` when nothing is wanted.
    pub(super) need: Option<u64>,
    /// Bytes stored, padding included.
    pub(super) stored: u64,
    /// More of a sparse map comes before the body.
    pub(super) map_follows: bool,
}

/// The kinds of extension header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// GNU `L`.
    LongName,
    /// GNU `K`.
    LongLink,
    /// PAX `x`, or Sun's `X`.
    Records,
    /// PAX `g`.
    Global,
}

/// What was read since the last good header.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Zero blocks, one after the other.
    pub(super) zeros: u64,
    /// Two of them: the archive has ended.
    pub(super) ended: bool,
    /// Blocks that are no header.
    pub(super) unknown: bool,
    /// Where the first of them stands, until it is reported.
    pub(super) damaged_at: Option<u64>,
    /// What these say of line ends.
    pub(super) line_ends: LineEnds,
}

/// Line ends in blocks that are no header, and whether headers stand among them where none can.
#[derive(Debug, Default)]
pub(super) struct LineEnds {
    /// Of CR LF.
    with_cr: u64,
    /// There is one of LF alone.
    is_bare: bool,
    /// The last byte so far.
    last: u8,
    /// The magic of a header stands where bytes were put in before it.
    is_shifted: bool,
}

/// Line ends that show that there are no others.
// In random bytes one LF of 256 follows a CR, so eight that do, and none that does not, are no chance.
const LINE_ENDS_MIN: u64 = 8;

impl LineEnds {
    /// Takes the next block.
    pub(super) fn take(&mut self, block: &Block) {
        for end in memchr::memchr_iter(b'\n', block) {
            let before = end.checked_sub(1).and_then(|at| block.get(at)).unwrap_or(&self.last);
            if *before == b'\r' {
                self.with_cr = self.with_cr.saturating_add(1);
            } else {
                self.is_bare = true;
            }
        }
        self.last = block.last().copied().unwrap_or_default();
        self.is_shifted |=
            !self.is_shifted && memchr::memmem::find(block, USTAR).is_some_and(|at| at != USTAR_AT);
    }

    /// Returns `true` if a terminal put a CR before each LF of the archive.
    pub(super) fn are_changed(&self) -> bool {
        // Files of Windows have CR LF alone as well, but they move no header off its place in a block.
        self.is_shifted && !self.is_bare && self.with_cr >= LINE_ENDS_MIN
    }
}
