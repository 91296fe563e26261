//! Which instances make a farm, and whose gaps leave it open.

use super::FarmPattern;
use super::names::stem;
use crate::facts::{Gap, Snapshot};
use crate::policy::{Policy, PolicyFarm};
use std::collections::{BTreeMap, BTreeSet};

/// How instances are put into farms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FarmBy<'p> {
    /// All in one.
    #[default]
    All,
    /// Each source is a farm of its own.
    Input,
    /// By the directory that holds the source, or the install where the source is a directory.
    Parent,
    /// By what a pattern finds in the path of the install, with its source in front. Where it finds nothing, each source is a farm of its
    /// own.
    Pattern(&'p FarmPattern),
}

/// What decides on the farms, beside the snapshots.
#[derive(Debug, Clone, Copy, Default)]
pub struct FarmPlan<'p> {
    /// How instances are put into farms.
    pub by: FarmBy<'p>,
    /// The sources that are directories, sorted: what they hold is distinguished by its path.
    pub directories: &'p [String],
    /// The gaps of all sources.
    pub gaps: &'p [Gap],
    /// The sources that a gap concerns, where that is not the one it names; any when empty. A damaged file of facts is no source itself.
    pub reach: Option<&'p BTreeMap<Gap, BTreeSet<String>>>,
    /// What the user expects; instances that it names go to its farms.
    pub policy: Option<&'p Policy>,
    /// Names of the farms, where there are more of the run than of these snapshots.
    pub names: Option<&'p FarmNames>,
}

/// What the instances of a farm have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ground {
    /// The policy names them: the index of its farm.
    Policy(usize),
    /// Nothing; there is one farm.
    All,
    /// The source.
    Source(String),
    /// The name that a pattern found.
    Named(String),
    /// The directory; `None` for what came on standard input, which lies in none.
    Directory(Option<String>),
}

/// The name of the farm of all instances, where nothing says which farms there are.
pub const ONLY_FARM: &str = "farm";

/// Names of farms, chosen in the light of all of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FarmNames(BTreeMap<Ground, String>);

impl FarmNames {
    pub(super) fn new(names: impl Iterator<Item = (Ground, String)>) -> Self {
        Self(names.collect())
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn of(&self, ground: &Ground) -> Option<&String> {
        self.0.get(ground)
    }
}

/// The farm of what came on standard input, short and long.
const STDIN: [&str; 2] = ["stdin", "standard input"];

impl<'p> FarmPlan<'p> {
    /// Returns the farm of the policy on this ground.
    pub(super) fn policy_farm(&self, ground: &Ground) -> Option<&'p PolicyFarm> {
        match ground {
            Ground::Policy(index) => self.policy?.farms.get(*index),
            _ => None,
        }
    }

    /// Returns `true` if the policy has farms at all.
    pub(super) fn has_policy_farms(&self) -> bool {
        self.policy.is_some_and(|policy| !policy.farms.is_empty())
    }

    /// Returns a name for a farm on this ground, short and long: the long one tells it from others of the same short one.
    pub(super) fn names(&self, ground: &Ground, labels: &BTreeMap<String, String>) -> [String; 2] {
        match ground {
            Ground::Policy(_) => {
                let name = self.policy_farm(ground).map_or("", |farm| farm.name.as_str());
                [name.to_owned(), name.to_owned()]
            }
            Ground::All if self.has_policy_farms() => {
                ["other", "other instances"].map(str::to_owned)
            }
            Ground::All => [ONLY_FARM, ONLY_FARM].map(str::to_owned),
            Ground::Source(source) if source == "-" && !labels.contains_key(source) => {
                STDIN.map(str::to_owned)
            }
            Ground::Source(source) => {
                let label = labels.get(source).map(String::as_str);
                [label.or_else(|| stem(source)).unwrap_or(source).to_owned(), source.clone()]
            }
            Ground::Named(name) => [name.clone(), name.clone()],
            Ground::Directory(None) => STDIN.map(str::to_owned),
            Ground::Directory(Some(directory)) => {
                let last = directory.rsplit('/').next().filter(|last| !last.is_empty());
                [last.unwrap_or(directory).to_owned(), directory.clone()]
            }
        }
    }

