//! Lines that are no facts, and what they are instead.

use super::SCHEMA;
use crate::facts::GapKind;
use serde_json::error::Category;

/// What is wrong with a line. There is no word of the line in it: anything may have been named as a file of facts.
#[derive(Debug)]
pub(super) struct BadLine {
    pub(super) kind: GapKind,
    pub(super) reason: String,
    /// The file is cut in it.
    pub(super) is_cut: bool,
    /// What it shows the whole text to be, and what to do.
    pub(super) whole: Option<String>,
}

/// Bad lines in a row. They are one fault: a report of 300 lines is not 300 of them.
#[derive(Debug)]
pub(super) struct BadLines {
    line: u64,
    first: BadLine,
    more: u64,
}

impl BadLine {
    pub(super) fn new(kind: GapKind, reason: &str) -> Self {
        Self { kind, reason: reason.to_owned(), is_cut: false, whole: None }
    }

    fn malformed(error: &serde_json::Error) -> Self {
        let is_cut = error.classify() == Category::Eof;
        Self { is_cut, ..Self::new(GapKind::Malformed, &problem(error)) }
    }
}

impl BadLines {
    pub(super) fn new(line: u64, first: BadLine) -> Self {
        Self { line, first, more: 0 }
    }

    pub(super) fn push(&mut self, next: BadLine) {
        self.more = self.more.saturating_add(1);
        self.first.whole = self.first.whole.take().or(next.whole);
    }

    /// Returns `true` if they are known to be another kind of file.
    pub(super) fn is_other_file(&self) -> bool {
        self.first.whole.is_some()
    }

    /// Says what is wrong: with the file where there is nothing else in it, else with the lines.
    pub(super) fn reason(self, alone: bool) -> (GapKind, String) {
        let Self { line, first, more } = self;
        let behind = match more {
            0 => String::new(),
            1 => "; so is the next line".to_owned(),
            more => format!("; so are the next {more} lines"),
        };
        match first.whole {
            Some(whole) if alone => (GapKind::Unsupported, whole),
            Some(whole) => (GapKind::Unsupported, format!("line {line}: {whole}")),
            None => (first.kind, format!("line {line}: {}{behind}", first.reason)),
        }
    }
}

/// Says why a line is none that can be read.
pub(super) fn malformed(error: &serde_json::Error) -> BadLine {
    BadLine::malformed(error)
}

/// Says of a line that it is of another version.
pub(super) fn other_version() -> BadLine {
    let reason = format!("is of another version than {SCHEMA} and older ones, which are read here");
    BadLine::new(GapKind::Unsupported, &reason)
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

/// What people name in place of facts, by the start of its schema.
const OTHERS: [(&str, &str); 2] = [
    ("aemtrix.report/", "is a report, not saved facts"),
    ("aemtrix.baseline/", "is a baseline, not saved facts; it goes with --baseline"),
];

/// How other outputs begin, a SARIF in its second line.
const OTHER_STARTS: [(&[u8], &str); 4] = [
    (b"<", "is a page or XML, not saved facts"),
    (b"farm,instance,", "is a table, not saved facts"),
    (b"farm,severity,", "is a table of findings, not saved facts"),
    (b"\"$schema\"", "is a SARIF report, not saved facts"),
];

/// Bytes in which a binary file shows that it is one: those of a header of tar.
const BINARY_BYTES: usize = 512;

/// Says what a line shows its file to be.
pub(super) fn other_file(bytes: &[u8]) -> Option<String> {
    let facts = "name the file that `aemtrix scan -o FACTS.ndjson` wrote";
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        let why = "is UTF-16 text, as `>` of Windows PowerShell writes it";
        return Some(format!("{why}; {facts}"));
    }
    if bytes.iter().take(BINARY_BYTES).any(|byte| *byte == 0) || bytes.starts_with(b"PK\x03\x04") {
        return Some(
            "is no text, as saved facts are; to examine an upload: `aemtrix scan`".to_owned(),
        );
    }
    let text = bytes.trim_ascii_start();
    if let Some((_, what)) = OTHER_STARTS.iter().find(|(start, _)| text.starts_with(start)) {
        return Some(format!("{what}; {facts}"));
    }
    let schema = schema_of(bytes)?;
    let (_, what) = OTHERS.iter().find(|(start, _)| schema.starts_with(start.as_bytes()))?;
    Some(format!("{what}; {facts}"))
}

/// Returns what follows `"schema": "` at the start of a line: `aemtrix` writes that field first, of a report in a line of its own.
fn schema_of(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.trim_ascii_start();
    let rest = rest.strip_prefix(b"{").unwrap_or(rest).trim_ascii_start();
    let rest = rest.strip_prefix(b"\"schema\"")?.trim_ascii_start();
    rest.strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")
}
