//! What a gzip unpacks to, read at any place.
//!
//! Nothing is unpacked before it is asked for. On the way to the place that is asked for, places to start from again are kept where the
//! parts that may be wanted lie; when they take too much memory, every second one is given up and the next ones lie
//! further apart. So the length of the stream need not be known.

use super::inflate::{Cursor, Input, STRETCH_BYTES};
use super::positioned::ReadAt;
use crate::limits::Limits;
use crate::wiped::Wiped;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::ops::Range;

/// Bytes between two places to start from, at first.
const SPACING_BYTES: u64 = 8 << 20;

/// The end of a part that is kept when it is passed: the index of a file of segments, which is asked again and again.
const TAIL_BYTES: u64 = 64 << 10;

/// Reads at any place of what a gzip unpacks to.
pub(super) struct Gunzip<F> {
    input: Input<F>,
    /// What may be wanted, sorted.
    parts: Vec<Range<u64>>,
    cursor: Cursor,
    /// Places to start from again, sorted.
    checkpoints: Vec<Cursor>,
    /// Bytes between two of them.
    spacing: u64,
    /// Bytes unpacked at least once.
    reached: u64,
    /// Bytes unpacked more than once.
    repeated: u64,
    /// Stretches of the stream by number, those used last in front.
    kept: VecDeque<(u64, Wiped)>,
    /// Where the stream ends or can be read no further, and what to say of it.
    end: Option<(u64, ErrorKind)>,
    limits: Limits,
}

impl<F> std::fmt::Debug for Gunzip<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gunzip").field("reached", &self.reached).finish_non_exhaustive()
    }
}

impl<F: ReadAt> Gunzip<F> {
    /// Opens a gzip of which these ranges of bytes, unpacked, may be wanted.
    pub(super) fn new(file: F, mut parts: Vec<Range<u64>>, limits: &Limits) -> Self {
        parts.sort_by_key(|part| part.start);
        Self {
            input: Input::new(file),
            parts,
            cursor: Cursor::new(),
            checkpoints: Vec::new(),
            spacing: SPACING_BYTES,
            reached: 0,
            repeated: 0,
            kept: VecDeque::new(),
            end: None,
            limits: *limits,
        }
    }

