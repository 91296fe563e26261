//! `data/hmac` and `data/master`: the crypto keys, of which only digests leave this file.
//!
//! Nothing here may put key bytes into an error, a message or a value. Parsing cannot fail, so there is no error to leak them.

use super::key_alterations::{equal_tail, lost, restored, wrapper};
use super::key_spellings::spellings;
use super::key_text::{digest, text_kind};
use super::key_traces::traces;
use super::{Fact, Found, Kind, Names, ParseError, Reads, path};
use crate::facts::{KeyDigest, KeyName, LineEnd};
use std::hash::{DefaultHasher, Hasher as _};

pub(super) const KIND: Kind = Kind {
    name: "crypto key",
    names: Names::Are(&["hmac", "master"]),
    reads: Reads::Whole(BYTES_MAX as u64),
    find,
    parse,
};

/// Bytes of a file that may be a key; real ones have less than a hundred.
const BYTES_MAX: usize = 64 << 10;

/// A key in any other directory, for `com.adobe.granite.crypto.keys.path` may name that one.
pub(super) const SMALL: Kind = Kind {
    name: "crypto key elsewhere",
    names: Names::Are(&["hmac", "master"]),
    reads: Reads::Small(BYTES_MAX as u64),
    find: find_small,
    parse,
};

/// A file that may be a copy of a key by its name, in a place where none is looked for. It is read for what it must hide, and is no
/// evidence.
pub static KEY_COPY: Kind = Kind {
    name: "copy of a crypto key",
    names: Names::Any,
    reads: Reads::Small(COPY_BYTES_MAX),
    find: find_copy,
    parse,
};

/// Bytes of a file that is read as a copy of a key: a key, digits of one, and some lines around them.
const COPY_BYTES_MAX: u64 = 4 << 10;

fn find(path: &str) -> Option<Found<'_>> {
    let name = key_name(path::split(path).1)?.file_name();
    let bundle = path::in_data(path, name)?;
    Some(Found { root: bundle.root, bundle: bundle.name, name })
}

fn find_small(path: &str) -> Option<Found<'_>> {
    let name = key_name(path::split(path).1)?.file_name();
    Some(Found { root: "", bundle: "", name })
}

fn find_copy(path: &str) -> Option<Found<'_>> {
    copied_key(path).map(|_| Found { root: "", bundle: "", name: path::split(path).1 })
}

/// Returns the key of which a file is named like a copy: `hmac.bak`, `HMAC`, `master-2024`, `author1_hmac`.
pub fn copied_key(path: &str) -> Option<KeyName> {
    let name = path::split(path).1;
    // `master.css` and `masterpage` are none.
    let is_page = ["html", "htm", "css", "js", "json", "xml", "jar", "class", "jsp", "png"];
    if name.rsplit_once('.').is_some_and(|(_, end)| is_page.contains(&end)) {
        return None;
    }
    KeyName::ALL.into_iter().find(|key| {
        let word = key.file_name().as_bytes();
        let starts = name.as_bytes().windows(word.len()).enumerate();
        let mut starts = starts.filter(|(_, part)| part.eq_ignore_ascii_case(word));
        let is_letter = |at: Option<usize>| {
            at.and_then(|at| name.as_bytes().get(at)).is_some_and(u8::is_ascii_alphabetic)
        };
        starts
            .any(|(at, _)| !is_letter(at.checked_sub(1)) && !is_letter(at.checked_add(word.len())))
    })
}

fn key_name(file: &str) -> Option<KeyName> {
    KeyName::ALL.into_iter().find(|key| key.file_name() == file)
}

fn parse(found: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    // `find` gives no other name.
    let name = key_name(found.name).unwrap_or(KeyName::Hmac);
    Ok(Fact::Key(name, Box::new(digest_key(bytes))))
}

/// What tells a copy of a body. It is made of thousands of bodies of a source, compared there, and given to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    bytes: usize,
    hash: u64,
}

