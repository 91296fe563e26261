//! One 512-byte tar header block and its fields.
//!
//! Not the tar crate's `Header`: that one reads a negative base-256 size as a huge positive one, drops the high bytes of
//! a base-256 number over eight bytes, and goes through UTF-8 and `from_str_radix` three times an entry.

use std::ops::Range;

/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = 512;

/// A block as it is in the archive.
pub(super) type Block = [u8; BLOCK_BYTES];

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const UID: Range<usize> = 108..116;
const GID: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const CHECKSUM: Range<usize> = 148..156;
const MTIME: Range<usize> = 136..148;
const TYPE: usize = 156;
const LINK: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..265;
const USER: Range<usize> = 265..297;
/// Mode and numeric ids.
const IDS: Range<usize> = MODE.start..GID.end;
/// What says whether there is a user name, and the name.
const USER_IF_ANY: Range<usize> = MAGIC.start..USER.end;
// The sparse fields of GNU headers, at 386 to 495, lie in the prefix of POSIX ones; the magic says which they are.
const PREFIX: Range<usize> = 345..500;
const SPARSE: Range<usize> = 386..482;
const SPARSE_MORE: usize = 482;
const SPARSE_REAL_SIZE: Range<usize> = 483..495;
const EXTENSION_SPARSE: Range<usize> = 0..504;
const EXTENSION_SPARSE_MORE: usize = 504;
const SPARSE_PAIR_BYTES: usize = 24;
const SPARSE_NUMBER_BYTES: usize = 12;

/// The bytes that say whose an entry is, by which it shows whether two have one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OwnerFields {
    ids: [u8; IDS.end - IDS.start],
    user: [u8; USER_IF_ANY.end - USER_IF_ANY.start],
}

/// Why a numeric field holds no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadNumber {
    /// Blank, or other characters than octal digits.
    NotOctal,
    /// Below zero.
    Negative,
    /// Beyond what a file offset can hold.
    TooLarge,
}

impl BadNumber {
    /// Returns what is wrong, as the end of a sentence.
    pub(super) fn problem(self) -> &'static str {
        match self {
            Self::NotOctal => "is not an octal number",
            Self::Negative => "is negative",
            Self::TooLarge => "is beyond any file's",
        }
    }
}

/// A header block whose checksum holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a> {
    block: &'a Block,
    /// The name field up to its NUL, which is asked for several times.
    name: &'a [u8],
}

impl<'a> Header<'a> {
    /// Returns the header when the checksum of the block holds.
    pub(super) fn checked(block: &'a Block) -> Option<Self> {
        let name = until_nul(block.get(NAME).unwrap_or_default());
        checksum_holds(block).then_some(Self { block, name })
    }

    /// Returns the type flag.
    pub(super) fn kind(self) -> u8 {
        self.block.get(TYPE).copied().unwrap_or_default()
    }

