//! Looks through a log block by block. Lines have no bound: one of 10 MB is normal.

use super::signature::{self, Match};
use super::time;
use crate::facts::{
    LogFile, LogSignature, LogStart, LogStatement, LogTime, LogTopic, STARTS_MAX, Sighting,
    StorageMode,
};
use std::collections::BTreeMap;

/// Bytes looked through at once.
const BLOCK_BYTES: usize = 256 << 10;
/// Bytes from the start of a text to the last byte that its meaning may depend on. A block ends so much before the last
/// byte that has come, so that a text across a border is found once.
const REACH_BYTES: usize = 1 << 10;
/// Stands before what the launcher says, unless that begins its line.
const LAUNCHER: &[u8] = b" [main] ";

/// Gathers what a log says.
#[derive(Default)]
pub(super) struct Blocks {
    file: LogFile,
    /// Bytes that have come and were not looked through.
    block: Vec<u8>,
    /// The last bytes before the block.
    edge: Vec<u8>,
    /// Offset of the block in the log.
    offset: u64,
    /// Bytes of the block of which `lines`, `time` and `record` know.
    passed: usize,
    /// Line ends so far.
    lines: u64,
    /// Time of the last line that has one.
    time: Option<LogTime>,
    /// Where that line begins.
    record: Option<u64>,
    /// The record that showed a sign last.
    counted: BTreeMap<LogSignature, Record>,
}

/// What is counted once, however often it repeats a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    /// A line with a time and the lines without one behind it.
    Timed(u64),
    /// A line before any time.
    Line(u64),
}

impl Blocks {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = BLOCK_BYTES.saturating_sub(self.block.len()).min(rest.len());
            let (piece, behind) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.block.extend_from_slice(piece);
            rest = behind;
            if self.block.len() >= BLOCK_BYTES {
                self.look_through(REACH_BYTES);
            }
        }
    }

    /// Returns what the log says.
    pub(super) fn finish(mut self) -> LogFile {
        self.look_through(0);
        self.file
    }

    /// Looks through the block but for its last bytes, which stay.
    fn look_through(&mut self, kept: usize) {
        let mut block = std::mem::take(&mut self.block);
        let end = block.len().saturating_sub(kept);
        let mut from = 0;
        while let Some(start) = signature::find(&block, from).filter(|start| *start < end) {
            self.pass(&block, start);
            self.take(&block, start);
            from = start.saturating_add(1);
        }
        self.pass(&block, end);
        self.edge.extend(block.drain(..end));
        // What is before a text decides who said it, and may be in the block before.
        self.edge.drain(..self.edge.len().saturating_sub(LAUNCHER.len()));
        self.block = block;
        self.offset = self.offset.saturating_add(u64::try_from(end).unwrap_or_default());
        self.passed = 0;
    }

    /// Counts the lines up to a byte of the block and finds the last time among them. Looks at every byte once.
    fn pass(&mut self, block: &[u8], to: usize) {
        // Lines without a time, as of a stack trace, belong to the record above them.
        let start = self.passed;
        if start == 0 && self.offset == 0 {
            self.begin_line(block, 0);
        }
        let mut passed = block.get(start..to).unwrap_or_default();
        self.lines = self.lines.saturating_add(
            u64::try_from(memchr::memchr_iter(b'\n', passed).count()).unwrap_or_default(),
        );
        // From the end, since only the last time before the text counts.
        while let Some(at) = memchr::memrchr(b'\n', passed) {
            if self.begin_line(block, start.saturating_add(at).saturating_add(1)) {
                break;
            }
            passed = passed.get(..at).unwrap_or_default();
        }
        self.passed = to;
    }

    /// Takes over the time of the line that begins at a byte of the block, if it has one.
    fn begin_line(&mut self, block: &[u8], at: usize) -> bool {
        let Some(time) = block.get(at..).and_then(time::read) else { return false };
        self.time = Some(time);
        self.record = Some(self.offset.saturating_add(u64::try_from(at).unwrap_or_default()));
        true
    }

    /// Returns `true` if a text is said by the launcher, and not quoted in a line of another: requests are logged with what
    /// strangers write into them.
    fn is_said(&self, block: &[u8], start: usize) -> bool {
        let before = block.get(start.saturating_sub(LAUNCHER.len())..start).unwrap_or_default();
        let before = [self.edge.as_slice(), before].concat();
        before.last().is_none_or(|byte| *byte == b'\n') || before.ends_with(LAUNCHER)
    }

    /// Takes the texts that begin at a byte. No more of the line is looked at than a text needs: one may hold it thousands of times.
    fn take(&mut self, block: &[u8], start: usize) {
        let reach = start.saturating_add(REACH_BYTES).min(block.len());
        let bytes = block.get(start..reach).unwrap_or_default();
        for found in signature::matches(bytes) {
            match found {
                Match::Sign(sign) => self.see(sign),
                Match::Startup(text) if text.by_launcher && !self.is_said(block, start) => {}
                Match::Startup(text) => {
                    let behind = bytes.get(text.text.len()..).unwrap_or_default();
                    let behind = behind.get(..text.bytes_max).unwrap_or(behind);
                    let line = rest_of_line(behind, text.text.ends_with('['));
                    let statements = (text.read)(line);
                    self.note_start(&statements);
                    for (topic, value) in statements {
                        // Logs grow at their end, so a later statement replaces an earlier one.
                        let statement = LogStatement { value, time: self.time };
                        self.file.statements.insert(topic, statement);
                    }
                }
            }
        }
    }

    /// Notes a start of the crypto support, with its mode and its version.
    fn note_start(&mut self, statements: &[(LogTopic, String)]) {
        let value =
            |wanted| statements.iter().find(|(topic, _)| *topic == wanted).map(|(_, value)| value);
        let (Some(time), Some(mode)) = (self.time, value(LogTopic::Storage)) else { return };
        let storage = if mode == "JCR" { StorageMode::Jcr } else { StorageMode::Bundle };
        let version = value(LogTopic::CryptoVersion).cloned();
        self.file.starts.insert(LogStart { time, storage, version });
        if self.file.starts.len() > STARTS_MAX {
            self.file.starts.pop_first();
        }
    }

    fn see(&mut self, sign: LogSignature) {
        let line = self.lines.saturating_add(1);
        let record = self.record.map_or(Record::Line(line), Record::Timed);
        if self.counted.insert(sign, record) == Some(record) {
            return;
        }
        let time = self.time;
        let sighting = self.file.sightings.entry(sign).or_insert(Sighting {
            count: 0,
            first: time,
            last: time,
            line,
        });
        sighting.count = sighting.count.saturating_add(1);
        sighting.first = sighting.first.or(time);
        sighting.last = time.or(sighting.last);
    }
}

/// Returns what is before the line end, as far as it is ASCII. A list ends where the next one would begin, too: a line may repeat it.
fn rest_of_line(bytes: &[u8], is_list: bool) -> &str {
    let ends =
        |byte: &u8| matches!(byte, b'\n' | b'\r') || is_list && *byte == b'[' || !byte.is_ascii();
    let end = bytes.iter().position(ends);
    bytes
        .get(..end.unwrap_or(bytes.len()))
        .and_then(|line| str::from_utf8(line).ok())
        .unwrap_or_default()
}
