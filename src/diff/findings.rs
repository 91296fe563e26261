//! What is found in both states, or in one, and the verdicts.

use super::matching::Pair;
use super::shown::is_shown;
use crate::diagnosis::{Finding, Judged, known};
use crate::farm::Member;
use crate::rules::Severity;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is in the new state alone.
    New,
    /// It is in the old state alone, and the new one showed what it was found in.
    Gone,
    /// It is in both, and what it was found in holds something else.
    Altered,
    /// It is in the old state, and the new one did not show what it was found in.
    NotShown,
    /// It is in the new state, and the old one did not show what it was found in.
    NotShownBefore,
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
    /// What was wrong in the old state, where it is in both and that was another thing.
    pub old_message: Option<String>,
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
            Self::Altered => "changed",
            Self::NotShown => "not shown",
            Self::NotShownBefore => "not shown before",
            Self::Still => "still there",
        }
    }
}

impl FindingChange {
    /// Returns `true` if it is new, gone or another one, no note, and not suppressed.
    pub fn matters(&self) -> bool {
        !matches!(self.fate, Fate::Still | Fate::NotShown | Fate::NotShownBefore) && self.counts()
    }

    /// Returns `true` if it counts, and one of the states does not show whether it is there.
    pub fn is_open(&self) -> bool {
        matches!(self.fate, Fate::NotShown | Fate::NotShownBefore) && self.counts()
    }

    fn counts(&self) -> bool {
        self.severity > Severity::Note && !self.is_suppressed
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
    let others = Counterparts::of(pairs);
    if let ([one], [other]) = (old, new) {
        return vec![farm(Some(one), Some(other), &others)];
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
        farm(old, new, &others)
    };
    names.iter().map(one).collect()
}

/// Instances of each state, by their farms and names in the other one.
#[derive(Default)]
struct Counterparts<'p> {
    new: BTreeMap<(&'p str, &'p str), &'p Member>,
    old: BTreeMap<(&'p str, &'p str), &'p Member>,
}

impl<'p> Counterparts<'p> {
    fn of(pairs: &[Pair<'p>]) -> Self {
        let mut others = Self::default();
        for pair in pairs {
            if let Pair::Both(old, new) = *pair {
                others.new.insert((old.farm, &old.member.name), new.member);
                others.old.insert((new.farm, &new.member.name), old.member);
            }
        }
        others
    }

    /// Returns an instance of the old state as the new one has it.
    fn in_new(&self, old: &Judged, name: &str) -> Option<&'p Member> {
        self.new.get(&(old.farm.name.as_str(), name)).copied()
    }

    /// Returns an instance of the new state as the old one had it.
    fn in_old(&self, new: &Judged, name: &str) -> Option<&'p Member> {
        self.old.get(&(new.farm.name.as_str(), name)).copied()
    }
}

/// A finding of the old state, and what its evidence holds.
type Before<'f> = (&'f Finding, Option<Vec<String>>);

fn farm(old: Option<&Judged>, new: Option<&Judged>, others: &Counterparts<'_>) -> FarmChange {
    let mut before: BTreeMap<(&str, Vec<String>), Vec<Before<'_>>> = BTreeMap::new();
    if let Some(judged) = old {
        for finding in &judged.findings {
            let name = |name: &String| {
                others.in_new(judged, name).map_or_else(|| name.clone(), |new| new.name.clone())
            };
            let mut instances: Vec<String> = finding.hit.instances.iter().map(name).collect();
            instances.sort();
            let values = known(&judged.farm, finding).values;
            before.entry((finding.rule.id, instances)).or_default().push((finding, values));
        }
    }
    let mut findings = Vec::new();
    let mut unlike = Vec::new();
    if let Some(judged) = new {
        for finding in &judged.findings {
            let mut instances = finding.hit.instances.clone();
            instances.sort();
            let key = (finding.rule.id, instances);
            let values = known(&judged.farm, finding).values;
            let same = before.get_mut(&key).and_then(|all| {
                let at = all.iter().position(|(_, before)| *before == values)?;
                Some(all.swap_remove(at))
            });
            match same {
                Some((was, _)) => findings.push(kept(was, finding, Fate::Still, key.1)),
                None => unlike.push((judged, finding, key)),
            }
        }
    }
    for (judged, finding, key) in unlike {
        let was = before.get_mut(&key).and_then(Vec::pop);
        findings.push(match (was, old) {
            (Some((was, _)), Some(old)) => {
                // What only one of them showed is no change.
                let is_known = is_shown(was, &old.farm, &|name| others.in_new(old, name))
                    && is_shown(finding, &judged.farm, &|name| others.in_old(judged, name));
                let fate = if is_known { Fate::Altered } else { Fate::Still };
                kept(was, finding, fate, key.1)
            }
            _ if is_new(finding, judged, others) => change(finding, Fate::New, key.1),
            _ => change(finding, Fate::NotShownBefore, key.1),
        });
    }
    for ((_, instances), all) in before {
        for (finding, _) in all {
            let is_shown = old
                .is_some_and(|old| is_shown(finding, &old.farm, &|name| others.in_new(old, name)));
            let fate = if is_shown { Fate::Gone } else { Fate::NotShown };
            findings.push(change(finding, fate, instances.clone()));
        }
    }
    findings.sort_by(|a, b| {
        // Only the severities change sides, since the gravest comes first.
        (a.fate, b.severity, a.rule, &a.instances).cmp(&(b.fate, a.severity, b.rule, &b.instances))
    });
    let name = new.or(old).map(|judged| judged.farm.name.clone()).unwrap_or_default();
    let verdicts = [old, new].map(|judged| judged.map(|judged| judged.verdict.label()));
    FarmChange { name, verdicts, findings }
}

/// Returns `true` if the old state showed what is found now, or had not all of the instances: that those came is a change by itself.
fn is_new(finding: &Finding, new: &Judged, others: &Counterparts<'_>) -> bool {
    let mut instances = finding.hit.instances.iter();
    instances.any(|name| others.in_old(new, name).is_none())
        || is_shown(finding, &new.farm, &|name| others.in_old(new, name))
}

/// Returns what became of a finding that is in both states.
fn kept(was: &Finding, is: &Finding, fate: Fate, instances: Vec<String>) -> FindingChange {
    let old_message = Some(was.hit.message.clone()).filter(|message| *message != is.hit.message);
    FindingChange { old_message, ..change(is, fate, instances) }
}

fn change(finding: &Finding, fate: Fate, instances: Vec<String>) -> FindingChange {
    FindingChange {
        rule: finding.rule.id,
        severity: finding.severity,
        fate,
        is_suppressed: finding.excuse.is_some(),
        message: finding.hit.message.clone(),
        old_message: None,
        instances,
    }
}
