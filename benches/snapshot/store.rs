//! Segment stores: the segments of a real one of Oak, spread over tar files full of others, as years of use leave them.

use super::body::{Body, Like};
use super::random::Random;
use flate2::{Crc, read::GzDecoder};
use std::io::{self, Read};
use std::vec::IntoIter;
use tar::{Archive, EntryType, Header};

const SAMPLE: &[u8] = include_bytes!("../../testdata/oak/v13-closed.tar.gz");
/// What a segment of a store of 1 GB that Oak wrote has on average.
const SEGMENT_BYTES: u64 = 170 << 10;
const BLOCK: usize = 512;

/// The id of a segment, and its bytes.
type Named = (u128, Vec<u8>);

/// The files of a store.
pub(crate) struct SegmentStore {
    pub(crate) journal: Vec<u8>,
    tars: Vec<Vec<Segment>>,
}

struct Segment {
    id: u128,
    content: Content,
}

enum Content {
    /// That of Oak.
    Real(Vec<u8>),
    /// So many bytes like those of a segment, from this seed.
    Filler(u64, u64),
}

impl SegmentStore {
    /// Makes a store of so many tar files, each of about so many bytes.
    pub(crate) fn new(tars: u64, tar_bytes: u64, random: &mut Random) -> io::Result<Self> {
        let (mut real, journal) = sample()?;
        random.shuffle(&mut real);
        let share = real.len().div_ceil(usize::try_from(tars.max(1)).unwrap()).max(1);
        let mut real = real.into_iter();
        let tars = (0..tars).map(|_| tar(real.by_ref().take(share).collect(), tar_bytes, random));
        Ok(Self { tars: tars.collect(), journal })
    }

    /// Returns each tar file: its name, its length in bytes, and what it holds.
    pub(crate) fn tars(self) -> impl Iterator<Item = (String, u64, impl Read)> {
        self.tars.into_iter().enumerate().map(|(number, segments)| {
            let name = format!("data{number:05}a.tar");
            let index = entry(&format!("{name}.idx"), index(&segments));
            let bytes = segments.iter().map(Segment::stored).sum::<u64>() + index.len() as u64;
            let last: Box<dyn Read> = Box::new(io::Cursor::new(index));
            (
                name,
                bytes,
                TarBytes {
                    segments: segments.into_iter(),
                    piece: Box::new(io::empty()),
                    last: Some(last),
                },
            )
        })
    }
}

/// Puts a real segment behind each of the others, until the file is full.
fn tar(real: Vec<Named>, bytes: u64, random: &mut Random) -> Vec<Segment> {
    let (mut segments, mut position) = (Vec::new(), 0);
    let mut real =
        real.into_iter().map(|(id, bytes)| Segment { id, content: Content::Real(bytes) });
    while position < bytes {
        let length = random.between(SEGMENT_BYTES / 2, SEGMENT_BYTES * 3 / 2);
        let filler =
            Segment { id: filler_id(random), content: Content::Filler(length, random.next()) };
        for segment in [Some(filler), real.next()].into_iter().flatten() {
            position += segment.stored();
            segments.push(segment);
        }
    }
    segments.extend(real);
    segments
}

/// A data segment of nobody: its id has the mark of those.
fn filler_id(random: &mut Random) -> u128 {
    let (high, low) = (random.next(), random.next());
    let low = low & 0x0fff_ffff_ffff_ffff | 0xa000_0000_0000_0000;
    u128::from(high & !0xf000 | 0x4000) << 64 | u128::from(low)
}

impl Segment {
    fn length(&self) -> u64 {
        match &self.content {
            Content::Real(bytes) => bytes.len() as u64,
            Content::Filler(length, _) => *length,
        }
    }

    /// Returns the bytes that it takes in a tar.
    fn stored(&self) -> u64 {
        BLOCK as u64 + self.length().next_multiple_of(BLOCK as u64)
    }

