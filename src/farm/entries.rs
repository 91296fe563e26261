//! Which instances of a policy an instance that was read is.
//!
//! A policy of 8 MiB names 500,000 instances, and 100,000 may come: names are looked up, and only the few globs are tried one by one.

use super::plan::FarmPlan;
use crate::policy::{PolicyInstance, file_of};
use std::collections::{BTreeMap, BTreeSet};

/// An instance that the policy names, and the index of its farm.
pub(super) type Entry<'p> = (usize, &'p PolicyInstance);

/// All instances that a policy names.
#[derive(Default)]
pub(super) struct Entries<'p> {
    all: Vec<Entry<'p>>,
    /// Those that mean one name, by that name.
    by_name: BTreeMap<&'p str, Vec<usize>>,
    /// Those with a glob.
    globs: Vec<usize>,
}

impl<'p> Entries<'p> {
    /// Returns those of a plan, in the order of its policy.
    pub(super) fn of(plan: &FarmPlan<'p>) -> Self {
        let mut entries = Self::default();
        let farms = plan.policy.iter().flat_map(|policy| policy.farms.iter().enumerate());
        for (farm, entry) in farms.flat_map(|(i, farm)| farm.instances.iter().map(move |e| (i, e)))
        {
            let index = entries.all.len();
            match entry.source.only_name() {
                Some(name) => entries.by_name.entry(name).or_default().push(index),
                None => entries.globs.push(index),
            }
            entries.all.push((farm, entry));
        }
        entries
    }

    /// Returns the indexes of their farms.
    pub(super) fn farms(&self) -> impl Iterator<Item = usize> + '_ {
        self.all.iter().map(|(farm, _)| *farm)
    }

    /// Returns the first two that mean an instance of this source and derived name.
    pub(super) fn meaning(&self, source: &str, name: &str) -> [Option<Entry<'p>>; 2] {
        let names = BTreeSet::from([source, file_of(source), name]);
        let exact = names.iter().filter_map(|name| self.by_name.get(name));
        // Two that match are a conflict already.
        let exact = exact.flat_map(|indices| indices.iter().take(2));
        let is_meant = |index: &&usize| {
            let pattern = self.all.get(**index).map(|(_, entry)| &entry.source);
            pattern.is_some_and(|pattern| names.iter().any(|name| pattern.matches(name)))
        };
        let globs = self.globs.iter().filter(is_meant).take(2);
        let indices: BTreeSet<usize> = exact.chain(globs).copied().collect();
        let mut found = indices.into_iter().filter_map(|index| self.all.get(index).copied());
        [found.next(), found.next()]
    }
}
