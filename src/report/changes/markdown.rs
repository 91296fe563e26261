//! `markdown`: what changed, for a ticket.

use super::view::{ChangeGroup, DiffView, FarmDiffView};
use super::{DiffFormat, DiffReport};
use crate::report::counted;
use crate::report::markdown_text::{cell, prose};
use std::io::{self, Write};

pub(super) const FORMAT: DiffFormat =
    DiffFormat { name: "markdown", extension: "md", summary: "what changed, for a ticket", write };

fn write(report: &DiffReport, out: &mut dyn Write) -> io::Result<()> {
    let view = DiffView::of(report);
    let [word, means] = view.outcome;
    writeln!(out, "# {word}: {means}\n")?;
    for (what, state) in &view.states {
        writeln!(out, "- {what}: {}", prose(state))?;
    }
    for farm in &view.farms {
        writeln!(out, "- verdict of {}: {}", prose(&farm.name), verdict(&farm.verdict))?;
    }
    writeln!(out)?;
    view.groups.iter().try_for_each(|group| changes(group, out))?;
    list("Instances", &view.moves, out)?;
    view.farms.iter().try_for_each(|farm| findings(farm, out))?;
    list("Not compared", &view.open, out)?;
    examined(report, out)
}

/// Says a verdict without a sign that Markdown takes for a quote.
fn verdict(text: &str) -> String {
    text.replace("->", "to")
}

fn changes(group: &ChangeGroup, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## {}\n", prose(&group.title))?;
    if !group.changes.is_empty() {
        writeln!(out, "| | old | new |\n|---|---|---|")?;
    }
    for change in &group.changes {
        let subject = cell(&change.subject);
        let subject = if change.matters { format!("**{subject}**") } else { subject };
        writeln!(out, "| {subject} | {} | {} |", cell(&change.old), cell(&change.new))?;
    }
    if group.more_bundles > 0 {
        let more = counted(group.more_bundles, "other bundle");
        writeln!(out, "\n{more} changed: `--bundles` names them.")?;
    }
    writeln!(out)
}

fn list(title: &str, lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "## {title}\n")?;
    lines.iter().try_for_each(|line| writeln!(out, "- {}", prose(line)))?;
    writeln!(out)
}

fn findings(farm: &FarmDiffView, out: &mut dyn Write) -> io::Result<()> {
    if farm.findings.is_empty() && farm.still == 0 {
        return Ok(());
    }
    writeln!(out, "## Findings of {}\n", prose(&farm.name))?;
    for found in &farm.findings {
        let severity = found.severity.to_uppercase();
        writeln!(out, "- {}: {severity} `{}`: {}", found.fate, found.rule, prose(&found.message))?;
    }
    if farm.still > 0 {
        writeln!(out, "- {} in both states", counted(farm.still, "finding"))?;
    }
    writeln!(out)
}

fn examined(report: &DiffReport, out: &mut dyn Write) -> io::Result<()> {
    use crate::report::examined::{ExaminedLine, about};
    writeln!(out, "## Examined\n")?;
    for (what, says) in about(&report.custody) {
        writeln!(out, "- {what}: {}", prose(&says))?;
    }
    for (what, state) in super::STATES.into_iter().zip(&report.states) {
        for source in state.sources.iter().map(ExaminedLine::from) {
            let (name, told) = (prose(&source.source), prose(&source.spoken()));
            writeln!(out, "- Source of the {what} state {name}: {told}")?;
        }
    }
    writeln!(out)
}
