//! An instance, without its bundles: those are in lines that several instances share.

use super::SavedBundles;
use crate::facts::{
    Account, Configuration, Gap, KeyFile, KeysDirectory, Log, NodeStore, OwnedDirectory, Parts,
    Repository, RunModes, Setting, SlingId, Snapshot, StorageFile, Times,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// All facts of one instance from one source. What is not there is not known, or empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedInstance<'a> {
    /// The source as the user named it.
    source: Cow<'a, str>,
    /// Path of the install root (usually `…/crx-quickstart`) inside the source; not there when the source starts with it.
    #[serde(default, skip_serializing_if = "is_empty_text")]
    root: Cow<'a, str>,
    /// Links of the source that lead to it or to what is around it, and not to all installs of the source; sorted.
    #[serde(default, skip_serializing_if = "is_empty_list")]
    links: Cow<'a, [String]>,
    /// What the source holds of the install.
    #[serde(default)]
    parts: Cow<'a, Parts>,
    /// The user that AEM runs as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Cow<'a, Account>>,
    /// Where its bundles are.
    #[serde(default, skip_serializing_if = "is_no_bundles")]
    bundles: Cow<'a, SavedBundles>,
    /// Bundle directories and their data directories with their owners, where files of keys lie in them.
    #[serde(default, skip_serializing_if = "is_empty_list")]
    key_directories: Cow<'a, [OwnedDirectory]>,
    /// Every file named `storage` in a bundle's data directory.
    #[serde(default, skip_serializing_if = "is_empty_list")]
    storage_files: Cow<'a, [StorageFile]>,
    /// Every file named `hmac` or `master` in a bundle's data directory.
    #[serde(default, skip_serializing_if = "is_empty_list")]
    key_files: Cow<'a, [KeyFile]>,
    /// The directory that `com.adobe.granite.crypto.keys.path` names, where that is a path of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys_directory: Option<Cow<'a, KeysDirectory>>,
    /// The keys in the directory that `com.adobe.granite.crypto.keys.path` names.
    #[serde(default, skip_serializing_if = "is_empty_list")]
    moved_keys: Cow<'a, [KeyFile]>,
    /// The key files in use are links into a volume that Kubernetes mounts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    keys_mounted: bool,
    /// Files that may be keys by their names, where AEM does not look for one.
    #[serde(default, skip_serializing_if = "is_empty_list")]
    stray_keys: Cow<'a, [KeyFile]>,
    /// What its repository says of the keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repository: Option<Cow<'a, Repository>>,
    /// Where it keeps its repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node_store: Option<Cow<'a, NodeStore>>,
    /// Sling id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sling_id: Option<Cow<'a, SlingId>>,
    /// Install run modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_modes: Option<Cow<'a, RunModes>>,
    /// Settings that matter, sorted by name and place.
    #[serde(default, skip_serializing_if = "is_empty_list")]
    settings: Cow<'a, [Setting]>,
    /// Configurations that matter, sorted by PID.
    #[serde(default, skip_serializing_if = "is_empty_list")]
    configurations: Cow<'a, [Configuration]>,
    /// Last start that passed the install stage, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_start_ms: Option<u64>,
    /// Java major version of the last start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    java_major: Option<u32>,
    /// When its files were written.
    #[serde(default, skip_serializing_if = "is_no_times")]
    times: Cow<'a, Times>,
    /// What its logs say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<Cow<'a, Log>>,
    /// Gaps of the whole source and of paths under this root, sorted.
    #[serde(default, skip_serializing_if = "is_empty_list")]
    gaps: Cow<'a, [Gap]>,
}

#[expect(clippy::ptr_arg, reason = "the signature that `skip_serializing_if` has")]
fn is_empty_text(text: &Cow<'_, str>) -> bool {
    text.is_empty()
}

#[expect(clippy::ptr_arg, reason = "the signature that `skip_serializing_if` has")]
fn is_empty_list<T: Clone>(list: &Cow<'_, [T]>) -> bool {
    list.is_empty()
}

