//! Looks through a log block by block. Lines have no bound: one of 10 MB is normal.

use super::head::{self, JSON_BYTES};
use super::options::Options;
use super::prefix;
use super::signature::{self, CountsIn, Match, Signature};
use super::startup::StartupText;
use super::thrown::{self, Thrown};
use crate::facts::{
    LogFile, LogSignature, LogStart, LogStatement, LogTime, LogTopic, STARTS_MAX, Sighting,
    StorageMode,
};
use std::collections::BTreeMap;

/// Bytes looked through at once.
const BLOCK_BYTES: usize = 256 << 10;
/// Bytes from the start of a text to the last byte that its meaning may depend on.
const REACH_BYTES: usize = 1 << 10;
/// A block ends so much before the last byte that has come, so that a text or the beginning of a line across a border is read once.
const KEPT_BYTES: usize = JSON_BYTES;
/// Bytes before a text that its meaning may depend on.
const EDGE_BYTES: usize = 256;
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
    /// Time of the last record, where it has one.
    time: Option<LogTime>,
    /// Where that record begins.
    record: Option<u64>,
    /// Its level is one of what is no trouble.
    is_quiet: bool,
    /// The line that was passed last is its first.
    is_in_head: bool,
    /// The record that showed a sign last.
    counted: BTreeMap<LogSignature, Record>,
    /// The last record that showed a text which counts with an exception, the line, and its sign.
    awaited: Option<(Record, u64, LogSignature)>,
    /// The last record that showed an exception of the crypto service.
    exception: Option<Record>,
    options: Options,
}

