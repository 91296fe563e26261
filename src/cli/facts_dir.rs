//! `--facts-dir`: the facts of each source in a file of its own, so that what was read need not be read again.
//!
//! A file is named by the digest of the name of its source and written whole or not at all, so that any number of processes may share
//! the directory, and a run that was killed goes on where it was.

use super::output;
use super::read_facts::read_facts;
use crate::examine::{Examined, about};
use crate::facts::{GapKind, Hex, SourceRecord};
use crate::intake::{Origin, Source, facts_files};
use crate::limits::Limits;
use crate::saved::{Merge, RunWriter};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Returns the name of the file for a source.
fn file_name(source: &str) -> String {
    // A name may hold slashes, and more than the 255 bytes that file systems take.
    let digest: [u8; 32] = Sha256::digest(source).into();
    format!("{}.ndjson", Hex(digest))
}

/// Returns the sources that are to be read: those without a file that still says all of them.
pub(super) fn to_read(directory: &Path, sources: &[Source], limits: &Limits) -> Vec<Source> {
    let is_to_be_read = |source: &&Source| !is_current(directory, source, limits);
    sources.iter().filter(is_to_be_read).cloned().collect()
}

/// Returns `true` if the file for a source is whole, and was written of what the source is now, by this version and under the same
/// options. What may be had by trying again is tried again.
fn is_current(directory: &Path, source: &Source, limits: &Limits) -> bool {
    let path = directory.join(file_name(&source.name));
    let now = about(source, limits);
    // A directory has no size or time that shows whether a file in it was changed, so it is read again.
    if now.bytes.is_none() || !path.is_file() {
        return false;
    }
    let mut merge = Merge::default();
    for file in facts_files(&[path.into_os_string()]) {
        read_facts(&file, limits, &mut merge);
    }
    let saved = merge.finish();
    let is_whole = !saved.gaps.iter().any(|gap| gap.kind == GapKind::FactsMissing);
    let [record] = saved.sources.as_slice() else { return false };
    is_whole && is_same(record, &now)
}

fn is_same(then: &SourceRecord, now: &SourceRecord) -> bool {
    let about = |record: &'_ SourceRecord| {
        let SourceRecord { name, label, bytes, mtime_ms, tool, reading, .. } = record.clone();
        (name, label, bytes, mtime_ms, tool, reading)
    };
    !then.retry && about(then) == about(now)
}

/// Writes the file for a source that was read.
///
/// # Errors
///
/// Fails when it cannot be written.
pub(super) fn write(directory: &Path, examined: &Examined) -> anyhow::Result<()> {
    let mut text = Vec::new();
    let Some(record) = examined.sources.first() else { return Ok(()) };
    let mut run = RunWriter::new(&mut text);
    let snapshots = examined.snapshots.iter().map(|(_, snapshot)| snapshot);
    run.source(record, snapshots, &examined.gaps)?;
    // Runs of other cases may share the directory: what a run says of itself is not kept there.
    run.end(None)?;
    output::to_directory(directory, &file_name(&record.name), &text)
}

/// Reads the facts of all sources from their files.
pub(super) fn merged(directory: &Path, sources: &[Source], limits: &Limits) -> Merge {
    let mut merge = Merge::default();
    for source in sources {
        let path: PathBuf = directory.join(file_name(&source.name));
        let file = Source { origin: Origin::Path(path), ..source.clone() };
        read_facts(&file, limits, &mut merge);
    }
    merge
}
