//! Digests of bytes, and what kind of text they are where they should be a key.

use crate::facts::{Digest, Hex, TextKind};
use crate::wiped::Wiped;
use md5::{Digest as _, Md5};
use sha2::Sha256;

/// Lengths in bytes of the keys that AEM writes, raw or obfuscated.
pub(super) const KEY_BYTES: [usize; 3] = [16, 32, 48];

/// Digests bytes that are not kept.
pub fn digest(bytes: &[u8]) -> Digest {
    Digest {
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        md5: Hex(Md5::digest(bytes).into()),
        sha256: Hex(Sha256::digest(bytes).into()),
    }
}

/// Returns a text as it was before what programs put around it: a byte order mark (`Out-File -Encoding utf8` of PowerShell 5), the zero
/// behind a string of C, the end of a file of DOS.
pub(super) fn bare(bytes: &[u8]) -> &[u8] {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.strip_suffix(b"\0").or_else(|| text.strip_suffix(b"\x1a")).unwrap_or(text)
}

/// Returns the kind of text, when there is some and every byte is printable or white space.
pub(super) fn text_kind(bytes: &[u8]) -> Option<TextKind> {
    let bytes = bare(bytes);
    let printable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    // Of 16 random bytes, all are printable once in four million keys.
    if bytes.is_empty() || !bytes.iter().all(printable) {
        return None;
    }
    let mut dense = Wiped::with_capacity(bytes.len());
    dense.extend(bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()));
    Some(match dense.as_slice() {
        // The CONGA plugin writes key files for a vault; deployed without decrypting they are this.
        text if [&b"$ANSIBLE_VAULT"[..], b"!vault|$ANSIBLE_VAULT"]
            .iter()
            .any(|start| text.starts_with(start)) =>
        {
            TextKind::AnsibleVault
        }
        text if is_template(text) => TextKind::Template,
        // What AEM protects looks so, and is no JSON.
        [b'{', digits @ .., b'}'] if digits.iter().all(u8::is_ascii_hexdigit) => TextKind::Other,
        // A browser saves a page or JSON where the binary property was not downloaded in CRXDE
        // Lite.
        [b'<', ..] => TextKind::Html,
        [b'{', .., b'}'] | [b'[', .., b']'] => TextKind::Json,
        text if is_hex(text) => TextKind::Hex,
        text if is_base64(text) => TextKind::Base64,
        _ => TextKind::Other,
    })
}

/// Returns `true` if the text is what Jinja, ERB, a shell, Hiera or hiera-eyaml should have replaced by the key.
fn is_template(text: &[u8]) -> bool {
    const MARKS: [(&[u8], &[u8]); 6] = [
        (b"{{", b"}}"),
        (b"<%", b"%>"),
        (b"${", b"}"),
        (b"#{", b"}"),
        (b"%{", b"}"),
        (b"ENC[", b"]"),
    ];
    MARKS.iter().any(|(start, end)| text.starts_with(start) && text.ends_with(end))
}

/// Returns `true` if the text is a key in hexadecimal: digits, twice as many as a key has bytes.
fn is_hex(text: &[u8]) -> bool {
    KEY_BYTES.iter().any(|bytes| bytes.checked_mul(2) == Some(text.len()))
        && text.iter().all(u8::is_ascii_hexdigit)
}

/// Returns `true` if the text is a key in base64, the URL alphabet and missing padding included.
fn is_base64(text: &[u8]) -> bool {
    let digits = without_padding(text);
    // Some encoders leave the padding out; what is there has to fill a group of four. (RFC 4648 §4)
    let padded = digits.len() == text.len() || text.len().is_multiple_of(4);
    let symbol = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let real = |bytes: &usize| bytes.saturating_mul(4).div_ceil(3) == digits.len();
    padded && KEY_BYTES.iter().any(real) && digits.iter().all(symbol)
}

fn without_padding(text: &[u8]) -> &[u8] {
    let last = text.iter().rposition(|byte| *byte != b'=');
    last.and_then(|last| text.get(..=last)).unwrap_or_default()
}
