//! Groups of equals among instances, and how to speak of them.

use super::{Farm, Member, pairs};
use crate::facts::{Digest, KeyName};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Instances that have the same value, the largest group first; equally large ones in order of their first instance.
pub(crate) struct Groups<'a> {
    all: Vec<Vec<&'a Member>>,
    /// How many instances each group is of: one that came twice counts once.
    votes: Vec<usize>,
    /// Of others the value is not known, so that "the others" would say too much.
    has_unknown: bool,
}

/// Names are listed up to this many; the rest is counted.
const NAMES_MAX: usize = 5;

impl<'a> Groups<'a> {
    /// Groups the instances that have a value.
    pub(crate) fn by<K: Ord>(farm: &'a Farm, value: impl Fn(&'a Member) -> Option<K>) -> Self {
        Self::among(&farm.members, value)
    }

    /// Groups those of some instances that have a value.
    pub(crate) fn among<K: Ord>(
        members: impl IntoIterator<Item = &'a Member>,
        value: impl Fn(&'a Member) -> Option<K>,
    ) -> Self {
        let mut by_value: BTreeMap<K, Vec<&Member>> = BTreeMap::new();
        let mut has_unknown = false;
        for member in members {
            match value(member) {
                Some(value) => by_value.entry(value).or_default().push(member),
                None => has_unknown = true,
            }
        }
        let votes = |group: Vec<&'a Member>| {
            let twice = pairs(group.iter().copied()).len();
            (group.len().saturating_sub(twice), group)
        };
        let mut groups: Vec<(usize, Vec<&Member>)> = by_value.into_values().map(votes).collect();
        groups.sort_by_key(|(votes, group)| {
            (Reverse(*votes), group.first().map(|member| member.name.clone()))
        });
        let (votes, groups) = groups.into_iter().unzip();
        Self { all: groups, votes, has_unknown }
    }

    /// Returns `true` if there are at least two.
    pub(crate) fn differ(&self) -> bool {
        self.all.len() > 1
    }

    /// Returns the groups themselves.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[&'a Member]> {
        self.all.iter().map(Vec::as_slice)
    }

    /// Returns the group that outnumbers every other, if there is one.
    pub(crate) fn majority(&self) -> Option<&[&'a Member]> {
        let votes = |index: usize| self.votes.get(index).copied().unwrap_or_default();
        (votes(0) > votes(1)).then(|| self.all.first().map(Vec::as_slice)).flatten()
    }

    /// Returns the instances outside the majority; all of them where there is none.
    pub(crate) fn odd(&self) -> Vec<&'a Member> {
        let skipped = usize::from(self.majority().is_some());
        self.all.iter().skip(skipped).flatten().copied().collect()
    }

    /// Returns the instances to show as evidence: the odd ones, and one of the rest to compare them with.
    pub(crate) fn witnesses(&self) -> Vec<&'a Member> {
        let mut witnesses = self.odd();
        witnesses.extend(self.majority().and_then(<[_]>::first));
        witnesses
    }

    /// Says whose `what` differs from that of the rest, the odd one out first.
    pub(crate) fn describe(&self, what: &str) -> String {
        let odd = self.odd();
        match (self.majority(), self.all.len()) {
            (Some(majority), 2) => {
                let rest = match majority.len() {
                    2.. if !self.has_unknown => format!("the other {} instances", majority.len()),
                    _ => names(majority),
                };
                format!("{}: {what} differs from {rest}", names(&odd))
            }
            (majority, count) => {
                // The odd ones come first; the majority, where there is one, is what they differ from.
                let skipped = usize::from(majority.is_some());
                let odd = self.all.iter().skip(skipped);
                let groups: Vec<String> = odd.map(|group| names(group)).collect();
                let rest = majority.map(|majority| format!("; the other {} agree", majority.len()));
                format!(
                    "{what} differs, {count} groups: {}{}",
                    groups.join(" | "),
                    rest.unwrap_or_default()
                )
            }
        }
    }

    /// Says which instances have which value, the odd ones first.
    pub(crate) fn values(&self, value: impl Fn(&Member) -> Option<String>) -> String {
        let described = self
            .all
            .iter()
            .filter_map(|group| Some(format!("{} on {}", value(group.first()?)?, names(group))));
        let mut described: Vec<String> = described.collect();
        described.reverse();
        described.join("; ")
    }
}

