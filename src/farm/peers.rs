//! Groups of equals among instances, and how to speak of them.

use super::{Farm, Member};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Instances that have the same value, the largest group first; equally large ones in order of their first instance.
pub(crate) struct Groups<'a> {
    groups: Vec<Vec<&'a Member>>,
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
        for member in members {
            if let Some(value) = value(member) {
                by_value.entry(value).or_default().push(member);
            }
        }
        let mut groups: Vec<Vec<&Member>> = by_value.into_values().collect();
        groups.sort_by_key(|group| (Reverse(group.len()), group.first().map(|m| m.name.clone())));
        Self { groups }
    }

    /// Returns `true` if there are at least two.
    pub(crate) fn differ(&self) -> bool {
        self.groups.len() > 1
    }

    /// Returns the groups themselves.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[&'a Member]> {
        self.groups.iter().map(Vec::as_slice)
    }

    /// Returns the group that outnumbers every other, if there is one.
    pub(crate) fn majority(&self) -> Option<&[&'a Member]> {
        let size = |index: usize| self.groups.get(index).map_or(0, Vec::len);
        (size(0) > size(1)).then(|| self.groups.first().map(Vec::as_slice)).flatten()
    }

    /// Returns the instances outside the majority; all of them where there is none.
    pub(crate) fn odd(&self) -> Vec<&'a Member> {
        let skipped = usize::from(self.majority().is_some());
        self.groups.iter().skip(skipped).flatten().copied().collect()
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
        match (self.majority(), self.groups.len()) {
            (Some(majority), 2) => {
                let rest = the_other(majority.len(), majority);
                format!("{}: {what} differs from {rest}", names(&odd))
            }
            (majority, count) => {
                // The odd ones come first; the majority, where there is one, is what they differ from.
                let skipped = usize::from(majority.is_some());
                let odd = self.groups.iter().skip(skipped);
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
            .groups
            .iter()
            .filter_map(|group| Some(format!("{} on {}", value(group.first()?)?, names(group))));
        let mut described: Vec<String> = described.collect();
        described.reverse();
        described.join("; ")
    }
}

fn the_other(count: usize, members: &[&Member]) -> String {
    match count {
        1 => names(members),
        _ => format!("the other {count} instances"),
    }
}

/// Lists instances by name.
pub(crate) fn names(members: &[&Member]) -> String {
    let all: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    match all.split_at_checked(NAMES_MAX) {
        Some((listed, rest)) if rest.len() > 1 => {
            format!("{} and {} others", listed.join(", "), rest.len())
        }
        _ => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::farm;

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
        let groups =
            Groups::by(&farm, |m| m.known_key(crate::facts::KeyName::Hmac).map(|key| key.value));
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
    fn without_a_majority_all_groups_are_named() {
        assert_eq!(describe(&[b"k", b"x"]), "hmac differs, 2 groups: a | b");
        assert_eq!(
            describe(&[b"k", b"k", b"x", b"y"]),
            "hmac differs, 3 groups: c | d; the other 2 agree"
        );
        assert_eq!(describe(&[b"k", b"x", b"k", b"x"]), "hmac differs, 2 groups: a, c | b, d");
    }
}
