//! Which snapshots may show one instance.
//!
//! Of 200 instances with 600 bundles each, comparing each with each took 10 s. So only those are compared that have one Sling id, or
//! none, and each with so many others at most.

use super::Member;
use super::names::are_one_word;
use crate::facts::{Bundles, Digest, KeyName, LogTime, LogTopic};
use crate::limits::Limits;
use std::collections::BTreeMap;

/// Returns each of some instances that was read again, with the one it repeats.
pub(crate) fn pairs<'f>(
    members: impl IntoIterator<Item = &'f Member>,
) -> Vec<(&'f Member, &'f Member)> {
    let max = Limits::DEFAULT.compared_max;
    let mut by_start: BTreeMap<Start<'_>, Vec<&Member>> = BTreeMap::new();
    let mut pairs = Vec::new();
    for member in members {
        let Some(start) = start(member) else { continue };
        let earlier = by_start.entry(start).or_default();
        pairs.extend(earlier.iter().find(|first| are_alike(first, member)).map(|f| (*f, member)));
        if earlier.len() < max {
            earlier.push(member);
        }
    }
    pairs
}

/// Returns those that came in another source, under a name of their own, each with the one it repeats: somebody took it for another instance.
pub(crate) fn misnamed(members: &[Member]) -> Vec<(&Member, &Member)> {
    pairs(members).into_iter().filter(|(first, again)| is_misnamed(first, again)).collect()
}

/// Returns `true` if an instance that came twice has two names that are not one word.
pub(crate) fn is_misnamed(first: &Member, again: &Member) -> bool {
    first.snapshot.source != again.snapshot.source && !are_one_word(&first.name, &again.name)
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

/// Finds the instances that may be another one of the farm. That one was there twice, which is known, does not count.
pub(crate) fn twins<'f>(members: &[&'f Member]) -> Twins<'f> {
    let max = Limits::DEFAULT.compared_max;
    let mut index: BTreeMap<Resemblance<'f>, Vec<&'f Member>> = BTreeMap::new();
    for &member in members {
        for sign in Resemblance::of(member) {
            index.entry(sign).or_default().push(member);
        }
    }
    let mut twins = Twins { alike: Vec::new(), not_compared: Vec::new() };
    for &member in members {
        let like = Resemblance::of_like(member);
        let is_other = |other: &&&Member| other.name != member.name && may_be_alike(member, other);
        let mut others = like.iter().filter_map(|sign| index.get(sign)).flatten().filter(is_other);
        if others.by_ref().take(max).any(|other| are_alike(member, other)) {
            twins.alike.push(member);
        } else if others.next().is_some() {
            twins.not_compared.push(member);
        }
    }
    twins
}

/// What an instance is looked for by: its keys, and Sling id and time of start as far as another one must have them, too.
///
/// Looking at each of 3,000 instances for each took half a minute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Resemblance<'m> {
    keys: [Option<Digest>; 2],
    id: Sought<&'m str>,
    time: Sought<Time>,
}

/// What is sought: all with this, all without any, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sought<T> {
    This(T),
    Without,
    All,
}

/// What tells when an instance was started. A time of one kind says nothing against one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Time {
    Start(u64),
    AnyStart,
    Log(LogTime),
    AnyLog,
}

impl<'m> Resemblance<'m> {
    /// Returns what an instance is found by.
    fn of(member: &'m Member) -> Vec<Self> {
        let ids = [uuid(member).map_or(Sought::Without, Sought::This), Sought::All];
        let times = match time(member) {
            Some(Time::Log(time)) => vec![Time::Log(time), Time::AnyLog],
            Some(time) => vec![time, Time::AnyStart],
            None => Vec::new(),
        };
        let known: Vec<Sought<Time>> = times.into_iter().map(Sought::This).collect();
        let times = if known.is_empty() { vec![Sought::Without] } else { known };
        Self::each(member, &ids, &[&times[..], &[Sought::All]].concat())
    }

