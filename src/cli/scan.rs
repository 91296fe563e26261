//! `aemtrix scan`: the pipeline from sources to reports.

use super::args::Scan;
use super::progress::Bar;
use super::{Exit, complain, finish};
use crate::examine::examine;
use crate::facts::Gap;
use crate::farm::farms;
use crate::intake::{Discovered, NoWatch, Source, Watch, discover};
use crate::report::{Report, counted};
use std::thread::available_parallelism;

/// Scans the sources and writes the reports.
pub(super) fn run(scan: &Scan) -> Exit {
    if let Err(error) = finish::check_formats(&scan.output) {
        return complain(&format!("{error:#}"));
    }
    let Discovered { mut sources, notes } = discover(&scan.sources);
    match (&scan.name, sources.as_mut_slice()) {
        (None, _) => {}
        (Some(name), [source]) => source.label = Some(name.clone()),
        (Some(_), _) => {
            return complain("--name needs exactly one source; use NAME=SOURCE for several");
        }
    }
    if let Err(error) = finish::check_apart(&scan.output, &sources) {
        return complain(&format!("{error:#}"));
    }
    let report = analyze(scan, &sources, notes);
    finish::finish(&report, &scan.output, &scan.judging)
}

fn analyze(scan: &Scan, sources: &[Source], notes: Vec<Gap>) -> Report {
    let limits = scan.reading.limits();
    let threads =
        scan.reading.threads.unwrap_or_else(|| available_parallelism().map_or(1, usize::from));
    let bytes = sources.iter().map(Source::stored_bytes).fold(0, u64::saturating_add);
    let bar = Bar::new(bytes, !scan.output.no_progress && !scan.output.quiet);
    let watch: &dyn Watch = bar.as_ref().map_or(&NoWatch, |bar| bar);
    let mut examined = examine(sources, &limits, threads, watch);
    if let Some(bar) = &bar {
        bar.clear();
    }
    for record in &examined.sources {
        log::info!(
            "{}: {} (entries: {}), {}",
            record.name,
            if record.container.is_empty() { "unknown" } else { &record.container },
            record.entries,
            counted(record.instances, "instance")
        );
    }
    examined.gaps.extend(notes);
    examined.gaps.sort();
    examined.gaps.dedup();
    let farms = farms(examined.snapshots);
    let selection = scan.judging.selection();
    Report::new(farms, examined.sources, examined.gaps, &selection, scan.output.screen())
}
