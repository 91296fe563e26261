//! `aemtrix report`: saved facts, merged, judged again and reported.

use super::args::Saved;
use super::finish::Prepared;
use super::{Exit, complain, partitioned};
use crate::facts::GapKind;
use crate::intake::{Line, Source, facts_files, operands_in, read_lines};
use crate::limits::Limits;
use crate::report::Report;
use crate::request::ReadFacts;
use crate::saved::{Merge, ReadLine, Saved as Merged};
use anyhow::{Context, bail};
use rayon::prelude::*;
use std::ffi::OsString;
use std::path::Path;

/// Reads the files of facts and writes the reports.
pub(super) fn run(saved: &Saved) -> Exit {
    run_or_fail(saved).unwrap_or_else(|error| complain(&format!("{error:#}")))
}

fn run_or_fail(saved: &Saved) -> anyhow::Result<Exit> {
    let list = saved.files_from.as_deref().filter(|list| *list != Path::new("-"));
    let prepared = Prepared::new(&saved.output, &saved.judging, list)?;
    let files = facts_files(&named(saved)?);
    prepared.check_apart(&files)?;
    if saved.partitioned {
        return partitioned::run(saved, &prepared, &files);
    }
    let limits = Limits::default();
    let mut merge = Merge::default();
    if saved.keep_all {
        merge = merge.keeping_all();
    }
    for file in &files {
        read_facts(file, &limits, &mut merge);
    }
    let merged = merge.finish();
    let ledger = Some(merged.ledger);
    let Merged { snapshots, sources, gaps, reach, .. } = merged;
    let report = prepared.report(ReadFacts { snapshots, sources, gaps, reach })?;
    Ok(prepared.finish(Report { ledger, ..report }))
}

/// Returns the operands, and those in the file of `--files-from`.
fn named(saved: &Saved) -> anyhow::Result<Vec<OsString>> {
    let mut operands = saved.facts.clone();
    if let Some(list) = &saved.files_from {
        if list == Path::new("-") && operands.iter().any(|operand| operand == "-") {
            bail!("standard input cannot be both the list of files and one of them");
        }
        let listed = operands_in(list, saved.null).with_context(|| list.display().to_string())?;
        operands.extend(listed.into_iter().map(|(_, operand)| operand));
    }
    if operands.is_empty() {
        bail!("the list of files is empty");
    }
    Ok(operands)
}

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
