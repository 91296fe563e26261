//! `aemtrix report`: saved facts, merged, judged again and reported.

use super::args::Saved;
use super::{Exit, complain, finish};
use crate::facts::GapKind;
use crate::farm::farms;
use crate::intake::{Line, Source, facts_files, read_lines};
use crate::limits::Limits;
use crate::report::Report;
use crate::saved::Merge;

/// Reads the files of facts and writes the reports.
pub(super) fn run(saved: &Saved) -> Exit {
    let files = facts_files(&saved.files);
    let checked = finish::check_formats(&saved.output)
        .and_then(|()| finish::check_apart(&saved.output, &files));
    if let Err(error) = checked {
        return complain(&format!("{error:#}"));
    }
    let limits = Limits::default();
    let mut merge = Merge::default();
    for file in &files {
        read(file, &limits, &mut merge);
    }
    let merged = merge.finish();
    let (selection, screen) = (saved.judging.selection(), saved.output.screen());
    let farms = farms(merged.snapshots);
    let report = Report::new(farms, merged.sources, merged.gaps, &selection, screen);
    finish::finish(&report, &saved.output, &saved.judging)
}

fn read(file: &Source, limits: &Limits, merge: &mut Merge) {
    merge.begin(&file.name);
    let mut visit = |line: Line<'_>| {
        match line {
            Line::Whole(bytes) => merge.whole(bytes),
            Line::Cut(bytes) => merge.cut(bytes),
            Line::TooLong => merge.too_long(),
        }
        merge.bad_lines() < limits.bad_lines_max
    };
    match read_lines(file, limits, &mut visit) {
        Err(error) => merge.lost(GapKind::Unreadable, &error.to_string()),
        Ok(()) if merge.bad_lines() >= limits.bad_lines_max => {
            merge.lost(
                GapKind::OverLimit,
                "has too many lines that are no facts; the rest was not read",
            );
        }
        Ok(()) => merge.end(),
    }
}
