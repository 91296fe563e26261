//! Whether the key files that were read are those that an instance works with.

use super::Member;
use super::key_pair::has_keys_in_jcr;

/// Why the key files that were read may not be those an instance works with.
pub(crate) struct PlaceDoubt {
    /// One sentence without a full stop.
    pub(crate) why: String,
    /// A log shows that it works with others, or did at some start.
    pub(crate) is_told: bool,
}

/// Returns what speaks against the key files of an instance, if anything does.
pub(crate) fn place_doubt(member: &Member) -> Option<PlaceDoubt> {
    let snapshot = &member.snapshot;
    // `/etc/key` depends on no directory, and keys that a setting moved were read where it says.
    if has_keys_in_jcr(member) || !snapshot.moved_keys.is_empty() {
        return None;
    }
    let is_told = snapshot.parts.properties && snapshot.moved_by_start().is_some();
    Some(PlaceDoubt { why: unknown_place(member)?, is_told })
}

/// Says that an option may keep the keys elsewhere, so that the files which agree may not be those in use.
pub(crate) fn unknown_place(member: &Member) -> Option<String> {
    let Member { name, snapshot, .. } = member;
    if !snapshot.parts.properties {
        let why = "conf/sling.properties, which can name another key directory, is not in the snapshot of";
        return Some(format!("{why} {name}"));
    }
    snapshot.moved_by_start()?;
    Some(format!("a log shows that some start moved the keys of {name}"))
}
