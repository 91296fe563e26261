//! Reads the crypto keys from the segment stores of a source: `/etc/key` in the repository of each install.
//!
//! What is found there is digested in `jcr_keys`.

use super::jcr_keys::keys;
use super::node_store::{self, Manifest, REPOSITORY};
use super::paths::{join, name};
use super::secrets::Vault;
use super::segments::Store as Stored;
use super::users::KeyStores;
use super::{config_history, jcr_configs, key_history, stored_secrets, users};
use crate::evidence::SEGMENT_STORE;
use crate::facts::{
    Gap, GapKind, JcrKey, JcrKeys, KeyHistory, NodeStore, NodeStoreKind, Place, Repository,
    Snapshot, StorageMode, Utc, realm,
};
use crate::intake::{Parts, Source, Walked};
use crate::limits::Limits;
use crate::oak::{Budget, Files, Store};
use std::collections::BTreeMap;
use std::io;

/// Segments that the past of a store may cost, and its configurations.
const MORE_SEGMENTS_MAX: u64 = Limits::DEFAULT.past_segments_max;

/// A source, and how its segment stores are read.
struct Archive<'a> {
    source: &'a Source,
    /// How many compressions there are around it.
    compressions: u32,
    stores: &'a BTreeMap<String, Stored>,
    /// The files of all stores, one store after the other: what a compressed archive was unpacked for once serves them all.
    parts: io::Result<Parts>,
    /// Where keys and protected values wait to be tried.
    vault: &'a Vault,
}

impl Archive<'_> {
    /// Returns the place of a store's first file among the parts.
    fn first(&self, path: &str) -> usize {
        let before = self.stores.range(..path.to_owned()).map(|(_, store)| store.parts.len());
        before.fold(0, usize::saturating_add)
    }
}

/// Reads the keys of every install that has a segment store, and tells where an instance that works with them lost them.
pub(super) fn add(
    source: &Source,
    walked: &mut Walked,
    limits: &Limits,
    vault: &Vault,
    stores: &BTreeMap<String, Stored>,
    snapshots: &mut [Snapshot],
) -> Vec<Gap> {
    let parts: Vec<_> = stores.values().flat_map(|store| store.parts.iter().cloned()).collect();
    let parts = source.open_parts(&parts, walked, limits);
    let archive = Archive { source, compressions: walked.compressions, stores, parts, vault };
    let mut gaps = Vec::new();
    for snapshot in snapshots.iter_mut() {
        let path = join(&join(&snapshot.root, REPOSITORY), SEGMENT_STORE);
        let configured = snapshot.node_store.take();
        snapshot.node_store = node_store::with_files(configured, snapshot, stores);
        let Some(files) = stores.get(&path) else { continue };
        let key_stores = match snapshot.encapsulated_token() {
            _ if !limits.users => KeyStores::LeftOut,
            Some(true) => KeyStores::Counted,
            _ => KeyStores::Alone,
        };
        let node_store = &mut snapshot.node_store;
        let (repository, is_broken) = repository(&archive, path, files, node_store, key_stores);
        let is_here =
            snapshot.node_store.as_ref().is_none_or(|store| store.out_of_reach().is_none());
        if let Some(reason) = unknown(&repository, is_broken, snapshot).filter(|_| is_here) {
            let gap = Gap {
                source: snapshot.source.clone(),
                path: Some(repository.place.path.clone()),
                kind: GapKind::Unreadable,
                reason,
            };
            snapshot.gaps.push(gap.clone());
            snapshot.gaps.sort();
            gaps.push(gap);
        }
        snapshot.repository = Some(repository);
    }
    if limits.users {
        add_users(&archive, snapshots);
    }
    gaps
}

/// Reads the users of every install with encapsulated tokens. They may cost much, so that all stores are read for their keys before.
fn add_users(archive: &Archive<'_>, snapshots: &mut [Snapshot]) {
    let Ok(parts) = &archive.parts else { return };
    for snapshot in snapshots.iter_mut().filter(|s| s.encapsulated_token() == Some(true)) {
        let Some(repository) = &mut snapshot.repository else { continue };
        let path = &repository.place.path;
        let stored = archive.stores.get(path).filter(|_| repository.keys.reason().is_none());
        let Some(stored) = stored else { continue };
        let files = Opened { stored, parts, first: archive.first(path) };
        let (users, key_stores) =
            users::read(&Store::new(&files, Budget::of_walk()), archive.vault);
        repository.users = Some(users);
        key_stores.add_to(repository);
    }
}

/// Says what is not known of an instance because the keys in its repository are not.
///
/// Keys that were left there and contradict those in the files are worth an error: what hides them must not look consistent.
fn unknown(repository: &Repository, is_broken: bool, snapshot: &Snapshot) -> Option<String> {
    let modes = snapshot.storage_in_place().map(|file| file.storage.mode);
    let modes: Vec<_> = modes.collect();
    let in_use = modes.contains(&StorageMode::Jcr);
    let is_idle = !modes.is_empty() && modes.iter().all(|mode| *mode == StorageMode::Bundle);
    let is_other = |key: &JcrKey| {
        let mut files = snapshot.keys_in_use(key.name);
        !files.any(|file| file.digest.whole == key.digest.whole)
    };
    let why = repository.doubt.as_deref();
    match &repository.keys {
        JcrKeys::Read(_) if in_use => {
            let time = repository.head_ms.map(|time| format!(" of {}", Utc(time)));
            let time = time.unwrap_or_default();
            why.map(|why| {
                format!("the keys in /etc/key were read as of the revision{time}, and may be others now: {why}")
            })
        }
        JcrKeys::Read(keys) if is_idle && (is_broken || keys.iter().any(is_other)) => {
            why.map(|why| format!("whether other keys are left in /etc/key is not known: {why}"))
        }
        JcrKeys::Unreadable(reason) if in_use => {
            Some(format!("the keys in /etc/key cannot be read: {reason}"))
        }
        // KA-23909 step 14 deletes the keys in `/etc/key`;
        // where that was left out, two sets of keys exist.
        JcrKeys::Unreadable(reason) | JcrKeys::NotRead(reason) if is_idle => {
            Some(format!("whether other keys are left in /etc/key is not known: {reason}"))
        }
        _ => None,
    }
}

