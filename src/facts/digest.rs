//! Digests of bytes that are never kept.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Bytes that print as lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Default for Hex<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Digits::<N>)
    }
}

/// Reads digits where they stand: as a text of its own, each digest were one more allocation.
struct Digits<const N: usize>;

impl<const N: usize> Visitor<'_> for Digits<N> {
    type Value = Hex<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hexadecimal digits")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Hex<N>, E> {
        Hex::parse(text).ok_or_else(|| E::custom("hexadecimal digits are missing or wrong"))
    }
}

impl<const N: usize> JsonSchema for Hex<N> {
    fn schema_name() -> Cow<'static, str> {
        format!("Hex{N}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let digits = N.saturating_mul(2);
        json_schema!({ "type": "string", "pattern": format!("^[0-9a-f]{{{digits}}}$") })
    }
}

impl<const N: usize> Hex<N> {
    /// Reads exactly so many lower-case hexadecimal digits as the bytes have.
    fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; N];
        let mut digits = text.bytes().map(|digit| match digit {
            b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
            b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
            _ => None,
        });
        for byte in &mut bytes {
            let (high, low) = (digits.next()??, digits.next()??);
            *byte = high << 4 | low;
        }
        digits.next().is_none().then_some(Self(bytes))
    }
}

/// Length and digests of some bytes: enough to compare them, not enough to have them.
///
/// Digests of a 128-bit random key cannot be reversed by guessing, so they may be shown. md5 is there because the
/// procedure of KA-23909 compares `md5sum` output; equality is decided by the whole value.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Digest {
    /// Length in bytes.
    pub bytes: u64,
    /// MD5, as `md5sum` prints it.
    pub md5: Hex<16>,
    /// SHA-256.
    pub sha256: Hex<32>,
}

impl Digest {
    /// Returns the first eight hexadecimal digits of the md5, for people to compare at a glance.
    pub fn short(&self) -> String {
        let mut text = self.md5.to_string();
        text.truncate(8);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_they_are_written() {
        let hex = Hex([0x00, 0x9a, 0xff]);
        assert_eq!(Hex::parse(&hex.to_string()), Some(hex));
        for text in ["", "009af", "009aff0", "009aff00", "009AFF", "009afg", "+09aff"] {
            assert_eq!(Hex::<3>::parse(text), None, "{text}");
        }
    }
}
