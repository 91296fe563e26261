//! `data/storage`: the word that says where an instance keeps its crypto keys.
//!
//! AEM writes `Bundle` or `JCR`, no byte more. A line end is what an editor or `echo` adds; PowerShell's `>` writes UTF-16
//! with a byte order mark.

use super::{Fact, Found, Kind, Names, ParseError, Reads, path};
use crate::facts::{LineEnd, Storage, StorageMode, StorageProblem};
use std::borrow::Cow;

pub(super) const KIND: Kind = Kind {
    name: "storage",
    names: Names::Are(&["storage"]),
    reads: Reads::Whole(64 << 10),
    find,
    parse,
};

fn find(path: &str) -> Option<Found<'_>> {
    let bundle = path::in_data(path, "storage")?;
    Some(Found { root: bundle.root, bundle: bundle.name, name: "storage" })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    Ok(Fact::Storage(read(bytes)))
}

fn read(bytes: &[u8]) -> Storage {
    let (text, bom) = without_bom(bytes);
    let (word, line_end) = without_line_end(&text);
    let (mode, problem) = judge(word);
    let problem = if bom { Some(StorageProblem::Bom) } else { problem };
    Storage { mode, line_end, problem, bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX) }
}

/// Removes a byte order mark; UTF-16 becomes one byte a character.
fn without_bom(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return (rest.into(), true);
    }
    let (rest, to_unit): (_, fn([u8; 2]) -> u16) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        _ => return (bytes.into(), false),
    };
    let units = rest.as_chunks::<2>().0.iter().map(|pair| to_unit(*pair));
    // A unit beyond Latin-1 is in neither word, so any sign may stand for it.
    (units.map(|unit| u8::try_from(unit).unwrap_or(b'?')).collect(), true)
}

fn without_line_end(text: &[u8]) -> (&[u8], Option<LineEnd>) {
    match text {
        // One line end is taken off; a second one is white space and another flaw.
        [word @ .., b'\r', b'\n'] => (word, Some(LineEnd::CrLf)),
        [word @ .., b'\n'] => (word, Some(LineEnd::Lf)),
        _ => (text, None),
    }
}

/// Returns the mode that the word names, and its gravest fault.
fn judge(word: &[u8]) -> (StorageMode, Option<StorageProblem>) {
    let bare = word.trim_ascii();
    // Adobe documents the bare word only (KA-23909); what is close to it is read to say what was
    // meant.
    let mode = if bare.eq_ignore_ascii_case(b"Bundle") {
        StorageMode::Bundle
    } else if bare.eq_ignore_ascii_case(b"JCR") {
        StorageMode::Jcr
    } else {
        StorageMode::Unknown
    };
    let problem = match mode {
        StorageMode::Unknown if bare.is_empty() => Some(StorageProblem::Empty),
        StorageMode::Unknown => Some(StorageProblem::Other),
        _ if bare != word => Some(StorageProblem::Blanks),
        _ if word != b"Bundle" && word != b"JCR" => Some(StorageProblem::Case),
        _ => None,
    };
    (mode, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use StorageMode::{Bundle, Jcr, Unknown};

    fn says(bytes: &[u8]) -> (StorageMode, Option<LineEnd>, Option<StorageProblem>) {
        let storage = read(bytes);
        assert_eq!(storage.bytes, bytes.len() as u64);
        (storage.mode, storage.line_end, storage.problem)
    }

    #[test]
    fn the_bare_word_is_exact() {
        assert_eq!(says(b"Bundle"), (Bundle, None, None));
        assert_eq!(says(b"JCR"), (Jcr, None, None));
        assert!(read(b"Bundle").is_exact());
    }

    #[test]
    fn one_line_end_is_told_by_its_kind() {
        assert_eq!(says(b"Bundle\n"), (Bundle, Some(LineEnd::Lf), None));
        assert_eq!(says(b"JCR\r\n"), (Jcr, Some(LineEnd::CrLf), None));
        assert!(!read(b"Bundle\n").is_exact());
    }

    #[test]
    fn faults_are_told_apart() {
        assert_eq!(says(b""), (Unknown, None, Some(StorageProblem::Empty)));
        assert_eq!(says(b"\n"), (Unknown, Some(LineEnd::Lf), Some(StorageProblem::Empty)));
        assert_eq!(says(b"bundle"), (Bundle, None, Some(StorageProblem::Case)));
        assert_eq!(says(b"jcr\n"), (Jcr, Some(LineEnd::Lf), Some(StorageProblem::Case)));
        assert_eq!(says(b" Bundle"), (Bundle, None, Some(StorageProblem::Blanks)));
        assert_eq!(says(b"Bundle\n\n"), (Bundle, Some(LineEnd::Lf), Some(StorageProblem::Blanks)));
        assert_eq!(says(b"Bundle\r"), (Bundle, None, Some(StorageProblem::Blanks)));
        assert_eq!(says(b"Bundles"), (Unknown, None, Some(StorageProblem::Other)));
        assert_eq!(says(b"Bundle JCR"), (Unknown, None, Some(StorageProblem::Other)));
    }

    #[test]
    fn byte_order_marks_are_seen_in_every_encoding() {
        assert_eq!(says(b"\xef\xbb\xbfBundle"), (Bundle, None, Some(StorageProblem::Bom)));
        assert_eq!(
            says(b"\xff\xfeJ\0C\0R\0\r\0\n\0"),
            (Jcr, Some(LineEnd::CrLf), Some(StorageProblem::Bom))
        );
        assert_eq!(says(b"\xfe\xff\0J\0C\0R"), (Jcr, None, Some(StorageProblem::Bom)));
        assert_eq!(says(b"\xff\xfe"), (Unknown, None, Some(StorageProblem::Bom)));
    }

    #[test]
    fn found_in_any_bundle_s_data() {
        let found = Found { root: "q", bundle: "bundle21.bak", name: "storage" };
        assert_eq!(find("q/launchpad/felix/bundle21.bak/data/storage"), Some(found));
        assert_eq!(find("q/launchpad/felix/bundle21/storage"), None);
        assert_eq!(find("q/launchpad/felix/bundle21/data/x/storage"), None);
    }
}
