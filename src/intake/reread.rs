//! What a compressed file unpacks to, read again at any place.
//!
//! The walk left places from which unpacking can go on, where the codec can be copied; else it starts anew each time that it has to go
//! back. What was unpacked is kept for a while, in stretches: a store of segments comes back to the same ones again and again.

use super::codec::Codec;
use super::depth::Depth;
use super::read_at::{RandomAccess, ReadAt};
use super::restarts::{Restart, Restarts};
use super::unpack::Unpack;
use super::wiping_reader::WipingReader;
use crate::facts::GapKind;
use crate::limits::Limits;
use crate::wiped::Wiped;
use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::rc::Rc;

/// Bytes of the stretches that are kept.
const STRETCH_BYTES: usize = 32 << 10;
const STRETCH: u64 = STRETCH_BYTES as u64;

/// How often a store is read from the start of its archive, at least, until its keys are known.
const PASSES_MIN: u64 = 4;

/// Compressed bytes read at once.
const INPUT_BYTES: usize = 64 << 10;

/// The end of a part that is kept when it is passed: the index of a file of segments, which is asked again and again.
const TAIL_BYTES: u64 = 64 << 10;

/// Reads at any place of what a file, or a range of it, unpacks to.
pub(super) struct Reread<F, C> {
    file: Rc<F>,
    /// Compressed bytes, in the file.
    range: Range<u64>,
    unpack: Unpack<WipingReader<Behind<F>>, C>,
    restarts: Restarts<C>,
    /// What may be wanted, sorted.
    parts: Vec<Range<u64>>,
    /// Bytes unpacked so far, of this and of what else is read in the same source.
    unpacked: Rc<Cell<u64>>,
    /// Stretches of the stream by number, those used last in front.
    kept: VecDeque<(u64, Wiped)>,
    /// Where the stream ends or can be read no further, and what to say of it.
    end: Option<(u64, ErrorKind)>,
    limits: Limits,
}

impl<F, C> fmt::Debug for Reread<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reread").field("unpacked", &self.unpacked).finish_non_exhaustive()
    }
}

impl<F: ReadAt, C: Codec> Reread<F, C> {
    /// Opens a file that was walked with this codec, from the start or from the places that were kept.
    pub(super) fn new(file: F, codec: C, restarts: Restarts<C>, limits: &Limits) -> Self {
        Self::of_range(Rc::new(file), 0..u64::MAX, codec, restarts, Rc::default(), limits)
    }

    /// Opens what lies compressed in a range of a file. `unpacked` counts what others in the file have unpacked too.
    pub(super) fn of_range(
        file: Rc<F>,
        range: Range<u64>,
        codec: C,
        restarts: Restarts<C>,
        unpacked: Rc<Cell<u64>>,
        limits: &Limits,
    ) -> Self {
        let before = Depth::default();
        // The walk bounded what the whole source may unpack to.
        before.stored.add(u64::MAX);
        let input = Behind { file: Rc::clone(&file), left: range.clone() };
        let unpack = Unpack::new(codec, WipingReader::new(INPUT_BYTES, input), limits, before);
        // Where every way back leads to the start, a few have to be within the limit, or all of them would be in vain.
        let passes = limits.rewound_bytes_max / PASSES_MIN;
        let is_hopeless = !C::RESTARTS && restarts.wanted_end() > passes;
        Self {
            file,
            range,
            unpack,
            restarts,
            parts: Vec::new(),
            unpacked,
            kept: VecDeque::new(),
            end: is_hopeless.then_some((0, ErrorKind::QuotaExceeded)),
            limits: *limits,
        }
    }

    fn stretch(&mut self, number: u64) -> io::Result<&[u8]> {
        if let Some(at) = self.kept.iter().position(|(known, _)| *known == number) {
            if let Some(used) = self.kept.remove(at) {
                self.kept.push_front(used);
            }
        } else {
            self.unpack(number)?;
        }
        Ok(self.kept.front().map_or(&[], |(_, bytes)| bytes))
    }

