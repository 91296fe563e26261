//! A key in the repository, as digests.

use super::{KeyDigest, KeyName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A key in the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JcrKey {
    /// Which key its name says it is.
    pub name: KeyName,
    /// Its content, digested.
    pub digest: KeyDigest,
    /// How it is kept.
    pub shape: JcrShape,
}

impl JcrKey {
    /// Returns the path of the property that holds it.
    pub fn path(&self) -> String {
        match self.shape {
            JcrShape::Property => format!("/etc/key/{}", self.name),
            // A package that was made by hand to carry keys may have them as files.
            JcrShape::File => format!("/etc/key/{}/jcr:content/jcr:data", self.name),
        }
    }
}

/// How `/etc/key` keeps a key.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum JcrShape {
    /// A binary property: `/etc/key/hmac`.
    Property,
    /// A file (`nt:file`): `/etc/key/hmac/jcr:content/jcr:data`.
    File,
}
