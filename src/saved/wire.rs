//! One line.

use crate::facts::{Gap, Snapshot, SourceRecord};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The version of the lines.
pub const SCHEMA: &str = "aemtrix.facts/1";

/// One line of a file of facts; one of its four parts is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedLine<'a> {
    /// The version, `aemtrix.facts/1`.
    pub schema: Cow<'a, str>,
    /// A source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Cow<'a, SourceRecord>>,
    /// An instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Cow<'a, Snapshot>>,
    /// Something that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Cow<'a, Gap>>,
    /// Closes what one run wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// The last line of a run. Without it, lines may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// Lines of this run before this one.
    pub lines: u64,
}

/// The version alone, of a line that may be of another one.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) schema: String,
}

impl<'a> SavedLine<'a> {
    fn empty() -> Self {
        Self { schema: Cow::Borrowed(SCHEMA), ..Self::default() }
    }

    /// Makes the line of a source.
    pub fn source(record: &'a SourceRecord) -> Self {
        Self { source: Some(Cow::Borrowed(record)), ..Self::empty() }
    }

    /// Makes the line of an instance.
    pub fn instance(snapshot: &'a Snapshot) -> Self {
        Self { instance: Some(Cow::Borrowed(snapshot)), ..Self::empty() }
    }

    /// Makes the line of a gap.
    pub fn gap(gap: &'a Gap) -> Self {
        Self { gap: Some(Cow::Borrowed(gap)), ..Self::empty() }
    }

    /// Makes the line behind so many others of a run.
    pub fn end(lines: u64) -> Self {
        Self { end: Some(End { lines }), ..Self::empty() }
    }
}
