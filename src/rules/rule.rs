//! What a rule is.

use super::Hit;
use crate::farm::Farm;
use crate::repair::RuleId;
use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// May break logins or secrets, or will after the next change.
    Warning,
    /// Breaks logins or secrets.
    Error,
}

impl Severity {
    /// Returns the name used in reports and on the command line.
    pub fn label(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// One check over a farm.
pub struct Rule {
    /// Its name, as on the command line and in every report.
    pub id: &'static str,
    /// How bad its findings are; one that is worth knowing alone is a note.
    pub severity: Severity,
    /// Whether it compares instances. With fewer than two it finds nothing, and that says nothing.
    pub compares: bool,
    /// One line: what is wrong.
    pub summary: &'static str,
    /// What comes of it, in one short sentence.
    pub effect: &'static str,
    /// What breaks, and why.
    pub why: &'static str,
    /// What to do, in general; a finding has the exact steps.
    pub fix: &'static str,
    /// Where that is documented.
    pub references: &'static [&'static str],
    /// Rules that explain what it finds on an instance where they fire too, the likeliest first.
    pub explained_by: &'static [RuleId],
    /// Finds it. Pure and total.
    pub check: fn(&Farm) -> Vec<Hit>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}
