//! Which gaps leave a farm open.
//!
//! Thousands of sources may be damaged, and thousands of farms may come. So each farm looks its gaps up, and is told of no more than its
//! share of [`Limits::farm_gaps_max`].

use super::plan::{FarmBy, FarmPlan, Ground, holder, joined, parts};
use crate::facts::Gap;
use crate::limits::Limits;
use crate::policy::{PolicyInstance, file_of};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// The gaps that concern a farm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReportedGaps {
    /// One of each source and kind, first those that hide facts.
    pub(super) gaps: Vec<Gap>,
    /// There are more.
    pub(super) has_more: bool,
}

/// All gaps of a run, by what may lead to them. Of those of one source and kind there is one: a verdict says no more of them.
pub(super) struct OpenGaps<'p> {
    plan: &'p FarmPlan<'p>,
    /// With the sources that they concern, where those are not the ones they name.
    gaps: Vec<(&'p Gap, Option<&'p BTreeSet<String>>)>,
    by_source: Index<&'p str>,
    by_file: Index<&'p str>,
    /// Of sources that are no directories, and those of directories as a whole: by the directory that holds the source.
    by_holder: Index<String>,
    /// Those inside a directory, by their path from outside.
    inside: Index<String>,
    /// Those of a directory as a whole, by its path.
    whole: Index<String>,
    /// Those that a pattern finds a farm for, by that.
    by_farm: Index<String>,
    /// Those that concern other sources than the one they name, by these.
    reaching: Index<&'p str>,
    /// Those that may concern any source.
    anywhere: Vec<usize>,
    /// So many are reported to one farm.
    max: usize,
}

type Index<K> = BTreeMap<K, Vec<usize>>;

impl<'p> OpenGaps<'p> {
    /// Sorts the gaps of a plan for so many farms.
    pub(super) fn new(plan: &'p FarmPlan<'p>, farms: usize) -> Self {
        let Limits { farm_gaps_max, listed_max, .. } = Limits::DEFAULT;
        let mut open = Self {
            plan,
            gaps: Vec::new(),
            by_source: Index::new(),
            by_file: Index::new(),
            by_holder: Index::new(),
            inside: Index::new(),
            whole: Index::new(),
            by_farm: Index::new(),
            reaching: Index::new(),
            anywhere: Vec::new(),
            max: farm_gaps_max.checked_div(farms).unwrap_or_default().max(listed_max),
        };
        let mut known = BTreeSet::new();
        let (hiding, others): (Vec<&Gap>, Vec<&Gap>) =
            plan.gaps.iter().partition(|gap| gap.kind.hides());
        // Those that hide facts decide the verdict, so the bound must not cut them off.
        for gap in hiding.into_iter().chain(others) {
            let reach = plan.reach(gap);
            let path = gap.path.as_ref().filter(|_| open.is_inside(gap));
            if known.insert((&gap.source, gap.kind, path, reach)) {
                open.add(gap, reach);
            }
        }
        open
    }

    fn add(&mut self, gap: &'p Gap, reach: Option<&'p BTreeSet<String>>) {
        let index = self.gaps.len();
        self.gaps.push((gap, reach));
        let has_policy = self.plan.has_policy_farms();
        if has_policy || self.plan.by != FarmBy::All {
            self.by_source.entry(&gap.source).or_default().push(index);
        }
        if has_policy {
            self.by_file.entry(file_of(&gap.source)).or_default().push(index);
        }
        match reach {
            Some(reach) if reach.is_empty() => self.anywhere.push(index),
            Some(reach) => {
                for source in reach {
                    self.reaching.entry(source).or_default().push(index);
                }
            }
            None if self.plan.by == FarmBy::Parent => self.add_place(gap, index),
            None => {
                if let Some(farm) = self.plan.farm_of(gap) {
                    self.by_farm.entry(farm).or_default().push(index);
                }
            }
        }
    }

    fn add_place(&mut self, gap: &Gap, index: usize) {
        let source = || joined(&parts(&gap.source), &gap.source);
        if let Some(path) = gap.path.as_ref().filter(|_| self.is_inside(gap)) {
            return self.inside.entry(format!("{}/{path}", source())).or_default().push(index);
        }
        if self.plan.is_directory(&gap.source) {
            self.whole.entry(source()).or_default().push(index);
        }
        self.by_holder.entry(holder(&gap.source)).or_default().push(index);
    }

    /// Returns `true` if a gap concerns one place inside a directory.
    fn is_inside(&self, gap: &Gap) -> bool {
        gap.is_local() && self.plan.is_directory(&gap.source)
    }

    /// Returns those that could hide something of a farm on this ground, whose instances come from these sources.
    ///
    /// A source without an instance may have held one of any farm on its ground.
    pub(super) fn on(&self, ground: &Ground, sources: &BTreeSet<&str>) -> ReportedGaps {
        let own = |index: &usize| self.gaps.get(*index).is_some_and(|(_, reach)| reach.is_none());
        match ground {
            Ground::All => self.reported(0..self.gaps.len()),
            // A farm of the policy says itself what concerns it.
            Ground::Policy(_) => ReportedGaps::default(),
            Ground::Source(source) => {
                let of_source = at(&self.by_source, source.as_str()).filter(own);
                self.reported(of_source.chain(self.reaching(sources)))
            }
            Ground::Named(name) => {
                // What lies in a directory may name another farm.
                let is_around = |index: &usize| match self.gaps.get(*index) {
                    Some((gap, None)) => self.plan.farm_of(gap).is_none(),
                    _ => false,
                };
                let of_members = sources.iter().flat_map(|source| at(&self.by_source, source));
                let named = at(&self.by_farm, name.as_str());
                // Standard input has no path in which a pattern could find a farm.
                let stdin = at(&self.by_source, "-").filter(own);
                let around = of_members.filter(is_around);
                self.reported(stdin.chain(around).chain(named).chain(self.reaching(sources)))
            }
            Ground::Directory(directory) => {
                let is_around = |index: &usize| match self.gaps.get(*index) {
                    Some((gap, None)) => !self.is_inside(gap) || directory.is_none(),
                    _ => false,
                };
                let of_members = sources.iter().flat_map(|source| at(&self.by_source, source));
                let around = directory.iter().flat_map(|directory| self.around(directory));
                // Nothing shows from where standard input came.
                let stdin = at(&self.by_source, "-").filter(own);
                let of_members = of_members.filter(is_around);
                self.reported(stdin.chain(of_members).chain(around).chain(self.reaching(sources)))
            }
        }
    }

