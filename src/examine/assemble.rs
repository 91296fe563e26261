//! Makes the snapshots of one source, one an install root, of the evidence in it.

use super::bundles::bundles;
use super::claims::Claims;
use super::collector::{Collected, Item};
use super::gap_list::GapList;
use super::leftovers::{
    is_moot, is_other_content, is_packages, malformed, nested, no_instance, unidentified, untold,
};
use super::roots::{Evidence, by_root, drop_barren, marks_instance, owner, strays};
use super::{configs, mixed, node_store};
use crate::evidence::{Fact, Found};
use crate::facts::{
    Gap, GapKind, KeyFile, Owner, Parts, Place, RunModes, Setting, SlingId, Snapshot, StorageFile,
    is_in_realm, realm,
};
use crate::intake::{Source, Standing, Walked};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// Gaps of a source that all its snapshots together repeat. Of 1,000 instances each would have all gaps of them all.
const SHARED_GAPS_MAX: usize = 4_000;

/// Makes snapshots of what was collected, and attaches to each the gaps that concern it.
///
/// A folder of other sources need not hold an instance itself.
pub(super) fn snapshots(
    Source { name: source, standing, apart, .. }: &Source,
    walked: &Walked,
    collected: Collected,
    limits: &Limits,
) -> (Vec<Snapshot>, Vec<Gap>) {
    let Collected {
        mut items,
        archives,
        realms,
        unknown,
        homes,
        is_status,
        content,
        mut gaps,
        again,
        links,
        directory,
        ..
    } = collected;
    drop_barren(&mut items);
    let mut roots = by_root(&items);
    gaps.extend(strays(source, &items));
    roots.retain(|_, evidence| evidence.iter().any(|(_, found, item)| marks_instance(found, item)));
    gaps.extend(malformed(source, &items));
    let left_out = split_off(source, &mut roots, limits, &mut gaps);
    let tops: BTreeSet<&str> = roots.keys().map(String::as_str).collect();
    gaps.retain(|gap| !is_other_content(gap, *standing, &tops));
    gaps.retain(|gap| !is_packages(gap, &tops));
    let explained = walked.entries == 0 && gaps.iter().any(|gap| gap.kind.hides());
    if tops.is_empty() && !explained {
        // What is named like an install was meant for one wherever it lies.
        let standing = if homes.is_empty() { *standing } else { Standing::Named };
        gaps.extend(no_instance(source, standing, walked, is_status, content));
    }
    // Those that discovery found are sources of their own.
    let inside =
        archives.iter().filter(|path| !apart.contains(path) && owner(path, &tops).is_none());
    let mut named: Vec<Gap> = inside.map(|path| nested(source, path)).collect();
    // Of what holds no instance at all that was said.
    if !tops.is_empty() || *standing == Standing::Folder {
        let all = tops.iter().copied().chain(left_out.iter().map(String::as_str)).collect();
        let claims = Claims { source, roots: &all, links: &links, realms: &realms, homes: &homes };
        named.extend(untold(claims.gaps(directory, is_status), gaps.iter().chain(&named)));
    }
    named.extend(unknown.gaps(source, &realms, &tops));
    named.retain(|gap| !is_packages(gap, &tops));
    gaps.extend(GapList::capped(source, &named, limits.gaps_max));
    let mut snapshots: Vec<Snapshot> =
        roots.iter().map(|(root, evidence)| snapshot(source, root, evidence, &gaps)).collect();
    gaps.extend(snapshots.iter().flat_map(unidentified));
    let installs = || roots.values().zip(&snapshots);
    let mixed = mixed::gaps(source, installs(), &again, &tops);
    gaps.extend(installs().flat_map(|(evidence, snapshot)| {
        configs::notes(source, evidence, configs::Use::of(snapshot))
    }));
    set_apart(mixed, &tops, &mut snapshots, &mut gaps);
    gaps.retain(|gap| !is_moot(gap, &snapshots));
    gaps.sort();
    attach(source, &gaps, &tops, &mut snapshots);
    (snapshots, gaps)
}

/// The Sling id of a root with the files of two instances is that of either, so it names none.
fn set_apart(
    mixed: Vec<Gap>,
    tops: &BTreeSet<&str>,
    snapshots: &mut [Snapshot],
    gaps: &mut Vec<Gap>,
) {
    let root_of = |gap: &Gap| owner(gap.path.as_deref()?, tops);
    let roots: BTreeSet<&str> = mixed.iter().filter_map(root_of).collect();
    for snapshot in snapshots.iter_mut().filter(|s| roots.contains(s.root.as_str())) {
        snapshot.sling_id = None;
    }
    gaps.extend(mixed);
}

/// Gives each snapshot the gaps that concern it.
fn attach(source: &str, gaps: &[Gap], tops: &BTreeSet<&str>, snapshots: &mut [Snapshot]) {
    let owners: Vec<Option<&str>> = gaps
        .iter()
        .map(|gap| owner(gap.path.as_deref().filter(|_| gap.is_local())?, tops))
        .collect();
    let shared_max = SHARED_GAPS_MAX.checked_div(snapshots.len()).unwrap_or_default().max(1);
    for snapshot in snapshots {
        // A gap below no root may hide something of any instance.
        let concerns = |gap: &Gap, owner: Option<&str>| match owner {
            Some(owner) => owner == snapshot.root,
            None => concerns_realm(gap, &snapshot.root),
        };
        let (own, shared): (Vec<_>, Vec<_>) = gaps
            .iter()
            .zip(&owners)
            .filter(|(gap, owner)| concerns(gap, **owner))
            .partition(|(_, owner)| owner.is_some());
        snapshot.gaps = own.into_iter().map(|(gap, _)| gap.clone()).collect();
        let shared = shared.into_iter().map(|(gap, _)| gap);
        snapshot.gaps.extend(GapList::capped(source, shared, shared_max));
        snapshot.gaps.sort();
    }
}

