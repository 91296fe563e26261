//! Instances that keep the keys that they work with, though a key that nobody works with opens secrets of theirs.
//!
//! Seen where key files were synced over a farm after an upgrade, and secrets of one instance were still those from before it: with the keys
//! that open them this instance would differ from all others, which costs more than a secret that is entered again. And seen half repaired,
//! where some secrets had been entered again: with the old keys, those would be lost in turn.

use super::{Farm, Member, pair_in_copy, pair_left_in_jcr, unused_pairs};
use crate::facts::{Digest, Hex, KeyName, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// Decides for each instance of a farm which master would open more of its secrets, where it keeps its own all the same.
pub(super) fn kept_for(farm: &Farm) -> Vec<Option<Digest>> {
    let unused = unused_masters(farm);
    let stances: Vec<Stance> =
        farm.members.iter().map(|member| Stance::of(member, &unused)).collect();
    let mut of_pair: BTreeMap<[Digest; 2], BTreeSet<&Stance>> = BTreeMap::new();
    for (pair, stance) in farm.members.iter().map(pair_in_use).zip(&stances) {
        if let Some(pair) = pair {
            of_pair.entry(pair).or_default().insert(stance);
        }
    }
    let expected = &farm.expected.keys;
    let is_expected = |pair: &[Digest; 2]| {
        let mut keys = KeyName::ALL.iter().zip(pair);
        keys.all(|(name, key)| expected.get(name).is_none_or(|expected| expected.is_of(key)))
    };
    let kept = |(member, stance): (&Member, &Stance)| {
        let pair = pair_in_use(member)?;
        // Where all that work with a pair want the same master, they may all get that.
        let differ = || of_pair.get(&pair).is_some_and(|stances| stances.len() > 1);
        let keeps = if expected.is_empty() { stance.opens || differ() } else { is_expected(&pair) };
        stance.wants.filter(|_| keeps)
    };
    // What one keeps its keys for is put in use nowhere: a farm has one pair. Seen where one instance with keys of its own had the same
    // leftover in its repository as the author.
    let refused: BTreeSet<Digest> = farm.members.iter().zip(&stances).filter_map(kept).collect();
    stances.iter().map(|stance| stance.wants.filter(|wanted| refused.contains(wanted))).collect()
}

/// Returns the older pair of an instance that opens what the keys that it keeps do not, where it has both keys of it.
pub(crate) fn older_pair(member: &Member) -> Option<[Digest; 2]> {
    let wanted = member.keeps_keys_for()?;
    let copies = member.copies.iter().filter_map(pair_in_copy);
    let unused = unused_pairs(&member.snapshot).into_iter().map(|(_, pair)| pair);
    let files = copies.chain(unused).map(|pair| pair.map(|file| file.digest.whole));
    pair_left_in_jcr(member).into_iter().chain(files).find(|[_, master]| *master == wanted)
}

/// What the secrets of an instance say of its master.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Stance {
    /// It opens some.
    opens: bool,
    /// One that nobody works with opens others.
    wants: Option<Digest>,
}

impl Stance {
    fn of(member: &Member, unused: &BTreeMap<Hex<16>, Digest>) -> Self {
        let own = member.known_key(KeyName::Master).map(|key| key.digest.whole.md5);
        let snapshot = &member.snapshot;
        let mut stance = Self { opens: false, wants: None };
        for at in snapshot.protected_values().into_iter().filter(|at| at.in_effect) {
            let openings = snapshot.openings(at.digest.sha256).unwrap_or_default();
            if openings.iter().any(|opening| Some(opening.master) == own) {
                stance.opens = true;
            } else {
                let opener = openings.iter().find_map(|opening| unused.get(&opening.master));
                stance.wants = stance.wants.or(opener.copied());
            }
        }
        stance
    }
}

/// Returns every master of a farm that no instance works with, by the md5 of what it lies in.
fn unused_masters(farm: &Farm) -> BTreeMap<Hex<16>, Digest> {
    let all = farm.members.iter().flat_map(|m| [&m.snapshot].into_iter().chain(&m.copies));
    let masters = all.flat_map(Snapshot::named_keys).filter(|(name, _)| *name == KeyName::Master);
    let mut masters: BTreeMap<Hex<16>, Digest> =
        masters.map(|(_, key)| (key.whole.md5, key.whole)).collect();
    for used in farm.members.iter().filter_map(|member| member.known_key(KeyName::Master)) {
        masters.remove(&used.digest.whole.md5);
        // The same key without its line end may lie elsewhere: that is in use as well.
        masters.remove(&used.value.md5);
    }
    masters
}

/// Returns the pair that an instance works with, where that is known.
fn pair_in_use(member: &Member) -> Option<[Digest; 2]> {
    let [hmac, master] = KeyName::ALL.map(|name| member.known_key(name).map(|key| key.value));
    Some([hmac?, master?])
}
