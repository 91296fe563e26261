//! Values for templates: whatever a template does with a text, it cannot act on the reader's screen.

use super::printable;
use serde::Serialize;
use serde_json::Value;
use std::io;

/// Returns a value for a template, with every text in it made [`printable`].
///
/// # Errors
///
/// Fails where a value has no form in JSON; those of reports all have one.
pub(super) fn escaped(value: &impl Serialize) -> io::Result<minijinja::Value> {
    Ok(minijinja::value::Serde(clean(serde_json::to_value(value)?)).into())
}

fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(printable(&text).into_owned()),
        Value::Array(list) => Value::Array(list.into_iter().map(clean).collect()),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (printable(&name).into_owned(), clean(value)))
                .collect(),
        ),
        other => other,
    }
}
