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

/// Returns the excuse that the policy has for a finding.
pub(super) fn suppressed(farm: &Farm, finding: &Finding, selection: &Selection) -> Option<Excuse> {
    let covers = |suppression: &&Suppression| {
        !suppression.is_expired(selection.today)
            && suppression.covers(finding.rule.id, &farm.name, &finding.hit.instances)
    };
    let suppression = selection.suppressions.iter().find(covers)?;
    let (reason, until) = (suppression.reason.clone(), suppression.until);
    Some(Excuse::Suppressed { reason, until })
}

/// Returns why a finding does not count: the policy suppresses it, or the baseline knows it.
pub(super) fn excuse(
    farm: &Farm,
    finding: &Finding,
    selection: &Selection,
    baseline: &mut Baseline,
) -> Option<Excuse> {
    suppressed(farm, finding, selection).or_else(|| {
        if baseline.is_empty() || is_about_suppressions(finding) {
            return None;
        }
        baseline.take(&known(farm, finding)).map(Excuse::Known)
    })
}

/// Returns the instances whose keys stay as they are: every finding that asks for other ones and concerns such an instance is suppressed
/// for it. One that no such finding names is left where each that counts is suppressed for it, and its keys are not the ones to copy.
pub(super) fn accepted(farm: &Farm, findings: &[Finding], selection: &Selection) -> BTreeSet<Id> {
    let none = BTreeSet::new();
    if selection.suppressions.is_empty() {
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
        asking.iter().filter(|found| suppressed(farm, found, selection).is_none()).collect();
    let covers = |found: &Finding, name: &String| {
        selection.suppressions.iter().any(|suppression| {
            !suppression.is_expired(selection.today)
                && suppression.covers(found.rule.id, &farm.name, slice::from_ref(name))
        })
    };
    let mut of_instance: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for &found in &asking {
        for name in &found.hit.instances {
            of_instance.entry(name).or_default().push(found);
        }
    }
    let is_accepted = |name: &String| {
        if let Some(own) = of_instance.get(name.as_str()) {
            return own.iter().all(|found| covers(found, name));
        }
        let is_source = source.as_ref() == Some(name);
        !is_source && !counting.is_empty() && counting.iter().all(|found| covers(found, name))
    };
    let names = farm.members.iter().map(|member| &member.name);
    names.filter(|name| is_accepted(name)).cloned().collect()
}

/// Says which suppressions do nothing: with the farm that one names, else with the first.
pub(super) fn stale(found: &mut [(Farm, Vec<Finding>)], selection: &Selection) {
    let is_idle = |suppression: &&Suppression| {
        suppression.is_expired(selection.today)
            || !found.iter().any(|(farm, findings)| may_match(farm, findings, suppression))
    };
    let idle: Vec<Suppression> = selection.suppressions.iter().filter(is_idle).cloned().collect();
    for suppression in idle {
        let expired = suppression.is_expired(selection.today);
        let named =
            found.iter().position(|(farm, _)| Some(&farm.name) == suppression.farm.as_ref());
        if let Some((_, findings)) = found.get_mut(named.unwrap_or(0)) {
            let (rule, hit) = rules::stale(&Stale { suppression, expired });
            findings.push(Finding::new(rule, hit));
            sort(findings);
        }
    }
}

/// Returns `true` if something is found for a suppression, or may be in what was not read.
fn may_match(farm: &Farm, findings: &[Finding], suppression: &Suppression) -> bool {
    let is_open = || farm.has_more_gaps || farm.gaps.iter().any(|gap| gap.kind.hides());
    let covers =
        |instances: &[String]| suppression.covers(&suppression.rule, &farm.name, instances);
    // One that covers some of its instances leaves those out of the repair of the keys.
    let leaves_out = |instances: &[String]| instances.iter().map(slice::from_ref).any(&covers);
    let is_of = |finding: &&Finding| {
        let hit = &finding.hit;
        finding.rule.id == suppression.rule
            && (covers(&hit.instances) || (hit.asks_for_keys() && leaves_out(&hit.instances)))
    };
    suppression.farm.as_ref().is_none_or(|named| *named == farm.name)
        && (is_open() || findings.iter().any(|finding| is_of(&finding)))
}

/// Returns `true` if a finding is about suppressions themselves, which a baseline must not silence.
pub fn is_about_suppressions(finding: &Finding) -> bool {
    ["suppression-expired", "suppression-unmatched"].contains(&finding.rule.id)
}
