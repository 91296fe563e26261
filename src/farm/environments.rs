//! Several environments in one upload: the keys of one must not come to another.
//!
//! Seen where `prod.tar.gz` and `stage.tar.gz`, or folders of them, were scanned as one farm: the keys of production were those of most.

use super::plan::{FarmBy, FarmPlan, Ground, parts};
use super::{FarmPattern, Member};
use crate::facts::{Digest, Role};
use std::collections::{BTreeMap, BTreeSet};

/// Words that name environments, those of the same one together.
const WORDS: [&[&str]; 9] = [
    &["prod", "production", "prd", "live"],
    &["preprod", "preproduction"],
    &["nonprod"],
    &["stage", "staging", "stg"],
    &["dev", "development"],
    &["test", "testing", "tst"],
    &["qa"],
    &["uat"],
    &["int", "integration"],
];

/// Environments that look like farms of their own.
pub(crate) struct Environments<'f> {
    /// Their names, each with its instances.
    pub(crate) all: BTreeMap<String, Vec<&'f Member>>,
    /// What `--farm-by` takes to compare each for itself, where one of its words or a simple pattern does.
    pub(crate) farm_by: Option<String>,
}

/// Returns the environments of instances that are to have the same keys, where each has others.
///
/// Words such as `prod` and `stage` show them. So do parts of the paths, where most instances of each part have a pair that no other part
/// has: a part of authors and one of publishers are of one farm, and so are hosts with an instance each.
pub(crate) fn environments<'f>(
    members: &[&'f Member],
    role_of: impl Fn(&Member) -> Option<Role>,
) -> Option<Environments<'f>> {
    let by_parts = || {
        let deepest = members.iter().map(|member| parts(&member.snapshot.path()).len()).max()?;
        (1..deepest).find_map(|depth| by_part(members, depth, &role_of))
    };
    by_words(members).or_else(by_parts)
}

fn by_words<'f>(members: &[&'f Member]) -> Option<Environments<'f>> {
    let named: Vec<Vec<(&str, String)>> = members.iter().map(|member| words(member)).collect();
    // What is around all of them, such as `/home/test`, tells none apart.
    let is_of_all =
        |name: &str| named.iter().all(|words| words.iter().any(|(other, _)| *other == name));
    let mut all: BTreeMap<String, Vec<&Member>> = BTreeMap::new();
    let mut spelled = BTreeSet::new();
    for (member, words) in members.iter().zip(&named) {
        if let Some((name, word)) = words.iter().find(|(name, _)| !is_of_all(name)) {
            all.entry((*name).to_owned()).or_default().push(member);
            spelled.insert(word.as_str());
        }
    }
    let leading: Vec<_> = all.values().map(|group| leading(group)).collect();
    let are_apart = leading.iter().enumerate().any(|(at, one)| {
        let mut others = leading.iter().skip(at.saturating_add(1));
        !one.is_empty() && others.any(|other| !other.is_empty() && one.is_disjoint(other))
    });
    let words = spelled.into_iter().collect::<Vec<_>>().join("|");
    let patterns = [format!("({words})"), format!("(?:^|[^A-Za-z])({words})(?:[^A-Za-z]|$)")];
    are_apart.then(|| Environments { farm_by: farm_by(&all, &patterns), all })
}

/// Returns the environments that the path and the name of an instance name, each with its word as it stands there.
fn words(member: &Member) -> Vec<(&'static str, String)> {
    let text = format!("{}/{}", member.snapshot.path(), member.name);
    let mut before = "";
    let mut found = Vec::new();
    for word in text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
        let start = std::mem::replace(&mut before, word);
        let is_split = ["pre", "non"].iter().any(|part| start.eq_ignore_ascii_case(part));
        let split = format!("{start}{word}");
        let name_of = |word: &str| {
            let is_in = |row: &&&[&str]| row.iter().any(|known| known.eq_ignore_ascii_case(word));
            WORDS.iter().find(is_in).and_then(|row| row.first().copied())
        };
        match name_of(&split).filter(|_| is_split) {
            Some(name) => found.push((name, format!("{start}-{word}"))),
            None => found.extend(name_of(word).map(|name| (name, word.to_owned()))),
        }
    }
    found
}

