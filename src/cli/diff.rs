//! `aemtrix diff OLD NEW`: what changed between two states.

use super::args::Compare;
use super::finish::custody_of;
use super::palette::palette;
use super::read_facts::read_facts;
use super::terms::now_ms;
use super::{Exit, complain, output, tell};
use crate::diagnosis::{Judged, Selection, judge};
use crate::diff::{DiffOutcome, Side, diff};
use crate::examine::examine;
use crate::facts::{Gap, Snapshot, SourceRecord};
use crate::farm::{FarmPlan, farms};
use crate::intake::{NoWatch, Source, discover, facts_files, saved_facts};
use crate::limits::Limits;
use crate::report::{DIFF_FORMATS, DiffFormat, DiffReport, Screen, StateReport};
use crate::request::options_of_reading;
use crate::saved::Merge;
use anyhow::{anyhow, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;
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
    output::check_written(&compare.files, &[])?;
    output::check_replaced(&compare.files, compare.force)?;
    let old = state(&compare.old, compare)?;
    let new = state(&compare.new, compare)?;
    for path in &compare.files {
        output::check_apart(path, &old.files)?;
        output::check_apart(path, &new.files)?;
    }
    let compared = diff(old.side(), new.side());
    let outcome = compared.outcome();
    let mut options = options_of_reading(&compare.reading.limits());
    options.extend(compare.farm_by.option());
    let stamp_ms = if compare.stamp { Some(now_ms()?) } else { None };
    let custody = custody_of(compare.case.as_ref(), compare.examiner.as_ref(), stamp_ms, options);
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

/// Reads a state: saved facts, or sources.
fn state(operand: &OsStr, compare: &Compare) -> anyhow::Result<JudgedState> {
    let name = operand.to_string_lossy().into_owned();
    if let Some(facts) = saved_facts(operand) {
        let files = facts_files(&facts);
        let mut merge = Merge::default();
        for file in &files {
            read_facts(file, &Limits::DEFAULT, &mut merge);
        }
        let saved = merge.finish();
        return judged(
            name,
            compare,
            files,
            saved.snapshots,
            saved.sources,
            saved.gaps,
            &saved.reach,
        );
    }
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
    let (snapshots, sources, gaps) = (examined.snapshots, examined.sources, examined.gaps);
    judged(name, compare, found.sources, snapshots, sources, gaps, &BTreeMap::new())
}

fn judged(
    name: String,
    compare: &Compare,
    files: Vec<Source>,
    snapshots: Vec<(Option<String>, Snapshot)>,
    sources: Vec<SourceRecord>,
    mut gaps: Vec<Gap>,
    reach: &BTreeMap<Gap, BTreeSet<String>>,
) -> anyhow::Result<JudgedState> {
    gaps.sort();
    gaps.dedup();
    let is_directory = |record: &&SourceRecord| record.container == "directory";
    let directories: Vec<String> =
        sources.iter().filter(is_directory).map(|record| record.name.clone()).collect();
    let by = compare.farm_by.by();
    let plan =
        FarmPlan { by, directories: &directories, gaps: &gaps, reach: Some(reach), policy: None };
    let farms = judge(farms(snapshots, &plan)?, &Selection::default());
    Ok(JudgedState { farms, report: StateReport { name, sources, gaps }, files })
}
