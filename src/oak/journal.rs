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

/// What a journal says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Journal {
    /// The revisions, newest first. One that is repeated at once is there once.
    pub(super) revisions: Vec<Revision>,
    /// Lines after the newest revision that are cut or damaged. Each may have been a newer one.
    pub(super) torn: usize,
}

impl Journal {
    /// Reads the end of a journal.
    pub(super) fn read(text: &[u8]) -> Self {
        let mut journal = Self { revisions: Vec::new(), torn: 0 };
        // A copy that was made while the file grew ends in zeros.
        let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        let mut lines = text.get(..end).unwrap_or_default().rsplit(|byte| *byte == b'\n');
        // What has no line end may go on: half a time is another time.
        if lines.next().is_some_and(|unended| !unended.is_empty()) {
            journal.torn = 1;
        }
        for line in lines {
            match std::str::from_utf8(line).ok().and_then(parse) {
                // Oak walks backwards, too, and takes the first line whose segment it finds.
                // (`FileStoreUtil.findPersistedRecordId`)
                Some(revision) if journal.is_new(revision) => journal.revisions.push(revision),
                // Offline compaction of Oak leaves one line and an empty one.
                None if journal.revisions.is_empty() && !line.trim_ascii().is_empty() => {
                    journal.torn = journal.torn.saturating_add(1);
                }
                Some(_) | None => {}
            }
        }
        journal
    }

    fn is_new(&self, revision: Revision) -> bool {
        self.revisions.last().is_none_or(|newer| newer.root != revision.root)
    }
}

fn parse(line: &str) -> Option<Revision> {
    let mut words = line.trim_end_matches('\r').split(' ');
    let id = words.next()?;
    // Oak passes over a line without a blank, and never looks at what the second word is.
    words.next()?;
    // Oak up to 1.4 (AEM 6.2) writes no time.
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
        let journal = Journal::read(text.as_bytes());
        journal.revisions.iter().map(|r| (r.root.number, r.time_ms)).collect()
    }

    #[test]
    fn torn_end_is_a_newer_revision_that_is_not_known() {
        let torn = |end: &str| Journal::read(format!("{UUID}:1 root 5\n{end}").as_bytes()).torn;
        assert_eq!((torn(""), torn("\0\0\0"), torn("\n")), (0, 0, 0));
        assert_eq!(torn(&format!("{UUID}:2 root 17953")), 1);
        assert_eq!(torn("029fec6b-1a"), 1);
        assert_eq!(torn("029fec6b-1a\n029fec6b\n"), 2);
    }

    #[test]
    fn last_line_is_the_newest() {
        let text = format!("{UUID}:14 root 1795320453127\n{UUID}:15 root 1795320453999\n");
        assert_eq!(numbers(&text), [(15, Some(1_795_320_453_999)), (14, Some(1_795_320_453_127))]);
    }

    #[test]
    fn older_forms_are_read() {
        assert_eq!(numbers(&format!("{UUID}:16380 root\n")), [(16_380, None)]);
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
