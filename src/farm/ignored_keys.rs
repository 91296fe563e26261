//! Key files in their place that an instance ignores, for `storage` says JCR: where no key is known to be in its repository, they may be the
//! only copy of its own keys.
//!
//! Seen on an author whose `storage` somebody had set to JCR while it ran with its files, so that `/etc/key` held nothing yet: keys of a
//! publisher were to be put over its own.

use super::{KeyState, Member, pair_among};
use crate::facts::{CRYPTO_KEYS_PATH, KeyFile, KeyName};

/// Returns `true` if an instance ignores key files, sound or not, that are all that is left of its keys: its repository has none.
pub(crate) fn ignores_keys(member: &Member) -> bool {
    has_no_others(member) && !ignored_files(member).is_empty()
}

/// Returns the files of both keys that an instance ignores, hmac first, where both are as they should be.
pub(crate) fn ignored_pair(member: &Member) -> Option<[&KeyFile; 2]> {
    pair_among(&ignored_files(member).into_iter())
}

/// Returns `true` if the repository of an instance was read, and has no keys.
pub(super) fn has_no_others(member: &Member) -> bool {
    KeyName::ALL.into_iter().all(|name| *member.key(name) == KeyState::Absent)
}

fn ignored_files(member: &Member) -> Vec<&KeyFile> {
    let snapshot = &member.snapshot;
    let has_key = |name| matches!(member.key(name), KeyState::Known(_) | KeyState::Uncertain(_));
    // What a standby has in its repository is not its own.
    let is_meant = member.is_in_jcr_mode()
        && !snapshot.is_standby()
        && snapshot.setting(CRYPTO_KEYS_PATH).is_none()
        && !KeyName::ALL.into_iter().any(has_key);
    let in_place = KeyName::ALL.into_iter().flat_map(|name| snapshot.keys_in_place(name));
    in_place
        .filter(|file| is_meant && file.digest.whole.bytes > 0 && !file.digest.uniform)
        .collect()
}
