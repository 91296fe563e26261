//! Which snapshots may show one instance.
//!
//! Of 200 instances with 600 bundles each, comparing each with each took 10 s. So only those are compared that have one Sling id, or
//! none, and each with so many others at most.

use crate::facts::{Digest, KeyName, LogTime, LogTopic};
use crate::farm::{Farm, Member};
use crate::limits::Limits;
use std::collections::BTreeMap;

/// Returns each instance that came again, with the one it repeats.
pub(crate) fn pairs(farm: &Farm) -> Vec<(&Member, &Member)> {
    let max = Limits::DEFAULT.compared_max;
    let mut by_start: BTreeMap<Start<'_>, Vec<&Member>> = BTreeMap::new();
    let mut pairs = Vec::new();
    for member in &farm.members {
        let Some(start) = start(member) else { continue };
        let earlier = by_start.entry(start).or_default();
        pairs.extend(earlier.iter().find(|first| are_alike(first, member)).map(|f| (*f, member)));
        if earlier.len() < max {
            earlier.push(member);
        }
    }
    pairs
}

/// A start of an instance: its Sling id, and when it was started last. A clone that was started has another one; without it in both,
/// there is no telling.
type Start<'m> = (&'m str, u64);

fn start(member: &Member) -> Option<Start<'_>> {
    Some((uuid(member)?, member.snapshot.last_start_ms?))
}

fn uuid(member: &Member) -> Option<&str> {
    member.snapshot.sling_id.as_ref().map(|id| id.uuid.as_str())
}

/// Snapshots of which nothing says that they are of different instances.
pub(crate) struct Twins<'f> {
    /// Those that are like another one.
    pub(crate) alike: Vec<&'f Member>,
    /// Those that have no Sling id or one that too many have, so that not all were compared.
    pub(crate) not_compared: Vec<&'f Member>,
}

/// Finds the instances that may be another one of the farm. That one came twice, which is known, does not count.
pub(crate) fn twins<'f>(members: &[&'f Member]) -> Twins<'f> {
    let max = Limits::DEFAULT.compared_max;
    let mut by_id: BTreeMap<Option<&'f str>, Vec<&'f Member>> = BTreeMap::new();
    for &member in members {
        by_id.entry(uuid(member)).or_default().push(member);
    }
    let of = |id: Option<&'f str>| by_id.get(&id).map_or(&[][..], Vec::as_slice);
    let mut twins = Twins { alike: Vec::new(), not_compared: Vec::new() };
    for &member in members {
        let (of_id, nameless) = match uuid(member) {
            None => (members, &[][..]),
            id => (of(id), of(None)),
        };
        let is_other = |other: &&&Member| {
            let came_again = start(member).is_some() && start(member) == start(other);
            other.name != member.name && !came_again && may_be_alike(member, other)
        };
        let mut others = of_id.iter().chain(nameless).filter(is_other);
        if others.by_ref().take(max).any(|other| are_alike(member, other)) {
            twins.alike.push(member);
        } else if others.next().is_some() {
            twins.not_compared.push(member);
        }
    }
    twins
}

/// Returns `true` if nothing that both snapshots show tells one instance from the other.
///
/// One of them may be a selection of the other's files, so only what both hold is compared.
pub(super) fn are_alike(a: &Member, b: &Member) -> bool {
    let storage = |member: &Member| member.storage().map(|file| file.storage);
    may_be_alike(a, b)
        && agree(storage(a), storage(b))
        && a.snapshot.bundles.iter().all(|bundle| {
            let other = b.snapshot.bundle_in(&bundle.directory);
            other.is_none_or(|other| {
                (other.id, &other.symbolic_name) == (bundle.id, &bundle.symbolic_name)
            })
        })
}

/// Returns `true` if the few facts that mostly differ do not tell two snapshots apart.
fn may_be_alike(a: &Member, b: &Member) -> bool {
    let key = |member: &Member, name| -> Option<Digest> {
        member.known_key(name).map(|key| key.digest.whole)
    };
    agree(uuid(a), uuid(b))
        && agree(a.snapshot.last_start_ms, b.snapshot.last_start_ms)
        && agree(start_in_log(a), start_in_log(b))
        && KeyName::ALL.into_iter().all(|name| agree(key(a, name), key(b, name)))
}

/// Returns when the log shows the last start of the crypto service, where no time stamp of the launchpad says when the instance was
/// started: replicas of one image have none, and logs of their own.
fn start_in_log(member: &Member) -> Option<LogTime> {
    let snapshot = &member.snapshot;
    snapshot.last_start_ms.is_none().then(|| snapshot.told(LogTopic::Storage)?.0.time)?
}

fn agree<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
    a.zip(b).is_none_or(|(a, b)| a == b)
}
