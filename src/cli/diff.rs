//! `aemtrix diff OLD NEW`: what changed between two states.

use super::args::Compare;
use super::finish::custody_of;
use super::palette::palette;
use super::read_facts::read_facts;
use super::terms::{self, now_ms};
use super::{Exit, complain, log, output, tell};
use crate::diagnosis::{Judged, Selection};
use crate::diff::{DiffOutcome, Side, diff};
use crate::examine::{Examined, examine};
use crate::facts::RunRecord;
use crate::intake::{NoWatch, Source, discover, facts_files, saved_facts};
use crate::limits::Limits;
use crate::report::{DIFF_FORMATS, DiffFormat, DiffReport, Report, Screen, StateReport};
use crate::request::{FailOn, ReadFacts, Request, options_of_reading};
use crate::saved::{Merge, Saved};
use anyhow::{anyhow, bail};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

/// Compares the two states, and writes what changed.
pub(super) fn run(compare: &Compare) -> Exit {
    run_or_fail(compare).unwrap_or_else(|error| complain(&format!("{error:#}")))
}

/// A state, judged.
struct JudgedState {
    farms: Vec<Judged>,
    report: StateReport,
    /// The files that it was read from.
    files: Vec<Source>,
    /// The runs that saved its facts.
    runs: BTreeSet<RunRecord>,
}

impl JudgedState {
    fn side(&self) -> Side<'_> {
        let is_complete = !self.report.gaps.iter().any(|gap| gap.kind.hides());
        Side { farms: &self.farms, is_complete }
    }
}

fn run_or_fail(compare: &Compare) -> anyhow::Result<Exit> {
    let format = named(&compare.format)?;
    let to_files = compare.files.iter().map(|path| Ok((path, format_of(path)?)));
    let to_files = to_files.collect::<anyhow::Result<Vec<_>>>()?;
    let policy: Vec<&Path> = compare.policy.iter().map(PathBuf::as_path).collect();
    output::check_written(&compare.files, &policy)?;
    output::check_replaced(&compare.files, compare.force)?;
    let request = request(compare)?;
    let old = state(&compare.old, compare, &request)?;
    let new = state(&compare.new, compare, &request)?;
    for path in &compare.files {
        output::check_apart(path, &old.files)?;
        output::check_apart(path, &new.files)?;
    }
    let compared = diff(old.side(), new.side());
    let outcome = compared.outcome();
    let runs = old.runs.into_iter().chain(new.runs).collect();
    let custody = request.custody().with_runs(runs, env!("CARGO_PKG_VERSION"));
    let (bundles, screen) = (compare.bundles, Screen::default());
    let states = [old.report, new.report];
    let mut report = DiffReport { diff: compared, states, custody, screen, bundles };
    report.screen = Screen { columns: compare.width, ascii: compare.ascii, palette: None };
    for (path, format) in to_files {
        output::to_path(path, |out| (format.write)(&report, out))?;
    }
    let columns = compare.width.or_else(super::args::columns);
    let ascii = compare.ascii || super::args::is_ascii_locale();
    report.screen = Screen { columns, ascii, palette: palette(compare.color.applies()) };
    output::to_stdout(|out| (format.write)(&report, out))?;
    Ok(match outcome {
        DiffOutcome::Same => Exit::Clean,
        DiffOutcome::Changed => Exit::Findings,
        DiffOutcome::Open => Exit::Trouble,
    })
}

fn named(name: &str) -> anyhow::Result<&'static DiffFormat> {
    let is_it = |known: &str| known.eq_ignore_ascii_case(name);
    let mut all = DIFF_FORMATS.iter();
    all.find(|format| is_it(format.name) || is_it(format.extension))
        .ok_or_else(|| anyhow!("this format is not known"))
}

fn format_of(path: &Path) -> anyhow::Result<&'static DiffFormat> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let found = DIFF_FORMATS.iter().find(|format| format.extension.eq_ignore_ascii_case(ending));
    found.ok_or_else(|| {
        let known: Vec<&str> = DIFF_FORMATS.iter().map(|format| format.extension).collect();
        let known = known.join(", ");
        anyhow!(
            "{}: no format of a comparison has this extension; there are: {known}",
            path.display()
        )
    })
}

/// Says what is asked for of both states.
fn request(compare: &Compare) -> anyhow::Result<Request> {
    let stamp_ms = if compare.stamp { Some(now_ms()?) } else { None };
    let options = options_of_reading(&compare.reading.limits());
    let (case, examiner) = (compare.case.as_ref(), compare.examiner.as_ref());
    let policy = compare.policy.as_deref();
    Ok(Request {
        farm_by: compare.farm_by.clone(),
        terms: terms::read(Selection::default(), policy, None, compare.as_of)?,
        fail_on: FailOn::Warning,
        exits_zero: false,
        bundles: None,
        details: false,
        wide: false,
        farms: Vec::new(),
        custody: custody_of(case, examiner, stamp_ms, options),
    })
}

/// Reads a state, saved facts or sources, and judges it.
fn state(operand: &OsStr, compare: &Compare, request: &Request) -> anyhow::Result<JudgedState> {
    let name = operand.to_string_lossy().into_owned();
    let (files, mut read) = match saved_facts(operand) {
        Some(facts) => from_facts(&facts),
        None if output::is_written_by_us(Path::new(operand)) => bail!(
            "{name}: is a report or a baseline of aemtrix, which does not hold all facts; give the facts that `aemtrix scan -o FACTS.ndjson` wrote, or the sources"
        ),
        None => from_sources(operand, &name, compare)?,
    };
    read.gaps.sort();
    read.gaps.dedup();
    log::read(&read.sources, &read.snapshots, &read.gaps);
    let runs = read.runs.clone();
    let Report { farms, sources, gaps, .. } = request.report(read)?;
    Ok(JudgedState { farms, report: StateReport { name, sources, gaps }, files, runs })
}

fn from_facts(facts: &[OsString]) -> (Vec<Source>, ReadFacts) {
    let files = facts_files(facts);
    let mut merge = Merge::default();
    for file in &files {
        read_facts(file, &Limits::DEFAULT, &mut merge);
    }
    let Saved { snapshots, sources, gaps, reach, ledger } = merge.finish();
    let runs = ledger.runs().clone();
    (files, ReadFacts { snapshots, sources, gaps, reach, runs })
}

fn from_sources(
    operand: &OsStr,
    name: &str,
    compare: &Compare,
) -> anyhow::Result<(Vec<Source>, ReadFacts)> {
    let found = discover(&[operand.to_owned()]);
    if let Some(gap) = found.sources.is_empty().then(|| found.notes.first()).flatten() {
        bail!("{}: {}", gap.source, gap.reason);
    }
    let threads = compare.reading.threads;
    let threads = threads.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
    let limits = compare.reading.limits();
    if !compare.quiet {
        tell(&format!("reading {name}"));
    }
    let mut examined = examine(&found.sources, &limits, threads, &NoWatch);
    examined.gaps.extend(found.notes);
    let Examined { snapshots, sources, gaps } = examined;
    Ok((found.sources, ReadFacts { snapshots, sources, gaps, ..ReadFacts::default() }))
}
