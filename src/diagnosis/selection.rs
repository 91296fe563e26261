//! Which findings are shown, and how grave they are.

use crate::facts::Date;
use crate::policy::{Baseline, Level, Suppression};
use crate::rules::{RULES, Rule, Severity};
use std::collections::BTreeMap;

/// Which findings to show, how grave they are, and which do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only those of these rules; all when empty.
    pub select: Vec<String>,
    /// Not those of these rules.
    pub ignore: Vec<String>,
    /// None below this severity.
    pub min_severity: Option<Severity>,
    /// Severities that a policy gives rules, by id.
    pub severities: BTreeMap<String, Level>,
    /// Findings that a policy suppresses.
    pub suppressions: Vec<Suppression>,
    /// The day on which suppressions are to hold; all do when `None`.
    pub today: Option<Date>,
    /// Instances that a farm has at least.
    pub min_instances: usize,
    /// Findings that are known.
    pub baseline: Baseline,
}

impl Selection {
    /// Returns the severity that findings of a rule are to have; `None` where they are not to be shown.
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        let names = |ids: &[String]| ids.iter().any(|named| named == rule.id);
        let severity = match self.severities.get(rule.id) {
            Some(Level::Off) => return None,
            Some(Level::Error) => Severity::Error,
            Some(Level::Warning) => Severity::Warning,
            Some(Level::Note) => Severity::Note,
            None => rule.severity,
        };
        let is_shown = (self.select.is_empty() || names(&self.select))
            && !names(&self.ignore)
            && self.min_severity.is_none_or(|least| severity >= least);
        is_shown.then_some(severity)
    }

    /// Returns the severity that a finding is to have, which may be worth knowing alone unless the policy says how bad those of its rule are.
    pub(super) fn severity_of(&self, rule: &Rule, is_note: bool) -> Option<Severity> {
        let severity = self.severity(rule)?;
        if !is_note || self.severities.contains_key(rule.id) {
            return Some(severity);
        }
        let is_shown = self.min_severity.is_none_or(|least| Severity::Note >= least);
        is_shown.then_some(Severity::Note)
    }

    /// Returns `true` if there is a rule of this id whose findings are shown.
    pub fn looks_for(&self, id: &str) -> bool {
        RULES.iter().any(|rule| rule.id == id && self.severity(rule).is_some())
    }
}
