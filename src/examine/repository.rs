//! Reads the crypto keys from the segment stores of a source: `/etc/key` in the repository of each install.
//!
//! What is found there is digested in `jcr_keys`.

use super::jcr_keys::keys;
use super::node_store;
use super::paths::{join, name};
use super::segments::Store as Stored;
use super::{jcr_configs, key_history};
use crate::evidence::SEGMENT_STORE;
use crate::facts::{
    Gap, GapKind, JcrKeys, KeyHistory, NodeStore, NodeStoreKind, Place, Repository, Snapshot,
    StorageMode,
};
use crate::intake::{Parts, Source, Walked};
use crate::limits::Limits;
use crate::oak::{Budget, Files, Store};
use std::collections::BTreeMap;
use std::io;

/// Where an install has its segment store.
pub(super) const REPOSITORY: &str = "repository";

/// A source, and how its segment stores are read.
struct Archive<'a> {
    source: &'a Source,
    container: &'a str,
    limits: &'a Limits,
    stores: &'a BTreeMap<String, Stored>,
    /// The files of all stores, one store behind the other: what a compressed archive was unpacked for once serves them all.
    parts: io::Result<Parts>,
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
    walked: &Walked,
    limits: &Limits,
    stores: &BTreeMap<String, Stored>,
    snapshots: &mut [Snapshot],
) -> Vec<Gap> {
    let parts: Vec<_> = stores.values().flat_map(|store| store.parts.iter().cloned()).collect();
    let parts = source.open_parts(&parts, walked.state.as_ref(), limits);
    let container = &walked.container;
    let archive = Archive { source, container, limits, stores, parts };
    let mut gaps = Vec::new();
    for snapshot in snapshots {
        let path = join(&join(&snapshot.root, REPOSITORY), SEGMENT_STORE);
        let configured = snapshot.node_store.take();
        snapshot.node_store = node_store::with_files(configured, snapshot, stores);
        let Some(files) = stores.get(&path) else { continue };
        let modes = snapshot.storage_in_place().map(|file| file.storage.mode);
        let modes: Vec<_> = modes.collect();
        let idle = !modes.is_empty() && modes.iter().all(|mode| *mode == StorageMode::Bundle);
        let repository = repository(&archive, path, files, idle, &mut snapshot.node_store);
        let in_use = modes.contains(&StorageMode::Jcr);
        if let (true, JcrKeys::Unreadable(reason)) = (in_use, &repository.keys) {
            let gap = Gap {
                source: snapshot.source.clone(),
                path: Some(repository.place.path.clone()),
                kind: GapKind::Unreadable,
                reason: format!("the keys in /etc/key cannot be read: {reason}"),
            };
            snapshot.gaps.push(gap.clone());
            snapshot.gaps.sort();
            gaps.push(gap);
        }
        snapshot.repository = Some(repository);
    }
    gaps
}

/// `idle`: the instance works with keys in files.
fn repository(
    archive: &Archive<'_>,
    path: String,
    stored: &Stored,
    idle: bool,
    node_store: &mut Option<NodeStore>,
) -> Repository {
    let first = archive.first(&path);
    let place = Place { source: archive.source.name.clone(), path };
    let made = |keys| Repository {
        place: place.clone(),
        keys,
        head_ms: None,
        revisions_behind: 0,
        history: KeyHistory::default(),
        configurations: Vec::new(),
        configurations_gap: None,
    };
    let out_of_reach = || node_store.as_ref().and_then(NodeStore::out_of_reach);
    if let Some(reason) = out_of_reach().or_else(|| why_not(archive, stored, idle)) {
        return made(JcrKeys::NotRead(reason));
    }
    let parts = match &archive.parts {
        Ok(parts) => parts,
        Err(error) => return made(JcrKeys::Unreadable(error.to_string())),
    };
    let files = Opened { stored, parts, first };
    if node_store::is_split(&files) {
        let split = NodeStore { kind: NodeStoreKind::Split, place: place.clone(), leftover: None };
        let reason = split.out_of_reach().unwrap_or_default();
        *node_store = Some(split);
        return made(JcrKeys::NotRead(reason));
    }
    let store = Store::new(&files, Budget::default());
    match store.newest(keys) {
        Ok(found) => {
            let segments_max = more_segments_max(archive);
            // Behind the history of the keys, so that it leaves that its share of the budget.
            let history = key_history::read(&store, &found.value, segments_max);
            let configs = jcr_configs::read(&store, &place, segments_max);
            Repository {
                history,
                configurations: configs.configurations,
                configurations_gap: configs.gap,
                head_ms: found.time_ms,
                revisions_behind: found.behind,
                ..made(JcrKeys::Read(found.value))
            }
        }
        Err(error) => made(JcrKeys::Unreadable(error.to_string())),
    }
}

/// Returns how many segments the past of a store may cost, and its configurations; in a compressed archive each takes tenths of a
/// second.
fn more_segments_max(archive: &Archive<'_>) -> u64 {
    if is_compressed(archive.container) { 32 } else { 512 }
}

/// Says why a store is not read, where it is not.
fn why_not(archive: &Archive<'_>, stored: &Stored, idle: bool) -> Option<String> {
    if !stored.readable {
        return Some(unreadable(archive.source, archive.container, stored));
    }
    let ends = stored.parts.iter().filter_map(|part| part.offset?.checked_add(part.bytes));
    let is_far = ends.max().is_some_and(|end| end > archive.limits.idle_store_end_max);
    (idle && is_far && is_compressed(archive.container)).then(|| {
        "the archive is compressed, and the instance works with keys in files; unpack it (gzip -d) to have them compared".to_owned()
    })
}

fn is_compressed(container: &str) -> bool {
    container.contains("gzip")
}

fn unreadable(source: &Source, container: &str, stored: &Stored) -> String {
    if let Some((path, reason)) = stored.unread.first_key_value() {
        return format!("{path} {reason}");
    }
    if !source.can_reread() {
        return "standard input can be read only once; name the archive as a file".to_owned();
    }
    if !source.is_directory() && !matches!(container, "tar" | "gzip, tar" | "gzip, gzip, tar") {
        return format!("the source is packed as {container}; unpack it to a tar or a directory");
    }
    match stored.parts.iter().find(|part| part.offset.is_none()) {
        Some(_) if container.matches("gzip").count() > 1 => {
            "the archive is compressed more than once; unpack it to a plain tar (gzip -d) or a directory".to_owned()
        }
        Some(part) if !source.is_directory() => {
            format!("{} does not lie in the archive in one piece; unpack it", part.path)
        }
        _ => "the source has more files of segment stores than are read".to_owned(),
    }
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
