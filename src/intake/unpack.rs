//! What compressions share: streams one after the other, zeros for padding behind each, and a limit on what comes out.

use super::codec::{Codec, Compressed, Flow, Head, Stop, StreamState};
use super::container::{Input, Repeats};
use super::depth::Depth;
use super::restarts::{Restart, Restarts};
use crate::facts::GapKind;
use crate::limits::Limits;
use std::io::{self, BufRead, ErrorKind, Read};
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Decodes streams. Never fails: it ends, and says in `problems` why too early.
pub(super) struct Unpack<R, C> {
    pub(super) codec: C,
    input: Counted<R>,
    /// Where what comes out can be read again at any place, and how.
    restarts: Option<Restarts<C>>,
    /// What will be.
    wanted: (Sender<Range<u64>>, Receiver<Range<u64>>),
    state: StreamState,
    produced: u64,
    limits: Limits,
    /// What other archives of the source came to.
    before: Depth,
    pub(super) problems: Vec<(GapKind, String)>,
}

/// Bytes, and how many of them were consumed.
struct Counted<R> {
    bytes: R,
    offset: u64,
    /// How many of those before `offset` are zeros, the last ones.
    zeros: u64,
}

/// Zeros in a row at the end of what is cut from which on it was not cut: the file was made in its full length, and its end never came.
///
/// Deflate takes zeros for symbols of the block at hand, so that what comes out of them looks like content, and keys that nobody has.
const HOLLOW_BYTES: u64 = 16;

impl<R: BufRead> Compressed for Counted<R> {
    fn fill(&mut self) -> Result<&[u8], Stop> {
        // The borrow checker refuses to return the first buffer from inside a loop, so fill once to get past interruptions.
        loop {
            match self.bytes.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Stop::Failed(error)),
            }
        }
        self.bytes.fill_buf().map_err(Stop::Failed)
    }

    fn consume(&mut self, length: usize) {
        // What was filled is handed out once more, without being read.
        let used = self.bytes.fill_buf().ok().and_then(|bytes| bytes.get(..length));
        let used = used.unwrap_or_default();
        let zeros = used.iter().rev().take_while(|byte| **byte == 0).count();
        let before = if zeros == used.len() { self.zeros } else { 0 };
        self.zeros = before.saturating_add(u64::try_from(zeros).unwrap_or(u64::MAX));
        self.bytes.consume(length);
        self.offset = self.offset.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
    }
}

impl<R: BufRead, C: Codec> Unpack<R, C> {
    pub(super) fn new(codec: C, bytes: R, limits: &Limits, before: Depth) -> Self {
        Self {
            codec,
            input: Counted { bytes, offset: 0, zeros: 0 },
            restarts: None,
            wanted: channel(),
            state: StreamState::Start,
            produced: 0,
            limits: *limits,
            before,
            problems: Vec::new(),
        }
    }

    /// Keeps places on its way from which one can go on.
    pub(super) fn keep_places(&mut self) {
        self.restarts = Some(Restarts::new(&self.limits));
    }

    /// Returns the codec, and the places that were kept where anything will be read again.
    pub(super) fn into_places(mut self) -> Option<(C, Restarts<C>)> {
        self.hear();
        let restarts = self.restarts.filter(Restarts::is_wanted)?;
        Some((self.codec, restarts))
    }

    /// Hears what will be read again.
    fn hear(&mut self) {
        if let Some(restarts) = &mut self.restarts {
            self.wanted.1.try_iter().for_each(|bytes| restarts.want(bytes));
        }
    }

    /// Goes on from a place, or from the start; `bytes` are those behind it.
    pub(super) fn resume(&mut self, place: Option<Restart<C>>, bytes: R) {
        let start = (0, 0, StreamState::Start);
        let at = place.as_ref().map_or(start, |at| (at.compressed, at.unpacked, at.state));
        (self.input.offset, self.produced, self.state) = at;
        (self.input.bytes, self.input.zeros) = (bytes, 0);
        // Problems met on an earlier way are met again where the new way comes to them.
        self.problems.clear();
        if let Some(place) = place {
            self.codec = place.codec;
        }
    }

    /// Returns the place that was come to, where one can go on from it.
    pub(super) fn place(&self) -> Option<Restart<C>> {
        let (compressed, unpacked, state) = (self.input.offset, self.produced, self.state);
        Some(Restart { compressed, unpacked, state, codec: self.codec.copy()?, stays: false })
    }

    /// Returns how many bytes came out.
    pub(super) fn produced(&self) -> u64 {
        self.produced
    }

    /// Returns what is wrong with the stream so far.
    pub(super) fn problems(&self) -> &[(GapKind, String)] {
        &self.problems
    }

    /// Keeps the place that was come to, where the last one lies too far back.
    fn mark(&mut self) {
        self.hear();
        let is_due = self.restarts.as_ref().is_some_and(|places| places.is_due(self.produced));
        let place = if is_due { self.place() } else { None };
        if let (Some(restarts), Some(place)) = (&mut self.restarts, place) {
            restarts.add(place);
        }
    }

    fn step(&mut self, out: &mut [u8]) -> usize {
        let (length, result) = match self.state {
            StreamState::Start => (0, self.start()),
            StreamState::Between => (0, self.between()),
            StreamState::Body => self.body(out),
            StreamState::End => return 0,
        };
        self.produced = self.produced.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        match result {
            Ok(state) => self.state = state,
            Err(stop) => self.end(stop),
        }
        length
    }

