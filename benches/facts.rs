//! Parses saved facts line by line with one thread a core: the floor that reading them again (`report`) is compared with.

#![allow(clippy::print_stdout, reason = "a program for developers")]

use aemtrix::facts::GapKind;
use aemtrix::intake::{Line, facts_files, read_lines};
use aemtrix::limits::Limits;
use aemtrix::saved::{Merge, ReadLine, SavedLine};
use anyhow::{Context, Result, anyhow};
use rayon::prelude::*;
use std::time::Instant;

fn main() -> Result<()> {
    // `cargo bench` adds `--bench` to what the user gave.
    let paths: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if paths.is_empty() {
        println!("usage: cargo bench --bench facts -- FACTS.ndjson...");
    }
    for path in paths {
        let bytes = std::fs::read(&path).with_context(|| path.clone())?;
        for round in 1..=3 {
            println!("round {round}");
            floor(&bytes)?;
            parsed(&bytes);
        }
        drop(bytes);
        merged(&path)?;
    }
    Ok(())
}

/// Parses each line into the types of facts, and drops it.
fn floor(bytes: &[u8]) -> Result<()> {
    let start = Instant::now();
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let parse = |line: &&[u8]| serde_json::from_slice::<SavedLine<'_>>(line).map(drop);
    lines.par_iter().filter(|line| !line.is_empty()).try_for_each(parse)?;
    println!("  serde_json alone   {:.2?}", start.elapsed());
    Ok(())
}

/// Does with each line what `report` does on all cores.
fn parsed(bytes: &[u8]) {
    let start = Instant::now();
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines.par_iter().for_each(|line| drop(ReadLine::whole(line)));
    println!("  parsed and checked {:.2?}", start.elapsed());
}

/// Reads and merges a file as `report` does.
fn merged(path: &str) -> Result<()> {
    let start = Instant::now();
    let mut merge = Merge::default();
    for file in facts_files(&[path.into()]) {
        merge.begin(&file.name);
        let mut pending = Vec::new();
        let mut visit = |lines: &[Line<'_>]| {
            let before: Vec<ReadLine> = std::mem::take(&mut pending);
            let take = || before.into_iter().for_each(|line| merge.take(line));
            (pending, ()) = rayon::join(|| lines.par_iter().map(parse).collect(), take);
            true
        };
        let fault = |(kind, reason): (GapKind, String)| anyhow!("{kind:?}: {reason}");
        read_lines(&file, &Limits::default(), &mut visit).map_err(fault)?;
        for line in pending {
            merge.take(line);
        }
        merge.end();
    }
    println!("  read and taken     {:.2?}", start.elapsed());
    let saved = merge.finish();
    println!("  merged             {:.2?}", start.elapsed());
    println!("{} instances, {} gaps", saved.snapshots.len(), saved.gaps.len());
    Ok(())
}

fn parse(line: &Line<'_>) -> ReadLine {
    match line {
        Line::Whole(bytes) => ReadLine::whole(bytes),
        Line::Cut(bytes) => ReadLine::cut(bytes),
        Line::TooLong => ReadLine::too_long(),
    }
}
