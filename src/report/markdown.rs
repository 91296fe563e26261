//! `markdown`: verdict, matrix, findings and gaps, short enough for a ticket.

mod matrix;

use super::code_span::code_span;
use super::prose::prose;
use super::told::{Repair, Told};
use super::wording::{basis, uncounted};
use super::{Format, Report};
use crate::facts::{Gap, Place, spoken};
use crate::rules::{Finding, Judged, Step};
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "markdown",
    extensions: &["md"],
    summary: "verdict, matrix and findings, for a ticket",
    write,
};

/// So many findings of one rule are spelled out; the report in JSON has them all.
const FINDINGS_MAX: usize = 3;
/// So many places are listed of one finding.
const PLACES_MAX: usize = 3;
/// So many gaps of one kind of list are listed.
const GAPS_MAX: usize = 20;

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.farms.is_empty() {
        writeln!(out, "# No AEM instance came\n\nThere is nothing to compare.\n")?;
    }
    for judged in &report.farms {
        verdict(judged, report, out)?;
        matrix::write(&judged.matrix, out)?;
        findings(&judged.findings, out)?;
    }
    let (holes, notes): (Vec<&Gap>, Vec<&Gap>) =
        report.gaps.iter().partition(|gap| gap.kind.hides());
    gaps("Not read", &holes, out)?;
    gaps("Notes on the sources", &notes, out)
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

fn findings(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let mut written = Told::default();
    for same_rule in findings.chunk_by(|a, b| a.rule == b.rule) {
        let Some((rule, severity)) = same_rule.first().map(|found| (found.rule, found.severity))
        else {
            continue;
        };
        let severity = severity.label().to_uppercase();
        writeln!(out, "## {severity} `{}`: {}\n", rule.id, rule.summary)?;
        for finding in same_rule.iter().take(FINDINGS_MAX) {
            self::finding(finding, &mut written, out)?;
        }
        match same_rule.len().saturating_sub(FINDINGS_MAX) {
            0 => {}
            more => writeln!(out, "- and {more} more; `--format json` lists them")?,
        }
        // It is ours, and sets code between backticks itself.
        writeln!(out, "\nWhy: {}\n", rule.why)?;
    }
    Ok(())
}

fn finding<'f>(
    finding: &'f Finding,
    written: &mut Told<'f>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(excuse) = &finding.excuse {
        return writeln!(out, "- {} ({})", prose(&finding.hit.message), prose(&excuse.to_string()));
    }
    writeln!(out, "- {}", prose(&finding.hit.message))?;
    places(&finding.hit.places, out)?;
    match written.tell(finding.hit.fix.as_slice().into(), finding.rule.id) {
        Repair::As(rule) => writeln!(out, "  - repair: as for `{rule}` above"),
        Repair::Steps(own) => {
            let mut steps = own.iter().enumerate();
            steps.try_for_each(|(index, step)| numbered(index.saturating_add(1), step, out))
        }
    }
}

fn numbered(number: usize, step: &Step, out: &mut dyn Write) -> io::Result<()> {
    match step.parts() {
        (lead, Some(command)) => {
            writeln!(out, "  {number}. {}: {}", prose(lead), code_span(command))
        }
        (text, None) => writeln!(out, "  {number}. {}", prose(text)),
    }
}

fn places(places: &[Place], out: &mut dyn Write) -> io::Result<()> {
    for place in places.iter().take(PLACES_MAX) {
        writeln!(out, "  - in {}", prose(&place.to_string()))?;
    }
    match places.len().saturating_sub(PLACES_MAX) {
        0 => Ok(()),
        more => writeln!(out, "  - and in {more} more places"),
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
    use crate::facts::GapKind;
    use crate::farm::Farm;
    use crate::report::Screen;
    use crate::rules::Selection;
    use crate::testing::{FarmBuilder, good_farm};

    fn written(farm: Option<FarmBuilder>, gaps: Vec<Gap>) -> String {
        let farms = farm.map(|farm| Farm { gaps: gaps.clone(), ..farm.build() });
        let farms = farms.into_iter().collect();
        let report = Report::new(farms, Vec::new(), gaps, &Selection::default(), Screen::default());
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn finding_comes_with_its_repair_once() {
        let farm = good_farm(&["a", "b"]).with("c", |i| i.hmac(&[7; 31]));
        let text = written(Some(farm), Vec::new());
        assert!(text.starts_with("# farm: INCONSISTENT\n\n3 instances from"), "{text}");
        assert!(text.contains("## ERROR `hmac-differs`: HMAC keys differ"), "{text}");
        assert!(text.contains("- c has another hmac than the other 2\n  - in"), "{text}");
        assert!(text.contains("  1. "), "{text}");
        assert!(text.contains("repair: as for `hmac-differs` above"), "{text}");
    }

    #[test]
    fn what_could_not_be_read_is_listed_up_to_a_bound() {
        let gap = |number: usize| Gap {
            source: format!("source{number}"),
            path: None,
            kind: GapKind::Partial,
            reason: "ends early".to_owned(),
        };
        let text = written(Some(good_farm(&["a", "b"])), (0..25).map(gap).collect());
        assert!(text.contains("# farm: UNDECIDED"), "{text}");
        assert!(text.contains("- source0 was not read whole"), "{text}");
        assert!(text.contains("- source0: ends early (`partial`)"), "{text}");
        assert!(text.contains("- and 5 more"), "{text}");
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

    #[test]
    fn command_of_a_step_is_one_piece_of_code() {
        let text =
            written(Some(good_farm(&["a"]).with("b", |i| i.storage(b"Bundle\n"))), Vec::new());
        let command = "`printf %s Bundle > 'crx-quickstart/launchpad/felix/bundle1/data/storage'`";
        assert!(text.contains(command), "{text}");
    }

    #[test]
    fn nothing_to_compare_is_said() {
        assert!(written(None, Vec::new()).starts_with("# No AEM instance came"));
    }
}
