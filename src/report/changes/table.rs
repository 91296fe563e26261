//! `table`: what changed, for a person at a terminal.

use super::view::{ChangeGroup, DiffView, FarmDiffView};
use super::{DiffFormat, DiffReport};
use crate::report::table::{Paint, labelled};
use crate::report::{Screen, counted, printable};
use std::io::{self, Write};

pub(super) const FORMAT: DiffFormat =
    DiffFormat { name: "table", extension: "txt", summary: "what changed, for people", write };

fn write(report: &DiffReport, out: &mut dyn Write) -> io::Result<()> {
    let (view, screen) = (DiffView::of(report), report.screen);
    for (what, state) in &view.states {
        labelled(&format!("{what}:"), state, screen, out)?;
    }
    writeln!(out)?;
    for group in &view.groups {
        changes(group, screen, out)?;
    }
    list("Instances", &view.moves, screen, out)?;
    for farm in &view.farms {
        findings(farm, screen, out)?;
    }
    list("Not compared", &view.open, screen, out)?;
    for farm in &view.farms {
        writeln!(out, "Verdict of {}: {}", printable(&farm.name), farm.verdict)?;
    }
    let [word, means] = view.outcome;
    let paint = match word {
        "SAME" => Paint::Green,
        "CHANGED" => Paint::Red,
        _ => Paint::Yellow,
    };
    writeln!(out, "{}: {means}", paint.on(word, screen))
}

fn changes(group: &ChangeGroup, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", Paint::Bold.on(&printable(&group.title), screen))?;
    for change in &group.changes {
        let mark = if change.matters { "  !" } else { "   " };
        let line = format!("{}: {} -> {}", change.subject, change.old, change.new);
        labelled(mark, &line, screen, out)?;
    }
    if group.more_bundles > 0 {
        let more = counted(group.more_bundles, "other bundle");
        writeln!(out, "    {more} changed; --bundles names them")?;
    }
    writeln!(out)
}

fn list(title: &str, lines: &[String], screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", Paint::Bold.on(title, screen))?;
    lines.iter().try_for_each(|line| labelled("  -", line, screen, out))?;
    writeln!(out)
}

fn findings(farm: &FarmDiffView, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    if farm.findings.is_empty() && farm.still == 0 {
        return Ok(());
    }
    let title = format!("Findings of {}", printable(&farm.name));
    writeln!(out, "{}", Paint::Bold.on(&title, screen))?;
    for found in &farm.findings {
        let line = format!("{} {}: {}", found.severity.to_uppercase(), found.rule, found.message);
        labelled(&format!("  {:<4}", found.fate), &line, screen, out)?;
    }
    if farm.still > 0 {
        writeln!(out, "  {} in both states", counted(farm.still, "finding"))?;
    }
    writeln!(out)
}
