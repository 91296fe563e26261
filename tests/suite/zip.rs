//! Writes zips as different packers do; for tests.

#![allow(dead_code, reason = "support for tests; not each needs all of it")]
#![allow(clippy::cast_possible_truncation, reason = "what tests pack is small")]
#![allow(clippy::arithmetic_side_effects, reason = "a failing test may panic")]

use flate2::{Compression, Crc, write::DeflateEncoder};
use std::io::Write;

/// One entry of a zip.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) body: &'a [u8],
    /// Type and permissions, zero where the packer does not know Unix.
    pub(crate) mode: u32,
    /// User and group.
    pub(crate) owner: Option<(u32, u32)>,
    /// Compressed, not stored.
    pub(crate) deflate: bool,
    /// Checksum and sizes stand behind the body, as from a packer that writes to a pipe.
    pub(crate) sizes_behind: bool,
    /// Sizes of eight bytes.
    pub(crate) zip64: bool,
    /// Flags to be set, such as 1 for encrypted.
    pub(crate) flags: u16,
    /// Another method than the one used.
    pub(crate) method: Option<u16>,
    /// The name in a Unicode Path field.
    pub(crate) unicode_name: Option<&'a [u8]>,
    /// Another name in the directory.
    pub(crate) listed_name: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    pub(crate) fn file(name: &'a str, body: &'a [u8]) -> Self {
        Self {
            name: name.as_bytes(),
            body,
            mode: 0,
            owner: None,
            deflate: true,
            sizes_behind: false,
            zip64: false,
            flags: 0,
            method: None,
            unicode_name: None,
            listed_name: None,
        }
    }

    fn packed(&self) -> Vec<u8> {
        if !self.deflate {
            return self.body.to_vec();
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
        encoder.write_all(self.body).unwrap();
        encoder.finish().unwrap()
    }

    /// From the version on to the length of the name, where both headers are alike.
    fn common(&self, packed: &[u8], is_local: bool) -> Vec<u8> {
        let mut bytes = vec![if self.zip64 { 45 } else { 20 }, 0];
        let flags = self.flags | if self.sizes_behind { 8 } else { 0 };
        bytes.extend(flags.to_le_bytes());
        let method = self.method.unwrap_or(if self.deflate { 8 } else { 0 });
        bytes.extend(method.to_le_bytes());
        bytes.extend([0, 0, 0x21, 0x58]);
        let mut crc = Crc::new();
        crc.update(self.body);
        let sizes = [crc.sum(), packed.len() as u32, self.body.len() as u32];
        let masked = if self.zip64 { [sizes[0], u32::MAX, u32::MAX] } else { sizes };
        let masked = if is_local && self.sizes_behind { [0, 0, 0] } else { masked };
        for number in masked {
            bytes.extend(number.to_le_bytes());
        }
        let name = if is_local { self.name } else { self.listed_name.unwrap_or(self.name) };
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes
    }

    fn extra(&self, packed: &[u8], is_local: bool) -> Vec<u8> {
        let mut extra = Vec::new();
        if self.zip64 && !(is_local && self.sizes_behind) {
            extra.extend([1, 0, 16, 0]);
            extra.extend((self.body.len() as u64).to_le_bytes());
            extra.extend((packed.len() as u64).to_le_bytes());
        }
        if let Some((uid, gid)) = self.owner {
            extra.extend([0x75, 0x78, 11, 0, 1, 4]);
            extra.extend(uid.to_le_bytes());
            extra.push(4);
            extra.extend(gid.to_le_bytes());
        }
        if let Some(unicode) = self.unicode_name {
            let mut crc = Crc::new();
            crc.update(self.name);
            extra.extend(b"up");
            extra.extend((unicode.len() as u16 + 5).to_le_bytes());
            extra.push(1);
            extra.extend(crc.sum().to_le_bytes());
            extra.extend(unicode);
        }
        extra
    }

    fn sizes(&self, packed: &[u8]) -> Vec<u8> {
        let mut crc = Crc::new();
        crc.update(self.body);
        let mut bytes = b"PK\x07\x08".to_vec();
        bytes.extend(crc.sum().to_le_bytes());
        for size in [packed.len(), self.body.len()] {
            let wide = (size as u64).to_le_bytes();
            bytes.extend(&wide[..if self.zip64 { 8 } else { 4 }]);
        }
        bytes
    }
}

/// Packs entries.
pub(crate) fn zip(entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let packed = entry.packed();
        let start = bytes.len() as u32;
        let extra = entry.extra(&packed, true);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(entry.common(&packed, true));
        bytes.extend((extra.len() as u16).to_le_bytes());
        bytes.extend(entry.name);
        bytes.extend(extra);
        bytes.extend(&packed);
        if entry.sizes_behind {
            bytes.extend(entry.sizes(&packed));
        }
        let extra = entry.extra(&packed, false);
        directory.extend(b"PK\x01\x02");
        directory.extend([30, if entry.mode == 0 { 0 } else { 3 }]);
        directory.extend(entry.common(&packed, false));
        directory.extend((extra.len() as u16).to_le_bytes());
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(start.to_le_bytes());
        directory.extend(entry.listed_name.unwrap_or(entry.name));
        directory.extend(extra);
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend((entries.len() as u16).to_le_bytes());
    bytes.extend((entries.len() as u16).to_le_bytes());
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}