    /// Returns the name field up to its NUL.
    pub(super) fn name(self) -> &'a [u8] {
        self.name
    }

    /// Returns the prefix that belongs before the name; empty when there is none.
    ///
    /// Only POSIX headers have one. GNU ones keep times and sparse maps in these bytes.
    pub(super) fn prefix(self) -> &'a [u8] {
        // GNU headers say `ustar  ` with two blanks, POSIX ones `ustar` with a NUL.
        if self.field(MAGIC).starts_with(b"ustar\0") { until_nul(self.field(PREFIX)) } else { b"" }
    }

    /// Returns the link target up to its NUL.
    pub(super) fn link(self) -> &'a [u8] {
        until_nul(self.field(LINK))
    }

    /// Returns the user name; empty in v7 headers, which have none.
    pub(super) fn user(self) -> &'a [u8] {
        if self.field(MAGIC).starts_with(b"ustar") { until_nul(self.field(USER)) } else { b"" }
    }

    /// Returns the length of the body in bytes.
    pub(super) fn size(self) -> Result<u64, BadNumber> {
        number(self.field(SIZE))
    }

    /// Returns the numeric user id.
    pub(super) fn uid(self) -> Result<u64, BadNumber> {
        number(self.field(UID))
    }

    /// Returns the numeric group id.
    pub(super) fn gid(self) -> Result<u64, BadNumber> {
        number(self.field(GID))
    }

    /// Returns the permission bits.
    pub(super) fn mode(self) -> Result<u64, BadNumber> {
        number(self.field(MODE))
    }

    /// Returns all that shows of mode and owner.
    pub(super) fn owner_fields(self) -> Option<OwnerFields> {
        Some(OwnerFields {
            ids: *self.field(IDS).first_chunk()?,
            user: *self.field(USER_IF_ANY).first_chunk()?,
        })
    }

    /// Returns the field that says when the file was written to last.
    pub(super) fn mtime(self) -> [u8; 12] {
        self.field(MTIME).first_chunk().copied().unwrap_or_default()
    }

    /// Returns the real size of an old GNU sparse file.
    pub(super) fn real_size(self) -> Result<u64, BadNumber> {
        number(self.field(SPARSE_REAL_SIZE))
    }

    /// Returns the sparse map of this header, and whether extension blocks with more of it follow.
    pub(super) fn sparse(self) -> (Result<Vec<(u64, u64)>, BadNumber>, bool) {
        (pairs(self.field(SPARSE)), self.block.get(SPARSE_MORE).is_some_and(|more| *more != 0))
    }

    fn field(self, range: Range<usize>) -> &'a [u8] {
        self.block.get(range).unwrap_or_default()
    }
}

/// Returns the sparse map of an extension block, and whether another one follows.
pub(super) fn sparse_extension(block: &Block) -> (Result<Vec<(u64, u64)>, BadNumber>, bool) {
    let map = pairs(block.get(EXTENSION_SPARSE).unwrap_or_default());
    (map, block.get(EXTENSION_SPARSE_MORE).is_some_and(|more| *more != 0))
}

/// Returns `true` if a block is all zero.
pub(super) fn is_zero(block: &[u8]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

/// Returns `true` if a block is a header: the sum of its bytes is the one it names, the checksum field itself taken as blanks.
///
/// Some old writers summed signed bytes; tar reads both.
pub(super) fn checksum_holds(block: &Block) -> bool {
    let field = block.get(CHECKSUM).unwrap_or_default();
    // NULs are no number, so the zeros that end an archive never pass for a header.
    let Ok(announced) = number(field) else { return false };
    let blanks = u64::from(b' ').saturating_mul(8);
    let unsigned = sum(block).saturating_sub(sum(field)).saturating_add(blanks);
    if announced == unsigned {
        return true;
    }
    // The two sums of a header differ only where a byte is above 127, as in names that are not ASCII.
    let signed_sum = |bytes: &[u8]| {
        i64::from(bytes.iter().map(|byte| i32::from(byte.cast_signed())).sum::<i32>())
    };
    let signed =
        signed_sum(block).saturating_sub(signed_sum(field)).saturating_add(blanks.cast_signed());
    i64::try_from(announced) == Ok(signed)
}

/// Adds up bytes. Sixteen short sums, of which a block fills none to a fifth, are kept side by side in one register.
fn sum(bytes: &[u8]) -> u64 {
    let (chunks, rest) = bytes.as_chunks::<16>();
    let mut sums = [0_u16; 16];
    for chunk in chunks {
        for (sum, byte) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(u16::from(*byte));
        }
    }
    sums.into_iter().chain(rest.iter().copied().map(u16::from)).map(u64::from).sum()
}

fn pairs(bytes: &[u8]) -> Result<Vec<(u64, u64)>, BadNumber> {
    let mut pairs = Vec::new();
    for pair in bytes.chunks_exact(SPARSE_PAIR_BYTES) {
        let (offset, length) = pair.split_at(SPARSE_NUMBER_BYTES);
        // Pairs that are not used are all NUL, and they are the last ones.
        if offset.first() == Some(&0) {
            break;
        }
        pairs.push((number(offset)?, number(length)?));
    }
    Ok(pairs)
}

