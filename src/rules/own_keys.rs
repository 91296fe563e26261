//! The keys that an instance has for its own, and what keeps it from working with them.

use super::jcr_key_mismatch::mismatch;
use crate::facts::{CRYPTO_FILE, Digest, KeyFile, KeyName, TextKind};
use crate::farm::{EffectiveKey, KeyState, Member};

/// The keys of an instance, both together: they belong to each other. `hmac` comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnKeys {
    /// Both are as they should be.
    Sound([Digest; 2]),
    /// Both are there, behind a flaw that takes nothing away from them.
    Flawed([Digest; 2], Flaw),
    /// One is there as text that can be decoded, into what is not known here.
    Encoded,
    /// It has no pair.
    Lost,
    /// It is not known which keys it has.
    Unknown,
}

/// What keeps an instance from working with keys that are all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A line end follows one.
    LineEnd,
    /// One lies in the data directory of a bundle that does not read it.
    Misplaced,
    /// Each has the name of the other.
    Swapped,
}

impl Flaw {
    /// Says what to do on an instance before its keys are copied.
    pub(super) fn settle(self, who: &str) -> String {
        match self {
            Self::LineEnd => format!("Settle key-trailing-newline on {who} first"),
            Self::Misplaced => format!("Settle key-misplaced on {who} first"),
            Self::Swapped => format!(
                "Exchange hmac and master on {who} first, while it is stopped and after a copy of both"
            ),
        }
    }

    /// Says how the keys are then, as in "… its keys are sound".
    pub(super) fn without(self) -> &'static str {
        match self {
            Self::LineEnd => "without the line end",
            Self::Misplaced => "in their place",
            Self::Swapped => "each under its own name",
        }
    }

    /// Says how the keys are there now, as in "the keys of a, …".
    pub(super) fn with(self) -> &'static str {
        match self {
            Self::LineEnd => "without the line end that does not belong there",
            Self::Misplaced => "which lie in the wrong place there",
            Self::Swapped => "which are swapped there",
        }
    }
}

impl OwnKeys {
    /// Returns what an instance has.
    pub(super) fn of(member: &Member) -> Self {
        let states = KeyName::ALL.map(|name| member.key(name));
        if let [Some(hmac), Some(master)] = KeyName::ALL.map(|name| content(member, name)) {
            if is_pair(&hmac, &master) {
                return match flaw(member, states) {
                    Some(flaw) => Self::Flawed([hmac, master], flaw),
                    None => Self::Sound([hmac, master]),
                };
            }
            if is_pair(&master, &hmac) {
                return Self::Flawed([master, hmac], Flaw::Swapped);
            }
        }
        if states.iter().any(|state| is_encoded(state)) {
            return Self::Encoded;
        }
        let is_known = |state: &&KeyState| matches!(state, KeyState::Known(_) | KeyState::Absent);
        if states.iter().all(is_known) { Self::Lost } else { Self::Unknown }
    }

    /// Returns the pair, with a flaw or without one.
    pub(super) fn pair(self) -> Option<[Digest; 2]> {
        match self {
            Self::Sound(pair) | Self::Flawed(pair, _) => Some(pair),
            Self::Encoded | Self::Lost | Self::Unknown => None,
        }
    }

    /// Returns the pair, where it can be copied as it is.
    pub(super) fn sound(self) -> Option<[Digest; 2]> {
        if let Self::Sound(pair) = self { Some(pair) } else { None }
    }

    /// Returns what keeps the instance from working with the pair.
    pub(super) fn flaw(self) -> Option<Flaw> {
        if let Self::Flawed(_, flaw) = self { Some(flaw) } else { None }
    }
}

/// Returns both keys, where both are as they should be.
pub(super) fn sound_pair(member: &Member) -> Option<[Digest; 2]> {
    OwnKeys::of(member).sound()
}

/// Says whether the repository of an instance that works with files has another key: one of both is wrong.
pub(super) fn is_in_doubt(member: &Member) -> bool {
    KeyName::ALL.into_iter().any(|name| mismatch(member, name).is_some())
}

/// Says whether there are no files to copy, for the keys lie in the repository.
pub(super) fn has_keys_in_jcr(member: &Member) -> bool {
    KeyName::ALL.iter().filter_map(|name| member.known_key(*name)).any(EffectiveKey::is_in_jcr)
}

/// Returns a key, be it in its place or not.
fn content(member: &Member, name: KeyName) -> Option<Digest> {
    match member.key(name) {
        KeyState::Known(key) => {
            (key.digest.text.is_none() && !key.digest.uniform).then_some(key.value)
        }
        KeyState::Absent if !member.is_in_jcr_mode() => misplaced(member, name),
        _ => None,
    }
}

