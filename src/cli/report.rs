//! `aemtrix report`: saved facts, merged, judged again and reported.

use super::args::Saved;
use super::finish::Prepared;
use super::{Exit, complain};
use crate::facts::GapKind;
use crate::intake::{Line, Source, facts_files, read_lines};
use crate::limits::Limits;
use crate::report::Report;
use crate::saved::Merge;

/// Reads the files of facts and writes the reports.
pub(super) fn run(saved: &Saved) -> Exit {
    run_or_fail(saved).unwrap_or_else(|error| complain(&format!("{error:#}")))
}

fn run_or_fail(saved: &Saved) -> anyhow::Result<Exit> {
    let prepared = Prepared::new(&saved.output, &saved.judging, None)?;
    let files = facts_files(&saved.facts);
    prepared.check_apart(&files)?;
    let limits = Limits::default();
    let mut merge = Merge::default();
    for file in &files {
        read(file, &limits, &mut merge);
    }
    let merged = merge.finish();
    let report = prepared.report(merged.snapshots, merged.sources, merged.gaps, &merged.reach)?;
    Ok(prepared.finish(Report { ledger: Some(merged.ledger), ..report }))
}

fn read(file: &Source, limits: &Limits, merge: &mut Merge) {
    merge.begin(&file.name);
    let mut visit = |line: Line<'_>| {
        match line {
            Line::Whole(bytes) => merge.whole(bytes),
            Line::Cut(bytes) => merge.cut(bytes),
            Line::TooLong => merge.too_long(),
        }
        merge.bad_lines() < limits.bad_lines_max && !merge.is_other_file()
    };
    match read_lines(file, limits, &mut visit) {
        Err(error) => merge.lost(GapKind::Unreadable, &error.to_string()),
        Ok(()) if merge.bad_lines() >= limits.bad_lines_max && !merge.is_other_file() => {
            merge.lost(
                GapKind::OverLimit,
                "has too many lines that are no facts; the rest was not read",
            );
        }
        Ok(()) => merge.end(),
    }
}
