//! Archives that came through a pipe which was made for text: written in another encoding, or behind what a program said.

use super::wrapped::SPOILED;
use std::ops::Range;

/// Bytes that are looked at for the end of a text before an archive.
const TEXT_BYTES_MAX: usize = 8 << 10;

/// Bytes of an archive before its first control character.
const START_BYTES_MAX: usize = 24;

/// Bytes of UTF-8 in which the start of an archive stands.
const REWRITTEN_BYTES_MAX: usize = 1 << 10;

/// Where the magic of a tar stands in its first header, and what it is.
const USTAR_AT: usize = 257;
const USTAR: &[u8] = b"ustar";

/// Where the mode stands there, in octal digits.
const MODE: Range<usize> = 100..108;

/// How archives begin: gzip, xz, zstd, bzip2, zip, and those that are known and not read.
const STARTS: [&[u8]; 7] = [
    b"\x1f\x8b\x08",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"PK\x03\x04",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
];

/// Says of first bytes that nothing explains how an archive became of them what they are, and what to do.
pub(super) fn find(head: &[u8]) -> Option<String> {
    if is_rewritten(head) {
        return Some(format!(
            "{SPOILED} by a shell that takes bytes for text (`>` of PowerShell) is not read, and its content is lost; make it \
             again, with `cmd /c \"... > FILE\"`, or let the program write the file itself"
        ));
    }
    let start = behind_text(head)?;
    Some(format!(
        "{SPOILED} behind text (a login banner, messages of `tar`) is not read; cut that off with `tail -c +{} FILE > NAME`, or send it \
         again with scp or over `ssh -T`",
        start.saturating_add(1)
    ))
}

/// Returns `true` if bytes are an archive that was decoded as text and written in UTF-16 or UTF-8.
pub(super) fn is_rewritten(head: &[u8]) -> bool {
    // `>` of Windows PowerShell 5.1 writes UTF-16 with a mark, that of PowerShell 6.0 to 7.3 UTF-8 without one.
    // From 7.4 on it keeps the bytes of a program as they are.
    if let Some(rest) = head.strip_prefix(b"\xff\xfe") {
        return begins(|| wide(rest, u16::from_le_bytes), true);
    }
    if let Some(rest) = head.strip_prefix(b"\xfe\xff") {
        return begins(|| wide(rest, u16::from_be_bytes), true);
    }
    let (rest, is_marked) = match head.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (head, false),
    };
    // No archive begins with two bytes that are one letter, but for what was one byte above 127.
    let is_first = |byte: &u8| STARTS.iter().any(|start| start.first() == Some(byte));
    let may_be = is_marked || rest.first().is_some_and(|byte| is_first(byte) || *byte >= 0xc2);
    may_be && begins(|| narrow(rest), is_marked)
}

