//! Which actions of a plan a finding asks for: looked up, since a farm may have thousands of both.

use super::{Plan, RuleId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The actions of a plan by the rules and instances that they are for. Numbers are those of [`Plan::actions`].
pub struct PlanIndex<'p> {
    by_instance: BTreeMap<(RuleId, Option<&'p str>), Vec<usize>>,
    by_rule: BTreeMap<RuleId, Vec<usize>>,
    /// What is done to an instance while it is stopped is one piece: half of it would write what was not kept.
    windows: Vec<Range<usize>>,
}

impl<'p> PlanIndex<'p> {
    /// Indexes a plan.
    pub fn of(plan: &'p Plan) -> Self {
        let mut index =
            Self { by_instance: BTreeMap::new(), by_rule: BTreeMap::new(), windows: Vec::new() };
        for (number, action) in plan.actions().enumerate() {
            for rule in &action.because {
                let key = (*rule, action.instance.as_deref());
                index.by_instance.entry(key).or_default().push(number);
                index.by_rule.entry(rule).or_default().push(number);
            }
        }
        let mut start = plan.before.len();
        for window in &plan.windows {
            let end = start.saturating_add(window.actions.len());
            index.windows.push(start..end);
            start = end;
        }
        index
    }

    /// Returns what a rule wants on some instances; on all of them where it compares instances with each other.
    pub fn asked_for<'i>(
        &self,
        rule: RuleId,
        compares: bool,
        instances: impl IntoIterator<Item = &'i str>,
    ) -> BTreeSet<usize> {
        let mut numbers: BTreeSet<usize> = BTreeSet::new();
        if compares {
            numbers.extend(self.by_rule.get(rule).into_iter().flatten());
        } else {
            let named = instances.into_iter().map(Some).chain([None]);
            let lists = named.filter_map(|name| self.by_instance.get(&(rule, name)));
            numbers.extend(lists.flatten());
        }
        let windows: BTreeSet<usize> =
            numbers.iter().filter_map(|number| self.window(*number)).collect();
        let whole = windows.into_iter().filter_map(|window| self.windows.get(window).cloned());
        numbers.extend(whole.flatten());
        numbers
    }

    /// Returns the number of the window that an action is in.
    fn window(&self, number: usize) -> Option<usize> {
        let before = self.windows.partition_point(|window| window.end <= number);
        self.windows.get(before).is_some_and(|window| window.contains(&number)).then_some(before)
    }
}
