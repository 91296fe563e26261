//! Lines of `aemtrix.facts/1`, which versions up to 0.1.0 wrote: each instance with all of its bundles.

use super::super::LineId;
use super::End;
use crate::facts::{
    Account, Bundle, BundleState, Configuration, DiscardReason, Gap, IdentifiedBy, KeyFile, Log,
    NodeStore, OwnedDirectory, Parts, Place, Repository, Revision, RunModes, Setting, SlingId,
    Snapshot, SourceRecord, StorageFile, Times, Trials,
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The version of the lines.
pub(in super::super) const SCHEMA: &str = "aemtrix.facts/1";

/// One line; one of its four parts is there.
#[derive(Debug, Deserialize)]
pub(in super::super) struct OldLine {
    #[expect(dead_code, reason = "a line without it is none")]
    schema: String,
    pub(in super::super) source: Option<SourceRecord>,
    pub(in super::super) holds: Option<BTreeSet<LineId>>,
    pub(in super::super) instance: Option<OldInstance>,
    pub(in super::super) gap: Option<Gap>,
    pub(in super::super) end: Option<End>,
}

/// All facts of one instance.
#[derive(Debug, Deserialize)]
pub(in super::super) struct OldInstance {
    source: String,
    label: Option<String>,
    root: String,
    parts: Parts,
    account: Option<Account>,
    bundles: Vec<OldBundle>,
    storage_files: Vec<StorageFile>,
    key_files: Vec<KeyFile>,
    #[serde(default)]
    moved_keys: Vec<KeyFile>,
    #[serde(default)]
    stray_keys: Vec<KeyFile>,
    repository: Option<Repository>,
    node_store: Option<NodeStore>,
    sling_id: Option<SlingId>,
    run_modes: Option<RunModes>,
    settings: Vec<Setting>,
    configurations: Vec<Configuration>,
    last_start_ms: Option<u64>,
    java_major: Option<u32>,
    log: Option<Log>,
    #[serde(default)]
    trials: BTreeSet<Trials>,
    gaps: Vec<Gap>,
}

/// A bundle with its place in the source.
#[derive(Debug, Deserialize)]
struct OldBundle {
    id: Option<u64>,
    directory: String,
    symbolic_name: Option<String>,
    version: Option<String>,
    identified_by: Option<IdentifiedBy>,
    state: Option<BundleState>,
    location: Option<String>,
    revisions: Vec<Revision>,
    fragment: bool,
    data_seen: bool,
    discard: Option<DiscardReason>,
    place: Place,
    #[serde(default)]
    directories: Vec<OwnedDirectory>,
}

impl OldInstance {
    /// Returns the facts.
    pub(in super::super) fn into_snapshot(self) -> Snapshot {
        let mut key_directories = Vec::new();
        let bundles = self.bundles.into_iter().map(|bundle| {
            key_directories.extend(bundle.directories.iter().cloned());
            bundle.below(&self.root)
        });
        let bundles: Vec<Bundle> = bundles.collect();
        Snapshot {
            source: self.source,
            label: self.label,
            root: self.root,
            links: Vec::new(),
            parts: self.parts,
            account: self.account,
            bundles: bundles.into(),
            key_directories,
            storage_files: self.storage_files,
            key_files: self.key_files,
            keys_directory: None,
            moved_keys: self.moved_keys,
            keys_mounted: false,
            stray_keys: self.stray_keys,
            repository: self.repository,
            node_store: self.node_store,
            sling_id: self.sling_id,
            run_modes: self.run_modes,
            settings: self.settings,
            configurations: self.configurations,
            last_start_ms: self.last_start_ms,
            java_major: self.java_major,
            times: Times::default(),
            log: self.log,
            trials: self.trials,
            gaps: self.gaps,
        }
    }
}

impl OldBundle {
    fn below(self, root: &str) -> Bundle {
        Bundle {
            id: self.id,
            directory: self.directory,
            symbolic_name: self.symbolic_name,
            version: self.version,
            identified_by: self.identified_by,
            state: self.state,
            location: self.location,
            revisions: self.revisions,
            fragment: self.fragment,
            data_seen: self.data_seen,
            discard: self.discard,
            path: Snapshot::path_below(root, &self.place.path),
        }
    }
}
