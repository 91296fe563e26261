//! `journal.log`: the revisions of a store, the newest last.
//!
//! A line is `<uuid>:<record number> root <milliseconds>`; Oak up to 1.4 leaves the time out, and `<uuid>.<8 hexadecimal digits>` is an
//! older form. Lines without a blank are none. (`RecordId.PATTERN`, `JournalReader`)

use super::id::{RecordId, SegmentId};

/// One revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Revision {
    pub(super) root: RecordId,
    /// Milliseconds since 1970.
    pub(super) time_ms: Option<u64>,
}

/// Returns the revisions, newest first, each once.
pub(super) fn revisions(text: &[u8]) -> Vec<Revision> {
    let mut revisions: Vec<Revision> = Vec::new();
    for line in text.split(|byte| *byte == b'\n').rev() {
        let Some(revision) = std::str::from_utf8(line).ok().and_then(parse) else { continue };
        if revisions.last().is_none_or(|newer| newer.root != revision.root) {
            revisions.push(revision);
        }
    }
    revisions
}

fn parse(line: &str) -> Option<Revision> {
    let mut words = line.trim_end_matches('\r').split(' ');
    let id = words.next()?;
    words.next()?;
    let time_ms = words.next().and_then(|word| word.parse().ok());
    let (uuid, number) = if let Some((uuid, number)) = id.split_once(':') {
        (uuid, number.parse().ok()?)
    } else {
        let (uuid, digits) = id.split_once('.')?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        // Four digits count words of four bytes.
        (uuid, if digits.len() == 4 { number.checked_mul(4)? } else { number })
    };
    Some(Revision { root: RecordId { segment: SegmentId::parse(uuid)?, number }, time_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "029fec6b-1ab5-4b44-ae81-d59174bd06ee";

    fn numbers(text: &str) -> Vec<(u32, Option<u64>)> {
        revisions(text.as_bytes()).iter().map(|r| (r.root.number, r.time_ms)).collect()
    }

    #[test]
    fn last_line_is_the_newest() {
        let text = format!("{UUID}:14 root 1795320453127\n{UUID}:15 root 1795320453999\n");
        assert_eq!(numbers(&text), [(15, Some(1_795_320_453_999)), (14, Some(1_795_320_453_127))]);
    }

    #[test]
    fn older_forms_are_read() {
        assert_eq!(numbers(&format!("{UUID}:16380 root")), [(16_380, None)]);
        assert_eq!(numbers(&format!("{UUID}.0003fc04 root\r\n")), [(0x3fc04, None)]);
        assert_eq!(numbers(&format!("{UUID}.ff01 root\n")), [(0xff01 * 4, None)]);
    }

    #[test]
    fn what_is_no_line_is_passed_over() {
        let text = format!(
            "\n{UUID}:1\nx y z\n{UUID}:-1 root\n\0\0\0{UUID}:2 root\n{UUID}:3 root 5\n{UUID}:3 root 6\n"
        );
        assert_eq!(numbers(&text), [(3, Some(6))]);
    }
}
