//! One line, as it was read: all that can be said of it without the lines around it, so that many are read at once.

use super::bad_lines::{BadLine, read};
use super::{End, LineId, SavedLine};
use crate::facts::{Gap, GapKind, Snapshot, SourceRecord};
use std::collections::BTreeSet;

/// A line that was read, to be taken in the order of the file.
#[derive(Debug)]
pub struct ReadLine {
    pub(super) content: Content,
}

/// What is in a line.
#[derive(Debug)]
pub(super) enum Content {
    /// A fact, and what its line is known by.
    Fact(Box<Fact>, LineId),
    Bad(BadLine),
    Blank,
    /// The start of a line in which the file ends.
    Cut,
}

/// The one part of a line. Instances and gaps come with what their line would be known by if it were written now.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are the largest, and all are boxed")]
pub(super) enum Fact {
    Source(SourceRecord, Option<BTreeSet<LineId>>),
    Instance(Snapshot, LineId),
    Gap(Gap, LineId),
    End(End),
}

/// PowerShell and editors put it before the first line; `cat` puts that line anywhere.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl ReadLine {
    /// Reads a whole line.
    pub fn whole(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Self { content: Content::Blank };
        }
        let content = match read(bytes).map(|(line, id)| (fact(line, id, bytes), id)) {
            Ok((Some(fact), id)) => Content::Fact(Box::new(fact), id),
            Ok((None, _)) => Content::Blank,
            Err(bad) => Content::Bad(bad),
        };
        Self { content }
    }

    /// Reads the start of a line in which the file ends. What lacks its line end alone is whole.
    pub fn cut(bytes: &[u8]) -> Self {
        match Self::whole(bytes).content {
            Content::Blank => Self { content: Content::Cut },
            Content::Bad(bad) if bad.is_cut => Self { content: Content::Cut },
            content => Self { content },
        }
    }

    /// Says of a line that it is longer than any line of facts.
    pub fn too_long() -> Self {
        let reason = "is longer than any line of facts; it was not read";
        Self { content: Content::Bad(BadLine::new(GapKind::TooLarge, reason)) }
    }
}

/// Returns the part that is there.
fn fact(line: SavedLine<'static>, id: LineId, bytes: &[u8]) -> Option<Fact> {
    if let Some(record) = line.source {
        let holds = line.holds.map(std::borrow::Cow::into_owned);
        return Some(Fact::Source(record.into_owned(), holds));
    }
    if let Some(snapshot) = line.instance {
        let mut snapshot = snapshot.into_owned();
        snapshot.keep_shapes();
        let now = now(&SavedLine::instance(&snapshot), id, bytes);
        return Some(Fact::Instance(snapshot, now));
    }
    if let Some(gap) = line.gap {
        let mut gap = gap.into_owned();
        gap.keep_shapes();
        let now = now(&SavedLine::gap(&gap), id, bytes);
        return Some(Fact::Gap(gap, now));
    }
    line.end.map(|end| Fact::End(end.into_owned()))
}

/// Returns what a line would be known by if it were written now: mostly as it is, and written as it was.
fn now(line: &SavedLine<'_>, id: LineId, bytes: &[u8]) -> LineId {
    let is_same = serde_json::to_vec(line).is_ok_and(|text| text == bytes);
    if is_same { id } else { LineId::of(line) }
}
