//! `scan -f ndjson` with nothing else to write: the lines of each source, as soon as it was read. Nothing is judged.

use super::args::{ExitZero, Scan};
use super::progress::watched;
use super::{Exit, log, output, tell};
use crate::examine::{Examined, examine_each};
use crate::facts::{Gap, RunRecord};
use crate::intake::Source;
use crate::report::counted;
use crate::saved::RunWriter;
use anyhow::Context;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

/// Standard output, which gets the lines of a source at once, so that those of several processes do not get into each other.
#[derive(Default)]
struct Blocks {
    block: Vec<u8>,
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.block.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        output::to_stdout_now(&std::mem::take(&mut self.block))
    }
}

/// What was written so far.
struct Written {
    run: RunWriter<Blocks>,
    trouble: Option<io::Error>,
    instances: usize,
    hides: bool,
}

impl Written {
    fn take(&mut self, examined: &Examined) {
        self.instances = self.instances.saturating_add(examined.snapshots.len());
        self.hides |= hides(&examined.gaps);
        log::read(&examined.sources, &examined.snapshots, &examined.gaps);
        let snapshots = || examined.snapshots.iter().map(|(_, snapshot)| snapshot);
        for record in &examined.sources {
            if self.trouble.is_none() {
                self.trouble = self.run.source(record, snapshots(), &examined.gaps).err();
            }
        }
    }
}

fn hides(gaps: &[Gap]) -> bool {
    gaps.iter().any(|gap| gap.kind.hides())
}

/// Reads the sources and writes their lines.
///
/// # Errors
///
/// Fails when standard output cannot take them.
pub(super) fn write(
    scan: &Scan,
    sources: &[Source],
    notes: &[Gap],
    record: RunRecord,
) -> anyhow::Result<Exit> {
    let run = RunWriter::new(Blocks::default());
    let written = Mutex::new(Written { run, trouble: None, instances: 0, hides: hides(notes) });
    let take = |examined: Examined| {
        written.lock().unwrap_or_else(PoisonError::into_inner).take(&examined);
    };
    let limits = scan.reading.limits();
    watched(scan, sources, &|watch, threads| {
        examine_each(sources, &limits, threads, watch, &take);
    });
    let written = written.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Written { mut run, trouble, instances, hides: is_hidden } = written;
    let ended = trouble.map_or(Ok(()), Err);
    ended
        .and_then(|()| notes.iter().try_for_each(|gap| run.gap(gap)))
        .and_then(|()| run.end(Some(record)))
        .or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
        .context("standard output could not be written to")?;
    if !scan.output.quiet {
        let open = if is_hidden { "; evidence incomplete" } else { "" };
        let instances = counted(instances, "instance");
        tell(&format!("{instances} from {}{open}", counted(sources.len(), "source")));
    }
    let is_clean = !is_hidden || scan.judging.exit_zero == Some(ExitZero::All);
    Ok(if is_clean { Exit::Clean } else { Exit::Trouble })
}