/// Returns the fingerprint of a body that is small enough for a key, white space around it aside; `None` where nothing else is in it.
///
/// An editor or a shell adds line ends to a copy. Of two bodies with the same fingerprint one is a copy of the other; where chance made
/// them equal, a file too many counts as one that cannot be read.
pub fn fingerprint(bytes: &[u8]) -> Option<Fingerprint> {
    let content = bytes.trim_ascii();
    if content.is_empty() || bytes.len() > BYTES_MAX {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    Some(Fingerprint { bytes: content.len(), hash: hasher.finish() })
}

/// Returns `true` if a path is that of a key file.
pub fn is_key(path: &str) -> bool {
    find(path).is_some()
}

/// Digests a key, wherever it was read, with and without the line end that it may or may not have been given by mistake.
pub fn digest_key(bytes: &[u8]) -> KeyDigest {
    let ends = [(LineEnd::Lf, &b"\n"[..]), (LineEnd::CrLf, b"\r\n")];
    // One key in 256 ends in 0x0A by nature, so both digests are made here, and the length or a
    // peer decides later.
    let trimmed = ends
        .into_iter()
        .filter_map(|(line_end, end)| Some((line_end, digest(bytes.strip_suffix(end)?))));
    KeyDigest {
        whole: digest(bytes),
        trimmed: trimmed.collect(),
        uniform: bytes.iter().all(|byte| bytes.first() == Some(byte)),
        equal_tail: equal_tail(bytes),
        text: text_kind(bytes),
        spelled: spellings(bytes),
        traces: traces(bytes),
        restored: restored(bytes),
        lost: lost(bytes),
        wrapper: wrapper(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Hex, TextKind};

    /// Binary, as real keys are, and easy to find in any output.
    const CANARY: [u8; 16] = *b"\x01CANARY\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\xff";

    #[test]
    fn digests_are_those_of_md5sum_and_sha256sum() {
        let digest = digest(b"abc");
        assert_eq!(digest.bytes, 3);
        assert_eq!(digest.md5.to_string(), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(
            digest.sha256.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_key_without_line_end_has_no_trimmed_digest() {
        let key = digest_key(&CANARY);
        assert_eq!(key.whole, digest(&CANARY));
        assert_eq!((key.trimmed, key.uniform, key.text), (vec![], false, None));
    }

    #[test]
    fn each_possible_line_end_gives_a_candidate() {
        let lf = |content: &[u8]| (LineEnd::Lf, digest(content));
        let crlf = |content: &[u8]| (LineEnd::CrLf, digest(content));
        assert_eq!(digest_key(b"k\x01\n").trimmed, [lf(b"k\x01")]);
        assert_eq!(digest_key(b"k\x01\r\n").trimmed, [lf(b"k\x01\r"), crlf(b"k\x01")]);
        assert_eq!(digest_key(b"k\x01\n\n").trimmed, [lf(b"k\x01\n")]);
        assert_eq!(digest_key(b"k\x01\r").trimmed, []);
        assert_eq!(digest_key(b"k\n\x01").trimmed, []);
        assert_eq!(digest_key(b"\n").trimmed, [lf(b"")]);
    }

    #[test]
    fn copy_with_a_line_end_has_the_same_fingerprint() {
        let key = fingerprint(&CANARY);
        assert_eq!(fingerprint(&[&CANARY[..], b"\r\n"].concat()), key);
        assert_ne!(fingerprint(&CANARY[1..]), key);
        for bytes in [vec![], b" \n".to_vec(), vec![7; BYTES_MAX + 1]] {
            assert_eq!(fingerprint(&bytes), None);
        }
    }

    #[test]
    fn degenerate_content_is_uniform() {
        assert!(digest_key(b"").uniform);
        assert!(digest_key(&[0; 32]).uniform);
        assert!(!digest_key(b"\0\0\x01").uniform);
    }

    #[test]
    fn text_is_classified() {
        let hex = "0f".repeat(16);
        let kinds = [
            ("$ANSIBLE_VAULT;1.1;AES256\n3633\n", TextKind::AnsibleVault),
            (hex.as_str(), TextKind::Hex),
            ("AAECAwQFBgcICQoLDA0ODw==\n", TextKind::Base64),
            ("AAECAwQFBgcICQoLDA0ODw", TextKind::Base64),
            ("<!DOCTYPE html><html>", TextKind::Html),
            ("{\"hmac\": 1}", TextKind::Json),
            ("{{ vault_aem_hmac | b64decode }}\n", TextKind::Template),
            ("<%= @master %>", TextKind::Template),
            ("${AEM_HMAC}", TextKind::Template),
            ("%{hiera('hmac')}", TextKind::Template),
            ("ENC[PKCS7,MIIBeQYJKoZI]", TextKind::Template),
            ("!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3633\n", TextKind::AnsibleVault),
            ("{0f0f0f0f}", TextKind::Other),
            ("changeme", TextKind::Other),
            ("AAECAwQFBgcICQoLDA0ODw=", TextKind::Other),
            ("0f0f0f", TextKind::Other),
            (" \n", TextKind::Other),
        ];
        for (text, kind) in kinds {
            assert_eq!(digest_key(text.as_bytes()).text, Some(kind), "{text}");
        }
        assert_eq!(digest_key(b"").text, None);
        assert_eq!(digest_key(b"almost text\x7f").text, None);
    }

    #[test]
    fn longer_encodings_are_recognised() {
        assert_eq!(digest_key("ab".repeat(32).as_bytes()).text, Some(TextKind::Hex));
        let base64 = format!("{}=", "Zz9+".repeat(11).split_at(43).0);
        assert_eq!(digest_key(base64.as_bytes()).text, Some(TextKind::Base64));
        assert_eq!(digest_key("Zz9+".repeat(16).as_bytes()).text, Some(TextKind::Base64));
    }

    #[test]
    fn key_bytes_do_not_show_in_facts() {
        let with_line_end = [CANARY.as_slice(), b"\r\n"].concat();
        for name in ["hmac", "master"] {
            let path = format!("felix/bundle39/data/{name}");
            let fact = format!("{:?}", parse(&find(&path).unwrap(), &with_line_end).unwrap());
            let start = Hex([CANARY[1], CANARY[2], CANARY[3], CANARY[4]]).to_string();
            let list = format!("{CANARY:?}");
            for trace in ["CANARY", &start, list.trim_matches(['[', ']'])] {
                assert!(!fact.contains(trace), "{trace} in {fact}");
            }
        }
    }

    #[test]
    fn copies_of_keys_are_told_by_their_names() {
        for path in [
            "x/hmac",
            "x/HMAC",
            "felix/bundle39/data/hmac.bak",
            "a/Master-2024",
            "master~",
            "author1-hmac",
            "publish1_master.bin",
        ] {
            assert!(copied_key(path).is_some(), "{path}");
        }
        for path in ["hmacs", "x/masterpage", "master.css", "hmac/x", "webmaster", "mast", "x"] {
            assert_eq!(copied_key(path), None, "{path}");
        }
    }

    #[test]
    fn found_in_any_bundle_s_data_by_its_exact_name() {
        let found = Found { root: "", bundle: "bundle-old", name: "master" };
        assert_eq!(find("felix/bundle-old/data/master"), Some(found));
        for path in [
            "felix/bundle39/data/hmac.bak",
            "felix/bundle39/data/HMAC",
            "felix/bundle39/hmac",
            "felix/bundle39/data/old/hmac",
            "felix/bundle0/data/hmac",
            "hmac",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }
}
