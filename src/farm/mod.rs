//! Instances that must agree, what their effective keys are, and the matrix of their facts.

mod cell;
mod config_rows;
mod keys;
mod matrix;
mod names;
mod rows;

pub use cell::{Cell, CellState};
pub use keys::{EffectiveKey, KeyOrigin, KeyState};
pub use matrix::{Expect, Matrix, MatrixRow, Row, matrix};
pub use rows::ROWS;

use crate::facts::{CRYPTO, KeyFile, KeyName, Snapshot, StorageFile, StorageMode};
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

    /// Returns the key itself where it is known and lies in a file.
    pub fn key_in_file(&self, name: KeyName) -> Option<(&EffectiveKey, &KeyFile)> {
        let key = self.known_key(name)?;
        Some((key, key.file()?))
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

    /// Says whether the instance takes its keys from the repository.
    pub fn is_in_jcr_mode(&self) -> bool {
        let mut modes = self.snapshot.storage_in_place().map(|file| file.storage.mode);
        modes.next() == Some(StorageMode::Jcr) && modes.all(|mode| mode == StorageMode::Jcr)
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
    let installs: Roots = snapshots
        .iter()
        .filter(|(_, snapshot)| !snapshot.bundles.is_empty())
        .map(|(_, s)| ((s.source.clone(), s.root.clone()), uuid(s).map(str::to_owned)))
        .collect();
    let mut copies: BTreeMap<(String, String), Vec<Snapshot>> = BTreeMap::new();
    let mut instances = Vec::new();
    for (label, snapshot) in snapshots {
        let snapshot = Snapshot { label: label.clone(), ..snapshot };
        match original(&snapshot, &installs) {
            Some(root) => copies.entry((snapshot.source.clone(), root)).or_default().push(snapshot),
            None => instances.push((label, snapshot)),
        }
    }
    if instances.is_empty() {
        return Vec::new();
    }
    vec![farm("farm", names::name(instances), copies)]
}

/// The Sling ids of installs, by source and root.
type Roots = BTreeMap<(String, String), Option<String>>;

fn uuid(snapshot: &Snapshot) -> Option<&str> {
    snapshot.sling_id.as_ref().map(|id| id.uuid.as_str())
}

/// Returns the root of the install that a snapshot is an old copy of: one inside `crx-quickstart`, or beside the parts of
/// another install root under a like name, or a `crx-quickstart.old` beside `crx-quickstart`.
fn original(snapshot: &Snapshot, installs: &Roots) -> Option<String> {
    // Two that both have an id, and not the same, are two instances wherever they lie.
    let is_install = |root: &str| {
        let id = installs.get(&(snapshot.source.clone(), root.to_owned()));
        id.is_some_and(|id| id.as_deref().zip(uuid(snapshot)).is_none_or(|(a, b)| a == b))
    };
    let (parent, name) = snapshot.root.rsplit_once('/').unwrap_or(("", &snapshot.root));
    let sibling = format!("{parent}/crx-quickstart").trim_start_matches('/').to_owned();
    if name.starts_with("crx-quickstart") && name != "crx-quickstart" && is_install(&sibling) {
        return Some(sibling);
    }
    let above = snapshot.root.rmatch_indices('/').map(|(at, _)| at).chain([0]);
    let outer = above.filter_map(|end| snapshot.root.split_at_checked(end));
    outer.filter(|(root, rest)| !rest.is_empty() && is_install(root)).find_map(|(root, rest)| {
        let first = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
        let like_a_part =
            ["launchpad", "felix", "bundle"].iter().any(|part| first.starts_with(part));
        let inside = root.rsplit('/').next() == Some("crx-quickstart");
        (inside || like_a_part).then(|| root.to_owned())
    })
}

fn farm(
    name: &str,
    named: Vec<(String, Snapshot)>,
    mut copies: BTreeMap<(String, String), Vec<Snapshot>>,
) -> Farm {
    let keys = keys::decide(&named);
    let mut member = |((name, snapshot), keys): ((String, Snapshot), _)| {
        let place = (snapshot.source.clone(), snapshot.root.clone());
        let copies = copies.remove(&place).unwrap_or_default();
        Member { name, snapshot, copies, keys }
    };
    let members = named.into_iter().zip(keys).map(&mut member).collect();
    Farm { name: name.to_owned(), members }
}