    fn start(&mut self) -> Result<StreamState, Stop> {
        let mut magic = Vec::with_capacity(C::MAGIC_BYTES);
        while magic.len() < C::MAGIC_BYTES {
            magic.push(*self.input.fill()?.first().ok_or(Stop::Ends)?);
            // Byte by byte, so that the offset in the gap
            // is that of the first byte that is unknown.
            if !C::may_start(&magic) {
                let reason = format!("unknown bytes after the {}", C::NAME);
                return Err(Stop::Bad(GapKind::TrailingData, reason));
            }
            self.input.consume(1);
        }
        Ok(match self.codec.start(&magic, &mut self.input)? {
            Head::Data => StreamState::Body,
            Head::DoubtfulData(what) => {
                self.doubt(what);
                StreamState::Body
            }
            Head::Nothing => StreamState::Between,
        })
    }

    fn body(&mut self, out: &mut [u8]) -> (usize, Result<StreamState, Stop>) {
        let (length, result) = self.codec.step(&mut self.input, out);
        let state = result.map(|flow| match flow {
            Flow::On => StreamState::Body,
            Flow::End => StreamState::Between,
            Flow::Wrong(what) => {
                self.doubt(what);
                StreamState::Between
            }
        });
        (length, state)
    }

    /// Passes over zero padding, which tapes and some storage systems add.
    fn between(&mut self) -> Result<StreamState, Stop> {
        let mut zeros = 0_u64;
        loop {
            let bytes = self.input.fill()?;
            let (ends, length) = (bytes.is_empty(), bytes.len());
            // GNU gzip ignores zeros behind a member too, and warns of any other bytes as trailing garbage.
            let padding = bytes.iter().take_while(|byte| **byte == 0).count();
            self.input.consume(padding);
            zeros = zeros.saturating_add(u64::try_from(padding).unwrap_or(u64::MAX));
            if ends || padding < length {
                self.say_hollow(zeros);
                return Ok(if ends { StreamState::End } else { StreamState::Start });
            }
        }
    }

    /// Reports more zeros than padding explains: the file was made in full length, and not filled.
    fn say_hollow(&mut self, zeros: u64) {
        if zeros > self.limits.padding_bytes_max {
            let reason = format!(
                "{zeros} bytes of zeros after the end of the {}, more than any padding; perhaps a failed download",
                C::NAME
            );
            self.problems.push((GapKind::TrailingData, reason));
        }
    }

    /// Reports that what came out is not what was packed.
    fn doubt(&mut self, what: &str) {
        self.problem(GapKind::CorruptStream, &format!("{} {what}, ending", C::NAME));
    }

    fn problem(&mut self, kind: GapKind, what: &str) {
        let reason = format!("{what} at compressed byte {}", self.input.offset);
        self.problems.push((kind, reason));
    }

    fn end(&mut self, stop: Stop) {
        let is_start = self.state == StreamState::Start;
        let place = if is_start { "the start of a stream" } else { self.codec.place() };
        match stop {
            Stop::Ends if self.input.zeros >= HOLLOW_BYTES => {
                let what = format!(
                    "{} ends inside {place} with {} zeros; perhaps a failed download, whose last content is wrong, found",
                    C::NAME,
                    self.input.zeros,
                );
                self.problem(GapKind::CorruptStream, &what);
            }
            Stop::Ends => {
                self.problem(GapKind::Partial, &format!("{} ends inside {place}", C::NAME));
            }
            Stop::Failed(error) => self.problem(GapKind::Unreadable, &error.to_string()),
            Stop::Bad(kind, what) => self.problem(kind, &what),
        }
        self.state = StreamState::End;
    }
}

impl<R: BufRead, C: Codec> Read for Unpack<R, C> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // Before anything is decoded, so that a place is the byte at which the next piece begins.
        self.mark();
        while self.state != StreamState::End && !out.is_empty() {
            // Before each piece, since the bound of standard input grows with the bytes that are read of it.
            if self.produced > self.before.unpacked_left(&self.limits) {
                let reason = self.before.unpacks_to_more(&self.limits);
                self.problems.push((GapKind::OverLimit, reason));
                self.state = StreamState::End;
                break;
            }
            let length = self.step(out);
            if length > 0 {
                return Ok(length);
            }
        }
        Ok(0)
    }
}

impl<R: BufRead, C: Codec> Input for Unpack<R, C> {
    fn jump(&mut self, _: u64) -> io::Result<u64> {
        Ok(0)
    }

    fn has_failed(&self) -> bool {
        !self.problems.is_empty()
    }

    fn repeats(&self) -> Repeats {
        match self.restarts {
            Some(_) => Repeats::WhereTold(self.wanted.0.clone()),
            None => Repeats::Never,
        }
    }
}

/// One that another thread may drive.
pub(super) struct Movable<R, C>(pub(super) Unpack<R, C>);

impl<R: BufRead, C: Codec> Read for Movable<R, C> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl<R: BufRead + Send, C: Codec + Send> Input for Movable<R, C> {
    fn jump(&mut self, bytes: u64) -> io::Result<u64> {
        self.0.jump(bytes)
    }

    fn elsewhere(&mut self) -> Option<&mut (dyn Read + Send)> {
        Some(&mut self.0)
    }

    fn has_failed(&self) -> bool {
        self.0.has_failed()
    }

    fn repeats(&self) -> Repeats {
        self.0.repeats()
    }
}
