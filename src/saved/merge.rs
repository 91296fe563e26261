//! Lines of any number of files, merged.
//!
//! Merging is associative, commutative and idempotent: what is the same twice counts once. Where one source was read at two times and
//! differs, of each instance the state that was written last is kept, where that is known and all of it came; else all are.

use super::fact::{Fact, Instance};
use super::files::{Files, TakeLines, faults};
use super::known_keys::KnownKeys;
use super::line::ReadLine;
use super::shelf::Shelf;
use super::tally::Tally;
use super::whole::{InstanceKey, Whole};
use super::{End, GapRef, Ledger, LineId, SavedLine};
use crate::facts::{Gap, GapKind, HIDDEN_KEY, RunRecord, Snapshot, SourceRecord};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that came, as if it had been read by one run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// One snapshot an instance and source, with the name that the user gave its source.
    pub snapshots: Vec<(Option<String>, Snapshot)>,
    /// One record a source, sorted by name.
    pub sources: Vec<SourceRecord>,
    /// All gaps: those that were saved, those of the files, and what is missing among the lines.
    pub gaps: Vec<Gap>,
    /// The sources that a gap concerns, where that is not the one it names; any when empty.
    pub reach: BTreeMap<Gap, BTreeSet<String>>,
    /// Which lines belong together, for saving them again.
    pub ledger: Ledger,
}

/// Takes lines, one file after the other.
#[derive(Debug, Default)]
pub struct Merge {
    instances: BTreeMap<InstanceKey, Whole>,
    pub(super) shelf: Shelf,
    gaps: BTreeMap<Gap, LineId>,
    pub(super) tally: Tally,
    /// Keep what a newer upload of the same name takes the place of.
    keeps_all: bool,
    /// The keys of all instances, where more come than these.
    pub(super) keys: Option<Arc<KnownKeys>>,
    pub(super) files: Files,
}

impl Merge {
    /// Makes one that keeps every upload of a name, not the newest alone.
    #[must_use]
    pub fn keeping_all(self) -> Self {
        Self { keeps_all: true, ..self }
    }

    /// Begins a file.
    pub fn begin(&mut self, file: &str) {
        self.files.begin(file);
    }

    /// Takes the next line.
    pub fn take(&mut self, line: ReadLine) {
        if let Some((fact, id)) = self.files.fact_in(line) {
            self.fact(fact, id);
        }
    }

    /// Takes note that the rest of the file is not read.
    pub fn lost(&mut self, kind: GapKind, reason: &str) {
        self.files.lost(kind, reason);
    }

    /// Ends the file.
    pub fn end(&mut self) {
        self.files.end();
    }

    /// Returns everything, in an order that depends on content alone.
    pub fn finish(mut self) -> Saved {
        let mut saved = self.finish_part();
        self.shelf.close();
        saved.ledger.shelf = self.shelf;
        saved
    }

    /// Returns everything but the lines of bundles, which what comes next may need as well.
    pub(super) fn finish_part(&mut self) -> Saved {
        let notes = self.supersede();
        // Before bundles are found, since a line in which a text is hidden is known by something else.
        self.hide_keys();
        self.find_bundles();
        let closed = std::mem::take(&mut self.tally).close(&self.instances, &self.gaps);
        let files = std::mem::take(&mut self.files.seen);
        let ends = files.iter().filter_map(|(name, seen)| Some((name.clone(), seen.ends.clone()?)));
        let mut holes = closed.holes(&ends.collect());
        let mut ledger = closed.ledger;
        let came = std::mem::take(&mut self.gaps);
        let mut gaps: BTreeSet<Gap> = came.keys().cloned().collect();
        for note in notes {
            let (id, _) = SavedLine::gap(&note).part();
            ledger.name_gap(GapRef { source: note.source.clone(), id, reach: None });
            gaps.insert(note);
        }
        let mut reach = saved_reach(&came, &ledger);
        for (name, seen) in files {
            let is_open = closed.open.contains_key(&name);
            for gap in faults(&name, &seen, is_open) {
                let (id, _) = SavedLine::gap(&gap).part();
                let sources = seen.sources.clone();
                ledger.name_gap(GapRef { source: name.clone(), id, reach: Some(sources.clone()) });
                holes.push((gap, Some(sources)));
            }
        }
        for (gap, concerns) in holes {
            reach.extend(concerns.map(|sources| (gap.clone(), sources)));
            gaps.insert(gap);
        }
        let mut sources = ledger.records();
        for record in &mut sources {
            record.complete &= !closed.missing.contains_key(&record.name);
        }
        let mut snapshots = Vec::with_capacity(self.instances.len());
        for Whole { snapshot, bundles } in std::mem::take(&mut self.instances).into_values() {
            match bundles {
                None => snapshots.push((snapshot.label.clone(), *snapshot)),
                Some(bundles) => ledger.unresolved.push((*snapshot, bundles)),
            }
        }
        Saved { snapshots, sources, gaps: gaps.into_iter().collect(), reach, ledger }
    }

