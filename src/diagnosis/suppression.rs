//! Findings that do not count: suppressed by the policy, or known from an earlier run.

use super::Selection;
use super::excuse::Excuse;
use super::find::{Finding, sort};
use super::identity::known;
use crate::farm::Farm;
use crate::policy::{Baseline, Stale, Suppression};
use crate::repair::{Id, Scope, WhoseKeys, standing};
use crate::rules;
use std::collections::{BTreeMap, BTreeSet};
use std::slice;

/// The suppressions of a policy, by the farm that each names: a policy of 10,000 farms may have some for each.
#[derive(Default)]
pub(super) struct Suppressions<'s> {
    of_farm: BTreeMap<&'s str, Vec<(usize, &'s Suppression)>>,
    of_any: Vec<(usize, &'s Suppression)>,
}

impl<'s> Suppressions<'s> {
    /// Returns those that hold on the day.
    pub(super) fn of(selection: &'s Selection) -> Self {
        let mut all = Self::default();
        let holds = |suppression: &&Suppression| !suppression.is_expired(selection.today);
        for (index, suppression) in selection.suppressions.iter().filter(holds).enumerate() {
            let place = match &suppression.farm {
                Some(farm) => all.of_farm.entry(farm).or_default(),
                None => &mut all.of_any,
            };
            place.push((index, suppression));
        }
        all
    }

    /// Returns those that may cover findings of a farm, in the order of the policy.
    pub(super) fn on(&self, farm: &Farm) -> Vec<&'s Suppression> {
        let named = self.of_farm.get(farm.name.as_str()).into_iter().flatten();
        let mut own: Vec<(usize, &Suppression)> = named.chain(&self.of_any).copied().collect();
        own.sort_by_key(|(index, _)| *index);
        own.into_iter().map(|(_, suppression)| suppression).collect()
    }
}

/// Returns the excuse that the policy has for a finding; `own` are the suppressions for its farm.
fn suppressed(farm: &Farm, finding: &Finding, own: &[&Suppression]) -> Option<Excuse> {
    let covers = |suppression: &&&Suppression| {
        suppression.covers(finding.rule.id, &farm.name, &finding.hit.instances)
    };
    let suppression = own.iter().find(covers)?;
    let (reason, until) = (suppression.reason.clone(), suppression.until);
    Some(Excuse::Suppressed { reason, until })
}

/// Returns why a finding does not count: the policy suppresses it, or the baseline knows it.
pub(super) fn excuse(
    farm: &Farm,
    finding: &Finding,
    own: &[&Suppression],
    baseline: &mut Baseline,
) -> Option<Excuse> {
    suppressed(farm, finding, own).or_else(|| {
        if baseline.is_empty() || is_about_suppressions(finding) {
            return None;
        }
        baseline.take(&known(farm, finding)).map(Excuse::Known)
    })
}

/// Returns the instances whose keys stay as they are: every finding that asks for other ones and concerns such an instance is suppressed
/// for it. One that no such finding names is left where each that counts is suppressed for it, and its keys are not the ones to copy.
pub(super) fn accepted(
    farm: &Farm,
    findings: &[Finding],
    own: &[&Suppression],
    selection: &Selection,
) -> BTreeSet<Id> {
    let none = BTreeSet::new();
    if own.is_empty() {
        return none;
    }
    let source = match standing(Scope { farm, accepted: &none }) {
        WhoseKeys::Source(name) => Some(name),
        WhoseKeys::Open | WhoseKeys::Settled => None,
    };
    let asks =
        |found: &&Finding| found.hit.asks_for_keys() && selection.severity(found.rule).is_some();
    let asking: Vec<&Finding> = findings.iter().filter(asks).collect();
    let counting: Vec<&&Finding> =
        asking.iter().filter(|found| suppressed(farm, found, own).is_none()).collect();
    let covers = |found: &Finding, name: &String| {
        own.iter()
            .any(|suppression| suppression.covers(found.rule.id, &farm.name, slice::from_ref(name)))
    };
    let mut of_instance: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for &found in &asking {
        for name in &found.hit.instances {
            of_instance.entry(name).or_default().push(found);
        }
    }
    let is_accepted = |name: &String| {
        if let Some(asking) = of_instance.get(name.as_str()) {
            return asking.iter().all(|found| covers(found, name));
        }
        let is_source = source.as_ref() == Some(name);
        !is_source && !counting.is_empty() && counting.iter().all(|found| covers(found, name))
    };
    let names = farm.members.iter().map(|member| &member.name);
    names.filter(|name| is_accepted(name)).cloned().collect()
}

