//! Which lines belong together, to be written with them.

use super::{End, GapRef, LineId, SavedLine, SourceRef};
use crate::facts::{Gap, Snapshot, SourceRecord};
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
}

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
    /// Returns that of a run which wrote all of this itself.
    pub fn of_run<'f>(
        sources: &[SourceRecord],
        snapshots: impl Iterator<Item = &'f Snapshot>,
        gaps: impl Iterator<Item = &'f Gap>,
    ) -> Self {
        let names: BTreeSet<&str> = sources.iter().map(|record| record.name.as_str()).collect();
        let mut ledger = Self::default();
        let mut lines: BTreeMap<&str, BTreeSet<LineId>> = BTreeMap::new();
        for snapshot in snapshots {
            let id = LineId::of(&SavedLine::instance(snapshot));
            lines.entry(&snapshot.source).or_default().insert(id);
        }
        for gap in gaps {
            let id = LineId::of(&SavedLine::gap(gap));
            if names.contains(gap.source.as_str()) {
                lines.entry(&gap.source).or_default().insert(id);
            } else {
                ledger.name_gap(GapRef { source: gap.source.clone(), id, reach: None });
            }
        }
        for record in sources {
            let holds = lines.get(record.name.as_str()).cloned().unwrap_or_default();
            ledger.add(record.clone(), Some(holds), true);
        }
        ledger
    }

    /// Adds a source. Read from several files, it is named when one of them names it.
    pub(super) fn add(
        &mut self,
        record: SourceRecord,
        holds: Option<BTreeSet<LineId>>,
        named: bool,
    ) {
        let id = LineId::of(&SavedLine::source(&record, holds.as_ref()));
        let key = (record.name.clone(), id);
        let entry = self.sources.entry(key).or_insert(Entry { record, holds, named });
        entry.named |= named;
    }

    /// Adds a source that a run names, and whose line is missing.
    pub(super) fn miss(&mut self, source: SourceRef) {
        self.missing.insert(source);
    }

    /// Adds a gap that a run names.
    pub(super) fn name_gap(&mut self, gap: GapRef) {
        self.gaps.insert(gap);
    }

    /// Returns the records of all sources, sorted by name; of those whose line is missing, what is known.
    pub(super) fn records(&self) -> Vec<SourceRecord> {
        let known: BTreeSet<&str> = self.sources.keys().map(|(name, _)| name.as_str()).collect();
        let unknown = self.missing.iter().filter(|source| !known.contains(source.name.as_str()));
        let unknown = unknown.map(|source| SourceRecord {
            name: source.name.clone(),
            container: source.container.clone(),
            entries: 0,
            instances: 0,
            complete: false,
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

    /// Returns the lines of the sources.
    pub fn sources(&self) -> impl Iterator<Item = SavedLine<'_>> {
        self.sources.values().map(|entry| SavedLine::source(&entry.record, entry.holds.as_ref()))
    }

    /// Returns the end of a run that wrote so many lines before. It names what was named, there or not, and nothing else: what was
    /// open stays open.
    pub fn end(&self, lines: u64) -> End {
        let named = self.sources.iter().filter(|(_, entry)| entry.named);
        let named = named.map(|((name, id), entry)| SourceRef {
            name: name.clone(),
            container: entry.record.container.clone(),
            id: *id,
        });
        let sources = named.chain(self.missing.iter().cloned()).collect();
        End { lines, sources: Some(sources), gaps: self.gaps.clone() }
    }
}
