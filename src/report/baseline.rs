//! A baseline: what a later run is to know of this one.

use super::{Outcome, Report, json};
use crate::policy::{Baseline, Known};
use crate::rules::{Excuse, Judged, Selection, is_about_suppressions, known};
use std::io::{self, Write};

/// Writes the findings of a report for a later run to know, and with them what is still known: what this run did not look for, and
/// all that it did not find again where its evidence is incomplete.
pub fn write_baseline(
    report: &Report,
    selection: &Selection,
    out: &mut dyn Write,
) -> io::Result<()> {
    let all: Baseline = found(report).into_iter().chain(kept(report, selection)).collect();
    json::write_json(&all, out)
}

/// What did not come, or was cut off, may still be as it was.
fn kept(report: &Report, selection: &Selection) -> Vec<Known> {
    if report.outcome() != Outcome::Open {
        return selection.known_of_others().cloned().collect();
    }
    let again = report
        .farms
        .iter()
        .flat_map(|judged| judged.findings.iter().map(move |finding| known(&judged.farm, finding)));
    let mut again: Baseline = again.collect();
    selection.baseline.findings().filter(|known| !again.take(known)).cloned().collect()
}

/// What the policy suppresses stays a matter of the policy: once that has expired, the finding is not known.
fn found(report: &Report) -> Vec<Known> {
    let of = |judged: &Judged| -> Vec<Known> {
        let findings = judged.findings.iter();
        let lasting = findings.filter(|f| {
            !is_about_suppressions(f) && matches!(f.excuse, None | Some(Excuse::Known))
        });
        lasting.map(|finding| known(&judged.farm, finding)).collect()
    };
    report.farms.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Screen;
    use super::*;
    use crate::facts::{Gap, GapKind};
    use crate::testing::good_farm;

    #[test]
    fn hostile_names_are_escaped_and_read_again() {
        let name = "\u{202e}b\u{9b}2J";
        let farm = good_farm(&["a", "c"]).with(name, |i| i.hmac(&[1; 32])).build();
        let old = Known { farm: "farm".into(), rule: "x".into(), instances: vec![], paths: vec![] };
        let baseline = std::iter::once(old.clone()).collect();
        let selection = Selection { baseline, ..Selection::default() };
        let report = Report::new(vec![farm], Vec::new(), Vec::new(), &selection, Screen::default());
        let mut bytes = Vec::new();
        write_baseline(&report, &selection, &mut bytes).expect("memory takes it");
        let text = String::from_utf8(bytes).expect("it is text");
        assert!(text.contains("\\u202eb\\u009b2J"), "{text}");
        assert_eq!(Baseline::parse(&text), Ok(found(&report).into_iter().chain([old]).collect()));
    }

    #[test]
    fn run_that_could_not_see_all_forgets_nothing() {
        let report = |is_whole: bool, has_odd: bool, selection: &Selection| {
            let farm = good_farm(&["a", "b"]);
            let farm = if has_odd { farm.with("c", |i| i.hmac(&[1; 32])) } else { farm };
            let (source, reason) = ("c.tar".to_owned(), "ends early".to_owned());
            let gap = Gap { source, path: None, kind: GapKind::Partial, reason };
            let gaps = if is_whole { Vec::new() } else { vec![gap] };
            Report::new(vec![farm.build()], Vec::new(), gaps, selection, Screen::default())
        };
        let first: Baseline =
            found(&report(true, true, &Selection::default())).into_iter().collect();
        let selection = Selection { baseline: first.clone(), ..Selection::default() };
        let renewed = |is_whole, has_odd| {
            let mut bytes = Vec::new();
            let report = report(is_whole, has_odd, &selection);
            write_baseline(&report, &selection, &mut bytes).expect("memory takes it");
            Baseline::parse(&String::from_utf8(bytes).expect("it is text")).expect("a baseline")
        };
        assert!(first.findings().count() > 0);
        assert_eq!(renewed(false, false), first);
        assert_eq!(renewed(false, true), first, "what is found again is there once");
        assert_eq!(renewed(true, false), Baseline::default());
    }
}
