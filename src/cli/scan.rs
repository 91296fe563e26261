//! `aemtrix scan`: the pipeline from sources to reports.

use super::args::Scan;
use super::facts_dir::FactsDir;
use super::finish::Prepared;
use super::progress::watched;
use super::{Exit, complain, facts_lines, output, tell};
use crate::examine::{Examined, examine, examine_each};
use crate::facts::{Gap, GapKind};
use crate::intake::{
    Choice, Discovered, Operand, Origin, Source, discover_chosen, is_any_there, operands_in,
};
use crate::limits::Limits;
use crate::report::counted;
use crate::request::{ReadFacts, options_of_reading};
use crate::saved::Saved as Merged;
use anyhow::{Context, anyhow, bail};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Scans the sources and writes the reports.
pub(super) fn run(scan: &Scan) -> Exit {
    run_or_fail(scan).unwrap_or_else(|error| complain(&format!("{error:#}")))
}

fn run_or_fail(scan: &Scan) -> anyhow::Result<Exit> {
    // `-` is no file.
    let list = scan.files_from.as_deref().filter(|list| *list != Path::new("-"));
    let mut prepared = Prepared::new(&scan.output, &scan.judging, list)?;
    prepared.tell_options(options(scan));
    let Discovered { mut sources, notes } = discovered(scan)?;
    if let Some(name) = &scan.logical {
        let [source] = sources.as_mut_slice() else {
            bail!(
                "--as needs exactly one source; the list of --files-from takes a name before each path"
            );
        };
        name.clone_into(&mut source.name);
    }
    check_distinct(&sources)?;
    match (&scan.name, sources.as_mut_slice()) {
        (None, _) => {}
        (Some(name), [source]) => source.label = Some(name.clone()),
        (Some(_), _) => bail!("--name needs exactly one source; use NAME=SOURCE for several"),
    }
    prepared.check_apart(&sources)?;
    let missing = missing(&notes);
    if sources.is_empty() && !missing.is_empty() {
        bail!("{}", missing.join("; "));
    }
    // The report says so as well, but a name that was mistyped is to be noticed before a scan of an hour.
    for sentence in &missing {
        tell(sentence);
    }
    if let Some(directory) = &scan.facts_dir {
        return from_directory(scan, directory, &prepared, &sources, notes);
    }
    if writes_facts_alone(scan) {
        return facts_lines::write(scan, &sources, &notes, prepared.record());
    }
    let mut examined = examined(scan, &sources);
    examined.gaps.extend(notes);
    let Examined { snapshots, sources, gaps } = examined;
    prepared.run(ReadFacts { snapshots, sources, gaps, ..ReadFacts::default() }, None)
}

/// Says which sources do not exist; of a list of thousands, the first.
fn missing(notes: &[Gap]) -> Vec<String> {
    let missing = notes.iter().filter(|note| note.kind == GapKind::Missing);
    let mut said: Vec<_> = missing.map(|gap| format!("{}: {}", gap.source, gap.reason)).collect();
    let more = said.len().saturating_sub(Limits::DEFAULT.listed_max);
    said.truncate(Limits::DEFAULT.listed_max);
    said.extend((more > 0).then(|| format!("and {more} more")));
    said
}

/// Returns the options of reading that bear on the result and are not as usual.
fn options(scan: &Scan) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    all.extend(scan.include.iter().map(|glob| format!("--include {glob}")));
    all.extend(scan.exclude.iter().map(|glob| format!("--exclude {glob}")));
    all.extend(options_of_reading(&scan.reading.limits()));
    all
}

/// Returns `true` if nothing that is asked for needs what was read to be judged.
fn writes_facts_alone(scan: &Scan) -> bool {
    let (output, judging) = (&scan.output, &scan.judging);
    let is_facts = output::format(&output.format).is_some_and(|format| format.name == "ndjson");
    let judged = [&judging.policy, &judging.baseline, &judging.write_baseline, &output.template];
    is_facts && output.files.is_empty() && judged.into_iter().all(Option::is_none)
}

