//! Why something in a store cannot be read.

use super::SegmentId;

/// Why something in a store cannot be read. That it is not there is no error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OakError {
    /// No tar file holds the segment: the copy is not complete, or not of one moment.
    #[error("segment {0} is missing")]
    Missing(SegmentId),
    /// The segment is there, but its bytes are not those that were written, or make no sense.
    #[error("segment {segment} is damaged: {problem}")]
    Corrupt {
        /// The segment.
        segment: SegmentId,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A version or kind of content that is not known.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// Reading on would cost more than allowed.
    #[error("it takes more than {max} {what}")]
    Budget {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        max: u64,
    },
    /// The operating system, or the archive around the store, did not give the bytes.
    #[error("{file} cannot be read: {reason}")]
    Io {
        /// The file in the store.
        file: String,
        /// Why.
        reason: String,
    },
    /// The store has no revision to start from.
    #[error("{0}")]
    NoHead(&'static str),
}
