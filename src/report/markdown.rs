//! `markdown`: verdict, matrix, findings and gaps, short enough for a ticket.

pub(super) mod examined;
mod matrix;

use super::by_farm::ALL_AT_ONCE;
use super::labels::{basis, uncounted};
use super::markdown_text::prose;
use super::repair::{GuideStep, decision, parts, result, warning};
use super::{Format, Report, printable};
use crate::diagnosis::{Cause, Finding, Judged};
use crate::facts::{Gap, Place, spoken};
use std::collections::BTreeSet;
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "markdown",
    extensions: &["md"],
    summary: "verdict, matrix and findings, for a ticket",
    write,
    by_farm: ALL_AT_ONCE,
};

/// So many causes are listed.
const CAUSES_MAX: usize = 20;
/// So many findings that a cause explains are listed.
const EXPLAINED_MAX: usize = 5;
/// So many places are listed of one finding.
const PLACES_MAX: usize = 3;
/// So many gaps of one kind of list are listed.
const GAPS_MAX: usize = 20;

/// A repair of more lines does not fit a ticket.
const REPAIR_LINES_MAX: usize = 40;

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.farms.is_empty() {
        writeln!(out, "# No AEM instance was found\n\nThere is nothing to compare.\n")?;
    }
    let (hiding, notes): (Vec<&Gap>, Vec<&Gap>) =
        report.gaps.iter().partition(|gap| gap.kind.hides());
    let mut end: Vec<u8> = Vec::new();
    gaps("Not read", &hiding, &mut end)?;
    gaps("Notes on the sources", &notes, &mut end)?;
    for judged in report.shown() {
        let mut head: Vec<u8> = Vec::new();
        verdict(judged, report, &mut head)?;
        matrix::write(&judged.matrix, &mut head)?;
        out.write_all(&head)?;
        causes(judged, out)?;
        repair(judged, out)?;
        others(judged, out)?;
    }
    if let Some(others) = report.not_shown() {
        writeln!(out, "{}.\n", prose(&others))?;
    }
    out.write_all(&end)?;
    examined::write(report, out)
}

fn verdict(judged: &Judged, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let label = judged.verdict.label().to_uppercase();
    writeln!(out, "# {}: {label}\n\n{}\n", prose(&judged.farm.name), basis(judged, report))?;
    if let Some(why) = uncounted(judged) {
        writeln!(out, "{}.\n", prose(&why))?;
    }
    if judged.verdict.reasons().is_empty() {
        return Ok(());
    }
    writeln!(out, "Undecided because:\n")?;
    let mut reasons = judged.verdict.reasons().iter();
    reasons.try_for_each(|reason| writeln!(out, "- {}", prose(&reason.to_string())))?;
    writeln!(out)
}

/// Writes the causes: who, what is wrong, what comes of it, and what it explains.
fn causes(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    if judged.causes.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Causes\n")?;
    for (index, cause) in judged.causes.iter().enumerate().take(CAUSES_MAX) {
        let Some(root) = judged.findings.get(cause.root) else { continue };
        let number = index.saturating_add(1);
        let severity = root.severity.label().to_uppercase();
        writeln!(out, "{number}. {severity} `{}`: {}", root.rule.id, prose(&root.hit.message))?;
        // It is ours, and sets code between backticks itself.
        writeln!(out, "   - effect: {}", root.rule.effect)?;
        let explained = cause.explains.iter().filter_map(|index| judged.findings.get(*index));
        for own in explained.take(EXPLAINED_MAX) {
            writeln!(out, "   - explains: {}", prose(&own.hit.message))?;
        }
        match cause.explains.len().saturating_sub(EXPLAINED_MAX) {
            0 => {}
            more => writeln!(out, "   - and {more} more")?,
        }
        if cause.explains.is_empty() {
            places(&root.hit.places, out)?;
        }
    }
    match judged.causes.len().saturating_sub(CAUSES_MAX) {
        0 => {}
        more => writeln!(out, "\n{more} more: `--format json` has them.")?,
    }
    writeln!(out)
}

/// Writes the repair, where it is short enough for a ticket.
fn repair(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let plan = &judged.plan;
    if plan.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Repair\n")?;
    if let Some(decision) = decision(plan) {
        writeln!(out, "{}\n", prose(&decision))?;
    }
    let parts = parts(judged, None);
    let steps = parts.iter().flat_map(|part| &part.steps);
    let lines: usize = steps.map(|step| step.commands.len().saturating_add(1)).sum();
    if lines > REPAIR_LINES_MAX {
        let who = parts.iter().filter(|part| part.title.starts_with("On ")).count();
        writeln!(
            out,
            "The repair has {lines} lines in {who} places: `--format runbook` shows them, `--format shell` and `--format powershell` run them.\n"
        )?;
        return writeln!(out, "{}\n", prose(&result(plan)));
    }
    if let Some((text, encrypted)) = warning(judged) {
        writeln!(out, "{text}: {}.\n", encrypted.join(", "))?;
    }
    for part in &parts {
        writeln!(out, "### {}\n", prose(&part.title))?;
        part.all_steps()
            .iter()
            .enumerate()
            .try_for_each(|(index, step)| guided(index, step, out))?;
        writeln!(out)?;
    }
    writeln!(out, "{}\n", prose(&result(plan)))
}

