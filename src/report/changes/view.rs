//! What people are shown of a comparison, in their order and words.

use super::{DiffReport, STATES};
use crate::diff::{
    Change, Condition, DiffOutcome, Fate, FindingChange, InstanceChange, Presence, Topic,
};
use crate::facts::spoken;
use crate::farm::KeyTime;
use crate::report::counted;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A comparison.
#[derive(Serialize)]
pub(super) struct DiffView {
    /// A word for how it ends, and what that means.
    pub(super) outcome: [&'static str; 2],
    /// `old` and `new`, what each is of.
    pub(super) states: Vec<(&'static str, String)>,
    pub(super) farms: Vec<FarmDiffView>,
    /// What changed in the same way on several instances, or on one: their names, and the changes.
    pub(super) groups: Vec<ChangeGroup>,
    /// Instances that came, went, or have another name.
    pub(super) moves: Vec<String>,
    /// What could not be compared.
    pub(super) open: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct FarmDiffView {
    pub(super) name: String,
    pub(super) verdict: String,
    pub(super) findings: Vec<FindingDiffView>,
    /// How many are in both states.
    pub(super) still: usize,
}

#[derive(Serialize)]
pub(super) struct FindingDiffView {
    pub(super) fate: &'static str,
    pub(super) severity: &'static str,
    pub(super) rule: &'static str,
    pub(super) message: String,
}

/// Changes that several instances have in common.
#[derive(Serialize)]
pub(super) struct ChangeGroup {
    pub(super) title: String,
    pub(super) changes: Vec<ChangeView>,
    /// How many other bundles changed that are not named.
    pub(super) more_bundles: usize,
}

#[derive(Serialize)]
pub(super) struct ChangeView {
    pub(super) topic: &'static str,
    pub(super) subject: String,
    pub(super) old: String,
    pub(super) new: String,
    pub(super) matters: bool,
    #[serde(skip)]
    is_bundle: bool,
}

impl DiffView {
    pub(super) fn of(report: &DiffReport) -> Self {
        let state = |(what, state): (&'static str, &super::StateReport)| {
            let sources = counted(state.sources.len(), "source");
            (what, format!("{} ({sources})", spoken(&state.name)))
        };
        let both = report.diff.farms.iter();
        Self {
            outcome: outcome(report.diff.outcome()),
            states: STATES.into_iter().zip(&report.states).map(state).collect(),
            farms: both.map(farm).collect(),
            groups: groups(report),
            moves: report.diff.instances.iter().filter_map(moved).collect(),
            open: open(report),
        }
    }
}

fn outcome(outcome: DiffOutcome) -> [&'static str; 2] {
    match outcome {
        DiffOutcome::Same => ["SAME", "nothing changed that matters to the keys"],
        DiffOutcome::Changed => ["CHANGED", "something changed that matters to the keys"],
        DiffOutcome::Open => ["OPEN", "not everything could be compared"],
    }
}

fn farm(farm: &crate::diff::FarmChange) -> FarmDiffView {
    let [old, new] = farm.verdicts.map(|verdict| verdict.unwrap_or("not there").to_uppercase());
    let verdict = if old == new { format!("{new} in both") } else { format!("{old} -> {new}") };
    let (still, told): (Vec<&FindingChange>, Vec<_>) =
        farm.findings.iter().partition(|found| found.fate == Fate::Still);
    let told = told.into_iter().filter(|found| !found.is_open());
    let suppressed = |found: &FindingChange| {
        if found.is_suppressed { " (suppressed by the policy)" } else { "" }
    };
    let view = |found: &FindingChange| FindingDiffView {
        fate: found.fate.label(),
        severity: found.severity.label(),
        rule: found.rule,
        message: format!("{}{}", found.message, suppressed(found)),
    };
    let findings = told.map(view).collect();
    FarmDiffView { name: farm.name.clone(), verdict, findings, still: still.len() }
}

/// Puts instances together that changed in the same way: after an upgrade of 40 instances the same line would be reported 40 times.
fn groups(report: &DiffReport) -> Vec<ChangeGroup> {
    let instances = &report.diff.instances;
    let mut by_change: BTreeMap<(usize, Vec<&str>), Vec<Vec<&Change>>> = BTreeMap::new();
    let mut alike: BTreeMap<Spelled<'_>, (Vec<&str>, Vec<&Change>)> = BTreeMap::new();
    for instance in instances {
        for change in instance.changes.iter().filter(|change| change.is_known()) {
            let name = instance.name.as_str();
            let (names, changes) = alike.entry(spelled(change)).or_default();
            names.push(name);
            changes.push(change);
        }
    }
    for (names, changes) in alike.into_values() {
        // What most have in common comes first.
        let order = instances.len().saturating_sub(names.len());
        by_change.entry((order, names)).or_default().push(changes);
    }
    let both = instances.iter().filter(|one| one.presence == Presence::Both).count();
    let group = |((_, names), changes): ((usize, Vec<&str>), Vec<Vec<&Change>>)| {
        let title = match names.as_slice() {
            [one] => (*one).to_owned(),
            all if all.len() == both => format!("All {both} instances"),
            several => several.join(", "),
        };
        let is_named = |change: &ChangeView| report.bundles || !change.is_bundle;
        let all = changes.iter().filter_map(|alike| ChangeView::of(alike));
        let named: Vec<ChangeView> = all.filter(is_named).collect();
        let more_bundles = changes.len().saturating_sub(named.len());
        ChangeGroup { title, changes: named, more_bundles }
    };
    by_change.into_iter().map(group).collect()
}

/// What makes two changes the same.
type Spelled<'c> = (&'c crate::diff::Aspect, [Option<&'c str>; 2]);

fn spelled(change: &Change) -> Spelled<'_> {
    (&change.aspect, [change.old.compared(), change.new.compared()])
}

impl ChangeView {
    /// Makes one of changes that are alike on several instances.
    fn of(alike: &[&Change]) -> Option<Self> {
        let change = alike.first()?;
        Some(Self {
            topic: change.aspect.topic.label(),
            subject: change.aspect.subject.clone(),
            old: told(&change.old, alike.iter().map(|change| &change.old)),
            new: told(&change.new, alike.iter().map(|change| &change.new)),
            matters: change.matters(),
            is_bundle: change.aspect.topic == Topic::Bundle,
        })
    }
}

/// Says what one of several instances has that have the same, and since when they have it.
fn told<'c>(one: &Condition, all: impl Iterator<Item = &'c Condition>) -> String {
    let times: BTreeSet<KeyTime> = all.filter_map(Condition::since).collect();
    match (times.first(), times.last()) {
        (Some(first), Some(last)) if first == last => format!("{one}, {first}"),
        (Some(first), Some(last)) => format!("{one}, the first {first}, the last {last}"),
        _ => one.to_string(),
    }
}

fn moved(instance: &InstanceChange) -> Option<String> {
    let name = &instance.name;
    match (instance.presence, &instance.old_name) {
        (Presence::Gone, _) => Some(format!("{name} is in the old state alone")),
        (Presence::New, _) => Some(format!("{name} is in the new state alone")),
        (Presence::Both, Some(old)) => Some(format!("{name} is {old} of the old state")),
        (Presence::Both, None) => None,
    }
}

/// Says what could not be compared: keys that are not known, findings whose evidence did not come in both, and sources that were not read in full.
fn open(report: &DiffReport) -> Vec<String> {
    let mut all = Vec::new();
    if report.diff.instances.is_empty() {
        all.push("no AEM instance was found in either state".to_owned());
    }
    for instance in &report.diff.instances {
        for change in instance.not_compared() {
            let states = STATES.into_iter().zip([&change.old, &change.new]);
            let unknown = states.filter_map(|(state, known)| {
                let Condition::Unknown(why) = known else { return None };
                Some(format!("not known in the {state} state: {why}"))
            });
            let unknown: Vec<String> = unknown.collect();
            let subject = &change.aspect.subject;
            all.push(format!("{subject} of {}: {}", instance.name, unknown.join("; ")));
        }
    }
    for found in report.diff.farms.iter().flat_map(|farm| &farm.findings) {
        if found.is_open() {
            let state = if found.fate == Fate::NotShown { "new" } else { "old" };
            all.push(format!("{} ({}): not shown in the {state} state", found.message, found.rule));
        }
    }
    for (what, state) in STATES.into_iter().zip(&report.states) {
        for gap in state.gaps.iter().filter(|gap| gap.kind.hides()) {
            let path = gap.path.as_ref().map_or_else(String::new, |path| format!(", {path}"));
            all.push(format!("{} ({what}){path}: {}", spoken(&gap.source), gap.reason));
        }
    }
    all
}