    /// Returns the ground on which a snapshot is put into a farm.
    pub(super) fn ground(&self, snapshot: &Snapshot) -> Ground {
        match self.by {
            FarmBy::All => Ground::All,
            FarmBy::Input => Ground::Source(snapshot.source.clone()),
            FarmBy::Parent => Ground::Directory(self.directory_of(snapshot)),
            FarmBy::Pattern(pattern) => match pattern.farm_of(&snapshot.path()) {
                Some(name) => Ground::Named(name),
                None => Ground::Source(snapshot.source.clone()),
            },
        }
    }

    /// Returns the farm that a pattern finds for a gap, where the plan has one and it finds any.
    pub(super) fn farm_of(&self, gap: &Gap) -> Option<String> {
        let FarmBy::Pattern(pattern) = self.by else { return None };
        let inside = gap.path.as_ref().filter(|_| gap.is_local() && self.is_directory(&gap.source));
        match inside {
            Some(path) => pattern.farm_of(&format!("{}/{path}", gap.source)),
            None => pattern.farm_of(&gap.source),
        }
    }

    fn directory_of(&self, snapshot: &Snapshot) -> Option<String> {
        if snapshot.source == "-" {
            return None;
        }
        let mut path = parts(&snapshot.source);
        if self.is_directory(&snapshot.source) {
            path.extend(parts(&snapshot.root));
        }
        // The install of `author/crx-quickstart` is `author`, as that of `author.tar` is.
        path.pop_if(|last| *last == "crx-quickstart");
        path.pop();
        Some(joined(&path, &snapshot.source))
    }

    pub(super) fn is_directory(&self, source: &str) -> bool {
        self.directories.binary_search_by(|directory| directory.as_str().cmp(source)).is_ok()
    }

    /// Returns the sources that a gap concerns, where that is not the one it names; any when empty.
    pub(super) fn reach(&self, gap: &Gap) -> Option<&'p BTreeSet<String>> {
        self.reach?.get(gap)
    }
}

/// Returns the directory that holds a source.
pub(super) fn holder(source: &str) -> String {
    let mut path = parts(source);
    path.pop();
    joined(&path, source)
}

pub(super) fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).collect()
}

