//! Findings that do not count: suppressed by the policy, or known from an earlier run.

use super::judge::trusted;
use super::repair::{KeyRepair, key_repair};
use super::{Finding, Hit, RULES, Selection, suppression_expired, suppression_unmatched};
use crate::facts::{Date, Place};
use crate::farm::Farm;
use crate::policy::{Known, Stale, Suppression};
use std::collections::BTreeSet;
use std::fmt;
use std::slice;

/// Why a finding does not count. The verdict takes no excuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Excuse {
    /// The policy suppresses it.
    Suppressed {
        /// Why, as the policy says.
        reason: String,
        /// The last day on which it does.
        until: Option<Date>,
    },
    /// It is in the baseline.
    Known,
}

impl fmt::Display for Excuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suppressed { reason, until: None } => write!(f, "suppressed: {reason}"),
            Self::Suppressed { reason, until: Some(day) } => {
                write!(f, "suppressed until {day}: {reason}")
            }
            Self::Known => f.write_str("known"),
        }
    }
}

/// Returns what makes a finding the same in another run.
///
/// Of its evidence only that of the instances it concerns counts, below their roots: neither a new instance nor another
/// way of packing makes an old finding new.
pub fn known(farm: &Farm, finding: &Finding) -> Known {
    let hit = &finding.hit;
    let mut paths: Vec<String> =
        hit.places.iter().filter_map(|place| below_root(farm, hit, place)).collect();
    paths.sort();
    paths.dedup();
    let (name, rule) = (farm.name.clone(), finding.rule.id.to_owned());
    Known { farm: name, rule, instances: hit.instances.clone(), paths }
}

fn below_root(farm: &Farm, hit: &Hit, place: &Place) -> Option<String> {
    let concerned = farm.members.iter().filter(|member| hit.instances.contains(&member.name));
    let roots = concerned.filter(|m| m.snapshot.source == place.source).map(|m| &m.snapshot.root);
    let below = roots.filter_map(|root| {
        let rest = place.path.strip_prefix(root.as_str())?;
        (root.is_empty() || rest.is_empty() || rest.starts_with('/'))
            .then(|| rest.trim_start_matches('/'))
    });
    below.min_by_key(|rest| rest.len()).map(str::to_owned)
}

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

/// Returns the instances whose keys stay as they are: every finding that asks for other ones and concerns such an instance is suppressed
/// for it. One that no such finding names is left where each that counts is suppressed for it, and its keys are not the ones to copy.
pub(super) fn accepted(
    farm: &Farm,
    findings: &[Finding],
    selection: &Selection,
) -> BTreeSet<String> {
    if selection.suppressions.is_empty() {
        return BTreeSet::new();
    }
    let repair = key_repair(&trusted(farm));
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
    let is_accepted = |name: &String| {
        let mut own = asking.iter().filter(|found| found.hit.instances.contains(name)).peekable();
        if own.peek().is_some() {
            return own.all(|found| covers(found, name));
        }
        let is_source = matches!(&repair, KeyRepair::Copy(copy) if copy.source == *name);
        !is_source && !counting.is_empty() && counting.iter().all(|found| covers(found, name))
    };
    let names = farm.members.iter().map(|member| &member.name);
    names.filter(|name| is_accepted(name)).cloned().collect()
}

/// Says to the farms which suppressions do nothing: to the farm that one names, else to the first.
pub(super) fn tell_stale(farms: &mut [Farm], selection: &Selection) {
    for suppression in &selection.suppressions {
        let expired = suppression.is_expired(selection.today);
        if !expired && may_match(farms, suppression) {
            continue;
        }
        let named = farms.iter().position(|farm| Some(&farm.name) == suppression.farm.as_ref());
        if let Some(farm) = farms.get_mut(named.unwrap_or(0)) {
            farm.expected.stale.push(Stale { suppression: suppression.clone(), expired });
        }
    }
}

/// Says whether something is found for a suppression, or may be in what was not read.
fn may_match(farms: &[Farm], suppression: &Suppression) -> bool {
    let Some(rule) = RULES.iter().find(|rule| rule.id == suppression.rule) else { return false };
    let own = farms.iter().filter(|farm| suppression.farm.as_ref().is_none_or(|f| *f == farm.name));
    own.into_iter().any(|farm| {
        let trusted = trusted(farm);
        // One that covers some of its instances leaves those out of the repair of the keys.
        let leaves_out = |hit: &Hit| {
            let mut instances = hit.instances.iter().map(slice::from_ref);
            hit.asks_for_keys()
                && instances.any(|name| suppression.covers(rule.id, &farm.name, name))
        };
        farm.gaps.iter().any(|gap| gap.kind.hides())
            || (rule.check)(&trusted).iter().any(|hit| {
                suppression.covers(rule.id, &farm.name, &hit.instances) || leaves_out(hit)
            })
    })
}

/// Says whether a finding is about suppressions themselves, which a baseline must not silence.
pub fn is_about_suppressions(finding: &Finding) -> bool {
    [&suppression_expired::RULE, &suppression_unmatched::RULE].contains(&finding.rule)
}
