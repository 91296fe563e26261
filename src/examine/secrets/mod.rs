//! Protected values and the masters that may open them, held while a run reads its sources, and tried when all are read.
//!
//! The key of one instance may open what another one holds, and both are read in parallel. So what may be a master and what is a
//! protected value wait here, by their digests, and are wiped when the run ends. Facts hold the same digests; what comes of trying is
//! added to them, and nothing else leaves.

mod check;
mod sieve;

use crate::evidence::{digest as digest_of, masters};
use crate::facts::{Digest, Hex, KeyName, MasterFlaw, Opening, Snapshot, Trials, Untried};
use crate::limits::Limits;
use crate::wiped::Wiped;
use sieve::Sieve;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// A key, by its name and the md5 of what it lies in.
type MasterId = (KeyName, Hex<16>);

/// What one key may be.
struct Candidate {
    flaw: Option<MasterFlaw>,
    /// The md5 of the key itself.
    md5: Hex<16>,
    key: Wiped,
}

/// What is known of a run, by digest. It is not printed.
pub(crate) struct Vault {
    held: Mutex<Held>,
    limits: Limits,
}

struct Held {
    masters: Sieve<MasterId, Vec<Candidate>>,
    values: Sieve<Hex<32>, Wiped>,
}

impl Vault {
    pub(crate) fn new(limits: &Limits) -> Self {
        let masters = Sieve::new(limits.masters_max, usize::MAX);
        let values = Sieve::new(limits.secrets_max, limits.secrets_bytes_max);
        Self { held: Mutex::new(Held { masters, values }), limits: *limits }
    }

    /// Takes note of a key, wherever it lies.
    pub(crate) fn key(&self, name: KeyName, digest: &Digest, bytes: &[u8]) {
        let candidate = |(flaw, key): (_, Wiped)| Candidate { flaw, md5: digest_of(&key).md5, key };
        let candidates: Vec<Candidate> = masters(name, bytes).into_iter().map(candidate).collect();
        if candidates.is_empty() {
            return;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.masters.add((name, digest.md5), bytes.len(), || candidates);
    }

    /// Takes note of a protected value: `{`, hexadecimal digits, `}`.
    pub(crate) fn value(&self, digest: &Digest, text: &[u8]) {
        if text.len() > self.limits.secret_chars_max {
            return;
        }
        let Some(bytes) = decoded(text) else { return };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.values.add(digest.sha256, text.len(), || bytes);
    }

    /// Takes over what another one holds of masters, and of values where they are still to be tried.
    pub(super) fn absorb(&self, other: Self, with_values: bool) {
        let other = other.held.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.masters.extend(other.masters);
        if with_values {
            held.values.extend(other.values);
        }
    }

    /// Tries all masters on all values, and tells each snapshot what concerns its own. All that is held is wiped when this is dropped.
    pub(crate) fn try_all<'s>(&self, snapshots: impl IntoIterator<Item = &'s mut Snapshot>) {
        let held = &*self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut snapshots: Vec<&mut Snapshot> = snapshots.into_iter().collect();
        let plan = Course::of(held, &snapshots, self.limits.secret_trials_max);
        let openings = plan.openings(held);
        for (snapshot, masters) in snapshots.iter_mut().zip(&plan.masters) {
            snapshot.trials.extend(plan.told(held, snapshot, masters.as_ref(), &openings));
        }
    }
}

/// What opens each value: for each key that does, as it lies there, and as the key that it is without its flaw.
type Openings = BTreeMap<Hex<32>, BTreeMap<MasterId, [Opening; 2]>>;

/// Which masters are tried on what.
struct Course {
    /// Those of each snapshot with values: its own, and those that are tried on all. `None` where even its own are too many.
    masters: Vec<Option<BTreeSet<MasterId>>>,
    /// By value.
    by_value: BTreeMap<Hex<32>, BTreeSet<MasterId>>,
    /// Some masters of the run are tried on the values of their own instances alone.
    is_cut: bool,
}

