//! What bytes are, judged by their content and never by a name.

use super::CONTAINERS;
use super::container::{Container, Refusal};
use super::pack_errors;
use super::packed_text::is_packed_text;
use super::spoiled;
use super::wrapped;
use crate::facts::GapKind;

/// Bytes read to judge by.
// The magic of an ISO image lies behind 32 KiB, and a tar with a damaged start needs a later header to be seen.
pub(super) const HEAD_BYTES: usize = 64 << 10;

/// Lengths of files that may be keys: as AEM writes them, and with a line end.
const KEY_FILE_BYTES: [usize; 9] = [16, 17, 18, 32, 33, 34, 48, 49, 50];

/// What is said of the content that servers send instead of a file.
const LOOKS_LIKE: &str = "looks like";

/// A page of a server.
pub(super) const HTML: &str = "an HTML page";

/// What is said of content that is neither known nor text.
const UNKNOWN: &str = "unknown content";

/// A format that is known and not read: name, magic bytes, and how to turn it into one that is.
struct Foreign {
    name: &'static str,
    magic: &'static [u8],
    cure: &'static str,
}

const FOREIGN: &[Foreign] = &[
    Foreign {
        // The mark of a split zip (APPNOTE 8.5) has the signature of the sizes behind a body.
        name: "the first part of a split zip archive",
        magic: b"PK\x07\x08",
        cure: "join all parts with `zip -s 0 FILE.zip --out WHOLE.zip`",
    },
    Foreign {
        name: "a 7z archive",
        magic: b"7z\xbc\xaf\x27\x1c",
        cure: "unpack it with `7z x FILE -oDIRECTORY` (of a split one the first part) and name the directory",
    },
    Foreign {
        name: "a rar archive",
        magic: b"Rar!\x1a\x07",
        cure: "unpack it with `unrar x FILE DIRECTORY/` (of a split one the first part) and name the directory",
    },
    Foreign {
        name: "lz4 data",
        magic: b"\x04\x22\x4d\x18",
        cure: "pack it again with `lz4 -dc FILE | gzip > NAME.tar.gz`",
    },
    Foreign {
        // `gzip -dc` unpacks the `.Z` of compress too.
        name: "compress data",
        magic: b"\x1f\x9d",
        cure: "pack it again with `gzip -dc FILE | gzip > NAME.tar.gz`",
    },
];

/// Formats that are not read and may hold an install, but are more often something of a system: name, where the magic bytes stand,
/// and these.
const CLOSED: &[(&str, usize, &[u8])] = &[
    ("an encrypted OpenPGP message", 0, b"-----BEGIN PGP MESSAGE"),
    // A packet for a passphrase, as `gpg -c` writes it, and packets for keys of RSA with 2048, 3072 and 4096 bits and of Curve25519 (RFC 4880
    // §5.1, §5.3): tag, length, version.
    ("an encrypted OpenPGP message", 0, b"\x8c\x0d\x04"),
    ("an encrypted OpenPGP message", 0, b"\x85\x01\x0c\x03"),
    ("an encrypted OpenPGP message", 0, b"\x85\x01\x8c\x03"),
    ("an encrypted OpenPGP message", 0, b"\x85\x02\x0c\x03"),
    ("an encrypted OpenPGP message", 0, b"\x84\x5e\x03"),
    ("a file encrypted with age", 0, b"age-encryption.org/"),
    ("a file encrypted with age", 0, b"-----BEGIN AGE ENCRYPTED"),
    ("a file encrypted with openssl", 0, b"Salted__"),
    ("a file encrypted with git-crypt", 0, b"\0GITCRYPT"),
    ("a file encrypted with ansible-vault", 0, b"$ANSIBLE_VAULT"),
    ("an encrypted LUKS volume", 0, b"LUKS\xba\xbe"),
    // `070707` of POSIX, `070701` and `070702` of SVR4; the binary form has no such start.
    ("a cpio archive", 0, b"07070"),
    ("an ISO image", 0x8001, b"CD001"),
    // The superblock is at byte 1024, and the magic 56 bytes into it.
    ("an ext2, ext3 or ext4 image", 0x438, b"\x53\xef"),
    ("a VirtualBox disk image", 0x40, b"\x7f\x10\xda\xbe"),
    ("an XFS image", 0, b"XFSB"),
    ("a QEMU disk image", 0, b"QFI\xfb"),
    ("a VMware disk image", 0, b"KDMV"),
    // A VHD that grows begins with a copy of its footer; a fixed one has it at the end alone, behind the plain disk.
    ("a virtual disk image", 0, b"conectix"),
    ("a virtual disk image", 0, b"vhdxfile"),
    ("a squashfs image", 0, b"hsqs"),
    ("an rpm package", 0, b"\xed\xab\xee\xdb"),
    ("a Debian package or ar archive", 0, b"!<arch>\n"),
    ("a cabinet file", 0, b"MSCF"),
    ("a xar archive", 0, b"xar!"),
    ("a Windows image", 0, b"MSWIM\0"),
    ("lzip data", 0, b"LZIP"),
    ("lzop data", 0, b"\x89LZO"),
    // LZMA alone has no magic: these are its usual properties, and the low bytes of the size of a dictionary.
    ("lzma data", 0, b"\x5d\0\0"),
];

