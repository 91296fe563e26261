//! Lines of any number of files, merged.
//!
//! Merging is associative, commutative and idempotent: what is the same twice counts once. Where one source was read at two times and
//! differs, both are kept, and the rules say that one instance came twice.

use super::bad_lines::{BadLine, BadLines};
use super::line::{Content, Fact, ReadLine};
use super::tally::Tally;
use super::{End, GapRef, Ledger, LineId, SavedLine};
use crate::facts::{Gap, GapKind, Snapshot, SourceRecord};
use std::collections::{BTreeMap, BTreeSet};

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
    /// By source, root and line; the name is the least that was given.
    snapshots: BTreeMap<(String, String, LineId), Snapshot>,
    gaps: BTreeMap<Gap, LineId>,
    tally: Tally,
    /// The files before this one, by name.
    files: BTreeMap<String, Seen>,
    file: File,
}

/// What is known of a file.
#[derive(Debug, Default)]
struct Seen {
    /// The sources that its lines name.
    sources: BTreeSet<String>,
    /// What is wrong with it.
    faults: Vec<(GapKind, String)>,
    /// It, or a run in it, ends where it should not.
    ends: Option<String>,
}

/// The file being read.
#[derive(Debug, Default)]
struct File {
    name: String,
    seen: Seen,
    /// Lines so far.
    line: u64,
    /// Its lines since the last that ends a run; `None` for one that is no fact.
    run: Vec<Option<LineId>>,
    /// Lines that are facts.
    facts: u64,
    /// Lines that are no facts.
    bad: usize,
    /// The last of these, in a row.
    bad_lines: Option<BadLines>,
}

impl Merge {
    /// Begins a file.
    pub fn begin(&mut self, file: &str) {
        self.file = File { name: file.to_owned(), ..File::default() };
    }

    /// Takes the next line.
    pub fn take(&mut self, line: ReadLine) {
        let before = self.file.line;
        let Content::Cut = line.content else {
            self.file.line = before.saturating_add(1);
            return match line.content {
                Content::Fact(fact, id) => self.fact(*fact, id),
                Content::Bad(bad) => self.file.bad(bad),
                Content::Blank | Content::Cut => {}
            };
        };
        self.file.ends(format!("is cut after line {before}"));
    }

    /// Takes note that the rest of the file is not read.
    pub fn lost(&mut self, kind: GapKind, reason: &str) {
        self.file.seen.faults.push((kind, reason.to_owned()));
        self.close();
    }

    /// Returns how many lines of the file were no facts.
    pub fn bad_lines(&self) -> usize {
        self.file.bad
    }

    /// Returns `true` if the file is known to be of another kind; then nothing in it is a fact.
    pub fn is_other_file(&self) -> bool {
        self.file.facts == 0 && self.file.bad_lines.as_ref().is_some_and(BadLines::is_other_file)
    }

    /// Ends the file.
    pub fn end(&mut self) {
        if self.file.line == 0 && self.file.seen.ends.is_none() {
            let reason = "is empty; a file of facts has lines".to_owned();
            self.file.seen.faults.push((GapKind::EmptyFile, reason));
        }
        self.close();
    }

    fn close(&mut self) {
        let alone = self.file.facts == 0;
        self.file.flush(alone);
        let File { name, seen, .. } = std::mem::take(&mut self.file);
        let known = self.files.entry(name).or_default();
        known.sources.extend(seen.sources);
        known.faults.extend(seen.faults);
        known.ends = known.ends.take().or(seen.ends);
    }

    /// Returns everything, in an order that depends on content alone.
    pub fn finish(self) -> Saved {
        let closed = self.tally.close(&self.snapshots, &self.gaps);
        let ends =
            self.files.iter().filter_map(|(name, seen)| Some((name.clone(), seen.ends.clone()?)));
        let mut holes = closed.holes(&ends.collect());
        let mut ledger = closed.ledger;
        let mut gaps: BTreeSet<Gap> = self.gaps.keys().cloned().collect();
        let mut reach = saved_reach(&self.gaps, &ledger);
        for (name, seen) in self.files {
            let is_open = closed.open.contains_key(&name);
            for gap in faults(&name, &seen, is_open) {
                let id = LineId::of(&SavedLine::gap(&gap));
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
        let snapshots = self.snapshots.into_values();
        Saved {
            snapshots: snapshots.map(|snapshot| (snapshot.label.clone(), snapshot)).collect(),
            sources,
            gaps: gaps.into_iter().collect(),
            reach,
            ledger,
        }
    }

    fn fact(&mut self, fact: Fact, id: LineId) {
        let file = &mut self.file;
        file.flush(false);
        file.facts = file.facts.saturating_add(1);
        match fact {
            Fact::Source(record, holds) => {
                file.take(&record.name, id);
                self.tally.source(record, holds, id, &file.name);
            }
            Fact::Instance(snapshot, now) => {
                file.take(&snapshot.source, id);
                self.tally.line(id, now);
                self.add(snapshot, now);
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
        let run = std::mem::take(&mut self.file.run);
        let count = usize::try_from(end.lines).unwrap_or(usize::MAX);
        if let Some(sources) = &end.sources {
            for source in sources {
                self.file.name(&source.name);
            }
        } else if let Some(start) = run.len().checked_sub(count) {
            let counted: Vec<LineId> = run.iter().skip(start).copied().flatten().collect();
            self.tally.count(&counted);
        } else {
            let (line, lines) = (self.file.line, run.len());
            self.file
                .ends(format!("line {line}: {count} lines should stand before it, and {lines} do"));
        }
        self.tally.end(end);
    }

    fn add(&mut self, mut snapshot: Snapshot, id: LineId) {
        let (label, trials) = (snapshot.label.take(), std::mem::take(&mut snapshot.trials));
        let key = (snapshot.source.clone(), snapshot.root.clone(), id);
        let known = self.snapshots.entry(key).or_insert(snapshot);
        known.trials.extend(trials);
        // A name beats none, and of two the first in order; else the order of files would show.
        known.label = match (known.label.take(), label) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

impl File {
    /// Takes a line about a source.
    fn take(&mut self, source: &str, id: LineId) {
        self.name(source);
        self.run.push(Some(id));
    }

    fn name(&mut self, source: &str) {
        if !self.seen.sources.contains(source) {
            self.seen.sources.insert(source.to_owned());
        }
    }

    /// Takes note of the first place where it ends and should not.
    fn ends(&mut self, how: String) {
        self.seen.ends.get_or_insert(how);
    }

    fn bad(&mut self, bad: BadLine) {
        self.bad = self.bad.saturating_add(1);
        self.run.push(None);
        match &mut self.bad_lines {
            Some(lines) => lines.push(bad),
            none => *none = Some(BadLines::new(self.line, bad)),
        }
    }

    /// Ends a row of bad lines. They may be alone in the file.
    fn flush(&mut self, alone: bool) {
        if let Some(lines) = self.bad_lines.take() {
            self.seen.faults.push(lines.reason(alone));
        }
    }
}

/// Returns what is wrong with a file as gaps. Where it ends too early is said with what is open, if anything is.
fn faults(name: &str, seen: &Seen, is_open: bool) -> Vec<Gap> {
    let ends = seen.ends.iter().filter(|_| !is_open);
    let ends = ends.map(|how| (GapKind::Partial, how.clone()));
    let gap = |(kind, reason)| Gap { source: name.to_owned(), path: None, kind, reason };
    seen.faults.iter().cloned().chain(ends).map(gap).collect()
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
