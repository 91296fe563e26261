//! What `/etc/key` held in older states of the repository, as digests.

use super::{Digest, JcrKey, KeyName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What older states of a repository say of the keys.
///
/// Old segments are given up by garbage collection, and not every state between two that are alike is looked at, so that a state which
/// is not listed is no proof.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyHistory {
    /// When the oldest revision was made that is known to hold the present keys with no other known in between, milliseconds since
    /// 1970.
    pub same_since_ms: Option<u64>,
    /// States with other keys, or none: revisions from the newest to the oldest, then checkpoints by name.
    pub others: Vec<PastKeys>,
    /// Revisions that the journal names, as far as it is read.
    pub revisions: usize,
    /// How many of them were looked at.
    pub revisions_read: usize,
    /// How many of the older ones garbage collection took. The rest of the journal after the first of them is counted, not looked at.
    #[serde(default)]
    pub collected: usize,
    /// When the oldest revision was made that is still there, milliseconds since 1970.
    #[serde(default)]
    pub oldest_ms: Option<u64>,
    /// Checkpoints that were looked at.
    pub checkpoints_read: usize,
    /// Why older states were not looked at: one clause without a full stop.
    pub gap: Option<String>,
}

/// What `/etc/key` held in an older state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PastKeys {
    /// The keys; those that are not listed were not there.
    pub keys: Vec<JcrKey>,
    /// Where they were seen.
    pub state: PastState,
}

/// An older state of a repository. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PastState {
    /// Revisions in a row.
    Revisions {
        /// When the newest of them was made.
        newest_ms: Option<u64>,
        /// When the oldest of them was made.
        oldest_ms: Option<u64>,
    },
    /// A checkpoint.
    Checkpoint {
        /// Its name.
        name: String,
        /// When it was made.
        created_ms: Option<u64>,
    },
}

impl PastKeys {
    /// Returns the key of this name.
    pub fn key(&self, name: KeyName) -> Option<&JcrKey> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Returns the newest time at which it is known to have been so.
    pub fn seen_ms(&self) -> Option<u64> {
        match &self.state {
            PastState::Revisions { newest_ms, .. } => *newest_ms,
            PastState::Checkpoint { created_ms, .. } => *created_ms,
        }
    }
}

/// Returns what decides whether two states hold the same keys, however they keep them.
fn contents(keys: &[JcrKey]) -> Vec<(KeyName, Digest)> {
    keys.iter().map(|key| (key.name, key.digest.whole)).collect()
}

impl KeyHistory {
    /// Returns `true` if two states hold the same keys, however they keep them.
    pub fn are_same(one: &[JcrKey], other: &[JcrKey]) -> bool {
        contents(one) == contents(other)
    }
}