/// Returns the key of this name that lies in a wrong place, where there is but one.
fn misplaced(member: &Member, name: KeyName) -> Option<Digest> {
    let snapshot = &member.snapshot;
    let is_meant = |file: &&KeyFile| {
        let is_binary = file.digest.text.is_none() && !file.digest.uniform;
        file.name == name && is_binary && snapshot.is_misplaced(&file.directory, CRYPTO_FILE)
    };
    let mut digests = snapshot.key_files.iter().filter(is_meant).map(|file| file.digest.whole);
    let first = digests.next()?;
    digests.all(|other| other == first).then_some(first)
}

fn flaw(member: &Member, states: [&KeyState; 2]) -> Option<Flaw> {
    let has_stray = |name| member.known_key(name).is_some_and(|key| key.stray.is_some());
    if states.contains(&&KeyState::Absent) {
        Some(Flaw::Misplaced)
    } else if KeyName::ALL.into_iter().any(has_stray) {
        Some(Flaw::LineEnd)
    } else {
        None
    }
}

fn is_encoded(state: &KeyState) -> bool {
    let KeyState::Known(key) = state else { return false };
    matches!(key.digest.text, Some(TextKind::AnsibleVault | TextKind::Hex | TextKind::Base64))
}

/// Says whether two keys may be one pair. In no form is master the longer one: such a pair is swapped, as 32 and 48 bytes are.
fn is_pair(hmac: &Digest, master: &Digest) -> bool {
    let are_lengths =
        is_length(KeyName::Hmac, hmac.bytes) && is_length(KeyName::Master, master.bytes);
    are_lengths && hmac != master && hmac.bytes >= master.bytes
}

/// Bytes that every known form of a key is a multiple of.
const BLOCK_BYTES: u64 = 16;

/// Says whether a key may have this length. All known forms are whole blocks; a hmac of one is a master in its place.
fn is_length(name: KeyName, bytes: u64) -> bool {
    let [shortest, _] = name.known_lengths();
    bytes >= shortest && bytes.is_multiple_of(BLOCK_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    fn own(change: impl FnOnce(Instance) -> Instance) -> OwnKeys {
        OwnKeys::of(&farm().with("a", change).build().members[0])
    }

    fn key(first: u8) -> Vec<u8> {
        (first..first.saturating_add(32)).collect()
    }

    /// Of the length of a hmac in the form of older versions.
    fn long() -> Vec<u8> {
        (1..49).collect()
    }

    #[test]
    fn keys_in_the_form_of_older_versions_are_sound_under_their_own_names_alone() {
        let pair = |hmac: &[u8], master: &[u8]| own(|i| i.hmac(hmac).master(master));
        let (short, usual) = (&key(200)[..16], key(160));
        for (hmac, master) in [(&long()[..], &usual[..]), (&usual, &key(200)), (&usual, short)] {
            assert!(pair(hmac, master).sound().is_some());
        }
        for (hmac, master) in [(&usual[..], &long()[..]), (short, &usual)] {
            let swapped = pair(hmac, master);
            assert_eq!(swapped.flaw(), Some(Flaw::Swapped));
            assert_eq!(swapped.pair(), pair(master, hmac).sound());
        }
    }

    #[test]
    fn keys_behind_a_flaw_are_the_same_keys() {
        let sound = own(|i| i.hmac(&key(160)));
        let newline = [&key(160)[..], b"\n"].concat();
        let elsewhere =
            |i: Instance| i.without_key(KeyName::Hmac).key_in("bundle1", KeyName::Hmac, &key(160));
        for (own, flaw) in
            [(own(|i| i.hmac(&newline)), Flaw::LineEnd), (own(elsewhere), Flaw::Misplaced)]
        {
            assert_eq!((own.pair(), own.flaw(), own.sound()), (sound.sound(), Some(flaw), None));
        }
    }

    #[test]
    fn key_in_a_wrong_place_is_not_taken_for_one_in_the_jcr() {
        let jcr =
            |i: Instance| i.storage(b"JCR").jcr(&[]).key_in("bundle1", KeyName::Hmac, &key(1));
        assert_eq!(own(jcr), OwnKeys::Lost);
    }

    #[test]
    fn text_that_can_be_decoded_is_told_from_what_is_lost() {
        assert_eq!(
            own(|i| i.hmac(b"GAHLXJ3JfFQ0uLuyFhTDbTs1dU5eAOq0Y2Y1h0wG5wE=")),
            OwnKeys::Encoded
        );
        assert_eq!(own(|i| i.hmac(b"<html><body>Log in</body></html>")), OwnKeys::Lost);
        assert_eq!(own(|i| i.hmac(b"")), OwnKeys::Lost);
        assert_eq!(own(|i| i.storage(b"JCR")), OwnKeys::Unknown);
    }
}
