//! Of one upload that came at several times, the newest counts: one that was cut on Monday and came whole on Tuesday is whole.
//!
//! A name of a file is none of an instance: `aem.tar.gz` of one directory was publish1, and that of another one publish2. So an older
//! instance is left out only where it comes again in a newer upload of that name, by root and Sling id. Lines of a source say when its file
//! was written; which came first does not matter.

use super::LineId;
use super::tally::{Claim, Tally};
use super::whole::{InstanceKey, Whole};
use crate::facts::{Digest, Gap, GapKind, KeyName, Snapshot, SourceRecord};
use crate::limits::Limits;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Lines of sources of which newer ones came.
#[derive(Debug, Default)]
pub(super) struct Superseded {
    /// Instances and gaps, as they would be known now, that belong to none that is kept.
    pub(super) lines: BTreeSet<LineId>,
    /// What is said of it.
    pub(super) notes: BTreeSet<Gap>,
    /// Lines of sources of which nothing is left.
    sources: BTreeSet<LineId>,
}

/// The instances of one name, by their lines.
type ShownInstances<'i> = BTreeMap<LineId, &'i Snapshot>;

impl Tally {
    /// Takes out the instances that came again later, and the sources all of whose instances did.
    pub(super) fn keep_newest(&mut self, all: &BTreeMap<InstanceKey, Whole>) -> Superseded {
        let mut by_name: BTreeMap<&str, Vec<(LineId, &Claim)>> = BTreeMap::new();
        for (id, claim) in &self.sources {
            by_name.entry(&claim.record.name).or_default().push((*id, claim));
        }
        by_name.retain(|_, claims| claims.len() > 1);
        let mut instances: BTreeMap<&str, ShownInstances<'_>> = BTreeMap::new();
        for ((source, _, id), whole) in all {
            if by_name.contains_key(source.as_str()) {
                instances.entry(source).or_default().insert(*id, &whole.snapshot);
            }
        }
        let mut superseded = Superseded::default();
        for (name, claims) in by_name {
            self.supersede(claims, &instances.remove(name).unwrap_or_default(), &mut superseded);
        }
        let Superseded { lines, sources, .. } = &superseded;
        self.sources.retain(|id, _| !sources.contains(id));
        self.runs.retain(|run| !sources.contains(&run.id));
        if !lines.is_empty() {
            let is_left = |id: &LineId| !lines.contains(self.lines.get(id).unwrap_or(id));
            for holds in self.sources.values_mut().filter_map(|claim| claim.holds.as_mut()) {
                holds.retain(is_left);
            }
        }
        superseded
    }

    /// Finds what came again of the uploads of one name.
    fn supersede(
        &self,
        mut claims: Vec<(LineId, &Claim)>,
        instances: &ShownInstances<'_>,
        superseded: &mut Superseded,
    ) {
        // Standard input has no time, and then nothing shows which is the newest. Some file systems keep whole seconds, so two states may
        // have the same time.
        claims.sort_by_key(|(id, claim)| (Reverse(claim.record.mtime_ms), *id));
        let mut newer: BTreeMap<&str, Vec<&Snapshot>> = BTreeMap::new();
        let (mut came, mut kept) = (BTreeSet::new(), BTreeSet::new());
        for of_one_time in claims.chunk_by(|(_, a), (_, b)| a.record.mtime_ms == b.record.mtime_ms)
        {
            let mut shown: Vec<&Snapshot> = Vec::new();
            for (id, claim) in of_one_time {
                let holds: BTreeSet<LineId> =
                    claim.holds.iter().flatten().map(|id| self.now(*id)).collect();
                let own: ShownInstances<'_> =
                    holds.iter().filter_map(|line| Some((*line, *instances.get(line)?))).collect();
                let is_dated = claim.record.mtime_ms.is_some();
                let is_again = |own: &Snapshot| {
                    let newer = newer.get(own.root.as_str()).into_iter().flatten();
                    let mut newer = newer.take(Limits::DEFAULT.compared_max);
                    is_dated && newer.any(|newer| comes_again(own, newer))
                };
                let again: BTreeSet<LineId> =
                    own.iter().filter(|(_, own)| is_again(own)).map(|(line, _)| *line).collect();
                came.extend(holds.iter().copied());
                let is_whole = self.is_whole(claim);
                if is_whole && !own.is_empty() && again.len() == own.len() {
                    superseded.sources.insert(*id);
                    superseded
                        .notes
                        .insert(note(&claim.record, "what it was later took its place"));
                    // What came again in a third one came again in this one.
                    shown.extend(own.into_values());
                    continue;
                }
                if is_dated && !newer.is_empty() {
                    let what = if own.is_empty() {
                        "it showed no instance then, so that nothing shows whether it is the same upload; leave the older facts out if it is"
                    } else {
                        "its instances that are not in the newer one are kept"
                    };
                    superseded.notes.insert(note(&claim.record, what));
                }
                kept.extend(holds.difference(&again).copied());
                if is_whole {
                    shown.extend(own.into_values());
                }
            }
            for snapshot in shown {
                newer.entry(&snapshot.root).or_default().push(snapshot);
            }
        }
        superseded.lines.extend(came.difference(&kept));
    }

    fn is_whole(&self, claim: &Claim) -> bool {
        let holds = claim.holds.as_ref();
        holds.is_some_and(|holds| holds.iter().all(|id| self.lines.contains_key(id)))
    }
}

/// Returns `true` if one instance is shown again by a later state of what lies under its root. Without a Sling id, that is so where the later
/// one shows the same role and all of the keys.
pub(crate) fn comes_again(own: &Snapshot, later: &Snapshot) -> bool {
    let id = |snapshot: &Snapshot| snapshot.sling_id.as_ref().map(|id| id.uuid.clone());
    let is_same = own.root == later.root;
    if let Some(own) = id(own) {
        return is_same && id(later) == Some(own);
    }
    let labels = own.label.as_ref().zip(later.label.as_ref());
    let modes = |snapshot: &Snapshot| {
        snapshot.storage_files.iter().map(|file| file.storage).collect::<Vec<_>>()
    };
    let later_modes = modes(later);
    is_same
        && labels.is_none_or(|(own, later)| own == later)
        && own.role().is_none_or(|role| later.role() == Some(role))
        && keys(own).is_subset(&keys(later))
        && modes(own).iter().all(|mode| later_modes.contains(mode))
}

fn keys(snapshot: &Snapshot) -> BTreeSet<(KeyName, Digest)> {
    snapshot.named_keys().map(|(name, key)| (name, key.whole)).collect()
}

fn note(record: &SourceRecord, what: &str) -> Gap {
    let was = match record.bytes {
        Some(1) => "when it had 1 byte".to_owned(),
        Some(bytes) => format!("when it had {bytes} bytes"),
        None => "at another time".to_owned(),
    };
    let reason = format!("was read before, {was}; {what}");
    Gap { source: record.name.clone(), path: None, kind: GapKind::Repeated, reason }
}
