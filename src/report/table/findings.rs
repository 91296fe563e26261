//! The findings: what, where, why, how to repair it, and who says so.

use super::super::Screen;
use super::text::{Paint, labelled};
use crate::facts::Place;
use crate::rules::{Finding, Severity};
use std::io::{self, Write};

/// The repair is spelled out for so many instances of one rule; the report in JSON has them all.
const REPAIRS_MAX: usize = 3;
/// So many places are listed of one finding.
const PLACES_MAX: usize = 8;

/// Writes findings, those of one rule together.
pub(super) fn write(findings: &[Finding], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    for same_rule in findings.chunk_by(|a, b| a.rule == b.rule) {
        if let Some(first) = same_rule.first() {
            section(first, same_rule, screen, out)?;
        }
    }
    Ok(())
}

fn section(
    first: &Finding,
    all: &[Finding],
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rule = first.rule;
    let paint = match rule.severity {
        Severity::Error => Paint::Red,
        Severity::Warning => Paint::Yellow,
        Severity::Note => Paint::Bold,
    };
    let severity = paint.on(&rule.severity.label().to_uppercase(), screen);
    writeln!(out, "{severity} {}: {}", Paint::Bold.on(rule.id, screen), rule.summary)?;
    for (index, finding) in all.iter().enumerate() {
        labelled("  *", &finding.hit.message, screen, out)?;
        if index < REPAIRS_MAX {
            places(&finding.hit.places, screen, out)?;
            steps(&finding.hit.fix, screen, out)?;
        }
    }
    if all.len() > REPAIRS_MAX {
        let line = "the repair of the other instances is the same with their own paths; --format json lists it";
        labelled("  ...  ", line, screen, out)?;
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

fn steps(steps: &[String], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    for (index, step) in steps.iter().enumerate() {
        let label = if index == 0 { "    fix  " } else { "         " };
        let number = index.saturating_add(1);
        labelled(&format!("{label} {number}."), step, screen, out)?;
    }
    Ok(())
}