/// What is counted once, however often it repeats a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    /// A line that begins a record, and the lines behind it that continue it.
    Headed(u64),
    /// A line before any of these.
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
                self.look_through(KEPT_BYTES);
            }
        }
    }

    /// Returns what the log says.
    pub(super) fn finish(mut self) -> LogFile {
        self.look_through(0);
        for (topic, statement) in std::mem::take(&mut self.options).statements() {
            self.file.say(topic, statement);
        }
        self.file
    }

    /// Looks through the block but for its last bytes, which stay.
    fn look_through(&mut self, kept: usize) {
        let mut block = std::mem::take(&mut self.block);
        let end = block.len().saturating_sub(kept);
        let mut from = 0;
        // What is kept is looked through with the next block.
        let searched = block.get(..end.saturating_add(REACH_BYTES)).unwrap_or(&block);
        while let Some(start) = signature::find(searched, from).filter(|start| *start < end) {
            self.pass(&block, start);
            self.take(&block, start);
            from = start.saturating_add(1);
        }
        self.pass(&block, end);
        self.edge.extend(block.drain(..end));
        // What is before a text decides who said it, and may be in the block before.
        self.edge.drain(..self.edge.len().saturating_sub(EDGE_BYTES));
        self.block = block;
        self.offset = self.offset.saturating_add(u64::try_from(end).unwrap_or_default());
        self.passed = 0;
    }

    /// Counts the lines up to a byte of the block and finds the last time among them. Looks at every byte once.
    fn pass(&mut self, block: &[u8], to: usize) {
        // Lines without a time, as of a stack trace, belong to the record above them.
        let start = self.passed;
        if start == 0 && self.offset == 0 {
            self.is_in_head = self.begin_line(block, 0);
        }
        let mut passed = block.get(start..to).unwrap_or_default();
        self.lines = self.lines.saturating_add(
            u64::try_from(memchr::memchr_iter(b'\n', passed).count()).unwrap_or_default(),
        );
        // From the end, since only the last time before the text counts.
        let mut is_last = true;
        while let Some(at) = memchr::memrchr(b'\n', passed) {
            let begins = self.begin_line(block, start.saturating_add(at).saturating_add(1));
            if std::mem::take(&mut is_last) {
                self.is_in_head = begins;
            }
            if begins {
                break;
            }
            passed = passed.get(..at).unwrap_or_default();
        }
        self.passed = to;
    }

    /// Takes over the time and the level of the line that begins at a byte of the block, if it begins a record.
    fn begin_line(&mut self, block: &[u8], at: usize) -> bool {
        let Some(head) = block.get(at..).and_then(head::read) else { return false };
        // A record of an unknown time has not that of an older one.
        self.time = head.time;
        self.is_quiet = head.is_quiet;
        self.file.ends = self.file.ends.max(head.time);
        self.record = Some(self.offset.saturating_add(u64::try_from(at).unwrap_or_default()));
        true
    }

    /// Returns what is before a byte of the block in its line, as far as it matters, and whether it is all of that.
    fn before(&self, block: &[u8], start: usize) -> (Vec<u8>, bool) {
        let near = block.get(start.saturating_sub(EDGE_BYTES)..start).unwrap_or_default();
        let edge = if near.len() < EDGE_BYTES { self.edge.as_slice() } else { &[] };
        let mut before = [edge, near].concat();
        let end = memchr::memrchr(b'\n', &before);
        let is_whole = end.is_some() || before.len() < EDGE_BYTES;
        before.drain(..end.map_or(0, |end| end.saturating_add(1)));
        (before, is_whole)
    }

    /// Returns `true` if a text is said by the launcher, and not quoted in a line of another: requests are logged with what
    /// strangers write into them.
    fn is_said(&self, block: &[u8], start: usize) -> bool {
        let (before, is_whole) = self.before(block, start);
        is_whole && prefix::is_start_of_line(&before) || before.ends_with(LAUNCHER)
    }

    /// Returns how an exception stands at a byte of the block.
    fn thrown(&self, block: &[u8], start: usize) -> Option<Thrown> {
        let (before, is_whole) = self.before(block, start);
        thrown::how(&before, is_whole)
    }

    /// Takes the texts that begin at a byte. No more of the line is looked at than a text needs: one may hold it thousands of times.
    fn take(&mut self, block: &[u8], start: usize) {
        let reach = start.saturating_add(REACH_BYTES).min(block.len());
        let bytes = block.get(start..reach).unwrap_or_default();
        for found in signature::matches(bytes) {
            match found {
                Match::Sign(known) => self.take_sign(known, block, start),
                Match::Exception if self.thrown(block, start).is_some() => {
                    let record = self.record();
                    self.exception = Some(record);
                    if let Some((_, line, sign)) = self.awaited.take_if(|(own, ..)| *own == record)
                    {
                        self.see(sign, line);
                    }
                }
                Match::Startup(text) if !text.by_launcher || self.is_said(block, start) => {
                    self.take_startup(text, bytes, start);
                }
                Match::Exception | Match::Startup(_) => {}
            }
        }
    }

    fn take_sign(&mut self, known: &Signature, block: &[u8], start: usize) {
        let (line, record) = (self.line(), self.record());
        let counts = match known.counts() {
            CountsIn::Always => true,
            CountsIn::InTrouble => !self.is_of_no_trouble(),
            CountsIn::AsThrown => match self.thrown(block, start) {
                Some(Thrown::InTrace) => true,
                Some(Thrown::InMessage) => !self.is_of_no_trouble(),
                None => false,
            },
            CountsIn::WithException if self.exception == Some(record) => true,
            CountsIn::WithException if is_last_word(block, start, known.text) => {
                !self.is_of_no_trouble()
            }
            CountsIn::WithException => {
                self.awaited = Some((record, line, known.signature));
                false
            }
        };
        if counts {
            self.see(known.signature, line);
        }
    }

    /// Returns `true` if the line is of a level that is no trouble. One that continues such a record may be of a program that writes others.
    fn is_of_no_trouble(&self) -> bool {
        self.is_quiet && self.is_in_head
    }

    fn take_startup(&mut self, text: &StartupText, bytes: &[u8], start: usize) {
        let behind = bytes.get(text.text.len()..).unwrap_or_default();
        let behind = behind.get(..text.bytes_max).unwrap_or(behind);
        let line = rest_of_line(behind, text.text.ends_with('['));
        let statements = (text.read)(line);
        self.note_start(&statements);
        let time = self.time;
        let statements =
            statements.into_iter().map(|(topic, value)| (topic, LogStatement { value, time }));
        if text.is_of_options() {
            let at = self.offset.saturating_add(u64::try_from(start).unwrap_or_default());
            return self.options.take(text, line, at, statements);
        }
        for (topic, statement) in statements {
            self.file.say(topic, statement);
        }
    }

    /// Notes a start of the crypto support, with its mode and its version.
    fn note_start(&mut self, statements: &[(LogTopic, String)]) {
        let value =
            |wanted| statements.iter().find(|(topic, _)| *topic == wanted).map(|(_, value)| value);
        let Some(mode) = value(LogTopic::Storage) else { return };
        // Logs grow at their end: what was seen so far at an unknown time was seen before this start. Where both times are known they count:
        // within one millisecond the order of lines is that of threads.
        let start = self.time;
        self.file.open.retain(|_, open| {
            open.is_untimed = false;
            start.is_some() && open.last >= start
        });
        let Some(time) = self.time else { return };
        let storage = if mode == "JCR" { StorageMode::Jcr } else { StorageMode::Bundle };
        let version = value(LogTopic::CryptoVersion).cloned();
        self.file.starts.insert(LogStart { time, storage, version });
        if self.file.starts.len() > STARTS_MAX {
            self.file.starts.pop_first();
        }
    }

    /// Returns the number of the line that was passed last.
    fn line(&self) -> u64 {
        self.lines.saturating_add(1)
    }

    fn record(&self) -> Record {
        self.record.map_or(Record::Line(self.line()), Record::Headed)
    }

    fn see(&mut self, sign: LogSignature, line: u64) {
        let record = self.record();
        if self.counted.insert(sign, record) == Some(record) {
            return;
        }
        let time = self.time;
        let sighting = self.file.sightings.entry(sign).or_insert(Sighting {
            count: 0,
            first: time,
            last: time,
            line,
            since_start: None,
        });
        sighting.count = sighting.count.saturating_add(1);
        sighting.first = sighting.first.or(time);
        sighting.last = time;
        let open = self.file.open.entry(sign).or_default();
        open.last = open.last.max(time);
        open.is_untimed |= time.is_none();
    }
}

/// Returns `true` if no other word follows a text in its line.
fn is_last_word(block: &[u8], start: usize, text: &str) -> bool {
    let behind = block.get(start.saturating_add(text.len())..).unwrap_or_default();
    let next = behind.iter().find(|byte| **byte != b' ');
    // `password-protected PDF`, `password(s) of form`, `password: file is a protected PDF`: a thing of the content, and no value of AEM.
    next.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"-(:,".contains(byte))
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
