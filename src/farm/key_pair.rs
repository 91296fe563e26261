//! The keys that an instance has for its own, and what keeps it from working with them.

use super::ignored_keys::has_no_others;
use super::{
    EffectiveKey, Encrypted, KeyHealth, KeyState, Member, ignored_pair, ignores_keys, is_pair,
    key_in, last_storage, opened, other_in_jcr, pair_among,
};
use crate::facts::{
    CRYPTO_FILE, Digest, JcrKey, KeyDigest, KeyFile, KeyName, Place, Repository, Snapshot,
    StorageMode, TextKind,
};
use std::collections::{BTreeMap, BTreeSet};

/// The keys of an instance, both together: they belong to each other. `hmac` comes first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum KeyPair {
    /// Both are as they should be.
    Sound([Digest; 2]),
    /// Both are there, behind flaws that take nothing away from them.
    Flawed([Digest; 2], BTreeSet<Flaw>),
    /// Both are there, at least one of them as text that can be decoded, into what is not known here.
    Encoded,
    /// It has no pair. One key may be left of it.
    Lost(Option<(KeyName, Digest)>),
    /// It is not known which keys it has.
    #[default]
    Unknown,
}

/// What keeps an instance from working with keys that are all there; in the order in which they are mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// One lies in the data directory of a bundle that does not read it.
    Misplaced,
    /// One lies in the repository alone, and the instance is not known to work with keys from there.
    InJcr,
    /// A line end follows one.
    LineEnd,
    /// A tool altered one; a peer has it as it was.
    Altered,
    /// Each has the name of the other.
    Swapped,
    /// They are files in their place, and `storage` says that they are in the repository, where none is known to be.
    Ignored,
}

impl KeyPair {
    /// Decides what an instance has, whose single keys are decided.
    pub(super) fn of(member: &Member) -> Self {
        if is_open(member) {
            return Self::Unknown;
        }
        let ignored = ignored_pair(member).map(|files| files.map(|file| file.digest.whole));
        if let Some(own) = ignored.filter(|[_, master]| are_own(member, master)) {
            return Self::ignored(own);
        }
        if ignores_keys(member) {
            return Self::Unknown;
        }
        let contents = KeyName::ALL.map(|name| content(member, name));
        if let [Some((hmac, of_hmac)), Some((master, of_master))] = &contents {
            let mut flaws = of_hmac | of_master;
            // The right way round first: an obfuscated master has 32 bytes as an hmac has, and fits both ways.
            if is_pair(hmac, master) {
                let pair = [*hmac, *master];
                return if flaws.is_empty() {
                    Self::Sound(pair)
                } else {
                    Self::Flawed(pair, flaws)
                };
            }
            if is_pair(master, hmac) {
                flaws.insert(Flaw::Swapped);
                return Self::Flawed([*master, *hmac], flaws);
            }
        }
        let states = KeyName::ALL.map(|name| member.key(name));
        let is_encoded = |name| has_encoded(member, name);
        let mut all = KeyName::ALL.into_iter().zip(&contents);
        if KeyName::ALL.into_iter().any(is_encoded)
            && all.all(|(name, content)| is_encoded(name) || content.is_some())
        {
            return Self::Encoded;
        }
        let is_known = |state: &&KeyState| matches!(state, KeyState::Known(_) | KeyState::Absent);
        if !states.iter().all(is_known) {
            return Self::Unknown;
        }
        let left = |(key, _): &Content| *key;
        Self::Lost(match &contents {
            [Some(hmac), None] => Some((KeyName::Hmac, left(hmac))),
            [None, Some(master)] => Some((KeyName::Master, left(master))),
            _ => None,
        })
    }

    /// Keys in files that the instance ignores.
    fn ignored(pair: [Digest; 2]) -> Self {
        Self::Flawed(pair, BTreeSet::from([Flaw::Ignored]))
    }

    /// Takes the files that an instance ignores for its keys where a peer has the same ones and its repository has none.
    pub(super) fn like_a_peers(
        &self,
        member: &Member,
        peers: &BTreeSet<[Digest; 2]>,
    ) -> Option<Self> {
        let files =
            ignored_pair(member).filter(|_| *self == Self::Unknown && has_no_others(member))?;
        let pair = files.map(|file| file.digest.whole);
        peers.contains(&pair).then(|| Self::ignored(pair))
    }