/// Returns the pairs that most instances have; several where as many have each.
fn leading(group: &[&Member]) -> BTreeSet<[Digest; 2]> {
    let users = users(group);
    let most = users.values().max().copied();
    users.into_iter().filter(|(_, count)| Some(*count) == most).map(|(pair, _)| pair).collect()
}

fn users(group: &[&Member]) -> BTreeMap<[Digest; 2], usize> {
    let mut users: BTreeMap<[Digest; 2], usize> = BTreeMap::new();
    for pair in group.iter().filter_map(|member| member.pair().keys()) {
        let count = users.entry(pair).or_default();
        *count = count.saturating_add(1);
    }
    users
}

/// Takes what lies below the same parts of a path, as many as `depth`, for an environment.
fn by_part<'f>(
    members: &[&'f Member],
    depth: usize,
    role_of: impl Fn(&Member) -> Option<Role>,
) -> Option<Environments<'f>> {
    let mut all: BTreeMap<String, Vec<&Member>> = BTreeMap::new();
    let mut last = BTreeSet::new();
    for member in members.iter().filter(|member| member.pair().keys().is_some()) {
        let path = member.snapshot.path();
        let first: Vec<&str> = parts(&path).into_iter().take(depth).collect();
        last.extend(first.last().map(|part| regex::escape(part)));
        all.entry(first.join("/")).or_default().push(member);
    }
    let homes: BTreeSet<[Digest; 2]> =
        all.values().map(|group| home(group, members, &role_of)).collect::<Option<_>>()?;
    if all.len() < 2 || homes.len() < all.len() {
        return None;
    }
    let last = last.into_iter().collect::<Vec<_>>().join("|");
    let patterns = [format!("({last})"), format!("(?:^|/)({last})(?:/|$)")];
    Some(Environments { farm_by: farm_by(&all, &patterns), all })
}

/// Returns the pair that most of several instances have, a publisher among them, and nobody else.
fn home(
    group: &[&Member],
    members: &[&Member],
    role_of: impl Fn(&Member) -> Option<Role>,
) -> Option<[Digest; 2]> {
    let (pair, count) = users(group).into_iter().max_by_key(|(_, count)| *count)?;
    let has_it = |member: &&&Member| member.pair().keys() == Some(pair);
    let publishes = |member: &&Member| role_of(member) == Some(Role::Publish);
    let is_most = count > 1 && count > group.len().saturating_sub(count);
    let is_own = members.iter().filter(has_it).count() == count;
    (is_most && is_own && group.iter().filter(has_it).copied().any(|m| publishes(&m)))
        .then_some(pair)
}

/// Returns what makes each environment a farm: tried on the instances, so that what is said works.
fn farm_by(all: &BTreeMap<String, Vec<&Member>>, patterns: &[String]) -> Option<String> {
    let members = || all.values().flatten().map(|member| &member.snapshot);
    // What has no ending of an archive was unpacked.
    let is_unpacked = |source: &&str| {
        let last = parts(source).last().copied();
        super::names::stem(source).is_none_or(|stem| Some(stem) == last)
    };
    let sources: BTreeSet<&str> = members().map(|snapshot| snapshot.source.as_str()).collect();
    let directories: Vec<String> =
        sources.into_iter().filter(is_unpacked).map(str::to_owned).collect();
    let makes_them = |by: FarmBy<'_>| {
        let plan = FarmPlan { by, directories: &directories, ..FarmPlan::default() };
        let grounds = all.values().map(|group| {
            let mut grounds: BTreeSet<Ground> =
                group.iter().map(|member| plan.ground(&member.snapshot)).collect();
            grounds.pop_first().filter(|_| grounds.is_empty())
        });
        let grounds: Option<BTreeSet<Ground>> = grounds.collect();
        grounds.is_some_and(|grounds| grounds.len() == all.len())
    };
    let words = [(FarmBy::Input, "input"), (FarmBy::Parent, "parent")];
    if let Some((_, word)) = words.into_iter().find(|(by, _)| makes_them(*by)) {
        return Some(word.to_owned());
    }
    let makes = |text: &&String| {
        let pattern = FarmPattern::parse(text);
        pattern.is_ok_and(|pattern| makes_them(FarmBy::Pattern(&pattern)))
    };
    patterns.iter().find(makes).cloned()
}
