//! The terms on which findings count: the policy, the baseline, and the day.

use crate::diagnosis::Selection;
use crate::facts::{Date, Hex, NamedFile};
use crate::policy::{Baseline, Policy, parse};
use crate::rules::RULES;
use anyhow::anyhow;
use sha2::{Digest, Sha256};

/// The text of a file, and what the file is called.
#[derive(Debug, Clone)]
pub struct NamedText {
    /// As it was named.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// What the user expects, and which findings to show.
#[derive(Debug)]
pub struct Terms {
    /// The policy.
    pub policy: Option<Policy>,
    /// Which findings to show, with what policy and baseline say of them.
    pub selection: Selection,
    /// The file of the policy, for the report to name.
    pub policy_file: Option<NamedFile>,
    /// The file of the baseline, for the report to name.
    pub baseline_file: Option<NamedFile>,
}

impl Terms {
    /// Puts them together. The day is asked for where a suppression ends on one: else the same input gives the same bytes.
    ///
    /// # Errors
    ///
    /// Fails when a text is not what it should be; the message names its file, and the line.
    pub fn new(
        mut selection: Selection,
        policy: Option<&NamedText>,
        baseline: Option<&NamedText>,
        day: impl FnOnce() -> anyhow::Result<Date>,
    ) -> anyhow::Result<Self> {
        let policy_file = policy.map(NamedText::file);
        let baseline_file = baseline.map(NamedText::file);
        let parsed = |NamedText { name, text }: &NamedText| {
            parse(text, &rule_ids()).map_err(|error| anyhow!("{name}: {error}"))
        };
        let policy = policy.map(parsed).transpose()?;
        if let Some(NamedText { name, text }) = baseline {
            selection.baseline =
                Baseline::parse(text).map_err(|problem| anyhow!("{name}: {problem}"))?;
        }
        if let Some(policy) = &policy {
            selection.severities.clone_from(&policy.severities);
            selection.suppressions.clone_from(&policy.suppressions);
            let has_days =
                policy.suppressions.iter().any(|suppression| suppression.until.is_some());
            selection.today = if has_days { Some(day()?) } else { None };
        }
        Ok(Self { policy, selection, policy_file, baseline_file })
    }
}

impl NamedText {
    fn file(&self) -> NamedFile {
        NamedFile { name: self.name.clone(), sha256: Hex(Sha256::digest(&self.text).into()) }
    }
}

/// Returns the ids of all rules, which a policy may name.
pub fn rule_ids() -> Vec<&'static str> {
    RULES.iter().map(|rule| rule.id).collect()
}