/// Writes a step, with its commands as a block of code below it.
pub(super) fn guided(index: usize, step: &GuideStep, out: &mut dyn Write) -> io::Result<()> {
    let number = index.saturating_add(1);
    if step.commands.is_empty() {
        return writeln!(out, "{number}. {}.", prose(&step.say));
    }
    // CommonMark §5.2: a block that is indented less ends the item, and the numbers begin again.
    let indent = " ".repeat(format!("{number}. ").len());
    let shell = if step.is_powershell { "powershell" } else { "sh" };
    writeln!(out, "{number}. {}:\n\n{indent}```{shell}", prose(&step.say))?;
    for command in &step.commands {
        writeln!(out, "{indent}{}", printable(command))?;
    }
    writeln!(out, "{indent}```")
}

/// Names what is no cause: notes, and what is not counted.
fn others(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let of = |cause: &Cause| [cause.root].into_iter().chain(cause.explains.clone());
    let shown: BTreeSet<usize> = judged.causes.iter().flat_map(of).collect();
    let findings = judged.findings.iter().enumerate();
    let rest: Vec<&Finding> =
        findings.filter(|(index, _)| !shown.contains(index)).map(|(_, finding)| finding).collect();
    if rest.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Found as well\n")?;
    for same_rule in rest.chunk_by(|a, b| a.rule == b.rule) {
        let Some(Finding { rule, severity, hit, excuse }) = same_rule.first() else { continue };
        let severity = severity.label().to_uppercase();
        let excuse = excuse.as_ref().map(|excuse| format!(" ({excuse})")).unwrap_or_default();
        let more = match same_rule.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(", and {more} more of this rule"),
        };
        let told = prose(&format!("{}{excuse}", hit.message));
        writeln!(out, "- {severity} `{}`: {told}{more}", rule.id)?;
    }
    writeln!(out)
}

fn places(places: &[Place], out: &mut dyn Write) -> io::Result<()> {
    for place in places.iter().take(PLACES_MAX) {
        writeln!(out, "   - in {}", prose(&place.to_string()))?;
    }
    match places.len().saturating_sub(PLACES_MAX) {
        0 => Ok(()),
        more => writeln!(out, "   - and in {more} more places"),
    }
}

fn gaps(title: &str, gaps: &[&Gap], out: &mut dyn Write) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "## {title}\n")?;
    for gap in gaps.iter().take(GAPS_MAX) {
        let path = gap.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
        let line = format!("{}: {path}{}", spoken(&gap.source), gap.reason);
        writeln!(out, "- {} (`{}`)", prose(&line), gap.kind.label())?;
    }
    match gaps.len().saturating_sub(GAPS_MAX) {
        0 => {}
        more => writeln!(out, "- and {more} more; `--format json` lists them")?,
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::facts::GapKind;
    use crate::farm::Farm;
    use crate::report::Screen;
    use crate::testing::{FarmBuilder, Scenes, good_farm};

    fn written(farm: Option<FarmBuilder>, gaps: Vec<Gap>) -> String {
        let farms = farm.map(|farm| Farm { gaps: gaps.clone(), ..farm.build() });
        let farms = farms.into_iter().collect();
        let report = Report::new(farms, Vec::new(), gaps, &Selection::default(), Screen::default());
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn long_repair_and_what_could_not_be_read_are_bounded() {
        let other: Vec<u8> = (100..132).collect();
        let odd = |i: crate::testing::Instance| i.hmac(&other).storage(b"Bundle\n");
        let names = ["g", "h", "i", "k"];
        let farm = good_farm(&["a", "b", "c", "d", "e", "f"]);
        let farm = names.into_iter().fold(farm, |farm, name| farm.with(name, odd));
        let text = written(Some(farm), Vec::new());
        assert_eq!(text.matches("```").count(), 0, "{text}");
        let gap = |number: usize| Gap {
            source: format!("source{number}"),
            path: None,
            kind: GapKind::Partial,
            reason: "ends early".to_owned(),
        };
        let gaps = written(Some(good_farm(&["a", "b"])), (0..25).map(gap).collect());
        let mut scenes = Scenes::default();
        scenes.add("a long repair", &text);
        scenes.add("more gaps than are listed", &gaps);
        scenes.add("nothing to compare", &written(None, Vec::new()));
        scenes.are("markdown");
    }

    #[test]
    fn what_is_ours_is_written_as_it_is_and_holds_no_markup_but_code() {
        for rule in crate::rules::RULES {
            for text in [rule.summary, rule.why] {
                let outside: String = text.split('`').step_by(2).collect();
                assert!(!outside.contains(['<', '|', '*', '@', '[', '#', '\n']), "{}", rule.id);
                assert_eq!(text.matches('`').count() % 2, 0, "{}", rule.id);
            }
        }
    }
}