    /// Leaves out instances that came again in newer uploads, and uploads of which nothing else is left; returns what is to be said of them.
    fn supersede(&mut self) -> BTreeSet<Gap> {
        if self.keeps_all {
            return BTreeSet::new();
        }
        let superseded = self.tally.keep_newest(&self.instances);
        if !superseded.lines.is_empty() {
            self.instances.retain(|(.., id), _| !superseded.lines.contains(id));
            self.gaps.retain(|_, id| !superseded.lines.contains(id));
        }
        superseded.notes
    }

    /// Hides texts that hold a key of any instance: whoever read one source alone did not know the keys of others.
    fn hide_keys(&mut self) {
        let snapshots = self.instances.values().map(|whole| &*whole.snapshot);
        let keys = match &self.keys {
            Some(keys) => Arc::clone(keys),
            None => Arc::new(KnownKeys::of(snapshots.flat_map(Snapshot::all_keys))),
        };
        if keys.is_empty() {
            return;
        }
        let holds_key = |text: &str| keys.are_in(text);
        self.shelf.hide_keys(&keys);
        self.change_instances(&mut |whole| {
            let own = whole.bundles.iter_mut().flat_map(|bundles| &mut bundles.own);
            let hidden = own.map(|bundle| bundle.hide_keys(&holds_key)).fold(false, |a, b| a | b);
            whole.snapshot.hide_keys(holds_key) || hidden
        });
        let mut names = BTreeMap::new();
        for (mut gap, id) in std::mem::take(&mut self.gaps) {
            let now = if gap.hide_keys(holds_key) { SavedLine::gap(&gap).part().0 } else { id };
            if now != id {
                names.insert(id, now);
            }
            self.gaps.insert(gap, now);
        }
        self.tally.rename(&names);
        let hidden = |mut run: RunRecord| {
            run.hide(HIDDEN_KEY, &holds_key);
            run
        };
        self.tally.records =
            std::mem::take(&mut self.tally.records).into_iter().map(hidden).collect();
    }

    /// Puts the bundles of every instance together.
    fn find_bundles(&mut self) {
        let mut lines = std::mem::take(&mut self.shelf);
        // What is kept of a line of bundles may be less than it says: then the instance is another line, too.
        self.change_instances(&mut |whole| {
            whole.bundles.as_mut().is_some_and(|found| lines.rename(found))
        });
        for whole in self.instances.values_mut() {
            if let Some(bundles) = whole.bundles.as_ref().and_then(|found| lines.bundles(found)) {
                (whole.snapshot.bundles, whole.bundles) = (bundles, None);
            }
        }
        self.shelf = lines;
    }