/// Reads what has no facts in a directory yet, and judges from the facts in it.
fn from_directory(
    scan: &Scan,
    directory: &Path,
    prepared: &Prepared<'_>,
    sources: &[Source],
    notes: Vec<Gap>,
) -> anyhow::Result<Exit> {
    // Any name will do: facts that lie in a source would be a part of it at the next run.
    output::check_apart(&directory.join("facts.ndjson"), sources)?;
    output::make_directory(directory)?;
    let limits = scan.reading.limits();
    let kept = FactsDir::new(directory)?;
    let to_read = kept.to_read(sources, &limits);
    let trouble = Mutex::new(None);
    let write = |examined: Examined| {
        if let Err(error) = kept.write(&examined, &limits) {
            trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    };
    watched(scan, &to_read, &|watch, threads| {
        examine_each(&to_read, &limits, threads, watch, &write);
    });
    if let Some(error) = trouble.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut merged = kept.merged(sources, &limits).finish();
    merged.ledger.name_gaps(&notes);
    merged.gaps.extend(notes);
    let ledger = Some(merged.ledger);
    let Merged { snapshots, sources, gaps, reach, .. } = merged;
    prepared.run(ReadFacts { snapshots, sources, gaps, reach, ..ReadFacts::default() }, ledger)
}

/// Finds the sources: those named, and those in the file of `--files-from`.
fn discovered(scan: &Scan) -> anyhow::Result<Discovered> {
    let choice = Choice::new(&scan.include, &scan.exclude).map_err(|problem| anyhow!(problem))?;
    for operand in &scan.sources {
        check_name(operand)
            .map_err(|problem| anyhow!("{}: {problem}", operand.to_string_lossy()))?;
    }
    let mut operands: Vec<Operand> = scan.sources.iter().cloned().map(Operand::from).collect();
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
fn listed(list: &Path, nul: bool) -> anyhow::Result<Vec<Operand>> {
    let named = || list.display().to_string();
    let listed = operands_in(list, nul).with_context(named)?;
    let named_in = |(line, text)| (line, with_logical(text));
    let listed: Vec<(usize, Operand)> = listed.into_iter().map(named_in).collect();
    for (line, operand) in &listed {
        check_name(&operand.text)
            .map_err(|problem| anyhow!("{}: line {line}: {problem}", list.display()))?;
    }
    let first = listed.first().map(|(line, _)| *line);
    let texts: Vec<OsString> = listed.iter().map(|(_, operand)| operand.text.clone()).collect();
    let operands: Vec<Operand> = listed.into_iter().map(|(_, operand)| operand).collect();
    if let Some(line) = first.filter(|_| !is_any_there(&texts)) {
        let lines = counted(operands.len(), "source");
        bail!(
            "{}: names {lines}, the first on line {line}, and none of them is there; paths are those from the working directory",
            list.display()
        );
    }
    Ok(operands)
}

/// Takes what is before a tab for what to call the source behind it, unless a file has that very name.
fn with_logical(text: OsString) -> Operand {
    let split = text.to_str().and_then(|text| text.split_once('\t'));
    match split {
        Some((logical, path))
            if !logical.is_empty() && !path.is_empty() && !Path::new(&text).exists() =>
        {
            Operand { text: path.into(), logical: Some(logical.to_owned()) }
        }
        _ => text.into(),
    }
}

/// Refuses two sources of one name: their facts could not be distinguished.
fn check_distinct(sources: &[Source]) -> anyhow::Result<()> {
    // They are sorted by name.
    let twice = sources.windows(2).find_map(|two| match two {
        [a, b] if a.name == b.name => Some(&a.name),
        _ => None,
    });
    twice.map_or(Ok(()), |name| bail!("{name} names two sources; give each a name of its own"))
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
    watched(scan, sources, &|watch, threads| examine(sources, &limits, threads, watch))
}
