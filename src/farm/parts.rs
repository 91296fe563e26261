//! Which sources must be judged together, known from their names and the roots in them alone.

use super::copies::homes_of_backup;
use super::names;
use super::plan::{FarmNames, FarmPlan, Ground, joined, parts};
use crate::facts::{Gap, GapKind, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// What a first look shows of sources.
#[derive(Debug, Clone, Default)]
pub struct SeenSources<'s> {
    /// Their names.
    pub names: Vec<&'s str>,
    /// Instances.
    pub instances: Vec<SeenInstance<'s>>,
    /// Places in sources of which something was not read.
    pub gaps: Vec<(usize, &'s str)>,
    /// Names that the user gave sources.
    pub labels: BTreeMap<String, String>,
}

/// What a first look shows of an instance.
#[derive(Debug, Clone, Copy)]
pub struct SeenInstance<'s> {
    /// The index of its source.
    pub source: usize,
    /// Its root in that.
    pub root: &'s str,
    /// Its Sling id.
    pub sling_id: Option<&'s str>,
}

/// Returns the group of each source, and the names of all farms. What is in different groups has nothing to do with each other: no farm
/// is in two, and nothing that was not read of one concerns another.
pub fn groups(plan: &FarmPlan<'_>, seen: &SeenSources<'_>) -> (Vec<usize>, FarmNames) {
    let mut groups = Groups::new(seen.names.len());
    let mut grounds: BTreeMap<Ground, usize> = BTreeMap::new();
    let mut farms: BTreeSet<Ground> = BTreeSet::new();
    let snapshot = |source: usize, root: &str| Snapshot {
        source: seen.names.get(source).map(|name| (*name).to_owned()).unwrap_or_default(),
        root: root.to_owned(),
        ..Snapshot::default()
    };
    let backups = join_backups(seen, &mut groups);
    for (index, instance) in seen.instances.iter().enumerate() {
        let ground = plan.ground(&snapshot(instance.source, instance.root));
        // What is a backup of an instance is in the farm of that.
        if !backups.contains(&index) && !farms.contains(&ground) {
            farms.insert(ground.clone());
        }
        groups.join(instance.source, *grounds.entry(ground).or_insert(instance.source));
    }
    for source in 0..seen.names.len() {
        let ground = plan.ground(&snapshot(source, ""));
        groups.join(source, *grounds.entry(ground).or_insert(source));
    }
    for (source, path) in &seen.gaps {
        let Some(name) = seen.names.get(*source) else { continue };
        let gap = Gap {
            source: (*name).to_owned(),
            path: Some((*path).to_owned()),
            kind: GapKind::Unreadable,
            reason: String::new(),
        };
        if let Some(farm) = plan.farm_of(&gap) {
            groups.join(*source, *grounds.entry(Ground::Named(farm)).or_insert(*source));
        }
    }
    join_around(plan, seen, &mut groups);
    let proposals = farms.iter().map(|ground| plan.names(ground, &seen.labels)).collect();
    let names = names::distinct(proposals);
    (groups.all(), FarmNames::new(farms.into_iter().zip(names)))
}

/// Joins directories with the sources that lie in them: what was not read of one may be of a farm in it.
fn join_around(plan: &FarmPlan<'_>, seen: &SeenSources<'_>, groups: &mut Groups) {
    if plan.directories.is_empty() {
        return;
    }
    let paths = seen.names.iter().map(|name| joined(&parts(name), name));
    let paths: BTreeMap<String, usize> =
        paths.enumerate().map(|(index, path)| (path, index)).collect();
    for (index, name) in seen.names.iter().enumerate() {
        if !plan.is_directory(name) {
            continue;
        }
        let path = joined(&parts(name), name);
        let below = if path == "." { String::new() } else { format!("{path}/") };
        let inside = paths.range((Bound::Included(below.clone()), Bound::Unbounded));
        let inside = inside.take_while(|(path, _)| path.starts_with(&below));
        inside.for_each(|(_, inner)| groups.join(index, *inner));
    }
}

/// Joins backups of instances with the sources of those; returns the indices of the backups.
fn join_backups(seen: &SeenSources<'_>, groups: &mut Groups) -> BTreeSet<usize> {
    let name = |source: usize| seen.names.get(source).copied().unwrap_or_default();
    // Which of several sources is taken depends on their order, so all are joined.
    let mut homes: BTreeMap<(&str, String), BTreeSet<usize>> = BTreeMap::new();
    for SeenInstance { source, root, sling_id } in &seen.instances {
        let Some(id) = sling_id else { continue };
        let (source_name, root) = (name(*source).to_owned(), (*root).to_owned());
        let home = Snapshot { source: source_name, root, ..Snapshot::default() }.home();
        homes.entry((id, home)).or_default().insert(*source);
    }
    let mut backups = BTreeSet::new();
    for (index, SeenInstance { source, sling_id, .. }) in seen.instances.iter().enumerate() {
        let Some(id) = sling_id else { continue };
        for home in homes_of_backup(name(*source)) {
            let Some(originals) = homes.get_mut(&(*id, home.to_owned())) else { continue };
            if originals.iter().any(|original| original != source) {
                backups.insert(index);
                for original in originals.iter() {
                    groups.join(*source, *original);
                }
                // They are one group from now on.
                *originals = originals.iter().take(2).copied().collect();
            }
        }
    }
    backups
}

/// Disjoint sets.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn first(&mut self, of: usize) -> usize {
        let mut at = of;
        while let Some(next) = self.0.get(at).copied().filter(|next| *next != at) {
            // Each step halves the way for whoever comes next.
            let after = self.0.get(next).copied().unwrap_or(next);
            if let Some(place) = self.0.get_mut(at) {
                *place = after;
            }
            at = next;
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        if let Some(place) = self.0.get_mut(one.max(other)) {
            *place = one.min(other);
        }
    }

    fn all(mut self) -> Vec<usize> {
        (0..self.0.len()).map(|source| self.first(source)).collect()
    }
}
