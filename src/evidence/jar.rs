//! `bundle<N>/version<R>.<N>/bundle.jar`: symbolic name and version from the manifest.
//!
//! The manifest is the first or second entry of the zip in every jar that was looked at (371 of 371), so the first 32 KiB do.
//! One in four has no lengths in its local headers (flag bit 3); its entries end where their compressed stream does.

use super::cursor::Cursor;
use super::inflate::inflate;
use super::manifest::{self, Manifest};
use super::{Fact, Found, Kind, Names, ParseError, Reads, path};

pub(super) const KIND: Kind = Kind {
    name: "bundle.jar",
    names: Names::Are(&["bundle.jar"]),
    reads: Reads::Prefix(PREFIX_BYTES as u64),
    find,
    parse,
};

/// What a `bundle.jar` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jar {
    /// Its manifest was read.
    Manifest {
        /// `Bundle-SymbolicName` without parameters; old bundles have none.
        symbolic_name: Option<String>,
        /// `Bundle-Version`; `0.0.0` when missing.
        version: String,
        /// It has a `Fragment-Host`.
        fragment: bool,
    },
    /// A zip whose manifest is not in the part that is read.
    NoManifest,
    /// Empty, cut or no zip: Felix would delete the bundle directory.
    Bad,
}

const PREFIX_BYTES: usize = 32 << 10;
/// AEM manifests have tens of KiB.
const MANIFEST_BYTES_MAX: usize = 1 << 20;
const MANIFEST: &[u8] = b"META-INF/MANIFEST.MF";
const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;

fn find(path: &str) -> Option<Found<'_>> {
    let (bundle, name) = path::revision_directory(path::parent_of(path, "bundle.jar")?)?;
    Some(Found { root: bundle.root, bundle: bundle.name, name })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    // A jar of exactly this length counts as cut, which is the safe side: of a cut one nothing is
    // concluded from its end.
    let is_whole = bytes.len() < PREFIX_BYTES;
    Ok(Fact::Jar(read(bytes, is_whole)))
}

fn read(bytes: &[u8], is_whole: bool) -> Jar {
    let end = if is_whole { end_record(bytes) } else { None };
    // A zip without entries begins with its end record.
    let starts = bytes.starts_with(LOCAL) || bytes.starts_with(END);
    // Java finds a zip by its end, so something in front of the first entry does no harm.
    if is_whole && end.is_none() || !is_whole && !starts {
        return Jar::Bad;
    }
    let by_directory = || central_entry(bytes, end?);
    match first_entry(bytes).or_else(by_directory).and_then(|entry| entry.manifest()) {
        None => Jar::NoManifest,
        Some(Manifest { symbolic_name, version, fragment }) => {
            let version = version.unwrap_or_else(|| "0.0.0".to_owned());
            Jar::Manifest { symbolic_name, version, fragment }
        }
    }
}

/// The manifest's entry: how it is packed, and where.
struct Entry<'a> {
    method: u16,
    /// Compressed length; `None` where only the stream tells.
    packed_bytes: Option<usize>,
    /// From the first compressed byte on.
    bytes: &'a [u8],
}

impl Entry<'_> {
    /// Returns the manifest, unless its main section is not all there.
    fn manifest(&self) -> Option<Manifest> {
        let packed_bytes = self.packed_bytes.unwrap_or(usize::MAX);
        let packed = self.bytes.get(..packed_bytes).unwrap_or(self.bytes);
        match (self.method, self.packed_bytes) {
            (0, Some(length)) => manifest::read(packed, packed.len() == length),
            (8, _) => {
                let inflated = inflate(packed, MANIFEST_BYTES_MAX);
                manifest::read(&inflated.bytes, inflated.ended)
            }
            _ => None,
        }
    }
}

/// A local header, up to the entry's data.
struct Local<'a> {
    flags: u16,
    method: u16,
    packed_bytes: u32,
    name: &'a [u8],
}

impl<'a> Local<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        // 30 bytes lie in front of the name. (APPNOTE 4.3.7)
        let header: [u8; 30] = cursor.array("local header").ok()?;
        if !header.starts_with(LOCAL) {
            return None;
        }
        let name = cursor.take(usize::from(u16_at(&header, 26)?), "entry name").ok()?;
        cursor.take(usize::from(u16_at(&header, 28)?), "extra field").ok()?;
        Some(Self {
            flags: u16_at(&header, 6)?,
            method: u16_at(&header, 8)?,
            packed_bytes: u32_at(&header, 18)?,
            name,
        })
    }

    // Bit 0 of the general purpose flags. (APPNOTE 4.4.4)
    fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Returns the compressed length, unless it stands after the data or in a zip64 field.
    fn packed_bytes(&self) -> Option<usize> {
        // The `jar` of JDK 17 sets bit 3 on every entry, and writes the lengths after the data.
        // (APPNOTE 4.3.9)
        let is_streamed = self.flags & 8 != 0;
        // All ones stand for a length in the zip64 field. (APPNOTE 4.4.8)
        let here = (!is_streamed && self.packed_bytes != u32::MAX).then_some(self.packed_bytes);
        usize::try_from(here?).ok()
    }
}

