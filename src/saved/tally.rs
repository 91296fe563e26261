//! Whether all lines came that belong together.
//!
//! Lines name each other: a source its instances and gaps, the end of a run its sources. What follows from that depends on the set
//! of lines alone, not on their order, on how often they came, or on the files they came in.

use super::whole::{InstanceKey, Whole};
use super::{End, GapRef, Ledger, LineId, SourceRef};
use crate::facts::{Gap, GapKind, RunRecord, SourceRecord, spoken};
use std::collections::{BTreeMap, BTreeSet};

/// What came, and what was named.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The lines of sources, as they came.
    pub(super) sources: BTreeMap<LineId, Claim>,
    /// The lines of instances and gaps as they came, and the same as they would be written now.
    pub(super) lines: BTreeMap<LineId, LineId>,
    /// Sources that runs name.
    pub(super) runs: BTreeSet<SourceRef>,
    /// Gaps that runs name.
    gaps: BTreeSet<GapRef>,
    /// What runs say of themselves.
    pub(super) records: BTreeSet<RunRecord>,
    /// Lines that the end of an older version counts.
    counted: BTreeSet<LineId>,
}

/// What the line of a source says.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) record: SourceRecord,
    pub(super) holds: Option<BTreeSet<LineId>>,
    /// The file it came in; of several, the first in order.
    file: String,
}

/// The result.
#[derive(Debug, Default)]
pub(super) struct Closed {
    pub(super) ledger: Ledger,
    /// What is missing, by source.
    pub(super) missing: BTreeMap<String, String>,
    /// Sources that no run names, by the file they came in.
    pub(super) open: BTreeMap<String, Open>,
    /// Gaps that are named and did not come.
    pub(super) gaps: Vec<GapRef>,
}

/// Sources of a file that no run names: nothing says whether they are all of their run.
#[derive(Debug, Default)]
pub(super) struct Open {
    sources: BTreeSet<String>,
    /// One of them is of an older version.
    is_old: bool,
}

/// Instances and gaps that came, of one source: their lines, and how many are instances.
#[derive(Debug, Default)]
struct Held {
    lines: BTreeSet<LineId>,
    instances: BTreeSet<LineId>,
    hides: bool,
}

impl Tally {
    /// Takes the line of a source.
    pub(super) fn source(
        &mut self,
        record: SourceRecord,
        holds: Option<BTreeSet<LineId>>,
        id: LineId,
        file: &str,
    ) {
        let file = file.to_owned();
        let claim = self.sources.entry(id).or_insert(Claim { record, holds, file: file.clone() });
        if file < claim.file {
            claim.file = file;
        }
    }

    /// Takes the line of an instance or gap, and what it would be if it were written now.
    pub(super) fn line(&mut self, id: LineId, now: LineId) {
        self.lines.insert(id, now);
    }

    /// Changes what lines would be if they were written now.
    pub(super) fn rename(&mut self, names: &BTreeMap<LineId, LineId>) {
        for now in self.lines.values_mut() {
            *now = names.get(now).copied().unwrap_or(*now);
        }
    }

    /// Takes the end of a run.
    pub(super) fn end(&mut self, end: End) {
        self.runs.extend(end.sources.into_iter().flatten());
        self.gaps.extend(end.gaps);
        self.records.extend(end.runs);
    }

    /// Takes lines that the end of an older version counts as those of its run.
    pub(super) fn count(&mut self, lines: &[LineId]) {
        for id in lines {
            match self.sources.get(id) {
                Some(Claim { record, .. }) => {
                    let (name, container) = (record.name.clone(), record.container.clone());
                    self.runs.insert(SourceRef { name, container, id: *id });
                }
                None => {
                    self.counted.insert(*id);
                }
            }
        }
    }

    /// Says what is missing of all that came.
    pub(super) fn close(
        &self,
        instances: &BTreeMap<InstanceKey, Whole>,
        gaps: &BTreeMap<Gap, LineId>,
    ) -> Closed {
        let (mut closed, held) = (Closed::default(), held(instances, gaps));
        for run in &self.records {
            closed.ledger.add_run(run.clone());
        }
        for run in &self.runs {
            if !self.sources.contains_key(&run.id) {
                let reason = "facts of it are missing; the run that read it names it".to_owned();
                closed.missing.insert(run.name.clone(), reason);
                closed.ledger.miss(run.clone());
            }
        }
        let mut claimed = self.claim(&held, &mut closed);
        for gap in &self.gaps {
            let id = self.now(gap.id);
            claimed.insert(id);
            closed.ledger.name_gap(GapRef { id, ..gap.clone() });
            if !self.lines.contains_key(&gap.id) {
                closed.gaps.push(gap.clone());
            }
        }
        for (source, held) in held {
            if !held.lines.is_subset(&claimed) {
                let reason = "the line that says which of its facts belong together is missing";
                closed.missing.entry(source.to_owned()).or_insert(reason.to_owned());
            }
        }
        for ((source, ..), _) in instances.iter().filter(|(_, whole)| whole.is_unresolved()) {
            let reason = "a line of bundles of its instance is missing";
            closed.missing.entry(source.clone()).or_insert(reason.to_owned());
        }
        closed
    }

