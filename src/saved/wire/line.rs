//! One line of `aemtrix.facts/2`.

use super::super::{EscapedJson, LineId};
use super::{SavedBundle, SavedBundles, SavedInstance};
use crate::facts::{Gap, RunRecord, Snapshot, SourceRecord, Trials};
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::ser::CompactFormatter;
use serde_json::{Serializer, json};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// The version of the lines.
pub const SCHEMA: &str = "aemtrix.facts/2";

/// One line of a file of facts; one of its six parts is there. Fields are never renamed, and are only added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Line of facts of aemtrix", extend("$id" = SCHEMA), transform = one_part)]
pub struct SavedLine<'a> {
    /// The version, `aemtrix.facts/2`.
    #[schemars(extend("const" = SCHEMA))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Cow<'a, str>>,
    /// The first half of a SHA-256 over the bytes of the line as it was written, from the first `"` of its part to the line end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<LineId>,
    /// How many times later versions added fields. Lines of this version do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minor: Option<u32>,
    /// Of an instance: the name that the user gave its source. It does not count for the id: one run may name it and another not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Cow<'a, str>>,
    /// Of an instance: which masters open its protected values, by run. It does not count for the id: masters are those of a whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<Cow<'a, BTreeSet<Trials>>>,
    /// A source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Cow<'a, SourceRecord>>,
    /// Of a source: the lines of instances and gaps that belong to it. Facts of `aemtrix.facts/1` may not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Cow<'a, BTreeSet<LineId>>>,
    /// An instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Box<SavedInstance<'a>>>,
    /// Bundles that instances have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundles: Option<Cow<'a, [SavedBundle<'a>]>>,
    /// The numbers that bundles have on an instance, which others may have as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Cow<'a, [u64]>>,
    /// Something that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Cow<'a, Gap>>,
    /// Closes what one run wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Cow<'a, End>>,
}

/// What one run wrote. Without it, nothing says whether sources are missing. A run of many sources ends with several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// Of `aemtrix.facts/1`: lines of the run before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub lines: Option<u64>,
    /// Sources of the run. Facts of `aemtrix.facts/1` may not say; of them, only the number of lines is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<BTreeSet<SourceRef>>,
    /// Gaps of the run that belong to no source.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub gaps: BTreeSet<GapRef>,
    /// What the run says of itself, and of facts that were merged, what each run said.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub runs: BTreeSet<RunRecord>,
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

/// Returns the JSON Schema of a line that can be read: lines of older versions have fewer fields, and those of newer ones more.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(open));
    settings.into_generator().into_root_schema_for::<SavedLine<'_>>()
}

/// Returns a value as JSON in one line.
fn text_of(value: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::new();
    let formatter = EscapedJson(CompactFormatter);
    // What is written here has a form in JSON, and memory takes it.
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, formatter));
    debug_assert!(written.is_ok(), "{written:?}");
    text
}

/// Only one part may be there, and it is not null.
fn one_part(schema: &mut Schema) {
    let part =
        |name: &str, kind: &str| json!({"required": [name], "properties": {name: {"type": kind}}});
    let objects = ["source", "instance", "gap", "end"].map(|name| part(name, "object"));
    let lists = ["bundles", "numbers"].map(|name| part(name, "array"));
    let parts: Vec<_> = objects.into_iter().chain(lists).collect();
    schema.insert("oneOf".to_owned(), json!(parts));
    schema.insert("required".to_owned(), json!(["schema", "id"]));
}

/// Lets objects have more fields. Values that are one of several kinds are closed otherwise.
fn open(schema: &mut Schema) {
    if schema.get("additionalProperties") == Some(&json!(false)) {
        schema.remove("additionalProperties");
    }
}

impl<'a> SavedLine<'a> {
    /// Makes the line of a source that holds these lines, where that is known.
    pub fn source(record: &'a SourceRecord, holds: Option<&'a BTreeSet<LineId>>) -> Self {
        let holds = holds.map(Cow::Borrowed);
        Self { source: Some(Cow::Borrowed(record)), holds, ..Self::default() }
    }

    /// Makes the line of an instance whose bundles are in other lines.
    pub(in super::super) fn instance(snapshot: &'a Snapshot, bundles: &'a SavedBundles) -> Self {
        let label = snapshot.label.as_deref().map(Cow::Borrowed);
        let trials = (!snapshot.trials.is_empty()).then_some(Cow::Borrowed(&snapshot.trials));
        let instance = Some(Box::new(SavedInstance::new(snapshot, bundles)));
        Self { label, trials, instance, ..Self::default() }
    }

    /// Makes a line of bundles that instances have in common.
    pub(in super::super) fn bundles(bundles: impl Into<Cow<'a, [SavedBundle<'a>]>>) -> Self {
        Self { bundles: Some(bundles.into()), ..Self::default() }
    }

    /// Makes a line of numbers of bundles.
    pub(in super::super) fn numbers(numbers: impl Into<Cow<'a, [u64]>>) -> Self {
        Self { numbers: Some(numbers.into()), ..Self::default() }
    }

    /// Makes the line of a gap.
    pub fn gap(gap: &'a Gap) -> Self {
        Self { gap: Some(Cow::Borrowed(gap)), ..Self::default() }
    }

    /// Makes the line that says what a run wrote.
    pub fn end(end: &'a End) -> Self {
        Self { end: Some(Cow::Borrowed(end)), ..Self::default() }
    }

    /// Writes the line, and returns what it is known by.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<LineId> {
        let (id, part) = self.part();
        // By hand, so that the part is the very bytes that the id was taken of.
        write!(out, "{{\"schema\":\"{SCHEMA}\",\"id\":\"{id}\",")?;
        let apart = [
            ("label", self.label.as_ref().map(text_of)),
            ("trials", self.trials.as_ref().map(text_of)),
        ];
        for (name, text) in apart {
            if let Some(text) = text {
                write!(out, "\"{name}\":")?;
                out.write_all(&text)?;
                out.write_all(b",")?;
            }
        }
        out.write_all(&part)?;
        out.write_all(b"\n")?;
        Ok(id)
    }

    /// Returns what the line is known by, and the text of its part with the brace that ends the line.
    pub(in super::super) fn part(&self) -> (LineId, Vec<u8>) {
        let part =
            Self { schema: None, id: None, minor: None, label: None, trials: None, ..self.clone() };
        let mut text = text_of(&part);
        // The brace goes, since `write` puts the version and the id in front of the part.
        text.splice(..text.len().min(1), []);
        (LineId::of_part(&text), text)
    }
}
