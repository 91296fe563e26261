//! What of a key file may be an AES key of 128 bits, as it is and without the flaw that it may have.
//!
//! Only these bytes leave the file, to be tried on protected values and wiped. The form of 32 bytes is Adobe's own; it is not tried.

use super::key_alterations::undone;
use crate::facts::{Alteration, KeyName, LineEnd, MasterFlaw};
use crate::wiped::Wiped;

/// Bytes of a key of AES-128.
const KEY_BYTES: usize = 16;

/// Returns the keys that the content of a file of this name may be, each once, the content as it is first.
pub fn masters(name: KeyName, bytes: &[u8]) -> Vec<(Option<MasterFlaw>, Wiped)> {
    let is_key = bytes.len() == KEY_BYTES;
    match name {
        // A hmac of 16 bytes is a master under its name.
        KeyName::Hmac if is_key => vec![(Some(MasterFlaw::Swapped), Wiped::from(bytes))],
        KeyName::Hmac => Vec::new(),
        KeyName::Master if is_key => vec![(None, Wiped::from(bytes))],
        KeyName::Master => flawed(bytes),
    }
}

/// Returns what a file of another length would be without a flaw.
fn flawed(bytes: &[u8]) -> Vec<(Option<MasterFlaw>, Wiped)> {
    let ends = [(LineEnd::Lf, &b"\n"[..]), (LineEnd::CrLf, b"\r\n")];
    let ends = ends.into_iter().filter_map(|(line_end, end)| {
        let content = bytes.strip_suffix(end)?;
        Some((MasterFlaw::LineEnd(line_end), Wiped::from(content)))
    });
    let altered =
        undone(bytes).into_iter().map(|(how, content)| (MasterFlaw::Altered(how), content));
    let mut all: Vec<(Option<MasterFlaw>, Wiped)> = Vec::new();
    for (flaw, content) in ends.chain(altered).chain(with_one_cr(bytes)) {
        let is_new = all.iter().all(|(_, known)| *known != content);
        if content.len() == KEY_BYTES && is_new {
            all.push((Some(flaw), content));
        }
    }
    all
}

/// Puts back the one CR that a tool may have taken from before a LF.
fn with_one_cr(bytes: &[u8]) -> Vec<(MasterFlaw, Wiped)> {
    if bytes.len().checked_add(1) != Some(KEY_BYTES) {
        return Vec::new();
    }
    let with_cr = |at: usize| {
        let (before, behind) = bytes.split_at_checked(at)?;
        let mut content = Wiped::with_capacity(KEY_BYTES);
        content.extend_from_slice(before);
        content.push(b'\r');
        content.extend_from_slice(behind);
        Some((MasterFlaw::Altered(Alteration::CrLfToLf), content))
    };
    memchr::memchr_iter(b'\n', bytes).filter_map(with_cr).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Hex;

    /// A key with bytes that tools change.
    const KEY: [u8; 16] = *b"\x01\x80\xe4\r\nkey\n\xff\x00\x10\x20\x30\x40\x99";

    fn flaws(name: KeyName, bytes: &[u8]) -> Vec<Option<MasterFlaw>> {
        let all = masters(name, bytes).into_iter();
        all.filter(|(_, key)| key.as_slice() == KEY).map(|(flaw, _)| flaw).collect()
    }

    #[test]
    fn key_is_tried_as_it_is_and_without_each_flaw() {
        let altered = |how| Some(MasterFlaw::Altered(how));
        let utf8: String = KEY.iter().map(|byte| char::from(*byte)).collect();
        let utf16: Vec<u8> = utf8.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let hex = Hex(KEY).to_string();
        let cases: [(Vec<u8>, Option<MasterFlaw>); 8] = [
            (KEY.to_vec(), None),
            ([&KEY[..], b"\n"].concat(), Some(MasterFlaw::LineEnd(LineEnd::Lf))),
            ([&KEY[..], b"\r\n"].concat(), Some(MasterFlaw::LineEnd(LineEnd::CrLf))),
            (utf8.into_bytes(), altered(Alteration::Utf8)),
            (utf16, altered(Alteration::Utf16)),
            (format!("{hex}\n").into_bytes(), altered(Alteration::Hex)),
            (b"AYDkDQprZXkK/wAQIDBAmQ==\n".to_vec(), altered(Alteration::Base64)),
            ([&KEY[..3], &KEY[4..]].concat(), altered(Alteration::CrLfToLf)),
        ];
        for (bytes, flaw) in cases {
            assert_eq!(flaws(KeyName::Master, &bytes), [flaw], "{flaw:?}");
        }
        assert_eq!(flaws(KeyName::Hmac, &KEY), [Some(MasterFlaw::Swapped)]);
    }

    #[test]
    fn form_that_is_adobe_s_own_is_not_tried() {
        assert!(masters(KeyName::Master, &[0x81; 32]).is_empty());
        assert!(masters(KeyName::Hmac, &[0x81; 32]).is_empty());
        assert!(masters(KeyName::Master, b"").is_empty());
    }
}
