//! A baseline: what a later run is to know of this one.

use super::{Report, RunOutcome, json};
use crate::diagnosis::{Excuse, Finding, Judged, Selection, Verdict, is_about_suppressions, known};
use crate::policy::{Baseline, Known, Remark};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Writes the findings of a report for a later run to know, and with them what is still known: what this run did not look for or could
/// not see. What is new gets the remark; what was known keeps its own.
pub fn write_baseline(
    report: &Report,
    selection: &Selection,
    remark: &Remark,
    out: &mut dyn Write,
) -> io::Result<()> {
    let all: Baseline = found(report, remark).into_iter().chain(kept(report, selection)).collect();
    json::write_json(&all, out)
}

/// Of what was known and not found again, returns what may still be as it was: findings of rules that are left out and of instances that
/// did not come, and all where the evidence is incomplete.
fn kept(report: &Report, selection: &Selection) -> Vec<(Known, Remark)> {
    let came: BTreeSet<(&str, &str)> = report
        .farms
        .iter()
        .flat_map(|Judged { farm, .. }| {
            farm.members.iter().map(|member| (farm.name.as_str(), member.name.as_str()))
        })
        .collect();
    let is_open = report.outcome() == RunOutcome::Open;
    let undecided = report.farms.iter().filter(|of| matches!(of.verdict, Verdict::Undecided(_)));
    let undecided: BTreeSet<&str> = undecided.map(|judged| judged.farm.name.as_str()).collect();
    let may_be = |old: &Known| {
        // That an instance did not come is known of it, and not hidden by it.
        let is_absence = old.rule == "instance-missing";
        is_open
            // Without its peers an instance has nothing to be compared with.
            || undecided.contains(old.farm.as_str())
            || !selection.looks_for(&old.rule)
            || (!is_absence && old.instances.iter().any(|name| !came.contains(&(&old.farm, name))))
    };
    let mut again: Baseline = report
        .farms
        .iter()
        .flat_map(|judged| judged.findings.iter().map(|finding| known(&judged.farm, finding)))
        .collect();
    let all = selection.baseline.findings();
    all.filter(|(old, _)| again.take(old).is_none() && may_be(old))
        .map(|(old, remark)| (old.clone(), remark.clone()))
        .collect()
}

/// What the policy suppresses stays a matter of the policy: once that has expired, the finding is not known.
fn found(report: &Report, remark: &Remark) -> Vec<(Known, Remark)> {
    let of = |judged: &Judged| -> Vec<(Known, Remark)> {
        let findings = judged.findings.iter();
        let lasting = findings.filter(|f| {
            !is_about_suppressions(f) && matches!(f.excuse, None | Some(Excuse::Known(_)))
        });
        let entry = |finding: &Finding| {
            let own = finding.remark().unwrap_or(remark).clone();
            let since = own.since.or_else(|| remark.since.clone());
            (known(&judged.farm, finding), Remark { since, ..own })
        };
        lasting.map(entry).collect()
    };
    report.farms.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Screen;
    use super::*;
    use crate::facts::{Gap, GapKind};
    use crate::testing::{Instance, good_farm};

    #[test]
    fn hostile_names_are_escaped_and_read_again() {
        let name = "\u{202e}b\u{9b}2J";
        let farm = good_farm(&["a", "c"]).with(name, |i| i.hmac(&[1; 32])).build();
        let (farm_name, rule) = ("farm".into(), "x".into());
        let (instances, paths) = (vec![], vec![]);
        let old = Known { farm: farm_name, rule, instances, paths, values: None };
        let baseline = std::iter::once(old.clone()).collect();
        let selection = Selection { baseline, ..Selection::default() };
        let report = Report::new(vec![farm], Vec::new(), Vec::new(), &selection, Screen::default());
        let mut bytes = Vec::new();
        write_baseline(&report, &selection, &Remark::default(), &mut bytes)
            .expect("memory takes it");
        let text = String::from_utf8(bytes).expect("it is text");
        assert!(text.is_ascii(), "{text}");
        assert_eq!(
            Baseline::parse(&text),
            Ok(found(&report, &Remark::default())
                .into_iter()
                .chain([(old, Remark::default())])
                .collect())
        );
    }

    #[test]
    fn run_that_could_not_see_all_forgets_nothing() {
        let odd = |i: Instance| i.hmac(&[1; 32]);
        let report =
            |is_whole: bool, c: Option<fn(Instance) -> Instance>, selection: &Selection| {
                let farm = good_farm(&["a", "b"]);
                let farm = if let Some(c) = c { farm.with("c", c) } else { farm };
                let (source, reason) = ("c.tar".to_owned(), "ends early".to_owned());
                let gap = Gap { source, path: None, kind: GapKind::Partial, reason };
                let gaps = if is_whole { Vec::new() } else { vec![gap] };
                Report::new(vec![farm.build()], Vec::new(), gaps, selection, Screen::default())
            };
        let first: Baseline =
            found(&report(true, Some(odd), &Selection::default()), &Remark::default())
                .into_iter()
                .collect();
        let selection = Selection { baseline: first.clone(), ..Selection::default() };
        let renewed = |is_whole, c| {
            let mut bytes = Vec::new();
            let report = report(is_whole, c, &selection);
            write_baseline(&report, &selection, &Remark::default(), &mut bytes)
                .expect("memory takes it");
            Baseline::parse(&String::from_utf8(bytes).expect("it is text")).expect("a baseline")
        };
        assert!(first.findings().count() > 0);
        assert_eq!(renewed(false, None), first);
        assert_eq!(renewed(true, None), first, "nothing is known of what did not come");
        assert_eq!(renewed(false, Some(odd)), first, "what is found again is there once");
        assert_eq!(renewed(true, Some(|i| i)), Baseline::default());
        let alone = crate::testing::farm().with("c", |i| i).build();
        let alone = Report::new(vec![alone], Vec::new(), Vec::new(), &selection, Screen::default());
        let kept: Baseline = kept(&alone, &selection).into_iter().collect();
        assert_eq!(kept, first, "c has nothing to be compared with");
    }
}
