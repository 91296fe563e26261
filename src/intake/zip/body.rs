//! Decodes the body of one entry, and checks it.

use flate2::{Crc, Decompress, FlushDecompress, Status};
use std::io::{self, BufRead, ErrorKind};
use zeroize::Zeroizing;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

const OUT_BYTES: usize = 64 << 10;

/// Why a body cannot be read on.
#[derive(Debug)]
pub(super) enum Fault {
    /// The input ends in it.
    Ends,
    /// It breaks its format.
    Damaged,
    /// It unpacks to more than was announced or is allowed.
    TooLong,
    /// The operating system failed.
    Failed(io::Error),
}

/// What a body came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    /// Bytes that were read.
    pub(super) stored: u64,
    /// Bytes that they unpacked to.
    pub(super) size: u64,
    pub(super) crc: u32,
}

/// Decodes bodies one after the other.
pub(super) struct Decoder {
    inflate: Decompress,
    out: Zeroizing<Vec<u8>>,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self { inflate: Decompress::new(false), out: Zeroizing::new(vec![0; OUT_BYTES]) }
    }

    /// Says whether bodies of this method can be decoded.
    pub(super) fn knows(method: u16) -> bool {
        matches!(method, STORED | DEFLATED)
    }

    /// Says whether bodies of this method tell themselves where they end.
    pub(super) fn ends_itself(method: u16) -> bool {
        method == DEFLATED
    }

    /// Decodes a body into pieces: a stored one to the end of `input`, a deflated one to its own. `size_max` is the most that it
    /// may unpack to.
    ///
    /// # Errors
    ///
    /// The pieces that came stand.
    pub(super) fn decode(
        &mut self,
        method: u16,
        input: &mut dyn BufRead,
        size_max: u64,
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<Decoded, Fault> {
        let mut decoded = Decoded::default();
        let mut crc = Crc::new();
        self.inflate.reset(false);
        loop {
            let bytes = fill(input)?;
            let ends = bytes.is_empty();
            if ends && method == STORED {
                break;
            }
            let step = if method == STORED { self.copy(bytes) } else { self.inflate(bytes)? };
            let piece = self.out.get(..step.length).unwrap_or_default();
            crc.update(piece);
            decoded.size = decoded.size.saturating_add(to_u64(piece.len()));
            decoded.stored = decoded.stored.saturating_add(to_u64(step.consumed));
            if decoded.size > size_max {
                return Err(Fault::TooLong);
            }
            take(piece);
            input.consume(step.consumed);
            if step.done {
                break;
            }
            if step.length == 0 && step.consumed == 0 {
                return Err(if ends { Fault::Ends } else { Fault::Damaged });
            }
        }
        decoded.crc = crc.sum();
        Ok(decoded)
    }

    fn copy(&mut self, bytes: &[u8]) -> Step {
        let length = self.out.len().min(bytes.len());
        if let (Some(from), Some(to)) = (bytes.get(..length), self.out.get_mut(..length)) {
            to.copy_from_slice(from);
        }
        Step { consumed: length, length, done: false }
    }

    fn inflate(&mut self, bytes: &[u8]) -> Result<Step, Fault> {
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(bytes, &mut self.out, FlushDecompress::None);
        let count = |after: u64, before| usize::try_from(after.saturating_sub(before));
        let consumed = count(self.inflate.total_in(), in_before).unwrap_or_default();
        let length = count(self.inflate.total_out(), out_before).unwrap_or_default();
        match status {
            Ok(status) => Ok(Step { consumed, length, done: status == Status::StreamEnd }),
            // What was inflated before the damage is of one entry alone, which nobody can check now.
            Err(_) => Err(Fault::Damaged),
        }
    }
}

/// What one call decoded.
struct Step {
    consumed: usize,
    length: usize,
    done: bool,
}

fn fill(input: &mut dyn BufRead) -> Result<&[u8], Fault> {
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::Failed(error)),
        }
    }
    input.fill_buf().map_err(Fault::Failed)
}

fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
