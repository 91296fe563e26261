//! Which masters open the protected values of an instance: found by trying, kept as digests.

use super::{Alteration, Digest, Hex, LineEnd};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What came of trying the masters of one run on the protected values of one instance. Neither is kept.
///
/// Each of the values was tried with each of the masters. What is in neither list was not tried.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Trials {
    /// The masters that were tried, by the md5 of what they lie in, a file or a property, and by that of each key itself where it has a
    /// flaw there.
    pub masters: BTreeSet<Hex<16>>,
    /// What opens each value that was tried, by the SHA-256 of its text.
    pub values: BTreeMap<Hex<32>, BTreeSet<Opening>>,
    /// Why more was not tried; `None` where everything was.
    pub gap: Option<Untried>,
}

/// Why not everything was tried.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Untried {
    /// Even its own values and keys are too many.
    All,
    /// Some of its values are too long, or there are too many in the run.
    Values,
    /// Some masters of other instances.
    Masters,
}

impl fmt::Display for Untried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "its values and keys are more than are tried",
            Self::Values => {
                "some values are too long, or there are more in this run than are tried"
            }
            Self::Masters => "there are more keys in this run than are tried on all values",
        })
    }
}

/// A master that opens a value.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Opening {
    /// The md5 of what it lies in, or of the key itself.
    pub master: Hex<16>,
    /// What is wrong with what it lies in: only without that, it opens the value.
    pub flaw: Option<MasterFlaw>,
}

/// What keeps a master from being a key as it lies there.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MasterFlaw {
    /// A line end follows it.
    LineEnd(LineEnd),
    /// A tool altered it.
    Altered(Alteration),
    /// It lies under the name of the hmac.
    Swapped,
}

impl fmt::Display for MasterFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineEnd(line_end) => write!(f, "followed by {line_end}"),
            Self::Altered(alteration) => alteration.fmt(f),
            Self::Swapped => f.write_str("under the name hmac"),
        }
    }
}

/// A protected value in the content of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct StoredSecret {
    /// The path of its node.
    pub path: String,
    /// The property it is in.
    pub property: String,
    /// Digest of its text, which is not kept.
    pub digest: Digest,
}
