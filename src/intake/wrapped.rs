//! Archives in files of another kind: after a program that unpacks itself, attached to a mail, in a document, or as text.

use super::archive_name::{claims_compression, kind_ending, names_archive};
use super::compound::{self, Compound};
use super::container::Refusal;
use super::fs::File;
use crate::facts::GapKind;
use crate::limits::Limits;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// What is said of a program or script that carries an archive.
pub(super) const PROGRAM: &str = "a program with an archive after it";
/// What is said of a mail with an archive.
pub(super) const MAIL: &str = "a mail with an archive attached";
/// What is said of a document with an archive.
pub(super) const DOCUMENT: &str = "a document with an archive in it";
/// What is said of packed bytes as text.
pub(super) const TEXT: &str = "packed data as text (base64, uuencode or hex)";

/// What is said of an archive that came through a pipe for text.
pub(super) const SPOILED: &str = "an archive that was written";

/// The end record of a zip, and how far from the end of the file it stands: a comment of up to 64 KiB is behind it.
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const TAIL_BYTES: usize = (64 << 10) + END_BYTES;

const PROGRAM_BYTES_MAX: usize = Limits::DEFAULT.wrapping_program_bytes_max;

const MAIL_BYTES_MAX: u64 = Limits::DEFAULT.mail_bytes_max;

/// Bytes of a line of a mail that are looked at.
const LINE_BYTES_MAX: usize = 1 << 10;

/// How programs begin: of Windows, Linux and macOS.
const PROGRAMS: [&[u8]; 3] = [b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe"];

/// How archives begin that stand after a program.
const BEHIND_PROGRAMS: &[&[u8]] = &[b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"];

/// How archives begin that stand after a script, which has no such bytes itself.
const BEHIND_SCRIPTS: &[&[u8]] = &[
    b"\x1f\x8b\x08",
    b"\xfd7zXZ\0",
    b"BZh91AY&SY",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf\x27\x1c",
    b"PK\x03\x04",
];

/// How mails begin.
const MAILS: [&[u8]; 6] =
    [b"From:", b"From ", b"Received:", b"Return-Path:", b"Delivered-To:", b"MIME-Version:"];

/// Kinds of attachments that are archives.
const ATTACHED: [&str; 8] = ["gzip", "zip", "tar", "xz", "bzip", "7z", "zstd", "rar"];

/// Says what a file hides, by its name and its first bytes, with the rest to read on.
///
/// # Errors
///
/// Those of reading the rest.
pub(super) fn find(path: &str, head: &[u8], rest: &mut dyn Read) -> io::Result<Option<Refusal>> {
    let Some(mut scan) = Scan::of(path, head) else { return Ok(None) };
    scan.push(head);
    let mut buffer = vec![0; 64 << 10];
    while scan.wants_more() {
        match rest.read(&mut buffer)? {
            0 => break,
            length => scan.push(buffer.get(..length).unwrap_or_default()),
        }
    }
    Ok(scan.finish())
}

/// Says what a file of a folder hides. Of a program, which may be as large as a dump, only both ends are read.
pub(super) fn find_in(file: &Path, name: &str, head: &[u8]) -> Option<Refusal> {
    let mut scan = Scan::of(name, head)?;
    let look = || -> io::Result<Option<Refusal>> {
        let mut opened = super::open::named(file)?;
        let length = opened.metadata()?.len();
        let start = u64::try_from(PROGRAM_BYTES_MAX).unwrap_or_default();
        let end = length.saturating_sub(u64::try_from(TAIL_BYTES).unwrap_or_default());
        let is_whole = !matches!(scan.carrier, Carrier::Program(_));
        push_all(&mut scan, &mut opened, if is_whole { length } else { start })?;
        if !is_whole && length > start {
            opened.seek(SeekFrom::Start(end.max(start)))?;
            push_all(&mut scan, &mut opened, length)?;
        }
        Ok(scan.finish())
    };
    look().unwrap_or_default()
}

fn push_all(scan: &mut Scan, file: &mut File, bytes_max: u64) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    let mut part = file.take(bytes_max);
    while scan.wants_more() {
        match part.read(&mut buffer)? {
            0 => break,
            length => scan.push(buffer.get(..length).unwrap_or_default()),
        }
    }
    Ok(())
}

/// What may carry an archive.
enum Carrier {
    /// A program or a script, and how archives begin that may be behind it.
    Program(&'static [&'static [u8]]),
    /// A mail as text.
    Mail,
    /// A mail of Outlook, or a document.
    Compound(Compound),
}

/// Looks through the bytes of a file as they come.
struct Scan {
    carrier: Carrier,
    /// What is said of it.
    what: &'static str,
    /// Bytes so far.
    seen: u64,
    /// The last bytes, or the line at hand.
    kept: Vec<u8>,
    is_found: bool,
}

