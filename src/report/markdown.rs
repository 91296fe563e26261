//! `markdown`: verdict, matrix, findings and gaps, short enough for a ticket.

mod matrix;

use super::code_span::code_span;
use super::prose::prose;
use super::told::{Repair, Told};
use super::wording::{basis, uncounted};
use super::{Format, Report, windows};
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

/// So many lines are written of a farm of up to three instances, which is what fits a ticket; of a larger one more.
const LINES_MAX: usize = 60;
/// So many instances have room in that.
const INSTANCES_SMALL: usize = 3;

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.farms.is_empty() {
        writeln!(out, "# No AEM instance came\n\nThere is nothing to compare.\n")?;
    }
    let (holes, notes): (Vec<&Gap>, Vec<&Gap>) =
        report.gaps.iter().partition(|gap| gap.kind.hides());
    let mut end: Vec<u8> = Vec::new();
    gaps("Not read", &holes, &mut end)?;
    gaps("Notes on the sources", &notes, &mut end)?;
    for judged in &report.farms {
        let mut head: Vec<u8> = Vec::new();
        verdict(judged, report, &mut head)?;
        matrix::write(&judged.matrix, &mut head)?;
        if let Some(who) = windows::who(judged) {
            writeln!(head, "{} {}\n", prose(&who), windows::INSTEAD)?;
        }
        out.write_all(&head)?;
        let times = judged.farm.members.len().div_ceil(INSTANCES_SMALL).max(1);
        let taken = lines(&head).saturating_add(lines(&end));
        let room = LINES_MAX.saturating_mul(times).saturating_sub(taken);
        out.write_all(&findings(&judged.findings, room)?)?;
    }
    out.write_all(&end)
}

fn lines(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').skip(1).count()
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

/// Returns the findings in so many lines: the gravest are spelled out, as many as fit, and of the rules behind them a line each is left.
fn findings(findings: &[Finding], room: usize) -> io::Result<Vec<u8>> {
    let rules: Vec<&[Finding]> = findings.chunk_by(|a, b| a.rule == b.rule).collect();
    let mut text = Vec::new();
    for whole in (0..=rules.len()).rev() {
        text.clear();
        let (spelled_out, named) = rules.split_at_checked(whole).unwrap_or_default();
        let mut written = Told::default();
        for same_rule in spelled_out {
            rule(same_rule, &mut written, &mut text)?;
        }
        others(named, &mut text)?;
        if lines(&text) <= room {
            break;
        }
    }
    Ok(text)
}

/// Writes the findings of a rule.
fn rule<'f>(
    same_rule: &'f [Finding],
    written: &mut Told<'f>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(Finding { rule, severity, .. }) = same_rule.first() else { return Ok(()) };
    let severity = severity.label().to_uppercase();
    writeln!(out, "## {severity} `{}`: {}\n", rule.id, rule.summary)?;
    for finding in same_rule.iter().take(FINDINGS_MAX) {
        self::finding(finding, written, out)?;
    }
    match same_rule.len().saturating_sub(FINDINGS_MAX) {
        0 => {}
        more => writeln!(out, "- and {more} more; `--format json` lists them")?,
    }
    // It is ours, and sets code between backticks itself.
    writeln!(out, "\nWhy: {}\n", rule.why)
}

/// Names what there was no room for.
fn others(rules: &[&[Finding]], out: &mut dyn Write) -> io::Result<()> {
    if rules.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Found as well\n\nIts repair is in the report of `--format runbook`.\n")?;
    for same_rule in rules {
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
    fn farm_of_three_fits_a_ticket_whatever_is_wrong_with_it() {
        let other: Vec<u8> = (100..132).collect();
        let stray = [&other[..], b"\n"].concat();
        let faulty = |i: crate::testing::Instance| {
            let ims = "auth.ims.client.secret=\"x\"\r\n";
            i.storage(b"JCR\n").config(crate::facts::IMS_CUSTOMIZER, ims).hmac(&stray)
        };
        let farm = good_farm(&["a"])
            .with("b", |i| i.hmac(&stray).storage(b"Bundle\n").owned_by(0, 0o644))
            .with("c", |i| faulty(i).owned_by(0, 0o644).sling_id("0"));
        let text = written(Some(farm), Vec::new());
        assert!(text.lines().count() <= LINES_MAX, "{text}");
        assert!(text.contains("## Found as well\n"), "{text}");
        assert!(text.contains("- ERROR `storage-trailing-newline`: "), "{text}");
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