    /// Unpacks up to the end of a stretch, and keeps it in front.
    fn unpack(&mut self, number: u64) -> io::Result<()> {
        let start = number.saturating_mul(STRETCH);
        if let Some((_, kind)) = self.end.filter(|(end, _)| start >= *end) {
            return Err(read_error(kind));
        }
        // Places in a compressed file are worth nothing once it is another one.
        if self.file.is_changed() {
            self.end = Some((0, ErrorKind::InvalidData));
            return Err(read_error(ErrorKind::InvalidData));
        }
        self.go_near(start);
        loop {
            let at = self.unpack.produced();
            let bytes = self.advance()?;
            if at >= start {
                self.keep(number, bytes);
                return Ok(());
            }
            self.pass(at, bytes);
        }
    }

    /// Starts from the nearest place before `start`, where that is nearer than going on.
    fn go_near(&mut self, start: u64) {
        let here = self.unpack.produced();
        let nearest = self.restarts.before(start);
        // Going on costs nothing extra, while each place costs a copy of a decoder and a read of the file.
        if here <= start && nearest.is_none_or(|place| place.unpacked <= here) {
            return;
        }
        let place =
            nearest.and_then(|place| Some(Restart { codec: place.codec.copy()?, ..*place }));
        let compressed = place.as_ref().map_or(0, |place| place.compressed);
        let left = self.range.start.saturating_add(compressed)..self.range.end;
        let input = Behind { file: Rc::clone(&self.file), left };
        self.unpack.resume(place, WipingReader::new(INPUT_BYTES, input));
    }

    /// Unpacks the rest of a stretch.
    fn advance(&mut self) -> io::Result<Wiped> {
        let start = self.unpack.produced();
        if self.unpacked.get() > self.unpacked_bytes_max() {
            return Err(read_error(ErrorKind::QuotaExceeded));
        }
        if self.restarts.is_due(start)
            && let Some(place) = self.unpack.place()
        {
            self.restarts.add(place);
        }
        let rest = STRETCH.saturating_sub(start % STRETCH);
        let mut bytes = Wiped::zeros(usize::try_from(rest).unwrap_or_default());
        let mut length = 0_usize;
        while let Some(room) = bytes.get_mut(length..).filter(|room| !room.is_empty()) {
            match self.unpack.read(room)? {
                0 => break,
                more => length = length.saturating_add(more),
            }
        }
        bytes.truncate(length);
        let here = self.unpack.produced();
        self.unpacked.set(self.unpacked.get().saturating_add(here.saturating_sub(start)));
        let is_whole = here.is_multiple_of(STRETCH) && length > 0;
        match problem(self.unpack.problems()) {
            None if is_whole => {}
            None | Some(ErrorKind::UnexpectedEof) => {
                self.end = Some((here, ErrorKind::UnexpectedEof));
            }
            Some(kind) => {
                // Of damage, nobody knows what it made of the bytes in front of it; a cut leaves them as they are.
                self.end = Some((start, kind));
                return Err(read_error(kind));
            }
        }
        if length == 0 {
            return Err(read_error(ErrorKind::UnexpectedEof));
        }
        Ok(bytes)
    }

    /// Returns how many bytes may be unpacked for all that is read, over and over.
    fn unpacked_bytes_max(&self) -> u64 {
        if C::RESTARTS { self.limits.repeated_bytes_max } else { self.limits.rewound_bytes_max }
    }