    /// Fills `buffer` from `offset` of the stream.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` where the stream or its file ends before, `InvalidData` where it is damaged before or is not any more what
    /// was opened, `FileTooLarge` behind the limit of bytes unpacked, `QuotaExceeded` when too much was unpacked repeatedly.
    pub(super) fn fill(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let (mut rest, mut offset) = (buffer, offset);
        while !rest.is_empty() {
            let from = usize::try_from(offset % STRETCH_BYTES).unwrap_or_default();
            let stretch = self.stretch(offset / STRETCH_BYTES)?;
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
        let start = number.saturating_mul(STRETCH_BYTES);
        if let Some((_, kind)) = self.end.filter(|(end, _)| start >= *end) {
            return Err(told(kind));
        }
        if start > self.limits.unpacked_bytes_max {
            return Err(told(ErrorKind::FileTooLarge));
        }
        if self.input.file.is_changed() {
            self.end = Some((0, ErrorKind::InvalidData));
            return Err(told(ErrorKind::InvalidData));
        }
        self.go_near(start);
        while self.cursor.unpacked() <= start {
            self.advance()?;
        }
        self.keep(number);
        Ok(())
    }

    /// Starts from the nearest place before `start`, where that is nearer than going on.
    fn go_near(&mut self, start: u64) {
        let behind = self.checkpoints.partition_point(|place| place.unpacked() <= start);
        let nearest = behind.checked_sub(1).and_then(|at| self.checkpoints.get(at));
        let here = self.cursor.unpacked();
        match nearest {
            Some(place) if here > start || here < place.unpacked() => self.cursor = place.clone(),
            None if here > start => self.cursor = Cursor::new(),
            _ => {}
        }
    }

    /// Unpacks one stretch.
    fn advance(&mut self) -> io::Result<()> {
        let start = self.cursor.unpacked();
        if start < self.reached {
            self.repeated = self.repeated.saturating_add(STRETCH_BYTES);
            if self.repeated > self.limits.repeated_bytes_max {
                return Err(told(ErrorKind::QuotaExceeded));
            }
        }
        let result = self.cursor.advance(&mut self.input);
        let here = self.cursor.unpacked();
        let kind = result.as_ref().map_or_else(io::Error::kind, |()| ErrorKind::UnexpectedEof);
        if kind != ErrorKind::UnexpectedEof || here == start {
            // Of damage, nobody knows what it made of the bytes in front of it; a cut leaves them as they are.
            self.end = Some((start, kind));
            return Err(told(kind));
        }
        if result.is_err() || !here.is_multiple_of(STRETCH_BYTES) {
            self.end = Some((here, kind));
        }
        if here > self.reached {
            self.reached = here;
            self.pass(start..here);
        }
        Ok(())
    }

    /// Keeps what is worth it of a stretch that was unpacked for the first time.
    fn pass(&mut self, stretch: Range<u64>) {
        let behind = self.parts.partition_point(|part| part.start < stretch.end);
        let part = behind.checked_sub(1).and_then(|at| self.parts.get(at));
        let Some(part) = part.filter(|part| part.end > stretch.start) else { return };
        if part.end.saturating_sub(TAIL_BYTES) < stretch.end {
            self.keep(stretch.start / STRETCH_BYTES);
        }
        let last = self.checkpoints.last().map_or(0, Cursor::unpacked);
        if self.end.is_none() && stretch.end.saturating_sub(last) >= self.spacing {
            self.checkpoints.push(self.cursor.clone());
            let max = self.limits.checkpoint_bytes_max;
            if self.checkpoints.len().saturating_mul(Cursor::MEMORY_BYTES) > max {
                self.thin();
            }
        }
    }

    /// Gives up every second place to start from.
    fn thin(&mut self) {
        let mut even = true;
        self.checkpoints.retain(|_| {
            even = !even;
            even
        });
        self.spacing = self.spacing.saturating_mul(2);
    }

    fn keep(&mut self, number: u64) {
        let bytes = Wiped::new(self.cursor.stretch().to_vec());
        self.kept.retain(|(known, _)| *known != number);
        let most = u64::try_from(self.limits.stretch_bytes_max).unwrap_or(u64::MAX) / STRETCH_BYTES;
        self.kept.truncate(usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(1));
        self.kept.push_front((number, bytes));
    }
}

/// Says in words why the stream is read no further.
fn told(kind: ErrorKind) -> io::Error {
    let reason = match kind {
        ErrorKind::UnexpectedEof => "the compressed archive ends before",
        ErrorKind::InvalidData => "the compressed archive is damaged before, or has changed",
        ErrorKind::FileTooLarge => "it lies behind the bytes that the archive may unpack to",
        ErrorKind::QuotaExceeded => {
            "the archive is compressed, and too much of it would be unpacked again and again; unpack it (gzip -d)"
        }
        other => return other.into(),
    };
    io::Error::new(kind, reason)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::intake::testing::{gzip, sniff_and_scan};
    use flate2::{Compression, GzBuilder};
    use proptest::prelude::*;
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
        let stretch_bytes_max = 2 * usize::try_from(STRETCH_BYTES).unwrap();
        let checkpoint_bytes_max = 2 * Cursor::MEMORY_BYTES;
        Limits { checkpoint_bytes_max, stretch_bytes_max, ..Limits::default() }
    }

