//! `--facts-dir`: the facts of each source in a file of its own, so that what was read need not be read again.
//!
//! A file is named by the digest of the name of its source and by that of the instances in it, and written whole or not at all, so that any
//! number of processes may share the directory, and a run that was killed goes on where it was. The name alone would not do: three uploads,
//! each called `aem.tar.gz` in a directory of its own, are of three instances.

use super::output;
use super::read_facts::read_facts;
use crate::examine::{Examined, about};
use crate::facts::{GapKind, Hex, Snapshot, SourceRecord};
use crate::intake::{Origin, Source, facts_files};
use crate::limits::Limits;
use crate::saved::{Merge, RunWriter, Saved, comes_again};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A directory of facts.
pub(super) struct FactsDir<'d> {
    directory: &'d Path,
    /// The files that were there, by the digest of the name of the source.
    there: BTreeMap<String, BTreeSet<String>>,
    /// The file of each source of this run that was read, by its name.
    of_sources: Mutex<BTreeMap<String, String>>,
}

fn digest(text: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(text).into();
    Hex(digest).to_string()
}

/// Returns the name of the file for a source with these instances.
fn file_name<'s>(source: &str, snapshots: impl Iterator<Item = &'s Snapshot>) -> String {
    // A name may hold slashes, and more than the 255 bytes that file systems take.
    let source = digest(source);
    let instances: BTreeSet<String> = snapshots.map(identity).collect();
    if instances.is_empty() {
        return format!("{source}.ndjson");
    }
    let instances = digest(&instances.into_iter().collect::<String>());
    format!("{source}-{}.ndjson", instances.get(..16).unwrap_or_default())
}

/// Returns what makes an instance the same when its source is read again: where it lies, and its Sling id or else its keys.
fn identity(snapshot: &Snapshot) -> String {
    let root = &snapshot.root;
    if let Some(id) = &snapshot.sling_id {
        return format!("{root}\n{}\n", id.uuid);
    }
    let keys: BTreeSet<String> =
        snapshot.named_keys().map(|(name, key)| format!("{name} {}\n", key.whole.sha256)).collect();
    let role = snapshot.role().map(|role| role.to_string()).unwrap_or_default();
    format!("{root}\n{role}\n{}", keys.into_iter().collect::<String>())
}

impl<'d> FactsDir<'d> {
    /// Looks which files are there.
    ///
    /// # Errors
    ///
    /// Fails when the directory cannot be listed.
    pub(super) fn new(directory: &'d Path) -> anyhow::Result<Self> {
        let mut there: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in output::names_in(directory)? {
            let Some(stem) = name.strip_suffix(".ndjson") else { continue };
            let source = stem.split('-').next().unwrap_or(stem).to_owned();
            there.entry(source).or_default().insert(name);
        }
        Ok(Self { directory, there, of_sources: Mutex::default() })
    }

    /// Returns the sources that are to be read: those without a file that still says all of them.
    pub(super) fn to_read(&self, sources: &[Source], limits: &Limits) -> Vec<Source> {
        let is_to_be_read = |source: &&Source| {
            let mut files = self.files_of(&source.name);
            let current = files.find(|file| self.is_current(file, source, limits));
            current.is_none_or(|file| {
                self.has_file(&source.name, file);
                false
            })
        };
        sources.iter().filter(is_to_be_read).cloned().collect()
    }

    fn files_of(&self, source: &str) -> impl Iterator<Item = &String> {
        self.there.get(&digest(source)).into_iter().flatten()
    }

    fn has_file(&self, source: &str, file: &str) {
        let mut files = self.of_sources.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(source.to_owned(), file.to_owned());
    }

    /// Returns what a file says.
    fn read(&self, file: &str, limits: &Limits) -> Saved {
        let mut merge = Merge::default();
        for file in facts_files(&[self.directory.join(file).into_os_string()]) {
            read_facts(&file, limits, &mut merge);
        }
        merge.finish()
    }

    /// Returns `true` if a file is whole, and was written of what the source is now, by this version and under the same options. What may
    /// be had by trying again is tried again.
    fn is_current(&self, file: &str, source: &Source, limits: &Limits) -> bool {
        let now = about(source, limits);
        // A directory has no size or time that shows whether a file in it was changed, so it is read again.
        if now.bytes.is_none() {
            return false;
        }
        let saved = self.read(file, limits);
        let [record] = saved.sources.as_slice() else { return false };
        is_whole(&saved) && is_same(record, &now)
    }

    /// Writes the file for a source that was read. Files of it that say nothing else are gone then.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be written, or an older one cannot be removed.
    pub(super) fn write(&self, examined: &Examined, limits: &Limits) -> anyhow::Result<()> {
        let mut text = Vec::new();
        let Some(record) = examined.sources.first() else { return Ok(()) };
        let snapshots = || examined.snapshots.iter().map(|(_, snapshot)| snapshot);
        let mut run = RunWriter::new(&mut text);
        run.source(record, snapshots(), &examined.gaps)?;
        // Runs of other cases may share the directory: what a run says of itself is not kept there.
        run.end(None)?;
        let name = file_name(&record.name, snapshots());
        output::to_directory(self.directory, &name, &text)?;
        self.has_file(&record.name, &name);
        for file in self.files_of(&record.name).filter(|file| **file != name) {
            let saved = self.read(file, limits);
            let is_again = |old: &Snapshot| snapshots().any(|own| comes_again(old, own));
            if is_whole(&saved) && saved.snapshots.iter().all(|(_, old)| is_again(old)) {
                output::remove(&self.directory.join(file))?;
            }
        }
        Ok(())
    }

    /// Reads the facts of all sources from their files.
    pub(super) fn merged(self, sources: &[Source], limits: &Limits) -> Merge {
        let files = self.of_sources.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut merge = Merge::default();
        for source in sources {
            let file = files.get(&source.name).cloned();
            let file = file.unwrap_or_else(|| file_name(&source.name, std::iter::empty()));
            let path: PathBuf = self.directory.join(file);
            let file = Source { origin: Origin::Path(path), ..source.clone() };
            read_facts(&file, limits, &mut merge);
        }
        merge
    }
}

/// Returns `true` if all lines of a file came, and nothing else is in it.
fn is_whole(saved: &Saved) -> bool {
    !saved.sources.is_empty() && !saved.gaps.iter().any(|gap| gap.kind == GapKind::FactsMissing)
}

fn is_same(then: &SourceRecord, now: &SourceRecord) -> bool {
    let about = |record: &'_ SourceRecord| {
        let SourceRecord { name, label, bytes, mtime_ms, tool, reading, .. } = record.clone();
        (name, label, bytes, mtime_ms, tool, reading)
    };
    !then.retry && about(then) == about(now)
}