/// Says which suppressions do nothing: with the farm that one names, else with the first.
pub(super) fn stale(found: &mut [(Farm, Vec<Finding>)], selection: &Selection) {
    for (suppression, at) in idle(found, selection) {
        let expired = suppression.is_expired(selection.today);
        if let Some((_, findings)) = found.get_mut(at) {
            let (rule, hit) = rules::stale(&Stale { suppression, expired });
            findings.push(Finding::new(rule, hit));
            sort(findings);
        }
    }
}

/// Returns the suppressions that do nothing, with the index of the farm to say so.
fn idle(found: &[(Farm, Vec<Finding>)], selection: &Selection) -> Vec<(Suppression, usize)> {
    let names = found.iter().enumerate().map(|(index, (farm, _))| (farm.name.as_str(), index));
    let names: BTreeMap<&str, usize> = names.collect();
    let mut of_rule: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (index, (_, findings)) in found.iter().enumerate() {
        for finding in findings {
            of_rule.entry(finding.rule.id).or_default().insert(index);
        }
    }
    // No rule fires on what was not read, so a suppression that matches nothing may be needed still.
    let is_any_open = found.iter().any(|(farm, _)| is_open(farm));
    let at = |index: usize| found.get(index);
    let does_something = |suppression: &Suppression| {
        if let Some(farm) = &suppression.farm {
            let own = names.get(farm.as_str()).copied().and_then(at);
            return own.is_some_and(|(farm, findings)| {
                is_open(farm) || is_found(farm, findings, suppression)
            });
        }
        let of_rule = of_rule.get(suppression.rule.as_str()).into_iter().flatten();
        let mut of_rule = of_rule.copied().filter_map(at);
        is_any_open || of_rule.any(|(farm, findings)| is_found(farm, findings, suppression))
    };
    let is_idle = |suppression: &&Suppression| {
        suppression.is_expired(selection.today) || !does_something(suppression)
    };
    let index = |suppression: &Suppression| {
        suppression.farm.as_ref().and_then(|farm| names.get(farm.as_str())).copied()
    };
    let idle = selection.suppressions.iter().filter(is_idle);
    idle.map(|idle| (idle.clone(), index(idle).unwrap_or_default())).collect()
}

/// Returns `true` if something may be in what was not read.
fn is_open(farm: &Farm) -> bool {
    farm.has_more_gaps || farm.gaps.iter().any(|gap| gap.kind.hides())
}

/// Returns `true` if something of a farm is found for a suppression.
fn is_found(farm: &Farm, findings: &[Finding], suppression: &Suppression) -> bool {
    let covers =
        |instances: &[String]| suppression.covers(&suppression.rule, &farm.name, instances);
    // One that covers some of its instances leaves those out of the repair of the keys.
    let leaves_out = |instances: &[String]| instances.iter().map(slice::from_ref).any(&covers);
    findings.iter().filter(|finding| finding.rule.id == suppression.rule).any(|finding| {
        let hit = &finding.hit;
        covers(&hit.instances) || (hit.asks_for_keys() && leaves_out(&hit.instances))
    })
}

/// Returns `true` if a finding is about suppressions themselves, which a baseline must not silence.
pub fn is_about_suppressions(finding: &Finding) -> bool {
    ["suppression-expired", "suppression-unmatched"].contains(&finding.rule.id)
}
