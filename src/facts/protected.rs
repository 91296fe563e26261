//! The protected values and the keys of a snapshot, wherever they are.

use super::{
    Configuration, Digest, Hex, KeyDigest, KeyName, Opening, Place, Repository, Snapshot, Trials,
};
use std::collections::BTreeSet;

/// A protected value, where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtectedAt<'a> {
    /// The file, or the segment store.
    pub place: &'a Place,
    /// The configuration that it is a setting of.
    pub pid: Option<&'a str>,
    /// The node that it is a property of, for one in the repository.
    pub node: Option<&'a str>,
    /// The setting or the property.
    pub property: &'a str,
    /// Its digest.
    pub digest: Digest,
    /// The instance uses it, as far as the snapshot shows.
    pub in_effect: bool,
}

impl<'a> ProtectedAt<'a> {
    fn of(configuration: &'a Configuration, in_effect: bool) -> impl Iterator<Item = Self> {
        configuration.protected.iter().map(move |value| Self {
            place: &configuration.place,
            pid: Some(&configuration.pid),
            node: configuration.jcr_path.as_deref(),
            property: &value.property,
            digest: value.digest,
            in_effect,
        })
    }
}

impl Repository {
    /// Returns the protected values in its content. A configuration in it need not be in effect.
    fn secrets_at(&self) -> impl Iterator<Item = ProtectedAt<'_>> {
        self.secrets.iter().map(|secret| ProtectedAt {
            place: &self.place,
            pid: None,
            node: Some(&secret.path),
            property: &secret.property,
            digest: secret.digest,
            in_effect: !self.is_outdated() && !secret.path.starts_with("/apps/"),
        })
    }
}

impl Snapshot {
    /// Returns every protected value that it holds.
    pub fn protected_values(&self) -> Vec<ProtectedAt<'_>> {
        let used: BTreeSet<_> =
            self.configurations_or_jcr().filter_map(|c| c.jcr_path.as_deref()).collect();
        let stored = self.repository.iter().flat_map(|stored| &stored.configurations);
        let all = self.configurations.iter().chain(stored);
        let is_used = |c: &Configuration| c.jcr_path.as_deref().is_none_or(|p| used.contains(p));
        let configured = all.flat_map(|c| ProtectedAt::of(c, is_used(c)));
        configured.chain(self.repository.iter().flat_map(Repository::secrets_at)).collect()
    }

    /// Returns `true` if its repository was looked through for protected values, as it is now and without a gap.
    pub fn shows_stored_secrets(&self) -> bool {
        self.repository.as_ref().is_some_and(|stored| {
            let gaps = [&stored.secrets_gap, &stored.configurations_gap];
            let is_whole = stored.keys.reason().is_none() && !stored.is_outdated();
            is_whole && gaps.into_iter().all(Option::is_none)
        })
    }

    /// Returns whether a value was tried with a master in some run.
    pub fn was_tried(&self, value: Hex<32>, master: Hex<16>) -> bool {
        let has = |run: &Trials| run.values.contains_key(&value) && run.masters.contains(&master);
        self.trials.iter().any(has)
    }

    /// Returns what opens a value, of all runs; `None` where it was never tried.
    pub fn openings(&self, value: Hex<32>) -> Option<BTreeSet<Opening>> {
        let runs = self.trials.iter().filter_map(|run| run.values.get(&value));
        runs.map(Clone::clone).reduce(|a, b| &a | &b)
    }

    /// Returns the digests of all protected values that it holds, of those in effect and of others.
    pub fn protected_digests(&self) -> BTreeSet<Hex<32>> {
        self.protected_values().iter().map(|value| value.digest.sha256).collect()
    }

    /// Returns every key that it holds, in use or not, by its name and the md5 of what it lies in.
    pub fn key_digests(&self) -> BTreeSet<(KeyName, Hex<16>)> {
        self.named_keys().map(|(name, key)| (name, key.whole.md5)).collect()
    }

    /// Returns every key that it holds, in use or not: those in files, and those that its repository holds and held.
    pub fn all_keys(&self) -> impl Iterator<Item = &KeyDigest> {
        self.named_keys().map(|(_, key)| key)
    }

    /// Returns the same keys, each with its name.
    pub fn named_keys(&self) -> impl Iterator<Item = (KeyName, &KeyDigest)> {
        let files = self.all_key_files().chain(&self.stray_keys);
        let past = self.repository.iter().flat_map(|stored| &stored.history.others);
        let stored = self.repository.iter().flat_map(Repository::keys);
        let stored = stored.chain(past.flat_map(|past| &past.keys));
        let files = files.map(|file| (file.name, &file.digest));
        files.chain(stored.map(|key| (key.name, &key.digest)))
    }
}
