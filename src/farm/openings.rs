//! Which key opens which secret: what came of trying, told of the keys that the instances of a farm have.

use super::{Farm, KeyState, Member, ignored_pair};
use crate::facts::{
    CRYPTO_FILE, Digest, Hex, KeyName, MasterFlaw, Opening, ProtectedAt, Repository, Snapshot,
    Trials,
};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// A protected value of an instance, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret<'a> {
    /// The value, where it stands.
    pub at: ProtectedAt<'a>,
    /// Whether the master that the instance works with opens it.
    pub opens: Opens,
    /// The keys of the farm that open it, those of the instance first; no more than `Limits::listed_max`.
    pub with: Vec<OpeningKey<'a>>,
    /// Why it was not checked, or what opens it that no instance of the farm has.
    pub reason: Option<String>,
    /// Instances whose master was not tried on it though nothing opens it: they were read in other runs. No more than
    /// `Limits::listed_max`.
    pub untried: Vec<&'a str>,
    /// The name of the instance that holds it.
    pub holder: &'a str,
}

impl<'a> Secret<'a> {
    /// Returns the keys that open it and that its own instance has.
    pub fn own_keys(&self) -> impl Iterator<Item = &OpeningKey<'a>> {
        self.with.iter().filter(|key| key.instance == self.holder)
    }
}

/// Whether the master that an instance works with opens a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opens {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// That was not tried, or could not be.
    NotChecked,
}

impl Opens {
    /// Returns the name used in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::NotChecked => "not-checked",
        }
    }
}

/// A key that opens a value, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpeningKey<'a> {
    /// The name of the instance that has it.
    pub instance: &'a str,
    /// Where that has it.
    pub origin: MasterOrigin,
    /// What is wrong with it there: without it, it opens the value.
    pub flaw: Option<MasterFlaw>,
    /// The md5 of what it lies in.
    pub md5: Hex<16>,
}

/// Where an instance has a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MasterOrigin {
    /// In a file, where it belongs or where a setting says.
    Bundle,
    /// In its repository, as that is now.
    Jcr,
    /// In an older revision or a checkpoint of its repository.
    JcrOlder,
    /// In a file where no key is looked for, or under another name.
    Misplaced,
    /// In an old copy of the instance.
    OldCopy,
}

impl MasterOrigin {
    /// Returns the name used in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Jcr => "jcr",
            Self::JcrOlder => "jcr-older",
            Self::Misplaced => "misplaced",
            Self::OldCopy => "old-copy",
        }
    }
}

/// An instance that has a key, and where.
type Holder<'a> = (&'a str, MasterOrigin);

/// Instances whose masters were not tried, by the runs in which a value was: by their places among those of its instance, since a run may
/// have tried 100,000 values, and two runs are compared by all of these.
type Untried<'a> = BTreeMap<Vec<usize>, BTreeSet<&'a str>>;

/// Bytes of a master that can be tried.
const MASTER_BYTES: u64 = 16;

/// Where the keys of a farm lie: by name and by the md5 of what they lie in.
#[derive(Debug)]
pub struct Holders<'a> {
    keys: BTreeMap<(KeyName, Hex<16>), Vec<Holder<'a>>>,
    /// The masters in use that can be tried, each with the first instance that has it.
    masters: BTreeMap<Hex<16>, &'a str>,
}

impl<'a> Holders<'a> {
    /// Finds the keys of all instances of a farm.
    pub fn of(farm: &'a Farm) -> Self {
        let mut holders: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for member in &farm.members {
            for (key, origin) in keys(member) {
                holders.entry(key).or_default().push((member.name.as_str(), origin));
            }
        }
        for all in holders.values_mut() {
            all.sort_unstable();
            all.dedup();
        }
        let masters = farm.members.iter().rev().filter_map(|member| {
            let master = member.known_key(KeyName::Master)?;
            // Only raw keys can be tried: how Adobe obfuscates the form of 32 bytes is not public.
            let is_tried = master.value.bytes == MASTER_BYTES;
            is_tried.then_some((master.digest.whole.md5, member.name.as_str()))
        });
        Self { keys: holders, masters: masters.collect() }
    }

