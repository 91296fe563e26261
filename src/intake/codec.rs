//! What compressions share: streams one after the other, zeros for padding behind each, and a limit on what comes out.
//!
//! Decoders are driven here and not through their own readers: those drop what was decoded in the call that meets the damage,
//! which of a small archive is everything, and do not say at which byte a stream ends.

use super::container::{Context, Input, Opened};
use super::nested::Depth;
use super::read_at::Positioned;
use super::reread::Reread;
use super::restarts::{Restart, Restarts};
use super::walk_input;
use super::wiping_reader::WipingReader;
use crate::facts::GapKind;
use crate::limits::Limits;
use std::io::{self, BufRead, ErrorKind, Read};
use std::ops::Range;

/// Compressed bytes read at once.
pub(super) const INPUT_BYTES: usize = 256 << 10;

/// A compression: decodes one stream at a time.
pub(super) trait Codec: Sized {
    /// Its name in reports.
    const NAME: &'static str;

    /// Bytes that tell where a stream begins.
    const MAGIC_BYTES: usize;

    /// Decoding can go on from a copy.
    const RESTARTS: bool = false;

    /// Returns `true` if a stream may begin so; `start` has at most `MAGIC_BYTES` bytes.
    fn may_start(start: &[u8]) -> bool;

    /// Begins a stream whose magic was read.
    fn start(&mut self, magic: &[u8], input: &mut dyn Compressed) -> Result<Head, Stop>;

    /// Decodes into `out`, and returns how many bytes came even where they are the last before the damage.
    fn step(&mut self, input: &mut dyn Compressed, out: &mut [u8]) -> (usize, Result<Flow, Stop>);

    /// Returns another that goes on from here by itself; `None` where decoding can begin at the start alone.
    fn copy(&self) -> Option<Self> {
        None
    }

    /// Names the part of a stream that is read at the moment.
    fn place(&self) -> &'static str {
        "its data"
    }
}

/// What follows the head of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// Its data.
    Data,
    /// Its data; this is wrong with the head.
    DoubtfulData(&'static str),
    /// The next stream: it holds no data.
    Nothing,
}

/// How a stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// There is more.
    On,
    /// It has ended, and every checksum in it holds.
    End,
    /// It has ended, and this is wrong with what came out; what follows can be read.
    Wrong(&'static str),
}

/// Why a stream cannot be read on.
#[derive(Debug)]
pub(super) enum Stop {
    /// The input ends.
    Ends,
    /// The operating system failed.
    Failed(io::Error),
    /// What is there cannot be decoded.
    Bad(GapKind, String),
}

impl Stop {
    /// Says that the data breaks its format or a checksum.
    pub(super) fn damaged(name: &str) -> Self {
        Self::Bad(GapKind::CorruptStream, format!("{name} data is damaged"))
    }
}

/// The compressed bytes.
pub(super) trait Compressed {
    /// Returns the next bytes; none where the input ends.
    fn fill(&mut self) -> Result<&[u8], Stop>;

    /// Passes over bytes that `fill` returned.
    fn consume(&mut self, length: usize);
}

/// Takes one byte.
pub(super) fn byte(input: &mut dyn Compressed) -> Result<u8, Stop> {
    let byte = *input.fill()?.first().ok_or(Stop::Ends)?;
    input.consume(1);
    Ok(byte)
}

/// Says that decoding needs more memory than is given to it, and how to do without.
pub(super) fn window_too_large(name: &str, bytes: u64, cure: &str) -> String {
    format!(
        "{name} needs a window of {bytes} bytes, over the limit; raise it with `--max-window {bytes}`, or {cure}; found"
    )
}

/// Returns `true` if one more compression may be opened, and counts it. A gap tells when not.
fn may_open(context: &mut Context<'_>) -> bool {
    if context.nesting >= context.limits.nesting_max {
        let limit = context.limits.nesting_max;
        let reason = format!("more than {limit} compressions around each other; not opened");
        context.visit.gap(None, GapKind::OverLimit, reason);
        return false;
    }
    context.nesting = context.nesting.saturating_add(1);
    true
}

/// Walks what a compression holds.
pub(super) fn walk<C: Codec + 'static>(codec: C, opened: Opened<'_>, context: &mut Context<'_>) {
    if !may_open(context) {
        return;
    }
    let file = opened.input.file().filter(|_| opened.input.is_plain_file());
    let file = file.and_then(|file| file.try_clone().ok());
    let input = WipingReader::new(INPUT_BYTES, opened.head.chain(opened.input));
    let mut unpack = Unpack::new(codec, input, context.limits, context.depth.clone());
    unpack.restarts = file.is_some().then(|| Restarts::new(context.limits));
    walk_input(&mut unpack, context);
    context.unpacked = context.unpacked.saturating_add(unpack.produced);
    for (kind, reason) in std::mem::take(&mut unpack.problems) {
        context.visit.gap(None, kind, reason);
    }
    let Unpack { codec, restarts, .. } = unpack;
    if let (Some(file), Some(restarts)) = (file, restarts)
        && restarts.is_wanted()
        && let Ok(file) = Positioned::new(file)
    {
        let reread = Reread::new(file, codec, restarts, context.limits);
        context.random_access = Some(Box::new(reread));
    }
}

/// Decodes streams. Never fails: it ends, and says in `problems` why too early.
pub(super) struct Unpack<R, C> {
    codec: C,
    input: Counted<R>,
    /// Where what comes out can be read again at any place, and how.
    restarts: Option<Restarts<C>>,
    state: StreamState,
    produced: u64,
    limits: Limits,
    /// What other archives of the source came to.
    before: Depth,
    problems: Vec<(GapKind, String)>,
}

/// Where in a stream, or between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamState {
    /// At the first byte of a stream.
    Start,
    Body,
    Between,
    End,
}

/// Bytes, and how many of them were consumed.
struct Counted<R> {
    bytes: R,
    offset: u64,
}

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
        self.bytes.consume(length);
        self.offset = self.offset.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
    }
}

impl<R: BufRead, C: Codec> Unpack<R, C> {
    pub(super) fn new(codec: C, bytes: R, limits: &Limits, before: Depth) -> Self {
        Self {
            codec,
            input: Counted { bytes, offset: 0 },
            restarts: None,
            state: StreamState::Start,
            produced: 0,
            limits: *limits,
            before,
            problems: Vec::new(),
        }
    }

    /// Goes on from a place, or from the start; `bytes` are those behind it.
    pub(super) fn resume(&mut self, place: Option<Restart<C>>, bytes: R) {
        let start = (0, 0, StreamState::Start);
        let at = place.as_ref().map_or(start, |at| (at.compressed, at.unpacked, at.state));
        (self.input.offset, self.produced, self.state) = at;
        self.input.bytes = bytes;
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
        self.mark();
        while self.state != StreamState::End && !out.is_empty() {
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

    fn is_repeatable(&self) -> bool {
        self.restarts.is_some()
    }

    fn want_again(&mut self, bytes: Range<u64>) {
        if let Some(restarts) = &mut self.restarts {
            restarts.want(bytes);
        }
    }
}
