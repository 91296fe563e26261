//! The end of a run: reports to standard output and files, a summary, and the exit code.

use super::args::{Judging, Output};
use super::{Exit, complain, output};
use crate::intake::Source;
use crate::report::{Outcome, Report, counted};
use crate::rules::Severity;

/// Checks that every output file has a format, before anything is read.
///
/// # Errors
///
/// Fails on the first that has none.
pub(super) fn check_formats(options: &Output) -> anyhow::Result<()> {
    options.files.iter().try_for_each(|path| output::format_of(path).map(drop))
}

/// Checks that no output file takes the place of what is to be read.
///
/// # Errors
///
/// Fails on the first that would.
pub(super) fn check_apart(options: &Output, sources: &[Source]) -> anyhow::Result<()> {
    options.files.iter().try_for_each(|path| output::check_apart(path, sources))
}

/// Writes the reports, and says how the run ends.
pub(super) fn finish(report: &Report, options: &Output, judging: &Judging) -> Exit {
    let exit = write(report, options);
    if exit == Exit::Trouble { exit } else { judge(report, options, judging) }
}

fn write(report: &Report, options: &Output) -> Exit {
    let Some(format) = output::format(&options.format) else {
        return complain("this format is not known");
    };
    let to_files = options.files.iter().map(|path| output::to_file(report, path));
    let results: Vec<_> =
        to_files.chain([output::to_stdout(|out| (format.write)(report, out))]).collect();
    let failures = results.into_iter().filter_map(Result::err);
    let count = failures.map(|error| complain(&format!("{error:#}"))).count();
    if count > 0 { Exit::Trouble } else { Exit::Clean }
}

fn judge(report: &Report, options: &Output, judging: &Judging) -> Exit {
    if options.format != "table" && !options.quiet {
        super::tell(&summary(report));
    }
    match report.outcome(judging.fails_from()) {
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
