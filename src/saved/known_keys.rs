//! Keys in the text of saved facts, shown by their digests.
//!
//! What was read alone was compared with its own keys, and another instance may have pasted one of theirs. Of saved facts only the
//! digests of keys are known: a text holds a key where a part of it, as it stands, in hexadecimal or in base64, is one whole key.

use crate::facts::{Hex, KeyDigest, key_parts};
use crate::wiped::Wiped;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a key that is looked for. Words of fewer are everywhere.
const BYTES_MIN: u64 = 8;
/// The same at most; keys have less than a hundred.
const BYTES_MAX: u64 = 1024;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The keys of all instances that were read, by length.
#[derive(Debug, Default)]
pub(super) struct KnownKeys(BTreeMap<usize, BTreeSet<Hex<32>>>);

impl KnownKeys {
    pub(super) fn of<'f>(keys: impl Iterator<Item = &'f KeyDigest>) -> Self {
        let mut known = Self::default();
        known.extend(keys);
        known
    }

    /// Adds keys.
    pub(super) fn extend<'f>(&mut self, keys: impl Iterator<Item = &'f KeyDigest>) {
        // Sixteen times one byte is the number of many things.
        for key in keys.filter(|key| !key.uniform) {
            let trimmed = key.trimmed.iter().map(|(_, digest)| digest);
            for digest in trimmed.chain([&key.whole]) {
                let is_one = (BYTES_MIN..=BYTES_MAX).contains(&digest.bytes);
                if let Some(bytes) = usize::try_from(digest.bytes).ok().filter(|_| is_one) {
                    self.0.entry(bytes).or_default().insert(digest.sha256);
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `true` if a text holds one of them.
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.has_form(text.trim()) || key_parts(text).any(|part| self.has_form(part))
    }

    /// Returns `true` if a text is a key as it stands, in hexadecimal with or without dashes, or in base64.
    fn has_form(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let may_be = |bytes: usize| self.0.contains_key(&bytes);
        let base64 = text.trim_end_matches('=').len().saturating_mul(3) / 4;
        self.has(bytes)
            || may_be(base64) && from_base64(bytes).is_some_and(|bytes| self.has(&bytes))
            || text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
                && self.has(&from_hex(bytes))
    }

    fn has(&self, bytes: &[u8]) -> bool {
        let of_length = self.0.get(&bytes.len());
        of_length.is_some_and(|keys| keys.contains(&Hex(Sha256::digest(bytes).into())))
    }
}

/// Returns the bytes that pairs of digits spell, whatever stands between these; nothing where a digit is left.
fn from_hex(text: &[u8]) -> Wiped {
    let digits = text.iter().filter_map(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Wiped::with_capacity(text.len() / 2);
    let mut high = None;
    for digit in digits.filter_map(|digit| u8::try_from(digit).ok()) {
        match high.take() {
            None => high = Some(digit << 4),
            Some(high) => bytes.push(high | digit),
        }
    }
    if high.is_some() { Wiped::default() } else { bytes }
}

/// Returns the bytes that digits of base64 of either alphabet spell; `None` where there are other letters, or the last digit has bits
/// that belong to no byte.
fn from_base64(text: &[u8]) -> Option<Wiped> {
    let mut bytes = Wiped::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0_u32);
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last.saturating_add(1));
    for byte in text.get(..end).unwrap_or_default() {
        let byte = match byte {
            // The alphabet for URLs and file names (RFC 4648 §5).
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        };
        let six = ALPHABET.iter().position(|digit| *digit == byte)?;
        bits = (bits << 6 | u32::try_from(six).ok()?) & 0xFFFF;
        count = count.saturating_add(6);
        if let Some(left) = count.checked_sub(8) {
            bytes.push(u8::try_from(bits >> left & 0xFF).ok()?);
            count = left;
        }
    }
    // RFC 4648 §3.5: bits that fill up the last digit are zero, or one key had several spellings.
    (count < 6 && bits & (1_u32 << count).saturating_sub(1) == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::digest_key;

    const KEY: [u8; 16] = *b"\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae\xaf";

    fn known(keys: &[&[u8]]) -> KnownKeys {
        let keys: Vec<KeyDigest> = keys.iter().map(|key| digest_key(key)).collect();
        KnownKeys::of(keys.iter())
    }

    #[test]
    fn whole_key_is_found_as_it_stands_and_as_digits() {
        let keys = known(&[&KEY, b"changeme\n", b"\0\0\0\0\0\0\0\0", b"short"]);
        for text in [
            "changeme",
            " changeme\n",
            "/opt/changeme/x",
            "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
            "/opt/A0A1A2A3-A4A5A6A7A8A9AAABACADAEAF.d/A0A1A2A3A4A5A6A7A8A9AAABACADAEAF",
            "x=oKGio6SlpqeoqaqrrK2urw==",
            "oKGio6SlpqeoqaqrrK2urw",
        ] {
            assert!(keys.are_in(text), "{text}");
        }
        for text in
            ["", "short", "changeme2", "a0a1a2a3a4a5a6a7a8a9aaabacadaeae", "0000000000000000"]
        {
            assert!(!keys.are_in(text), "{text}");
        }
        assert!(!KnownKeys::default().are_in("changeme"));
    }

    #[test]
    fn digits_that_spell_no_bytes_spell_nothing() {
        assert_eq!(&*from_base64(b"Zm9vYmE=").unwrap(), b"fooba");
        assert_eq!(*from_base64(b"-_-_").unwrap(), *from_base64(b"+/+/").unwrap());
        for text in [&b"Zm9vYmF"[..], b"Zm9v!", b"Z"] {
            assert!(from_base64(text).is_none());
        }
        assert_eq!(&*from_hex(b"6f-6F"), b"oo");
        assert!(from_hex(b"6f6").is_empty());
    }
}
