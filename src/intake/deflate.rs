//! One raw deflate stream that fills a range of a file, as the body of an entry of a zip does. (RFC 1951)

use super::codec::{Codec, Compressed, Flow, Head, Stop};
use super::inflater::{Course, Inflater};

/// Unpacks it.
pub(super) struct Undeflate {
    inflater: Inflater,
}

impl Undeflate {
    pub(super) fn new() -> Self {
        Self { inflater: Inflater::new() }
    }
}

/// Inflates what comes next of a stream; `name` says in messages what it is one of.
pub(super) fn inflate(
    inflater: &mut Inflater,
    input: &mut dyn Compressed,
    out: &mut [u8],
    name: &str,
) -> (usize, Result<Flow, Stop>) {
    let bytes = match input.fill() {
        Ok(bytes) => bytes,
        Err(stop) => return (0, Err(stop)),
    };
    let is_end_of_input = bytes.is_empty();
    let inflation = inflater.inflate(bytes, out);
    input.consume(inflation.consumed);
    let flow = match inflation.course {
        Course::Ended => Ok(Flow::End),
        // zlib may hold output back until there is room for it, so an end of input alone does not end the stream.
        Course::On if is_end_of_input && inflation.produced == 0 => Err(Stop::Ends),
        Course::On => Ok(Flow::On),
        Course::Damaged => Err(Stop::damaged(name)),
    };
    (inflation.produced, flow)
}

impl Codec for Undeflate {
    const NAME: &'static str = "deflate";
    // A raw stream begins with the bits of its first block (RFC 1951 §3.2.3), so any byte may be the first.
    const MAGIC_BYTES: usize = 0;
    const RESTARTS: bool = true;

    fn may_start(_: &[u8]) -> bool {
        true
    }

    fn start(&mut self, _: &[u8], _: &mut dyn Compressed) -> Result<Head, Stop> {
        self.inflater.reset();
        Ok(Head::Data)
    }

    fn step(&mut self, input: &mut dyn Compressed, out: &mut [u8]) -> (usize, Result<Flow, Stop>) {
        let (length, flow) = inflate(&mut self.inflater, input, out, Self::NAME);
        // Whatever follows in the range, there is no second stream.
        let flow = flow.and_then(|flow| if flow == Flow::End { Err(Stop::Ends) } else { Ok(flow) });
        (length, flow)
    }

    fn copy(&self) -> Option<Self> {
        Some(Self { inflater: self.inflater.copy()? })
    }
}
