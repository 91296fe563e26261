//! Walks every source, in parallel, and turns what it holds into snapshots and gaps.
//!
//! One source costs no other its result: each is examined alone, and even a panic in it becomes a gap.

mod access;
mod bundles;
mod collector;
mod config_history;
mod configs;
mod container_layers;
mod expected_installs;
mod found_secrets;
mod gap_list;
mod hints;
mod hollow;
mod item;
mod jcr_configs;
mod jcr_keys;
mod key_history;
mod key_texts;
mod layout;
mod leftovers;
mod link_alias;
mod links;
mod loose_keys;
mod mixed;
mod node_store;
mod paths;
mod prefixes;
mod repository;
mod revision_walk;
mod root_links;
mod roots;
pub(crate) mod secrets;
mod segments;
mod snapshots;
mod stored_secrets;
mod times;
mod unknown;
mod unread_logs;
pub(crate) mod users;

use crate::facts::{Gap, GapKind, Snapshot, SourceRecord};
use crate::intake::{FileState, Source, Watch, walk};
use crate::limits::Limits;
use collector::Collector;
use loose_keys::{LooseKey, Places};
use secrets::Vault;
use snapshots::Assembled;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// All that came out of all sources, in an order that depends on their content alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// One snapshot an instance and source, with the name the user gave its source.
    pub snapshots: Vec<(Option<String>, Snapshot)>,
    /// One record a source.
    pub sources: Vec<SourceRecord>,
    /// All gaps of all sources.
    pub gaps: Vec<Gap>,
}

/// What came out of one source.
struct SourceOutcome {
    label: Option<String>,
    snapshots: Vec<Snapshot>,
    record: SourceRecord,
    gaps: Vec<Gap>,
    key_traces: BTreeSet<u64>,
    loose_keys: Vec<LooseKey>,
}

/// Examines all sources on at most `threads` threads.
///
/// The largest source starts first: with the big one last, the same five archives took 1.4 times as long.
pub fn examine(sources: &[Source], limits: &Limits, threads: usize, watch: &dyn Watch) -> Examined {
    let outcomes = Mutex::new(Vec::with_capacity(sources.len()));
    let keep = |outcome| outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
    let limits = &with_threads(limits, threads, sources.len());
    let vault = Vault::new(limits);
    each(sources, threads, &|source| keep(examine_one(source, limits, watch, &vault)));
    merge(outcomes.into_inner().unwrap_or_else(PoisonError::into_inner), &vault)
}

/// Examines all sources as [`examine`] does, and hands over what came out of each as soon as it was read.
///
/// Where keys of other sources may say more of one, it waits until all are read: keys without their install, and secrets that no key of
/// their own source opens. Only so many wait; of the others, and of text that is a key of another source, nothing is compared.
pub fn examine_each(
    sources: &[Source],
    limits: &Limits,
    threads: usize,
    watch: &dyn Watch,
    take: &(dyn Fn(Examined) + Sync),
) {
    let limits = &with_threads(limits, threads, sources.len());
    let waiting = Mutex::new(Waiting::default());
    let keys = Vault::new(limits);
    each(sources, threads, &|source| {
        let own = Vault::new(limits);
        let mut outcome = examine_one(source, limits, watch, &own);
        own.try_all(&mut outcome.snapshots);
        let mut all = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = outcome.may_be_told_more() && all.outcomes.len() < limits.waiting_sources_max;
        all.places.take(outcome.snapshots.iter(), &outcome.loose_keys);
        keys.absorb(own, waits);
        if waits {
            all.outcomes.push(outcome);
        } else {
            // The lock is given back before the facts are handed over, which may take long.
            drop(all);
            take(finished(outcome));
        }
    });
    let Waiting { mut outcomes, places } =
        waiting.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by(|a, b| a.record.name.cmp(&b.record.name));
    // Their secrets are tried again, with the keys of all sources.
    for snapshot in outcomes.iter_mut().flat_map(|outcome| &mut outcome.snapshots) {
        snapshot.trials.clear();
    }
    keys.try_all(outcomes.iter_mut().flat_map(|outcome| &mut outcome.snapshots));
    for mut outcome in outcomes {
        loose_keys::tell(&mut outcome.gaps, &outcome.loose_keys, &places);
        take(finished(outcome));
    }
}

/// Sources that wait until all are read, and what they are compared with.
#[derive(Default)]
struct Waiting {
    outcomes: Vec<SourceOutcome>,
    places: Places,
}

