//! Makes one plan of what all findings want: who gets whose keys, and what is done to each instance while it is stopped.

use super::action::{Action, Collect, Decision, Do, manual};
use super::choose_source::{SourceChoice, choose, own_pairs};
use super::find_out::{find_out, settle};
use super::instance::{InstanceRepair, KeyGoal};
use super::need::because;
use super::right_keys::RightKeys;
use super::{Draft, Id, Need, RuleId, RuleNeed, Scope, Text, When};
use crate::facts::{Digest, KeyName};
use crate::farm::{KeyState, Member, is_open, listed, masters_of_shut};
use std::collections::{BTreeMap, BTreeSet};

/// Makes the plan of a farm, as far as it can be made without applying it.
///
/// Instances whose bytes fail a checksum are not in it.
pub fn draft(scope: Scope<'_>, wants: &[RuleNeed<'_>]) -> Draft {
    let of_standbys = of_standbys(scope, wants);
    let of_standbys = of_standbys.iter().map(|(rule, need)| (*rule, need));
    let wants: &[RuleNeed<'_>] = &wants.iter().copied().chain(of_standbys).collect::<Vec<_>>();
    let asking = because(wants, |need| matches!(need, Need::FarmKeys(_)));
    let choice = (!asking.is_empty()).then(|| choose(scope));
    let right = match &choice {
        Some(SourceChoice::Take { keys, .. }) => Some(*keys),
        _ => None,
    };
    let mut draft = Draft {
        decision: Decision::Nothing("no finding asks for other keys".to_owned()),
        collect: None,
        before: Vec::new(),
        windows: Vec::new(),
        after: Vec::new(),
    };
    general_advice(wants, &mut draft);
    let targets: BTreeSet<&str> =
        right.map(|right| targets(scope, &right)).unwrap_or_default().into_iter().collect();
    // One instance may be all that asks for keys that are not in use, and they have to be those of the whole farm.
    let has_kept = right.is_some_and(|right| right.aside().is_some() || right.are_ignored());
    let for_all =
        targets.iter().filter(|_| has_kept).map(|name| Need::FarmKeys((*name).to_owned()));
    let for_all: Vec<Need> = for_all.collect();
    let rule = asking.first().copied().unwrap_or_default();
    let for_all = for_all.iter().map(|need| (rule, need));
    let needed = masters_of_shut(scope.farm);
    let mut of_instance = by_instance(wants.iter().copied().chain(for_all));
    let mut repairs: Vec<InstanceRepair<'_>> = scope
        .members()
        .filter_map(|member| {
            let own = of_instance.remove(member.name.as_str()).unwrap_or_default();
            let own_right = right.filter(|_| targets.contains(member.name.as_str()));
            InstanceRepair::of(scope, member, own_right, right.is_some(), &needed, own)
        })
        .collect();
    if let Some(choice) = choice {
        decide(scope, choice, &repairs, &asking, &mut draft);
    }
    // Those that no instance of the farm has are about instances that did not come, or whose source fails its checksum.
    for (rule, need) in of_instance.into_values().flatten() {
        if let Need::Advice { text, .. } = need {
            draft.before.push(manual(need.instance(), text.clone(), [rule].into()));
        }
    }
    let first = draft.collect.as_ref().map(|collect| collect.instance.clone());
    repairs.sort_by_key(|repair| Some(&repair.member.name) != first.as_ref());
    for repair in repairs {
        let (before, window, after) = repair.finish();
        draft.before.extend(before);
        draft.windows.extend(window);
        draft.after.extend(after);
    }
    draft.before = merged(draft.before);
    draft.after = merged(draft.after);
    draft
}

/// Has the keys of its primary copied to a standby that is to leave the repository: nobody can save its own there, and what the primary
/// deletes goes from the standby, too.
fn of_standbys(scope: Scope<'_>, wants: &[RuleNeed<'_>]) -> Vec<(RuleId, Need)> {
    let standbys = scope.members().filter(|member| member.snapshot.is_standby());
    let standbys: BTreeSet<&str> =
        standbys.filter(|_| scope.farm.has_primary()).map(|member| member.name.as_str()).collect();
    let of = |(rule, need): &RuleNeed<'_>| match need {
        Need::LeaveJcr(name) if standbys.contains(name.as_str()) => {
            Some((*rule, Need::FarmKeys(name.clone())))
        }
        _ => None,
    };
    wants.iter().filter_map(of).collect()
}

/// Groups needs by the instances that they are about.
fn by_instance<'n>(
    wants: impl Iterator<Item = RuleNeed<'n>>,
) -> BTreeMap<&'n str, Vec<RuleNeed<'n>>> {
    let mut of_instance: BTreeMap<&str, Vec<RuleNeed<'_>>> = BTreeMap::new();
    for want in wants {
        if let Some(name) = want.1.instance() {
            of_instance.entry(name).or_default().push(want);
        }
    }
    of_instance
}

/// Joins what a person is asked in the same words for several rules: the last of them stays, as the restart behind all that needs one.
fn merged(actions: Vec<Action>) -> Vec<Action> {
    let mut seen: BTreeMap<(Option<Id>, Text), usize> = BTreeMap::new();
    let mut kept: Vec<Action> = Vec::with_capacity(actions.len());
    for mut action in actions.into_iter().rev() {
        let Do::Manual(text) = &action.does else {
            kept.push(action);
            continue;
        };
        let next = kept.len();
        let first = *seen.entry((action.instance.clone(), text.clone())).or_insert(next);
        match kept.get_mut(first) {
            Some(same) => same.because.append(&mut action.because),
            None => kept.push(action),
        }
    }
    kept.reverse();
    kept
}

