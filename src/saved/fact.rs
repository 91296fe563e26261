//! What one line says, whatever its version.

use super::bad_lines::BadLine;
use super::shelf::Shared;
use super::wire::SavedBundles;
use super::{End, LineId};
use crate::facts::{Gap, GapKind, Snapshot, SourceRecord};
use crate::limits::Limits;
use std::collections::BTreeSet;

/// Bytes of a text in a line. Nothing is longer than a path, of which a byte that is no UTF-8 is spelled in four.
pub(super) const TEXT_BYTES_MAX: usize = Limits::DEFAULT.path_bytes_max.saturating_mul(4);

/// The one part of a line, mostly with what the line would be known by if it were written now.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are the largest, and all are boxed")]
pub(super) enum Fact {
    Source(SourceRecord, Option<BTreeSet<LineId>>),
    Instance(Instance),
    Shared(Shared, LineId),
    Gap(Gap, LineId),
    End(End),
}

/// An instance.
#[derive(Debug)]
pub(super) struct Instance {
    /// Without its bundles.
    pub(super) snapshot: Snapshot,
    /// Where these are.
    pub(super) bundles: SavedBundles,
    /// Lines of them that came with it, as facts of older versions have them.
    pub(super) shared: Vec<(LineId, Shared)>,
    pub(super) now: LineId,
}

/// Says of a line that a text in it is too long.
pub(super) fn too_long() -> BadLine {
    let reason = format!(
        "holds a name, path or text of more than {TEXT_BYTES_MAX} bytes, as no scan writes it"
    );
    BadLine::new(GapKind::TooLarge, &reason)
}
