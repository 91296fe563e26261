//! What a line is known by, wherever it stands and however it is laid out.

use super::SavedLine;
use super::spelling::spelled;
use crate::facts::Hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The identity of a line: the first half of a SHA-256 over what it says.
///
/// It survives what tools do to lines: `jq` sorts fields, Python puts blanks between them. Fields that say nothing (null, false, empty)
/// do not count, so a version that adds a field still knows the lines of those without it. The name that the user gave a source does
/// not count either: one source may be named in one run and not in another. Nor do trials, which are made with the keys of a whole run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
#[schemars(inline)]
pub struct LineId(Hex<16>);

impl LineId {
    /// Returns the identity of a line that is to be written.
    pub(super) fn of(line: &SavedLine<'_>) -> Self {
        let text = serde_json::to_vec(line).unwrap_or_default();
        // What was written just now can be read.
        Self::of_text(&text).map_or(Self(Hex([0; 16])), |(id, _)| id)
    }

    /// Returns the identity of a line that was read, with fields of later versions in it, and the bytes of the longest text in it.
    pub(super) fn of_text(line: &[u8]) -> serde_json::Result<(Self, usize)> {
        let (spelled, longest) = spelled(line)?;
        let digest: [u8; 32] = Sha256::digest(spelled).into();
        Ok((Self(Hex(digest.first_chunk().copied().unwrap_or_default())), longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn id(line: &Value) -> LineId {
        id_of(&line.to_string())
    }

    fn id_of(line: &str) -> LineId {
        LineId::of_text(line.as_bytes()).unwrap().0
    }

    #[test]
    fn layout_order_and_fields_that_say_nothing_do_not_count() {
        let line = json!({"schema": "x", "instance": {"b": [1, null, {"c": "d"}], "a": 0}});
        for same in [
            r#"{"instance":{"a":0,"b":[1,null,{"c":"d"}]},"schema":"y"}"#,
            r#" { "instance" : { "label" : "author", "trials" : [ { "masters" : [ "0" ] } ], "b" : [ 1, null, {"c":"\u0064"} ], "a" : 0 } } "#,
            r#"{"instance":{"a":0,"b":[1,null,{"c":"d","e":false}],"f":[],"g":{"h":null},"i":""}}"#,
        ] {
            assert_eq!(id_of(same), id(&line), "{same}");
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