/// Advice that is of no single instance.
fn general_advice(wants: &[RuleNeed<'_>], draft: &mut Draft) {
    for (rule, need) in wants {
        if let Need::Advice { instance: None, when, text, .. } = need {
            let action = manual(None, text.clone(), [*rule].into());
            match when {
                When::Before | When::Stopped => draft.before.push(action),
                When::After => draft.after.push(action),
            }
        }
    }
}

/// Says whose keys are copied, and what is to be done before.
fn decide(
    scope: Scope<'_>,
    choice: SourceChoice<'_>,
    repairs: &[InstanceRepair<'_>],
    asking: &BTreeSet<RuleId>,
    draft: &mut Draft,
) {
    let mut ask = |texts: Vec<Text>| {
        let manual = |text| manual(None, text, asking.clone());
        draft.before.extend(texts.into_iter().map(manual));
    };
    match choice {
        SourceChoice::Take { keys, reason, first } => {
            let copies = repairs.iter().any(|repair| repair.goal == KeyGoal::Farm);
            draft.decision = if copies {
                ask(first);
                let source = keys.holder.name.clone();
                Decision::Copy { source, old_copy: keys.aside(), reason }
            } else {
                Decision::Nothing("no instance needs the keys of another one".to_owned())
            };
            let left_out = left_out(scope);
            ask(leave(&left_out).into_iter().collect());
            if copies {
                let is_own = |repair: &InstanceRepair<'_>| {
                    repair.member.name == keys.holder.name && repair.goal == KeyGoal::Own
                };
                collect(&keys, repairs.iter().any(is_own), asking, draft);
            }
        }
        SourceChoice::Settle(texts) => {
            draft.decision = Decision::FindOut(first_of(&texts));
            ask(settle(texts));
        }
        SourceChoice::Open(why) => {
            let (pairs, left_out) = (own_pairs(scope), left_out(scope));
            ask(find_out(scope, &pairs, why.clone(), !left_out.is_empty()));
            ask(leave(&left_out).into_iter().collect());
            draft.decision = Decision::FindOut(why);
        }
        SourceChoice::Apart(why) => {
            ask(vec![why.clone().into()]);
            draft.decision = Decision::FindOut(why);
        }
    }
}

fn first_of(texts: &[Text]) -> String {
    texts.first().map(Text::to_string).unwrap_or_default()
}

/// Has the keys collected; `saves_own` where their holder saves them from its repository for itself.
fn collect(keys: &RightKeys<'_>, saves_own: bool, asking: &BTreeSet<RuleId>, draft: &mut Draft) {
    let (instance, digests) = (keys.holder.name.clone(), keys.digests);
    if keys.are_in_jcr() && !saves_own {
        draft.before.push(Action {
            instance: Some(instance.clone()),
            does: Do::ExportFromJcr { digests: digests.map(Some), is_source: true },
            because: asking.clone(),
        });
    }
    draft.collect = Some(Collect { instance, files: keys.files(), digests });
}

/// Returns the instances of which at least one key is known to be another one, faulty or absent. Where nothing shows where the keys are,
/// none is known to be.
fn targets<'a>(scope: Scope<'a>, right: &RightKeys<'_>) -> Vec<&'a str> {
    let digests = right.digests;
    // What a standby has in its repository is not its own.
    let is_mirror = |member: &Member| member.snapshot.is_standby() && member.is_in_jcr_mode();
    let is_wrong = |member: &Member, (name, right): (KeyName, Digest)| match member.key(name) {
        _ if is_mirror(member) => true,
        KeyState::Known(key) => key.health.is_flawed() || key.value != right,
        KeyState::Absent | KeyState::Ambiguous => true,
        _ => false,
    };
    let others = scope
        .repaired()
        .filter(|member| member.pair().sound() != Some(digests) || is_mirror(member))
        .filter(|member| !is_open(member));
    let wrong = others
        .filter(|member| KeyName::ALL.into_iter().zip(digests).any(|key| is_wrong(member, key)));
    wrong.map(|member| member.name.as_str()).collect()
}

fn left_out(scope: Scope<'_>) -> Vec<String> {
    scope
        .members()
        .filter(|member| scope.accepts(member))
        .map(|member| member.name.clone())
        .collect()
}

/// Says whose keys stay as they are.
fn leave(left_out: &[String]) -> Option<Text> {
    let names = listed(left_out);
    (!left_out.is_empty())
        .then(|| format!("Leave the keys of {names} as they are: the policy accepts them.").into())
}

/// What is known of whose keys are right, whatever is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhoseKeys {
    /// Those of this instance are.
    Source(Id),
    /// Nothing shows, and the instances have several pairs: the largest group has no more right than the others.
    Open,
    /// There is nothing to find out.
    Settled,
}

/// Says whose keys are right.
pub fn standing(scope: Scope<'_>) -> WhoseKeys {
    match choose(scope) {
        SourceChoice::Take { keys, .. } if keys.aside().is_none() => {
            let are_left = targets(scope, &keys).is_empty() && !left_out(scope).is_empty();
            // What an instance ignores is not shown as its keys.
            let is_shown = |member: &&Member| member.pair().sound() == Some(keys.digests);
            let shown = scope.repaired().find(is_shown).filter(|_| keys.are_ignored());
            let source = shown.unwrap_or(keys.holder);
            if are_left { WhoseKeys::Settled } else { WhoseKeys::Source(source.name.clone()) }
        }
        _ if own_pairs(scope).differ() => WhoseKeys::Open,
        _ => WhoseKeys::Settled,
    }
}