    /// Returns both keys, with flaws or without any.
    pub(crate) fn keys(&self) -> Option<[Digest; 2]> {
        match self {
            Self::Sound(pair) | Self::Flawed(pair, _) => Some(*pair),
            Self::Encoded | Self::Lost(_) | Self::Unknown => None,
        }
    }

    /// Returns both keys, where both are as they should be.
    pub(crate) fn sound(&self) -> Option<[Digest; 2]> {
        if let Self::Sound(pair) = self { Some(*pair) } else { None }
    }

    /// Returns what keeps the instance from working with its keys.
    pub(crate) fn flaws(&self) -> &BTreeSet<Flaw> {
        const NONE: &BTreeSet<Flaw> = &BTreeSet::new();
        if let Self::Flawed(_, flaws) = self { flaws } else { NONE }
    }

    /// Returns `true` if the instance has key files of its own and ignores them.
    pub(crate) fn is_ignored(&self) -> bool {
        self.flaws().contains(&Flaw::Ignored)
    }

    /// Returns `true` if each key has the name of the other.
    pub(crate) fn is_swapped(&self) -> bool {
        self.flaws().contains(&Flaw::Swapped)
    }
}

/// Returns `true` if the repository of an instance that works with files has other keys than those: one of both is wrong.
pub(crate) fn is_in_doubt(member: &Member) -> bool {
    let Some(pair) = member.pair().keys() else { return false };
    let is_other = |(name, own): (KeyName, &Digest)| {
        in_jcr(member, name).is_some_and(|key| key.digest.whole != *own)
    };
    !member.is_in_jcr_mode()
        && KeyName::ALL.into_iter().zip(&pair).any(is_other)
        && Encrypted::of(member).is_none()
}

/// Returns `true` if nothing shows which keys the instance has: `storage` does not, and files and repository have different ones,
/// or not both are files and the repository was not read.
pub(crate) fn is_open(member: &Member) -> bool {
    let says_where = matches!(member.storage_mode(), Some(StorageMode::Bundle | StorageMode::Jcr));
    let is_seen = member
        .snapshot
        .repository
        .as_ref()
        .is_some_and(|read| read.keys.reason().is_none() && !read.is_outdated());
    let mut names = KeyName::ALL.into_iter();
    !says_where
        && (is_contradicted(member) || !is_seen && names.any(|name| is_absent(member, name)))
}

/// Returns `true` if the repository has another key than a file.
pub(crate) fn is_contradicted(member: &Member) -> bool {
    KeyName::ALL.into_iter().any(|name| other_in_jcr(member, name).is_some())
}

fn is_absent(member: &Member, name: KeyName) -> bool {
    *member.key(name) == KeyState::Absent && misplaced(member, name).is_none()
}

/// Returns the files of both keys in an old copy, hmac first, where it has one of each and both are as they should be.
pub(crate) fn pair_in_copy(copy: &Snapshot) -> Option<[&KeyFile; 2]> {
    pair_among(&copy.key_files.iter())
}

/// Returns the pair that is left in the repository of an instance that works with files, hmac first.
pub(crate) fn pair_left_in_jcr(member: &Member) -> Option<[Digest; 2]> {
    let [hmac, master] = KeyName::ALL.map(|name| in_jcr(member, name).map(|key| key.digest.whole));
    let pair = [hmac?, master?];
    let works_with_files = member.storage_mode() == Some(StorageMode::Bundle);
    (works_with_files && is_pair(&pair[0], &pair[1])).then_some(pair)
}

/// Returns the pairs of an install in directories where it looks for no key, each with the directory.
pub(crate) fn unused_pairs(snapshot: &Snapshot) -> Vec<(&str, [&KeyFile; 2])> {
    let used = KeyName::ALL.into_iter().flat_map(|name| snapshot.keys_in_use(name));
    let used: BTreeSet<&Place> = used.map(|file| &file.place).collect();
    let mut by_directory: BTreeMap<&str, Vec<&KeyFile>> = BTreeMap::new();
    for file in snapshot.all_key_files().chain(&snapshot.stray_keys) {
        if let Some((directory, _)) = file.place.path.rsplit_once('/')
            && !used.contains(&file.place)
        {
            by_directory.entry(directory).or_default().push(file);
        }
    }
    let pair = |(directory, files): (_, Vec<_>)| Some((directory, pair_among(&files.into_iter())?));
    by_directory.into_iter().filter_map(pair).collect()
}

