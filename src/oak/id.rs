//! Names of segments and of records in them.

use std::fmt;

/// The UUID of a segment. The top bits of its second half tell whether it holds records or the bytes of binaries alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentId {
    /// The first eight bytes, as Java compares them.
    pub(super) high: i64,
    /// The last eight bytes.
    pub(super) low: i64,
}

impl SegmentId {
    /// Makes one of its sixteen bytes.
    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_be_bytes(bytes);
        // Indexes are sorted as Java compares `long`, so that `f29f…` is before `029f…`; a UUID of
        // unsigned halves is not found.
        Self { high: half(both >> 64), low: half(both) }
    }

    /// Reads the usual form: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        let digits = groups.concat();
        // `from_str_radix` takes a sign in front, so each byte has to be a digit.
        if lengths != [8, 4, 4, 4, 12] || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        Some(Self::from_bytes(u128::from_str_radix(&digits, 16).ok()?.to_be_bytes()))
    }

    /// Returns `true` if it holds nothing but bytes of binaries.
    pub(super) fn is_bulk(self) -> bool {
        // Where a UUID has its variant, Oak puts the kind: `a` for records, `b` for bulk.
        // (`SegmentId`)
        self.top() == 0xb
    }

    /// Returns `true` if it holds records.
    pub(super) fn is_data(self) -> bool {
        self.top() == 0xa
    }

    fn top(self) -> u8 {
        let [first, ..] = self.low.to_be_bytes();
        first >> 4
    }
}

/// Returns the lower half, signed.
fn half(both: u128) -> i64 {
    u64::try_from(both & u128::from(u64::MAX)).unwrap_or_default().cast_signed()
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low) = (self.high, self.low);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32 & 0xffff_ffff,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48 & 0xffff,
            low & 0xffff_ffff_ffff
        )
    }
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Where a record is: a segment, and the record's number in it; in versions 10 and 11 and in bulk segments its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RecordId {
    pub(super) segment: SegmentId,
    pub(super) number: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_read_as_they_are_written() {
        let text = "029fec6b-1ab5-4b44-ae81-d59174bd06ee";
        let id = SegmentId::parse(text).unwrap();
        assert_eq!(id.to_string(), text);
        assert!(id.is_data() && !id.is_bulk());
        assert!(
            SegmentId::parse("f29fec6b-1ab5-4b44-be81-d59174bd06ee").unwrap() < id,
            "signed order"
        );
        for other in [
            "",
            "029fec6b1ab54b44ae81d59174bd06ee",
            "029fec6b-1ab5-4b44-ae81-d59174bd06e",
            "+29fec6b-1ab5-4b44-ae81-d59174bd06ee",
        ] {
            assert_eq!(SegmentId::parse(other), None, "{other}");
        }
    }
}
