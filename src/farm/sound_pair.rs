//! Which files make a pair of keys.

use super::KeyHealth;
use crate::facts::{Digest, KeyFile, KeyName};

/// Returns the files of both keys, hmac first, where there is one of each and both are as they should be.
pub(super) fn pair_among<'a>(
    all: &(impl Iterator<Item = &'a KeyFile> + Clone),
) -> Option<[&'a KeyFile; 2]> {
    let one = |name: KeyName| {
        let mut files = all.clone().filter(|file| file.name == name);
        let file = files.next().filter(|_| files.next().is_none())?;
        (KeyHealth::of(name, &file.digest) == KeyHealth::Sound).then_some(file)
    };
    let pair = [one(KeyName::Hmac)?, one(KeyName::Master)?];
    let [hmac, master] = pair.map(|file| &file.digest.whole);
    is_pair(hmac, master).then_some(pair)
}

/// Returns `true` if two keys may be one pair. In no form is master the longer one: such a pair is swapped, as 32 and 48 bytes are.
pub(super) fn is_pair(hmac: &Digest, master: &Digest) -> bool {
    let are_lengths =
        KeyName::Hmac.may_have_length(hmac.bytes) && KeyName::Master.may_have_length(master.bytes);
    are_lengths && hmac != master && hmac.bytes >= master.bytes
}
