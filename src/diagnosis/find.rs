//! What the rules find on a farm.

use super::excuse::Excuse;
use crate::farm::Farm;
use crate::policy::Remark;
use crate::rules::{Hit, RULES, Rule, Severity};
use std::cmp::Reverse;

/// A rule that fired, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// What it found.
    pub hit: Hit,
    /// How grave it counts: as the rule says, unless a policy says otherwise.
    pub severity: Severity,
    /// Why it does not count; `None` where it does.
    pub excuse: Option<Excuse>,
}

impl Finding {
    /// Makes a finding of what a rule found.
    pub(super) fn new(rule: &'static Rule, hit: Hit) -> Self {
        let severity = if hit.is_note { Severity::Note } else { rule.severity };
        Self { rule, hit, severity, excuse: None }
    }

    /// Returns what the baseline says of it, where it is in it.
    pub fn remark(&self) -> Option<&Remark> {
        self.excuse.as_ref()?.remark()
    }
}

/// Returns what all rules find, the gravest first.
pub(super) fn find(farm: &mut Farm) -> Vec<Finding> {
    farm.verified(|farm| {
        let of = |rule: &&'static Rule| {
            let rule = *rule;
            (rule.check)(farm).into_iter().map(move |hit| Finding::new(rule, hit))
        };
        let mut findings: Vec<Finding> = RULES.iter().flat_map(of).collect();
        sort(&mut findings);
        findings
    })
}

/// Stable: within a severity the order of the registry and of the instances stays.
pub(super) fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| Reverse(finding.severity));
}
