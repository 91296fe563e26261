//! Reads the crypto keys from the segment stores of a source: `/etc/key` in the repository of each install.
//!
//! AEM keeps `hmac` and `master` there as binary properties; packages made by hand have them as files (`nt:file`). The bytes of a
//! key exist only until they are digested here.

use super::links::join;
use super::node_store;
use super::segments::Store as Stored;
use crate::evidence::{SEGMENT_STORE, digest_key};
use crate::facts::{
    Gap, GapKind, JcrKey, JcrKeys, JcrShape, KeyName, NodeStore, NodeStoreKind, Place, Repository,
    Snapshot, StorageMode,
};
use crate::intake::{Parts, Source};
use crate::oak::{Budget, Files, Node, OakError, Property, Store};
use std::collections::BTreeMap;
use std::io;

/// Where an install has its segment store.
pub(super) const REPOSITORY: &str = "repository";
const KEY_NODE: &str = "etc/key";

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
    let made = |keys| Repository { place: place.clone(), keys, head_ms: None, revisions_behind: 0 };
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
    if container.contains("gzip") {
        return "the archive is compressed; unpack it to a plain tar (gzip -d) or a directory"
            .to_owned();
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

/// Reads both keys below the root of a revision.
fn keys(root: Node<'_, '_>) -> Result<Vec<JcrKey>, OakError> {
    let Some(node) = root.descendant(KEY_NODE)? else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for name in KeyName::ALL {
        all.extend(key(node, name)?);
    }
    Ok(all)
}

fn key(node: Node<'_, '_>, name: KeyName) -> Result<Option<JcrKey>, OakError> {
    if let Some(property) = node.property(name.file_name())? {
        return digested(&property, name, JcrShape::Property);
    }
    let Some(content) = node.descendant(&format!("{name}/jcr:content"))? else { return Ok(None) };
    let Some(property) = content.property("jcr:data")? else { return Ok(None) };
    digested(&property, name, JcrShape::File)
}

fn digested(
    property: &Property<'_, '_>,
    name: KeyName,
    shape: JcrShape,
) -> Result<Option<JcrKey>, OakError> {
    let bytes = property.value()?;
    Ok(Some(JcrKey { name, digest: digest_key(&bytes), shape }))
}