impl Scan {
    fn of(path: &str, head: &[u8]) -> Option<Self> {
        let ends = |known: &[&str]| known.iter().any(|e| kind_ending(path).eq_ignore_ascii_case(e));
        let begins = |known: &[&[u8]]| known.iter().any(|start| head.starts_with(start));
        let (carrier, what) = if head.starts_with(compound::MAGIC) {
            // Installers of Windows are compound files too, and packed by their nature.
            if ends(&["msi", "msp"]) {
                return None;
            }
            let is_mail = ends(&["msg", "oft"]);
            (Carrier::Compound(Compound::default()), if is_mail { MAIL } else { DOCUMENT })
        } else if ends(&["eml", "mbox", "mht", "mhtml"]) || begins(&MAILS) {
            (Carrier::Mail, MAIL)
        } else if begins(&PROGRAMS) {
            (Carrier::Program(BEHIND_PROGRAMS), PROGRAM)
        } else if head.starts_with(b"#!") {
            (Carrier::Program(BEHIND_SCRIPTS), PROGRAM)
        } else {
            return None;
        };
        Some(Self { carrier, what, seen: 0, kept: Vec::new(), is_found: false })
    }

    fn is_over(&self) -> bool {
        !matches!(self.carrier, Carrier::Program(_)) && self.seen > MAIL_BYTES_MAX
    }

    fn wants_more(&self) -> bool {
        !(self.is_found || self.is_over())
    }

    fn push(&mut self, bytes: &[u8]) {
        match &mut self.carrier {
            Carrier::Mail => self.push_lines(bytes),
            Carrier::Program(behind) => {
                let behind = *behind;
                self.push_program(bytes, behind);
            }
            Carrier::Compound(compound) => {
                let before = self.kept.len();
                self.kept.extend_from_slice(bytes);
                compound.look(&self.kept, before);
                let old = self.kept.len().saturating_sub(Compound::KEPT_BYTES);
                self.kept.drain(..old);
            }
        }
        self.seen = self.seen.saturating_add(u64::try_from(bytes.len()).unwrap_or_default());
    }

    fn push_program(&mut self, bytes: &[u8], behind: &[&[u8]]) {
        // A magic may lie across two pieces, with all but one byte of it in the first.
        let longest = behind.iter().map(|magic| magic.len()).max().unwrap_or_default();
        let before = self.kept.len().min(longest.saturating_sub(1));
        self.kept.extend_from_slice(bytes);
        let is_near = self.seen < u64::try_from(PROGRAM_BYTES_MAX).unwrap_or_default();
        let from = self.kept.len().saturating_sub(bytes.len()).saturating_sub(before);
        let new = self.kept.get(from..).unwrap_or_default();
        let holds = |magic: &&[u8]| new.windows(magic.len()).any(|at| at == *magic);
        self.is_found |= is_near && behind.iter().any(holds);
        // A zip behind a program is known by its end alone (self-extracting ones of Info-ZIP, WinZip), so the tail is kept.
        let old = self.kept.len().saturating_sub(TAIL_BYTES);
        self.kept.drain(..old);
    }

    fn push_lines(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES_MAX.saturating_sub(self.kept.len());
            self.kept.extend(part.iter().take(room));
            if part.ends_with(b"\n") {
                self.is_found |= attaches(&self.kept);
                self.kept.clear();
            }
        }
    }

    fn finish(mut self) -> Option<Refusal> {
        let is_over = self.is_over();
        let is_found = match &mut self.carrier {
            Carrier::Mail => self.is_found || attaches(&self.kept),
            Carrier::Program(_) => self.is_found || has_zip_end(&self.kept),
            Carrier::Compound(compound) => {
                compound.end(&self.kept);
                compound.holds_archive()
            }
        };
        let cure = match self.carrier {
            Carrier::Program(_) => {
                "unpack it, as with `7z x FILE -oDIRECTORY`, and name the directory"
            }
            _ if is_found => "save the attachment, and name that",
            _ => "it is too large to look through, save what is attached, and name that",
        };
        let reason = || format!("{} is not read; {cure}", self.what);
        (is_found || is_over).then(|| (GapKind::NotAnArchive, reason()))
    }
}

/// Returns `true` if a line of a mail tells of an archive that is attached: `Content-Type: application/gzip; name="publish2.tgz"`, or
/// `begin 644 publish2.tgz`.
fn attaches(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line.trim_ascii_end()) else { return false };
    let line = line.to_ascii_lowercase();
    let kind = line.strip_prefix("content-type:").and_then(|kind| kind.trim().split(';').next());
    let is_archive = |kind: &str| {
        kind.strip_prefix("application/").is_some_and(|kind| {
            ATTACHED.iter().any(|known| kind.contains(known)) && !kind.starts_with("vnd.open")
        })
    };
    let named = line.split_once("name=").map(|(_, name)| name.trim_matches(['"', '\'', ';', ' ']));
    let encoded = line.strip_prefix("begin ").and_then(|rest| rest.split_once(' '));
    let encoded = encoded.filter(|(mode, _)| mode.parse::<u16>().is_ok()).map(|(_, name)| name);
    kind.is_some_and(is_archive)
        || named.into_iter().chain(encoded).any(|name| {
            let name = name.split('"').next().unwrap_or_default();
            names_archive(name) || claims_compression(name)
        })
}

