//! Instances that keep the keys that they work with, though their secrets open with others that they have: others of the farm work with the
//! same keys.
//!
//! Seen where key files were synced over a farm after an upgrade, and secrets of one instance were still those from before it. With the keys
//! that open them this instance would differ from all others, which costs more than a secret that is entered again.

use super::{Farm, Member};
use crate::facts::{Digest, Hex, KeyName, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// Says of each instance of a farm whether it keeps its keys, though its secrets open with others that it has and not with these.
pub(super) fn with_shared_keys(farm: &Farm) -> Vec<bool> {
    let wanted: Vec<Option<Digest>> = farm.members.iter().map(wanted).collect();
    let mut of_pair: BTreeMap<[Digest; 2], BTreeSet<Option<Digest>>> = BTreeMap::new();
    for (pair, wanted) in farm.members.iter().map(pair_in_use).zip(&wanted) {
        if let Some(pair) = pair {
            of_pair.entry(pair).or_default().insert(*wanted);
        }
    }
    let expected = farm.expected.keys.get(&KeyName::Master);
    let is_shared = |(member, wanted): (&Member, Option<Digest>)| {
        let Some(wanted) = wanted else { return false };
        // Where all that work with a pair want the same one, they may all get that.
        let differ = |pair| of_pair.get(&pair).is_some_and(|wanted| wanted.len() > 1);
        match expected {
            Some(expected) => !expected.is_of(&wanted),
            None => pair_in_use(member).is_some_and(differ),
        }
    };
    farm.members.iter().zip(wanted).map(is_shared).collect()
}

fn pair_in_use(member: &Member) -> Option<[Digest; 2]> {
    let [hmac, master] = KeyName::ALL.map(|name| member.known_key(name).map(|key| key.value));
    Some([hmac?, master?])
}

/// Returns a master that an instance has and does not work with, which opens secrets of it where the one that it works with opens none.
fn wanted(member: &Member) -> Option<Digest> {
    let own = member.known_key(KeyName::Master)?;
    let snapshot = &member.snapshot;
    let values = snapshot.protected_values().into_iter().filter(|at| at.in_effect);
    let openings = values.flat_map(|at| snapshot.openings(at.digest.sha256).unwrap_or_default());
    let openers: BTreeSet<Hex<16>> = openings.map(|opening| opening.master).collect();
    if openers.contains(&own.digest.whole.md5) {
        return None;
    }
    let keys = [snapshot].into_iter().chain(&member.copies).flat_map(Snapshot::named_keys);
    let masters = keys.filter(|(name, _)| *name == KeyName::Master);
    masters.map(|(_, key)| key.whole).find(|master| openers.contains(&master.md5))
}
