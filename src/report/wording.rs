//! Words that several formats share.

use super::{Report, counted, excused};
use crate::farm::{Cell, CellState};
use crate::rules::{Judged, Severity};

/// Returns the text of a cell, in brackets where it is no value, so that "absent" is no word that was read: `[…]` what was looked
/// for, `(…)` what was not seen.
pub(super) fn marked(cell: &Cell, text: &str) -> String {
    match cell.state {
        CellState::Value => text.to_owned(),
        CellState::Absent | CellState::Unreadable => format!("[{text}]"),
        CellState::NotInSnapshot | CellState::NotApplicable => format!("({text})"),
    }
}

/// Counts what a verdict rests on: `3 instances from 3 sources, 3 errors, 0 warnings, 0 notes`.
pub(super) fn basis(judged: &Judged, report: &Report) -> String {
    let count = |severity: Severity| counted(judged.count(severity), severity.label());
    let left_out = match judged.left_out {
        0 => String::new(),
        hidden => format!(
            " ({} left out by --select, --ignore, --min-severity or the policy)",
            counted(hidden, "finding")
        ),
    };
    format!(
        "{} from {}, {}, {}, {}{}{left_out}",
        counted(judged.farm.members.len(), "instance"),
        counted(report.sources.len(), "source"),
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Note),
        excused(judged.suppressed(), judged.known()),
    )
}
