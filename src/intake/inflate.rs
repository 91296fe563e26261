//! A place in a gzip from which unpacking can go on: as often as wanted, since it can be cloned.
//!
//! The faster inflater of the walk cannot be cloned. What is gzip and what is not is decided as there; but where the walk reports
//! and reads on, this fails, since what lies behind cannot be trusted.

use super::member::{NoMember, read_header};
use super::positioned::ReadAt;
use crate::wiped::Wiped;
use flate2::Crc;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use std::io::{self, ErrorKind};

/// Bytes of the stretches in which the stream is unpacked: as far back as deflate refers.
pub(super) const STRETCH_BYTES: u64 = 32 << 10;
const WINDOW_BYTES: usize = 32 << 10;
const INPUT_BYTES: usize = 64 << 10;

/// A place in the unpacked stream.
pub(super) struct Cursor {
    /// Compressed bytes consumed.
    compressed: u64,
    /// Bytes unpacked.
    unpacked: u64,
    state: State,
    /// Of the member so far.
    crc: Crc,
    inflater: Box<DecompressorOxide>,
    /// The bytes unpacked last; byte `n` of the stream at `n` modulo its length.
    window: Wiped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the magic of a member.
    Start,
    Body,
    Trailer,
    Between,
    End,
}

impl Clone for Cursor {
    fn clone(&self) -> Self {
        let mut crc = Crc::new();
        crc.combine(&self.crc);
        Self {
            crc,
            inflater: self.inflater.clone(),
            window: Wiped::new(self.window.to_vec()),
            ..*self
        }
    }
}

impl Cursor {
    /// Bytes of memory that one takes.
    pub(super) const MEMORY_BYTES: usize = WINDOW_BYTES
        .saturating_add(size_of::<DecompressorOxide>())
        .saturating_add(size_of::<Self>());

    /// Returns the start of the stream.
    pub(super) fn new() -> Self {
        Self {
            compressed: 0,
            unpacked: 0,
            state: State::Start,
            crc: Crc::new(),
            inflater: Box::default(),
            window: Wiped::zeros(WINDOW_BYTES),
        }
    }

    /// Returns how many bytes of the stream lie before this place.
    pub(super) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// Returns what was unpacked since the last multiple of [`STRETCH_BYTES`] before this place: the whole stretch, but at the end.
    pub(super) fn stretch(&self) -> &[u8] {
        let part = usize::try_from(self.unpacked % STRETCH_BYTES).unwrap_or_default();
        self.window.get(..part).filter(|part| !part.is_empty()).unwrap_or(&self.window)
    }

    /// Moves on to the next multiple of [`STRETCH_BYTES`], or to the end of the stream when it comes before.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` where the gzip is cut, `InvalidData` where it is damaged. The place is then behind the last byte that
    /// could be unpacked, and moves no further.
    pub(super) fn advance<F: ReadAt>(&mut self, input: &mut Input<F>) -> io::Result<()> {
        let start = self.unpacked;
        while self.state != State::End && self.unpacked / STRETCH_BYTES == start / STRETCH_BYTES {
            if let Err(error) = self.step(input) {
                self.state = State::End;
                return Err(error);
            }
        }
        Ok(())
    }

    fn step<F: ReadAt>(&mut self, input: &mut Input<F>) -> io::Result<()> {
        match self.state {
            State::Start => self.start(input),
            State::Body => self.body(input),
            State::Trailer => self.trailer(input),
            State::Between => self.between(input),
            State::End => Ok(()),
        }
    }

