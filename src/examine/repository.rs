//! Reads the crypto keys from the segment stores of a source: `/etc/key` in the repository of each install.
//!
//! What is found there is digested in `jcr_keys`.

use super::jcr_keys::keys;
use super::key_history;
use super::links::join;
use super::node_store;
use super::segments::Store as Stored;
use crate::evidence::SEGMENT_STORE;
use crate::facts::{
    Gap, GapKind, JcrKeys, KeyHistory, NodeStore, NodeStoreKind, Place, Repository, Snapshot,
    StorageMode,
};
use crate::intake::{Parts, Source};
use crate::oak::{Budget, Files, Store};
use std::collections::BTreeMap;
use std::io;

/// Where an install has its segment store.
pub(super) const REPOSITORY: &str = "repository";

/// Reads the keys of every install that has a segment store, and tells where an instance that works with them lost them.
pub(super) fn add(
    source: &Source,
    container: &str,
    segment_stores: &BTreeMap<String, Stored>,
    snapshots: &mut [Snapshot],
) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for snapshot in snapshots {
        let path = join(&join(&snapshot.root, REPOSITORY), SEGMENT_STORE);
        let configured = snapshot.node_store.take();
        snapshot.node_store = node_store::with_files(configured, snapshot, segment_stores);
        let Some(stored) = segment_stores.get(&path) else { continue };
        let repository = repository(source, container, path, stored, &mut snapshot.node_store);
        let in_use = snapshot.storage_in_place().any(|file| file.storage.mode == StorageMode::Jcr);
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

fn repository(
    source: &Source,
    container: &str,
    path: String,
    stored: &Stored,
    node_store: &mut Option<NodeStore>,
) -> Repository {
    let place = Place { source: source.name.clone(), path };
    let made = |keys| Repository {
        place: place.clone(),
        keys,
        head_ms: None,
        revisions_behind: 0,
        history: KeyHistory::default(),
    };
    if let Some(reason) = node_store.as_ref().and_then(NodeStore::out_of_reach) {
        return made(JcrKeys::NotRead(reason));
    }
    if !stored.readable {
        return made(JcrKeys::NotRead(why_not(source, container, stored)));
    }
    let parts = match source.open_parts(&stored.parts) {
        Ok(parts) => parts,
        Err(error) => return made(JcrKeys::Unreadable(error.to_string())),
    };
    let files = Opened { stored, parts };
    if node_store::is_split(&files) {
        let split = NodeStore { kind: NodeStoreKind::Split, place: place.clone(), leftover: None };
        let reason = split.out_of_reach().unwrap_or_default();
        *node_store = Some(split);
        return made(JcrKeys::NotRead(reason));
    }
    let store = Store::new(&files, Budget::default());
    match store.newest(keys) {
        Ok(found) => Repository {
            history: key_history::read(&store, &found.value),
            keys: JcrKeys::Read(found.value),
            head_ms: found.time_ms,
            revisions_behind: found.behind,
            ..made(JcrKeys::Read(Vec::new()))
        },
        Err(error) => made(JcrKeys::Unreadable(error.to_string())),
    }
}

fn why_not(source: &Source, container: &str, stored: &Stored) -> String {
    if let Some((path, reason)) = stored.unread.first_key_value() {
        return format!("{path} {reason}");
    }
    if !source.can_reread() {
        return "standard input can be read only once; name the archive as a file".to_owned();
    }
    if !matches!(container, "tar" | "") {
        return format!(
            "the archive is compressed ({container}); unpack it to a plain tar or a directory"
        );
    }
    match stored.parts.iter().find(|part| part.offset.is_none()) {
        Some(part) if !source.is_directory() => {
            format!("{} does not lie in the archive in one piece; unpack it", part.path)
        }
        _ => "the source has more files of segment stores than are read".to_owned(),
    }
}

/// The files of a store, as the reader of segments wants them.
struct Opened<'a> {
    stored: &'a Stored,
    parts: Parts,
}

impl Files for Opened<'_> {
    fn list(&self) -> Vec<(String, u64)> {
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        self.stored.parts.iter().map(|part| (name(&part.path), part.bytes)).collect()
    }

    fn read(&self, index: usize, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.parts.read_at(index, offset, buffer)
    }
}