/// Finds the manifest by going from one local header to the next.
fn first_entry(bytes: &[u8]) -> Option<Entry<'_>> {
    let mut cursor = Cursor::new(bytes);
    let mut budget = MANIFEST_BYTES_MAX;
    loop {
        let local = Local::read(&mut cursor)?;
        if local.name == MANIFEST && !local.is_encrypted() {
            let (packed_bytes, method) = (local.packed_bytes(), local.method);
            // A stored entry without a length is found by the central directory alone.
            let known = packed_bytes.is_some() || method == 8;
            // Only deflate says itself where it ends. (APPNOTE 4.4.4, bit 3)
            return known.then(|| Entry { method, packed_bytes, bytes: cursor.rest() });
        }
        let length = match local.packed_bytes() {
            Some(length) => length,
            None => streamed_bytes(&local, cursor.rest(), &mut budget)?,
        };
        cursor.take(length, "entry data").ok()?;
    }
}

/// Returns how far the next header is behind an entry whose length stands behind its data.
///
/// Inflates it, for want of another way; `budget` bounds what all such entries together may unpack to.
fn streamed_bytes(local: &Local<'_>, rest: &[u8], budget: &mut usize) -> Option<usize> {
    let consumed = if local.method == 8 {
        let inflated = inflate(rest, *budget);
        *budget = budget.saturating_sub(inflated.bytes.len());
        inflated.ended.then_some(inflated.consumed)?
    } else {
        usize::try_from(local.packed_bytes).ok()?
    };
    // The data descriptor: with or without signature, with 4-byte or 8-byte lengths, or left out.
    // The signature is optional, and lengths have 8 bytes with zip64, so the header that follows
    // decides. (APPNOTE 4.3.9)
    [16, 24, 12, 20, 0].into_iter().find_map(|descriptor| {
        let next = consumed.checked_add(descriptor)?;
        let header = rest.get(next..)?;
        (header.starts_with(LOCAL) || header.starts_with(CENTRAL)).then_some(next)
    })
}

/// Returns the last end-of-central-directory record.
fn end_record(bytes: &[u8]) -> Option<&[u8]> {
    // A comment of up to 64 KiB may follow it, so it is searched for from the end. (APPNOTE 4.3.16)
    let start = bytes.windows(END_BYTES).rposition(|window| window.starts_with(END))?;
    bytes.get(start..)
}

/// Finds the manifest in the central directory, which only a jar that was seen whole has.
fn central_entry<'a>(bytes: &'a [u8], end: &[u8]) -> Option<Entry<'a>> {
    let mut cursor = Cursor::at(bytes, usize::try_from(u32_at(end, 16)?).ok()?);
    loop {
        // 46 bytes lie in front of the name. (APPNOTE 4.3.12)
        let header: [u8; 46] = cursor.array("central header").ok()?;
        if !header.starts_with(CENTRAL) {
            return None;
        }
        let name = cursor.take(usize::from(u16_at(&header, 28)?), "entry name").ok()?;
        cursor.take(usize::from(u16_at(&header, 30)?), "extra field").ok()?;
        cursor.take(usize::from(u16_at(&header, 32)?), "entry comment").ok()?;
        // Felix, too, wants exactly this name; `meta-inf/manifest.mf` is no manifest to it.
        if name == MANIFEST {
            // The local header again, since its extra field often differs in length from the
            // central one, and the data follow it.
            let mut data = Cursor::at(bytes, usize::try_from(u32_at(&header, 42)?).ok()?);
            let local = Local::read(&mut data).filter(|local| !local.is_encrypted())?;
            let packed_bytes = usize::try_from(u32_at(&header, 20)?).ok();
            return Some(Entry { method: local.method, packed_bytes, bytes: data.rest() });
        }
    }
}

