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

mod snapshot;

use aemtrix::oak::{Budget, Files, Node, OakError, Store};
use anyhow::{Context, Result};
use snapshot::random::Random;
use snapshot::store::SegmentStore;
use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

/// Oak starts a new file when one has grown past this.
const TAR_BYTES: u64 = 256 << 20;

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
    let tars = bytes.div_ceil(TAR_BYTES).max(1);
    let store = SegmentStore::new(tars, bytes.min(TAR_BYTES), &mut Random::new(1))?;
    fs::write(directory.join("journal.log"), &store.journal)?;
    for (name, _, mut content) in store.tars() {
        let path = directory.join(name);
        let out = File::create(&path).with_context(|| path.display().to_string())?;
        io::copy(&mut content, &mut BufWriter::with_capacity(1 << 20, out))?;
    }
    Ok(())
}
