//! One line.

use super::LineId;
use crate::facts::{Gap, Snapshot, SourceRecord};
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The version of the lines.
pub const SCHEMA: &str = "aemtrix.facts/1";

/// One line of a file of facts; one of its four parts is there. Fields are never renamed, and are only added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Line of facts of aemtrix", extend("$id" = SCHEMA), transform = one_part)]
pub struct SavedLine<'a> {
    /// The version, `aemtrix.facts/1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: Cow<'a, str>,
    /// A source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Cow<'a, SourceRecord>>,
    /// Of a source: the lines of instances and gaps that belong to it. Facts of older versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Cow<'a, BTreeSet<LineId>>>,
    /// An instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Cow<'a, Snapshot>>,
    /// Something that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Cow<'a, Gap>>,
    /// Closes what one run wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Cow<'a, End>>,
}

/// What one run wrote. Without it, nothing says whether sources are missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// Lines of this run before this one.
    pub lines: u64,
    /// The sources of the run. Facts of older versions do not say; of them, only the number of lines is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<BTreeSet<SourceRef>>,
    /// The gaps of the run that belong to no source.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub gaps: BTreeSet<GapRef>,
}

/// The line of a source, as the end of a run names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SourceRef {
    /// The source as the user named it.
    pub name: String,
    /// How it is packed.
    pub container: String,
    /// Its line.
    pub id: LineId,
}

/// The line of a gap, as the end of a run names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct GapRef {
    /// What was not read.
    pub source: String,
    /// Its line.
    pub id: LineId,
    /// The sources whose facts may be missing because of it; any when empty. Where it is not said, that is the source above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<BTreeSet<String>>,
}

/// The version alone, of a line that may be of another one.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) schema: String,
}

/// Returns the JSON Schema of a line that can be read: lines of older versions have fewer fields, and those of newer ones more.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(open));
    settings.into_generator().into_root_schema_for::<SavedLine<'_>>()
}

/// Only one part may be there, and it is not null.
fn one_part(schema: &mut Schema) {
    let part = |name: &str| json!({"required": [name], "properties": {name: {"type": "object"}}});
    let parts = ["source", "instance", "gap", "end"].map(part);
    schema.insert("oneOf".to_owned(), json!(parts));
}

/// Lets objects have more fields. Values that are one of several kinds are closed otherwise.
fn open(schema: &mut Schema) {
    if schema.get("additionalProperties") == Some(&json!(false)) {
        schema.remove("additionalProperties");
    }
}

impl<'a> SavedLine<'a> {
    fn empty() -> Self {
        Self { schema: Cow::Borrowed(SCHEMA), ..Self::default() }
    }

    /// Makes the line of a source that holds these lines, where that is known.
    pub fn source(record: &'a SourceRecord, holds: Option<&'a BTreeSet<LineId>>) -> Self {
        let holds = holds.map(Cow::Borrowed);
        Self { source: Some(Cow::Borrowed(record)), holds, ..Self::empty() }
    }

    /// Makes the line of an instance.
    pub fn instance(snapshot: &'a Snapshot) -> Self {
        Self { instance: Some(Cow::Borrowed(snapshot)), ..Self::empty() }
    }

    /// Makes the line of a gap.
    pub fn gap(gap: &'a Gap) -> Self {
        Self { gap: Some(Cow::Borrowed(gap)), ..Self::empty() }
    }

    /// Makes the line that says what a run wrote.
    pub fn end(end: &'a End) -> Self {
        Self { end: Some(Cow::Borrowed(end)), ..Self::empty() }
    }
}