    fn start<F: ReadAt>(&mut self, input: &mut Input<F>) -> io::Result<()> {
        match read_header(|| self.byte(input).map_err(Stop::Failed)) {
            Ok(true) => {
                self.crc.reset();
                self.inflater.init();
                self.state = State::Body;
                Ok(())
            }
            // The stream ends here; the walk told of what lies behind it.
            Err(Stop::NoMember(NoMember::Magic)) if self.compressed > 2 => {
                self.state = State::End;
                Ok(())
            }
            Ok(false) | Err(Stop::NoMember(_)) => Err(ErrorKind::InvalidData.into()),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    fn body<F: ReadAt>(&mut self, input: &mut Input<F>) -> io::Result<()> {
        let bytes = input.bytes(self.compressed)?;
        let ends = bytes.is_empty();
        let flags = if ends { 0 } else { inflate_flags::TINFL_FLAG_HAS_MORE_INPUT };
        let at = usize::try_from(self.unpacked % STRETCH_BYTES).unwrap_or_default();
        let (status, consumed, produced) =
            decompress(&mut self.inflater, bytes, &mut self.window, at, flags);
        let piece = self.window.get(at..).and_then(|rest| rest.get(..produced));
        self.crc.update(piece.unwrap_or_default());
        self.compressed = self.compressed.saturating_add(to_u64(consumed));
        self.unpacked = self.unpacked.saturating_add(to_u64(produced));
        match status {
            TINFLStatus::Done => {
                self.state = State::Trailer;
                Ok(())
            }
            TINFLStatus::HasMoreOutput | TINFLStatus::NeedsMoreInput if consumed | produced > 0 => {
                Ok(())
            }
            _ if ends => Err(ErrorKind::UnexpectedEof.into()),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }

    fn trailer<F: ReadAt>(&mut self, input: &mut Input<F>) -> io::Result<()> {
        let mut stored = [0; 8];
        for byte in &mut stored {
            *byte = self.byte(input)?;
        }
        let computed = u64::from(self.crc.amount()) << 32 | u64::from(self.crc.sum());
        if u64::from_le_bytes(stored) != computed {
            return Err(ErrorKind::InvalidData.into());
        }
        self.state = State::Between;
        Ok(())
    }

    fn between<F: ReadAt>(&mut self, input: &mut Input<F>) -> io::Result<()> {
        let bytes = input.bytes(self.compressed)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        self.state = match (bytes.is_empty(), zeros < bytes.len()) {
            (true, _) => State::End,
            (_, true) => State::Start,
            _ => State::Between,
        };
        self.compressed = self.compressed.saturating_add(to_u64(zeros));
        Ok(())
    }

    fn byte<F: ReadAt>(&mut self, input: &mut Input<F>) -> io::Result<u8> {
        let byte = input.bytes(self.compressed)?.first().ok_or(ErrorKind::UnexpectedEof)?;
        self.compressed = self.compressed.saturating_add(1);
        Ok(*byte)
    }
}

/// Why a header cannot be read.
enum Stop {
    NoMember(NoMember),
    Failed(io::Error),
}

impl From<NoMember> for Stop {
    fn from(no_member: NoMember) -> Self {
        Self::NoMember(no_member)
    }
}

/// The compressed bytes, read in pieces.
pub(super) struct Input<F> {
    pub(super) file: F,
    piece: Vec<u8>,
    /// Where the piece starts in the file.
    start: u64,
}

impl<F: ReadAt> Input<F> {
    pub(super) fn new(file: F) -> Self {
        Self { file, piece: Vec::new(), start: 0 }
    }

    /// Returns some bytes from `offset` on; none at the end of the file.
    fn bytes(&mut self, offset: u64) -> io::Result<&[u8]> {
        let within = offset.checked_sub(self.start).and_then(|n| usize::try_from(n).ok());
        let mut from = within.filter(|from| *from < self.piece.len());
        if from.is_none() {
            self.load(offset)?;
            from = Some(0);
        }
        Ok(from.and_then(|from| self.piece.get(from..)).unwrap_or_default())
    }

    fn load(&mut self, offset: u64) -> io::Result<()> {
        self.piece.resize(INPUT_BYTES, 0);
        let read = loop {
            match self.file.read_at(&mut self.piece, offset) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.piece.truncate(*read.as_ref().unwrap_or(&0));
        self.start = offset;
        read.map(drop)
    }
}

fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
