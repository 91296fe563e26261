//! Streams of every packer, whole, cut and damaged, read at any place.

#![allow(clippy::arithmetic_side_effects, reason = "a failing test may panic")]

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

fn read(reread: &mut impl RandomAccess, offset: u64, length: usize) -> Result<Vec<u8>, ErrorKind> {
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

/// Members of random lengths, levels and packers, one after the other; level 0 stores.
fn members(bytes_max: usize) -> impl Strategy<Value = Members> {
    let member = (0..bytes_max, 0..10_u32, 0..3_usize, 0..3_u8, 200..60_000_usize);
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

fn streams_and_reads(bytes_max: usize) -> impl Strategy<Value = (Members, Reads)> {
    (members(bytes_max), proptest::collection::vec((0.0..1.1_f64, 0..70_000_usize), 1..20))
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

fn try_streams(cases: u32, bytes_max: usize) {
    let mut runner = TestRunner::new(ProptestConfig::with_cases(cases));
    runner.run(&streams_and_reads(bytes_max), any_read_fits).unwrap();
}

#[test]
fn any_read_gives_what_the_stream_holds_there() {
    try_streams(64, 150_000);
}

#[test]
#[ignore = "sweep"]
fn ten_thousand_streams_give_at_any_place_what_they_hold_there() {
    try_streams(10_000, 25_000);
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
    let builder = GzBuilder::new().filename("a.tar").comment("b").extra(vec![7; 4_464]);
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
fn damage_fails_or_is_reported_by_the_walk_or_changes_nothing() {
    flips_fail_or_change_nothing(37);
}

#[test]
#[ignore = "sweep"]
fn damage_anywhere_fails_or_is_reported_by_the_walk_or_changes_nothing() {
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
