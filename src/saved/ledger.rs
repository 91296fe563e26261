//! Which lines belong together, to be written with them.

use super::shelf::Shelf;
use super::wire::SavedBundles;
use super::{End, GapRef, LineId, SavedLine, SourceRef};
use crate::facts::{Gap, RunRecord, Snapshot, SourceRecord};
use std::collections::{BTreeMap, BTreeSet};

/// The sources with the lines that belong to each, and what runs name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// By name and line. One source has several where it was read at several times and differs.
    sources: BTreeMap<(String, LineId), Entry>,
    /// Sources that a run names, and whose line is missing.
    missing: BTreeSet<SourceRef>,
    /// Gaps that runs name, there or not.
    gaps: BTreeSet<GapRef>,
    /// What runs say of themselves.
    runs: BTreeSet<RunRecord>,
    /// Lines that instances share.
    pub(super) shelf: Shelf,
    /// Instances of which a line of bundles is missing.
    pub(super) unresolved: Vec<(Snapshot, SavedBundles)>,
}

/// Sources, and runs, that one line at the end of a run names. The end of a run of 100,000 is no line of 15 MB.
const SOURCES_PER_END: usize = 1000;

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    record: SourceRecord,
    /// Its lines, there or not; `None` where that is not known.
    holds: Option<BTreeSet<LineId>>,
    /// A run names it.
    named: bool,
}

impl Ledger {
    /// Adds a source. Read from several files, it is named when one of them names it.
    pub(super) fn add(
        &mut self,
        record: SourceRecord,
        holds: Option<BTreeSet<LineId>>,
        named: bool,
    ) {
        let (id, _) = SavedLine::source(&record, holds.as_ref()).part();
        let key = (record.name.clone(), id);
        let entry = self.sources.entry(key).or_insert(Entry { record, holds, named });
        entry.named |= named;
    }

    /// Adds a source that a run names, and whose line is missing.
    pub(super) fn miss(&mut self, source: SourceRef) {
        self.missing.insert(source);
    }

    /// Names gaps that were found beside the sources, such as those of operands that name nothing.
    pub fn name_gaps(&mut self, gaps: &[Gap]) {
        for gap in gaps {
            let (id, _) = SavedLine::gap(gap).part();
            self.name_gap(GapRef { source: gap.source.clone(), id, reach: None });
        }
    }

    /// Adds a gap that a run names.
    pub(super) fn name_gap(&mut self, gap: GapRef) {
        self.gaps.insert(gap);
    }

    /// Adds what a run says of itself.
    pub fn add_run(&mut self, run: RunRecord) {
        self.runs.insert(run);
    }

    /// Returns what runs say of themselves.
    pub fn runs(&self) -> &BTreeSet<RunRecord> {
        &self.runs
    }

    /// Returns the records of all sources, sorted by name; of those whose line is missing, what is known.
    pub(super) fn records(&self) -> Vec<SourceRecord> {
        let known: BTreeSet<&str> = self.sources.keys().map(|(name, _)| name.as_str()).collect();
        let unknown = self.missing.iter().filter(|source| !known.contains(source.name.as_str()));
        let unknown = unknown.map(|source| SourceRecord {
            name: source.name.clone(),
            container: source.container.clone(),
            ..SourceRecord::default()
        });
        let read = self.sources.values().map(|entry| entry.record.clone());
        // One that was read twice and says the same of itself is shown once.
        let by_text = |record: SourceRecord| {
            let text = serde_json::to_string(&record).unwrap_or_default();
            ((record.name.clone(), text), record)
        };
        let records: BTreeMap<_, _> = read.chain(unknown).map(by_text).collect();
        records.into_values().collect()
    }

    /// Returns the gaps that say which sources they concern.
    pub(super) fn reach(&self) -> impl Iterator<Item = (LineId, &BTreeSet<String>)> {
        self.gaps.iter().filter_map(|gap| Some((gap.id, gap.reach.as_ref()?)))
    }

    /// Returns the lines of the sources with their names.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, SavedLine<'_>)> {
        self.sources.iter().map(|((name, _), entry)| {
            (name.as_str(), SavedLine::source(&entry.record, entry.holds.as_ref()))
        })
    }

    /// Returns the end of the run. It names what was named, there or not, and nothing else: what was open stays open.
    pub(super) fn ends(&self) -> Vec<End> {
        let named = self.sources.iter().filter(|(_, entry)| entry.named);
        let named = named.map(|((name, id), entry)| SourceRef {
            name: name.clone(),
            container: entry.record.container.clone(),
            id: *id,
        });
        let sources: BTreeSet<SourceRef> = named.chain(self.missing.iter().cloned()).collect();
        let mut sources = sources.into_iter().peekable();
        let mut gaps = self.gaps.clone();
        let mut runs = self.runs.iter().cloned().peekable();
        let mut ends = Vec::new();
        // A run of no source has an end as well: without
        // one it would look like a file that was cut.
        while ends.is_empty() || sources.peek().is_some() || runs.peek().is_some() {
            let sources = Some(sources.by_ref().take(SOURCES_PER_END).collect());
            let runs = runs.by_ref().take(SOURCES_PER_END).collect();
            ends.push(End { lines: None, sources, gaps: std::mem::take(&mut gaps), runs });
        }
        ends
    }
}