/// Returns `true` if something shows that the files that an instance ignores are its keys: its last start worked with them, or its secrets open
/// with the master and there is no other one.
fn are_own(member: &Member, master: &Digest) -> bool {
    let has_opened = || opened(&[member], master).is_some_and(|(open, _)| open > 0);
    // Of a start without a time nothing shows that it was the last one.
    let started_with_files = || {
        last_storage(member).is_some_and(|(last, _)| {
            last.time.is_some() && last.value == StorageMode::Bundle.to_string()
        })
    };
    has_no_others(member) && has_opened() || started_with_files()
}

/// Returns `true` if there are no files to copy, for the keys lie in the repository.
pub(crate) fn has_keys_in_jcr(member: &Member) -> bool {
    KeyName::ALL.iter().filter_map(|name| member.known_key(*name)).any(EffectiveKey::is_in_jcr)
}

/// A key without its flaws, and those.
type Content = (Digest, BTreeSet<Flaw>);

/// Returns a key, be it in its place or not.
fn content(member: &Member, name: KeyName) -> Option<Content> {
    if let Some(key) = in_jcr(member, name).filter(|_| is_encrypted_by_jcr(member)) {
        return Some((key.digest.whole, BTreeSet::from([Flaw::InJcr])));
    }
    match member.key(name) {
        KeyState::Known(key) => in_place(key).or_else(|| elsewhere(member, name)),
        KeyState::Absent => elsewhere(member, name),
        _ => None,
    }
}

/// Returns `true` if both keys that the repository still has are those of the instance: its secrets open with them, and not with the files.
pub(crate) fn is_encrypted_by_jcr(member: &Member) -> bool {
    let has_both = || KeyName::ALL.into_iter().all(|name| in_jcr(member, name).is_some());
    !member.is_in_jcr_mode()
        && member.keeps_keys_for().is_none()
        && has_both()
        && Encrypted::of(member) == Some(Encrypted::ByJcr)
}

/// Returns what is a key in its place, under its own name or under that of the other.
fn in_place(key: &EffectiveKey) -> Option<Content> {
    let with = |flaw: Flaw| Some((key.value, BTreeSet::from([flaw])));
    match key.health {
        KeyHealth::Altered(_) => with(Flaw::Altered),
        KeyHealth::LineEnd(_) if is_length(&key.value) => with(Flaw::LineEnd),
        // The policy may name a hmac of any length.
        KeyHealth::Unusual => Some((key.value, BTreeSet::new())),
        KeyHealth::Sound | KeyHealth::NoKey if is_length(&key.value) => {
            Some((key.value, BTreeSet::new()))
        }
        KeyHealth::LineEnd(_) | KeyHealth::NoKey | KeyHealth::Sound => {
            key_in(&key.digest).map(|(key, _)| (key, BTreeSet::from([Flaw::LineEnd])))
        }
        KeyHealth::Wrapped(_)
        | KeyHealth::Text(_)
        | KeyHealth::Empty
        | KeyHealth::Uniform
        | KeyHealth::FilledUp(_) => None,
    }
}

/// Returns `true` if a key of either name may have the length.
fn is_length(digest: &Digest) -> bool {
    KeyName::ALL.iter().any(|name| name.may_have_length(digest.bytes))
}

fn elsewhere(member: &Member, name: KeyName) -> Option<Content> {
    if member.is_in_jcr_mode() {
        return None;
    }
    misplaced(member, name).or_else(|| left_in_jcr(member, name))
}

/// Returns the key of this name that lies in a wrong place, where there is but one.
fn misplaced(member: &Member, name: KeyName) -> Option<Content> {
    let files = wrong_places(member, name).filter(|file| !file.digest.uniform);
    let mut keys = files.filter_map(|file| key_in(&file.digest));
    let (first, has_line_end) = keys.next()?;
    let flaws = [Flaw::Misplaced].into_iter().chain(has_line_end.then_some(Flaw::LineEnd));
    keys.all(|(other, _)| other == first).then_some((first, flaws.collect()))
}

fn wrong_places(member: &Member, name: KeyName) -> impl Iterator<Item = &KeyFile> {
    let snapshot = &member.snapshot;
    let is_misplaced = |file: &&KeyFile| snapshot.is_misplaced(&file.directory, CRYPTO_FILE);
    snapshot.key_files.iter().filter(move |file| file.name == name).filter(is_misplaced)
}

