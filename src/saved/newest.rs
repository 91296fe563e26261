//! Of one upload that came at several times, the newest counts: one that was cut on Monday and came whole on Tuesday is whole.
//!
//! A name stands for an upload. Where each of the lines of one name says when its file was written, the latest takes the place of the
//! others, if all that it holds is there. Which came first does not matter.

use super::LineId;
use super::tally::{Claim, Tally};
use crate::facts::{Gap, GapKind, SourceRecord};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of sources of which newer ones came.
#[derive(Debug, Default)]
pub(super) struct Superseded {
    /// Instances and gaps, as they would be known now, that belong to none that is kept.
    pub(super) lines: BTreeSet<LineId>,
    /// What is said of it.
    pub(super) notes: BTreeSet<Gap>,
}

impl Tally {
    /// Takes out the sources of which a newer one came.
    pub(super) fn keep_newest(&mut self) -> Superseded {
        let mut by_name: BTreeMap<&str, Vec<(LineId, &Claim)>> = BTreeMap::new();
        for (id, claim) in &self.sources {
            by_name.entry(&claim.record.name).or_default().push((*id, claim));
        }
        let mut superseded = Superseded::default();
        let (mut old, mut kept) = (BTreeSet::new(), BTreeSet::new());
        for claims in by_name.into_values().filter(|claims| claims.len() > 1) {
            let Some(newest) = self.newest(&claims) else { continue };
            for (id, claim) in claims {
                let holds = claim.holds.iter().flatten().map(|id| self.now(*id));
                if id == newest {
                    kept.extend(holds);
                } else {
                    superseded.lines.extend(holds);
                    superseded.notes.insert(note(&claim.record));
                    old.insert(id);
                }
            }
        }
        superseded.lines.retain(|id| !kept.contains(id));
        self.sources.retain(|id, _| !old.contains(id));
        self.runs.retain(|run| !old.contains(&run.id));
        superseded
    }

    /// Returns the one that was written last, where there is one and all of its lines came.
    fn newest(&self, claims: &[(LineId, &Claim)]) -> Option<LineId> {
        // Standard input has no time, and then nothing shows which is the newest.
        let times: Option<Vec<(u64, LineId, &Claim)>> =
            claims.iter().map(|(id, claim)| Some((claim.record.mtime_ms?, *id, *claim))).collect();
        let mut times = times?;
        times.sort_by_key(|(time, id, _)| (*time, *id));
        let (last, id, claim) = times.pop()?;
        // Some file systems keep whole seconds, so two states may have the same time.
        let is_one = times.last().is_none_or(|(time, ..)| *time < last);
        let is_whole = claim.holds.as_ref()?.iter().all(|id| self.lines.contains_key(id));
        (is_one && is_whole).then_some(id)
    }
}

fn note(record: &SourceRecord) -> Gap {
    let was = match record.bytes {
        Some(1) => "when it had 1 byte".to_owned(),
        Some(bytes) => format!("when it had {bytes} bytes"),
        None => "at another time".to_owned(),
    };
    let reason = format!("was read before, {was}; what it was later took its place");
    Gap { source: record.name.clone(), path: None, kind: GapKind::Repeated, reason }
}