#[expect(clippy::ptr_arg, reason = "the signature that `skip_serializing_if` has")]
fn is_no_times(times: &Cow<'_, Times>) -> bool {
    times.is_empty()
}

#[expect(clippy::ptr_arg, reason = "the signature that `skip_serializing_if` has")]
fn is_no_bundles(bundles: &Cow<'_, SavedBundles>) -> bool {
    **bundles == SavedBundles::default()
}

fn saved_gaps(gaps: &[Gap]) -> Cow<'_, [Gap]> {
    if gaps.iter().all(|gap| gap.kind.is_saved()) {
        return Cow::Borrowed(gaps);
    }
    gaps.iter().filter(|gap| gap.kind.is_saved()).cloned().collect()
}

/// Returns a list without room for more: what is parsed has room for four, and most lists have one or two.
fn exact<T: Clone>(list: Cow<'_, [T]>) -> Vec<T> {
    let mut list = list.into_owned();
    list.shrink_to_fit();
    list
}

impl<'a> SavedInstance<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, bundles: &'a SavedBundles) -> Self {
        Self {
            source: Cow::Borrowed(&snapshot.source),
            root: Cow::Borrowed(&snapshot.root),
            links: Cow::Borrowed(&snapshot.links),
            parts: Cow::Borrowed(&snapshot.parts),
            account: snapshot.account.as_ref().map(Cow::Borrowed),
            bundles: Cow::Borrowed(bundles),
            key_directories: Cow::Borrowed(&snapshot.key_directories),
            storage_files: Cow::Borrowed(&snapshot.storage_files),
            key_files: Cow::Borrowed(&snapshot.key_files),
            keys_directory: snapshot.keys_directory.as_ref().map(Cow::Borrowed),
            moved_keys: Cow::Borrowed(&snapshot.moved_keys),
            keys_mounted: snapshot.keys_mounted,
            stray_keys: Cow::Borrowed(&snapshot.stray_keys),
            repository: snapshot.repository.as_ref().map(Cow::Borrowed),
            node_store: snapshot.node_store.as_ref().map(Cow::Borrowed),
            sling_id: snapshot.sling_id.as_ref().map(Cow::Borrowed),
            run_modes: snapshot.run_modes.as_ref().map(Cow::Borrowed),
            settings: Cow::Borrowed(&snapshot.settings),
            configurations: Cow::Borrowed(&snapshot.configurations),
            last_start_ms: snapshot.last_start_ms,
            java_major: snapshot.java_major,
            times: Cow::Borrowed(&snapshot.times),
            log: snapshot.log.as_ref().map(Cow::Borrowed),
            gaps: saved_gaps(&snapshot.gaps),
        }
    }

    /// Returns the facts, and where the bundles are.
    pub(in super::super) fn into_facts(self) -> (Snapshot, SavedBundles) {
        let snapshot = Snapshot {
            source: self.source.into_owned(),
            label: None,
            root: self.root.into_owned(),
            links: exact(self.links),
            parts: self.parts.into_owned(),
            account: self.account.map(Cow::into_owned),
            bundles: Vec::new().into(),
            key_directories: exact(self.key_directories),
            storage_files: exact(self.storage_files),
            key_files: exact(self.key_files),
            keys_directory: self.keys_directory.map(Cow::into_owned),
            moved_keys: exact(self.moved_keys),
            keys_mounted: self.keys_mounted,
            stray_keys: exact(self.stray_keys),
            repository: self.repository.map(Cow::into_owned),
            node_store: self.node_store.map(Cow::into_owned),
            sling_id: self.sling_id.map(Cow::into_owned),
            run_modes: self.run_modes.map(Cow::into_owned),
            settings: exact(self.settings),
            configurations: exact(self.configurations),
            last_start_ms: self.last_start_ms,
            java_major: self.java_major,
            times: self.times.into_owned(),
            log: self.log.map(Cow::into_owned),
            trials: BTreeSet::new(),
            gaps: exact(self.gaps),
        };
        (snapshot, self.bundles.into_owned())
    }
}
