//! What a compressed file unpacks to, read again at any place.
//!
//! The walk left places from which unpacking can go on, where the codec can be copied; else it starts anew each time that it has to go
//! back. What was unpacked is kept for a while, in stretches: a store of segments comes back to the same ones again and again.

use super::codec::{Codec, Unpack};
use super::inner::Depth;
use super::positioned::ReadAt;
use super::restarts::{Restart, Restarts};
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

/// Bytes that can be read at any place, in any order, at a cost.
pub(super) trait RandomAccess: fmt::Debug {
    /// Says which ranges will be read, so that what is passed of them on the way to others is kept.
    fn expect(&mut self, parts: &mut dyn Iterator<Item = Range<u64>>);

    /// Fills `buffer` from `offset` of the stream.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` where the stream or its file ends before, `InvalidData` where it is damaged before or is not any more what
    /// was opened, `FileTooLarge` behind the limit of bytes unpacked, `QuotaExceeded` when too much was unpacked again.
    fn fill(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

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
            return Err(told(kind));
        }
        if self.file.is_changed() {
            self.end = Some((0, ErrorKind::InvalidData));
            return Err(told(ErrorKind::InvalidData));
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
        if self.unpacked.get() > self.unpacked_max() {
            return Err(told(ErrorKind::QuotaExceeded));
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
                return Err(told(kind));
            }
        }
        if length == 0 {
            return Err(told(ErrorKind::UnexpectedEof));
        }
        Ok(bytes)
    }

    /// Returns how many bytes may be unpacked in all.
    fn unpacked_max(&self) -> u64 {
        if C::RESTARTS { self.limits.repeated_bytes_max } else { self.limits.rewound_bytes_max }
    }

    /// Keeps what is worth it of a stretch that was passed, and was unpacked whole.
    fn pass(&mut self, start: u64, bytes: Wiped) {
        let end = self.unpack.produced();
        let behind = self.parts.partition_point(|part| part.start < end);
        let part = behind.checked_sub(1).and_then(|at| self.parts.get(at));
        let number = start / STRETCH;
        let Some(part) = part.filter(|part| part.end > start) else { return };
        if bytes.len() < STRETCH_BYTES || self.kept.iter().any(|(known, _)| *known == number) {
            return;
        }
        if part.end.saturating_sub(TAIL_BYTES) < end {
            self.keep(number, bytes);
        } else if self.kept.len() < self.most() {
            self.kept.push_back((number, bytes));
        }
    }

    fn keep(&mut self, number: u64, bytes: Wiped) {
        self.kept.truncate(self.most().saturating_sub(1));
        self.kept.push_front((number, bytes));
    }

    /// Returns how many stretches are kept: more, where going back means to start anew.
    fn most(&self) -> usize {
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
                return Err(told(ErrorKind::UnexpectedEof));
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

/// Returns what the worst problem of a stream makes of reading it. What lies behind its end is none: the walk told of it.
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

/// Says in words why the stream is read no further.
fn told(kind: ErrorKind) -> io::Error {
    let reason = match kind {
        ErrorKind::UnexpectedEof => "the compressed archive ends before",
        ErrorKind::InvalidData => "the compressed archive is damaged before, or has changed",
        ErrorKind::FileTooLarge => "it lies behind the bytes that the archive may unpack to",
        ErrorKind::QuotaExceeded => {
            "the archive is compressed, and too much of it would be unpacked again and again; unpack it to a plain tar or a directory, or pack that with gzip"
        }
        other => return other.into(),
    };
    io::Error::new(kind, reason)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::intake::gzip::Gunzip;
    use crate::intake::inflater::Inflater;
    use crate::intake::testing::{gzip, sniff_and_scan, xz};
    use crate::intake::xz::Unxz;
    use flate2::read::MultiGzDecoder;
    use flate2::{Compress, Compression, Crc, FlushCompress, GzBuilder};
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;
    use std::io::Write;

    impl ReadAt for &[u8] {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let from = usize::try_from(offset).unwrap().min(self.len());
            // Few at a time, so that no reader relies on more.
            let length = buffer.len().min(self.len() - from).min(5_000);
            buffer[..length].copy_from_slice(&self[from..from + length]);
            Ok(length)
        }

        fn is_changed(&self) -> bool {
            false
        }
    }

    /// Has room for two stretches and two places to start from.
    fn small() -> Limits {
        let stretch_bytes_max = 2 * STRETCH_BYTES;
        let restart_bytes_max = 2 * Inflater::MEMORY_BYTES;
        Limits { restart_bytes_max, stretch_bytes_max, ..Limits::default() }
    }

    fn open<'b>(bytes: &'b [u8], limits: &Limits) -> Reread<&'b [u8], Gunzip> {
        open_as(bytes, Gunzip::new(), limits)
    }

    fn open_as<'b, C: Codec>(bytes: &'b [u8], codec: C, limits: &Limits) -> Reread<&'b [u8], C> {
        let mut restarts = Restarts::new(limits);
        restarts.want(0..if C::RESTARTS { u64::MAX } else { 200_000 });
        restarts.set_spacing(STRETCH);
        Reread::new(bytes, codec, restarts, limits)
    }

    fn read(
        reread: &mut impl RandomAccess,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, ErrorKind> {
        let mut buffer = vec![0; length];
        reread.fill(&mut buffer, offset).map(|()| buffer).map_err(|error| error.kind())
    }

    /// Text with repetitions near and far, noise and runs.
    fn content(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let byte = |at: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = state.to_be_bytes()[0];
            match at / 7_000 % 4 {
                0 => noise,
                1 => b'a' + noise % 8,
                2 => b'x',
                _ => u8::try_from(at % 251).unwrap(),
            }
        };
        (0..length).map(byte).collect()
    }

    fn compressed(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = GzBuilder::new().write(Vec::new(), Compression::new(level));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// A member whose blocks end every so many bytes, as `pigz` and `Z_FULL_FLUSH` end them; with the extra field of bgzip or without.
    fn flushed(bytes: &[u8], level: u32, every: usize, bgzip: bool) -> Vec<u8> {
        let mut member = vec![0x1f, 0x8b, 8, if bgzip { 4 } else { 0 }, 0, 0, 0, 0, 0, 255];
        if bgzip {
            member.extend(b"\x06\0BC\x02\0\xff\xff");
        }
        let mut compress = Compress::new(Compression::new(level), false);
        let mut pieces = bytes.chunks(every).peekable();
        while let Some(piece) = pieces.next() {
            let flush =
                if pieces.peek().is_some() { FlushCompress::Full } else { FlushCompress::Finish };
            let mut out = Vec::with_capacity(piece.len() * 2 + 1_000);
            compress.compress_vec(piece, &mut out, flush).unwrap();
            member.extend(out);
        }
        if bytes.is_empty() {
            member.extend(b"\x03\0");
        }
        let mut crc = Crc::new();
        crc.update(bytes);
        member.extend(crc.sum().to_le_bytes());
        member.extend(crc.amount().to_le_bytes());
        member
    }

    /// What was packed, and how: `bare` has no padding, which other readers do not expect.
    #[derive(Debug, Clone)]
    struct Members {
        plain: Vec<u8>,
        packed: Vec<u8>,
        bare: Vec<u8>,
    }

    /// Members of random lengths, levels and packers, one behind the other; level 0 stores.
    fn members() -> impl Strategy<Value = Members> {
        let member = (0..150_000_usize, 0..10_u32, 0..3_usize, 0..3_u8, 200..60_000_usize);
        proptest::collection::vec(member, 1..6).prop_map(|members| {
            let total = members.iter().map(|(length, ..)| length).sum();
            let plain = content(total);
            let (mut packed, mut bare) = (Vec::new(), Vec::new());
            let mut rest = plain.as_slice();
            for (length, level, zeros, packer, every) in members {
                let (head, tail) = rest.split_at(length);
                let member = match packer {
                    0 => compressed(head, level),
                    other => flushed(head, level, every, other == 2),
                };
                packed.extend([member.as_slice(), &[0; 2][..zeros]].concat());
                bare.extend(member);
                rest = tail;
            }
            Members { plain, packed, bare }
        })
    }

    type Reads = Vec<(f64, usize)>;

    fn streams_and_reads() -> impl Strategy<Value = (Members, Reads)> {
        (members(), proptest::collection::vec((0.0..1.1_f64, 0..70_000_usize), 1..20))
    }

    /// Reads at random places, and compares with what was packed and with what another reader makes of it.
    fn any_read_fits((members, reads): (Members, Reads)) -> Result<(), TestCaseError> {
        let Members { plain, packed, bare } = members;
        let mut other = Vec::new();
        MultiGzDecoder::new(bare.as_slice()).read_to_end(&mut other).unwrap();
        prop_assert!(other == plain);
        let limits = small();
        let mut gunzip = open(&packed, &limits);
        for (place, length) in reads {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "any place will do"
            )]
            let offset = (plain.len() as f64 * place) as usize;
            let found = read(&mut gunzip, offset as u64, length);
            match plain.get(offset..offset + length) {
                Some(expected) => prop_assert!(found.as_deref() == Ok(expected)),
                None if length == 0 => prop_assert_eq!(found, Ok(Vec::new())),
                None => prop_assert_eq!(found, Err(ErrorKind::UnexpectedEof)),
            }
            prop_assert!(gunzip.kept.len() <= 2 && gunzip.restarts.places().len() <= 2);
        }
        Ok(())
    }

    fn try_streams(cases: u32) {
        let mut runner = TestRunner::new(ProptestConfig::with_cases(cases));
        runner.run(&streams_and_reads(), any_read_fits).unwrap();
    }

    #[test]
    fn any_read_gives_what_the_stream_holds_there() {
        try_streams(64);
    }

    #[test]
    #[ignore = "sweep"]
    fn ten_thousand_streams_give_at_any_place_what_they_hold_there() {
        try_streams(10_000);
    }

    #[test]
    fn places_to_start_from_grow_sparse_and_spare_the_way_from_the_start() {
        let plain = content(2_000_000);
        let packed = gzip(&plain);
        let limits = Limits { restart_bytes_max: 8 * Inflater::MEMORY_BYTES, ..small() };
        let mut gunzip = open(&packed, &limits);
        read(&mut gunzip, 1_999_999, 1).unwrap();
        let count = gunzip.restarts.places().len();
        assert!((4..=8).contains(&count), "{count}");
        for offset in [1_700_000, 900_000, 1_400_000] {
            let before = gunzip.unpacked.get();
            assert_eq!(
                read(&mut gunzip, offset, 1).unwrap(),
                [plain[usize::try_from(offset).unwrap()]]
            );
            assert!(gunzip.unpacked.get() - before < 600_000);
        }
    }

    #[test]
    fn what_is_passed_of_the_parts_is_kept_and_their_ends_before_all() {
        let packed = gzip(&content(1_000_000));
        let limits = Limits { stretch_bytes_max: 7 * STRETCH_BYTES, ..Limits::default() };
        let mut gunzip = open(&packed, &limits);
        gunzip.expect(&mut [600_000..700_000, 0..200_000].into_iter());
        read(&mut gunzip, 699_000, 1).unwrap();
        let kept: Vec<_> = gunzip.kept.iter().map(|(number, _)| *number).collect();
        assert_eq!(kept, [21, 20, 19, 6, 5, 4, 0]);
        let before = gunzip.unpacked.get();
        read(&mut gunzip, 0, 30_000).unwrap();
        assert_eq!(gunzip.unpacked.get(), before);
    }

    #[test]
    fn stream_that_cannot_be_restarted_is_unpacked_anew_up_to_a_limit() {
        let plain = content(400_000);
        let packed = xz(&plain);
        let restart_bytes_max = 2 * STRETCH_BYTES;
        let limits = Limits { rewound_bytes_max: 1_000_000, restart_bytes_max, ..small() };
        let mut reread = open_as(&packed, Unxz::new(&limits), &limits);
        for at in [390_000_usize, 10, 200_000] {
            assert_eq!(read(&mut reread, at as u64, 5_000).unwrap(), plain[at..at + 5_000]);
        }
        // More places than stretches are kept of.
        let places = [0, 300_000, 100_000, 399_999].repeat(3);
        let last = places.into_iter().map(|at| read(&mut reread, at, 1).err()).last();
        assert_eq!(last, Some(Some(ErrorKind::QuotaExceeded)));
        assert!(reread.restarts.places().is_empty());
        // Nothing is begun that cannot be brought to an end.
        let limits = Limits { rewound_bytes_max: 700_000, ..limits };
        let mut reread = open_as(&packed, Unxz::new(&limits), &limits);
        assert_eq!(read(&mut reread, 0, 1), Err(ErrorKind::QuotaExceeded));
        assert_eq!(reread.unpacked.get(), 0);
    }

    #[test]
    fn header_fields_are_passed_over() {
        let builder =
            GzBuilder::new().filename("a.tar").comment("b").extra(vec![7; 70_000 % 65_536]);
        let mut encoder = builder.write(Vec::new(), Compression::fast());
        encoder.write_all(b"0123").unwrap();
        let mut packed = encoder.finish().unwrap();
        assert_eq!(read(&mut open(&packed, &small()), 1, 2).unwrap(), b"12");
        // A flag for a checksum that is not there: the first two bytes of the data are taken for it.
        packed[3] |= 2;
        assert_eq!(read(&mut open(&packed, &small()), 1, 2), Err(ErrorKind::InvalidData));
    }

    #[test]
    fn what_lies_behind_the_gzip_is_no_part_of_it() {
        for behind in [b"<html>".to_vec(), vec![0; 70_000], b"\x1f\x00".to_vec()] {
            let packed = [gzip(b"0123"), behind].concat();
            let mut gunzip = open(&packed, &small());
            assert_eq!(read(&mut gunzip, 1, 3).unwrap(), b"123");
            assert_eq!(read(&mut gunzip, 1, 4), Err(ErrorKind::UnexpectedEof));
        }
    }

    #[test]
    fn cut_anywhere_gives_the_bytes_before_it_or_none() {
        let plain = content(40_000);
        let packed = [gzip(&plain[..35_000]), gzip(&plain[35_000..])].concat();
        let mut whole = 0;
        for length in (0..packed.len()).step_by(7) {
            let mut gunzip = open(&packed[..length], &small());
            let (mut bytes, mut piece) = (Vec::new(), 4096);
            // The last bytes before the cut come one by one.
            while piece > 0 {
                match read(&mut gunzip, bytes.len() as u64, piece) {
                    Ok(more) => bytes.extend(more),
                    Err(_) => piece /= 2,
                }
            }
            assert!(plain.starts_with(&bytes), "{length}");
            assert_eq!(read(&mut gunzip, 39_999, 2), Err(ErrorKind::UnexpectedEof), "{length}");
            whole += usize::from(bytes.len() == plain.len());
        }
        assert!(whole > 0, "the last bytes are the trailer");
    }

    #[test]
    fn damage_fails_or_is_told_by_the_walk_or_changes_nothing() {
        flips_fail_or_change_nothing(37);
    }

    #[test]
    #[ignore = "sweep"]
    fn damage_anywhere_fails_or_is_told_by_the_walk_or_changes_nothing() {
        flips_fail_or_change_nothing(1);
    }

    fn flips_fail_or_change_nothing(step: usize) {
        let plain = content(9_000);
        for packed in [compressed(&plain, 0), compressed(&plain, 6)] {
            for at in (0..packed.len()).step_by(step) {
                let mut damaged = packed.clone();
                damaged[at] ^= 1 << (at % 8);
                let mut gunzip = open(&damaged, &small());
                match read(&mut gunzip, 0, plain.len()) {
                    Ok(bytes) if bytes == plain => {}
                    // It swallowed the end of the file, as if that had been cut.
                    Ok(_) => assert_eq!(sniff_and_scan(&damaged).gaps().len(), 2, "{at}"),
                    Err(kind) => assert!(
                        matches!(kind, ErrorKind::InvalidData | ErrorKind::UnexpectedEof),
                        "{at}: {kind}"
                    ),
                }
            }
        }
    }

    #[test]
    fn damaged_member_ends_the_stream_once_and_for_all() {
        let plain = content(300_000);
        let mut packed = [gzip(&plain[..200_000]), gzip(&plain[200_000..])].concat();
        let trailer = gzip(&plain[..200_000]).len() - 8;
        packed[trailer] ^= 1;
        let mut gunzip = open(&packed, &small());
        assert_eq!(read(&mut gunzip, 1_000, 100).unwrap(), plain[1_000..1_100]);
        for _ in 0..3 {
            assert_eq!(read(&mut gunzip, 250_000, 1), Err(ErrorKind::InvalidData));
        }
        assert!(gunzip.unpacked.get() < 300_000);
        assert_eq!(read(&mut gunzip, 150_000, 100).unwrap(), plain[150_000..150_100]);
    }

    #[test]
    fn limits_end_the_reading() {
        let packed = gzip(&content(300_000));
        let limits = Limits { unpacked_bytes_max: 100_000, ..small() };
        assert_eq!(read(&mut open(&packed, &limits), 200_000, 1), Err(ErrorKind::FileTooLarge));
        let limits = Limits { repeated_bytes_max: 700_000, ..small() };
        let mut gunzip = open(&packed, &limits);
        // More places than stretches are kept of.
        let places = [299_999, 10, 250_000, 60_000, 200_000, 120_000].repeat(9);
        let results: Vec<_> = places.iter().map(|at| read(&mut gunzip, *at, 1).err()).collect();
        assert_eq!((results[0], results[53]), (None, Some(ErrorKind::QuotaExceeded)));
        let error = gunzip.fill(&mut [0], 10).unwrap_err();
        assert!(error.to_string().ends_with("or pack that with gzip"), "{error}");
    }
}
