//! What compressions share: streams one behind the other, zeros for padding behind each, and a limit on what comes out.
//!
//! Decoders are driven here and not through their own readers: those drop what was decoded in the call that meets the damage,
//! which of a small archive is everything, and do not say at which byte a stream ends.

use super::container::{Context, Input, Opened};
use super::inner::Depth;
use super::walk_input;
use super::wiping_reader::WipingReader;
use crate::facts::GapKind;
use crate::limits::Limits;
use std::io::{self, BufRead, ErrorKind, Read};

/// Compressed bytes read at once.
pub(super) const INPUT_BYTES: usize = 256 << 10;

/// A compression: decodes one stream at a time.
pub(super) trait Codec {
    /// Its name in reports.
    const NAME: &'static str;

    /// Bytes that tell where a stream begins.
    const MAGIC_BYTES: usize;

    /// What is in the source's file can be read again at any place.
    const IS_REPEATABLE: bool = false;

    /// Returns `true` if a stream may begin so; `start` has at most `MAGIC_BYTES` bytes.
    fn may_start(start: &[u8]) -> bool;

    /// Begins a stream whose magic was read.
    fn start(&mut self, magic: &[u8], input: &mut dyn Compressed) -> Result<Head, Stop>;

    /// Decodes into `out`, and returns how many bytes came even where they are the last before the damage.
    fn step(&mut self, input: &mut dyn Compressed, out: &mut [u8]) -> (usize, Result<Flow, Stop>);

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
    /// What stands there cannot be decoded.
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
pub(super) fn walk<C: Codec>(codec: C, opened: Opened<'_>, context: &mut Context<'_>) {
    if !may_open(context) {
        return;
    }
    let is_repeatable = C::IS_REPEATABLE && opened.input.is_plain_file();
    let input = WipingReader::new(INPUT_BYTES, opened.head.chain(opened.input));
    let mut unpack = Unpack::new(codec, input, context, is_repeatable);
    walk_input(&mut unpack, context);
    context.unpacked = context.unpacked.saturating_add(unpack.produced);
    for (kind, reason) in unpack.problems {
        context.visit.gap(None, kind, reason);
    }
}

/// Decodes streams. Never fails: it ends, and says in `problems` why too early.
struct Unpack<'l, R, C> {
    codec: C,
    input: Counted<R>,
    is_repeatable: bool,
    state: State,
    produced: u64,
    limits: &'l Limits,
    /// What other archives of the source came to.
    before: Depth,
    problems: Vec<(GapKind, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
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

impl<'l, R: BufRead, C: Codec> Unpack<'l, R, C> {
    fn new(codec: C, bytes: R, context: &Context<'l>, is_repeatable: bool) -> Self {
        Self {
            codec,
            input: Counted { bytes, offset: 0 },
            is_repeatable,
            state: State::Start,
            produced: 0,
            limits: context.limits,
            before: context.depth.clone(),
            problems: Vec::new(),
        }
    }

    fn step(&mut self, out: &mut [u8]) -> usize {
        let (length, result) = match self.state {
            State::Start => (0, self.start()),
            State::Between => (0, self.between()),
            State::Body => self.body(out),
            State::End => return 0,
        };
        self.produced = self.produced.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        match result {
            Ok(state) => self.state = state,
            Err(stop) => self.end(stop),
        }
        length
    }

    fn start(&mut self) -> Result<State, Stop> {
        let mut magic = Vec::with_capacity(C::MAGIC_BYTES);
        while magic.len() < C::MAGIC_BYTES {
            magic.push(*self.input.fill()?.first().ok_or(Stop::Ends)?);
            if !C::may_start(&magic) {
                let reason = format!("unknown bytes behind the {}", C::NAME);
                return Err(Stop::Bad(GapKind::TrailingData, reason));
            }
            self.input.consume(1);
        }
        Ok(match self.codec.start(&magic, &mut self.input)? {
            Head::Data => State::Body,
            Head::DoubtfulData(what) => {
                self.doubt(what);
                State::Body
            }
            Head::Nothing => State::Between,
        })
    }

    fn body(&mut self, out: &mut [u8]) -> (usize, Result<State, Stop>) {
        let (length, result) = self.codec.step(&mut self.input, out);
        let state = result.map(|flow| match flow {
            Flow::On => State::Body,
            Flow::End => State::Between,
            Flow::Wrong(what) => {
                self.doubt(what);
                State::Between
            }
        });
        (length, state)
    }

    /// Passes over zero padding, which tapes and some storage systems add.
    fn between(&mut self) -> Result<State, Stop> {
        let mut zeros = 0_u64;
        loop {
            let bytes = self.input.fill()?;
            let (ends, length) = (bytes.is_empty(), bytes.len());
            let padding = bytes.iter().take_while(|byte| **byte == 0).count();
            self.input.consume(padding);
            zeros = zeros.saturating_add(u64::try_from(padding).unwrap_or(u64::MAX));
            if ends || padding < length {
                self.say_hollow(zeros);
                return Ok(if ends { State::End } else { State::Start });
            }
        }
    }

    /// Reports more zeros than padding explains: the file was made in full length, and not filled.
    fn say_hollow(&mut self, zeros: u64) {
        if zeros > self.limits.padding_bytes_max {
            let reason = format!(
                "{zeros} bytes of zeros behind the end of the {}, more than any padding; perhaps a failed download",
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
        let is_start = self.state == State::Start;
        let place = if is_start { "the start of a stream" } else { self.codec.place() };
        match stop {
            Stop::Ends => {
                self.problem(GapKind::Partial, &format!("{} ends inside {place}", C::NAME));
            }
            Stop::Failed(error) => self.problem(GapKind::Unreadable, &error.to_string()),
            Stop::Bad(kind, what) => self.problem(kind, &what),
        }
        self.state = State::End;
    }
}

impl<R: BufRead, C: Codec> Read for Unpack<'_, R, C> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.state != State::End && !out.is_empty() {
            if self.produced > self.before.unpacked_left(self.limits) {
                let reason = self.before.unpacks_to_more(self.limits);
                self.problems.push((GapKind::OverLimit, reason));
                self.state = State::End;
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

impl<R: BufRead, C: Codec> Input for Unpack<'_, R, C> {
    fn jump(&mut self, _: u64) -> io::Result<u64> {
        Ok(0)
    }

    fn is_repeatable(&self) -> bool {
        self.is_repeatable
    }
}