/// Returns the key of this name in the repository, where no file has another one, in its place or not: two halves make no pair.
fn left_in_jcr(member: &Member, name: KeyName) -> Option<Content> {
    let agrees = |name: KeyName| {
        let placed = member.known_key(name).and_then(in_place);
        let file = placed.or_else(|| misplaced(member, name));
        let jcr = in_jcr(member, name).map(|key| key.digest.whole);
        file.zip(jcr).is_none_or(|((file, _), jcr)| file == jcr)
    };
    let key = in_jcr(member, name).filter(|_| KeyName::ALL.into_iter().all(agrees))?;
    Some((key.digest.whole, BTreeSet::from([Flaw::InJcr])))
}

fn in_jcr(member: &Member, name: KeyName) -> Option<&JcrKey> {
    // A newer revision, which could not be read, may have other keys.
    let is_current = |read: &&Repository| !read.is_outdated();
    member.snapshot.repository.as_ref().filter(is_current)?.key(name)
}

/// Returns `true` if a key is there as text that can be decoded, in its place or in a wrong one.
fn has_encoded(member: &Member, name: KeyName) -> bool {
    let is_text = |digest: &KeyDigest| {
        // CONGA can write key files as Ansible vaults, and one that nobody decrypted is deployed as it is.
        matches!(digest.text, Some(TextKind::AnsibleVault | TextKind::Hex | TextKind::Base64))
    };
    match member.key(name) {
        KeyState::Known(key) => is_text(&key.digest),
        KeyState::Absent => wrong_places(member, name).any(|file| is_text(&file.digest)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    fn own(change: impl FnOnce(Instance) -> Instance) -> KeyPair {
        farm().with("a", change).build().members[0].pair().clone()
    }

    fn key(first: u8) -> Vec<u8> {
        (first..first.saturating_add(32)).collect()
    }

    /// Of the length of a hmac in the form of older versions.
    fn long() -> Vec<u8> {
        (1..49).collect()
    }

    fn flaws(own: &KeyPair) -> Vec<Flaw> {
        own.flaws().iter().copied().collect()
    }

    #[test]
    fn keys_in_the_form_of_older_versions_are_sound_under_their_own_names_alone() {
        let pair = |hmac: &[u8], master: &[u8]| own(|i| i.hmac(hmac).master(master));
        let (short, usual) = (&key(200)[..16], key(160));
        for (hmac, master) in [(&long()[..], &usual[..]), (&usual, &key(200)), (&usual, short)] {
            assert!(matches!(pair(hmac, master), KeyPair::Sound(_)));
        }
        for (hmac, master) in [(&usual[..], &long()[..]), (short, &usual)] {
            let swapped = pair(hmac, master);
            assert_eq!(flaws(&swapped), [Flaw::Swapped]);
            assert_eq!(swapped.keys(), pair(master, hmac).keys());
        }
    }

    #[test]
    fn keys_behind_flaws_are_the_same_keys() {
        let sound = own(|i| i.hmac(&key(160)));
        let newline = [&key(160)[..], b"\n"].concat();
        let elsewhere = |i: Instance, key: &[u8]| {
            i.without_key(KeyName::Hmac).key_in("bundle1", KeyName::Hmac, key)
        };
        let unsaid = |i: Instance| {
            elsewhere(i, b"no key").without_storage().jcr(&[(KeyName::Hmac, &key(160))])
        };
        let beside = |i: Instance| i.key_in("bundle1", KeyName::Hmac, &key(160));
        let left = |i: Instance| i.jcr(&[(KeyName::Hmac, &key(160))]);
        for (own, told) in [
            (own(|i| i.hmac(&newline)), &[Flaw::LineEnd][..]),
            (own(|i| elsewhere(i, &key(160))), &[Flaw::Misplaced]),
            (own(|i| elsewhere(i, &newline)), &[Flaw::Misplaced, Flaw::LineEnd]),
            (own(unsaid), &[Flaw::InJcr]),
            (own(|i| left(i).without_key(KeyName::Hmac)), &[Flaw::InJcr]),
            (own(|i| left(i).hmac(b"")), &[Flaw::InJcr]),
            (own(|i| beside(i.hmac(b""))), &[Flaw::Misplaced]),
        ] {
            assert_eq!((own.keys(), flaws(&own)), (sound.keys(), told.to_vec()));
        }
        let small = &key(1)[..16];
        let all = own(|i| {
            let i = i.without_key(KeyName::Hmac).key_in("bundle1", KeyName::Hmac, small);
            i.master(&[&key(160)[..], b"\n"].concat())
        });
        assert_eq!(flaws(&all), [Flaw::Misplaced, Flaw::LineEnd, Flaw::Swapped]);
        let swapped = own(|i| i.hmac(&[small, b"\n"].concat()).master(&key(160)));
        assert_eq!(flaws(&swapped), [Flaw::LineEnd, Flaw::Swapped]);
    }

    #[test]
    fn half_in_a_file_and_half_in_the_repository_make_no_pair() {
        let halves = |i: Instance| {
            let i = i.without_key(KeyName::Hmac).without_key(KeyName::Master);
            let keys = [(KeyName::Hmac, &key(60)[..]), (KeyName::Master, &key(60)[..16])];
            i.key_in("bundle1", KeyName::Hmac, &key(160)).jcr(&keys)
        };
        assert!(matches!(own(halves), KeyPair::Lost(_)));
    }

    #[test]
    fn files_that_the_repository_contradicts_tell_nothing_without_storage() {
        let other = |i: Instance| i.jcr(&[(KeyName::Hmac, &key(60))]);
        assert_eq!(own(|i| other(i).storage(b"???")), KeyPair::Unknown);
        assert_eq!(own(|i| other(i).without_storage()), KeyPair::Unknown);
        assert!(matches!(own(other), KeyPair::Sound(_)));
        let lost = |i: Instance| i.without_key(KeyName::Hmac);
        assert_eq!(own(|i| lost(i).without_storage()), KeyPair::Unknown, "it may lie in the JCR");
        assert!(matches!(own(|i| lost(i).without_storage().jcr(&[])), KeyPair::Lost(_)));
    }

    #[test]
    fn keys_in_a_wrong_place_are_not_taken_for_those_in_the_jcr() {
        let both = |i: Instance| {
            let i = i.key_in("bundle1", KeyName::Hmac, &key(1));
            let i = i.without_key(KeyName::Hmac).without_key(KeyName::Master);
            i.key_in("bundle1", KeyName::Master, &key(1)[..16])
        };
        assert!(matches!(own(|i| both(i.storage(b"JCR").jcr(&[]))), KeyPair::Lost(_)));
    }

    #[test]
    fn files_that_are_ignored_are_its_keys_where_something_shows_it() {
        let start = "19.07.2025 19:00:52.176 *INFO* [x] y Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";
        let ignoring = |i: Instance| i.storage(b"JCR").jcr(&[]);
        assert_eq!(own(ignoring), KeyPair::Unknown);
        assert_eq!(own(|i| ignoring(i).without_key(KeyName::Hmac)), KeyPair::Unknown);
        let started = |i: Instance| i.storage(b"JCR").log("error.log", start);
        let stored = |i: Instance| started(i).jcr(&[(KeyName::Hmac, &key(60))]);
        assert_eq!(flaws(&own(started)), [Flaw::Ignored]);
        assert_eq!(flaws(&own(|i| started(i).jcr(&[]))), [Flaw::Ignored]);
        assert!(matches!(own(stored), KeyPair::Lost(_)), "the repository has a key");
        let farm = farm().with("a", ignoring).with("b", |i| i).build();
        assert_eq!(flaws(farm.members[0].pair()), [Flaw::Ignored], "a peer has the same");
    }

    #[test]
    fn text_that_can_be_decoded_is_told_from_what_is_lost() {
        let base64 = b"GAHLXJ3JfFQ0uLuyFhTDbTs1dU5eAOq0Y2Y1h0wG5wE=";
        assert_eq!(own(|i| i.hmac(base64)), KeyPair::Encoded);
        assert!(matches!(own(|i| i.hmac(base64).without_key(KeyName::Master)), KeyPair::Lost(_)));
        assert!(matches!(own(|i| i.hmac(b"<html><body>Log in</body></html>")), KeyPair::Lost(_)));
        assert!(matches!(own(|i| i.hmac(b"")), KeyPair::Lost(_)));
        assert_eq!(own(|i| i.storage(b"JCR")), KeyPair::Unknown);
    }
}
