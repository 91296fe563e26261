//! `aemtrix scan`: the pipeline from sources to reports.

use super::args::Scan;
use super::finish::Prepared;
use super::progress::Bar;
use super::{Exit, complain};
use crate::examine::{Examined, examine};
use crate::facts::GapKind;
use crate::intake::{
    Choice, Discovered, NoWatch, Origin, Source, Watch, discover_chosen, operands_in,
};
use crate::report::counted;
use anyhow::{Context, anyhow, bail};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::thread::available_parallelism;

/// Scans the sources and writes the reports.
pub(super) fn run(scan: &Scan) -> Exit {
    run_or_fail(scan).unwrap_or_else(|error| complain(&format!("{error:#}")))
}

fn run_or_fail(scan: &Scan) -> anyhow::Result<Exit> {
    // `-` is no file.
    let list = scan.files_from.as_deref().filter(|list| *list != Path::new("-"));
    let prepared = Prepared::new(&scan.output, &scan.judging, list)?;
    let Discovered { mut sources, notes } = discovered(scan)?;
    match (&scan.name, sources.as_mut_slice()) {
        (None, _) => {}
        (Some(name), [source]) => source.label = Some(name.clone()),
        (Some(_), _) => bail!("--name needs exactly one source; use NAME=SOURCE for several"),
    }
    if sources.is_empty() {
        let missing = notes.iter().filter(|note| note.kind == GapKind::Missing);
        let said: Vec<_> = missing.map(|gap| format!("{}: {}", gap.source, gap.reason)).collect();
        if !said.is_empty() {
            bail!("{}", said.join("; "));
        }
    }
    prepared.check_apart(&sources)?;
    let mut examined = examined(scan, &sources);
    examined.gaps.extend(notes);
    let Examined { snapshots, sources, gaps } = examined;
    let report = prepared.report(snapshots, sources, gaps, &BTreeMap::new())?;
    Ok(prepared.finish(report))
}

/// Finds the sources: those named, and those in the file of `--files-from`.
fn discovered(scan: &Scan) -> anyhow::Result<Discovered> {
    let choice = Choice::new(&scan.include, &scan.exclude).map_err(|problem| anyhow!(problem))?;
    let mut operands = scan.sources.clone();
    if let Some(list) = &scan.files_from {
        let listed = operands_in(list, scan.null);
        operands.extend(listed.with_context(|| list.display().to_string())?);
    }
    operands.iter().try_for_each(|operand| check_name(operand))?;
    let discovered = discover_chosen(&operands, &choice);
    let reads_stdin = discovered.sources.iter().any(|source| source.origin == Origin::Stdin);
    if reads_stdin && scan.files_from.as_deref() == Some(Path::new("-")) {
        bail!("standard input cannot be both the list of sources and a source");
    }
    if operands.is_empty() {
        bail!("the list of sources is empty");
    }
    Ok(discovered)
}

/// Refuses a source with nothing before or behind its `=`, unless a file has that very name.
fn check_name(operand: &OsStr) -> anyhow::Result<()> {
    let split = operand.to_str().and_then(|text| text.split_once('='));
    let name = split.map(|(name, _)| name);
    if split.is_some_and(|(_, source)| source.is_empty()) && !Path::new(operand).exists() {
        let operand = operand.to_string_lossy();
        bail!("{operand}: no path after `{operand}`; give NAME=SOURCE");
    }
    if name.is_some_and(|name| name.trim().is_empty()) && !Path::new(operand).exists() {
        let operand = operand.to_string_lossy();
        bail!(
            "{operand}: the name before `=` is empty; give NAME=SOURCE, or ./{operand} for a file of that name"
        );
    }
    Ok(())
}

fn examined(scan: &Scan, sources: &[Source]) -> Examined {
    let limits = scan.reading.limits();
    let threads =
        scan.reading.threads.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
    let bytes = sources.iter().map(Source::stored_bytes).fold(0, u64::saturating_add);
    let bar = Bar::new(bytes, !scan.output.no_progress && !scan.output.quiet);
    let watch: &dyn Watch = bar.as_ref().map_or(&NoWatch, |bar| bar);
    let examined = examine(sources, &limits, threads, watch);
    if let Some(bar) = &bar {
        bar.clear();
    }
    for record in &examined.sources {
        log::info!(
            "{}: {} (entries: {}), {}",
            record.name,
            if record.container.is_empty() { "unknown" } else { &record.container },
            record.entries,
            counted(record.instances, "instance")
        );
    }
    examined
}
