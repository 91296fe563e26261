//! Writes a synthetic snapshot: `cargo bench --bench generate -- <profile> <seed> <out.tar> [farm]`.

#![allow(clippy::print_stdout, reason = "a program for developers")]

mod snapshot;

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use tar::{Builder, EntryType, Header};

fn main() -> Result<()> {
    // `cargo bench` adds `--bench` to what the user gave.
    let arguments: Vec<_> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (profile, seed, path, farm) = match arguments.as_slice() {
        [profile, seed, path] => (profile, seed, path, "1"),
        [profile, seed, path, farm] => (profile, seed, path, farm.as_str()),
        _ => {
            let names = snapshot::PROFILES.map(|profile| profile.name).join("|");
            println!(
                "usage: cargo bench --bench generate -- {names}|long-name|long-record SEED OUT.tar [FARM]"
            );
            return Ok(());
        }
    };
    let out = BufWriter::with_capacity(1 << 20, File::create(path).with_context(|| path.clone())?);
    if let Some(kind) = hostile_kind(profile) {
        return hostile(kind, out);
    }
    let profile =
        snapshot::profile(profile).with_context(|| format!("unknown profile {profile}"))?;
    let (seed, farm) = (seed.parse().context("seed")?, farm.parse().context("farm")?);
    let mut sink = snapshot::sink::TarSink::new(out);
    snapshot::write(profile, seed, farm, &mut sink)?;
    sink.finish()?.flush()?;
    Ok(())
}

/// Archives made to exhaust the memory of a reader.
fn hostile_kind(profile: &str) -> Option<EntryType> {
    match profile {
        "long-name" => Some(EntryType::GNULongName),
        "long-record" => Some(EntryType::XHeader),
        _ => None,
    }
}

/// Writes a header that announces 1 GiB of name or record, and that much; it compresses to 1 MB.
fn hostile(kind: EntryType, out: impl Write) -> Result<()> {
    const BYTES: u64 = 1 << 30;
    let mut header = Header::new_gnu();
    header.set_path("crx-quickstart/conf/quickstart.properties")?;
    header.set_mode(0o644);
    let mut long = header.clone();
    long.set_entry_type(kind);
    long.set_size(BYTES);
    long.set_cksum();
    header.set_size(0);
    header.set_cksum();
    let mut builder = Builder::new(out);
    let announced: &[u8] = if kind == EntryType::XHeader { b"1073741824 path=" } else { b"" };
    builder.append(&long, announced.chain(io::repeat(b'a')).take(BYTES))?;
    builder.append(&header, io::empty())?;
    builder.into_inner()?.flush()?;
    Ok(())
}
