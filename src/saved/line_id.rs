//! What a line is known by, wherever it stands and however it is laid out.

use super::spelling::spelled;
use crate::facts::Hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The identity of a line: the first half of a SHA-256 over what it says.
///
/// Of `aemtrix.facts/2` that is the text of its part as it was written. A line says its own, so that one that a tool laid out anew
/// (`jq` sorts fields, Python puts blanks between them) can be written as it was and compared. The name that the user gave a source
/// is before the part: one source may be named in one run and not in another. So do trials, which are made with the keys of a
/// whole run.
///
/// Lines of `aemtrix.facts/1` do not say theirs. It is found by spelling the line in one way.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
#[schemars(inline)]
pub struct LineId(Hex<16>);

impl std::fmt::Display for LineId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl LineId {
    /// Returns the identity of a line by the text of its part.
    pub(super) fn of_part(text: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(text).into();
        Self(Hex(digest.first_chunk().copied().unwrap_or_default()))
    }

    /// Returns the identity of a line of `aemtrix.facts/1`, with fields of later versions in it, and the bytes of the longest text in it.
    pub(super) fn of_old(line: &[u8]) -> serde_json::Result<(Self, usize)> {
        let (spelled, longest) = spelled(line)?;
        Ok((Self::of_part(&spelled), longest))
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
        LineId::of_old(line.as_bytes()).unwrap().0
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
