//! The findings one by one, for `--details`, and those that are not counted.

use super::super::Screen;
use super::text::{Paint, labelled};
use crate::diagnosis::{Finding, Judged};
use crate::facts::Place;
use crate::rules::Severity;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// So many findings of one rule are spelled out; the report in JSON has them all.
const FINDINGS_MAX: usize = 50;
/// So many places are listed of one finding.
const PLACES_MAX: usize = 8;
/// So many notes are reported in a line each.
const NOTES_MAX: usize = 8;

/// Writes every finding that counts, those of one rule together, with why it matters and who says so.
pub(super) fn write_all(judged: &Judged, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let counting: Vec<&Finding> = counting(judged).collect();
    for same_rule in counting.chunk_by(|a, b| a.rule == b.rule) {
        section(same_rule, screen, out)?;
    }
    Ok(())
}

/// Writes the notes that no cause explains, a line each.
pub(super) fn write_notes(judged: &Judged, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let explained: BTreeSet<usize> =
        judged.causes.iter().flat_map(|cause| cause.explains.iter().copied()).collect();
    let notes: Vec<&Finding> = judged
        .findings
        .iter()
        .enumerate()
        .filter(|(index, finding)| is_note(finding) && !explained.contains(index))
        .map(|(_, finding)| finding)
        .collect();
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", Paint::Bold.on("Notes", screen))?;
    for finding in notes.iter().take(NOTES_MAX) {
        labelled("  -", &format!("{} ({})", finding.hit.message, finding.rule.id), screen, out)?;
    }
    match notes.len().saturating_sub(NOTES_MAX) {
        0 => {}
        more => labelled("  -", &format!("and {more} more: --details has them"), screen, out)?,
    }
    writeln!(out)
}

fn is_note(finding: &Finding) -> bool {
    finding.excuse.is_none() && finding.severity == Severity::Note
}

fn counting(judged: &Judged) -> impl Iterator<Item = &Finding> {
    judged.findings.iter().filter(|finding| finding.excuse.is_none())
}

/// Writes findings that do not count: a line each, with the reason.
pub(super) fn write_excused(
    judged: &Judged,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let excused = judged.findings.iter().filter_map(|found| Some((found, found.excuse.as_ref()?)));
    let lines: Vec<String> = excused
        .map(|(found, excuse)| format!("{}: {} [{excuse}]", found.rule.id, found.hit.message))
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", Paint::Bold.on("Found, but not counted", screen))?;
    lines.iter().try_for_each(|line| labelled("  -", line, screen, out))?;
    writeln!(out)
}

fn section(findings: &[&Finding], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let Some((rule, severity)) = findings.first().map(|found| (found.rule, found.severity)) else {
        return Ok(());
    };
    let paint = match severity {
        Severity::Error => Paint::Red,
        Severity::Warning => Paint::Yellow,
        Severity::Note => Paint::Bold,
    };
    let severity = paint.on(&severity.label().to_uppercase(), screen);
    writeln!(out, "{severity} {}: {}", Paint::Bold.on(rule.id, screen), rule.summary)?;
    for finding in findings.iter().take(FINDINGS_MAX) {
        labelled("  *", &finding.hit.message, screen, out)?;
        places(&finding.hit.places, screen, out)?;
    }
    match findings.len().saturating_sub(FINDINGS_MAX) {
        0 => {}
        more => labelled("  *", &format!("and {more} more: --format json has them"), screen, out)?,
    }
    labelled("  why  ", rule.why, screen, out)?;
    labelled("  see  ", &rule.references.join("; "), screen, out)?;
    writeln!(out)
}

fn places(places: &[Place], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    for (index, place) in places.iter().take(PLACES_MAX).enumerate() {
        let label = if index == 0 { "    where" } else { "         " };
        labelled(label, &place.to_string(), screen, out)?;
    }
    match places.len().saturating_sub(PLACES_MAX) {
        0 => Ok(()),
        more => labelled("         ", &format!("and {more} more"), screen, out),
    }
}
