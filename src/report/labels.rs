//! Words that several formats share.

use super::{Report, counted, excused};
use crate::diagnosis::{Judged, Verdict};
use crate::farm::{BundleMap, Cell, CellState};
use crate::rules::Severity;
use std::collections::BTreeSet;

/// Returns the text of a cell, in brackets where it is no value, so that "absent" is no word that was read: `[…]` what was looked
/// for, `(…)` what was not seen.
pub(super) fn marked(cell: &Cell, text: &str) -> String {
    match cell.state {
        CellState::Value => text.to_owned(),
        CellState::Absent | CellState::Unreadable => format!("[{text}]"),
        CellState::NotInSnapshot | CellState::NotApplicable => format!("({text})"),
    }
}

/// Counts the bundles that do not differ, to be put after the count of those that do.
pub(super) fn not_differing(map: &BundleMap) -> String {
    let unknown = match map.unknown {
        0 => String::new(),
        unknown => format!("; not known everywhere: {unknown}"),
    };
    format!("{unknown}; the same everywhere: {}", map.same)
}

/// Why findings are not shown.
pub(super) const LEFT_OUT: &str = "left out by --select, --ignore, --min-severity or the policy";

/// Counts what a verdict rests on: `3 instances from 3 sources, 2 causes (3 errors, 0 warnings, 0 notes)`. Of one cause there may be several
/// findings, and a reader who counts the causes above has to find their number here.
pub(super) fn basis(judged: &Judged, report: &Report) -> String {
    let count = |severity: Severity| counted(judged.count(severity), severity.label());
    let left_out = match judged.left_out {
        0 => String::new(),
        hidden => format!(" ({} {LEFT_OUT})", counted(hidden, "finding")),
    };
    let severities = [Severity::Error, Severity::Warning, Severity::Note].map(count).join(", ");
    let findings = match judged.causes.len() {
        0 => severities,
        causes => format!("{} ({severities})", counted(causes, "cause")),
    };
    format!(
        "{} from {}, {findings}{}{left_out}",
        counted(judged.instances(), "instance"),
        counted(sources(judged, report), "source"),
        excused(judged.suppressed(), judged.known()),
    )
}

/// Counts the sources of a farm: those of its instances, and those that may have held one.
fn sources(judged: &Judged, report: &Report) -> usize {
    let came =
        |name: &&str| report.sources.binary_search_by(|own| own.name.as_str().cmp(name)).is_ok();
    let members = judged.farm.members.iter().map(|member| member.snapshot.source.as_str());
    let gaps = judged.farm.gaps.iter().map(|gap| gap.source.as_str());
    members.chain(gaps.filter(came)).collect::<BTreeSet<_>>().len()
}

/// Says why a farm is inconsistent of which no error is counted. The verdict is that of the rules: no option and no policy changes it.
pub(super) fn uncounted(judged: &Judged) -> Option<String> {
    let is_counted = judged.count(Severity::Error) > 0;
    if judged.verdict != Verdict::Inconsistent || is_counted {
        return None;
    }
    let is_error = |severity: Severity| severity == Severity::Error;
    let shown = judged.findings.iter().filter(|found| is_error(found.rule.severity));
    let (excused, lowered): (Vec<_>, Vec<_>) = shown.partition(|found| found.excuse.is_some());
    let hidden = counted(judged.left_out, "finding");
    let parts = [
        (excused.len(), "with an excuse".to_owned()),
        (lowered.len(), "that the policy counts as less".to_owned()),
    ];
    let mut parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{} {why}", counted(count, "error")))
        .collect();
    match (parts.is_empty(), judged.left_out) {
        (_, 0) => {}
        (true, _) => parts.push(format!("the errors among {hidden} {LEFT_OUT}")),
        (false, _) => parts.push(format!("those that may be among {hidden} {LEFT_OUT}")),
    }
    Some(format!("No error is counted, but the verdict is that of all rules: {}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::report::Screen;
    use crate::testing::good_farm;

    fn judged(text: &str) -> Judged {
        let ids: Vec<&str> = crate::rules::RULES.iter().map(|rule| rule.id).collect();
        let policy = crate::policy::parse(text, &ids).expect("a policy");
        let (severities, suppressions) = (policy.severities, policy.suppressions);
        let selection = Selection { severities, suppressions, ..Selection::default() };
        let odd: Vec<u8> = (1..33).collect();
        let farm = good_farm(&["a", "b"]).with("c", |i| i.hmac(&odd)).build();
        crate::diagnosis::judge(vec![farm], &selection).remove(0)
    }

    #[test]
    fn verdict_over_errors_that_do_not_count_is_explained() {
        assert_eq!(uncounted(&judged("")), None);
        let all = "No error is counted, but the verdict is that of all rules: ";
        let off = "[severity]\nhmac-differs = \"off\"\nhalf-copied-pair = \"off\"\n";
        let told = format!("{all}the errors among 2 findings {LEFT_OUT}");
        assert_eq!(uncounted(&judged(off)), Some(told));
        let mixed = "[severity]\nhmac-differs = \"note\"\n[[suppress]]\nrule = \"half-copied-pair\"\nreason = \"r\"\n";
        let told = format!("{all}1 error with an excuse, 1 error that the policy counts as less");
        assert_eq!(uncounted(&judged(mixed)), Some(told));
    }

    #[test]
    fn sources_are_those_of_the_farm() {
        let farm = |name: &str, members: &[&str]| {
            let mut farm = good_farm(members).build();
            name.clone_into(&mut farm.name);
            farm
        };
        let farms = vec![farm("east", &["a", "b"]), farm("west", &["c"])];
        let report =
            Report::new(farms, Vec::new(), Vec::new(), &Selection::default(), Screen::default());
        let counts = report.farms.iter().map(|judged| basis(judged, &report));
        let counts: Vec<String> = counts.collect();
        assert!(counts[0].starts_with("2 instances from 2 sources,"), "{counts:?}");
        assert!(counts[1].starts_with("1 instance from 1 source,"), "{counts:?}");
    }
}
