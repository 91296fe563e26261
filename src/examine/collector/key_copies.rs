//! Evidence whose body is that of a key: a link to the key file, or a copy of it under the name of something else.
//!
//! A `bundle.location` that is a link to `hmac` would put the key into every report. So nothing is kept of a body that also is at the
//! path of a key or has the bytes of one.

use super::{Collector, Item};
use crate::evidence::{
    Fact, Fingerprint, KEY_COPY, ParseError, Reads, copied_key, digest_key, fingerprint, is_key,
};
use crate::examine::links::{Follower, Resolved};
use crate::facts::{KeyDigest, KeyName, TextKind};
use crate::intake::{Entry, EntryKind, Want};
use std::collections::{BTreeMap, BTreeSet};

/// Files that are named like copies of keys, by path.
pub(in crate::examine) type LooseCopies = BTreeMap<String, (KeyName, KeyDigest)>;

/// What tells that evidence is a copy of a key.
#[derive(Debug, Default)]
pub(super) struct KeyCopies {
    /// Fingerprints of the keys of the source.
    keys: BTreeSet<Fingerprint>,
    /// What the keys leave of themselves, those too that another one replaced or that lie where none is looked for.
    traces: BTreeSet<u64>,
    /// Fingerprints of the bodies that facts quote, by path.
    bodies: BTreeMap<String, Fingerprint>,
    /// Paths whose body also is at the path of a key.
    shared: BTreeSet<String>,
    /// Files that are named like copies of keys and are as long as one or spell one, by path.
    loose: LooseCopies,
}

impl KeyCopies {
    /// Takes note of a body and of what was made of it.
    pub(super) fn see(&mut self, path: &str, fact: &mut Fact, bytes: &[u8]) {
        let body = match fact {
            Fact::Key(_, digest) | Fact::StrayKey(_, digest) => {
                self.keys.extend(fingerprint(bytes));
                // `BTreeSet::append` makes all of the set anew: 4,000 keys took 100 seconds.
                self.traces.extend(std::mem::take(&mut digest.traces));
                return;
            }
            fact if fact.quotes() => fingerprint(bytes),
            _ => None,
        };
        match body {
            Some(body) => drop(self.bodies.insert(path.to_owned(), body)),
            None => drop(self.bodies.remove(path)),
        }
    }

    /// Takes note that two paths have one body.
    pub(super) fn share(&mut self, path: &str, other: &str) {
        for (path, other) in [(path, other), (other, path)] {
            if is_key(other) && !is_key(path) {
                self.shared.insert(path.to_owned());
            }
        }
    }

    fn is_copy(&self, path: &str) -> bool {
        self.shared.contains(path)
            || self.bodies.get(path).is_some_and(|body| self.keys.contains(body))
    }

    /// Drops what was made of key bytes. It can hide anything, so that the file counts as one that cannot be read.
    fn clean(&self, path: &str, item: &mut Item) {
        let Item::Read { fact: read, .. } = item else { return };
        if read.as_ref().is_ok_and(Fact::quotes) && self.is_copy(path) {
            *read = Err(ParseError::key());
        }
    }
}

impl Collector<'_> {
    /// Takes note of what key files are links to, be it read or not: standard input cannot be read again to follow them.
    pub(super) fn see_key_links(&mut self) {
        let follower = Follower::new(&self.links);
        let targets = self.items.iter().filter_map(|(path, item)| match item {
            Item::Link(target) if is_key(path) => match follower.follow(target) {
                Resolved::Inside(target) => Some((path.clone(), target)),
                Resolved::Outside | Resolved::Loop | Resolved::TooLong => None,
            },
            _ => None,
        });
        let targets: Vec<_> = targets.collect();
        for (path, target) in targets {
            self.key_copies.share(&path, &target);
        }
    }

    /// Drops what was made of key bytes, when all keys of the source are known. Returns their traces, and the files that are named like
    /// copies of keys.
    pub(super) fn hide_keys(&mut self) -> (BTreeSet<u64>, LooseCopies) {
        let copies = std::mem::take(&mut self.key_copies);
        if !copies.keys.is_empty() || !copies.shared.is_empty() {
            self.items.iter_mut().for_each(|(path, item)| copies.clean(path, item));
        }
        (copies.traces, copies.loose)
    }

    /// Has a file read that is named like a key and lies where none is looked for: its bytes may be pasted elsewhere.
    pub(super) fn take_key_copy(&mut self, path: &str, entry: &Entry<'_>) -> Want {
        let Reads::Small(bytes_max) = KEY_COPY.reads else { return Want::Nothing };
        // Browsers save a property of `/etc/key` as `hmac.bin`, `hmac (1)` or `hmac.txt`.
        let is_copy =
            entry.kind == EntryKind::File && entry.size <= bytes_max && copied_key(path).is_some();
        if !is_copy || self.aliases.is_some() {
            return Want::Nothing;
        }
        self.expect(path, &KEY_COPY, entry, None);
        Want::Whole { bytes_max }
    }

    /// Takes note of a key that is no evidence.
    pub(super) fn see_key_copy(&mut self, path: &str, bytes: &[u8]) {
        let name = copied_key(path).unwrap_or(KeyName::Hmac);
        let digest = digest_key(bytes);
        let mut fact = Fact::Key(name, Box::new(digest));
        if self.has_room(fact.kept_bytes().saturating_add(path.len())) {
            self.key_copies.see(path, &mut fact, bytes);
            let Fact::Key(name, digest) = fact else { return };
            if may_be_key(name, &digest) {
                self.key_copies.loose.insert(path.to_owned(), (name, *digest));
            }
        }
    }
}

/// Returns `true` if a file is as long as a key, a line end aside, or spells one in digits.
fn may_be_key(name: KeyName, digest: &KeyDigest) -> bool {
    let trimmed = digest.trimmed.iter().map(|(_, content)| content);
    let mut contents = [&digest.whole].into_iter().chain(trimmed);
    match digest.text {
        None => contents.any(|content| name.known_lengths().contains(&content.bytes)),
        Some(text) => matches!(text, TextKind::Hex | TextKind::Base64),
    }
}