impl SourceOutcome {
    /// Returns `true` if the keys of other sources may say more of it.
    fn may_be_told_more(&self) -> bool {
        let is_shut = |snapshot: &Snapshot| {
            // Where the keys of the source could not be tried, those of others tell nothing of them.
            let trials = snapshot.trials.iter().filter(|run| !run.masters.is_empty());
            trials.flat_map(|run| run.values.values()).any(BTreeSet::is_empty)
        };
        !self.loose_keys.is_empty() || self.snapshots.iter().any(is_shut)
    }
}

/// Divides the threads among the sources.
fn with_threads(limits: &Limits, threads: usize, sources: usize) -> Limits {
    Limits { source_threads_max: threads.checked_div(sources).unwrap_or(1), ..*limits }
}

fn each(sources: &[Source], threads: usize, work_on: &(dyn Fn(&Source) + Sync)) {
    let mut queue: Vec<&Source> = sources.iter().collect();
    queue.sort_by_key(|source| std::cmp::Reverse(source.stored_bytes()));
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(source) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
            work_on(source);
        }
    };
    let workers = threads.clamp(1, queue.len().max(1));
    let pool = (workers > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(workers).build());
    match pool {
        // Rayon's own splitting keeps no order, so each thread takes the next source itself.
        Some(Ok(pool)) => drop(pool.broadcast(|_| work())),
        // One source needs no other thread; and without threads to be had, the work is done here.
        Some(Err(_)) | None => work(),
    }
}

fn merge(mut outcomes: Vec<SourceOutcome>, vault: &Vault) -> Examined {
    outcomes.sort_by(|a, b| a.record.name.cmp(&b.record.name));
    let mut places = Places::default();
    for outcome in &outcomes {
        places.take(outcome.snapshots.iter(), &outcome.loose_keys);
    }
    vault.try_all(outcomes.iter_mut().flat_map(|outcome| &mut outcome.snapshots));
    let mut all = Examined::default();
    let mut key_traces = Vec::new();
    for mut outcome in outcomes {
        loose_keys::tell(&mut outcome.gaps, &outcome.loose_keys, &places);
        key_traces.extend(std::mem::take(&mut outcome.key_traces));
        all.add(outcome);
    }
    // A key may be pasted into the files of another instance.
    key_texts::hide(&mut all, key_traces);
    all.gaps.sort();
    all
}

/// Ends the work on one source.
fn finished(mut outcome: SourceOutcome) -> Examined {
    let key_traces = std::mem::take(&mut outcome.key_traces).into_iter().collect();
    let mut all = Examined::default();
    all.add(outcome);
    key_texts::hide(&mut all, key_traces);
    all.gaps.sort();
    all
}

impl Examined {
    fn add(&mut self, outcome: SourceOutcome) {
        let SourceOutcome { label, snapshots, record, gaps, .. } = outcome;
        let named = |snapshot| (label.clone(), Snapshot { label: label.clone(), ..snapshot });
        self.snapshots.extend(snapshots.into_iter().map(named));
        self.sources.push(record);
        self.gaps.extend(gaps);
    }
}

fn examine_one(
    source: &Source,
    limits: &Limits,
    watch: &dyn Watch,
    vault: &Vault,
) -> SourceOutcome {
    watch.started(&source.name, source.stored_bytes());
    let outcome = catch_unwind(AssertUnwindSafe(|| read(source, limits, watch, vault)))
        .unwrap_or_else(|_| failed(source, limits));
    watch.finished(&source.name);
    outcome
}

/// Walks a source once, and a second time when links point at entries that the first pass had no reason to keep.
fn read(source: &Source, limits: &Limits, watch: &dyn Watch, vault: &Vault) -> SourceOutcome {
    let mut collector = Collector::new(&source.name, limits).keeping(vault);
    // Of a directory the archives are sources of their own.
    if !source.is_directory() {
        collector = collector.opening();
    }
    let mut walked = walk(source, limits, watch, &mut collector);
    let aliases = collector.aliases();
    if !aliases.is_empty() && source.can_reread() {
        collector.follow(aliases);
        // The first pass has taken the digest of all bytes.
        walk(source, &Limits { digests: false, ..*limits }, watch, &mut collector);
    }
    let mut collected = collector.finish(source.can_reread(), source.is_directory());
    if let Some(hint) = walked.part_hint {
        explain(&mut collected.gaps, hint);
    }
    if let Some(hint) = walked.later_part {
        tell_part(&source.name, &mut collected.gaps, hint);
    }
    if walked.compressions > 0 {
        doubt_unfinished(&mut collected.gaps);
    }
    let segment_stores = std::mem::take(&mut collected.segment_stores);
    let key_traces = std::mem::take(&mut collected.key_traces);
    let Assembled { mut snapshots, mut gaps, loose_keys } =
        snapshots::assemble(source, &walked, collected, limits);
    gaps.extend(repository::add(
        source,
        &mut walked,
        limits,
        vault,
        &segment_stores,
        &mut snapshots,
    ));
    // Behind all gaps: segments were given up for certain only where the source was read whole.
    snapshots.iter_mut().for_each(key_history::doubt);
    for snapshot in &mut snapshots {
        snapshot.keep_shapes();
    }
    for gap in &mut gaps {
        gap.keep_shapes();
    }
    let record = SourceRecord {
        container: walked.container,
        entries: walked.entries,
        instances: snapshots.len(),
        complete: !gaps.iter().any(|gap| gap.kind.hides()),
        digest: walked.digest,
        ..about(source, limits)
    };
    let record = record.with_status(&gaps);
    SourceOutcome { label: source.label.clone(), snapshots, record, gaps, key_traces, loose_keys }
}