    /// Returns the secrets of an instance, and what opens each.
    pub fn secrets(&self, member: &'a Member) -> Vec<Secret<'a>> {
        let values = member.snapshot.protected_values().into_iter();
        let mut untried = BTreeMap::new();
        values.map(|at| self.secret(member, at, &mut untried)).collect()
    }

    fn secret(
        &self,
        member: &'a Member,
        at: ProtectedAt<'a>,
        untried: &mut Untried<'a>,
    ) -> Secret<'a> {
        let openings = member.snapshot.openings(at.digest.sha256).unwrap_or_default();
        let mut with: Vec<OpeningKey<'a>> = Vec::new();
        let mut foreign = None;
        let max = Limits::DEFAULT.listed_max;
        for opening in openings {
            let holders = self.holders(opening);
            foreign = foreign.or(holders.is_empty().then_some(opening.master));
            let Opening { master: md5, flaw } = opening;
            let key = |(instance, origin): &(&'a str, MasterOrigin)| {
                let (instance, origin) = (*instance, *origin);
                OpeningKey { instance, origin, flaw, md5 }
            };
            with.extend(own_first(holders, &member.name).map(key).take(max));
        }
        with.sort_by_key(|key| key.instance != member.name);
        with.truncate(max);
        let (opens, reason) = opens(member, &at.digest);
        let elsewhere = foreign
            .filter(|_| with.is_empty())
            .map(|md5| format!("a master of another farm of this run opens it (md5 {md5})"));
        let reason = reason.or(elsewhere);
        let is_shut = opens == Opens::No && with.is_empty() && reason.is_none();
        let untried = if is_shut { self.untried(member, at, untried) } else { Vec::new() };
        Secret { at, opens, with, reason, untried, holder: &member.name }
    }

    /// Returns instances whose master was not tried on a value. Of values that were tried in the same runs it is the same.
    fn untried(
        &self,
        member: &'a Member,
        at: ProtectedAt<'a>,
        known: &mut Untried<'a>,
    ) -> Vec<&'a str> {
        let (trials, value) = (&member.snapshot.trials, at.digest.sha256);
        let runs = trials.iter().enumerate().filter(|(_, run)| run.values.contains_key(&value));
        let runs: Vec<(usize, &Trials)> = runs.collect();
        let places = runs.iter().map(|(place, _)| *place).collect();
        let names = known.entry(places).or_insert_with(|| {
            let was_tried = |md5: &Hex<16>| runs.iter().any(|(_, run)| run.masters.contains(md5));
            let untried = self.masters.iter().filter(|(md5, _)| !was_tried(md5));
            let untried = untried.map(|(_, name)| *name);
            untried.take(Limits::DEFAULT.listed_max).collect::<BTreeSet<&str>>()
        });
        names.iter().copied().collect()
    }

    fn holders(&self, opening: Opening) -> &[Holder<'a>] {
        // Where the pair is swapped, the bytes of the master lie in the file `hmac`.
        let is_hmac = opening.flaw == Some(MasterFlaw::Swapped);
        let name = if is_hmac { KeyName::Hmac } else { KeyName::Master };
        self.keys.get(&(name, opening.master)).map_or(&[], Vec::as_slice)
    }
}

/// Returns who has a key, those of one instance first. They are sorted by name, and there may be thousands.
fn own_first<'h, 'a>(
    holders: &'h [Holder<'a>],
    name: &str,
) -> impl Iterator<Item = &'h Holder<'a>> {
    let start = holders.partition_point(|(holder, _)| *holder < name);
    let end = holders.partition_point(|(holder, _)| *holder <= name);
    let [own, before, behind] = [start..end, 0..start, end..holders.len()]
        .map(|range| holders.get(range).unwrap_or_default());
    own.iter().chain(before).chain(behind)
}