/// Puts a path together; it is absolute where the one it comes from is.
pub(super) fn joined(parts: &[&str], from: &str) -> String {
    let path = parts.join("/");
    match (from.starts_with('/'), path.is_empty()) {
        (true, _) => format!("/{path}"),
        (false, true) => ".".to_owned(),
        (false, false) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Farm, farms};
    use super::*;
    use crate::facts::GapKind;

    /// Farms as `name: instance, instance (sources of its gaps)`.
    fn said(
        by: FarmBy<'_>,
        places: &[(&str, &str)],
        directories: &[&str],
        gaps: &[Gap],
    ) -> Vec<String> {
        let snapshot = |(source, root): &(&str, &str)| {
            let (source, root) = ((*source).to_owned(), (*root).to_owned());
            (None, Snapshot { source, root, ..Snapshot::default() })
        };
        let directories: Vec<String> = directories.iter().map(|name| (*name).to_owned()).collect();
        let plan = FarmPlan { by, directories: &directories, gaps, ..FarmPlan::default() };
        let say = |farm: &Farm| {
            let members: Vec<&str> = farm.members.iter().map(|m| m.name.as_str()).collect();
            let gaps: Vec<&str> = farm.gaps.iter().map(|gap| gap.source.as_str()).collect();
            format!("{}: {} ({})", farm.name, members.join(", "), gaps.join(", "))
        };
        farms(places.iter().map(snapshot).collect(), &plan).unwrap().iter().map(say).collect()
    }

    fn gap(source: &str, path: Option<&str>) -> Gap {
        let kind = if path.is_some() { GapKind::Unreadable } else { GapKind::NoInstance };
        let path = path.map(str::to_owned);
        Gap { source: source.to_owned(), path, kind, reason: String::new() }
    }

    #[test]
    fn all_is_one_farm_and_every_gap_is_its_own() {
        let places = [("b/x.tar", ""), ("a/y.tar", "")];
        let gaps = [gap("c/z.tar", None)];
        assert_eq!(said(FarmBy::All, &places, &[], &gaps), ["farm: x, y (c/z.tar)"]);
    }

    #[test]
    fn input_makes_a_farm_of_each_source_and_keeps_its_gaps() {
        let places = [("b.tar", "author"), ("b.tar", "publish"), ("a.tar", "")];
        let gaps = [gap("a.tar", None), gap("z.tar", None)];
        assert_eq!(
            said(FarmBy::Input, &places, &[], &gaps),
            ["a: a (a.tar)", "b: author, publish ()"]
        );
    }

    #[test]
    fn equal_names_of_farms_are_told_apart() {
        let places = [("x/a.tar", ""), ("y/a.tar", ""), ("y/a.tgz", "")];
        let names: Vec<String> = said(FarmBy::Input, &places, &[], &[])
            .iter()
            .filter_map(|farm| Some(farm.split_once(':')?.0.to_owned()))
            .collect();
        assert_eq!(names, ["x/a.tar", "y/a.tar", "y/a.tgz"]);
    }

    #[test]
    fn parent_goes_by_the_directory_however_it_is_written() {
        let places =
            [("up/c1/a.tar", ""), ("./up//c1/b.tar", ""), ("up/c2/a.tar", ""), ("d.tar", "")];
        assert_eq!(said(FarmBy::Parent, &places, &[], &[]), [".: d ()", "c1: a, b ()", "c2: a ()"]);
    }

    #[test]
    fn source_without_an_instance_leaves_open_the_farms_of_its_directory() {
        let places = [("up/c1/a.tar", ""), ("up/c2/a.tar", "")];
        let gaps = [gap("up/c1/b.tar", None), gap("up/c3/b.tar", None)];
        assert_eq!(said(FarmBy::Parent, &places, &[], &gaps), ["c1: a (up/c1/b.tar)", "c2: a ()"]);
    }

    #[test]
    fn installs_in_a_directory_go_by_the_directory_they_lie_in() {
        let places =
            [("up", "c1/a/crx-quickstart"), ("up", "c2/b/crx-quickstart"), ("up/c1/d.tar", "")];
        let gaps = [gap("up", Some("c1/a/crx-quickstart/x"))];
        assert_eq!(said(FarmBy::Parent, &places, &["up"], &gaps), ["c1: a, d (up)", "c2: b ()"]);
        assert_eq!(
            said(FarmBy::Parent, &places, &["up"], &[gap("up", None)]),
            ["c1: a, d (up)", "c2: b (up)"]
        );
    }

    #[test]
    fn pattern_names_the_farm_and_what_it_does_not_find_is_a_farm_of_its_own() {
        let pattern = FarmPattern::parse("^s3://b/([^/]+)/").unwrap();
        let by = FarmBy::Pattern(&pattern);
        let places = [
            ("s3://b/c1/a.tar", ""),
            ("s3://b/c1/b.tar", ""),
            ("s3://b/c2/a.tar", "x"),
            ("c1.tar", ""),
        ];
        let gaps = [gap("s3://b/c1/d.tar", None), gap("s3://b/c3/d.tar", None), gap("e.tar", None)];
        assert_eq!(
            said(by, &places, &[], &gaps),
            ["c1: a, b (s3://b/c1/d.tar)", "c1.tar: c1 ()", "c2: a ()"]
        );
        let gaps = [gap("-", None)];
        assert_eq!(said(by, &places[2..3], &[], &gaps), ["c2: a (-)"]);
    }

    #[test]
    fn pattern_looks_into_directories() {
        let pattern = FarmPattern::parse("^up/([^/]+)/").unwrap();
        let by = FarmBy::Pattern(&pattern);
        let places = [("up", "c1/a/crx-quickstart"), ("up", "c2/b/crx-quickstart")];
        let inside = [gap("up", Some("c1/a/crx-quickstart/x"))];
        assert_eq!(said(by, &places, &["up"], &inside), ["c1: a (up)", "c2: b ()"]);
        let whole = [gap("up", None)];
        assert_eq!(said(by, &places, &["up"], &whole), ["c1: a (up)", "c2: b (up)"]);
    }

    #[test]
    fn standard_input_may_belong_to_any_directory() {
        let gaps = [gap("-", None)];
        let farms =
            said(FarmBy::Parent, &[("up/a.tar", ""), ("-", "x/crx-quickstart")], &[], &gaps);
        assert_eq!(farms, ["stdin: x (-)", "up: a (-)"]);
    }
}
