//! Gzip: members one behind the other, each checked to its last byte.
//!
//! Members are read here and not by flate2's decoders: those drop what was inflated in the call that meets the damage,
//! which of a small archive is everything, and do not say at which byte a member ends.

use super::codec::{INPUT_BYTES, may_open};
use super::container::{Container, Context, Input, Opened};
use super::member::{MAGIC, NoMember, read_header};
use super::walk_input;
use crate::facts::GapKind;
use crate::limits::Limits;
use flate2::{Crc, Decompress, FlushDecompress, Status};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// The container.
pub(super) const CONTAINER: Container =
    Container { name: "gzip", sniff: |head| head.starts_with(&MAGIC), walk };

fn walk(opened: Opened<'_>, context: &mut Context<'_>) {
    if !may_open(context) {
        return;
    }
    let in_file = opened.input.is_plain_file();
    let input = BufReader::with_capacity(INPUT_BYTES, opened.head.chain(opened.input));
    let mut gunzip = Gunzip::new(input, context.limits, in_file);
    walk_input(&mut gunzip, context);
    for (kind, reason) in gunzip.problems {
        context.visit.gap(None, kind, reason);
    }
}

/// Inflates members. Never fails: it ends, and says in `problems` why too early.
struct Gunzip<R> {
    input: R,
    /// The gzip is the source's file.
    in_file: bool,
    inflate: Decompress,
    crc: Crc,
    state: State,
    /// Compressed bytes consumed.
    offset: u64,
    /// Bytes inflated.
    produced: u64,
    produced_max: u64,
    /// Bytes of zeros behind the member read last.
    zeros: u64,
    zeros_max: u64,
    problems: Vec<(GapKind, String)>,
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

/// Why a member cannot be read on.
enum Stop {
    /// The input ends.
    Ends,
    /// The operating system failed.
    Failed(io::Error),
    /// What stands there is not gzip.
    Bad(GapKind, &'static str),
}

impl From<NoMember> for Stop {
    fn from(no_member: NoMember) -> Self {
        let (kind, what) = no_member.gap();
        Self::Bad(kind, what)
    }
}

impl<R: BufRead> Gunzip<R> {
    fn new(input: R, limits: &Limits, in_file: bool) -> Self {
        Self {
            input,
            in_file,
            inflate: Decompress::new(false),
            crc: Crc::new(),
            state: State::Start,
            offset: 0,
            produced: 0,
            produced_max: limits.unpacked_bytes_max,
            zeros: 0,
            zeros_max: limits.padding_bytes_max,
            problems: Vec::new(),
        }
    }

    fn step(&mut self, out: &mut [u8]) -> Result<usize, Stop> {
        match self.state {
            State::Start => self.start()?,
            State::Body => return self.body(out),
            State::Trailer => self.trailer()?,
            State::Between => self.between()?,
            State::End => {}
        }
        Ok(0)
    }

    fn start(&mut self) -> Result<(), Stop> {
        if !read_header(|| self.byte())? {
            self.problem(GapKind::CorruptStream, "gzip header fails its checksum");
        }
        self.crc.reset();
        self.inflate.reset(false);
        self.state = State::Body;
        Ok(())
    }

    fn body(&mut self, out: &mut [u8]) -> Result<usize, Stop> {
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let input = fill(&mut self.input)?;
        let ends = input.is_empty();
        let flush = if ends { FlushDecompress::Finish } else { FlushDecompress::None };
        let status = self.inflate.decompress(input, out, flush);
        let consumed = self.inflate.total_in().saturating_sub(in_before);
        let produced = self.inflate.total_out().saturating_sub(out_before);
        self.input.consume(usize::try_from(consumed).unwrap_or_default());
        self.offset = self.offset.saturating_add(consumed);
        self.produced = self.produced.saturating_add(produced);
        let length = usize::try_from(produced).unwrap_or_default();
        self.crc.update(out.get(..length).unwrap_or_default());
        match status {
            Ok(Status::StreamEnd) => self.state = State::Trailer,
            // What was inflated before the damage is handed on; small archives would lose every fact otherwise.
            Err(_) => self.end(Stop::Bad(GapKind::CorruptStream, "gzip data is damaged")),
            Ok(_) if ends && length == 0 => return Err(Stop::Ends),
            Ok(_) => {}
        }
        Ok(length)
    }

    fn trailer(&mut self) -> Result<(), Stop> {
        let mut stored = [0; 8];
        for byte in &mut stored {
            *byte = self.byte()?;
        }
        let computed = u64::from(self.crc.amount()) << 32 | u64::from(self.crc.sum());
        if u64::from_le_bytes(stored) != computed {
            self.problem(
                GapKind::CorruptStream,
                "gzip checksum or length does not fit the content, ending",
            );
        }
        self.state = State::Between;
        Ok(())
    }