impl Course {
    /// Tries the masters of an instance on its own values first, and what is left of the bound goes to those of all.
    fn of(held: &Held, snapshots: &[&mut Snapshot], trials_max: usize) -> Self {
        let mut left = trials_max;
        let mut by_value: BTreeMap<Hex<32>, BTreeSet<MasterId>> = BTreeMap::new();
        let mut masters = Vec::with_capacity(snapshots.len());
        for snapshot in snapshots {
            let own: BTreeSet<MasterId> = snapshot.key_digests();
            let own: BTreeSet<MasterId> =
                own.into_iter().filter(|id| held.masters.get(id).is_some()).collect();
            let values = held_values(held, snapshot);
            let cost = own.len().saturating_mul(values.len());
            let Some(rest) = left.checked_sub(cost) else {
                masters.push(None);
                continue;
            };
            left = rest;
            for value in values {
                by_value.entry(value).or_default().extend(&own);
            }
            masters.push(Some(own));
        }
        // All values get the same masters, so that the result does not depend on the order of the sources.
        let shared_max = left.checked_div(by_value.len()).unwrap_or_default();
        let shared: BTreeSet<MasterId> = held.masters.keys().take(shared_max).copied().collect();
        for tried in by_value.values_mut().chain(masters.iter_mut().flatten()) {
            tried.extend(&shared);
        }
        let is_cut = held.masters.keys().nth(shared_max).is_some() || held.masters.is_cut();
        Self { masters, by_value, is_cut }
    }

    fn openings(&self, held: &Held) -> Openings {
        let opened = |(digest, masters): (&Hex<32>, &BTreeSet<MasterId>)| {
            let value = held.values.get(digest)?;
            let opening = |id: &MasterId| {
                let mut keys = held.masters.get(id)?.iter();
                let opener = keys.find(|candidate| check::opens(&candidate.key, value))?;
                let lies = Opening { master: id.1, flaw: opener.flaw };
                Some((*id, [lies, Opening { master: opener.md5, flaw: None }]))
            };
            Some((*digest, masters.iter().filter_map(opening).collect()))
        };
        self.by_value.iter().filter_map(opened).collect()
    }

    /// Tells one snapshot what came of its values; `None` where it has none.
    fn told(
        &self,
        held: &Held,
        snapshot: &Snapshot,
        masters: Option<&BTreeSet<MasterId>>,
        openings: &Openings,
    ) -> Option<Trials> {
        let all = snapshot.protected_digests();
        if all.is_empty() {
            return None;
        }
        let Some(masters) = masters else {
            return Some(Trials { gap: Some(Untried::All), ..Trials::default() });
        };
        let of = |value: &Hex<32>| {
            let all = openings.get(value)?.iter().filter(|(id, _)| masters.contains(id));
            Some((*value, all.flat_map(|(_, openings)| *openings).collect()))
        };
        let values: BTreeMap<_, BTreeSet<Opening>> =
            held_values(held, snapshot).iter().filter_map(of).collect();
        let gap = if values.len() < all.len() {
            Some(Untried::Values)
        } else {
            self.is_cut.then_some(Untried::Masters)
        };
        let contents = masters.iter().filter_map(|id| held.masters.get(id)).flatten();
        let contents = contents.map(|candidate| candidate.md5);
        let masters = masters.iter().map(|(_, md5)| *md5).chain(contents).collect();
        Some(Trials { masters, values, gap })
    }
}

fn held_values(held: &Held, snapshot: &Snapshot) -> Vec<Hex<32>> {
    let all = snapshot.protected_digests().into_iter();
    all.filter(|digest| held.values.get(digest).is_some()).collect()
}

/// Returns the bytes of a value: a vector, and at least one block behind it.
fn decoded(text: &[u8]) -> Option<Wiped> {
    let digits = text.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let (pairs, rest) = digits.as_chunks::<2>();
    // A vector of 16 bytes and whole blocks of AES: the
    // padding of PKCS#7 makes one block of no text at all.
    let is_whole = rest.is_empty() && pairs.len() >= 32 && pairs.len().is_multiple_of(16);
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Wiped::with_capacity(pairs.len());
    for [high, low] in pairs.iter().filter(|_| is_whole) {
        let byte = digit(*high)?.saturating_mul(16).saturating_add(digit(*low)?);
        bytes.push(u8::try_from(byte).ok()?);
    }
    is_whole.then_some(bytes)
}

#[cfg(test)]
mod tests;