    /// Keeps what is worth it of a stretch that was passed, and was unpacked whole.
    fn pass(&mut self, start: u64, bytes: Wiped) {
        let end = self.unpack.produced();
        let behind = self.parts.partition_point(|part| part.start < end);
        let part = behind.checked_sub(1).and_then(|at| self.parts.get(at));
        let number = start / STRETCH;
        let Some(part) = part.filter(|part| part.end > start) else { return };
        // After a restart in the middle of a stretch its first bytes are missing.
        if bytes.len() < STRETCH_BYTES || self.kept.iter().any(|(known, _)| *known == number) {
            return;
        }
        if part.end.saturating_sub(TAIL_BYTES) < end {
            self.keep(number, bytes);
        } else if self.kept.len() < self.stretches_max() {
            self.kept.push_back((number, bytes));
        }
    }

    fn keep(&mut self, number: u64, bytes: Wiped) {
        self.kept.truncate(self.stretches_max().saturating_sub(1));
        self.kept.push_front((number, bytes));
    }

    /// Returns how many stretches are kept at most: more, where going back means to start anew.
    fn stretches_max(&self) -> usize {
        let Limits { stretch_bytes_max, restart_bytes_max, .. } = self.limits;
        let bytes_max = if C::RESTARTS { stretch_bytes_max } else { restart_bytes_max };
        (bytes_max / STRETCH_BYTES).max(1)
    }
}

impl<F: ReadAt, C: Codec> RandomAccess for Reread<F, C> {
    fn expect(&mut self, parts: &mut dyn Iterator<Item = Range<u64>>) {
        self.parts = parts.collect();
        self.parts.sort_by_key(|part| part.start);
    }

    fn fill(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let (mut rest, mut offset) = (buffer, offset);
        while !rest.is_empty() {
            let from = usize::try_from(offset % STRETCH).unwrap_or_default();
            let stretch = self.stretch(offset / STRETCH)?;
            let found = stretch.get(from..).unwrap_or_default();
            let length = found.len().min(rest.len());
            let (head, tail) = rest.split_at_mut(length);
            head.copy_from_slice(found.get(..length).unwrap_or_default());
            if length == 0 {
                return Err(read_error(ErrorKind::UnexpectedEof));
            }
            rest = tail;
            offset = offset.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        }
        Ok(())
    }
}

/// The bytes of a file from a place on.
struct Behind<F> {
    file: Rc<F>,
    left: Range<u64>,
}

impl<F: ReadAt> Read for Behind<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.left.end.saturating_sub(self.left.start);
        let room = usize::try_from(left).map_or(out.len(), |left| left.min(out.len()));
        let out = out.get_mut(..room).unwrap_or_default();
        let length = self.file.read_at(out, self.left.start)?;
        self.left.start = self.left.start.saturating_add(u64::try_from(length).unwrap_or_default());
        Ok(length)
    }
}

/// Returns what the worst problem of a stream makes of reading it. What lies behind its end is none: the walk reported it.
fn problem(problems: &[(GapKind, String)]) -> Option<ErrorKind> {
    let kind = |kind: GapKind| match kind {
        GapKind::TrailingData | GapKind::Partial => ErrorKind::UnexpectedEof,
        GapKind::OverLimit => ErrorKind::FileTooLarge,
        GapKind::Unreadable => ErrorKind::Other,
        _ => ErrorKind::InvalidData,
    };
    let kinds = problems.iter().map(|(gap, _)| kind(*gap));
    kinds.max_by_key(|kind| *kind != ErrorKind::UnexpectedEof)
}

/// Returns the error of a read, with why the stream is read no further.
fn read_error(kind: ErrorKind) -> io::Error {
    let reason = match kind {
        ErrorKind::UnexpectedEof => "the compressed archive ends before",
        ErrorKind::InvalidData => "the compressed archive is damaged before, or has changed",
        ErrorKind::FileTooLarge => "it is past the limit of bytes that the archive may unpack to",
        ErrorKind::QuotaExceeded => {
            "the archive is compressed, and too much of it would be unpacked again and again; unpack it to a plain tar or a directory, or pack that with gzip"
        }
        other => return other.into(),
    };
    io::Error::new(kind, reason)
}

#[cfg(test)]
mod tests;
