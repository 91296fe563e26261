//! A baseline: what a later run is to know of this one.

use super::{Report, json};
use crate::policy::{Baseline, Known};
use crate::rules::{Excuse, Judged, is_about_suppressions, known};
use std::io::{self, Write};

/// Writes the findings of a report for a later run to know, and with them what is still known: `kept`, which this run did not look for.
pub fn write_baseline<'k>(
    report: &Report,
    kept: impl Iterator<Item = &'k Known>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let all: Baseline = found(report).into_iter().chain(kept.cloned()).collect();
    json::write_json(&all, out)
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
    use crate::rules::Selection;
    use crate::testing::good_farm;

    #[test]
    fn hostile_names_are_escaped_and_read_again() {
        let name = "\u{202e}b\u{9b}2J";
        let farm = good_farm(&["a", "c"]).with(name, |i| i.hmac(&[1; 32])).build();
        let selection = Selection::default();
        let report = Report::new(vec![farm], Vec::new(), Vec::new(), &selection, Screen::default());
        let mut bytes = Vec::new();
        let old = Known { farm: "farm".into(), rule: "x".into(), instances: vec![], paths: vec![] };
        write_baseline(&report, std::iter::once(&old), &mut bytes).expect("memory takes it");
        let text = String::from_utf8(bytes).expect("it is text");
        assert!(text.contains("\\u202eb\\u009b2J"), "{text}");
        assert_eq!(Baseline::parse(&text), Ok(found(&report).into_iter().chain([old]).collect()));
    }
}
