//! What looking the keys up in a large segment store costs: `cargo bench --bench segment_store -- [MB] [DIRECTORY]`.
//!
//! The store is a real one of Oak, whose segments are spread over tar files full of others, as years of use leave them. It is made in
//! a temporary directory, or left in the one that is named. Prints what one look-up reads, cold and for a key that is not there.

#![allow(clippy::print_stdout, reason = "a program for developers")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    reason = "the sizes are ours; a wrong one may panic"
)]

#[path = "snapshot/random.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with the other benches")]
mod random;

use aemtrix::oak::{Budget, Files, Node, OakError, Store};
use anyhow::{Context, Result};
use flate2::Crc;
use flate2::read::GzDecoder;
use random::Random;
use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;
use tar::{Archive, EntryType, Header};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/oak/v13-closed.tar.gz");
/// Oak starts a new file when one has grown past this.
const TAR_BYTES: u64 = 256 << 20;
/// What a segment of a store of 1 GB that Oak wrote has on average.
const SEGMENT_BYTES: u64 = 170 << 10;

fn main() -> Result<()> {
    // `cargo bench` adds `--bench` to what the user gave.
    let arguments: Vec<_> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let megabytes: u64 = arguments.first().map_or(Ok(1_024), |text| text.parse())?;
    let temporary = tempfile::tempdir()?;
    let named = arguments.get(1).map(Path::new);
    let directory = named.unwrap_or_else(|| temporary.path());
    fs::create_dir_all(directory)?;
    generate(directory, megabytes << 20)?;
    let files = Counted::open(directory)?;
    println!("{} files, {} bytes", files.files.len(), files.bytes());
    for path in ["etc/key", "etc/no-such-node"] {
        look_up(&files, path)?;
    }
    Ok(())
}

/// Looks a node and its properties up in a store that nothing was read of yet.
fn look_up(files: &Counted, path: &str) -> Result<()> {
    files.calls.set(0);
    files.read.set(0);
    let started = Instant::now();
    let store = Store::new(files, Budget::default());
    let look = |root: Node<'_, '_>| -> Result<Option<Vec<usize>>, OakError> {
        let Some(node) = root.descendant(path)? else { return Ok(None) };
        let keys = ["hmac", "master"].map(|name| match node.property(name)? {
            Some(property) => property.value().map(|value| value.len()),
            None => Ok(0),
        });
        keys.into_iter().collect::<Result<_, _>>().map(Some)
    };
    let found = store.newest(look)?;
    println!(
        "/{path}: lengths of hmac and master {:?}: {} segments, {} bytes in {} reads, {:?}",
        found.value,
        store.segments_read(),
        files.read.get(),
        files.calls.get(),
        started.elapsed()
    );
    Ok(())
}

/// The files of a store, and what was read of them.
struct Counted {
    files: Vec<(String, u64, File)>,
    calls: Cell<u64>,
    read: Cell<u64>,
}

impl Counted {
    fn open(directory: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push((name, entry.metadata()?.len(), File::open(entry.path())?));
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self { files, calls: Cell::new(0), read: Cell::new(0) })
    }

    fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, bytes, _)| bytes).sum()
    }
}

impl Files for Counted {
    fn list(&self) -> Vec<(String, u64)> {
        self.files.iter().map(|(name, bytes, _)| (name.clone(), *bytes)).collect()
    }

    fn read(&self, index: usize, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let (_, _, file) = self.files.get(index).ok_or(io::ErrorKind::NotFound)?;
        self.calls.set(self.calls.get().saturating_add(1));
        self.read.set(self.read.get().saturating_add(buffer.len() as u64));
        file.read_exact_at(buffer, offset)
    }
}

/// Writes tar files of about so many bytes altogether, and the journal.
fn generate(directory: &Path, bytes: u64) -> Result<()> {
    let Sample { mut segments, journal } = Sample::read()?;
    let tars = bytes.div_ceil(TAR_BYTES).max(1);
    let mut random = Random::new(1);
    random.shuffle(&mut segments);
    let share = segments.len().div_ceil(usize::try_from(tars)?).max(1);
    let mut shares = segments.chunks(share);
    for number in 0..tars {
        let name = format!("data{number:05}a.tar");
        let mut tar = SegmentTar::create(&directory.join(&name))?;
        let mut real = shares.next().unwrap_or_default().iter();
        let fill = TAR_BYTES.min(bytes - number * TAR_BYTES);
        while tar.position < fill {
            tar.segment(filler_id(&mut random), &filler(&mut random))?;
            if let Some((id, segment)) = real.next() {
                tar.segment(*id, segment)?;
            }
        }
        for (id, segment) in real {
            tar.segment(*id, segment)?;
        }
        tar.close(&name)?;
    }
    fs::write(directory.join("journal.log"), journal)?;
    Ok(())
}