    /// Passes over zero padding, which tapes and some storage systems add.
    fn between(&mut self) -> Result<(), Stop> {
        let bytes = fill(&mut self.input)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        self.state = match (bytes.is_empty(), zeros < bytes.len()) {
            (true, _) => State::End,
            (_, true) => State::Start,
            _ => State::Between,
        };
        self.input.consume(zeros);
        let zeros = u64::try_from(zeros).unwrap_or(u64::MAX);
        self.offset = self.offset.saturating_add(zeros);
        self.zeros = self.zeros.saturating_add(zeros);
        if self.state != State::Between {
            self.say_hollow();
        }
        Ok(())
    }

    /// Reports more zeros than padding explains: the file was made in full length, and not filled.
    fn say_hollow(&mut self) {
        let zeros = std::mem::take(&mut self.zeros);
        if zeros > self.zeros_max {
            let reason = format!(
                "{zeros} bytes of zeros behind the end of the gzip, more than any padding; perhaps a failed download"
            );
            self.problems.push((GapKind::TrailingData, reason));
        }
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let byte = *fill(&mut self.input)?.first().ok_or(Stop::Ends)?;
        self.input.consume(1);
        self.offset = self.offset.saturating_add(1);
        Ok(byte)
    }

    fn problem(&mut self, kind: GapKind, what: &str) {
        let reason = format!("{what} at compressed byte {}", self.offset);
        self.problems.push((kind, reason));
    }

    fn end(&mut self, stop: Stop) {
        let what = match self.state {
            State::Trailer => "gzip ends inside its trailer",
            State::Start => "gzip ends inside a member header",
            _ => "gzip ends inside its data",
        };
        match stop {
            Stop::Ends => self.problem(GapKind::Partial, what),
            Stop::Failed(error) => self.problem(GapKind::Unreadable, &error.to_string()),
            Stop::Bad(kind, what) => self.problem(kind, what),
        }
        self.state = State::End;
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.state != State::End && !out.is_empty() {
            if self.produced > self.produced_max {
                self.end(Stop::Bad(GapKind::OverLimit, "gzip unpacks to more than the limit"));
                break;
            }
            match self.step(out) {
                Ok(0) => {}
                Ok(length) => return Ok(length),
                Err(stop) => self.end(stop),
            }
        }
        Ok(0)
    }
}

impl<R: BufRead> Input for Gunzip<R> {
    fn jump(&mut self, _: u64) -> io::Result<u64> {
        Ok(0)
    }

    fn is_repeatable(&self) -> bool {
        self.in_file
    }
}

fn fill<R: BufRead>(input: &mut R) -> Result<&[u8], Stop> {
    // The borrow checker refuses to return the first buffer from inside a loop, so fill once to get past interruptions.
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Stop::Failed(error)),
        }
    }
    input.fill_buf().map_err(Stop::Failed)
}

#[cfg(test)]
mod tests {
    use crate::facts::GapKind;
    use crate::intake::testing::{Feed, Recorder, archive, gzip, member, scan, sniff_and_scan};
    use crate::limits::Limits;
    use std::io::Write;

    fn sample() -> Vec<u8> {
        archive(&[member(b'0', "b/hmac", b"key"), member(b'0', "z", &[3; 700])])
    }

    fn check(bytes: &[u8], gaps: &[GapKind], files: usize) -> Recorder {
        let recorder = sniff_and_scan(bytes);
        assert_eq!(
            (recorder.gaps(), recorder.files().len()),
            (gaps.to_vec(), files),
            "{:?}",
            recorder.events
        );
        recorder
    }

    #[test]
    fn whole_gzip_has_no_gap() {
        check(&gzip(&sample()), &[], 2);
        check(&[gzip(&sample()), vec![0; 4000]].concat(), &[], 2);
    }

    #[test]
    fn member_boundary_may_lie_anywhere_in_the_tar() {
        let bytes = sample();
        for at in [0, 1, 511, 513, 514, 1500, bytes.len()] {
            check(&[gzip(&bytes[..at]), gzip(&bytes[at..])].concat(), &[], 2);
        }
    }

    #[test]
    fn header_fields_are_passed_over() {
        let mut encoder = flate2::GzBuilder::new()
            .filename("a.tar")
            .comment("b")
            .extra(vec![7; 300])
            .write(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&sample()).unwrap();
        check(&encoder.finish().unwrap(), &[], 2);
    }

