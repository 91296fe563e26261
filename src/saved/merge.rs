//! Lines of any number of files, merged.
//!
//! Merging is associative, commutative and idempotent: what is the same twice counts once. Where one source was read at two times and
//! differs, both are kept, and the rules say that one instance came twice.

use super::SCHEMA;
use super::wire::{Head, SavedLine};
use crate::facts::{Gap, GapKind, Snapshot, SourceRecord};
use serde_json::error::Category;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that came, as if it had been read by one run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// One snapshot an instance and source, with the name that the user gave its source.
    pub snapshots: Vec<(Option<String>, Snapshot)>,
    /// One record a source, sorted by name.
    pub sources: Vec<SourceRecord>,
    /// All gaps, those of the files of facts among them.
    pub gaps: Vec<Gap>,
}

/// Takes lines, one file after the other.
#[derive(Debug, Default)]
pub struct Merge {
    /// By source, root and all they say; the name is the least that was given.
    snapshots: BTreeMap<(String, String, String), Snapshot>,
    /// By name and all they say.
    sources: BTreeMap<(String, String), SourceRecord>,
    gaps: BTreeSet<Gap>,
    /// The file being read.
    file: String,
    /// Lines of it so far.
    line: u64,
    /// Lines since the last that closes a run.
    open: u64,
    /// Lines of it that are no facts.
    bad: usize,
}

impl Merge {
    /// Begins a file.
    pub fn begin(&mut self, file: &str) {
        file.clone_into(&mut self.file);
        (self.line, self.open, self.bad) = (0, 0, 0);
    }

    /// Takes a whole line.
    pub fn whole(&mut self, bytes: &[u8]) {
        self.line = self.line.saturating_add(1);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        match read(bytes) {
            Ok(line) => self.take(line),
            Err((kind, reason)) => self.bad_line(kind, &reason),
        }
    }

    /// Takes note of a line that is longer than any line of facts.
    pub fn too_long(&mut self) {
        self.line = self.line.saturating_add(1);
        self.bad_line(GapKind::TooLarge, "is longer than any line of facts; it was not read");
    }

    /// Takes the start of a line in which the file ends. What lacks its line end alone is whole.
    pub fn cut(&mut self, bytes: &[u8]) {
        if let Ok(line) = read(bytes) {
            self.line = self.line.saturating_add(1);
            return self.take(line);
        }
        self.open = self.open.saturating_add(1);
    }

    /// Takes note that the rest of the file is not read.
    pub fn lost(&mut self, kind: GapKind, reason: &str) {
        self.gap(kind, reason.to_owned());
    }

    /// Returns how many lines of the file were no facts.
    pub fn bad_lines(&self) -> usize {
        self.bad
    }

    /// Ends the file: what is not closed was cut.
    pub fn end(&mut self) {
        if self.line == 0 && self.open == 0 {
            self.gap(GapKind::EmptyFile, "is empty; a file of facts has lines".to_owned());
        } else if self.open > 0 {
            let lines = self.line;
            let reason = format!("was cut: behind line {lines} the line that closes it is missing");
            self.gap(GapKind::Partial, reason);
        }
    }

    /// Returns everything, in an order that depends on content alone.
    pub fn finish(self) -> Saved {
        let snapshots = self.snapshots.into_values();
        Saved {
            snapshots: snapshots.map(|snapshot| (snapshot.label.clone(), snapshot)).collect(),
            sources: self.sources.into_values().collect(),
            gaps: self.gaps.into_iter().collect(),
        }
    }

    fn take(&mut self, line: SavedLine<'_>) {
        self.open = self.open.saturating_add(1);
        if let Some(record) = line.source {
            let text = serde_json::to_string(&record).unwrap_or_default();
            self.sources.insert((record.name.clone(), text), record.into_owned());
        }
        if let Some(snapshot) = line.instance {
            self.add(snapshot.into_owned());
        }
        if let Some(gap) = line.gap {
            let mut gap = gap.into_owned();
            gap.keep_shapes();
            self.gaps.insert(gap);
        }
        if let Some(end) = line.end {
            let lines = self.open.saturating_sub(1);
            if end.lines > lines.saturating_add(u64::try_from(self.bad).unwrap_or(u64::MAX)) {
                let reason = format!(
                    "line {}: {} lines should stand before it, and {lines} do",
                    self.line, end.lines
                );
                self.gap(GapKind::Partial, reason);
            }
            self.open = 0;
        }
    }

    fn add(&mut self, mut snapshot: Snapshot) {
        snapshot.keep_shapes();
        let label = snapshot.label.take();
        let text = serde_json::to_string(&snapshot).unwrap_or_default();
        let key = (snapshot.source.clone(), snapshot.root.clone(), text);
        let known = self.snapshots.entry(key).or_insert(snapshot);
        // A name beats none, and of two the first in order; else the order of files would show.
        known.label = match (known.label.take(), label) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    fn bad_line(&mut self, kind: GapKind, reason: &str) {
        self.open = self.open.saturating_add(1);
        self.bad = self.bad.saturating_add(1);
        self.gap(kind, format!("line {}: {reason}", self.line));
    }

    fn gap(&mut self, kind: GapKind, reason: String) {
        self.gaps.insert(Gap { source: self.file.clone(), path: None, kind, reason });
    }
}

/// Reads a line, or says what is wrong with it without a word of it: anything may have been named as a file of facts.
fn read(bytes: &[u8]) -> Result<SavedLine<'static>, (GapKind, String)> {
    let malformed = |error: &serde_json::Error| (GapKind::Malformed, problem(error));
    let head: Head = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    if head.schema != SCHEMA {
        let reason = format!("is of another version than {SCHEMA}, the one that is read here");
        return Err((GapKind::Unsupported, reason));
    }
    let line: SavedLine<'static> =
        serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    let parts =
        [line.source.is_some(), line.instance.is_some(), line.gap.is_some(), line.end.is_some()];
    if parts.into_iter().filter(|part| *part).count() != 1 {
        let reason = "holds none of source, instance, gap and end, or several".to_owned();
        return Err((GapKind::Malformed, reason));
    }
    Ok(line)
}

fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // These messages name fields of the schema, never a value of the line.
    let known = ["missing field", "duplicate field"].iter().any(|start| text.starts_with(start));
    let what = match error.classify() {
        Category::Data if known => text.split(" at line").next().unwrap_or_default().to_owned(),
        Category::Data => "a value is not of the kind that belongs there".to_owned(),
        Category::Eof => "it ends too early".to_owned(),
        Category::Syntax | Category::Io => "it is no JSON".to_owned(),
    };
    format!("is no fact: at byte {} {what}", error.column())
}

#[cfg(test)]
mod tests;