    /// Changes instances before their bundles are found. Those of which `change` says that it did are other lines then.
    fn change_instances(&mut self, change: &mut dyn FnMut(&mut Whole) -> bool) {
        let mut names = BTreeMap::new();
        let is_other = |(.., id): &InstanceKey, whole: &mut Whole| {
            let is_changed = change(whole);
            let Some(bundles) = whole.bundles.as_ref().filter(|_| is_changed) else { return false };
            names.insert(*id, SavedLine::instance(&whole.snapshot, bundles).part().0);
            true
        };
        let changed: Vec<_> = self.instances.extract_if(.., is_other).collect();
        for ((source, root, id), whole) in changed {
            let now = names.get(&id).copied().unwrap_or(id);
            self.keep((source, root, now), whole);
        }
        if !names.is_empty() {
            self.tally.rename(&names);
        }
    }

    pub(super) fn fact(&mut self, fact: Fact, id: LineId) {
        let file = &mut self.files.file;
        match fact {
            Fact::Source(record, holds) => {
                file.take(&record.name, id);
                self.tally.source(record, holds, id, &file.name);
            }
            Fact::Instance(instance) => {
                file.take(&instance.snapshot.source, id);
                self.tally.line(id, instance.now);
                self.add(instance);
            }
            Fact::Shared(shared, now) => {
                file.run.push(Some(id));
                self.shelf.take(id, shared, now);
            }
            Fact::Gap(gap, now) => {
                file.take(&gap.source, id);
                self.tally.line(id, now);
                self.gaps.insert(gap, now);
            }
            Fact::End(end) => self.end_run(end),
        }
    }

    /// Ends a run. In facts of older versions its lines are those before: only so many are known.
    fn end_run(&mut self, end: End) {
        let file = &mut self.files.file;
        let run = std::mem::take(&mut file.run);
        let count = usize::try_from(end.lines.unwrap_or_default()).unwrap_or(usize::MAX);
        if let Some(sources) = &end.sources {
            for source in sources {
                file.name(&source.name);
            }
        } else if let Some(start) = run.len().checked_sub(count) {
            let counted: Vec<LineId> = run.iter().skip(start).copied().flatten().collect();
            self.tally.count(&counted);
        } else {
            let (line, lines) = (file.line, run.len());
            file.ends(format!("line {line}: {count} lines should stand before it, and {lines} do"));
        }
        self.tally.end(end);
    }

    fn add(&mut self, instance: Instance) {
        let Instance { snapshot, bundles, shared, now } = instance;
        for (id, shared) in shared {
            self.shelf.take(id, shared, id);
        }
        let key = (snapshot.source.clone(), snapshot.root.clone(), now);
        self.keep(key, Whole { snapshot: Box::new(snapshot), bundles: Some(bundles) });
    }

    /// Keeps an instance, once, with what was said of it beside its line: its name, and what its secrets were tried with.
    fn keep(&mut self, key: InstanceKey, mut whole: Whole) {
        let label = whole.snapshot.label.take();
        let trials = std::mem::take(&mut whole.snapshot.trials);
        let known = &mut self.instances.entry(key).or_insert(whole).snapshot;
        known.trials.extend(trials);
        // The least are kept, in whatever order they came.
        while known.trials.len() > Limits::DEFAULT.secret_runs_max {
            known.trials.pop_last();
        }
        // A name beats none, and of two the first in order; else the order of files would show.
        known.label = match (known.label.take(), label) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

impl TakeLines for Merge {
    fn take(&mut self, line: ReadLine) {
        Self::take(self, line);
    }

    fn files(&mut self) -> &mut Files {
        &mut self.files
    }
}

/// Returns the sources that saved gaps concern. Where two runs say so, it is those of both, and any where one says any.
fn saved_reach(gaps: &BTreeMap<Gap, LineId>, ledger: &Ledger) -> BTreeMap<Gap, BTreeSet<String>> {
    let mut by_line: BTreeMap<LineId, BTreeSet<String>> = BTreeMap::new();
    for (id, sources) in ledger.reach() {
        let known = by_line.entry(id).or_insert_with(|| sources.clone());
        if known.is_empty() || sources.is_empty() {
            known.clear();
        } else {
            known.extend(sources.iter().cloned());
        }
    }
    gaps.iter().filter_map(|(gap, id)| Some((gap.clone(), by_line.get(id)?.clone()))).collect()
}

#[cfg(test)]
mod tests;