    /// Returns what those are found by that an instance may be another snapshot of.
    fn of_like(member: &'m Member) -> Vec<Self> {
        let ids = uuid(member)
            .map_or_else(|| vec![Sought::All], |id| vec![Sought::This(id), Sought::Without]);
        let times = match time(member) {
            None => vec![Sought::All],
            Some(Time::Log(time)) => {
                vec![Sought::This(Time::Log(time)), Sought::This(Time::AnyStart), Sought::Without]
            }
            Some(time) => {
                vec![Sought::This(time), Sought::This(Time::AnyLog), Sought::Without]
            }
        };
        let mut signs = Self::each(member, &ids, &times);
        // One that has both came again.
        signs.retain(|sign| {
            !matches!((sign.id, sign.time), (Sought::This(_), Sought::This(Time::Start(_))))
        });
        signs
    }

    fn each(member: &Member, ids: &[Sought<&'m str>], times: &[Sought<Time>]) -> Vec<Self> {
        let key = |name| member.known_key(name).map(|key| key.digest.whole);
        let keys = KeyName::ALL.map(key);
        let of_id = |id: &Sought<&'m str>| {
            let id = *id;
            times.iter().map(move |time| Self { keys, id, time: *time })
        };
        ids.iter().flat_map(of_id).collect()
    }
}

fn time(member: &Member) -> Option<Time> {
    // Replicas of one image may have no time stamp of the launchpad, and logs of their own.
    member.snapshot.last_start_ms.map(Time::Start).or_else(|| start_in_log(member).map(Time::Log))
}

/// Returns `true` if nothing that both snapshots show tells one instance from the other.
///
/// One of them may be a selection of the other's files, so only what both hold is compared.
pub(crate) fn are_alike(a: &Member, b: &Member) -> bool {
    let storage = |member: &Member| member.storage().map(|file| file.storage);
    may_be_alike(a, b)
        && agree(storage(a), storage(b))
        && have_like_bundles(&a.snapshot.bundles, &b.snapshot.bundles)
}

/// Returns `true` if the directories that both have hold the same bundles. Both are sorted.
fn have_like_bundles(a: &Bundles, b: &Bundles) -> bool {
    let mut others = b.iter().peekable();
    a.is_same(b)
        || a.iter().all(|bundle| {
            while others.next_if(|other| other.directory < bundle.directory).is_some() {}
            let other = others.peek().filter(|other| other.directory == bundle.directory);
            other.is_none_or(|other| {
                (other.id, &other.symbolic_name) == (bundle.id, &bundle.symbolic_name)
            })
        })
}

/// Returns `true` if the few facts that mostly differ do not show two snapshots apart.
fn may_be_alike(a: &Member, b: &Member) -> bool {
    let key = |member: &Member, name| -> Option<Digest> {
        member.known_key(name).map(|key| key.digest.whole)
    };
    agree(uuid(a), uuid(b))
        && agree(a.snapshot.last_start_ms, b.snapshot.last_start_ms)
        // Replicas of one image share even the time stamp of the image's start until their own is finished. What was read twice in one place
        // has logs that went on.
        && (a.snapshot.place() == b.snapshot.place() || agree(start_in_log(a), start_in_log(b)))
        && agree(port(a), port(b))
        && KeyName::ALL.into_iter().all(|name| agree(key(a, name), key(b, name)))
}

/// Returns the port that the start script names. That of `sling.properties` is the default, and the same everywhere.
fn port(member: &Member) -> Option<&str> {
    member.snapshot.setting("CQ_PORT").map(|setting| setting.value.as_str())
}

/// Returns when the log of an instance shows the last start of its crypto service.
fn start_in_log(member: &Member) -> Option<LogTime> {
    member.snapshot.own_log()?.statement(LogTopic::Storage)?.time
}

fn agree<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
    a.zip(b).is_none_or(|(a, b)| a == b)
}
