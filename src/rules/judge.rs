//! Applies the rules to a farm, once, and puts together what they say of it.

use super::{Finding, RULES, Rule, Severity, Verdict, verdict};
use crate::facts::Gap;
use crate::farm::{Farm, Matrix, matrix};
use std::cmp::Reverse;

/// Which findings to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only those of these rules; all when empty.
    pub select: Vec<String>,
    /// Not those of these rules.
    pub ignore: Vec<String>,
    /// None below this severity.
    pub min_severity: Option<Severity>,
}

impl Selection {
    /// Says whether findings of a rule are to be shown.
    pub fn takes(&self, rule: &Rule) -> bool {
        let names = |ids: &[String]| ids.iter().any(|id| id == rule.id);
        (self.select.is_empty() || names(&self.select))
            && !names(&self.ignore)
            && self.min_severity.is_none_or(|least| rule.severity >= least)
    }
}

/// A farm with what the rules say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The farm.
    pub farm: Farm,
    /// Its matrix.
    pub matrix: Matrix,
    /// The selected findings, the gravest first.
    pub findings: Vec<Finding>,
    /// How many findings the selection leaves out.
    pub left_out: usize,
    /// The verdict, from all findings, selected or not.
    pub verdict: Verdict,
}

/// Applies all rules to a farm. `gaps` are those of all sources.
pub fn judge(farm: Farm, gaps: &[Gap], selection: &Selection) -> Judged {
    let all = findings(&farm);
    let verdict = verdict(&farm, &all, gaps);
    let count = all.len();
    let findings: Vec<Finding> =
        all.into_iter().filter(|finding| selection.takes(finding.rule)).collect();
    let left_out = count.saturating_sub(findings.len());
    Judged { matrix: matrix(&farm), findings, left_out, verdict, farm }
}

/// Returns what all rules find, the gravest first.
pub(super) fn findings(farm: &Farm) -> Vec<Finding> {
    let trusted = trusted(farm);
    let of = |rule: &&'static Rule| {
        let rule = *rule;
        (rule.check)(&trusted).into_iter().map(move |hit| Finding { rule, hit })
    };
    let mut findings: Vec<Finding> = RULES.iter().flat_map(of).collect();
    // Stable: within a severity the order of the registry and of the instances stays.
    findings.sort_by_key(|finding| Reverse(finding.rule.severity));
    findings
}

/// Leaves out instances whose bytes fail a checksum: a wrong bit there would look like a wrong key.
fn trusted(farm: &Farm) -> Farm {
    let mut farm = farm.clone();
    farm.members.retain(|member| member.snapshot.is_verified());
    farm
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
    use crate::testing::good_farm;

    fn with_odd_hmac() -> Farm {
        good_farm(&["a", "b"]).with("c", |i| i.hmac(&[1; 32])).build()
    }

    #[test]
    fn gravest_findings_come_first() {
        let farm = good_farm(&["a"]).with("b", |i| i.hmac(&[1; 32]).owned_by(1000, 0o644)).build();
        let severities: Vec<_> = findings(&farm).iter().map(|f| f.rule.severity).collect();
        assert!(severities.is_sorted_by(|a, b| a >= b) && severities.len() > 1, "{severities:?}");
    }

    #[test]
    fn selection_hides_findings_and_counts_them_but_leaves_the_verdict() {
        let all = judge(with_odd_hmac(), &[], &Selection::default());
        let ignore = all.findings.iter().map(|finding| finding.rule.id.to_owned()).collect();
        let none = judge(with_odd_hmac(), &[], &Selection { ignore, ..Selection::default() });
        assert_eq!((none.findings.len(), none.left_out), (0, all.findings.len()));
        assert_eq!((all.left_out, &all.verdict), (0, &none.verdict));
    }

    #[test]
    fn instance_whose_source_fails_its_checksum_is_not_judged() {
        let farm = good_farm(&["a", "b"])
            .with("c", |i| i.hmac(&[1; 32]).gap(GapKind::CorruptStream, None))
            .build();
        assert_eq!(findings(&farm), []);
    }
}