/// Leaves out what is more than may be shown, and returns where that lies.
fn split_off(
    source: &str,
    roots: &mut BTreeMap<String, Evidence<'_>>,
    limits: &Limits,
    gaps: &mut Vec<Gap>,
) -> Vec<String> {
    let max = limits.instances_max;
    let Some(beyond) = roots.keys().nth(max).cloned() else { return Vec::new() };
    let reason = format!("holds more than {max} instances; the rest is left out");
    gaps.push(Gap { source: source.to_owned(), path: None, kind: GapKind::OverLimit, reason });
    roots.split_off(&beyond).into_keys().collect()
}

/// Says whether a gap lies in the source around a root or in an archive around it, and in none beside it.
fn concerns_realm(gap: &Gap, root: &str) -> bool {
    gap.path.as_deref().is_none_or(|path| is_in_realm(root, realm(path)))
}

fn snapshot(source: &str, root: &str, evidence: &Evidence<'_>, gaps: &[Gap]) -> Snapshot {
    let mut snapshot =
        Snapshot { source: source.to_owned(), root: root.to_owned(), ..Snapshot::default() };
    let own: Vec<Gap> = gaps.iter().filter(|gap| concerns_realm(gap, root)).cloned().collect();
    snapshot.bundles = bundles(source, root, evidence, &own);
    for (path, found, item) in evidence {
        let Item::Read { fact: Ok(fact), owner } = item else { continue };
        let place = Place { source: source.to_owned(), path: (*path).to_owned() };
        add(&mut snapshot, found, fact, owner.as_ref(), place);
    }
    snapshot.parts = parts(evidence);
    let used = configs::Use::of(&snapshot);
    snapshot.parts.configurations = configs::are_packed(evidence, used);
    snapshot.configurations = configs::configurations(source, evidence, used);
    snapshot.node_store = node_store::configured(&snapshot, evidence);
    snapshot.settings.sort_by(|a, b| (&a.name, &a.place).cmp(&(&b.name, &b.place)));
    snapshot
}

fn add(
    snapshot: &mut Snapshot,
    found: &Found<'_>,
    fact: &Fact,
    owner: Option<&Owner>,
    place: Place,
) {
    let directory = found.bundle.to_owned();
    let owner = owner.cloned();
    match fact {
        Fact::Storage(storage) => {
            let storage = *storage;
            snapshot.storage_files.push(StorageFile { storage, directory, place, owner });
        }
        Fact::Key(name, digest) => {
            let (name, digest) = (*name, digest.clone());
            snapshot.key_files.push(KeyFile { name, digest, directory, place, owner });
        }
        // A copy of the file may lie in another bundle's directory; that of the settings bundle counts.
        Fact::SlingId(uuid) if snapshot.sling_id.is_none() || is_settings(snapshot, found) => {
            snapshot.sling_id = Some(SlingId { uuid: uuid.clone(), place });
        }
        Fact::RunModes(selected)
            if snapshot.run_modes.is_none() || is_settings(snapshot, found) =>
        {
            snapshot.run_modes = Some(RunModes { selected: selected.clone(), place });
        }
        Fact::Settings(settings) => {
            let setting = |(name, value): &(String, String)| Setting {
                name: name.clone(),
                value: value.clone(),
                place: place.clone(),
            };
            snapshot.settings.extend(settings.iter().map(setting));
        }
        Fact::Log(file) => snapshot.log.get_or_insert_default().add(file, &place),
        Fact::LastStart(milliseconds) => {
            snapshot.last_start_ms = snapshot.last_start_ms.max(Some(*milliseconds));
        }
        Fact::JavaMajor(major) => snapshot.java_major = Some(*major),
        Fact::Seen
        | Fact::SlingId(_)
        | Fact::RunModes(_)
        | Fact::BundleInfo(_)
        | Fact::BundleValue(_)
        | Fact::RevisionLocation
        | Fact::Jar(_)
        | Fact::Config(_)
        | Fact::Installed(_) => {}
    }
}

fn is_settings(snapshot: &Snapshot, found: &Found<'_>) -> bool {
    snapshot.bundle_in(found.bundle).is_some_and(|bundle| bundle.is("org.apache.sling.settings"))
}

fn parts(evidence: &Evidence<'_>) -> Parts {
    let is_read = |item: &Item| matches!(item, Item::Read { fact: Ok(_), .. });
    let read = evidence.iter().filter(|(_, _, item)| is_read(item));
    let properties = read.filter(|(_, found, _)| found.name == "sling.properties");
    let paths: Vec<&str> = properties.map(|(path, ..)| *path).collect();
    Parts {
        properties: !paths.is_empty(),
        conf_properties: paths.iter().any(|path| path.ends_with("conf/sling.properties")),
        configurations: false,
    }
}
