//! `resources/provisioning/application.json`: what Sling's feature launcher started, with its framework properties.
//!
//! The launcher writes the whole feature model there at every start, and its framework properties are those in effect: `-D` of its own command
//! line is among them (run with 1.3.4). It has no `sling.properties`, and they stand in for it. Only listed names are kept, as of that file.

use super::cursor::{ParseError, Problem};
use super::properties::statements;
use super::{Fact, Found, Kind, Names, Reads};
use crate::wiped::Wiped;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use zeroize::Zeroizing;

pub(super) const KIND: Kind = Kind {
    name: "feature model",
    names: Names::Are(&[FILE]),
    reads: Reads::Whole(8 << 20),
    find,
    parse,
};

/// Where the launcher writes the feature model, below its home.
pub const FEATURE_MODEL: &str = "resources/provisioning/application.json";
const FILE: &str = "application.json";
/// Sling 12 has about 40.
const PROPERTIES_MAX: usize = 10_000;
/// Bytes of them all; they take six times as many when each character is written with its number.
const PROPERTIES_BYTES_MAX: usize = 1 << 20;

fn find(path: &str) -> Option<Found<'_>> {
    let root = path.strip_suffix(FEATURE_MODEL)?;
    let root = if root.is_empty() { root } else { root.strip_suffix('/')? };
    Some(Found { root, bundle: "", name: FILE })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let wrong = |problem| ParseError { what: "feature model", offset: 0, problem };
    let model: Model = serde_json::from_slice(bytes)
        .map_err(|_| wrong(Problem::Expected("JSON with framework properties")))?;
    // They are written as a property file, so that the same reader decides what of them is kept.
    let Properties(all) = &model.properties;
    let bytes = all.iter().map(|(name, value)| text_bytes(name).saturating_add(text_bytes(value)));
    // What grows leaves copies of its bytes behind. A line has two bytes more.
    let room = bytes.fold(0, |sum: usize, bytes| sum.saturating_add(bytes).saturating_add(2));
    let mut text = Wiped::with_capacity(room);
    for (name, value) in all {
        push(&mut text, name);
        text.push(b'=');
        push(&mut text, value);
        text.push(b'\n');
    }
    debug_assert_eq!(text.len(), room);
    Ok(Fact::Settings(Box::new(statements(&text))))
}

/// What is read of a feature model; the rest of it is passed over.
#[derive(Deserialize)]
struct Model {
    #[serde(default, rename = "framework-properties")]
    properties: Properties,
}

#[derive(Default)]
struct Properties(Vec<(String, Zeroizing<String>)>);

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PropertiesVisitor)
    }
}

struct PropertiesVisitor;

impl<'de> Visitor<'de> for PropertiesVisitor {
    type Value = Properties;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("framework properties")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
        let (mut all, mut bytes) = (Vec::new(), 0_usize);
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            let value = Zeroizing::new(value);
            bytes = bytes.saturating_add(name.len()).saturating_add(value.len());
            if all.len() >= PROPERTIES_MAX || bytes > PROPERTIES_BYTES_MAX {
                return Err(Error::invalid_length(all.len(), &self));
            }
            all.push((name, value));
        }
        Ok(Properties(all))
    }
}

/// Appends a name or a value as a property file has it: what is no plain sign of ASCII is written with its number.
fn push(text: &mut Wiped, value: &str) {
    for unit in value.encode_utf16() {
        match plain(unit) {
            Some(byte) => text.push(byte),
            None => text.extend(format!("\\u{unit:04x}").bytes()),
        }
    }
}

/// Returns how many bytes `push` appends.
fn text_bytes(value: &str) -> usize {
    let bytes = value.encode_utf16().map(|unit| if plain(unit).is_some() { 1 } else { 6 });
    bytes.fold(0, usize::saturating_add)
}

/// Returns the byte of a sign that means itself wherever it is in a property file.
fn plain(unit: u16) -> Option<u8> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\\=:#!".contains(byte);
    u8::try_from(unit).ok().filter(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: Found<'_> = Found { root: "", bundle: "", name: FILE };

    fn settings(text: &str) -> Vec<(String, String)> {
        match parse(&FOUND, text.as_bytes()) {
            Ok(Fact::Settings(statements)) => statements.settings,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn feature_model_lies_below_the_home_of_the_launcher() {
        let root = |path| find(path).map(|found| found.root);
        assert_eq!(root("a/launcher/resources/provisioning/application.json"), Some("a/launcher"));
        assert_eq!(root("resources/provisioning/application.json"), Some(""));
        assert_eq!(root("a/provisioning/application.json"), None);
        assert_eq!(root("a/resources/provisioning/application.json.bak"), None);
        assert_eq!(root("a/other-resources/provisioning/application.json"), None);
    }

    #[test]
    fn framework_properties_are_settings() {
        let text = r#"{"id":"g:a:1", "framework-properties":{"sling.run.modes":"publish,prod", "x":"a=b",
            "com.adobe.granite.crypto.keys.path":"D:\\keys", "felix.log":"4"}}"#;
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut found = settings(text);
        found.sort();
        assert_eq!(
            found,
            [
                pair("com.adobe.granite.crypto.keys.path", "D:\\keys"),
                pair("sling.run.modes", "publish,prod")
            ]
        );
        let all = r#"{"framework-properties":{"sling.run.modes":" a\\b=c:d#e!f\n\u00e4\ud83d\ude00${x} "}}"#;
        assert_eq!(settings(all), [pair("sling.run.modes", "a\\b=c:d#e!f\nä😀${x}")]);
        assert_eq!(settings("{}"), []);
        assert_eq!(settings("{\"bundles\":[{\"id\":\"a:b:1\"}]}"), []);
    }

    #[test]
    fn what_is_no_feature_model_is_an_error() {
        for text in ["", "<html>", "{\"framework-properties\":{", "{\"framework-properties\":[]}"] {
            assert!(parse(&FOUND, text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn more_bytes_of_properties_than_any_launcher_has_are_an_error() {
        let text = |bytes: usize| {
            let half = "-".repeat(bytes / 2);
            format!("{{\"framework-properties\":{{\"{half}\":\"\",\"b\":\"{half}\"}}}}")
        };
        assert!(parse(&FOUND, text(PROPERTIES_BYTES_MAX - 2).as_bytes()).is_ok());
        assert!(parse(&FOUND, text(PROPERTIES_BYTES_MAX).as_bytes()).is_err());
    }
}