/// Returns `true` if characters are those of an archive; of bytes above 127 nobody knows what became of them. `is_marked`: a mark of the
/// encoding stood before them, which archives of plain bytes alone have not.
fn begins<I: Iterator<Item = u32>>(chars: impl Fn() -> I, is_marked: bool) -> bool {
    let is = |found: u32, byte: &u8| {
        if byte.is_ascii() { found == u32::from(*byte) } else { found > 127 }
    };
    let is_at = |at: usize, magic: &[u8]| {
        let mut found = chars().skip(at);
        magic.iter().all(|byte| found.next().is_some_and(|found| is(found, byte)))
    };
    let of_plain = |magic: &[u8]| magic.is_ascii();
    STARTS.iter().any(|magic| (is_marked || !of_plain(magic)) && is_at(0, magic))
        || (is_marked && is_at(USTAR_AT, USTAR))
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> impl Iterator<Item = u32> {
    bytes.as_chunks::<2>().0.iter().map(move |pair| u32::from(unit(*pair)))
}

/// Returns the characters of UTF-8 as far as it is.
fn narrow(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let near = bytes.get(..REWRITTEN_BYTES_MAX).unwrap_or(bytes);
    let text = near.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    text.chars().map(u32::from)
}

/// Returns where an archive begins of which text stands before it.
fn behind_text(head: &[u8]) -> Option<usize> {
    let near = head.get(..TEXT_BYTES_MAX).unwrap_or(head);
    // Login banners may ring a bell (7) and have escape sequences for colours (27).
    let is_control = |byte: &u8| *byte < b' ' && !matches!(*byte, 7..=13 | 27);
    // Text has no control characters, and each of these formats has one in its first bytes: bzip2 behind 10 letters and a checksum.
    let end = near.iter().position(is_control).filter(|end| *end > 0)?;
    let from = end.saturating_sub(START_BYTES_MAX);
    let packed =
        near.get(from..)?.windows(6).take(START_BYTES_MAX.saturating_add(1)).position(|at| {
            let is_start = |start: &&[u8]| at.starts_with(start);
            // Of bzip2 the letters alone say little.
            STARTS.iter().any(is_start) && (!at.starts_with(b"BZh") || at.get(4..6) == Some(b"1A"))
        });
    packed.map(|at| from.saturating_add(at)).filter(|at| *at > 0).or_else(|| tar_before(head, end))
}

/// Returns where a tar begins whose first name ends at `end`.
fn tar_before(head: &[u8], end: usize) -> Option<usize> {
    let near = head.get(end..end.saturating_add(USTAR_AT).saturating_add(USTAR.len()))?;
    let at = near.windows(USTAR.len()).position(|at| at == USTAR)?;
    let start = end.saturating_add(at).checked_sub(USTAR_AT)?;
    // A tar whose first header alone is damaged goes on at the next block, and is read from there.
    let is_shifted = start & 511 != 0;
    // A text may hold `ustar` as well, but only a header has digits 157 bytes before it.
    let mode = head.get(start..)?.get(MODE)?;
    let is_number = mode.iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0));
    (is_shifted && is_number).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::testing::{archive, gzip, member};
    use crate::testing::Scenes;

    fn wide_text(bytes: &[u8]) -> Vec<u8> {
        // The letters that Windows shows for these bytes are others, but none of ASCII.
        let units = bytes.iter().flat_map(|byte| u16::from(*byte).to_le_bytes());
        [0xff, 0xfe].into_iter().chain(units).collect()
    }

    #[test]
    fn archive_that_was_written_as_text_is_known() {
        let tar = archive(&[member(b'0', "crx-quickstart/a", b"1")]);
        let packed = gzip(&tar);
        let lossy = String::from_utf8_lossy(&packed).into_owned();
        let letters: String = packed.iter().map(|byte| char::from(*byte)).collect();
        for bytes in [
            wide_text(&packed),
            wide_text(&tar),
            wide_text(b"PK\x03\x04\x14\0"),
            lossy.clone().into_bytes(),
            letters.into_bytes(),
            format!("\u{feff}{lossy}").into_bytes(),
            [b"\xef\xbb\xbf", tar.as_slice()].concat(),
            b"\xef\xbf\xbd7zXZ\0".to_vec(),
            b"(\xef\xbf\xbd/\xef\xbf\xbd".to_vec(),
        ] {
            assert!(is_rewritten(&bytes), "{bytes:x?}");
        }
        for bytes in [
            wide_text(b"crx-quickstart is here, and ustar is no word"),
            packed,
            tar,
            "\u{feff}PK is a name".into(),
            "\u{feff}text".into(),
            "(\u{e9} is text".into(),
            vec![0xff, 0xfe],
        ] {
            assert!(!is_rewritten(&bytes), "{bytes:x?}");
        }
    }

    #[test]
    fn archive_behind_text_is_known_and_where_it_begins() {
        let tar = archive(&[member(b'0', "crx-quickstart/a", b"1")]);
        let packed = gzip(&tar);
        let banner = "Authorized use only.\r\n\u{e9}\x1b[0m";
        for body in
            [tar.as_slice(), &packed, b"\xfd7zXZ\0\0", b"PK\x03\x04\x14\0\0", b"BZh91AY&SY\x01"]
        {
            let bytes = [banner.as_bytes(), body].concat();
            assert_eq!(behind_text(&bytes), Some(banner.len()), "{body:x?}");
        }
        let said = b"tar: Removing leading `/' from member names\n".to_vec();
        let behind = [said, tar].concat();
        let mut scenes = Scenes::default();
        scenes.add("behind 44 bytes", &find(&behind).expect("a tar"));
        scenes.add("as text", &find(&wide_text(&packed)).expect("a gzip"));
        scenes.are("spoiled-archives");
        for bytes in [&b"text alone\n"[..], b"text\n\x01\x02 and more", b"", b"\x1f\x8b\x08"] {
            assert_eq!(find(bytes), None, "{bytes:x?}");
        }
    }
}
