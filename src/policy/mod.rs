//! What the user expects of the farms, and which findings are known: plain values, and how they are read from text.
//!
//! The files themselves are read by `cli`, since naming them is a choice.

pub mod baseline;
mod parse;
mod pattern;
mod suggest;
mod unquoted;

pub use baseline::{Baseline, Known, Remark, schema as baseline_schema};
pub use parse::{PolicyError, parse, schema};
pub use pattern::Pattern;

use crate::facts::{Date, Digest, KeyName, Role, path_parts};
use std::collections::BTreeMap;

/// What the user expects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Farms that must come, as named.
    pub farms: Vec<PolicyFarm>,
    /// Farms that must not share keys.
    pub differ: Vec<Differ>,
    /// Severities of rules, by id.
    pub severities: BTreeMap<String, Level>,
    /// Findings that are not to count.
    pub suppressions: Vec<Suppression>,
}

/// A farm that must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFarm {
    /// Its name, unique in the policy.
    pub name: String,
    /// The digests its keys must have.
    pub keys: BTreeMap<KeyName, ExpectedDigest>,
    /// Its instances.
    pub instances: Vec<PolicyInstance>,
}

/// An instance that must come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInstance {
    /// Its name in reports, unique in its farm.
    pub name: String,
    /// What its source, the file name of that, or the name made from it matches.
    pub source: Pattern,
    /// The role it must have.
    pub role: Option<Role>,
}

impl PolicyInstance {
    /// Returns `true` if a source is meant by its path or file name.
    pub fn may_lie_in(&self, source: &str) -> bool {
        self.source.matches(source) || self.source.matches(file_of(source))
    }
}

/// Returns the file name of a source, as entries of a policy name it.
pub fn file_of(source: &str) -> &str {
    path_parts(source.trim_end_matches('/')).next_back().unwrap_or(source)
}

/// The digest that a key must have, in lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedDigest(pub(super) String);

impl ExpectedDigest {
    /// Returns `true` if a key has it: as its md5 or as its sha256.
    pub fn is_of(&self, digest: &Digest) -> bool {
        // KA-23909 compares md5 sums, so those are what people have at hand.
        self.0 == digest.md5.to_string() || self.0 == digest.sha256.to_string()
    }

    /// Returns its first eight digits, for people to compare at a glance.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }

    /// Returns which digest it is, by its length.
    pub fn kind(&self) -> &'static str {
        if self.0.len() == MD5_DIGITS { "md5" } else { "sha256" }
    }
}

/// Hexadecimal digits of an md5.
const MD5_DIGITS: usize = 32;

/// Farms that must not share keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differ {
    /// Their names; each is that of a farm of the policy.
    pub farms: Vec<String>,
    /// The keys that must differ.
    pub keys: Vec<KeyName>,
}

/// How grave the findings of a rule are to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As an error.
    Error,
    /// As a warning.
    Warning,
    /// As a note.
    Note,
    /// Not at all: they are left out.
    Off,
}

/// Findings that are not to count, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The rule.
    pub rule: String,
    /// The farm; any when `None`.
    pub farm: Option<String>,
    /// Patterns, one of which each instance of the finding must match; any when empty.
    pub instances: Vec<Pattern>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds; for good when `None`.
    pub until: Option<Date>,
}

impl Suppression {
    /// Returns `true` if a finding is meant: all its instances, and there are some where instances are asked for.
    pub fn covers(&self, rule: &str, farm: &str, instances: &[String]) -> bool {
        let asked = |name: &String| self.instances.iter().any(|pattern| pattern.matches(name));
        self.rule == rule
            && self.farm.as_ref().is_none_or(|own| own == farm)
            && (self.instances.is_empty() || !instances.is_empty() && instances.iter().all(asked))
    }

    /// Returns `true` if its last day is over.
    pub fn is_expired(&self, today: Option<Date>) -> bool {
        self.until.zip(today).is_some_and(|(until, today)| today > until)
    }
}

/// A suppression that does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The suppression.
    pub suppression: Suppression,
    /// Its last day is over; otherwise nothing of the kind was found.
    pub expired: bool,
}