/// Returns every key of an instance, in use or not, and of its old copies.
fn keys(member: &Member) -> Vec<((KeyName, Hex<16>), MasterOrigin)> {
    let snapshot = &member.snapshot;
    let files = snapshot.all_key_files().map(|file| {
        let misplaced = snapshot.is_misplaced(&file.directory, CRYPTO_FILE);
        let origin = if misplaced { MasterOrigin::Misplaced } else { MasterOrigin::Bundle };
        ((file.name, file.digest.whole.md5), origin)
    });
    let stray = snapshot.stray_keys.iter();
    let stray = stray.map(|file| ((file.name, file.digest.whole.md5), MasterOrigin::Misplaced));
    let now = snapshot.repository.iter().flat_map(Repository::keys);
    let now = now.map(|key| ((key.name, key.digest.whole.md5), MasterOrigin::Jcr));
    let past = snapshot.repository.iter().flat_map(|stored| &stored.history.others);
    let past = past.flat_map(|past| &past.keys);
    let past = past.map(|key| ((key.name, key.digest.whole.md5), MasterOrigin::JcrOlder));
    let copies = member.copies.iter().flat_map(Snapshot::key_digests);
    let copies = copies.map(|key| (key, MasterOrigin::OldCopy));
    files.chain(stray).chain(now).chain(past).chain(copies).collect()
}

/// Where the master lies that encrypted the secrets of an instance which has one in its files, and another in its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encrypted {
    /// The one in the file opens secrets, and the other none.
    ByFile,
    /// The one in the repository opens secrets, and the other none.
    ByJcr,
}

impl Encrypted {
    /// Returns which it is, where secrets of the instance tell.
    pub fn of(member: &Member) -> Option<Self> {
        let (_, file, jcr) = super::other_in_jcr(member, KeyName::Master)?;
        let opened = |master: &Digest| {
            count(&[member], master, |opening: &Opening| opening.master == master.md5)
        };
        match (opened(&file.digest.whole)?, opened(&jcr.digest.whole)?) {
            ((1.., _), (0, _)) => Some(Self::ByFile),
            ((0, _), (1.., _)) => Some(Self::ByJcr),
            _ => None,
        }
    }
}

/// Returns how many secrets in effect on instances a key opens, and how many there are; `None` where it was not tried on all of them, or
/// there are none. A value that was copied counts once.
pub(crate) fn opened(members: &[&Member], master: &Digest) -> Option<(usize, usize)> {
    count(members, master, |opening| opening.master == master.md5 && opening.flaw.is_none())
}

fn count(
    members: &[&Member],
    master: &Digest,
    is: impl Fn(&Opening) -> bool,
) -> Option<(usize, usize)> {
    let mut values: BTreeMap<Hex<32>, bool> = BTreeMap::new();
    for member in members {
        let snapshot = &member.snapshot;
        for at in snapshot.protected_values().into_iter().filter(|at| at.in_effect) {
            let value = at.digest.sha256;
            let openings = snapshot.openings(value).unwrap_or_default();
            // What one key opens, no other one does. One in a form that is not tried may be that very key.
            let is_other = !openings.is_empty() && master.bytes == MASTER_BYTES;
            if !is_other && !snapshot.was_tried(value, master.md5) {
                return None;
            }
            let is_open = openings.iter().any(&is);
            // AEM draws a new initialization vector for each value, so equal ones are copies.
            values.insert(value, is_open);
        }
    }
    let open = values.values().filter(|is_open| **is_open).count();
    (!values.is_empty()).then_some((open, values.len()))
}

/// Returns the md5 of the masters that open secrets in effect, with a flaw or without one, which the master of their instance is not known to
/// open.
pub(crate) fn masters_of_shut(farm: &Farm) -> BTreeSet<Hex<16>> {
    let of_member = |member: &Member| {
        let snapshot = &member.snapshot;
        let values = snapshot.protected_values().into_iter().filter(|at| at.in_effect);
        let shut = values.filter(|at| opens(member, &at.digest).0 != Opens::Yes);
        let openings = shut.flat_map(|at| snapshot.openings(at.digest.sha256).unwrap_or_default());
        openings.map(|opening| opening.master).collect::<Vec<_>>()
    };
    farm.members.iter().flat_map(of_member).collect()
}