    /// Returns those of sources beside a directory, of what lies in it, and of the directories that it lies in.
    fn around<'s>(&'s self, directory: &'s String) -> impl Iterator<Item = usize> + 's {
        let above = directory.match_indices('/').filter_map(|(end, _)| directory.get(..end));
        let above = above.chain([directory.as_str(), "."]).filter(|path| !path.is_empty());
        let above = above.flat_map(|path| at(&self.whole, path));
        let below = format!("{directory}/");
        let first = if directory == "." { String::new() } else { below.clone() };
        let range = self.inside.range((Bound::Included(first), Bound::Unbounded));
        let inside =
            range.take_while(move |(path, _)| directory == "." || path.starts_with(&below));
        let inside = inside.flat_map(|(_, indices)| indices.iter().copied());
        let itself = at(&self.inside, directory.as_str());
        at(&self.by_holder, directory.as_str()).chain(above).chain(itself).chain(inside)
    }

    /// Returns all.
    pub(super) fn all(&self) -> ReportedGaps {
        self.reported(0..self.gaps.len())
    }

    /// Returns those of a farm of the policy all of which came from these sources. What was not read of other sources cannot be of it,
    /// unless an entry names them.
    pub(super) fn of_whole(
        &self,
        entries: &[PolicyInstance],
        sources: &BTreeSet<&str>,
    ) -> ReportedGaps {
        let own = sources.iter().flat_map(|source| at(&self.by_source, source));
        let meant = entries.iter().flat_map(|entry| self.meant(entry));
        self.reported(own.chain(meant).chain(self.reaching(sources)))
    }

    /// Returns those of the sources that an entry of the policy means.
    fn meant<'s>(&'s self, entry: &'s PolicyInstance) -> Box<dyn Iterator<Item = usize> + 's> {
        if let Some(name) = entry.source.only_name() {
            return Box::new(at(&self.by_source, name).chain(at(&self.by_file, name)));
        }
        let sources = self.by_source.iter().filter(|(source, _)| entry.may_lie_in(source));
        Box::new(sources.flat_map(|(_, indices)| indices.iter().copied()))
    }

    /// Returns those that concern one of these sources and name another.
    fn reaching<'s>(&'s self, sources: &'s BTreeSet<&str>) -> impl Iterator<Item = usize> + 's {
        let reaching = sources.iter().flat_map(|source| at(&self.reaching, source));
        self.anywhere.iter().copied().chain(reaching)
    }

    fn reported(&self, indices: impl Iterator<Item = usize>) -> ReportedGaps {
        let mut reported = BTreeSet::new();
        let mut has_more = false;
        for index in indices {
            has_more = reported.len() >= self.max && !reported.contains(&index);
            if has_more {
                break;
            }
            reported.insert(index);
        }
        let gaps = reported.into_iter().filter_map(|index| self.gaps.get(index));
        ReportedGaps { gaps: gaps.map(|(gap, _)| (*gap).clone()).collect(), has_more }
    }
}

fn at<'i, K: Ord + std::borrow::Borrow<str>>(
    index: &'i Index<K>,
    key: &str,
) -> impl Iterator<Item = usize> + use<'i, K> {
    index.get(key).into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;

    #[test]
    fn many_farms_share_the_room_for_gaps_and_are_told_that_there_are_more() {
        let gap = |index: usize| Gap {
            source: format!("{index}.tar"),
            path: None,
            kind: GapKind::NoInstance,
            reason: String::new(),
        };
        let gaps: Vec<Gap> = (0..400).map(gap).collect();
        let plan = FarmPlan { gaps: &gaps, ..FarmPlan::default() };
        let Limits { farm_gaps_max, listed_max, .. } = Limits::DEFAULT;
        for (farms, told, has_more) in [
            (1, 400, false),
            (farm_gaps_max / 400, 400, false),
            (farm_gaps_max / 100, 100, true),
            (farm_gaps_max, listed_max, true),
        ] {
            let all = OpenGaps::new(&plan, farms).all();
            assert_eq!((all.gaps.len(), all.has_more), (told, has_more), "{farms}");
        }
    }

    #[test]
    fn of_one_source_and_kind_there_is_one() {
        let gap = |path: &str| Gap {
            source: "a.tar".to_owned(),
            path: Some(path.to_owned()),
            kind: GapKind::Malformed,
            reason: String::new(),
        };
        let gaps = [gap("x"), gap("y")];
        let plan = FarmPlan { gaps: &gaps, ..FarmPlan::default() };
        assert_eq!(OpenGaps::new(&plan, 1).all().gaps, gaps[..1]);
        // What lies in a directory may be of one farm or of another.
        let directories = ["a.tar".to_owned()];
        let plan = FarmPlan { directories: &directories, ..plan };
        assert_eq!(OpenGaps::new(&plan, 1).all().gaps.len(), 2);
    }
}
