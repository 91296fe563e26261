//! Who an instance is: Sling id, role, run modes.

use super::Place;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The id that Sling gives an instance at its first start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SlingId {
    /// Canonical lower-case UUID.
    pub uuid: String,
    /// Where it was read.
    pub place: Place,
}

/// Author or publish.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Content is made here.
    Author,
    /// Content is served here.
    Publish,
}

impl Role {
    /// Returns the run mode.
    pub fn label(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Publish => "publish",
        }
    }
}

/// The part of an author in a cold standby, which keeps a copy of its repository on a second machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandbyMode {
    /// It is in use.
    Primary,
    /// It waits to be promoted.
    Standby,
}

impl StandbyMode {
    /// Reads a run mode, or the mode in a configuration.
    pub(super) fn of(mode: &str) -> Option<Self> {
        match mode.trim() {
            "primary" => Some(Self::Primary),
            "standby" => Some(Self::Standby),
            _ => None,
        }
    }

    /// Returns the run mode.
    pub fn label(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// The install run modes chosen at the first start, from `sling.options.file`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunModes {
    /// The selected mode of each option group, in file order.
    pub selected: Vec<String>,
    /// Where they were read.
    pub place: Place,
}
