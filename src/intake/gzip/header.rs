//! The header of a gzip member, for all who read gzip. (RFC 1952, section 2.3)

use crate::facts::GapKind;
use flate2::Crc;

/// The first bytes of a member.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

// FTEXT (0x01) is not listed: it is a hint, and nothing in the header depends on it (RFC 1952 §2.3.1).
const HEADER_CHECKSUM: u8 = 0x02;
const EXTRA: u8 = 0x04;
const NAME: u8 = 0x08;
const COMMENT: u8 = 0x10;
const RESERVED: u8 = 0xe0;

/// Why no member begins here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoMember {
    /// Something else is there.
    Magic,
    Compression,
    Flags,
}

impl NoMember {
    /// Returns the kind of the gap, and what is to be said.
    pub(super) fn gap(self) -> (GapKind, &'static str) {
        match self {
            Self::Magic => (GapKind::TrailingData, "unknown bytes after the gzip"),
            Self::Compression => (GapKind::CorruptStream, "gzip with an unknown compression"),
            Self::Flags => (GapKind::CorruptStream, "gzip with unknown flags"),
        }
    }
}

/// Reads a header from its magic to its end. Returns `true` if its checksum holds, where it has one.
pub(super) fn read_header<E: From<NoMember>>(
    byte: impl FnMut() -> Result<u8, E>,
) -> Result<bool, E> {
    Header { byte, crc: Crc::new() }.read()
}

struct Header<B> {
    byte: B,
    crc: Crc,
}

impl<E: From<NoMember>, B: FnMut() -> Result<u8, E>> Header<B> {
    fn read(mut self) -> Result<bool, E> {
        for magic in MAGIC {
            if self.next()? != magic {
                return Err(NoMember::Magic.into());
            }
        }
        // Deflate is the only method that RFC 1952 defines.
        if self.next()? != 8 {
            return Err(NoMember::Compression.into());
        }
        let flags = self.next()?;
        // RFC 1952 §2.3.1.2: they may announce a field, after
        // which all else would be read at the wrong place.
        if flags & RESERVED != 0 {
            return Err(NoMember::Flags.into());
        }
        // MTIME, XFL and OS. MTIME may be the time of the file, of packing, or 0 (RFC 1952 §2.3.1).
        self.skip(6)?;
        // Extra field, name, comment and checksum follow in this order (RFC 1952 §2.3).
        if flags & EXTRA != 0 {
            // bgzip keeps the length of the member here (`BC`), which nothing needs to unpack it.
            let length = u16::from_le_bytes([self.next()?, self.next()?]);
            self.skip(length)?;
        }
        // Without a bound on their length, since not one byte of them is kept.
        for text in [NAME, COMMENT] {
            while flags & text != 0 && self.next()? != 0 {}
        }
        if flags & HEADER_CHECKSUM == 0 {
            return Ok(true);
        }
        let computed = self.crc.sum().to_le_bytes();
        let stored = [self.next()?, self.next()?];
        // CRC16 is the lower half of the CRC-32 of all header bytes before it.
        Ok(computed.starts_with(&stored))
    }

    fn skip(&mut self, count: u16) -> Result<(), E> {
        for _ in 0..count {
            self.next()?;
        }
        Ok(())
    }

    fn next(&mut self) -> Result<u8, E> {
        // Whether there is a checksum is known at the fourth byte, and it is over the first three as well.
        let byte = (self.byte)()?;
        self.crc.update(&[byte]);
        Ok(byte)
    }
}
