//! `aemtrix report`: saved facts, merged, judged again and reported.

use super::args::Saved;
use super::finish::Prepared;
use super::read_facts::read_facts;
use super::{Exit, complain, partitioned};
use crate::intake::{facts_files, operands_in};
use crate::limits::Limits;
use crate::request::ReadFacts;
use crate::saved::{Merge, Saved as Merged};
use anyhow::{Context, bail};
use std::ffi::OsString;
use std::path::Path;

/// Reads the files of facts and writes the reports.
pub(super) fn run(saved: &Saved) -> Exit {
    run_or_fail(saved).unwrap_or_else(|error| complain(&format!("{error:#}")))
}

fn run_or_fail(saved: &Saved) -> anyhow::Result<Exit> {
    let list = saved.files_from.as_deref().filter(|list| *list != Path::new("-"));
    let mut prepared = Prepared::new(&saved.output, &saved.judging, list)?;
    prepared.tell_again();
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
    let runs = merged.ledger.runs().clone();
    let ledger = Some(merged.ledger);
    let Merged { snapshots, sources, gaps, reach, .. } = merged;
    prepared.run(ReadFacts { snapshots, sources, gaps, reach, runs }, ledger)
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