/// Returns the number in a header field: octal text, or base 256 when the first bit is set.
fn number(field: &[u8]) -> Result<u64, BadNumber> {
    // GNU and star write base 256 where octal digits
    // do not suffice: sizes from 8 GiB, ids from 2^21.
    if field.first().is_some_and(|byte| byte & 0x80 != 0) {
        return binary(field);
    }
    if let Some(value) = plain_octal(field) {
        return Ok(value);
    }
    // Old writers pad numbers with blanks in front instead of zeros.
    let blanks = field.iter().take_while(|byte| is_blank(**byte)).count();
    let digits = field.get(blanks..).unwrap_or_default();
    let mut value = 0_u64;
    for byte in digits {
        match byte {
            b'0'..=b'7' if value >> 61 == 0 => value = value << 3 | u64::from(byte & 7),
            b'0'..=b'7' => return Err(BadNumber::TooLarge),
            // The field ends at the first NUL or blank; writers leave anything behind it.
            byte if is_blank(*byte) => return Ok(value),
            _ => return Err(BadNumber::NotOctal),
        }
    }
    if digits.is_empty() { Err(BadNumber::NotOctal) } else { Ok(value) }
}

/// Returns the number in a field of octal digits with a blank behind them, as nearly all are, or two as of checksums. No digit ends the
/// loop, which took longer than all else of a header.
fn plain_octal(field: &[u8]) -> Option<u64> {
    let (last, before) = field.split_last()?;
    let digits = before.strip_suffix(b"\0").unwrap_or(before);
    let (mut value, mut odd) = (0_u64, 0_u8);
    for byte in digits {
        value = value << 3 | u64::from(byte & 7);
        odd |= byte ^ b'0';
    }
    // `byte ^ b'0'` is below 8 for octal digits alone, so one check at the end covers every byte.
    let is_plain = odd < 8 && (1..=NUMBER_DIGITS_MAX).contains(&digits.len());
    (is_plain && is_blank(*last)).then_some(value)
}

/// Octal digits that any number of 64 bits can have.
const NUMBER_DIGITS_MAX: usize = 21;

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | 0)
}

fn binary(field: &[u8]) -> Result<u64, BadNumber> {
    let Some((first, rest)) = field.split_first() else { return Err(BadNumber::NotOctal) };
    // Base 256 is in two's complement; the tar crate reads a negative size as a huge one.
    if first & 0x40 != 0 {
        return Err(BadNumber::Negative);
    }
    let mut value = u64::from(first & 0x3f);
    for byte in rest {
        // One bit less than fits, since an offset in a file is signed.
        if value > u64::MAX >> 9 {
            return Err(BadNumber::TooLarge);
        }
        value = value << 8 | u64::from(*byte);
    }
    Ok(value)
}

/// Returns the bytes before the first NUL.
pub(super) fn until_nul(field: &[u8]) -> &[u8] {
    memchr::memchr(0, field).and_then(|end| field.get(..end)).unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn octal_as_the_tools_write_it() {
        for field in [
            &b"0000644\0"[..],
            b"000644 \0",
            b"   644 \0",
            b"644\0\0\0\0\0",
            b"\x00000644\0",
            b"644 junk",
        ] {
            assert_eq!(number(field), Ok(0o644), "{field:?}");
        }
        assert_eq!(number(b"777777777777"), Ok(0o777_777_777_777));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for field in [&b""[..], b"\0\0\0\0", b"        ", b"12x4", b"8", b"-1", b"+1"] {
            assert_eq!(number(field), Err(BadNumber::NotOctal), "{field:?}");
        }
        assert_eq!(number(&[0xff; 12]), Err(BadNumber::Negative));
        assert_eq!(number(&[0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Err(BadNumber::TooLarge));
    }

    proptest! {
        #[test]
        fn numbers_agree_with_the_tar_crate(size in 0_u64..=i64::MAX as u64, uid: u32, mode in 0_u32..0o7777) {
            let mut theirs = tar::Header::new_gnu();
            theirs.set_size(size);
            theirs.set_uid(u64::from(uid));
            theirs.set_mode(mode);
            theirs.set_cksum();
            let ours = Header::checked(theirs.as_bytes()).unwrap();
            prop_assert_eq!(ours.size(), Ok(size));
            prop_assert_eq!(ours.uid(), Ok(u64::from(uid)));
            prop_assert_eq!(ours.mode(), Ok(u64::from(mode)));
        }
    }
}
