//! What a line is known by, wherever it stands and however it is laid out.

use super::SavedLine;
use crate::facts::Hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The identity of a line: the first half of a SHA-256 over what it says.
///
/// It survives what tools do to lines: `jq` sorts fields, Python puts blanks between them. Fields that say nothing (null, false, empty)
/// do not count, so a version that adds a field still knows the lines of those without it. The name that the user gave a source does
/// not count either: one source may be named in one run and not in another.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
#[schemars(inline)]
pub struct LineId(Hex<16>);

impl LineId {
    /// Returns the identity of a line that is to be written.
    pub(super) fn of(line: &SavedLine<'_>) -> Self {
        Self::of_value(serde_json::to_value(line).unwrap_or_default())
    }

    /// Returns the identity of a line that was read, with fields of later versions in it.
    pub(super) fn of_value(mut line: Value) -> Self {
        if let Value::Object(fields) = &mut line {
            fields.remove("schema");
            if let Some(Value::Object(instance)) = fields.get_mut("instance") {
                instance.remove("label");
            }
        }
        let mut text = String::new();
        spell(&line, &mut text);
        let digest: [u8; 32] = Sha256::digest(text).into();
        Self(Hex(digest.first_chunk().copied().unwrap_or_default()))
    }
}

/// Spells a value in the one form that stands for all its forms; returns whether it says anything.
fn spell(value: &Value, text: &mut String) -> bool {
    match value {
        Value::Null => {
            text.push('n');
            false
        }
        Value::Bool(is) => {
            text.push(if *is { 't' } else { 'f' });
            *is
        }
        Value::Number(number) => {
            spell_text(&number.to_string(), '#', text);
            true
        }
        Value::String(content) => {
            spell_text(content, '"', text);
            !content.is_empty()
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                spell(item, text);
            }
            text.push(']');
            !items.is_empty()
        }
        Value::Object(fields) => spell_fields(fields, text),
    }
}

/// The length stands before the text, so that none can look like the start of what follows.
fn spell_text(content: &str, mark: char, text: &mut String) {
    let _infallible = write!(text, "{mark}{}:{content}", content.len());
}

fn spell_fields(fields: &Map<String, Value>, text: &mut String) -> bool {
    let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    text.push('{');
    let mut says = false;
    for (name, value) in sorted {
        let start = text.len();
        spell_text(name, '"', text);
        if spell(value, text) {
            says = true;
        } else {
            text.truncate(start);
        }
    }
    text.push('}');
    says
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(line: &Value) -> LineId {
        LineId::of_value(line.clone())
    }

    #[test]
    fn layout_order_and_fields_that_say_nothing_do_not_count() {
        let line = json!({"schema": "x", "instance": {"b": [1, null, {"c": "d"}], "a": 0}});
        for same in [
            r#"{"instance":{"a":0,"b":[1,null,{"c":"d"}]},"schema":"y"}"#,
            r#" { "instance" : { "label" : "author", "b" : [ 1, null, {"c":"\u0064"} ], "a" : 0 } } "#,
            r#"{"instance":{"a":0,"b":[1,null,{"c":"d","e":false}],"f":[],"g":{"h":null},"i":""}}"#,
        ] {
            assert_eq!(id(&serde_json::from_str(same).unwrap()), id(&line), "{same}");
        }
    }

    #[test]
    fn whatever_a_line_says_counts() {
        let lines = [
            json!({"instance": {"a": 0}}),
            json!({"instance": {"a": 1}}),
            json!({"instance": {"a": "0"}}),
            json!({"instance": {"a": [0]}}),
            json!({"instance": {"a": [null, 0]}}),
            json!({"instance": {"a": [[], 0]}}),
            json!({"instance": {"b": 0}}),
            json!({"instance": {"a": 0, "b": true}}),
            json!({"instance": {"a": {"label": "x"}}}),
            json!({"instance": {"a": {"label": "y"}}}),
            json!({"gap": {"a": 0}}),
            json!({"instance": {"a": "0\"1:b"}}),
        ];
        let ids: std::collections::BTreeSet<LineId> = lines.iter().map(id).collect();
        assert_eq!(ids.len(), lines.len());
    }
}
