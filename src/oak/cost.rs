//! What reading a store has cost so far.

use super::{Budget, OakError};
use std::cell::Cell;

/// A bounded sum.
pub(super) struct Meter {
    what: &'static str,
    max: u64,
    spent: Cell<u64>,
}

impl Meter {
    fn new(what: &'static str, max: u64) -> Self {
        Self { what, max, spent: Cell::new(0) }
    }

    /// Adds to the sum.
    pub(super) fn spend(&self, count: u64) -> Result<(), OakError> {
        let spent = self.spent.get().saturating_add(count);
        if spent > self.max {
            return Err(OakError::Budget { what: self.what, max: self.max });
        }
        self.spent.set(spent);
        Ok(())
    }

    /// Returns what the sum may still grow by.
    pub(super) fn left(&self) -> u64 {
        self.max.saturating_sub(self.spent.get())
    }

    /// Returns the sum.
    pub(super) fn spent(&self) -> u64 {
        self.spent.get()
    }
}

/// Everything that is bounded over all look-ups in a store.
pub(super) struct Cost {
    pub(super) segments: Meter,
    pub(super) records: Meter,
    pub(super) entries: Meter,
    pub(super) bytes: Meter,
    pub(super) headers: Meter,
    pub(super) index_bytes: Meter,
    pub(super) kept_entries: Meter,
    pub(super) asked: Meter,
}

impl Cost {
    pub(super) fn new(budget: &Budget) -> Self {
        Self {
            segments: Meter::new("segments", budget.segments_max),
            records: Meter::new("records", budget.records_max),
            entries: Meter::new("entries of lists and maps", budget.entries_max),
            bytes: Meter::new("bytes of values", budget.bytes_max),
            headers: Meter::new("headers of tar files without an index", budget.headers_max),
            index_bytes: Meter::new("bytes of indexes", budget.index_bytes_max),
            kept_entries: Meter::new("entries of indexes in memory", budget.kept_entries_max),
            asked: Meter::new("look-ups in tar files", budget.asked_max),
        }
    }
}
