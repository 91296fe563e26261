//! Parses saved facts line by line with one thread a core: the floor that reading them again (`report`) is compared with. And
//! writes such facts: `cargo bench --bench facts -- synthesise INSTANCES PER_FARM OUT.ndjson`.

#![allow(clippy::print_stdout, reason = "a program for developers")]

mod snapshot;
mod synthesised;

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
    if let [command, instances, per_farm, out] = paths.as_slice()
        && command == "synthesise"
    {
        let (instances, per_farm) = (instances.parse()?, per_farm.parse()?);
        let out = std::fs::File::create(out).with_context(|| out.clone())?;
        return synthesised::write(instances, per_farm, &mut std::io::BufWriter::new(out));
    }
    if paths.is_empty() {
        println!(
            "usage: cargo bench --bench facts -- FACTS.ndjson... | synthesise INSTANCES PER_FARM OUT.ndjson"
        );
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

/// Measures time and CPU time, which says more on a machine with other work to do.
struct Clock(Instant, f64);

impl Clock {
    fn start() -> Self {
        Self(Instant::now(), cpu_seconds())
    }

    fn tell(&self, what: &str) {
        println!("  {what:<18} {:.2?}, CPU {:.2} s", self.0.elapsed(), cpu_seconds() - self.1);
    }
}

/// Returns the CPU time of this process in hundredths; zero where the system does not tell.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Parses each line into the types of facts, and drops it.
fn floor(bytes: &[u8]) -> Result<()> {
    let clock = Clock::start();
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let parse = |line: &&[u8]| serde_json::from_slice::<SavedLine<'_>>(line).map(drop);
    lines.par_iter().filter(|line| !line.is_empty()).try_for_each(parse)?;
    clock.tell("serde_json alone");
    Ok(())
}

/// Does with each line what `report` does on all cores.
fn parsed(bytes: &[u8]) {
    let clock = Clock::start();
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines.par_iter().for_each(|line| drop(ReadLine::whole(line)));
    clock.tell("parsed and checked");
}

/// Reads and merges a file as `report` does.
fn merged(path: &str) -> Result<()> {
    let clock = Clock::start();
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
    clock.tell("read and taken");
    let saved = merge.finish();
    clock.tell("merged");
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