/// How links begin that a file system without any keeps as files: those of Samba and macOS, of Cygwin, and of Windows Services for UNIX.
const LINKS: [&[u8]; 3] = [b"XSym\n", b"!<symlink>", b"IntxLNK\x01"];

/// What is said of those.
const LINK: &str = "a link that is kept as a file";

/// What is said of a file that begins with zeros, as an empty tar does, and whose name is of something else.
const ZEROS: &str = "a file of zeros, as far as was looked";

/// Returns the container that begins with `head`, or why there is none.
pub(super) fn sniff(head: &[u8]) -> Result<&'static Container, Refusal> {
    // bsdtar 3.6 takes a file of no bytes for an archive without entries, and succeeds.
    if head.is_empty() {
        return Err((GapKind::EmptyFile, "a file of no bytes".to_owned()));
    }
    // Asked before tar, which takes a block of zeros for an empty archive.
    if let Some(refusal) = behind_zeros(head) {
        return Err(refusal);
    }
    if let Some(container) = CONTAINERS.iter().find(|container| (container.sniff)(head)) {
        return Ok(container);
    }
    if let Some(foreign) = FOREIGN.iter().find(|foreign| head.starts_with(foreign.magic)) {
        let reason = format!("{} is not supported; {}", foreign.name, foreign.cure);
        return Err((GapKind::Unsupported, reason));
    }
    if let Some(name) = closed(head) {
        return Err(not_read(name));
    }
    if LINKS.iter().any(|link| head.starts_with(link)) {
        let reason = format!("{LINK}, and was not followed; send what it leads to");
        return Err((GapKind::NotAnArchive, reason));
    }
    if is_packed_text(head) {
        let reason = format!(
            "{} is not read; decode it, as with `base64 -d FILE > NAME`, and name the result",
            wrapped::TEXT
        );
        return Err((GapKind::NotAnArchive, reason));
    }
    if let Some(reason) = spoiled::find(head) {
        return Err((GapKind::NotAnArchive, reason));
    }
    if let Some(page) = page(head) {
        return Err((
            GapKind::NotAnArchive,
            format!("{LOOKS_LIKE} {page}, not an archive (a failed download?)"),
        ));
    }
    // Last, since it looks for a header anywhere in the head; a whole tar was recognised before.
    if let Some(container) = CONTAINERS.iter().find(|container| (container.is_damaged)(head)) {
        return Ok(container);
    }
    // Not one of its bytes is shown: it may be a key that was named instead of its install.
    let reason = if KEY_FILE_BYTES.contains(&head.len()) {
        format!("{UNKNOWN}; it may be a key file itself: name the install that it lies in")
    } else {
        UNKNOWN.to_owned()
    };
    Err((GapKind::NotAnArchive, reason))
}

fn closed(head: &[u8]) -> Option<&'static str> {
    let begins =
        |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    CLOSED.iter().find(|(_, at, magic)| begins(*at, magic)).map(|(name, ..)| *name)
}

fn not_read(name: &str) -> Refusal {
    let reason =
        format!("{name} is not read; unpack it and name the directory, or send it as a tar.gz");
    (GapKind::NotAnArchive, reason)
}

/// An image of a disk has zeros where a tar that ends with its first block has them too: an ISO 9660 image 32 KiB of them.
fn behind_zeros(head: &[u8]) -> Option<Refusal> {
    let is_zero = head.get(..512)?.iter().all(|byte| *byte == 0);
    is_zero.then(|| closed(head).map(not_read))?
}

/// Returns what is said of a file whose first bytes are all zero.
pub(super) fn zeros() -> Refusal {
    let reason =
        format!("{ZEROS}: an image of a disk, or never filled; send what it holds as a tar.gz");
    (GapKind::NotAnArchive, reason)
}

/// Returns `true` if a reason is one of a format that may hold an install and is not read.
pub(super) fn tells_closed(reason: &str) -> bool {
    let begins = |name: &str| reason.starts_with(name);
    CLOSED.iter().any(|(name, ..)| begins(name))
        || [wrapped::PROGRAM, wrapped::MAIL, wrapped::DOCUMENT, wrapped::TEXT, wrapped::SPOILED]
            .into_iter()
            .chain([pack_errors::ERRORS])
            .any(begins)
}

/// Returns `true` if a reason is one of content that is neither known nor text, or a link.
pub(super) fn tells_unknown(reason: &str) -> bool {
    reason.starts_with(UNKNOWN) || reason.starts_with(LINK)
}

/// Returns `true` if a reason is one of text or a page.
pub(super) fn tells_page(reason: &str) -> bool {
    reason.starts_with(LOOKS_LIKE)
}

