//! How deep the walk of a source is in archives, and what those around and before came to.

use crate::limits::Limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far the walk of a source went into archives, and what those it left came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Depth {
    /// Archives around the one at hand.
    pub(super) level: u32,
    /// Archives opened inside the source.
    pub(super) opened: u32,
    /// Entries of archives inside the source that were left.
    pub(super) entries: u64,
    /// Entries of the archives around the one at hand, so far.
    pub(super) around: u64,
    /// Bytes that compressions inside the source unpacked to.
    pub(super) unpacked: u64,
    /// Bytes of the source as it is stored.
    pub(super) stored: Stored,
}

impl Depth {
    /// Returns how many entries of the source are none of the archive at hand.
    pub(super) fn entries_elsewhere(&self) -> u64 {
        self.entries.saturating_add(self.around)
    }

    /// Returns how many bytes the archive at hand, and each compression around it, may unpack to.
    pub(super) fn unpacked_left(&self, limits: &Limits) -> u64 {
        limits.unpacked_max(self.stored.bytes()).saturating_sub(self.unpacked)
    }

    /// Says that a source unpacks to more than it may. A container and the compression around it say the same, so that it is reported once:
    /// no number is named that grows while standard input is read.
    pub(super) fn unpacks_to_more(&self, limits: &Limits) -> String {
        if limits.is_ratioed(self.stored.bytes()) {
            let ratio = limits.ratio_max;
            return format!(
                "unpacks to more than {ratio} times its size, as no install does; the rest was not read; if it is one, say with \
                 `--max-unpacked` how many bytes it may come to"
            );
        }
        let limit = limits.unpacked_bytes_max;
        format!("unpacks to more than {limit} bytes; the rest was not read; raise `--max-unpacked`")
    }

    /// Returns how many entries archives inside the source had.
    pub(super) fn entries_inside(&self) -> u64 {
        self.entries
    }
}

/// Bytes of a source as it is stored: those of its file, or those that came through standard input so far. What reads the source
/// counts, and what unpacks it, at any depth, asks.
#[derive(Debug, Clone, Default)]
pub(super) struct Stored(Arc<AtomicU64>);

impl Stored {
    /// Returns how many there are.
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts more.
    pub(super) fn add(&self, bytes: u64) {
        // One thread counts, of one source, whose bytes no `u64` is too small for.
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}
