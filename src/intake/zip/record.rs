//! The headers of a zip, as far as they are read here: the one before each body, and its copy in the directory.

use super::extra::{fields, u16_at, u32_at, u64_at};
use super::second_name::{SecondName, second_name};
use crate::intake::path;

/// How a header before a body begins.
pub(super) const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// Stands before the first entry of a zip that was to be split, and is whole after all. (APPNOTE 8.5.4)
pub(super) const WHOLE: [u8; 4] = *b"PK00";
/// How a header in the directory begins.
pub(super) const CENTRAL: [u8; 4] = *b"PK\x01\x02";
/// How the end of the directory begins.
pub(super) const END: [u8; 4] = *b"PK\x05\x06";
/// How the end of the directory of a large zip begins.
pub(super) const END_64: [u8; 4] = *b"PK\x06\x06";
/// How the pointer to that begins.
pub(super) const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
/// How sizes after a body begin.
pub(super) const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// Bytes of a header before a body, without name and extra fields.
pub(super) const LOCAL_BYTES: usize = 30;
/// Bytes of a header in the directory, without name, extra fields and comment.
pub(super) const CENTRAL_BYTES: usize = 46;

const ZIP64: u16 = 0x0001;
// Info-ZIP's older fields (0x5855, 0x7855) have ids of 16 bits, and in the directory none at all.
const UNIX_OWNER: u16 = 0x7875;

/// The flags that matter.
const ENCRYPTED: u16 = 1;
const SIZES_BEHIND: u16 = 1 << 3;

/// What both headers of an entry say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    /// Bytes that are stored.
    pub(super) stored: u64,
    /// Bytes that they unpack to.
    pub(super) size: u64,
    /// The sizes take eight bytes each.
    pub(super) is_zip64: bool,
    /// What some tools take for its name.
    pub(super) second_name: Option<SecondName>,
}

impl Record {
    /// Parses a header before a body; `fixed` has all its bytes, its signature included.
    pub(super) fn local(fixed: &[u8; LOCAL_BYTES], name: &[u8], extra: &[u8]) -> Self {
        // The directory has a version more before the flags ("made by"); from there on both are alike (APPNOTE 4.3.12).
        Self::parse(fixed.get(6..).unwrap_or_default(), name, extra)
    }

    /// Parses a header in the directory.
    pub(super) fn central(fixed: &[u8; CENTRAL_BYTES], name: &[u8], extra: &[u8]) -> Self {
        Self::parse(fixed.get(8..).unwrap_or_default(), name, extra)
    }

    /// Parses from the flags on, where both headers are alike.
    fn parse(from_flags: &[u8], name: &[u8], extra: &[u8]) -> Self {
        let (stored, size) = (u32_at(from_flags, 12), u32_at(from_flags, 16));
        let mut record = Self {
            name: name.to_vec(),
            flags: u16_at(from_flags, 0),
            method: u16_at(from_flags, 2),
            crc: u32_at(from_flags, 8),
            stored: u64::from(stored),
            size: u64::from(size),
            is_zip64: false,
            second_name: second_name(name, extra),
        };
        // APPNOTE 4.5.3: the field holds only those numbers
        // that are all ones in the header, the size first.
        if let Some(large) = field(extra, ZIP64) {
            record.is_zip64 = true;
            let behind = if size == u32::MAX { 8 } else { 0 };
            if let (u32::MAX, Some(size)) = (size, u64_at(large, 0)) {
                record.size = size;
            }
            if let (u32::MAX, Some(stored)) = (stored, u64_at(large, behind)) {
                record.stored = stored;
            }
        }
        record
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    /// Returns `true` if checksum and sizes stand after the body, where the packer could not know them before.
    pub(super) fn has_sizes_behind(&self) -> bool {
        self.flags & SIZES_BEHIND != 0
    }

    /// Returns `true` if the entry is a directory by its name. Tools on Windows may have written backslashes.
    pub(super) fn is_directory(&self) -> bool {
        path::ends_in_separator(&self.name)
    }

    /// Returns `true` if the header before a body says what the directory says.
    pub(super) fn agrees_with(&self, central: &Self) -> bool {
        // These two bits only say how hard deflate tried
        // (APPNOTE 4.4.4); nothing is read otherwise for them.
        let kept = !(1 << 1 | 1 << 2);
        let same = self.name == central.name
            && self.second_name == central.second_name
            && self.method == central.method
            && self.flags & kept == central.flags & kept;
        let sizes = (self.crc, self.stored, self.size);
        let known = sizes == (central.crc, central.stored, central.size);
        same && (known
            // `jar` of the JDK writes every entry so, the manifest
            // too: zeros before the body, the sizes after it.
            || (self.has_sizes_behind() && sizes == (0, 0, 0))
            || self.is_masked(central))
    }

    /// Packers that pass through pipes leave out some of the three, or mark the sizes as large.
    fn is_masked(&self, central: &Self) -> bool {
        let unsaid = |own: u64, known: u64| own == 0 || own == known || own == u64::from(u32::MAX);
        self.has_sizes_behind()
            && unsaid(u64::from(self.crc), u64::from(central.crc))
            && unsaid(self.stored, central.stored)
            && unsaid(self.size, central.size)
    }
}

/// Returns user and group from the extra fields of an entry packed on Unix.
pub(super) fn owner(extra: &[u8]) -> Option<(u64, u64)> {
    let field = field(extra, UNIX_OWNER)?;
    let (version, rest) = field.split_first()?;
    let (uid, rest) = number(rest)?;
    let (gid, _) = number(rest)?;
    // Info-ZIP has defined no other version of this field.
    (*version == 1).then_some((uid, gid))
}

/// Splits a number off that comes behind its length in bytes.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (digits, rest) = rest.split_at_checked(usize::from(*length))?;
    let mut number = [0; 8];
    // The field leaves the width of ids open; one over eight bytes is of no system.
    number.get_mut(..digits.len())?.copy_from_slice(digits);
    Some((u64::from_le_bytes(number), rest))
}

fn field(extra: &[u8], wanted: u16) -> Option<&[u8]> {
    fields(extra, wanted).next()
}
