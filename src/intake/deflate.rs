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

impl Codec for Undeflate {
    const NAME: &'static str = "deflate";
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
        let bytes = match input.fill() {
            Ok(bytes) => bytes,
            Err(stop) => return (0, Err(stop)),
        };
        let ends = bytes.is_empty();
        let inflation = self.inflater.inflate(bytes, out);
        input.consume(inflation.consumed);
        let flow = match inflation.course {
            // Whatever follows in the range, there is no second stream.
            Course::Ended => Err(Stop::Ends),
            Course::On if ends && inflation.produced == 0 => Err(Stop::Ends),
            Course::On => Ok(Flow::On),
            Course::Damaged => Err(Stop::damaged(Self::NAME)),
        };
        (inflation.produced, flow)
    }

    fn copy(&self) -> Option<Self> {
        Some(Self { inflater: self.inflater.copy()? })
    }
}
