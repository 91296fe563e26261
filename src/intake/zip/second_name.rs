//! Names that some tools give an entry of a zip, and others do not.
//!
//! Info-ZIP writes a name that its header has no room for into an extra field, Unicode Path (0x7075), beside a checksum of the name in
//! the header. `unzip` and newer tools take that name, `jar` and older ones the other. And a NUL ends a name for tools written in
//! C and for Python, but not for Java.

use super::extra::fields;
use flate2::Crc;

const UNICODE_PATH: u16 = 0x7075;

/// Another name of an entry, and why it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SecondName {
    pub(super) name: Vec<u8>,
    pub(super) reason: &'static str,
}

/// Returns the name under which some tools see an entry, where it is another one than that in its header.
pub(super) fn second_name(name: &[u8], extra: &[u8]) -> Option<SecondName> {
    let mut unicode = fields(extra, UNICODE_PATH).filter_map(|field| unicode_path(name, field));
    if let Some(other) = unicode.find(|other| !is_same(name, other)) {
        let reason = "has two names in the zip, one of them in a Unicode Path field; tools disagree on which of them counts";
        return Some(SecondName { name: other.to_vec(), reason });
    }
    // APPNOTE has no rule for a NUL in a name.
    let (before, _) = name.split_at_checked(name.iter().position(|byte| *byte == 0)?)?;
    let reason = "has a NUL in its name; tools disagree on whether the name ends there";
    Some(SecondName { name: before.to_vec(), reason })
}

/// Returns the name in a field, unless it is of a name that the entry had before.
fn unicode_path<'e>(name: &[u8], field: &'e [u8]) -> Option<&'e [u8]> {
    let (version, rest) = field.split_first()?;
    let (sum, path) = rest.split_first_chunk::<4>()?;
    let mut crc = Crc::new();
    crc.update(name);
    // APPNOTE 4.6.9: with another checksum the entry
    // was renamed since, and the field does not count.
    (*version == 1 && u32::from_le_bytes(*sum) == crc.sum() && !path.is_empty()).then_some(path)
}

/// Returns `true` if both are one name, of which the header could not hold every character: it has them in another encoding, or
/// stand-ins. Names that matter are ASCII, and those must be equal.
fn is_same(name: &[u8], unicode: &[u8]) -> bool {
    let parts = |name: &[u8]| name.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect();
    let (own, other): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (parts(name), parts(unicode));
    // Part by part, so that other letters in one part excuse no difference in another, such as `hmac`.
    own.len() == other.len() && own.iter().zip(&other).all(|(own, other)| is_spelling(own, other))
}

fn is_spelling(own: &[u8], unicode: &[u8]) -> bool {
    own == unicode
        || (!unicode.is_ascii()
            && own.iter().any(|byte| is_stand_in(*byte))
            && own
                .iter()
                .filter(|byte| !is_stand_in(**byte))
                .eq(unicode.iter().filter(|byte| !is_stand_in(**byte))))
}

/// Returns `true` if a byte may stand for a character that is not ASCII.
fn is_stand_in(byte: u8) -> bool {
    !byte.is_ascii() || matches!(byte, b'?' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &[u8], unicode: &[u8]) -> Vec<u8> {
        let mut crc = Crc::new();
        crc.update(name);
        let content = [&[1], crc.sum().to_le_bytes().as_slice(), unicode].concat();
        let length = u16::try_from(content.len()).unwrap().to_le_bytes();
        [b"up".as_slice(), &length, &content].concat()
    }

    fn second(name: &[u8], unicode: &[u8]) -> Option<Vec<u8>> {
        second_name(name, &field(name, unicode)).map(|second| second.name)
    }

    #[test]
    fn other_name_in_the_field_is_a_second_one() {
        for (name, unicode) in [
            (&b"data/hmac"[..], &b"data/hmac.old"[..]),
            (b"data/x", b"data/hmac"),
            (b"data/hm\xffac", b"data/hmac"),
            (b"data/hm?ac", b"data/hmac"),
            (b"data/hmac", "data/hm\u{e4}c".as_bytes()),
            (b"a/data/hmac", b"data/hmac"),
            (b"data/hmac", b"DATA/hmac"),
        ] {
            assert_eq!(second(name, unicode).as_deref(), Some(unicode));
        }
    }

    #[test]
    fn same_name_in_another_encoding_is_none() {
        let unicode = "gr\u{f6}\u{df}e/data/hmac".as_bytes();
        for name in [unicode, b"gr\x94\xe1e/data/hmac", b"gr??e/data/hmac", b"gr__e/data/hmac"] {
            assert_eq!(second(name, unicode), None, "{}", name.escape_ascii());
        }
        assert_eq!(second_name(b"data/hmac", b""), None);
    }

    #[test]
    fn field_of_an_earlier_name_or_version_does_not_count() {
        assert_eq!(second_name(b"new", &field(b"old", b"older")), None);
        let mut newer = field(b"a", b"b");
        newer[4] = 2;
        assert_eq!(second_name(b"a", &newer), None);
        assert_eq!(second_name(b"a", b"up\x02\0\x01x"), None);
        assert_eq!(second_name(b"a", b"up\xff\xff\x01x"), None);
    }

    #[test]
    fn each_of_several_fields_counts() {
        let both = [field(b"hmac", b"hmac"), field(b"hmac", b"other")].concat();
        assert_eq!(second_name(b"hmac", &both).unwrap().name, b"other");
    }

    #[test]
    fn name_with_a_nul_is_a_shorter_one_for_some() {
        assert_eq!(second_name(b"hmac\0.old", b"").unwrap().name, b"hmac");
        assert_eq!(second_name(b"\0", b"").unwrap().name, b"");
    }
}
