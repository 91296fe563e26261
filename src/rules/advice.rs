//! What the findings of a farm want, for the plan.

use super::step::Turn;
use super::{Excuse, Finding, Hit, Step};
use crate::repair::{Need, RuleId, When};

/// Returns what the findings want that are shown and that the policy does not accept.
pub(super) fn wants(findings: &[Finding]) -> Vec<(RuleId, Need)> {
    let is_meant = |finding: &&Finding| !matches!(finding.excuse, Some(Excuse::Suppressed { .. }));
    let needs = |finding: &Finding| {
        let id = finding.rule.id;
        needs(&finding.hit).into_iter().map(move |need| (id, need)).collect::<Vec<_>>()
    };
    findings.iter().filter(is_meant).flat_map(needs).collect()
}

/// Where a rule does not say what is to be changed, its steps are for people.
fn needs(hit: &Hit) -> Vec<Need> {
    if hit.needs.is_empty() { advice(hit) } else { hit.needs.clone() }
}

fn advice(hit: &Hit) -> Vec<Need> {
    let alone = match hit.instances.as_slice() {
        [one] => Some(one.as_str()),
        _ => None,
    };
    let (mut stopped, mut when): (Option<&str>, When) = (None, When::Before);
    let mut needs = Vec::new();
    for step in hit.fix.iter().filter(|step| !step.is_of_key_repair()) {
        match step.turn() {
            Some(Turn::Stop(name)) => (stopped, when) = (Some(name.as_str()), When::Stopped),
            Some(Turn::Start(_)) => (stopped, when) = (None, When::After),
            None => needs.push(Need::Advice {
                instance: stopped.or(alone).map(str::to_owned),
                when: if step.is_last() && stopped.is_none() { When::After } else { when },
                text: Step::text(step),
                until_copied: step.settled_at().is_some(),
            }),
        }
    }
    needs
}