/// Names the kind of text that servers send instead of a file.
pub(super) fn page(head: &[u8]) -> Option<&'static str> {
    if is_wide_text(head) {
        return Some("plain text");
    }
    // Error pages of servers on Windows may begin with a byte order mark.
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let start = head.get(..1024).unwrap_or(head).to_ascii_lowercase();
    if start.iter().any(|byte| *byte < b' ' && !byte.is_ascii_whitespace()) {
        return None;
    }
    let holds = |text: &[u8]| start.windows(text.len()).any(|window| window == text);
    match start.first()? {
        b'<' if holds(b"<!doctype html") || holds(b"<html") => Some(HTML),
        // S3 and Azure Blob Storage answer a refused download with XML.
        b'<' => Some("an XML document"),
        b'{' | b'[' => Some("a JSON document"),
        _ if std::str::from_utf8(&start).is_ok() || is_mostly_ascii(&start) => Some("plain text"),
        _ => None,
    }
}

/// Returns `true` if bytes are text in UTF-16, as Windows writes it.
fn is_wide_text(head: &[u8]) -> bool {
    let is_text = |units: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = units.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
        let (mut count, mut letters) = (0_usize, 0_usize);
        for unit in units {
            if unit < 32 && !(9..=13).contains(&unit) {
                return false;
            }
            count = count.saturating_add(1);
            letters = letters.saturating_add(usize::from(unit < 127));
        }
        letters > 0 && letters.saturating_mul(2) >= count
    };
    match head.split_first_chunk::<2>() {
        Some((b"\xff\xfe", rest)) => is_text(rest, u16::from_le_bytes),
        Some((b"\xfe\xff", rest)) => is_text(rest, u16::from_be_bytes),
        _ => false,
    }
}

/// Returns `true` if bytes are text in an encoding of the West, or in UTF-8 that was cut. A key has no more than 50.
fn is_mostly_ascii(start: &[u8]) -> bool {
    let others = start.iter().filter(|byte| !byte.is_ascii()).count();
    start.len() > 50 && others.saturating_mul(8) < start.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scenes;

    fn refusal(head: &[u8]) -> Refusal {
        sniff(head).map(|container| container.name).unwrap_err()
    }

    #[test]
    fn every_other_content_has_its_sentence() {
        let mut scenes = Scenes::default();
        for (head, kind) in [
            (&b""[..], GapKind::EmptyFile),
            (b"<!DOCTYPE HTML><p>403", GapKind::NotAnArchive),
            (b"\xef\xbb\xbf\n<html>", GapKind::NotAnArchive),
            (b"<?xml version='1.0'?><Error>", GapKind::NotAnArchive),
            (b"{\"error\":403}", GapKind::NotAnArchive),
            (b"\xff\xfe4\x000\x003\0", GapKind::NotAnArchive),
            (b"\xff\xfe\x81\x93\x55\x91\x01\0", GapKind::NotAnArchive),
            (b"not found\n", GapKind::NotAnArchive),
            (
                b"Der Anhang wurde gel\xf6scht, da er nicht zugelassen ist.\r\n",
                GapKind::NotAnArchive,
            ),
            (b"PK\x07\x08PK\x03\x04", GapKind::Unsupported),
            (b"7z\xbc\xaf\x27\x1c", GapKind::Unsupported),
            (b"Rar!\x1a\x07\0", GapKind::Unsupported),
            (b"\x04\x22\x4d\x18", GapKind::Unsupported),
            (b"\x7fELF\x01", GapKind::NotAnArchive),
            (&[0xf1; 32], GapKind::NotAnArchive),
        ] {
            let (found, reason) = refusal(head);
            assert_eq!(found, kind, "{reason}");
            scenes.add(&head.escape_ascii().to_string(), &reason);
        }
        scenes.are("no-archives");
    }

    #[test]
    fn what_is_as_long_as_a_key_may_be_one() {
        for (length, may_be) in [(15, false), (16, true), (33, true), (50, true), (51, false)] {
            let (kind, reason) = refusal(&vec![0xf1; length]);
            assert_eq!(kind, GapKind::NotAnArchive);
            assert_eq!(reason.contains("may be a key file"), may_be, "{length}: {reason}");
            assert!(!reason.contains("\\x"), "{reason}");
        }
    }

    #[test]
    fn containers_are_known_by_magic() {
        for (magic, name) in [
            (&b"\x1f\x8b\x08"[..], "gzip"),
            (b"\xfd7zXZ\0", "xz"),
            (b"\x28\xb5\x2f\xfd", "zstd"),
            (b"\x53\x2a\x4d\x18", "zstd"),
            (b"BZh91AY&SY", "bzip2"),
            (b"PK\x03\x04", "zip"),
            (b"PK\x05\x06", "zip"),
        ] {
            assert_eq!(sniff(magic).unwrap().name, name);
        }
        assert_eq!(sniff(&[0; 512]).unwrap().name, "tar");
        let mut header = ::tar::Header::new_old();
        header.set_path("v7").unwrap();
        header.set_size(0);
        header.set_cksum();
        assert_eq!(sniff(header.as_bytes()).unwrap().name, "tar");
    }

    #[test]
    fn tar_with_a_damaged_first_header_is_a_tar() {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(0);
        header.set_cksum();
        let mut head = vec![0xfe; 512];
        head.extend_from_slice(header.as_bytes());
        assert_eq!(sniff(&head).unwrap().name, "tar");
    }
}
