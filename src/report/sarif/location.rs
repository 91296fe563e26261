//! Places as SARIF names them: an address of the file, and names of instances.

use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireLocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) physical_location: Option<WirePhysical>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logical_locations: Vec<WireLogical>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WirePhysical {
    artifact_location: WireArtifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<WireRegion>,
}

/// A line of a file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRegion {
    start_line: u64,
}

#[derive(Serialize)]
pub(super) struct WireArtifact {
    uri: String,
}

impl WireArtifact {
    /// Makes the address of a source.
    pub(super) fn of_source(source: &str) -> Self {
        Self { uri: uri(source, None) }
    }
}

/// An instance of a farm.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireLogical {
    pub(super) name: String,
    pub(super) fully_qualified_name: String,
    pub(super) kind: &'static str,
}

impl WireLocation {
    /// Makes the location of a source, or of a file in it.
    pub(super) fn of_file(source: &str, path: Option<&str>) -> Self {
        let artifact_location = WireArtifact { uri: uri(source, path) };
        let physical_location = Some(WirePhysical { artifact_location, region: None });
        Self { physical_location, logical_locations: Vec::new() }
    }

    /// Names the line, from 1. What is about a whole file is at its first: GitHub shows no result without a line (GH1003 of Microsoft's
    /// validator).
    pub(super) fn at_line(mut self, line: Option<u64>) -> Self {
        if let Some(physical) = &mut self.physical_location {
            physical.region = Some(WireRegion { start_line: line.unwrap_or(1).max(1) });
        }
        self
    }
}

/// Returns the address of a file in a source, as if the source were a directory.
///
/// Everything is percent-encoded but what has no meaning in an address, so that no name can become a scheme, a host or a query.
fn uri(source: &str, path: Option<&str>) -> String {
    let mut text = source.trim_end_matches('/').to_owned();
    if text.is_empty() {
        text.push_str(if source.starts_with('/') { "/" } else { "." });
    }
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        text.push('/');
        text.push_str(path.trim_start_matches('/'));
    }
    // A relative address stays one, so that a viewer
    // resolves it where the sources lie for its reader.
    let start = if text.starts_with('/') { "file://" } else { "" };
    let mut uri = start.to_owned();
    let mut last = '\0';
    for character in text.chars() {
        // An empty part at the start would name a host.
        if character == '/' && last == '/' {
            continue;
        }
        encode(character, &mut uri);
        last = character;
    }
    uri
}

fn encode(character: char, uri: &mut String) {
    // The unreserved characters of RFC 3986 §2.3, and the slash between parts.
    if character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_' | '~' | '/') {
        return uri.push(character);
    }
    let mut bytes = [0; 4];
    for byte in character.encode_utf8(&mut bytes).bytes() {
        // Writing to a string cannot fail.
        let _ = write!(uri, "%{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_that_of_the_file_in_its_source() {
        assert_eq!(uri("up/a.tar.gz", Some("crx/b c")), "up/a.tar.gz/crx/b%20c");
        assert_eq!(uri("/mnt/crx/", Some("conf")), "file:///mnt/crx/conf");
        assert_eq!(uri("-", None), "-");
        assert_eq!((uri("", None), uri("/", None)), (".".to_owned(), "file:///".to_owned()));
    }

    #[test]
    fn no_name_becomes_a_scheme_host_or_query() {
        // A viewer makes links of these, so a colon or two slashes must not say where to.
        assert_eq!(uri("javascript:x", None), "javascript%3Ax");
        assert_eq!(uri("//evil/x", None), "file:///evil/x");
        assert_eq!(uri("a?b#c%41", Some("\u{202e}\n")), "a%3Fb%23c%2541/%E2%80%AE%0A");
    }
}
