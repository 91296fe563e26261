//! `aemtrix scan`: the pipeline from sources to reports.

use super::args::Scan;
use super::progress::Bar;
use super::terms::Terms;
use super::{Exit, complain, output};
use crate::examine::examine;
use crate::facts::Gap;
use crate::farm::{Plan, PolicyConflict, farms};
use crate::intake::{
    Choice, Discovered, NoWatch, Origin, Source, Watch, discover_chosen, operands_in,
};
use crate::report::{Outcome, Report, Template, counted};
use crate::rules::Severity;
use anyhow::anyhow;
use std::path::Path;
use std::thread::available_parallelism;

/// Scans the sources and writes the reports.
pub(super) fn run(scan: &Scan) -> Exit {
    for path in &scan.output.files {
        if let Err(error) = output::format_of(path) {
            return complain(&format!("{error:#}"));
        }
    }
    if let Some(baseline) = &scan.judging.write_baseline {
        let others = scan.output.files.iter().chain(&scan.judging.policy);
        if let Err(error) = output::check_baseline(baseline, others) {
            return complain(&format!("{error:#}"));
        }
    }
    let template = match scan.output.template.as_deref().map(output::template).transpose() {
        Ok(template) => template,
        Err(error) => return complain(&format!("{error:#}")),
    };
    let terms = match Terms::read(&scan.judging) {
        Ok(terms) => terms,
        Err(error) => return complain(&format!("{error:#}")),
    };
    let Discovered { mut sources, notes } = match discovered(scan) {
        Ok(discovered) => discovered,
        Err(sentence) => return complain(&sentence),
    };
    match (&scan.name, sources.as_mut_slice()) {
        (None, _) => {}
        (Some(name), [source]) => source.label = Some(name.clone()),
        (Some(_), _) => {
            return complain("--name needs exactly one source; use NAME=SOURCE for several");
        }
    }
    for path in scan.output.files.iter().chain(&scan.judging.write_baseline) {
        if let Err(error) = output::check_apart(path, &sources) {
            return complain(&format!("{error:#}"));
        }
    }
    let report = match analyze(scan, &sources, notes, &terms) {
        Ok(report) => report,
        Err(conflict) => return complain(&conflict.to_string()),
    };
    let exit = write(scan, &report, template.as_ref());
    if exit == Exit::Trouble { exit } else { judge(scan, &report) }
}

/// Finds the sources: those named, and those in the file of `--files-from`.
fn discovered(scan: &Scan) -> Result<Discovered, String> {
    let choice = Choice::new(&scan.include, &scan.exclude)?;
    let mut operands = scan.sources.clone();
    if let Some(list) = &scan.files_from {
        let listed = operands_in(list, scan.null);
        operands.extend(listed.map_err(|error| format!("{}: {error}", list.display()))?);
    }
    let discovered = discover_chosen(&operands, &choice);
    let reads_stdin = discovered.sources.iter().any(|source| source.origin == Origin::Stdin);
    if reads_stdin && scan.files_from.as_deref() == Some(Path::new("-")) {
        return Err("standard input cannot be both the list of sources and a source".to_owned());
    }
    if operands.is_empty() {
        return Err("the list of sources is empty".to_owned());
    }
    Ok(discovered)
}

fn analyze(
    scan: &Scan,
    sources: &[Source],
    notes: Vec<Gap>,
    terms: &Terms,
) -> Result<Report, PolicyConflict> {
    let limits = scan.reading.limits();
    let threads =
        scan.reading.threads.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
    let bytes = sources.iter().map(Source::stored_bytes).fold(0, u64::saturating_add);
    let bar = Bar::new(bytes, !scan.output.no_progress && !scan.output.quiet);
    let watch: &dyn Watch = bar.as_ref().map_or(&NoWatch, |bar| bar);
    let mut examined = examine(sources, &limits, threads, watch);
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
    examined.gaps.extend(notes);
    examined.gaps.sort();
    let directories: Vec<String> =
        sources.iter().filter(|s| s.is_directory()).map(|s| s.name.clone()).collect();
    let plan = Plan {
        by: scan.farm_by.into(),
        directories: &directories,
        gaps: &examined.gaps,
        policy: terms.policy.as_ref(),
    };
    let farms = farms(examined.snapshots, &plan)?;
    let (sources, gaps) = (examined.sources, examined.gaps);
    let report = Report::new(farms, sources, gaps, &terms.selection, scan.output.screen());
    Ok(Report { bundles: scan.output.bundles.clone(), ..report })
}

fn write(scan: &Scan, report: &Report, template: Option<&Template>) -> Exit {
    let Some(format) = output::format(&scan.output.format) else {
        return complain("this format is not known");
    };
    let to_files = scan.output.files.iter().map(|path| output::to_file(report, path));
    let baseline = scan.judging.write_baseline.iter().map(|path| output::to_baseline(report, path));
    let to_stdout = match template.map(|template| template.render(report)) {
        None => output::to_stdout(|out| (format.write)(report, out)),
        Some(Ok(page)) => output::to_stdout(|out| out.write_all(&page)),
        Some(Err(problem)) => Err(anyhow!("the template failed: {problem}")),
    };
    let results: Vec<_> = to_files.chain(baseline).chain([to_stdout]).collect();
    let failures = results.into_iter().filter_map(Result::err);
    let count = failures.map(|error| complain(&format!("{error:#}"))).count();
    if count > 0 { Exit::Trouble } else { Exit::Clean }
}

fn judge(scan: &Scan, report: &Report) -> Exit {
    if (scan.output.format != "table" || scan.output.template.is_some()) && !scan.output.quiet {
        super::tell(&summary(report));
    }
    match report.outcome(scan.judging.fails_from()) {
        Outcome::Clean => Exit::Clean,
        Outcome::Findings => Exit::Findings,
        Outcome::Open => Exit::Trouble,
    }
}

fn summary(report: &Report) -> String {
    let verdicts: Vec<&str> = report.farms.iter().map(|judged| judged.verdict.label()).collect();
    let verdict =
        if verdicts.is_empty() { "no AEM instance".to_owned() } else { verdicts.join(", ") };
    format!(
        "{verdict}: {} from {}, {}, {}, {}{}{}",
        counted(report.instances(), "instance"),
        counted(report.sources.len(), "source"),
        counted(report.count(Severity::Error), "error"),
        counted(report.count(Severity::Warning), "warning"),
        counted(report.count(Severity::Note), "note"),
        report.excused(),
        if report.is_complete() { "" } else { "; evidence incomplete" }
    )
}
