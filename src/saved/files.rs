//! Files of facts: which came, and what is wrong with each.

use super::LineId;
use super::bad_lines::{BadLine, BadLines};
use super::fact::Fact;
use super::line::{Content, ReadLine};
use crate::facts::{Gap, GapKind};
use std::collections::{BTreeMap, BTreeSet};

/// Takes the lines of files, one file after the other.
pub trait TakeLines {
    /// Takes the next line.
    fn take(&mut self, line: ReadLine);

    /// Returns the files.
    fn files(&mut self) -> &mut Files;
}

/// The files that came, and the one being read.
#[derive(Debug, Default)]
pub struct Files {
    /// The files before this one, by name.
    pub(super) seen: BTreeMap<String, Seen>,
    pub(super) file: File,
}

/// What is known of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The sources that its lines name.
    pub(super) sources: BTreeSet<String>,
    /// What is wrong with it.
    pub(super) faults: Vec<(GapKind, String)>,
    /// It, or a run in it, ends where it should not.
    pub(super) ends: Option<String>,
}

/// The file being read.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) name: String,
    seen: Seen,
    /// Lines so far.
    pub(super) line: u64,
    /// Its lines since the last that ends a run; `None` for one that is no fact.
    pub(super) run: Vec<Option<LineId>>,
    /// Lines that are facts.
    facts: u64,
    /// Lines that are no facts.
    bad: usize,
    /// The last of these, in a row.
    bad_lines: Option<BadLines>,
}

impl Files {
    /// Begins a file.
    pub fn begin(&mut self, file: &str) {
        self.file = File { name: file.to_owned(), ..File::default() };
    }

    /// Takes note of the next line, and returns the fact in it.
    pub(super) fn fact_in(&mut self, line: ReadLine) -> Option<(Fact, LineId)> {
        let file = &mut self.file;
        let before = file.line;
        if !matches!(line.content, Content::Cut) {
            file.line = before.saturating_add(1);
        }
        match line.content {
            Content::Fact(fact, id) => {
                file.flush(false);
                file.facts = file.facts.saturating_add(1);
                return Some((*fact, id));
            }
            Content::Bad(bad) => file.bad(bad),
            Content::Blank => {}
            Content::Cut => file.ends(format!("is cut after line {before}")),
        }
        None
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

    /// Returns the name of the file being read, and what is known of it so far.
    pub(super) fn being_read(&self) -> (&String, &Seen) {
        (&self.file.name, &self.file.seen)
    }

    /// Forgets what lines said so far, and goes on reading.
    pub(super) fn forget(&mut self) {
        self.seen.clear();
        self.file.seen = Seen::default();
        self.file.run.clear();
    }

    fn close(&mut self) {
        let alone = self.file.facts == 0;
        self.file.flush(alone);
        let File { name, seen, .. } = std::mem::take(&mut self.file);
        let known = self.seen.entry(name).or_default();
        known.sources.extend(seen.sources);
        known.faults.extend(seen.faults);
        known.ends = known.ends.take().or(seen.ends);
    }
}

impl File {
    /// Takes a line about a source.
    pub(super) fn take(&mut self, source: &str, id: LineId) {
        self.name(source);
        self.run.push(Some(id));
    }

    pub(super) fn name(&mut self, source: &str) {
        if !self.seen.sources.contains(source) {
            self.seen.sources.insert(source.to_owned());
        }
    }

    /// Takes note of the first place where it ends and should not.
    pub(super) fn ends(&mut self, how: String) {
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
pub(super) fn faults(name: &str, seen: &Seen, is_open: bool) -> Vec<Gap> {
    let ends = seen.ends.iter().filter(|_| !is_open);
    let ends = ends.map(|how| (GapKind::Partial, how.clone()));
    let gap = |(kind, reason)| Gap { source: name.to_owned(), path: None, kind, reason };
    seen.faults.iter().cloned().chain(ends).map(gap).collect()
}
