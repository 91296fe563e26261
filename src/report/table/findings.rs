//! The findings: what, where, why, how to repair it, and who says so.

use super::super::Screen;
use super::super::told::{Repair, Told};
use super::text::{Paint, labelled};
use crate::facts::Place;
use crate::rules::{Finding, Severity, Step};
use std::io::{self, Write};

/// The repair is spelled out for so many instances of one rule; the report in JSON has them all.
const REPAIRS_MAX: usize = 3;
/// So many places are listed of one finding.
const PLACES_MAX: usize = 8;

/// Writes findings, those of one rule together.
pub(super) fn write(findings: &[Finding], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut written = Told::default();
    let (excused, counting): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.excuse.is_some());
    for same_rule in counting.chunk_by(|a, b| a.rule == b.rule) {
        section(same_rule, &mut written, screen, out)?;
    }
    excuses(&excused, screen, out)
}

/// Writes findings that do not count: a line each, with the reason.
fn excuses(findings: &[&Finding], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", Paint::Bold.on("Found, but not counted", screen))?;
    for finding in findings {
        let Some(excuse) = &finding.excuse else { continue };
        let line = format!("{}: {} [{excuse}]", finding.rule.id, finding.hit.message);
        labelled("  -", &line, screen, out)?;
    }
    writeln!(out)
}

fn section<'f>(
    findings: &[&'f Finding],
    written: &mut Told<'f>,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
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
    for (index, finding) in findings.iter().enumerate() {
        labelled("  *", &finding.hit.message, screen, out)?;
        if index < REPAIRS_MAX {
            places(&finding.hit.places, screen, out)?;
            repair(finding, written, screen, out)?;
        }
    }
    if findings.len() > REPAIRS_MAX {
        let line =
            "the repair of the others is the same with their own paths; --format json lists it";
        labelled("  ...  ", line, screen, out)?;
    }
    labelled("  why  ", rule.why, screen, out)?;
    labelled("  see  ", &rule.references.join("; "), screen, out)?;
    writeln!(out)
}

/// Writes the steps, or where they stand already: two faults of one instance often have one repair.
fn repair<'f>(
    finding: &'f Finding,
    written: &mut Told<'f>,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    match written.tell(finding.hit.fix.as_slice().into(), finding.rule.id) {
        Repair::As(rule) => {
            let same = rule == finding.rule.id;
            let line = if same { "as above".to_owned() } else { format!("as for {rule} above") };
            labelled("    fix  ", &line, screen, out)
        }
        Repair::Steps(own) => steps(&own, screen, out),
    }
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

fn steps(steps: &[Step], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    for (index, step) in steps.iter().enumerate() {
        let label = if index == 0 { "    fix  " } else { "         " };
        let number = index.saturating_add(1);
        labelled(&format!("{label} {number}."), step, screen, out)?;
    }
    Ok(())
}
