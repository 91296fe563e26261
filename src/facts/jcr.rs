//! The crypto keys in the repository: what `/etc/key` holds, as digests.

use super::{Configuration, JcrKey, KeyHistory, KeyName, Place, StoredSecret, Users};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the repository in a snapshot says of the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Repository {
    /// Where the segment store lies (path of the directory `…/repository/segmentstore`).
    pub place: Place,
    /// What was found at `/etc/key`.
    pub keys: JcrKeys,
    /// When the revision that was read was made, milliseconds since 1970, where the journal says so.
    pub head_ms: Option<u64>,
    /// How many newer revisions of the journal could not be read and were passed over.
    pub revisions_behind: usize,
    /// Why what was read may not be what the instance has; one clause without a full stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// What older states of it hold at `/etc/key`; empty where it was not read.
    pub history: KeyHistory,
    /// Configurations of components that matter, below `/apps/system/config` in the revision that was read, by path; whether in
    /// effect or not.
    pub configurations: Vec<Configuration>,
    /// Why not all of those are listed; one clause without a full stop.
    pub configurations_gap: Option<String>,
    /// Protected values in its content, sorted; those in configurations that are listed are not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<StoredSecret>,
    /// Where none were looked for that could be; clauses parted by `; `, without a full stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets_gap: Option<String>,
    /// Its users; `None` where they were not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Users>,
}

impl Repository {
    /// Returns the key of this name, where `/etc/key` was read and holds it.
    pub fn key(&self, name: KeyName) -> Option<&JcrKey> {
        self.keys().iter().find(|key| key.name == name)
    }

    /// Returns the keys that were read.
    pub fn keys(&self) -> &[JcrKey] {
        match &self.keys {
            JcrKeys::Read(keys) => keys,
            JcrKeys::Unreadable(_) | JcrKeys::NotRead(_) => &[],
        }
    }

    /// Returns `true` if what was read may not be what the instance had when it was copied: [`Self::doubt`] says why.
    pub fn is_outdated(&self) -> bool {
        self.doubt.is_some()
    }
}

/// What became of reading `/etc/key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JcrKeys {
    /// It was read; keys that are not listed are not there (empty: none).
    Read(Vec<JcrKey>),
    /// It could not be read; one clause without a full stop, such as "segment 1234 is missing".
    Unreadable(String),
    /// The source is packed in a way, or the repository is of a kind, that is not read; one clause without a full stop.
    NotRead(String),
}

impl JcrKeys {
    /// Returns why it is not known what `/etc/key` holds.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Read(_) => None,
            Self::Unreadable(reason) | Self::NotRead(reason) => Some(reason),
        }
    }
}