    #[test]
    fn missing_trailer_and_cut_are_partial() {
        let bytes = gzip(&sample());
        check(&bytes[..bytes.len() - 8], &[GapKind::Partial], 2);
        check(&bytes[..bytes.len() - 1], &[GapKind::Partial], 2);
        let second = [bytes.clone(), bytes[..30].to_vec()].concat();
        assert!(sniff_and_scan(&second).gaps().contains(&GapKind::Partial));
        check(&[bytes, vec![0x1f]].concat(), &[GapKind::Partial], 2);
    }

    #[test]
    fn wrong_checksum_or_length_keeps_the_facts() {
        let bytes = gzip(&sample());
        for at in [bytes.len() - 8, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            check(&damaged, &[GapKind::CorruptStream], 2);
        }
    }

    #[test]
    fn damage_in_the_data_keeps_what_came_before() {
        let noise: Vec<u8> =
            (0..40_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
        let bytes = archive(&[
            member(b'0', "hmac", b"key"),
            member(b'0', "skip", &noise),
            member(b'0', "z", b"z"),
        ]);
        let mut damaged = gzip(&bytes);
        let end = damaged.len() - 200;
        damaged[end..end + 100].fill(0xff);
        let recorder = sniff_and_scan(&damaged);
        assert!(recorder.gaps().contains(&GapKind::CorruptStream), "{:?}", recorder.gaps());
        assert_eq!(recorder.files().first(), Some(&("hmac".to_owned(), b"key".to_vec())));
    }

    #[test]
    fn garbage_behind_the_gzip_is_trailing_data() {
        check(&[gzip(&sample()), b"<html>".to_vec()].concat(), &[GapKind::TrailingData], 2);
    }

    #[test]
    fn more_zeros_than_padding_are_a_failed_download() {
        check(&[gzip(&sample()), vec![0; 1 << 20]].concat(), &[], 2);
        let hollow = [gzip(&sample()), vec![0; (1 << 20) + 1]].concat();
        check(&hollow, &[GapKind::TrailingData], 2);
        check(&[hollow, gzip(&[0; 512])].concat(), &[GapKind::TrailingData], 2);
    }

    #[test]
    fn gzip_in_gzip_is_opened_up_to_the_limit() {
        let twice = gzip(&gzip(&sample()));
        check(&twice, &[], 2);
        check(&gzip(&twice), &[GapKind::OverLimit], 0);
    }

    #[test]
    fn gzip_of_something_else_says_so() {
        check(&gzip(b"<html>403</html>"), &[GapKind::NotAnArchive], 0);
        check(&gzip(b""), &[GapKind::EmptyFile], 0);
        check(&gzip(b"7z\xbc\xaf\x27\x1c"), &[GapKind::Unsupported], 0);
    }

    #[test]
    fn unpacking_stops_at_the_limit() {
        let bomb = gzip(&gzip(&vec![0; 8 << 20]));
        let limits = Limits { unpacked_bytes_max: 1 << 20, ..Limits::default() };
        let recorder = scan(&bomb, Feed::Whole, &limits, Recorder::default(), true);
        assert!(recorder.gaps().contains(&GapKind::OverLimit));
    }

    #[test]
    fn long_name_bomb_is_refused() {
        let header = &member(b'L', "l", b"")[..512];
        let mut header = ::tar::Header::from_byte_slice(header).clone();
        header.set_size(1 << 30);
        header.set_cksum();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(header.as_bytes()).unwrap();
        for _ in 0..64 {
            encoder.write_all(&vec![b'a'; 1 << 20]).unwrap();
        }
        let recorder = sniff_and_scan(&encoder.finish().unwrap());
        assert_eq!(recorder.gaps(), [GapKind::OverLimit, GapKind::Partial]);
    }

    #[test]
    fn every_prefix_has_a_gap_and_keeps_the_order() {
        let bytes = gzip(&sample());
        let whole = sniff_and_scan(&bytes).facts();
        for length in 0..bytes.len() {
            let recorder = sniff_and_scan(&bytes[..length]);
            assert!(whole.starts_with(&recorder.facts()), "{length}");
            assert!(!recorder.gaps().is_empty(), "{length}");
        }
    }

    #[test]
    fn every_flipped_byte_leaves_a_gap_or_the_same_facts() {
        let bytes = gzip(&sample());
        let whole = sniff_and_scan(&bytes).facts();
        for at in 0..bytes.len() {
            for flip in [0x01, 0x10, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                let recorder = sniff_and_scan(&damaged);
                assert!(
                    !recorder.gaps().is_empty() || recorder.facts() == whole,
                    "byte {at} ^ {flip:#x}"
                );
            }
        }
    }
}