/// Instances by the keys that they work with. Where each of 6,000 asked all others, asking took most of the time.
pub(crate) struct KeyUsers<'f>(BTreeMap<(KeyName, Digest), Vec<&'f Member>>);

impl<'f> KeyUsers<'f> {
    pub(crate) fn of(farm: &'f Farm) -> Self {
        let mut users: BTreeMap<_, Vec<&Member>> = BTreeMap::new();
        for member in &farm.members {
            for name in KeyName::ALL {
                if let Some(key) = member.known_key(name) {
                    users.entry((name, key.value)).or_default().push(member);
                }
            }
        }
        Self(users)
    }

    /// Returns those that work with a key.
    pub(crate) fn of_key(&self, name: KeyName, key: Digest) -> &[&'f Member] {
        self.0.get(&(name, key)).map_or(&[], Vec::as_slice)
    }
}

/// Lists instances by name, all but this one; `None` where there is no other.
pub(crate) fn others(members: &[&Member], but: &Member) -> Option<String> {
    let first: Vec<&Member> = members
        .iter()
        .copied()
        .filter(|m| m.name != but.name)
        .take(NAMES_MAX.saturating_add(2))
        .collect();
    let all = if first.len() <= NAMES_MAX.saturating_add(1) {
        first.len()
    } else {
        // They are of one farm, in which a name is one instance.
        let is_in = members.binary_search_by(|member| member.name.cmp(&but.name)).is_ok();
        members.len().saturating_sub(usize::from(is_in))
    };
    (all > 0).then(|| listed(&first, all))
}

/// Lists instances by name.
pub(crate) fn names(members: &[&Member]) -> String {
    listed(members, members.len())
}

/// Lists the first of so many instances by name.
fn listed(first: &[&Member], all: usize) -> String {
    let more = all.saturating_sub(NAMES_MAX);
    // The sixth name is no longer than the words that count it.
    let count = if more > 1 { NAMES_MAX } else { all };
    let names: Vec<&str> = first.iter().take(count).map(|member| member.name.as_str()).collect();
    let names = names.join(", ");
    if more > 1 { format!("{names} and {more} others") } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    fn keyed(keys: &[&[u8]]) -> Farm {
        let names = ["a", "b", "c", "d"];
        names
            .iter()
            .zip(keys)
            .fold(farm(), |farm, (name, key)| farm.with(name, |i| i.hmac(key)))
            .build()
    }

    fn describe(keys: &[&[u8]]) -> String {
        let farm = keyed(keys);
        let groups = Groups::by(&farm, |m| m.known_key(KeyName::Hmac).map(|key| key.value));
        groups.describe("hmac")
    }

    #[test]
    fn odd_one_out_comes_first() {
        assert_eq!(
            describe(&[b"k", b"k", b"x", b"k"]),
            "c: hmac differs from the other 3 instances"
        );
    }

    #[test]
    fn beside_one_that_is_not_known_the_others_are_named() {
        let farm = [("a", b"k"), ("b", b"k"), ("c", b"x")]
            .iter()
            .fold(farm(), |farm, (name, key)| farm.with(name, |i| i.hmac(*key)))
            .with("d", |i| i.without_key(KeyName::Hmac))
            .build();
        let groups = Groups::by(&farm, |m| m.known_key(KeyName::Hmac).map(|key| key.value));
        assert_eq!(groups.describe("hmac"), "c: hmac differs from a, b");
    }

    #[test]
    fn instance_that_came_twice_has_one_vote() {
        let twice = |i: Instance| i.hmac(b"x").sling_id("x").started_at(5);
        let farm = farm()
            .with("a", |i| i.hmac(b"k").sling_id("a").started_at(5))
            .with("b", twice)
            .with("c", twice);
        let of = |farm: &Farm| {
            let groups = Groups::by(farm, |m| m.known_key(KeyName::Hmac).map(|key| key.value));
            groups.majority().map(names)
        };
        assert_eq!(of(&farm.build()), None);
    }

    #[test]
    fn without_a_majority_all_groups_are_named() {
        assert_eq!(describe(&[b"k", b"x"]), "hmac differs, 2 groups: a | b");
        assert_eq!(
            describe(&[b"k", b"k", b"x", b"y"]),
            "hmac differs, 3 groups: c | d; the other 2 agree"
        );
        assert_eq!(describe(&[b"k", b"x", b"k", b"x"]), "hmac differs, 2 groups: a, c | b, d");
    }
}
