//! `table`: the report for a person at a terminal: matrix, findings, gaps, verdict.

mod bundles;
mod findings;
mod grid;
mod names;
mod text;

use super::wording::{basis, uncounted};
use super::{Format, Report, printable};
use crate::facts::{Gap, spoken};
use crate::rules::{Judged, Verdict};
use std::io::{self, Write};
use text::wrapped;
pub(super) use text::{Paint, labelled};

pub(super) const FORMAT: Format = Format {
    name: "table",
    extensions: &["txt"],
    summary: "matrix, findings and gaps for people",
    write,
};

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for judged in &report.farms {
        if report.farms.len() > 1 {
            let name = format!("Farm {}", clean(&judged.farm.name, report.screen));
            writeln!(out, "{}", Paint::Bold.on(&name, report.screen))?;
        }
        if judged.farm.members.is_empty() {
            writeln!(out, "No instance of it came.\n")?;
        } else {
            grid::write(&judged.matrix, report.screen, out)?;
        }
        if let Some(filter) = &report.bundles {
            bundles::write(&filter.map(&judged.farm), filter.is_by_name(), report.screen, out)?;
        }
        findings::write(&judged.findings, report.screen, out)?;
    }
    let (holes, notes): (Vec<&Gap>, Vec<&Gap>) =
        report.gaps.iter().partition(|gap| gap.kind.hides());
    gaps("Not read", &holes, report, out)?;
    gaps("Notes on the sources", &notes, report, out)?;
    match report.farms.as_slice() {
        [] => writeln!(out, "No AEM instance came; there is nothing to compare."),
        farms => farms.iter().try_for_each(|judged| verdict(judged, report, out)),
    }
}

fn gaps(title: &str, gaps: &[&Gap], report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", Paint::Bold.on(title, report.screen))?;
    for gap in gaps {
        let path = gap.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
        let source = spoken(&gap.source);
        let line = format!("{source}: {path}{} [{}]", gap.reason, gap.kind.label());
        labelled("  -", &line, report.screen, out)?;
    }
    writeln!(out)
}

/// Writes the last line, and above it why a farm is undecided.
fn verdict(judged: &Judged, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (word, paint) = match &judged.verdict {
        Verdict::Consistent => ("CONSISTENT", Paint::Green),
        Verdict::Inconsistent => ("INCONSISTENT", Paint::Red),
        Verdict::Undecided(_) => ("UNDECIDED", Paint::Yellow),
    };
    if !judged.verdict.reasons().is_empty() {
        let title = match report.farms.len() {
            1 => "Undecided because".to_owned(),
            _ => format!("{} is undecided because", clean(&judged.farm.name, report.screen)),
        };
        writeln!(out, "{}", Paint::Bold.on(&title, report.screen))?;
        for reason in judged.verdict.reasons() {
            labelled("  -", &reason.to_string(), report.screen, out)?;
        }
        writeln!(out)?;
    }
    if let Some(why) = uncounted(judged) {
        writeln!(out, "{}\n", wrapped(&why, report.screen))?;
    }
    let farm = match report.farms.len() {
        1 => String::new(),
        _ => format!(" of {}", clean(&judged.farm.name, report.screen)),
    };
    let verdict = format!("Verdict{farm}: {word} -");
    let painted = format!("Verdict{farm}: {} -", paint.on(word, report.screen));
    text::hanging([&verdict, &painted], &basis(judged, report), report.screen, out)
}

/// Makes text harmless, and ASCII where that is asked for.
fn clean(text: &str, screen: super::Screen) -> String {
    let safe = printable(text);
    if !screen.ascii {
        return safe.into_owned();
    }
    let escape = |character: char| {
        if character.is_ascii() {
            character.to_string()
        } else {
            character.escape_unicode().to_string()
        }
    };
    safe.chars().map(escape).collect()
}
