//! Oak segment stores (`TarMK`), read-only: bytes in, nodes out. Knows nothing of AEM.
//!
//! A store is a directory of tar files full of *segments*, immutable pieces of at most 256 KiB that refer to each other by UUID, and a
//! journal of revisions. What a segment holds are *records*: values, lists, maps, templates and nodes. Segment versions 10 to
//! 13 are read, as Oak 1.0.0, 1.4.26, 1.6.22 and a trunk of 2024 wrote them; index entries of 24, 28 and 33 bytes; and tar files without an index, as a running
//! instance or a cut archive leaves them.
//!
//! Every segment that is used is checked against its CRC32, so damage becomes an error and never another value. A [`Budget`]
//! bounds what a forged store can cost. Sources: Apache Jackrabbit Oak, `oak-segment-tar` (trunk of 2024) and `oak-segment` (1.0, 1.4).

mod archive;
mod cost;
mod error;
mod history;
mod id;
mod journal;
mod map;
mod newest;
mod node;
mod record;
mod segment;
mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use error::OakError;
pub use history::{Checkpoint, Revision, Revisions};
pub use id::SegmentId;
pub use newest::Found;
pub use node::{Node, Property};
pub use store::Store;

use std::io;

/// The files directly in a directory `segmentstore`, wherever their bytes come from.
pub trait Files {
    /// Returns name and length in bytes of every file.
    fn list(&self) -> Vec<(String, u64)>;

    /// Fills `buffer` from an offset of the file at this place of the list.
    ///
    /// # Errors
    ///
    /// Fails when the file ends before the buffer is full.
    fn read(&self, index: usize, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// What reading one store may cost, over all look-ups in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Segments read, each of at most 256 KiB. A look-up in an aged store takes 5 to 40.
    pub segments_max: u64,
    /// Segments kept in memory at a time.
    pub cached_max: usize,
    /// Records visited. Forged stores have cycles.
    pub records_max: u64,
    /// Entries of lists and maps, together.
    pub entries_max: u64,
    /// Bytes of one value.
    pub value_bytes_max: u64,
    /// Bytes of all values and names, together.
    pub bytes_max: u64,
    /// Revisions of the journal that are passed over because a segment is missing.
    pub revisions_max: usize,
    /// Headers read of tar files without an index, together.
    pub headers_max: u64,
    /// Bytes of indexes and of zeros in tar files that are read through, together.
    pub index_bytes_max: u64,
    /// Entries of indexes kept in memory, each of 24 bytes, over all tar files: of a store of 50 GB. An index that would be too much
    /// is read from its file, entry by entry, for every look-up.
    pub kept_entries_max: u64,
    /// How often a tar file is asked for a segment.
    pub asked_max: u64,
}

impl Budget {
    /// What a walk through many nodes may cost: whoever walks bounds nodes and segments.
    pub fn of_walk() -> Self {
        Self {
            segments_max: 16_384,
            cached_max: 32,
            records_max: 100_000_000,
            entries_max: 20_000_000,
            // Names of a million users have some 40 MB.
            bytes_max: 256 << 20,
            asked_max: 10_000_000,
            ..Self::default()
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            // The keys take up to 40; their past, the configurations and the past of these may take 512 each.
            segments_max: 2_048,
            // Sixteen of 256 KiB take 4 MiB of memory.
            cached_max: 16,
            records_max: 1_000_000,
            entries_max: 300_000,
            // Keys have 16 to 48 bytes, and configurations some KB; only a forged length is larger.
            value_bytes_max: 1 << 20,
            bytes_max: 8 << 20,
            // A copy of a running store had a journal that was 20 revisions newer than its tar
            // files.
            revisions_max: 64,
            // Full tar files hold about 1,600 segments each, and small flushes make tens of
            // thousands of one file.
            headers_max: 200_000,
            // The indexes of a store of 50 GB of small segments have about 300 MB.
            index_bytes_max: 512 << 20,
            kept_entries_max: 300_000,
            asked_max: 100_000,
        }
    }
}
