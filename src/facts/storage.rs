//! The file `storage`: where an instance keeps its crypto keys.

use super::{Owner, Place};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The storage mode that a `storage` file names.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StorageMode {
    /// Keys are files in the data directory of `com.adobe.granite.crypto.file`.
    Bundle,
    /// Keys are properties of `/etc/key` in the repository.
    Jcr,
    /// The text names neither.
    Unknown,
}

impl fmt::Display for StorageMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bundle => "Bundle",
            Self::Jcr => "JCR",
            Self::Unknown => "unknown",
        })
    }
}

/// A line end at the end of a file that must have none.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LineEnd {
    /// `0A`
    Lf,
    /// `0D 0A`
    CrLf,
}

impl LineEnd {
    /// Returns its usual short name.
    pub fn short(self) -> &'static str {
        match self {
            Self::Lf => "LF",
            Self::CrLf => "CR LF",
        }
    }
}

impl fmt::Display for LineEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lf => "a newline (LF)",
            Self::CrLf => "a Windows line end (CR LF)",
        })
    }
}

/// What is wrong with the text of a `storage` file, line end aside.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StorageProblem {
    /// No bytes at all, or only a line end.
    Empty,
    /// `bundle`, `BUNDLE`, `jcr`…
    Case,
    /// White space around the word, other than one line end.
    Blanks,
    /// A byte order mark in front.
    Bom,
    /// Some other content.
    Other,
}

impl fmt::Display for StorageProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::Case => "has the right word in the wrong case",
            Self::Blanks => "has white space around the word",
            Self::Bom => "starts with a byte order mark",
            Self::Other => "holds neither `Bundle` nor `JCR`",
        })
    }
}

/// What a `storage` file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Storage {
    /// The mode its text names, faults aside.
    pub mode: StorageMode,
    /// A line end after the word.
    pub line_end: Option<LineEnd>,
    /// Any other fault.
    pub problem: Option<StorageProblem>,
    /// Length of the file in bytes.
    pub bytes: u64,
}

impl Storage {
    /// Returns `true` if the file is byte for byte what AEM writes.
    pub fn is_exact(&self) -> bool {
        self.mode != StorageMode::Unknown && self.line_end.is_none() && self.problem.is_none()
    }
}

/// A file named `storage` in some bundle's data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StorageFile {
    /// What it says.
    pub storage: Storage,
    /// The directory of the bundle it lies in.
    pub directory: String,
    /// Where it was read.
    pub place: Place,
    /// Owner and mode, where the container keeps them.
    pub owner: Option<Owner>,
}
