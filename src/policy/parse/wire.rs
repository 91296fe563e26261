//! The file as it is written, and its JSON Schema.

use super::NOT_TO_SUPPRESS;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use toml::Spanned;

/// The version of the file. It does not say so itself.
const SCHEMA: &str = "aemtrix.policy/1";

/// What is expected of the farms, and which findings count: `aemtrix scan --policy FILE`, a TOML document.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Policy of aemtrix", extend("$id" = SCHEMA))]
pub(super) struct Wire {
    /// Farms that must come.
    #[serde(default)]
    pub(super) farm: Vec<PolicyFarmWire>,
    /// Farms that must not share keys.
    #[serde(default)]
    #[schemars(with = "Vec<WireDiffer>")]
    pub(super) differ: Vec<Spanned<WireDiffer>>,
    /// Severities by rule.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, WireLevel>")]
    pub(super) severity: BTreeMap<Spanned<String>, WireLevel>,
    /// Findings that are not to count.
    #[serde(default)]
    pub(super) suppress: Vec<PolicySuppressionWire>,
}

/// A farm that must come.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
// The parser asks for instances itself, to say which farm has none.
#[schemars(rename = "Farm", extend("required" = ["name", "instance"]))]
pub(super) struct PolicyFarmWire {
    /// Its name in reports.
    #[schemars(with = "SchemaText")]
    pub(super) name: Spanned<String>,
    /// The md5 or sha256 that this key must have.
    #[schemars(with = "Option<KeyDigest>")]
    pub(super) hmac: Option<Spanned<String>>,
    /// The md5 or sha256 that this key must have.
    #[schemars(with = "Option<KeyDigest>")]
    pub(super) master: Option<Spanned<String>>,
    /// Its instances.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(super) instance: Vec<PolicyInstanceWire>,
}

/// An instance that must come.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Instance")]
pub(super) struct PolicyInstanceWire {
    /// Its name in reports.
    #[schemars(with = "SchemaText")]
    pub(super) name: Spanned<String>,
    /// A glob on the source, its file name, or the name made from it; without it, the name itself.
    #[schemars(with = "Option<SchemaText>")]
    pub(super) source: Option<Spanned<String>>,
    /// The role that it must have.
    pub(super) role: Option<WireRole>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum WireRole {
    Author,
    Publish,
}

/// Farms that must not share keys.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Differ")]
pub(super) struct WireDiffer {
    /// Their names.
    #[schemars(with = "Vec<String>", length(min = 2), extend("uniqueItems" = true))]
    pub(super) farms: Vec<Spanned<String>>,
    /// The keys that must differ; without it, all.
    #[schemars(length(min = 1))]
    pub(super) keys: Option<Vec<PolicyKeyWire>>,
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum PolicyKeyWire {
    Hmac,
    Master,
}

/// How grave findings are to count; `off` leaves them out.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Level")]
pub(super) enum WireLevel {
    Error,
    Warning,
    Note,
    Off,
}

/// Findings that are not to count, and why.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Suppression")]
pub(super) struct PolicySuppressionWire {
    /// The rule; `aemtrix rules` lists them.
    #[schemars(with = "String")]
    pub(super) rule: Spanned<String>,
    /// The farm; without it, any.
    #[schemars(with = "Option<SchemaText>")]
    pub(super) farm: Option<Spanned<String>>,
    /// Globs, one of which each instance of the finding must match; without them, any instance.
    #[schemars(with = "Option<Vec<SchemaText>>", extend("minItems" = 1))]
    pub(super) instances: Option<Spanned<Vec<Spanned<String>>>>,
    /// Why.
    #[schemars(with = "SchemaText")]
    pub(super) reason: Spanned<String>,
    /// The last day on which it holds, a string `YYYY-MM-DD`; without it, for good.
    #[schemars(with = "Option<Day>")]
    pub(super) until: Option<Spanned<String>>,
}

/// A text that says something.
#[derive(JsonSchema)]
#[schemars(inline, extend("pattern" = r"\S"))]
struct SchemaText(#[allow(dead_code, reason = "it only has a schema")] String);

/// The md5 or sha256 of a key.
#[derive(JsonSchema)]
#[schemars(inline, extend("pattern" = "^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{64})$"))]
struct KeyDigest(#[allow(dead_code, reason = "it only has a schema")] String);

/// A day.
#[derive(JsonSchema)]
#[schemars(inline, extend("pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
struct Day(#[allow(dead_code, reason = "it only has a schema")] String);

/// Returns the JSON Schema of a policy; `rules` are the ids of all rules.
///
/// It is as strict as it can be, for editors to tell mistakes early. What concerns several places at once only `parse` tells.
pub fn schema(rules: &[&str]) -> Schema {
    let mut schema = schema_for!(Wire);
    let may_be_suppressed = rules.iter().filter(|rule| !NOT_TO_SUPPRESS.contains(rule));
    let rules_of = [
        ("/properties/severity", "propertyNames", json!({ "enum": rules })),
        (
            "/$defs/Suppression/properties/rule",
            "enum",
            may_be_suppressed.copied().collect::<Value>(),
        ),
    ];
    for (place, key, value) in rules_of {
        if let Some(Value::Object(member)) = schema.pointer_mut(place) {
            member.insert(key.to_owned(), value);
        }
    }
    schema
}
