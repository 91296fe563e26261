//! Gzip: members one after the other, each checked to its last byte.

mod header;

use super::codec::{self, Codec, Compressed, Flow, Head, Stop};
use super::compressed;
use super::container::{Container, Context, Opened};
use super::deflate::inflate;
use super::inflater::Inflater;
use flate2::Crc;
use header::{MAGIC, NoMember, read_header};

/// The container.
pub(super) const CONTAINER: Container =
    // The method behind the magic is no part of it: another one than deflate is damage, and is reported as such.
    Container::new(Gunzip::NAME, |head| head.starts_with(&MAGIC), walk);

fn walk(opened: Opened<'_>, context: &mut Context<'_>) {
    compressed::walk(Gunzip::new(), opened, context);
}

/// Unpacks members.
pub(super) struct Gunzip {
    inflater: Inflater,
    /// Of the member so far.
    crc: Crc,
    /// The data of the member has ended.
    in_trailer: bool,
}

impl Gunzip {
    pub(super) fn new() -> Self {
        Self { inflater: Inflater::new(), crc: Crc::new(), in_trailer: false }
    }

    fn trailer(&self, input: &mut dyn Compressed) -> Result<Flow, Stop> {
        // CRC32 and ISIZE may lie across two reads, so they are taken byte by byte.
        let mut stored = [0; 8];
        for byte in &mut stored {
            *byte = codec::byte(input)?;
        }
        // ISIZE is the length modulo 2^32 (RFC 1952 §2.3.1), so members over 4 GiB hold as well.
        let computed = u64::from(self.crc.amount()) << 32 | u64::from(self.crc.sum());
        let holds = u64::from_le_bytes(stored) == computed;
        Ok(if holds {
            Flow::End
        } else {
            // The trailer shows where the member ends whatever is in it, so the members behind it are read on.
            Flow::Wrong("checksum or length does not fit the content")
        })
    }
}

impl From<NoMember> for Stop {
    fn from(no_member: NoMember) -> Self {
        let (kind, what) = no_member.gap();
        Self::Bad(kind, what.to_owned())
    }
}

impl Codec for Gunzip {
    const NAME: &'static str = "gzip";
    const MAGIC_BYTES: usize = MAGIC.len();
    const RESTARTS: bool = true;

    fn may_start(start: &[u8]) -> bool {
        MAGIC.starts_with(start)
    }

    fn start(&mut self, magic: &[u8], input: &mut dyn Compressed) -> Result<Head, Stop> {
        // A gzip may have any number of members (RFC 1952 §2.2): bgzip writes one for every 64 KiB, and `cat a.gz b.gz` joins files.
        // flate2's `GzDecoder` stops after the first, so that a key behind it reads as a file of 0 bytes.
        self.crc.reset();
        self.inflater.reset();
        self.in_trailer = false;
        let mut magic = magic.iter().copied();
        let holds = read_header(|| magic.next().map_or_else(|| codec::byte(input), Ok))?;
        // The header holds nothing that the data depends on, so the data is read all the same.
        Ok(if holds { Head::Data } else { Head::DoubtfulData("header fails its checksum") })
    }

    fn step(&mut self, input: &mut dyn Compressed, out: &mut [u8]) -> (usize, Result<Flow, Stop>) {
        if self.in_trailer {
            return (0, self.trailer(input));
        }
        let (length, flow) = inflate(&mut self.inflater, input, out, Self::NAME);
        // The checksum costs about 1 % of inflating, and is
        // all that shows a flipped bit in a stored block.
        self.crc.update(out.get(..length).unwrap_or_default());
        self.in_trailer = matches!(flow, Ok(Flow::End));
        // The data has ended, and the member goes on.
        (length, flow.map(|_| Flow::On))
    }

    fn copy(&self) -> Option<Self> {
        let mut crc = Crc::new();
        // A `Crc` cannot be cloned; combined with an empty one it has the same sum and length.
        crc.combine(&self.crc);
        Some(Self { inflater: self.inflater.copy()?, crc, in_trailer: self.in_trailer })
    }

    fn place(&self) -> &'static str {
        if self.in_trailer { "its trailer" } else { "its data" }
    }
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
    fn wrong_checksum_of_the_header_is_told_and_reading_goes_on() {
        let mut bytes = gzip(&sample());
        bytes[3] |= 2;
        let mut crc = flate2::Crc::new();
        crc.update(&bytes[..10]);
        let sum = crc.sum().to_le_bytes();
        let with = |sum: [u8; 2]| [&bytes[..10], &sum, &bytes[10..]].concat();
        check(&with([sum[0], sum[1]]), &[], 2);
        check(&with([sum[0] ^ 1, sum[1]]), &[GapKind::CorruptStream], 2);
        check(&[with([sum[0] ^ 1, sum[1]]), gzip(b"")].concat(), &[GapKind::CorruptStream], 2);
    }

    #[test]
    fn missing_trailer_and_cut_are_partial() {
        let bytes = gzip(&sample());
        check(&bytes[..bytes.len() - 8], &[GapKind::Partial], 2);
        check(&bytes[..bytes.len() - 1], &[GapKind::Partial], 2);
        let second = [bytes.clone(), bytes[..30].to_vec()].concat();
        check(&second, &[GapKind::TrailingData, GapKind::Partial], 2);
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
        assert_eq!(recorder.gaps(), [GapKind::Partial, GapKind::CorruptStream]);
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
        assert_eq!(recorder.gaps(), [GapKind::OverLimit]);
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
