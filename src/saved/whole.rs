//! An instance while lines are merged.

use super::LineId;
use super::wire::SavedBundles;
use crate::facts::Snapshot;

/// Source, root and line of an instance.
pub(super) type InstanceKey = (String, String, LineId);

/// An instance that was read.
#[derive(Debug)]
pub(super) struct Whole {
    /// The name is the least that was given. It is large, and the nodes of a map that grows at its end are half empty.
    pub(super) snapshot: Box<Snapshot>,
    /// Where its bundles are, until they are found.
    pub(super) bundles: Option<SavedBundles>,
}

impl Whole {
    /// Returns `true` if a line of its bundles is missing.
    pub(super) fn is_unresolved(&self) -> bool {
        self.bundles.is_some()
    }
}
