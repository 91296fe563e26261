//! Instances that must agree, what their effective keys are, and the matrix of their facts.

mod cell;
mod keys;
mod matrix;
mod names;
mod rows;

pub use cell::{Cell, CellState};
pub use keys::{EffectiveKey, KeyState};
pub use matrix::{Expect, Matrix, MatrixRow, Row, matrix};
pub use rows::ROWS;

use crate::facts::{CRYPTO, KeyName, Snapshot, StorageFile, StorageMode};
use std::collections::BTreeMap;

/// Instances that must agree on their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farm {
    /// Its name in reports.
    pub name: String,
    /// Its instances, sorted by name.
    pub members: Vec<Member>,
}

/// One instance of a farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name in reports, unique in the run.
    pub name: String,
    /// Everything that was read of it.
    pub snapshot: Snapshot,
    /// Old copies inside its install root, such as `launchpad.old`. They are not compared.
    pub copies: Vec<Snapshot>,
    /// Its keys, decided in the light of its peers.
    keys: BTreeMap<KeyName, KeyState>,
}

impl Member {
    /// Returns the key the instance works with, or why that is not known.
    pub fn key(&self, name: KeyName) -> &KeyState {
        self.keys.get(&name).unwrap_or(&KeyState::NotInSnapshot)
    }

    /// Returns the key itself where it is known.
    pub fn known_key(&self, name: KeyName) -> Option<&EffectiveKey> {
        match self.key(name) {
            KeyState::Known(key) => Some(key),
            _ => None,
        }
    }

    /// Returns the `storage` file of the crypto bundle. Of several, one that says something else than the others wins no
    /// favour: there is no answer then.
    pub fn storage(&self) -> Option<&StorageFile> {
        let mut files = self.snapshot.storage_in_place();
        let first = files.next()?;
        files.all(|other| other.storage == first.storage).then_some(first)
    }

    /// Says whether the instance is known to be of a version (6.3 and newer) that keeps its keys in files.
    pub fn has_key_files_by_version(&self) -> bool {
        let old = ["5.", "6.0.", "6.1.", "6.2."];
        let is_old = |version: &str| old.iter().any(|start| version.starts_with(start));
        self.snapshot.aem_version().is_some_and(|version| !is_old(version))
    }

    /// Says whether there is no `storage` file where the whole place for it was seen.
    pub fn is_storage_absent(&self) -> bool {
        let snapshot = &self.snapshot;
        snapshot.storage_in_place().next().is_none()
            && snapshot.bundles_named(CRYPTO).any(|bundle| snapshot.shows_data_of(bundle))
    }

    /// Returns the storage mode that the file names, faults such as a stray newline aside.
    pub fn storage_mode(&self) -> Option<StorageMode> {
        self.storage().map(|file| file.storage.mode)
    }
}

/// Makes one farm of all snapshots; a label is the name the user gave the snapshot's source.
///
/// An old copy of an install inside another one (`launchpad.old`, `felix_backup`) is no instance of its own; it goes with
/// the instance it lies in.
pub fn farms(snapshots: Vec<(Option<String>, Snapshot)>) -> Vec<Farm> {
    let roots: Vec<(String, String)> =
        snapshots.iter().map(|(_, s)| (s.source.clone(), s.root.clone())).collect();
    let is_copy = |s: &Snapshot| roots.iter().any(|(source, root)| lies_in(s, source, root));
    let (copies, instances): (Vec<_>, Vec<_>) =
        snapshots.into_iter().partition(|(_, s)| is_copy(s));
    if instances.is_empty() {
        return Vec::new();
    }
    let copies = copies.into_iter().map(|(_, snapshot)| snapshot).collect();
    vec![farm("farm", names::name(instances), copies)]
}

/// Says whether a snapshot is an old copy below another install root.
fn lies_in(snapshot: &Snapshot, source: &str, root: &str) -> bool {
    let below = |rest: &str| rest.starts_with('/') || (root.is_empty() && !rest.is_empty());
    // Two installs side by side below a common directory that happens to hold a third are instances all the same.
    snapshot.source == source
        && !snapshot.root.ends_with("crx-quickstart")
        && snapshot.root.strip_prefix(root).is_some_and(below)
}

fn farm(name: &str, named: Vec<(String, Snapshot)>, mut copies: Vec<Snapshot>) -> Farm {
    let keys = keys::decide(&named);
    let member = |((name, snapshot), keys): ((String, Snapshot), _)| {
        let (own, rest) = std::mem::take(&mut copies)
            .into_iter()
            .partition(|copy| lies_in(copy, &snapshot.source, &snapshot.root));
        copies = rest;
        Member { name, snapshot, copies: own, keys }
    };
    let members = named.into_iter().zip(keys).map(member).collect();
    Farm { name: name.to_owned(), members }
}
