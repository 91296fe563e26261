//! Lines of `aemtrix.facts/1`, made what they would be now.

use super::bad_lines::{BadLine, malformed};
use super::fact::{Fact, Instance, TEXT_BYTES_MAX, too_long};
use super::shelf::taken_apart;
use super::wire::one::OldLine;
use super::{LineId, SavedLine};
use crate::facts::{GapKind, Snapshot};

/// Reads a line.
pub(super) fn fact(bytes: &[u8]) -> Result<(Fact, LineId), BadLine> {
    let line: OldLine = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    let parts =
        [line.source.is_some(), line.instance.is_some(), line.gap.is_some(), line.end.is_some()];
    if parts.into_iter().filter(|part| *part).count() != 1 {
        let reason = "holds none of source, instance, gap and end, or several";
        return Err(BadLine::new(GapKind::Malformed, reason));
    }
    // Fields of later versions count: the version that wrote them counted them.
    let (id, longest) = LineId::of_old(bytes).map_err(|error| malformed(&error))?;
    if longest > TEXT_BYTES_MAX {
        return Err(too_long());
    }
    let OldLine { source, holds, instance, gap, end, .. } = line;
    let source = source.map(|record| Fact::Source(record, holds));
    let instance = instance.map(|instance| self::instance(instance.into_snapshot()));
    let gap = gap.map(|mut gap| {
        gap.keep_shapes();
        let now = SavedLine::gap(&gap).part().0;
        Fact::Gap(gap, now)
    });
    let fact = source.or(instance).or(gap).or(end.map(Fact::End));
    Ok((fact.ok_or_else(|| BadLine::new(GapKind::Malformed, "holds nothing"))?, id))
}

fn instance(mut snapshot: Snapshot) -> Fact {
    snapshot.keep_shapes();
    let (bundles, shared) = taken_apart(&snapshot.bundles);
    snapshot.bundles = Vec::new().into();
    let now = SavedLine::instance(&snapshot, &bundles).part().0;
    Fact::Instance(Instance { snapshot, bundles, shared, now })
}
