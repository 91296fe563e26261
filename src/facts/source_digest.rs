//! What the bytes of a source come to, so that it can be known whether another file is the same.

use super::Hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The SHA-256 of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceDigest {
    /// The digest.
    pub sha256: Hex<32>,
    /// Over what.
    pub of: Digested,
}

/// What a digest of a source is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Digested {
    /// Over the bytes of its file, as `sha256sum` computes it.
    File,
    /// Of a directory: over the list of the files that were read, in the order of their paths. Each has a line of the SHA-256 of the bytes that
    /// were read, their number, the length of the file and its path, parted by blanks, and ends in a zero byte.
    Listing,
}

impl Digested {
    /// Returns the word that reports have for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Listing => "listing",
        }
    }
}