    fn bytes(self) -> Box<dyn Read> {
        let padding = self.stored() - BLOCK as u64 - self.length();
        let header = io::Cursor::new(header(&self.name(), self.length()).as_bytes().to_vec());
        let content: Box<dyn Read> = match self.content {
            Content::Real(bytes) => Box::new(io::Cursor::new(bytes)),
            Content::Filler(length, seed) => Box::new(Body::new(Like::Segment, seed).take(length)),
        };
        Box::new(header.chain(content).chain(io::repeat(0).take(padding)))
    }

    /// Returns its id and its checksum, which nobody needs of a filler.
    fn name(&self) -> String {
        let hex = format!("{:032x}", self.id);
        let uuid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        let sum = match &self.content {
            Content::Real(bytes) => crc(bytes),
            Content::Filler(..) => 0,
        };
        format!("{uuid}.{sum:08x}")
    }
}

/// What a tar file holds, made as it is read.
struct TarBytes {
    segments: IntoIter<Segment>,
    piece: Box<dyn Read>,
    last: Option<Box<dyn Read>>,
}

impl Read for TarBytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.piece.read(out)? {
                0 => match self.segments.next().map(Segment::bytes).or_else(|| self.last.take()) {
                    Some(piece) => self.piece = piece,
                    None => return Ok(0),
                },
                length => return Ok(length),
            }
        }
    }
}

/// Returns the segments and the journal of a store that Oak wrote.
fn sample() -> io::Result<(Vec<Named>, Vec<u8>)> {
    let (mut segments, mut journal) = (Vec::new(), Vec::new());
    let mut archive = Archive::new(GzDecoder::new(SAMPLE));
    for file in archive.entries()? {
        let mut file = file?;
        let path = file.path()?.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if path.ends_with("/journal.log") {
            journal = bytes;
        } else if path.contains("/data") {
            for segment in Archive::new(bytes.as_slice()).entries()? {
                let mut segment = segment?;
                let name = segment.path()?.to_string_lossy().replace('-', "");
                // The graph, the index and the list of binaries are named after the file.
                if let Some(Ok(id)) = name.get(..32).map(|hex| u128::from_str_radix(hex, 16)) {
                    let mut bytes = Vec::new();
                    segment.read_to_end(&mut bytes)?;
                    segments.push((id, bytes));
                }
            }
        }
    }
    Ok((segments, journal))
}

/// Returns the index of version 2 that ends a closed tar.
fn index(segments: &[Segment]) -> Vec<u8> {
    let mut position = 0;
    let mut entries: Vec<_> = segments
        .iter()
        .map(|segment| {
            let at = position + BLOCK as u64;
            position += segment.stored();
            (segment.id, at, segment.length())
        })
        .collect();
    // Java compares the halves of a UUID as signed numbers.
    let half = |bytes: &[u8]| i64::from_be_bytes(bytes.try_into().unwrap());
    entries.sort_by_key(|(id, ..)| id.to_be_bytes().chunks(8).map(half).collect::<Vec<_>>());
    let mut index = Vec::new();
    for (id, at, length) in &entries {
        index.extend(id.to_be_bytes());
        index.extend(u32::try_from(*at).unwrap().to_be_bytes());
        index.extend(u32::try_from(*length).unwrap().to_be_bytes());
        index.extend([0; 9]);
    }
    let whole = (index.len() + 16).next_multiple_of(BLOCK);
    let mut body = vec![0; whole - 16 - index.len()];
    let sum = crc(&index);
    body.extend(index);
    body.extend(sum.to_be_bytes());
    body.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
    body.extend(u32::try_from(whole).unwrap().to_be_bytes());
    body.extend(b"\n1K\n");
    body
}

/// Returns the last entry of a tar, and its end.
fn entry(name: &str, body: Vec<u8>) -> Vec<u8> {
    let padding = body.len().next_multiple_of(BLOCK) - body.len();
    [header(name, body.len() as u64).as_bytes().to_vec(), body, vec![0; padding + 2 * BLOCK]]
        .concat()
}

fn header(name: &str, bytes: u64) -> Header {
    let mut header = Header::new_old();
    header.set_path(name).unwrap();
    header.set_size(bytes);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    header
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
