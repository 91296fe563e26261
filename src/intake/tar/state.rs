//! Where a scanner is in an archive.

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
    /// Blocks that are no header; they were reported when the first came.
    pub(super) unknown: bool,
}
