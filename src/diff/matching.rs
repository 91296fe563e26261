//! Which instance of the old state is which of the new one.

use crate::diagnosis::Judged;
use crate::farm::Member;
use std::collections::BTreeMap;

/// An instance, and the farm it is in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) farm: &'a str,
    pub(super) member: &'a Member,
}

/// An instance in both states, or in one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pair<'a> {
    Both(Placed<'a>, Placed<'a>),
    Gone(Placed<'a>),
    New(Placed<'a>),
}

/// Pairs instances by Sling id and name, those left by Sling id alone, and those left by name and role: an instance may have got another
/// name, or another Sling id.
pub(super) fn pairs<'a>(old: &'a [Judged], new: &'a [Judged]) -> Vec<Pair<'a>> {
    let (mut old, mut new) = (placed(old), placed(new));
    let mut all = Vec::new();
    let id = |own: &Placed<'_>| own.member.snapshot.sling_id.as_ref().map(|id| id.uuid.clone());
    let name = |own: &Placed<'_>| own.member.name.clone();
    let role = |own: &Placed<'_>| own.member.snapshot.role();
    match_by(&mut old, &mut new, &mut all, &|own| Some((id(own)?, name(own), own.farm.to_owned())));
    match_by(&mut old, &mut new, &mut all, &|own| Some((id(own)?, name(own))));
    match_by(&mut old, &mut new, &mut all, &id);
    // By name: a launchpad that was built again has a new Sling id.
    match_by(&mut old, &mut new, &mut all, &|own| {
        Some((name(own), role(own), own.farm.to_owned()))
    });
    match_by(&mut old, &mut new, &mut all, &|own| Some((name(own), role(own))));
    // A selection of the files of an instance may not tell its role.
    match_by(&mut old, &mut new, &mut all, &|own| Some(name(own)));
    all.extend(old.into_iter().map(Pair::Gone));
    all.extend(new.into_iter().map(Pair::New));
    all
}

fn placed(farms: &[Judged]) -> Vec<Placed<'_>> {
    let members = farms.iter().flat_map(|judged| {
        let farm = judged.farm.name.as_str();
        judged.farm.members.iter().map(move |member| Placed { farm, member })
    });
    members.collect()
}

/// Pairs what has one key on both sides, and no other of its side has; takes it from both.
fn match_by<'a, K: Ord>(
    old: &mut Vec<Placed<'a>>,
    new: &mut Vec<Placed<'a>>,
    pairs: &mut Vec<Pair<'a>>,
    key: &dyn Fn(&Placed<'_>) -> Option<K>,
) {
    let places = |side: &[Placed<'_>]| {
        let mut places: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for (at, own) in side.iter().enumerate() {
            if let Some(key) = key(own) {
                places.entry(key).or_default().push(at);
            }
        }
        places
    };
    let (of_old, of_new) = (places(old), places(new));
    let mut taken = [vec![false; old.len()], vec![false; new.len()]];
    for (key, at) in &of_old {
        let ([one], Some([other])) = (at.as_slice(), of_new.get(key).map(Vec::as_slice)) else {
            continue;
        };
        if let (Some(before), Some(after)) = (old.get(*one), new.get(*other)) {
            pairs.push(Pair::Both(*before, *after));
            for (taken, at) in taken.iter_mut().zip([*one, *other]) {
                taken.get_mut(at).into_iter().for_each(|taken| *taken = true);
            }
        }
    }
    let [of_old, of_new] = taken;
    keep_others(old, &of_old);
    keep_others(new, &of_new);
}

fn keep_others(side: &mut Vec<Placed<'_>>, taken: &[bool]) {
    let mut taken = taken.iter();
    side.retain(|_| taken.next() != Some(&true));
}
