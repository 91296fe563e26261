//! Decodes the body of one entry, and checks it.

use crate::wiped::Wiped;
use flate2::{Crc, Decompress, FlushDecompress, Status};
use std::io::{self, BufRead, ErrorKind};

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
    out: Wiped,
}

impl Decoder {
    pub(super) fn new() -> Self {
        // Without the header of zlib, which a zip does not have around its deflate streams.
        Self { inflate: Decompress::new(false), out: Wiped::zeros(OUT_BYTES) }
    }

    /// Returns `true` if bodies of this method can be decoded.
    pub(super) fn knows(method: u16) -> bool {
        matches!(method, STORED | DEFLATED)
    }

    /// Returns `true` if bodies of this method are stored as they are.
    pub(super) fn is_stored(method: u16) -> bool {
        method == STORED
    }

    /// Returns `true` if bodies of this method tell themselves where they end.
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
        // Bodies are often of a few bytes, and each `Decompress` has a window of 32 KiB: one serves for all.
        self.inflate.reset(false);
        loop {
            let bytes = fill(input)?;
            let ends = bytes.is_empty();
            // A stored body has no end of its own; `input` ends where its header says.
            if ends && method == STORED {
                break;
            }
            let step = if method == STORED { self.copy(bytes) } else { self.inflate(bytes)? };
            let piece = self.out.get(..step.length).unwrap_or_default();
            crc.update(piece);
            decoded.size = decoded.size.saturating_add(to_u64(piece.len()));
            decoded.stored = decoded.stored.saturating_add(to_u64(step.consumed));
            // Checked before the piece is handed on: a bomb announces little and unpacks to much.
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

    /// Returns a reader of a body, which may unpack to `size_max` bytes.
    pub(super) fn reader<'a>(
        &'a mut self,
        method: u16,
        input: &'a mut dyn BufRead,
        size_max: u64,
    ) -> Body<'a> {
        self.inflate.reset(false);
        let inflate = (method != STORED).then_some(&mut self.inflate);
        let (crc, decoded) = (Crc::new(), Decoded::default());
        Body { inflate, input, crc, decoded, size_max, ends: false }
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

/// A body that is read by others. What came before damage is handed out.
pub(super) struct Body<'a> {
    /// `None` where it is stored.
    inflate: Option<&'a mut Decompress>,
    input: &'a mut dyn BufRead,
    crc: Crc,
    decoded: Decoded,
    size_max: u64,
    ends: bool,
}

impl Body<'_> {
    /// Returns what the body came to so far.
    pub(super) fn decoded(&self) -> Decoded {
        Decoded { crc: self.crc.sum(), ..self.decoded }
    }

    fn step(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.input.fill_buf()?;
        let input_ends = bytes.is_empty();
        let (consumed, length) = match &mut self.inflate {
            None => {
                let length = io::Read::read(&mut { bytes }, out)?;
                self.ends = input_ends;
                (length, length)
            }
            Some(inflate) => {
                let (before, out_before) = (inflate.total_in(), inflate.total_out());
                let status = inflate.decompress(bytes, out, FlushDecompress::None);
                let consumed = inflate.total_in().saturating_sub(before);
                let produced = inflate.total_out().saturating_sub(out_before);
                let count = |bytes: u64| usize::try_from(bytes).unwrap_or_default();
                match status {
                    Ok(Status::StreamEnd) => self.ends = true,
                    _ if produced > 0 => {}
                    Ok(_) if input_ends => return Err(ErrorKind::UnexpectedEof.into()),
                    // Deflate may take input for a while without
                    // giving any out, as at the start of a block.
                    Ok(_) if consumed > 0 => {}
                    _ => return Err(ErrorKind::InvalidData.into()),
                }
                (count(consumed), count(produced))
            }
        };
        self.input.consume(consumed);
        self.decoded.stored = self.decoded.stored.saturating_add(to_u64(consumed));
        Ok(length)
    }
}

impl io::Read for Body<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ends && !out.is_empty() {
            if self.decoded.size > self.size_max {
                return Err(io::Error::new(ErrorKind::InvalidData, "unpacks to more than it may"));
            }
            let length = self.step(out)?;
            if length > 0 {
                self.crc.update(out.get(..length).unwrap_or_default());
                self.decoded.size = self.decoded.size.saturating_add(to_u64(length));
                return Ok(length);
            }
        }
        Ok(0)
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
