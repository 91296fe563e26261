//! Files of saved facts, read into what is merged.

use crate::facts::GapKind;
use crate::intake::{Line, Source, read_lines};
use crate::limits::Limits;
use crate::saved::{Merge, ReadLine};
use rayon::prelude::*;

/// Reads a file of facts into what is merged.
pub(super) fn read_facts(file: &Source, limits: &Limits, merge: &mut Merge) {
    merge.begin(&file.name);
    // While lines are parsed, on all cores, those before them are taken, one after the other.
    let mut parsed = Vec::new();
    let read = read_lines(file, limits, &mut |lines| {
        let before = std::mem::take(&mut parsed);
        let parse = || lines.par_iter().map(parse).collect();
        let (next, goes_on) = rayon::join(parse, || take(before, limits, merge));
        parsed = next;
        goes_on
    });
    let goes_on = take(parsed, limits, merge);
    match read {
        Err((kind, reason)) => merge.lost(kind, &reason),
        Ok(()) if goes_on || merge.is_other_file() => merge.end(),
        Ok(()) => merge.lost(
            GapKind::OverLimit,
            "has too many lines that are no facts; the rest was not read",
        ),
    }
}

fn parse(line: &Line<'_>) -> ReadLine {
    match line {
        Line::Whole(bytes) => ReadLine::whole(bytes),
        Line::Cut(bytes) => ReadLine::cut(bytes),
        Line::TooLong => ReadLine::too_long(),
    }
}

/// Takes lines; returns whether more of the file is to be read.
fn take(lines: Vec<ReadLine>, limits: &Limits, merge: &mut Merge) -> bool {
    let goes_on =
        |merge: &Merge| merge.bad_lines() < limits.bad_lines_max && !merge.is_other_file();
    for line in lines {
        if !goes_on(merge) {
            break;
        }
        merge.take(line);
    }
    goes_on(merge)
}
