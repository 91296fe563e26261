//! `report --partitioned`: files that hold all facts of their farms, one after the other, so that no more than one is in memory.

use super::args::{ExitZero, Saved};
use super::finish::Prepared;
use super::read_facts::read_facts;
use super::{Exit, output, tell};
use crate::intake::Source;
use crate::limits::Limits;
use crate::report::{Format, Report, RunOutcome, counted};
use crate::request::ReadFacts;
use crate::saved::{Merge, Saved as Merged};
use anyhow::bail;
use std::collections::BTreeMap;

/// Formats of which one farm after the other is the same as all at once.
const FORMATS: [&str; 3] = ["summary", "csv", "findings"];

/// What was judged so far.
#[derive(Default)]
struct Sum {
    /// The farms, each with the file that its facts came in.
    farms: BTreeMap<String, String>,
    instances: usize,
    is_open: bool,
    is_found: bool,
}

/// Judges the farms of each file and writes them.
///
/// # Errors
///
/// Fails on options that need all farms at once, on a farm in two files, and where standard output cannot take what is written.
pub(super) fn run(
    saved: &Saved,
    prepared: &Prepared<'_>,
    files: &[Source],
) -> anyhow::Result<Exit> {
    let format = checked(saved)?;
    let mut sum = Sum::default();
    let mut trouble = None;
    output::to_stdout(|out| {
        for (index, file) in files.iter().enumerate() {
            let text = judged(saved, prepared, file, &mut sum).and_then(|report| {
                let mut text = Vec::new();
                (format.write)(&report, &mut text)?;
                Ok(text)
            });
            match text {
                Ok(text) => out.write_all(without_head(&text, format, index == 0))?,
                Err(error) => {
                    trouble = Some(error);
                    break;
                }
            }
        }
        out.flush()
    })?;
    if let Some(error) = trouble {
        return Err(error);
    }
    if !saved.output.quiet {
        let farms = counted(sum.farms.len(), "farm");
        let open = if sum.is_open { "; evidence incomplete" } else { "" };
        tell(&format!("{farms}, {}{open}", counted(sum.instances, "instance")));
    }
    Ok(match saved.judging.exit_zero {
        Some(ExitZero::All) => Exit::Clean,
        _ if sum.is_open => Exit::Trouble,
        _ if sum.is_found => Exit::Findings,
        _ => Exit::Clean,
    })
}

/// Returns the format, where the options allow one farm after the other.
fn checked(saved: &Saved) -> anyhow::Result<&'static Format> {
    let (output, judging) = (&saved.output, &saved.judging);
    let whole = [&judging.policy, &judging.baseline, &judging.write_baseline, &output.template];
    if whole.into_iter().any(Option::is_some) || !output.files.is_empty() || output.wide {
        bail!(
            "--partitioned writes to standard output alone, without --policy, --baseline, --write-baseline, --template, --wide and -o"
        );
    }
    match output::format(&output.format).filter(|format| FORMATS.contains(&format.name)) {
        Some(format) => Ok(format),
        None => bail!("--partitioned needs one of the formats {}", FORMATS.join(", ")),
    }
}

fn judged(
    saved: &Saved,
    prepared: &Prepared<'_>,
    file: &Source,
    sum: &mut Sum,
) -> anyhow::Result<Report> {
    let mut merge = Merge::default();
    if saved.keep_all {
        merge = merge.keeping_all();
    }
    read_facts(file, &Limits::default(), &mut merge);
    let merged = merge.finish();
    let runs = merged.ledger.runs().clone();
    let Merged { snapshots, sources, gaps, reach, .. } = merged;
    let report = prepared.report(ReadFacts { snapshots, sources, gaps, reach, runs })?;
    sum.instances = sum.instances.saturating_add(report.instances());
    match report.outcome() {
        RunOutcome::Clean => {}
        RunOutcome::Findings => sum.is_found = true,
        RunOutcome::Open => sum.is_open = true,
    }
    for judged in &report.farms {
        let name = judged.farm.name.clone();
        if let Some(other) = sum.farms.insert(name, file.name.clone()) {
            let (name, file) = (&judged.farm.name, &file.name);
            bail!(
                "the farm {name} is in {other} and in {file}; --partitioned needs all facts of a farm in one file"
            );
        }
    }
    Ok(report)
}

/// Leaves out the head of CSV where it was written before.
fn without_head<'t>(text: &'t [u8], format: &Format, is_first: bool) -> &'t [u8] {
    let has_head = format.name != "summary" && !is_first;
    let end = text.iter().position(|byte| *byte == b'\n').filter(|_| has_head);
    end.and_then(|end| text.get(end.saturating_add(1)..)).unwrap_or(text)
}
