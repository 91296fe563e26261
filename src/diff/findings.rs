//! What is found in both states, or in one, and the verdicts.

use super::matching::Pair;
use crate::diagnosis::{Finding, Judged};
use crate::rules::Severity;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is in the new state alone.
    New,
    /// It is in the old state alone.
    Gone,
    /// It is in both.
    Still,
}

/// A finding, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingChange {
    /// The rule.
    pub rule: &'static str,
    /// How grave it counts.
    pub severity: Severity,
    /// What became of it.
    pub fate: Fate,
    /// The policy suppresses it: it does not matter.
    pub is_suppressed: bool,
    /// What is wrong, in the new state where it is there.
    pub message: String,
    /// The instances that it concerns.
    pub instances: Vec<String>,
}

/// A farm in both states, or in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarmChange {
    /// Its name.
    pub name: String,
    /// The verdicts of the old and of the new state; nothing where it is not there.
    pub verdicts: [Option<&'static str>; 2],
    /// What is found: new, gone, and still there.
    pub findings: Vec<FindingChange>,
}

impl Fate {
    /// Returns the word that reports have for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::Still => "still there",
        }
    }
}

impl FindingChange {
    /// Returns `true` if it is new or gone, no note, and not suppressed.
    pub fn matters(&self) -> bool {
        self.fate != Fate::Still && self.severity > Severity::Note && !self.is_suppressed
    }
}

impl FarmChange {
    /// Returns `true` if the verdict is another one, or what is found is, notes aside.
    pub fn matters(&self) -> bool {
        let [old, new] = self.verdicts;
        old != new || self.findings.iter().any(FindingChange::matters)
    }
}

/// Compares the farms of one name; where each state has one alone, those whatever they are called.
pub(super) fn farms(old: &[Judged], new: &[Judged], pairs: &[Pair<'_>]) -> Vec<FarmChange> {
    let renamed = renamed(pairs);
    if let ([one], [other]) = (old, new) {
        return vec![farm(Some(one), Some(other), &renamed)];
    }
    let name = |judged: &'_ Judged| judged.farm.name.clone();
    let names: BTreeSet<String> = old.iter().chain(new).map(name).collect();
    let of = |side: &[Judged]| -> BTreeMap<String, usize> {
        side.iter().enumerate().map(|(at, judged)| (name(judged), at)).collect()
    };
    let (of_old, of_new) = (of(old), of(new));
    let one = |name: &String| {
        let old = of_old.get(name).and_then(|at| old.get(*at));
        let new = of_new.get(name).and_then(|at| new.get(*at));
        farm(old, new, &renamed)
    };
    names.iter().map(one).collect()
}

/// Returns the new names of instances that had other ones.
fn renamed<'p>(pairs: &[Pair<'p>]) -> BTreeMap<(&'p str, &'p str), &'p str> {
    let of = |pair: &Pair<'p>| match *pair {
        Pair::Both(old, new) => {
            Some(((old.farm, old.member.name.as_str()), new.member.name.as_str()))
        }
        Pair::Gone(_) | Pair::New(_) => None,
    };
    pairs.iter().filter_map(of).collect()
}

fn farm(
    old: Option<&Judged>,
    new: Option<&Judged>,
    renamed: &BTreeMap<(&str, &str), &str>,
) -> FarmChange {
    let mut before: BTreeMap<(&str, Vec<String>), Vec<&Finding>> = BTreeMap::new();
    if let Some(judged) = old {
        for finding in &judged.findings {
            let name = |name: &String| {
                let farm = judged.farm.name.as_str();
                renamed.get(&(farm, name.as_str())).map_or(name.clone(), |new| (*new).to_owned())
            };
            let mut instances: Vec<String> = finding.hit.instances.iter().map(name).collect();
            instances.sort();
            before.entry((finding.rule.id, instances)).or_default().push(finding);
        }
    }
    let mut findings = Vec::new();
    for finding in new.iter().flat_map(|judged| &judged.findings) {
        let mut instances = finding.hit.instances.clone();
        instances.sort();
        let was = before.get_mut(&(finding.rule.id, instances.clone())).and_then(Vec::pop);
        let fate = if was.is_some() { Fate::Still } else { Fate::New };
        findings.push(change(finding, fate, instances));
    }
    let gone = before.into_iter().flat_map(|((_, instances), all)| {
        all.into_iter().map(move |finding| change(finding, Fate::Gone, instances.clone()))
    });
    findings.extend(gone);
    findings.sort_by(|a, b| {
        // Only the severities change sides, since the gravest comes first.
        (a.fate, b.severity, a.rule, &a.instances).cmp(&(b.fate, a.severity, b.rule, &b.instances))
    });
    let name = new.or(old).map(|judged| judged.farm.name.clone()).unwrap_or_default();
    let verdicts = [old, new].map(|judged| judged.map(|judged| judged.verdict.label()));
    FarmChange { name, verdicts, findings }
}

fn change(finding: &Finding, fate: Fate, instances: Vec<String>) -> FindingChange {
    FindingChange {
        rule: finding.rule.id,
        severity: finding.severity,
        fate,
        is_suppressed: finding.excuse.is_some(),
        message: finding.hit.message.clone(),
        instances,
    }
}
