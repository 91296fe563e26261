//! The main section of `META-INF/MANIFEST.MF`: who a bundle is.
//!
//! Folded lines are joined as bytes before they are decoded, for a fold may split a character. Header names have no case. The
//! section ends at the first blank line; `Name:` sections behind it may repeat any header.

use super::text;

/// The headers that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// `Bundle-SymbolicName` without its parameters.
    pub(super) symbolic_name: Option<String>,
    /// `Bundle-Version`, trimmed.
    pub(super) version: Option<String>,
    /// There is a `Fragment-Host`.
    pub(super) fragment: bool,
}

/// Characters kept of a value. The longest symbolic name of AEM 6.5 has under 100.
const VALUE_CHARS_MAX: usize = 512;

/// Reads the main section; `None` when `bytes` are only a part of the file and the section does not end in them.
pub(super) fn read(bytes: &[u8], is_whole: bool) -> Option<Manifest> {
    let mut section = Section { rest: bytes, ended: false };
    let mut manifest = Manifest::default();
    while let Some(header) = section.next_header() {
        manifest.take(&header);
    }
    // Felix 6 and newer read a last line without an end, and older ones lose it; it is accepted
    // here.
    (is_whole || section.ended).then_some(manifest)
}

impl Manifest {
    /// Notes a header if it matters; of equal ones the first counts.
    fn take(&mut self, header: &[u8]) {
        // Felix 4.6.1 to 7.0.5 refuses a bundle with two, at install too, and leaves its directory
        // as it is. So one in a cache was edited there by hand. (run)
        let Some((name, value)) = split(header) else { return };
        if name.eq_ignore_ascii_case(b"Bundle-SymbolicName") && self.symbolic_name.is_none() {
            // `com.adobe.granite.crypto;singleton:=true`: what follows are directives and
            // attributes.
            let name = value.split(|byte| *byte == b';').next().unwrap_or_default();
            self.symbolic_name = decode(name);
        } else if name.eq_ignore_ascii_case(b"Bundle-Version") && self.version.is_none() {
            self.version = decode(value);
        } else if name.eq_ignore_ascii_case(b"Fragment-Host") {
            self.fragment = true;
        }
    }
}

fn split(header: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = header.iter().position(|byte| *byte == b':')?;
    let (name, value) = header.split_at_checked(colon)?;
    // Both Java and Felix ask for the blank; `X:y` is no header to them.
    Some((name, value.strip_prefix(b": ")?))
}

fn decode(value: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(value);
    let text = text.trim();
    (!text.is_empty()).then(|| text::cut(text, VALUE_CHARS_MAX))
}

/// Cuts the main section into unfolded headers.
struct Section<'a> {
    rest: &'a [u8],
    ended: bool,
}

impl Section<'_> {
    fn next_header(&mut self) -> Option<Vec<u8>> {
        let first = text::next_line(&mut self.rest)?;
        if first.is_empty() {
            self.ended = true;
            self.rest = &[];
            return None;
        }
        // A line has at most 72 bytes, so long names are folded in the middle of words and even of
        // characters. (JAR File Specification)
        let mut header = first.to_vec();
        while self.rest.first() == Some(&b' ') {
            let fold = text::next_line(&mut self.rest)?;
            header.extend_from_slice(fold.get(1..).unwrap_or_default());
        }
        Some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> (Option<String>, Option<String>, bool) {
        let manifest = read(text.as_bytes(), true).unwrap();
        (manifest.symbolic_name, manifest.version, manifest.fragment)
    }

    fn name(text: &str) -> Option<String> {
        whole(text).0
    }

    #[test]
    fn name_is_what_stands_before_the_parameters() {
        for text in [
            "Bundle-SymbolicName: a.b;singleton:=true\r\n",
            "Bundle-SymbolicName: a.b ; x=\"c;d\"\n",
            "bundle-symbolicname:  a.b\n",
            "Bundle-SymbolicName: a.b",
            "Bundle-SymbolicName: a\n .b;singleton:=\n  true\n",
            // A CR alone ends a line as well. (JAR specification)
            "Bundle-SymbolicName: a.b\rBundle-Version: 1\r",
        ] {
            assert_eq!(name(text).as_deref(), Some("a.b"), "{text:?}");
        }
    }

    #[test]
    fn folds_are_joined_before_decoding() {
        let folded = b"Bundle-SymbolicName: gr\xc3\r\n \xb6sse\r\n";
        assert_eq!(read(folded, true).unwrap().symbolic_name.as_deref(), Some("grösse"));
    }

    #[test]
    fn only_the_main_section_counts() {
        let text = "Bundle-Version: 1\n\nName: x\nBundle-SymbolicName: evil\nBundle-Version: 2\n";
        assert_eq!(whole(text), (None, Some("1".to_owned()), false));
        assert_eq!(name("\nBundle-SymbolicName: late\n"), None);
    }

    #[test]
    fn the_first_of_equal_headers_counts() {
        assert_eq!(name("Bundle-SymbolicName: a\nBundle-SymbolicName: b\n").as_deref(), Some("a"));
    }

    #[test]
    fn what_java_rejects_is_no_header() {
        assert_eq!(name("Bundle-SymbolicName:a\n"), None);
        assert_eq!(name("Bundle-SymbolicName: ;x=y\n"), None);
        assert_eq!(name("XBundle-SymbolicName: a\n"), None);
        assert_eq!(name("no header at all"), None);
    }

    #[test]
    fn fragments_are_told() {
        assert!(whole("Fragment-Host: system.bundle\n").2);
        assert!(!whole("Fragment-Hosts: system.bundle\n").2);
    }

    #[test]
    fn a_cut_section_is_no_manifest() {
        assert_eq!(read(b"Bundle-SymbolicName: a\n", false), None);
        assert!(read(b"Bundle-SymbolicName: a\n\nName: x", false).is_some());
    }
}