fn u16_at(header: &[u8], offset: usize) -> Option<u16> {
    header.get(offset..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(header: &[u8], offset: usize) -> Option<u32> {
    header.get(offset..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use std::io::Write;

    const TEXT: &[u8] =
        b"Manifest-Version: 1.0\r\nBundle-SymbolicName: a.b;x:=y\r\nBundle-Version: 1.2\r\n\r\n";

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn le32(length: usize) -> [u8; 4] {
        u32::try_from(length).unwrap().to_le_bytes()
    }

    /// Packs entries of name, flags, method and data as a zip writer does, lengths left out for bit 3.
    fn zip(entries: &[(&str, u16, u16, &[u8])]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, flags, method, content) in entries {
            let data = if *method == 8 { deflated(content) } else { content.to_vec() };
            let length = le32(data.len());
            let local = if flags & 8 == 0 { length } else { [0; 4] };
            let offset = le32(out.len());
            let name_bytes = [name.len().to_le_bytes()[0], 0];
            out.extend(
                [LOCAL, &[20, 0], &flags.to_le_bytes(), &method.to_le_bytes(), &[0; 8]].concat(),
            );
            out.extend([&local[..], &local, &name_bytes, &[0; 2], name.as_bytes(), &data].concat());
            // The data descriptor, with its signature. (APPNOTE 4.3.9)
            if flags & 8 != 0 {
                out.extend([b"PK\x07\x08\0\0\0\0".as_slice(), &length, &length].concat());
            }
            directory
                .extend([CENTRAL, &[0; 4], &flags.to_le_bytes(), &method.to_le_bytes()].concat());
            directory
                .extend([&[0; 8][..], &length, &length, &name_bytes, &[0; 12], &offset].concat());
            directory.extend(name.as_bytes());
        }
        let start = le32(out.len());
        let bytes = le32(directory.len());
        [&out[..], &directory, END, &[0; 8], &bytes, &start, &[0; 2]].concat()
    }

    fn manifest(name: &str, version: &str) -> Jar {
        let symbolic_name = Some(name.to_owned());
        Jar::Manifest { symbolic_name, version: version.to_owned(), fragment: false }
    }

    const PATH: &str = "META-INF/MANIFEST.MF";

    #[test]
    fn manifest_is_read_however_it_is_packed() {
        for flags in [0, 8] {
            for method in [0, 8] {
                let jar = zip(&[("META-INF/", flags, method, b""), (PATH, flags, method, TEXT)]);
                assert_eq!(read(&jar, true), manifest("a.b", "1.2"), "{flags} {method}");
            }
        }
    }

    #[test]
    fn a_prefix_is_enough_but_for_stored_without_length() {
        for (flags, method, expect) in [
            (0, 0, manifest("a.b", "1.2")),
            (0, 8, manifest("a.b", "1.2")),
            (8, 8, manifest("a.b", "1.2")),
            // Only the central directory, which is cut off here, says where stored data end.
            (8, 0, Jar::NoManifest),
        ] {
            let jar = zip(&[("META-INF/", flags, method, b""), (PATH, flags, method, TEXT)]);
            let cut = &jar[..jar.len() - END_BYTES - 10];
            assert_eq!(read(cut, false), expect, "{flags} {method}");
        }
    }

    #[test]
    fn manifest_behind_other_entries_is_found() {
        let jar = zip(&[("a", 8, 8, &[7; 5000]), ("b", 0, 0, b"xyz"), (PATH, 8, 8, TEXT)]);
        assert_eq!(read(&jar, true), manifest("a.b", "1.2"));
    }

    #[test]
    fn missing_headers_have_java_s_defaults() {
        let jar = zip(&[(PATH, 0, 8, b"Manifest-Version: 1.0\n")]);
        let version = "0.0.0".to_owned();
        assert_eq!(
            read(&jar, true),
            Jar::Manifest { symbolic_name: None, version, fragment: false }
        );
    }

    #[test]
    fn only_the_exact_entry_name_is_the_manifest() {
        for name in ["meta-inf/manifest.mf", "x/META-INF/MANIFEST.MF", "META-INF/MANIFEST.MF.bak"] {
            assert_eq!(read(&zip(&[(name, 0, 8, TEXT)]), true), Jar::NoManifest);
        }
        assert_eq!(read(&zip(&[(PATH, 1, 8, TEXT)]), true), Jar::NoManifest);
        assert_eq!(read(&zip(&[]), true), Jar::NoManifest);
    }

    #[test]
    fn bad_is_said_only_when_sure() {
        let jar = zip(&[(PATH, 0, 8, TEXT)]);
        assert_eq!(read(b"", true), Jar::Bad);
        assert_eq!(read(b"<html>", true), Jar::Bad);
        assert_eq!(read(&[0; 100], false), Jar::Bad);
        assert_eq!(read(&jar[..jar.len() - 1], true), Jar::Bad);
        assert_eq!(read(&jar[..40], false), Jar::NoManifest);
        // A script may be in front of a jar: Java looks for the end of a zip.
        let behind_a_script = [b"#!/bin/sh\n".as_slice(), &jar].concat();
        assert_eq!(read(&behind_a_script, true), Jar::NoManifest);
    }

    #[test]
    fn a_bomb_is_cut_at_its_bound() {
        let zeros = vec![b' '; MANIFEST_BYTES_MAX + 1];
        assert_eq!(read(&zip(&[(PATH, 8, 8, &zeros)]), true), Jar::NoManifest);
        let zeros = vec![0; 8 * MANIFEST_BYTES_MAX];
        let jar = zip(&[("a", 8, 8, &zeros), (PATH, 8, 8, TEXT)]);
        assert_eq!(read(&jar[..jar.len() - 60], false), Jar::NoManifest);
    }

    #[test]
    fn name_is_that_of_the_revision_directory() {
        let found = Found { root: "", bundle: "bundle5", name: "version0.1" };
        assert_eq!(find("felix/bundle5/version0.1/bundle.jar"), Some(found));
        assert_eq!(find("felix/bundle5/bundle.jar"), None);
        assert_eq!(find("felix/bundle5/version0.1/bundle.jar-embedded/bundle.jar"), None);
    }
}
