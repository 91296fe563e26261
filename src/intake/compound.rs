//! Compound files of OLE: mails of Outlook and old documents of Office, with an archive attached or embedded.
//!
//! What is attached stands in them as it is, in sectors of 512 bytes, so that an archive shows its first bytes.

/// How a compound file begins (MS-CFB 2.2).
pub(super) const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Bytes of an archive that are looked at: its magic, and the first name of a zip.
const LOOK_BYTES: usize = 64;

/// How archives begin, but for gzip and zip, of which more is asked.
const ARCHIVES: [&[u8]; 6] = [
    b"\xfd7zXZ\0",
    b"BZh91AY&SY",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"ustar\x0000",
    b"ustar  \0",
];

/// What the first entries of zips are called that are documents of Office or programs.
const DOCUMENTS: [&[u8]; 10] = [
    b"[Content_Types].xml",
    b"_rels/",
    b"docProps/",
    b"word/",
    b"xl/",
    b"ppt/",
    b"visio/",
    b"theme/",
    b"mimetype",
    b"META-INF/",
];

/// What has been found of a compound file so far.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is found by itself, in any order")]
pub(super) struct Compound {
    has_archive: bool,
    has_gzip: bool,
    /// Pictures of Office that are packed with gzip are attached: `image001.emz`.
    has_pictures: bool,
    /// Something is named like a gzip that is none of those.
    names_gzip: bool,
}

impl Compound {
    /// Bytes that are to be kept until more come.
    pub(super) const KEPT_BYTES: usize = LOOK_BYTES;

    /// Looks at bytes, of which `before` were there the last time.
    pub(super) fn look(&mut self, bytes: &[u8], before: usize) {
        // What begins in the last bytes is looked at again with more behind it.
        let from = before.saturating_sub(LOOK_BYTES);
        let rest = bytes.get(from..).unwrap_or_default();
        for at in rest.windows(LOOK_BYTES) {
            self.look_at(at);
        }
    }

    /// Looks at the last bytes, behind which nothing comes.
    pub(super) fn end(&mut self, bytes: &[u8]) {
        let from = bytes.len().saturating_sub(LOOK_BYTES);
        let mut rest = bytes.get(from..).unwrap_or_default();
        while let Some((_, next)) = rest.split_first() {
            self.look_at(rest);
            rest = next;
        }
    }

    fn look_at(&mut self, at: &[u8]) {
        match at.first() {
            Some(b'\x1f') => self.has_gzip |= is_gzip(at),
            Some(b'P') => self.has_archive |= is_zip(at),
            Some(b'\xfd' | b'B' | b'7' | b'R' | b'u') => {
                self.has_archive |= ARCHIVES.iter().any(|magic| at.starts_with(magic));
            }
            Some(b'.') => {
                self.has_pictures |= names(at, b"emz") || names(at, b"wmz");
                self.names_gzip |= names(at, b"gz") || names(at, b"tgz");
            }
            _ => {}
        }
    }

    pub(super) fn holds_archive(&self) -> bool {
        self.has_archive || (self.has_gzip && (self.names_gzip || !self.has_pictures))
    }
}

/// Returns `true` if bytes are the header of a gzip, as tools write it: three bytes of magic come by chance in a large file. (RFC 1952)
fn is_gzip(at: &[u8]) -> bool {
    let Some([0x1f, 0x8b, 8, flags, _, _, _, _, effort, system]) = at.first_chunk::<10>() else {
        return false;
    };
    *flags <= 0x1f && matches!(effort, 0 | 2 | 4) && (*system <= 13 || *system == 255)
}

/// Returns `true` if bytes are the first entry of a zip that is no document.
fn is_zip(at: &[u8]) -> bool {
    let name = at.strip_prefix(b"PK\x03\x04").and_then(|header| header.get(26..));
    name.is_some_and(|name| !DOCUMENTS.iter().any(|known| name.starts_with(known)))
}

/// Returns `true` if bytes are an ending in UTF-16, with nothing of a word behind it.
fn names(at: &[u8], ending: &[u8]) -> bool {
    let units: Vec<u8> = [b'.'].iter().chain(ending).flat_map(|byte| [*byte, 0]).collect();
    let rest = at.strip_prefix(units.as_slice());
    rest.is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(parts: &[&[u8]]) -> bool {
        let bytes = parts.concat();
        let (mut compound, mut before) = (Compound::default(), 0);
        for length in [9, 100, 513, bytes.len()] {
            compound.look(&bytes[..length], before);
            before = length;
        }
        compound.end(&bytes);
        compound.holds_archive()
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn archive_in_a_compound_file_is_told_from_documents_and_pictures() {
        let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xed\xcf";
        let zip =
            |name: &str| [b"PK\x03\x04", [0; 26].as_slice(), name.as_bytes(), &[0; 9]].concat();
        let (fill, emz) = ([0xa7; 500], wide("image001.emz\0"));
        for archive in [
            &gzip[..],
            b"7z\xbc\xaf\x27\x1c",
            &zip("author/crx-quickstart/"),
            &[&emz[..], gzip, &wide("p.tgz\0")].concat(),
        ] {
            assert!(holds(&[MAGIC, &fill, archive]), "{archive:?}");
            assert!(holds(&[MAGIC, &fill, archive, &fill]), "{archive:?}");
        }
        for other in [
            &b"\x1f\x8b\x08\0\0\0\0\0\x09\x03"[..],
            &zip("[Content_Types].xml"),
            &zip("word/document.xml"),
            &[&emz[..], gzip].concat(),
            &wide("see publish2.tgz"),
            b"\x89PNG",
        ] {
            assert!(!holds(&[MAGIC, &fill, other, &fill]), "{other:?}");
        }
    }
}