/// A data segment of nobody: its id has the mark of those.
fn filler_id(random: &mut Random) -> u128 {
    let (high, low) = (random.next(), random.next());
    let low = low & 0x0fff_ffff_ffff_ffff | 0xa000_0000_0000_0000;
    u128::from(high & !0xf000 | 0x4000) << 64 | u128::from(low)
}

/// Most words are those of a few, so that it compresses to about half, as content does; noise would be unpacked at no cost.
fn filler(random: &mut Random) -> Vec<u8> {
    let words = random.between(SEGMENT_BYTES / 2, SEGMENT_BYTES * 3 / 2) / 8;
    let known: Vec<u64> = (0..512).map(|_| random.next()).collect();
    let mut word = || {
        let next = random.next();
        if next.is_multiple_of(4) { next } else { known[(next >> 32) as usize % known.len()] }
    };
    (0..words).flat_map(|_| word().to_be_bytes()).collect()
}

/// The segments of a store that Oak wrote.
struct Sample {
    segments: Vec<(u128, Vec<u8>)>,
    journal: Vec<u8>,
}

impl Sample {
    fn read() -> Result<Self> {
        let mut sample = Self { segments: Vec::new(), journal: Vec::new() };
        let mut archive = Archive::new(GzDecoder::new(File::open(SAMPLE)?));
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            if path.ends_with("/journal.log") {
                sample.journal = bytes;
            } else if path.contains("/data") {
                sample.take(&bytes)?;
            }
        }
        Ok(sample)
    }

    fn take(&mut self, tar: &[u8]) -> Result<()> {
        for entry in Archive::new(tar).entries()? {
            let mut entry = entry?;
            let name = entry.path()?.to_string_lossy().replace('-', "");
            // The graph, the index and the list of binaries are named after the file.
            let Some(Ok(id)) = name.get(..32).map(|hex| u128::from_str_radix(hex, 16)) else {
                continue;
            };
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            self.segments.push((id, bytes));
        }
        Ok(())
    }
}

/// A tar file of segments, with the index of version 2 at its end.
struct SegmentTar {
    out: BufWriter<File>,
    position: u64,
    entries: Vec<(u128, u64, usize)>,
}

impl SegmentTar {
    fn create(path: &Path) -> Result<Self> {
        let out = File::create(path).with_context(|| path.display().to_string())?;
        Ok(Self { out: BufWriter::with_capacity(1 << 20, out), position: 0, entries: Vec::new() })
    }

    fn segment(&mut self, id: u128, bytes: &[u8]) -> Result<()> {
        let hex = format!("{id:032x}");
        let uuid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        let at = self.entry(&format!("{uuid}.{:08x}", crc(bytes)), bytes)?;
        self.entries.push((id, at, bytes.len()));
        Ok(())
    }

    /// Writes an entry, and returns where its body starts.
    fn entry(&mut self, name: &str, bytes: &[u8]) -> Result<u64> {
        let mut header = Header::new_old();
        header.set_path(name)?;
        header.set_size(bytes.len() as u64);
        header.set_entry_type(EntryType::Regular);
        header.set_cksum();
        let at = self.position + 512;
        let padding = bytes.len().next_multiple_of(512) - bytes.len();
        self.out.write_all(header.as_bytes())?;
        self.out.write_all(bytes)?;
        self.out.write_all(&[0; 512][..padding])?;
        self.position = at + (bytes.len() + padding) as u64;
        Ok(at)
    }

    fn close(mut self, name: &str) -> Result<()> {
        // Java compares the halves of a UUID as signed numbers.
        let signed = |id: u128| ((id >> 64).cast_signed() as i64, id.cast_signed() as i64);
        self.entries.sort_by_key(|(id, ..)| signed(*id));
        let mut index = Vec::new();
        for (id, at, length) in &self.entries {
            index.extend(id.to_be_bytes());
            index.extend(u32::try_from(*at)?.to_be_bytes());
            index.extend(u32::try_from(*length)?.to_be_bytes());
            index.extend([0; 9]);
        }
        let whole = (index.len() + 16).next_multiple_of(512);
        let mut body = vec![0; whole - 16 - index.len()];
        let sum = crc(&index);
        body.extend(index);
        body.extend(sum.to_be_bytes());
        body.extend(u32::try_from(self.entries.len())?.to_be_bytes());
        body.extend(u32::try_from(whole)?.to_be_bytes());
        body.extend(b"\n1K\n");
        self.entry(&format!("{name}.idx"), &body)?;
        self.out.write_all(&[0; 1024])?;
        self.out.flush()?;
        Ok(())
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
