//! One line.

use crate::facts::{Gap, Snapshot, SourceRecord};
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::borrow::Cow;

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
