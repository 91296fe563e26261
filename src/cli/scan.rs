//! `aemtrix scan`: the pipeline from sources to reports.

use super::args::Scan;
use super::progress::Bar;
use super::{Exit, complain, output};
use crate::examine::examine;
use crate::facts::Gap;
use crate::farm::farms;
use crate::intake::{Discovered, NoWatch, Source, Watch, discover};
use crate::report::{Outcome, Report, Template, counted};
use crate::rules::Severity;
use anyhow::anyhow;
use std::thread::available_parallelism;

/// Scans the sources and writes the reports.
pub(super) fn run(scan: &Scan) -> Exit {
    for path in &scan.output.files {
        if let Err(error) = output::format_of(path) {
            return complain(&format!("{error:#}"));
        }
    }
    let template = match scan.output.template.as_deref().map(output::template).transpose() {
        Ok(template) => template,
        Err(error) => return complain(&format!("{error:#}")),
    };
    let Discovered { mut sources, notes } = discover(&scan.sources);
    match (&scan.name, sources.as_mut_slice()) {
        (None, _) => {}
        (Some(name), [source]) => source.label = Some(name.clone()),
        (Some(_), _) => {
            return complain("--name needs exactly one source; use NAME=SOURCE for several");
        }
    }
    for path in &scan.output.files {
        if let Err(error) = output::check_apart(path, &sources) {
            return complain(&format!("{error:#}"));
        }
    }
    let report = analyze(scan, &sources, notes);
    let exit = write(scan, &report, template.as_ref());
    if exit == Exit::Trouble { exit } else { judge(scan, &report) }
}

fn analyze(scan: &Scan, sources: &[Source], notes: Vec<Gap>) -> Report {
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
    let farms = farms(examined.snapshots);
    let selection = scan.judging.selection();
    let screen = scan.output.screen();
    let report = Report::new(farms, examined.sources, examined.gaps, &selection, screen);
    Report { bundles: scan.output.bundles.clone(), ..report }
}

fn write(scan: &Scan, report: &Report, template: Option<&Template>) -> Exit {
    let Some(format) = output::format(&scan.output.format) else {
        return complain("this format is not known");
    };
    let to_files = scan.output.files.iter().map(|path| output::to_file(report, path));
    let to_stdout = match template.map(|template| template.render(report)) {
        None => output::to_stdout(|out| (format.write)(report, out)),
        Some(Ok(page)) => output::to_stdout(|out| out.write_all(&page)),
        Some(Err(problem)) => Err(anyhow!("the template failed: {problem}")),
    };
    let results: Vec<_> = to_files.chain([to_stdout]).collect();
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
        "{verdict}: {} from {}, {}, {}, {}{}",
        counted(report.instances(), "instance"),
        counted(report.sources.len(), "source"),
        counted(report.count(Severity::Error), "error"),
        counted(report.count(Severity::Warning), "warning"),
        counted(report.count(Severity::Note), "note"),
        if report.is_complete() { "" } else { "; evidence incomplete" }
    )
}