/// Returns `true` if a zip ends near the end of a file. A program that reads zips has the mark alone.
fn has_zip_end(tail: &[u8]) -> bool {
    let is_end = |at: &[u8]| {
        let number = |from: usize| {
            let bytes = at.get(from..)?.first_chunk::<2>()?;
            Some(usize::from(u16::from_le_bytes(*bytes)))
        };
        let (Some(entries), Some(comment)) = (number(10), number(20)) else { return false };
        let directory = at.get(12..).and_then(|rest| rest.first_chunk::<4>());
        let directory = directory.map_or(0, |bytes| u32::from_le_bytes(*bytes));
        entries > 0
            // Each entry of the directory has 46 bytes at least (APPNOTE 4.3.12).
            && usize::try_from(directory).unwrap_or(usize::MAX) >= entries.saturating_mul(46)
            && END_BYTES.saturating_add(comment) <= at.len()
    };
    let marks = tail.windows(END.len()).enumerate().filter(|(_, at)| *at == END);
    marks.filter_map(|(at, _)| tail.get(at..)).any(is_end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::zip_writer::{Entry, zip};

    fn found(path: &str, bytes: &[u8]) -> Option<String> {
        let (head, mut rest) = bytes.split_at(bytes.len().min(1 << 10));
        find(path, head, &mut rest).unwrap().map(|(_, reason)| reason)
    }

    fn tells(path: &str, bytes: &[u8], what: &str) -> bool {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("f"), bytes).unwrap();
        let head = &bytes[..bytes.len().min(1 << 10)];
        let in_folder = find_in(&home.path().join("f"), path, head).map(|(_, reason)| reason);
        let found = found(path, bytes);
        assert_eq!(found, in_folder, "{path}");
        found.is_some_and(|reason| reason.starts_with(what))
    }

    #[test]
    fn archive_behind_a_program_is_found() {
        let packed = zip(&[Entry::file("crx-quickstart/x", b"1")]);
        for start in [&b"MZ"[..], b"\x7fELF\x02"] {
            let program = [start, &vec![0xa7; 3 << 20]].concat();
            assert!(!tells("x", &program, ""));
            assert!(tells("x", &[&program, packed.as_slice()].concat(), PROGRAM));
            let seven = [start, &vec![0xa7; 300_000], b"7z\xbc\xaf\x27\x1c\0\x04"].concat();
            assert!(tells("x.exe", &seven, PROGRAM));
            assert!(!tells("x", &[start, b"PK\x05\x06", &[0; 90]].concat(), ""));
        }
        assert!(tells("x.run", b"#!/bin/sh\nexit\n\x1f\x8b\x08\0\0", PROGRAM));
        for first in 1..10 {
            let mut scan = Scan::of("x", b"#!/bin/sh\n").unwrap();
            let (magic, rest) = b"BZh91AY&SY".split_at(first);
            for piece in [b"#!/bin/sh\n", magic, rest] {
                scan.push(piece);
            }
            assert!(scan.is_found, "{first}");
        }
        assert!(!tells("x.sh", b"#!/bin/sh\nexit\n", ""));
    }

    #[test]
    fn archive_attached_to_a_mail_is_found() {
        let mail = |part: &str| format!("From: a\n\n{}\n{part}\n", "text\n".repeat(900));
        for part in [
            "Content-Type: application/gzip; name=\"publish2.tgz\"",
            "Content-Disposition: attachment; filename=\"publish2.tar.gz\"",
            "\tname=publish2.zip",
            "begin 644 publish2.tgz",
        ] {
            assert!(tells("x.eml", mail(part).as_bytes(), MAIL), "{part}");
            assert!(tells("x", mail(part).as_bytes(), MAIL), "{part}");
        }
        for part in ["Content-Type: image/png; name=\"a.png\"", "see publish2.tgz", ""] {
            assert!(!tells("x.eml", mail(part).as_bytes(), ""), "{part}");
        }
    }

    #[test]
    fn archive_in_a_compound_file_is_found() {
        let name: Vec<u8> =
            "__substg1.0_3701000D".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let start = [compound::MAGIC, &vec![0xa7; 200_000], &name].concat();
        let packed = [start.as_slice(), b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xed\xcf"].concat();
        assert!(tells("RE AEM keys.msg", &packed, MAIL));
        assert!(tells("keys.oft", &packed, MAIL));
        assert!(tells("keys.doc", &packed, DOCUMENT));
        assert!(!tells("jdk.msi", &packed, ""));
        for name in ["keys.msg", "keys.doc", "x"] {
            assert!(!tells(name, &start, ""), "{name}");
        }
    }
}