/// Reads a store. Says, too, whether Oak would start with another revision than the one that was read, or with none.
fn repository(
    archive: &Archive<'_>,
    path: String,
    stored: &Stored,
    node_store: &mut Option<NodeStore>,
    key_stores: KeyStores,
) -> (Repository, bool) {
    let place = Place { source: archive.source.name.clone(), path };
    let made = |keys| Repository {
        place: place.clone(),
        keys,
        head_ms: None,
        revisions_behind: 0,
        doubt: None,
        history: KeyHistory::default(),
        configurations: Vec::new(),
        configurations_gap: None,
        secrets: Vec::new(),
        secrets_gap: None,
        users: None,
    };
    let (files, manifest) = match opened(archive, &place, stored, node_store) {
        Ok(opened) => opened,
        Err(keys) => return (made(keys), false),
    };
    let store = Store::new(&files, Budget::default());
    // The newest revision that can be read: a copy of a
    // running store may have journal lines without segments.
    let found = match store.newest(|root| keys(root, archive.vault)) {
        Ok(found) => found,
        Err(error) => return (made(JcrKeys::Unreadable(error.to_string())), false),
    };
    // Behind the history of the keys, so that it leaves that its share of the budget.
    let history = key_history::read(&store, &found.value, MORE_SEGMENTS_MAX, archive.vault);
    let mut configs = jcr_configs::read(&store, &place, MORE_SEGMENTS_MAX, archive.vault);
    config_history::read(&store, &mut configs.configurations, MORE_SEGMENTS_MAX);
    let of_manifest = manifest.doubt(found.needs_manifest);
    let mut repository = Repository {
        history,
        configurations: configs.configurations,
        configurations_gap: configs.gap,
        head_ms: found.time_ms,
        revisions_behind: found.behind,
        doubt: joined(found.doubt.as_deref(), of_manifest),
        ..made(JcrKeys::Read(found.value))
    };
    stored_secrets::read(&store, archive.vault, key_stores).add_to(&mut repository);
    (repository, found.is_broken)
}

/// Opens the files of a store, unless something says that they are not to be read.
fn opened<'a>(
    archive: &'a Archive<'_>,
    place: &Place,
    stored: &'a Stored,
    node_store: &mut Option<NodeStore>,
) -> Result<(Opened<'a>, Manifest), JcrKeys> {
    let out_of_reach = || node_store.as_ref().and_then(NodeStore::out_of_reach);
    // A database or a cloud beats files that lie here: after a migration those may be leftovers.
    if let Some(reason) = out_of_reach().or_else(|| why_not(archive, stored)) {
        return Err(JcrKeys::NotRead(reason));
    }
    let parts = archive.parts.as_ref().map_err(|error| JcrKeys::Unreadable(error.to_string()))?;
    let files = Opened { stored, parts, first: archive.first(&place.path) };
    match Manifest::of(&files) {
        // A split store has its files under the usual names;
        // only `split.initialized` in the manifest shows it.
        Manifest::Split => {
            let kind = NodeStoreKind::Split;
            let split = NodeStore { kind, place: place.clone(), leftover: None };
            let reason = split.out_of_reach().unwrap_or_default();
            *node_store = Some(split);
            Err(JcrKeys::NotRead(reason))
        }
        Manifest::Refused(reason) => Err(JcrKeys::NotRead(reason)),
        Manifest::Unreadable(reason) => Err(JcrKeys::Unreadable(reason)),
        manifest => Ok((files, manifest)),
    }
}

fn joined(first: Option<&str>, second: Option<&str>) -> Option<String> {
    let both: Vec<&str> = first.into_iter().chain(second).collect();
    (!both.is_empty()).then(|| both.join("; "))
}

/// Says why a store is not read, where it is not.
fn why_not(archive: &Archive<'_>, stored: &Stored) -> Option<String> {
    if stored.readable {
        return None;
    }
    if let Some((path, reason)) = stored.unread.first_key_value() {
        return Some(format!("{path} {reason}"));
    }
    let source = archive.source;
    let part = stored.parts.iter().find(|part| part.extent.is_none() && !source.is_directory());
    Some(match part {
        _ if !source.can_reread() => {
            "standard input can be read only once; name the archive as a file".to_owned()
        }
        Some(part) if !realm(&part.path).is_empty() => {
            "it lies in an archive inside the source; unpack that, and name it as a source"
                .to_owned()
        }
        Some(_) if archive.compressions > 1 => {
            "the archive is compressed more than once; unpack it to a plain tar or a directory"
                .to_owned()
        }
        Some(part) => format!(
            "{} does not lie in the archive in one piece, or is packed in a way that is not read; unpack it",
            part.path
        ),
        None => "the source has more files of segment stores than are read".to_owned(),
    })
}

/// The files of a store, as the reader of segments wants them.
struct Opened<'a> {
    stored: &'a Stored,
    parts: &'a Parts,
    /// The place of its first file among the parts.
    first: usize,
}

impl Files for Opened<'_> {
    fn list(&self) -> Vec<(String, u64)> {
        let parts = self.stored.parts.iter();
        parts.map(|part| (name(&part.path).to_owned(), part.bytes)).collect()
    }

    fn read(&self, index: usize, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.parts.read_at(self.first.saturating_add(index), offset, buffer)
    }
}
