//! Many farms: totals, what is wrong with which, which problem which have, and keys that they share.

use super::super::overview::{by_verdict, gist};
use super::super::{Report, Totals, counted};
use super::text::{Paint, hanging, labelled};
use super::word;
use crate::diagnosis::Judged;
use crate::farm::listed;
use crate::limits::Limits;
use crate::rules::Severity;
use std::io::{self, Write};

/// Writes all that is before what was not read.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let totals = format!("{} farms: {}", report.farms.len(), report.verdicts());
    writeln!(out, "{}\n", Paint::Bold.on(&totals, report.screen))?;
    farms(report, out)?;
    problems(report, out)?;
    shared_keys(report, out)
}

/// Writes the last lines.
pub(super) fn end(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "One farm in full: --farm NAME. All of them: --details, -f summary or -o report.html.\n"
    )?;
    let lead = format!("Verdict of {} farms:", report.farms.len());
    let totals = Totals::of(report);
    let counts = format!(
        "{} - {} from {}, {}, {}, {}{}",
        totals.verdicts(),
        counted(totals.instances(), "instance"),
        counted(report.sources.len(), "source"),
        counted(totals.count(Severity::Error), "error"),
        counted(totals.count(Severity::Warning), "warning"),
        counted(totals.count(Severity::Note), "note"),
        totals.excused(),
    );
    hanging([&lead, &lead], &counts, report.screen, out)
}

fn title(text: &str, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", Paint::Bold.on(text, report.screen))
}

/// Lists the farms that are not consistent, the wrong ones first.
fn farms(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let max = Limits::DEFAULT.overview_lines_max;
    let mut farms: Vec<&Judged> = report.farms.iter().collect();
    farms.sort_by_key(|judged| (by_verdict(judged), &judged.farm.name));
    for alike in farms.chunk_by(|a, b| by_verdict(a) == by_verdict(b)) {
        let Some(first) = alike.first().filter(|first| by_verdict(first) < 2) else { continue };
        let (word, paint) = word(&first.verdict);
        let heading = paint.on(word, report.screen);
        writeln!(out, "{heading}: {}", counted(alike.len(), "farm"))?;
        for judged in alike.iter().take(max) {
            let gist = gist(judged).map(|gist| format!(": {gist}")).unwrap_or_default();
            labelled("  -", &format!("{}{gist}", judged.farm.name), report.screen, out)?;
        }
        more(alike.len().saturating_sub(max), "farms", out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Lists the rules, each with the farms that it is about.
fn problems(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let problems = report.problems();
    if problems.is_empty() {
        return Ok(());
    }
    title("Which problem which farms have", report, out)?;
    for problem in &problems {
        let farms: Vec<&str> = problem.farms.iter().copied().collect();
        let count = counted(farms.len(), "farm");
        let line =
            format!("{} [{}]: {count}: {}", problem.rule, problem.severity.label(), listed(&farms));
        labelled("  -", &line, report.screen, out)?;
    }
    writeln!(out)
}

fn shared_keys(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let shared = report.shared_keys();
    if shared.is_empty() {
        return Ok(());
    }
    let max = Limits::DEFAULT.overview_lines_max;
    title("Keys that farms share; those of different customers should share none", report, out)?;
    for key in shared.iter().take(max) {
        let farms: Vec<&str> = key.farms.iter().copied().collect();
        let count = farms.len();
        let line = format!("{} {}: {count} farms: {}", key.name, key.value.short(), listed(&farms));
        labelled("  -", &line, report.screen, out)?;
    }
    more(shared.len().saturating_sub(max), "keys", out)?;
    writeln!(out)
}

/// Counts what a list leaves out.
pub(super) fn more(count: usize, what: &str, out: &mut dyn Write) -> io::Result<()> {
    if count > 0 { writeln!(out, "  - and {count} more {what}") } else { Ok(()) }
}
