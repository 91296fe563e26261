//! `aemtrix scan`: the pipeline from sources to reports.

use super::args::Scan;
use super::finish::Prepared;
use super::progress::Bar;
use super::{Exit, complain};
use crate::examine::{Examined, examine};
use crate::facts::GapKind;
use crate::intake::{
    Choice, Discovered, NoWatch, Origin, Source, Watch, discover_chosen, is_any_there, operands_in,
};
use crate::limits::Limits;
use crate::report::counted;
use anyhow::{Context, anyhow, bail};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
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
        let mut said: Vec<_> =
            missing.map(|gap| format!("{}: {}", gap.source, gap.reason)).collect();
        if !said.is_empty() {
            let more = said.len().saturating_sub(Limits::DEFAULT.listed_max);
            said.truncate(Limits::DEFAULT.listed_max);
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            bail!("{}{more}", said.join("; "));
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
    for operand in &operands {
        check_name(operand)
            .map_err(|problem| anyhow!("{}: {problem}", operand.to_string_lossy()))?;
    }
    if let Some(list) = &scan.files_from {
        operands.extend(listed(list, scan.null)?);
    }
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

/// Returns the sources in a list. One that names nothing which is there may be any file, perhaps a key: no word of it is shown.
fn listed(list: &Path, nul: bool) -> anyhow::Result<Vec<OsString>> {
    let named = || list.display().to_string();
    let listed = operands_in(list, nul).with_context(named)?;
    for (line, operand) in &listed {
        check_name(operand)
            .map_err(|problem| anyhow!("{}: line {line}: {problem}", list.display()))?;
    }
    let first = listed.first().map(|(line, _)| *line);
    let operands: Vec<OsString> = listed.into_iter().map(|(_, operand)| operand).collect();
    if let Some(line) = first.filter(|_| !is_any_there(&operands)) {
        let lines = counted(operands.len(), "source");
        bail!(
            "{}: names {lines}, the first on line {line}, and none of them is there; paths are those from the working directory",
            list.display()
        );
    }
    Ok(operands)
}

/// Refuses a source with nothing before or behind its `=`, unless a file has that very name.
fn check_name(operand: &OsStr) -> Result<(), &'static str> {
    let split = operand.to_str().and_then(|text| text.split_once('='));
    let Some((name, source)) = split else { return Ok(()) };
    let is_wrong = source.is_empty() || name.trim().is_empty();
    if !is_wrong || Path::new(operand).exists() {
        return Ok(());
    }
    Err(if source.is_empty() {
        "no path after `=`; give NAME=SOURCE"
    } else {
        "the name before `=` is empty; give NAME=SOURCE, or ./ before a file of that name"
    })
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
