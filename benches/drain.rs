//! Inflates a gzip and discards it, the way a scan does: the floor that a scan is compared with.

#![allow(clippy::print_stdout, reason = "a program for developers")]

use anyhow::{Context, Result};
use flate2::bufread::GzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// Bytes read from the file at once.
const INPUT_BYTES: usize = 256 << 10;
/// Bytes inflated at once.
const OUTPUT_BYTES: usize = 128 << 10;

fn main() -> Result<()> {
    // `cargo bench` adds `--bench` to what the user gave.
    let paths: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if paths.is_empty() {
        println!("usage: cargo bench --bench drain -- FILE.gz...");
    }
    for path in paths {
        let file = File::open(&path).with_context(|| path.clone())?;
        println!("{} bytes", drain(file).with_context(|| path)?);
    }
    Ok(())
}

/// Inflates every member; one decoder for each, so that what follows the last member can be told from one.
fn drain(file: File) -> Result<usize> {
    let mut input = BufReader::with_capacity(INPUT_BYTES, file);
    let mut output = vec![0; OUTPUT_BYTES];
    let mut total: usize = 0;
    while !input.fill_buf()?.is_empty() {
        let mut member = GzDecoder::new(&mut input);
        loop {
            let bytes = member.read(&mut output)?;
            if bytes == 0 {
                break;
            }
            total = total.saturating_add(bytes);
        }
    }
    Ok(total)
}