/// Says why a source that is cut may be so.
fn explain(gaps: &mut [Gap], hint: &str) {
    for gap in gaps.iter_mut().filter(|gap| gap.kind.is_cut() && gap.path.is_none()) {
        gap.reason = format!("{}; {hint}", gap.reason);
    }
}

/// Puts in doubt what was read of a compressed source that is cut and damaged as well.
///
/// A compression that is merely cut unpacks to what was packed, as far as it goes. Where the archive in it is damaged, something else came out,
/// and the checksum that would show it was cut off.
fn doubt_unfinished(gaps: &mut [Gap]) {
    let is_unfinished = gaps.iter().any(|gap| gap.path.is_none() && gap.kind == GapKind::Partial);
    let is_damaged = |gap: &&mut Gap| matches!(gap.kind, GapKind::Corrupt | GapKind::TrailingData);
    if is_unfinished {
        for gap in gaps.iter_mut().filter(is_damaged) {
            gap.kind = GapKind::CorruptStream;
        }
    }
}

/// Says of a source that is whole, and by its name the end of something cut, that what came before it may be missing.
fn tell_part(source: &str, gaps: &mut Vec<Gap>, hint: &str) {
    if !gaps.iter().any(|gap| gap.path.is_none() && gap.kind.hides()) {
        let (source, reason) = (source.to_owned(), format!("is {hint}"));
        gaps.push(Gap { source, path: None, kind: GapKind::Partial, reason });
    }
}

/// Returns what is known of a source before it is read.
pub fn about(source: &Source, limits: &Limits) -> SourceRecord {
    let state = source.file_state();
    SourceRecord {
        name: source.name.clone(),
        label: source.label.clone(),
        bytes: state.as_ref().map(FileState::bytes),
        mtime_ms: state.as_ref().and_then(FileState::modified_ms),
        tool: Some(env!("CARGO_PKG_VERSION").to_owned()),
        reading: limits.unusual_reading(),
        ..SourceRecord::default()
    }
}

/// Returns what is said of a source on which the tool failed where nothing could catch that: a page begins again without it.
pub fn failed_on(source: &Source, limits: &Limits) -> Examined {
    finished(failed(source, limits))
}

fn failed(source: &Source, limits: &Limits) -> SourceOutcome {
    let reason =
        "the tool failed on this source, which is a bug; the other sources are not affected";
    let gap = Gap {
        source: source.name.clone(),
        path: None,
        kind: GapKind::Internal,
        reason: reason.to_owned(),
    };
    let gaps = vec![gap];
    let record = about(source, limits).with_status(&gaps);
    SourceOutcome {
        label: source.label.clone(),
        snapshots: Vec::new(),
        record,
        gaps,
        key_traces: BTreeSet::new(),
        loose_keys: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::discover;

    /// Fails as soon as bytes of one source are read.
    struct Trap;

    impl Watch for Trap {
        fn started(&self, _: &str, _: u64) {}

        fn advanced(&self, bytes: u64) {
            assert!(bytes != 1, "the trap");
        }

        fn finished(&self, _: &str) {}
    }

    #[test]
    fn failure_in_one_source_is_a_gap_and_costs_no_other() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("trap"), b"x").unwrap();
        let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/demo/author.tar.gz");
        let sources = discover(&[home.path().join("trap").into(), demo.into()]).sources;
        for threads in [1, 2] {
            let examined = examine(&sources, &Limits::default(), threads, &Trap);
            assert_eq!(examined.sources.len(), 2);
            assert_eq!(examined.snapshots.len(), 1);
            let kinds: Vec<_> = examined.gaps.iter().map(|gap| gap.kind).collect();
            assert_eq!(kinds, [GapKind::Internal]);
        }
    }
}