    /// Takes the sources into the ledger; returns the lines that belong to them.
    fn claim(&self, held: &BTreeMap<&str, Held>, closed: &mut Closed) -> BTreeSet<LineId> {
        let named: BTreeSet<LineId> = self.runs.iter().map(|run| run.id).collect();
        let counted: BTreeSet<LineId> = self.counted.iter().map(|id| self.now(*id)).collect();
        let (mut claimed, none) = (BTreeSet::new(), Held::default());
        for (id, claim) in &self.sources {
            let Claim { record, holds, file } = claim;
            let came = held.get(record.name.as_str()).unwrap_or(&none);
            let mut is_named = named.contains(id);
            let holds = match holds {
                Some(lines) => {
                    if let Some(reason) = self.lost(claim, lines, came) {
                        closed.missing.entry(record.name.clone()).or_insert(reason);
                    }
                    Some(lines.iter().map(|id| self.now(*id)).collect())
                }
                None => counted_lines(record, came, &counted).filter(|_| is_named),
            };
            is_named &= holds.is_some();
            // Of an older version it is open as it is; that none of its lines is claimed would say it again.
            claimed.extend(holds.as_ref().unwrap_or(&came.lines).iter().copied());
            if !is_named {
                let open = closed.open.entry(file.clone()).or_default();
                open.sources.insert(record.name.clone());
                open.is_old |= holds.is_none();
            }
            closed.ledger.add(record.clone(), holds, is_named);
        }
        claimed
    }

    /// Returns what a line would be if it were written now; as it was named where it did not come.
    pub(super) fn now(&self, id: LineId) -> LineId {
        self.lines.get(&id).copied().unwrap_or(id)
    }

    /// Says which lines of a source are missing.
    fn lost(&self, claim: &Claim, lines: &BTreeSet<LineId>, came: &Held) -> Option<String> {
        let (here, lost): (Vec<LineId>, Vec<LineId>) =
            lines.iter().partition(|id| self.lines.contains_key(id));
        if lost.is_empty() {
            return None;
        }
        let instances =
            here.into_iter().filter(|id| came.instances.contains(&self.now(*id))).count();
        let all = claim.record.instances;
        Some(match all.saturating_sub(instances) {
            0 => "a line that says what was not read of it is missing".to_owned(),
            _ if all == 1 => "the facts of its instance are missing".to_owned(),
            missing => format!("the facts of {missing} of its {all} instances are missing"),
        })
    }
}

/// Returns the lines of a source of an older version, where as many came as its own line says.
fn counted_lines(
    record: &SourceRecord,
    came: &Held,
    counted: &BTreeSet<LineId>,
) -> Option<BTreeSet<LineId>> {
    let instances = came.instances.intersection(counted).count();
    let is_whole = instances >= record.instances && (record.complete || came.hides);
    is_whole.then(|| came.lines.intersection(counted).copied().collect())
}

fn held<'f>(
    instances: &'f BTreeMap<InstanceKey, Whole>,
    gaps: &'f BTreeMap<Gap, LineId>,
) -> BTreeMap<&'f str, Held> {
    let mut held: BTreeMap<&str, Held> = BTreeMap::new();
    for (source, _, id) in instances.keys() {
        let held = held.entry(source).or_default();
        held.lines.insert(*id);
        held.instances.insert(*id);
    }
    for (gap, id) in gaps {
        let held = held.entry(&gap.source).or_default();
        held.lines.insert(*id);
        held.hides |= gap.kind.hides();
    }
    held
}

impl Closed {
    /// Returns what is missing as gaps, each with the sources that it concerns where it does not name its source. `ends` says of files
    /// that they end where they should not.
    pub(super) fn holes(
        &self,
        ends: &BTreeMap<String, String>,
    ) -> Vec<(Gap, Option<BTreeSet<String>>)> {
        let gap = |source: &str, reason: String| {
            let (source, path) = (source.to_owned(), None);
            Gap { source, path, kind: GapKind::FactsMissing, reason }
        };
        let missing = self.missing.iter().map(|(source, why)| (gap(source, why.clone()), None));
        let open = self.open.iter().map(|(file, open)| {
            (gap(file, open.reason(ends.get(file))), Some(open.sources.clone()))
        });
        let gaps = self.gaps.iter().map(|named| {
            let reason = "a line that says what was not read is missing".to_owned();
            (gap(&named.source, reason), named.reach.clone())
        });
        missing.chain(open).chain(gaps).collect()
    }
}

impl Open {
    /// Says why sources may be missing beside these. `end` says how the file ends.
    fn reason(&self, end: Option<&String>) -> String {
        let first = self.sources.first().map_or("", |source| spoken(source));
        let sources = match self.sources.len().saturating_sub(1) {
            0 => first.to_owned(),
            more => format!("{first} and {more} more"),
        };
        let end = end.map(|end| format!("{end}: ")).unwrap_or_default();
        let why = if self.is_old {
            "its facts are of an older version and not as they were written"
        } else {
            "the line that ends the run is missing"
        };
        format!("{end}{why}; sources may be missing beside {sources}")
    }
}
