//! Messages on standard error.

use crate::facts::{Gap, Snapshot, SourceRecord, spoken};
use crate::report::{counted, printable};
use log::LevelFilter;
use std::io::Write;

/// Sends messages of the chosen level to standard error.
pub(super) fn start(quiet: bool, verbose: u8) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::Error,
        (false, 0) => LevelFilter::Warn,
        (false, 1) => LevelFilter::Info,
        (false, _) => LevelFilter::Debug,
    };
    let plain = |out: &mut env_logger::fmt::Formatter, record: &log::Record<'_>| {
        let text = record.args().to_string();
        writeln!(out, "aemtrix: {}", printable(&text))
    };
    // A second call, as in tests, keeps the first logger.
    let _already_set =
        env_logger::Builder::new().filter_level(level).format(plain).try_init().is_err();
}

/// Says what was read: each source, and in more detail each instance and each gap.
pub(super) fn read(
    sources: &[SourceRecord],
    snapshots: &[(Option<String>, Snapshot)],
    gaps: &[Gap],
) {
    for record in sources {
        let container = if record.container.is_empty() { "unknown" } else { &record.container };
        let instances = counted(record.instances, "instance");
        let (name, entries) = (spoken(&record.name), record.entries);
        log::info!("{name}: {container} (entries: {entries}), {instances}");
    }
    for (_, snapshot) in snapshots {
        let root = if snapshot.root.is_empty() { "." } else { &snapshot.root };
        let bundles = counted(snapshot.bundles.len(), "bundle");
        let keys = counted(snapshot.key_files.len(), "key file");
        log::debug!("{}: instance at {root}: {bundles}, {keys}", spoken(&snapshot.source));
    }
    for gap in gaps {
        let path = gap.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
        log::debug!("{}: {path}{} [{}]", spoken(&gap.source), gap.reason, gap.kind.label());
    }
}
