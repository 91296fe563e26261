//! How a key may be spelled in other text: pasted as it is, or as digits. Kept as digests, so that such text can be known and hidden.

use super::key_text::digest;
use crate::facts::Digest;
use crate::wiped::Wiped;

/// Bytes of the longest content that is looked at; keys have less than a hundred.
const BYTES_MAX: usize = 1024;
/// The alphabet of base64, and what the alphabet for URLs has in the last two places.
pub(super) const BASE64: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Digests every spelling of a content: as text without white space around it, in hexadecimal, and in base64 without padding.
pub(super) fn spellings(bytes: &[u8]) -> Vec<Digest> {
    if bytes.is_empty() || bytes.len() > BYTES_MAX {
        return Vec::new();
    }
    let spelled =
        |bytes| [hex(bytes), base64(bytes, BASE64), base64(bytes, BASE64_URL), text(bytes)];
    let trimmed = Some(bytes.trim_ascii()).filter(|trimmed| trimmed.len() < bytes.len());
    let all: Vec<Wiped> = [Some(bytes), trimmed].into_iter().flatten().flat_map(spelled).collect();
    let contents = all.iter().map(|spelled| spelled.as_slice().trim_ascii());
    contents.filter(|content| !content.is_empty()).map(digest).collect()
}

/// Returns the content as UTF-8, from the encoding that its byte order mark names, or else from Latin-1 where it is no UTF-8.
pub(super) fn text(bytes: &[u8]) -> Wiped {
    // In UTF-8 a byte of Latin-1 takes two, and a unit of UTF-16 up to three. A text that grows would leave
    // copies behind.
    let mut text = Wiped::with_capacity(bytes.len().saturating_mul(3));
    let mut push = |character: char| {
        let mut buffer = [0; 4];
        // Editors of Windows end a text with NUL.
        if character != '\0' {
            text.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        }
    };
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        bytes.chunks_exact(2).filter_map(|pair| Some(unit(pair.try_into().ok()?))).collect()
    };
    let wide: Option<Vec<u16>> = match bytes {
        [0xff, 0xfe, rest @ ..] => Some(units(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Some(units(rest, u16::from_be_bytes)),
        _ => None,
    };
    let narrow = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match (wide, std::str::from_utf8(narrow)) {
        (Some(wide), _) => {
            char::decode_utf16(wide)
                .for_each(|unit| push(unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
        }
        (None, Ok(narrow)) => narrow.chars().for_each(push),
        (None, Err(_)) => narrow.iter().copied().map(char::from).for_each(push),
    }
    text
}

fn hex(bytes: &[u8]) -> Wiped {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).map_or(b'0', |c| c as u8);
    let mut digits = Wiped::with_capacity(bytes.len().saturating_mul(2));
    digits.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    digits
}

pub(super) fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> Wiped {
    let mut digits = Wiped::with_capacity(bytes.len().saturating_mul(2));
    for group in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| group.get(at).copied().unwrap_or_default());
        let sixes = [a >> 2, a << 4 & 0x30 | b >> 4, b << 2 & 0x3c | c >> 6, c & 0x3f];
        let used = group.len().saturating_add(1);
        digits.extend(sixes.iter().take(used).filter_map(|six| alphabet.get(usize::from(*six))));
    }
    digits
}

/// Returns the digits of base32, without padding.
pub(super) fn base32(bytes: &[u8]) -> Wiped {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut digits = Wiped::with_capacity(bytes.len().saturating_mul(2));
    for group in bytes.chunks(5) {
        let bits = group.iter().fold(0, |bits: u64, byte| bits << 8 | u64::from(*byte));
        let missing = 5_usize.saturating_sub(group.len());
        let bits = (0..missing).fold(bits, |bits, _| bits << 8);
        let used = group.len().saturating_mul(8).div_ceil(5);
        let fives = (0..8_u32).map(|at| bits >> (35_u32.saturating_sub(at.saturating_mul(5))) & 31);
        digits
            .extend(fives.take(used).filter_map(|five| ALPHABET.get(usize::try_from(five).ok()?)));
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(content: &[u8], spelled: &str) -> bool {
        spellings(content).contains(&digest(spelled.as_bytes()))
    }

    #[test]
    fn text_is_known_in_every_encoding_and_whatever_is_around_it() {
        let wide: Vec<u8> = "key ä\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "key ä\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for content in [
            "key ä\n\n".as_bytes(),
            b" key \xe4",
            "\u{feff}key ä\0".as_bytes(),
            &[b"\xff\xfe", wide.as_slice()].concat(),
            &[b"\xfe\xff", big.as_slice()].concat(),
        ] {
            assert!(has(content, "key ä"), "{content:?}");
        }
    }

    #[test]
    fn digits_are_those_that_tools_write() {
        // xxd -p, base64, basenc --base64url
        let key = b"\xfb\xff\xbe\x00k";
        assert!(has(key, "fbffbe006b") && has(key, "+/++AGs") && has(key, "-_--AGs"));
        assert!(has(b"foobar", "Zm9vYmFy") && has(b"fo", "Zm8"));
        assert_eq!(base32(b"foobar").as_slice(), b"MZXW6YTBOI");
    }

    #[test]
    fn nothing_and_too_much_have_no_spelling() {
        assert_eq!(spellings(b""), []);
        assert_eq!(spellings(&[7; BYTES_MAX + 1]), []);
    }
}
