//! Logs that were not read, and why: one note of each kind, so that no log is taken for a quiet one.

use super::collector::{ERROR_LOG, LOGS, is_log_of_install};
use super::item::Item;
use super::links::Links;
use super::paths::{join, name};
use super::roots::{below, owner};
use crate::evidence::{Fact, classify, is_of_requests};
use crate::facts::{
    Configuration, Gap, GapKind, LOG_FILE, LOG_MANAGER, LOG_WRITERS, Place, QUICKSTART, Shape,
    Snapshot, realm,
};
use std::collections::{BTreeMap, BTreeSet};

/// Says of one install which of its logs were not read.
pub(super) fn of(snapshot: &Snapshot, links: &Links, items: &BTreeMap<String, Item>) -> Vec<Gap> {
    let of_links = linked_logs(snapshot, links).or_else(|| linked_log(snapshot, links, items));
    of_links.into_iter().chain(moved(snapshot)).collect()
}

/// Forgets where logs are, where that is the usual place.
pub(super) fn leave_usual(snapshot: &mut Snapshot) {
    let root = &snapshot.root;
    snapshot.settings.retain(|all| all.name != LOG_FILE || !is_usual(&all.value, root));
    let is_usual = |of: &Configuration| of.text(LOG_FILE).is_none_or(|file| is_usual(file, root));
    let is_of_logs = |of: &Configuration| logging().any(|pid| of.is(pid));
    snapshot.configurations.retain(|all| !is_of_logs(all) || !is_usual(all));
}

/// The components whose configurations say where logs are.
fn logging() -> impl Iterator<Item = &'static str> {
    [LOG_MANAGER].into_iter().chain(LOG_WRITERS)
}

/// Returns `true` if a file is one in the logs of an install, `logs/error.log` relative to it, or one of requests, which is read nowhere.
fn is_usual(file: &str, root: &str) -> bool {
    let file = file.replace('\\', "/");
    if is_of_requests(name(&file)) {
        return true;
    }
    let parts: Vec<&str> = file.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    match parts.as_slice() {
        [] => true,
        [LOGS, _] => !file.starts_with('/'),
        [.., home, LOGS, _] => {
            *home == QUICKSTART || *home == name(root) || *home == "${sling.home}"
        }
        _ => false,
    }
}

/// Says that a setting has logs written elsewhere.
fn moved(snapshot: &Snapshot) -> Option<Gap> {
    let by_setting = snapshot.setting(LOG_FILE).map(|all| (all.value.as_str(), &all.place));
    let by_manager = || {
        let mut all = logging().flat_map(|pid| snapshot.configurations_of(pid));
        all.find_map(|own| Some((own.text(LOG_FILE)?, &own.place)))
    };
    let (file, Place { source, path }) = by_manager().or(by_setting)?;
    let reason = format!(
        "says that the log is {}, where none is read; put that file into `{LOGS}` of the install",
        Shape::Path.shown(file)
    );
    Some(Gap { source: source.clone(), path: Some(path.clone()), kind: GapKind::Log, reason })
}

/// Says that no log was read because the directory of the logs is a link, which is usual where they have a disk of their own.
fn linked_logs(snapshot: &Snapshot, links: &Links) -> Option<Gap> {
    let path = join(&snapshot.root, LOGS);
    if snapshot.log.is_some() || !links.contains_key(&path) {
        return None;
    }
    let why = "is a link, so that no log was read; pack the install with tar -h, or the directory that it leads to beside it under its own name";
    gap(&snapshot.source, [&path].into_iter(), why)
}

/// Says that a log is a link which leads to none in the source.
fn linked_log(snapshot: &Snapshot, links: &Links, items: &BTreeMap<String, Item>) -> Option<Gap> {
    let logs = format!("{}/", join(&snapshot.root, LOGS));
    let below = links.range(logs.clone()..).take_while(|(path, _)| path.starts_with(&logs));
    let unread = below.map(|(path, _)| path);
    let unread = unread.filter(|path| is_log_of_install(path) && !items.contains_key(*path));
    gap(
        &snapshot.source,
        unread,
        "is a link, so that this log was not read; pack the install with tar -h",
    )
}

/// Returns the logs that were read and are of no install: of a directory `logs` beside it, as where those of a container were saved.
fn of_no_install<'i>(
    items: &'i BTreeMap<String, Item>,
    tops: &BTreeSet<&str>,
) -> impl Iterator<Item = &'i String> {
    let is_log = |item: &Item| matches!(item, Item::Read { fact: Ok(Fact::Log(_)), .. });
    // Of an archive without an install that is said already.
    let is_beside = |path: &str| tops.iter().any(|top| realm(top) == realm(path));
    let is_apart = move |path: &str| {
        classify(path).is_some_and(|(_, found)| !tops.contains(found.root)) && is_beside(path)
    };
    items.iter().filter(move |(path, item)| is_log(item) && is_apart(path)).map(|(path, _)| path)
}

/// Says that logs were not read because they lie where none of an install are looked for. `logs` has one of each directory; `gaps` may say
/// already that a link to them was not followed.
pub(super) fn elsewhere(
    source: &str,
    archives: &BTreeSet<String>,
    logs: &[String],
    items: &BTreeMap<String, Item>,
    links: &Links,
    gaps: &[Gap],
    tops: &BTreeSet<&str>,
) -> Option<Gap> {
    let is_link = |gap: &&Gap| gap.path.as_ref().is_some_and(|path| links.contains_key(path));
    let is_told = gaps.iter().filter(|gap| gap.kind == GapKind::Log).any(|gap| is_link(&gap));
    if tops.is_empty() || is_told {
        return None;
    }
    let is_among_logs = |path: &&String| {
        let root = owner(path, tops);
        root.is_some_and(|root| below(path, root).split('/').next() == Some(LOGS))
    };
    // Bundles and repositories of an install have logs of their own.
    let is_apart = |path: &&String| match owner(path, tops) {
        Some(root) => !below(path, root).contains('/') || name(path).starts_with(ERROR_LOG),
        None => true,
    };
    let logs = logs
        .iter()
        .chain(of_no_install(items, tops))
        .filter(|path| is_apart(path) || is_among_logs(path));
    let packed = archives.iter().filter(is_among_logs);
    gap(
        source,
        packed.chain(logs),
        "is not read as a log: files directly in the `logs` of an install are, under names such as `error.log.1` or `stdout.txt`; if it is of AEM, \
         put it there, unpacked",
    )
}

/// Names the first of several.
fn gap<'p>(source: &str, paths: impl Iterator<Item = &'p String>, why: &str) -> Option<Gap> {
    let paths: BTreeSet<&String> = paths.collect();
    let path = (*paths.first()?).clone();
    let reason = match paths.len() {
        1 => why.to_owned(),
        count => format!("{why} (and {} more like it)", count.saturating_sub(1)),
    };
    Some(Gap { source: source.to_owned(), path: Some(path), kind: GapKind::Log, reason })
}
