//! `table`: the report for a person at a terminal: matrix, findings, gaps, verdict.

mod bundles;
mod causes;
mod findings;
mod grid;
mod names;
mod overview;
mod text;

use super::by_farm::ALL_AT_ONCE;
use super::labels::{basis, uncounted};
use super::{Format, Report, counted, printable};
use crate::diagnosis::{Judged, Verdict};
use crate::facts::{Gap, spoken};
use crate::limits::Limits;
use crate::rules::Severity;
use std::collections::BTreeSet;
use std::io::{self, Write};
use text::wrapped;
pub(super) use text::{Paint, labelled};

pub(super) const FORMAT: Format = Format {
    name: "table",
    extensions: &["txt"],
    summary: "matrix, findings and gaps for people",
    write,
    by_farm: ALL_AT_ONCE,
};

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let is_overview = report.is_overview();
    let shown = report.shown();
    let names = headings(&shown, report);
    if is_overview {
        overview::write(report, out)?;
    } else {
        shown.iter().zip(&names).try_for_each(|(judged, name)| farm(judged, name, report, out))?;
    }
    let concerned = (!report.chosen.is_empty()).then(|| sources(&shown));
    let is_told = |gap: &&Gap| concerned.as_ref().is_none_or(|all| all.contains(&*gap.source));
    let (holes, notes): (Vec<&Gap>, Vec<&Gap>) =
        report.gaps.iter().filter(is_told).partition(|gap| gap.kind.hides());
    gaps("Not read: ask for these again", &holes, report, out)?;
    gaps("Notes on the sources", &notes, report, out)?;
    if is_overview {
        return overview::end(report, out);
    }
    if shown.is_empty() {
        return writeln!(out, "No AEM instance was found; there is nothing to compare.");
    }
    if let Some(others) = report.not_shown() {
        writeln!(out, "{}\n", wrapped(&others, report.screen))?;
    }
    shown.iter().zip(&names).try_for_each(|(judged, name)| verdict(judged, name, report, out))
}

/// Returns the sources of farms: those of their instances, and those that may have held one.
fn sources<'r>(farms: &[&'r Judged]) -> BTreeSet<&'r str> {
    let members = farms.iter().flat_map(|judged| &judged.farm.members);
    let gaps = farms.iter().flat_map(|judged| &judged.farm.gaps);
    let of_members = members.map(|member| member.snapshot.source.as_str());
    of_members.chain(gaps.map(|gap| gap.source.as_str())).collect()
}

fn farm(judged: &Judged, name: &str, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let screen = report.screen;
    if report.farms.len() > 1 {
        writeln!(out, "{}", Paint::Bold.on(&format!("Farm {name}"), screen))?;
    }
    let (word, paint) = word(&judged.verdict);
    writeln!(out, "{}{}\n", paint.on(word, screen), causes(judged))?;
    if judged.farm.members.is_empty() {
        writeln!(out, "No instance of it was found.\n")?;
    } else {
        grid::write(&judged.matrix, report.details, screen, out)?;
    }
    if let Some(filter) = &report.bundles {
        bundles::write(&filter.map(&judged.farm), filter.is_by_name(), screen, out)?;
    }
    if report.details {
        findings::write_all(judged, screen, out)?;
    }
    causes::write(judged, screen, out)?;
    if !report.details {
        findings::write_notes(judged, screen, out)?;
    }
    findings::write_excused(judged, screen, out)
}

/// Counts what a person has to repair. A farm that is not inconsistent has no causes of that, and warnings at most.
fn causes(judged: &Judged) -> String {
    let (verdict, warnings) = (&judged.verdict, judged.count(Severity::Warning));
    match (verdict, judged.causes.len()) {
        (_, 0) => String::new(),
        (Verdict::Inconsistent, count) => format!(": {}", counted(count, "cause")),
        (_, _) if warnings == 0 => String::new(),
        (_, _) => format!(", {}", counted(warnings, "warning")),
    }
}