    fn open<'b>(bytes: &'b [u8], limits: &Limits) -> Gunzip<&'b [u8]> {
        let whole = 0..u64::MAX;
        Gunzip { spacing: STRETCH_BYTES, ..Gunzip::new(bytes, vec![whole], limits) }
    }

    fn read<F: ReadAt>(
        gunzip: &mut Gunzip<F>,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, ErrorKind> {
        let mut buffer = vec![0; length];
        gunzip.fill(&mut buffer, offset).map(|()| buffer).map_err(|error| error.kind())
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

    /// Members of random lengths and levels, one behind the other; level 0 stores.
    fn members() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
        proptest::collection::vec((0..150_000_usize, 0..10_u32, 0..3_usize), 1..6).prop_map(
            |members| {
                let total = members.iter().map(|(length, ..)| length).sum();
                let plain = content(total);
                let (mut packed, mut rest) = (Vec::new(), plain.as_slice());
                for (length, level, zeros) in members {
                    let (head, tail) = rest.split_at(length);
                    packed.extend(compressed(head, level));
                    packed.extend(vec![0; zeros]);
                    rest = tail;
                }
                (plain, packed)
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_read_gives_what_the_stream_holds_there(
            (plain, packed) in members(),
            reads in proptest::collection::vec((0.0..1.1_f64, 0..70_000_usize), 1..20),
        ) {
            let limits = small();
            let mut gunzip = open(&packed, &limits);
            for (place, length) in reads {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "any place will do")]
                let offset = (plain.len() as f64 * place) as usize;
                let expected = plain.get(offset..offset + length);
                let found = read(&mut gunzip, offset as u64, length);
                match expected {
                    Some(expected) => prop_assert!(found.as_deref() == Ok(expected)),
                    None if length == 0 => prop_assert_eq!(found, Ok(Vec::new())),
                    None => prop_assert_eq!(found, Err(ErrorKind::UnexpectedEof)),
                }
                prop_assert!(gunzip.kept.len() <= 2 && gunzip.checkpoints.len() <= 2);
            }
        }
    }

    #[test]
    fn places_to_start_from_grow_sparse_and_spare_the_way_from_the_start() {
        let plain = content(2_000_000);
        let packed = gzip(&plain);
        let limits = Limits { checkpoint_bytes_max: 8 * Cursor::MEMORY_BYTES, ..small() };
        let mut gunzip = open(&packed, &limits);
        read(&mut gunzip, 1_999_999, 1).unwrap();
        let count = gunzip.checkpoints.len();
        assert!((4..=8).contains(&count), "{count}");
        for offset in [1_700_000, 900_000, 1_400_000] {
            let before = gunzip.repeated;
            assert_eq!(
                read(&mut gunzip, offset, 1).unwrap(),
                [plain[usize::try_from(offset).unwrap()]]
            );
            assert!(gunzip.repeated - before < 600_000);
        }
    }

    #[test]
    fn nothing_is_kept_between_the_parts_and_the_end_of_each_is() {
        let packed = gzip(&content(1_000_000));
        let parts = vec![600_000..700_000, 0..200_000];
        let mut gunzip = Gunzip::new(packed.as_slice(), parts, &Limits::default());
        gunzip.spacing = 1;
        read(&mut gunzip, 699_000, 1).unwrap();
        let places: Vec<_> =
            gunzip.checkpoints.iter().map(|place| place.unpacked() / STRETCH_BYTES).collect();
        assert_eq!(places, [1, 2, 3, 4, 5, 6, 7, 19, 20, 21, 22]);
        let kept: Vec<_> = gunzip.kept.iter().map(|(number, _)| *number).collect();
        assert_eq!(kept, [21, 20, 19, 6, 5, 4]);
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
        assert_eq!(gunzip.repeated, 0);
        assert_eq!(read(&mut gunzip, 150_000, 100).unwrap(), plain[150_000..150_100]);
    }

    #[test]
    fn limits_end_the_reading() {
        let packed = gzip(&content(300_000));
        let limits = Limits { unpacked_bytes_max: 100_000, ..small() };
        assert_eq!(read(&mut open(&packed, &limits), 200_000, 1), Err(ErrorKind::FileTooLarge));
        let limits = Limits { repeated_bytes_max: 400_000, ..small() };
        let mut gunzip = open(&packed, &limits);
        // More places than stretches are kept of.
        let places = [299_999, 10, 250_000, 60_000, 200_000, 120_000].repeat(9);
        let results: Vec<_> = places.iter().map(|at| read(&mut gunzip, *at, 1).err()).collect();
        assert_eq!((results[0], results[53]), (None, Some(ErrorKind::QuotaExceeded)));
        let error = gunzip.fill(&mut [0], 10).unwrap_err();
        assert!(error.to_string().ends_with("unpack it (gzip -d)"), "{error}");
    }
}
