//! Files of saved facts, read into what takes their lines.

use crate::facts::GapKind;
use crate::intake::{Line, Source, read_lines};
use crate::limits::Limits;
use crate::saved::{ReadLine, TakeLines};
use rayon::prelude::*;

/// Reads a file of facts into what takes its lines.
pub(super) fn read_facts<T: TakeLines + Send>(file: &Source, limits: &Limits, taker: &mut T) {
    read_facts_and(file, limits, taker, &mut |_| {});
}

/// Reads a file of facts into what takes its lines; `then` comes after some of them.
pub(super) fn read_facts_and<T: TakeLines + Send>(
    file: &Source,
    limits: &Limits,
    taker: &mut T,
    then: &mut dyn FnMut(&mut T),
) {
    taker.files().begin(&file.name);
    // While lines are parsed, on all cores, those before them are taken, one after the other.
    let mut parsed = Vec::new();
    let read = read_lines(file, limits, &mut |lines| {
        let before = std::mem::take(&mut parsed);
        let parse = || lines.par_iter().map(parse).collect();
        let (next, goes_on) = rayon::join(parse, || take(before, limits, taker));
        parsed = next;
        then(taker);
        goes_on
    });
    let goes_on = take(parsed, limits, taker);
    let files = taker.files();
    match read {
        Err((kind, reason)) => files.lost(kind, &reason),
        Ok(()) if goes_on || files.is_other_file() => files.end(),
        Ok(()) => files.lost(
            GapKind::OverLimit,
            "has too many lines that are no facts; the rest was not read",
        ),
    }
    then(taker);
}

fn parse(line: &Line<'_>) -> ReadLine {
    match line {
        Line::Whole(bytes) => ReadLine::whole(bytes),
        Line::Cut(bytes) => ReadLine::cut(bytes),
        Line::TooLong => ReadLine::too_long(),
    }
}

/// Takes lines; returns whether more of the file is to be read.
fn take(lines: Vec<ReadLine>, limits: &Limits, taker: &mut impl TakeLines) -> bool {
    let goes_on = |taker: &mut dyn TakeLines| {
        let files = taker.files();
        files.bad_lines() < limits.bad_lines_max && !files.is_other_file()
    };
    for line in lines {
        if !goes_on(taker) {
            break;
        }
        taker.take(line);
    }
    goes_on(taker)
}