/// Returns the word of a verdict, and its colour.
fn word(verdict: &Verdict) -> (&'static str, Paint) {
    match verdict {
        Verdict::Consistent => ("CONSISTENT", Paint::Green),
        Verdict::Inconsistent => ("INCONSISTENT", Paint::Red),
        Verdict::Undecided(_) => ("UNDECIDED", Paint::Yellow),
    }
}

/// Returns the names of the farms, short enough for their headings; the line of the verdict has each whole.
fn headings(shown: &[&Judged], report: &Report) -> Vec<String> {
    let names: Vec<&str> = shown.iter().map(|judged| judged.farm.name.as_str()).collect();
    let room = report.screen.columns.map_or(usize::MAX, usize::from);
    names::shortened(&names, room.saturating_sub(UNDECIDED.len()), report.screen)
}

/// What is after the name of a farm in the longest heading.
const UNDECIDED: &str = " is undecided because";

fn gaps(title: &str, gaps: &[&Gap], report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", Paint::Bold.on(title, report.screen))?;
    let max = if report.is_overview() { Limits::DEFAULT.overview_lines_max } else { gaps.len() };
    let is_shown_with = |one: &&Gap, next: &&Gap| !report.details && one.source == next.source;
    let mut shown = 0_usize;
    for of_source in gaps.chunk_by(is_shown_with).take(max) {
        // What puts all in doubt that was read says more than what is missing.
        let graver = of_source.iter().find(|gap| gap.kind.taints());
        let Some(gap) = graver.or(of_source.first()) else { continue };
        let path = gap.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
        let source = spoken(&gap.source);
        let more = match of_source.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" (+{more}: --details)"),
        };
        let line = format!("{source}: {path}{} [{}]{more}", gap.reason, gap.kind.label());
        labelled("  -", &line, report.screen, out)?;
        shown = shown.saturating_add(of_source.len());
    }
    overview::more(gaps.len().saturating_sub(shown), "gaps", out)?;
    writeln!(out)
}

/// Writes the last line, and above it why a farm is undecided.
fn verdict(judged: &Judged, name: &str, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (word, paint) = word(&judged.verdict);
    if !judged.verdict.reasons().is_empty() {
        let title = match report.farms.len() {
            1 => "Undecided because".to_owned(),
            _ => format!("{name}{UNDECIDED}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::farm::Farm;
    use crate::report::Screen;
    use crate::testing::{farm, good_farm};

    #[test]
    fn many_causes_of_one_rule_are_counted_after_the_first() {
        let names: Vec<String> = (0..40).map(|number| format!("publish{number}")).collect();
        let bad = |farm: crate::testing::FarmBuilder, name: &String| {
            farm.with(name, |i| i.storage(b"Bundle\n"))
        };
        let farms = vec![names.iter().fold(farm(), bad).build()];
        let selection = Selection::default();
        let report = Report::new(farms, vec![], vec![], &selection, Screen::default());
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let headings = text.lines().filter(|line| line.starts_with("ERROR ")).count();
        let counted = "  and 28 more of storage-trailing-newline; --format findings lists each";
        assert_eq!(
            (headings, text.lines().filter(|line| *line == counted).count()),
            (12, 1),
            "{text}"
        );
    }

    #[test]
    fn heading_of_a_farm_fits_however_long_its_name_is_and_the_verdict_has_it_whole() {
        let named = |end: &str| Farm {
            name: format!("{}{end}", "x".repeat(300)),
            ..good_farm(&["a"]).build()
        };
        let farms = vec![named("1"), named("2")];
        let screen = Screen { columns: Some(80), ..Screen::default() };
        let report = Report::new(farms, vec![], vec![], &Selection::default(), screen);
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let headings = |text: &str| -> Vec<usize> {
            let is_one = |line: &&str| line.starts_with("Farm ") || line.ends_with(UNDECIDED);
            text.lines().filter(is_one).map(|line| line.chars().count()).collect()
        };
        let lengths = headings(&text);
        assert_eq!(lengths.len(), 4, "{text}");
        assert!(lengths.iter().all(|length| *length <= 80), "{text}");
        assert!(text.contains("x1 is undecided") && text.contains("x2 is undecided"), "{text}");
        assert!(text.contains(&report.farms[1].farm.name), "{text}");
    }
}