/// Returns whether the master that an instance works with opens a value of its.
pub(crate) fn opens_value(member: &Member, value: &Digest) -> Opens {
    opens(member, value).0
}

/// Returns whether the master that an instance works with opens a value, or else why that is not known.
fn opens(member: &Member, value: &Digest) -> (Opens, Option<String>) {
    let unchecked = |why: &str| (Opens::NotChecked, Some(why.to_owned()));
    let snapshot = &member.snapshot;
    // It has worked with the one that it ignores now.
    let ignored = ignored_pair(member).filter(|_| member.pair().is_ignored());
    let whole = match (member.key(KeyName::Master), ignored) {
        (KeyState::Known(key), _) => key.digest.whole,
        (_, Some([_, master])) => master.digest.whole,
        _ => return unchecked("its master is not known"),
    };
    let value = value.sha256;
    let Some(openings) = snapshot.openings(value) else {
        let gap = snapshot.trials.iter().find_map(|run| run.gap);
        return unchecked(
            &gap.map_or_else(|| "it was not tried".to_owned(), |gap| gap.to_string()),
        );
    };
    // One without a flaw comes first.
    let own = openings.iter().find(|opening| opening.master == whole.md5);
    match own.map(|opening| opening.flaw) {
        Some(None) => (Opens::Yes, None),
        Some(Some(flaw)) => {
            let why = format!("the master is there {flaw}, and opens it without that");
            (Opens::No, Some(why))
        }
        None if whole.bytes == MASTER_BYTES && snapshot.was_tried(value, whole.md5) => {
            (Opens::No, None)
        }
        None => unchecked(why_not(&whole, &snapshot.trials)),
    }
}

/// Returns `true` if secrets of an instance were tried, and not with the master that it has: as where a plan brings one that no file held
/// in the form that it gets. The next scan tries it.
pub(crate) fn has_untried_master(member: &Member) -> bool {
    let snapshot = &member.snapshot;
    let KeyState::Known(key) = member.key(KeyName::Master) else { return false };
    let whole = key.digest.whole;
    let is_untried = |value: Hex<32>| {
        snapshot.openings(value).is_some() && !snapshot.was_tried(value, whole.md5)
    };
    let mut values = snapshot.protected_values().into_iter().filter(|at| at.in_effect);
    whole.bytes == MASTER_BYTES
        && snapshot.trials.iter().all(|run| run.gap.is_none())
        && values.any(|at| is_untried(at.digest.sha256))
}

fn why_not(key: &Digest, trials: &BTreeSet<Trials>) -> &'static str {
    match key.bytes {
        // `OBFUSCATED_KEY_LENGTH` of Netcentric's aem-crypto-support.
        32 => "the master has 32 bytes, a form of Adobe's own, which is not tried",
        MASTER_BYTES if trials.iter().any(|run| run.gap.is_some()) => "the master was not tried",
        MASTER_BYTES => "the master was not at hand when the value was tried",
        _ => "the master is no key of 16 bytes",
    }
}

/// How many of the secrets in effect on an instance its master opens, does not, or was not tried on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecretCounts {
    /// Those that it opens.
    pub open: usize,
    /// Those that it does not.
    pub shut: usize,
    /// The others.
    pub unchecked: usize,
}

impl SecretCounts {
    /// Counts those of an instance.
    pub fn of(member: &Member) -> Self {
        let mut counts = Self::default();
        for at in member.snapshot.protected_values().into_iter().filter(|at| at.in_effect) {
            let count = match opens(member, &at.digest).0 {
                Opens::Yes => &mut counts.open,
                Opens::No => &mut counts.shut,
                Opens::NotChecked => &mut counts.unchecked,
            };
            *count = count.saturating_add(1);
        }
        counts
    }

    /// Returns how many there are.
    pub fn all(self) -> usize {
        self.open.saturating_add(self.shut).saturating_add(self.unchecked)
    }
}

#[cfg(test)]
mod tests;
