//! Sorts the evidence of one source into snapshots, one an install root.

use super::collector::{Collected, Item};
use crate::evidence::{BundleParts, Fact, Found, Packing, assemble, classify};
use crate::facts::{
    CRYPTO, CRYPTO_FILE, Gap, GapKind, KeyFile, Owner, Parts, Place, RunModes, Setting, SlingId,
    Snapshot, StorageFile,
};
use crate::intake::Walked;
use std::collections::{BTreeMap, BTreeSet};

/// The evidence of one install root, by path.
type Evidence<'a> = Vec<(&'a str, Found<'a>, &'a Item)>;

/// Makes snapshots of what was collected, and attaches to each the gaps that concern it.
///
/// `folder` says that the source is a folder of other sources, which need not hold an instance itself.
pub(super) fn snapshots(
    source: &str,
    walked: &Walked,
    folder: bool,
    collected: Collected,
) -> (Vec<Snapshot>, Vec<Gap>) {
    let Collected { items, mut gaps } = collected;
    let mut roots: BTreeMap<&str, Evidence<'_>> = BTreeMap::new();
    for (path, item) in &items {
        if let Some((_, found)) = classify(path) {
            roots.entry(found.root).or_default().push((path.as_str(), found, item));
        }
    }
    roots.retain(|_, evidence| evidence.iter().any(|(_, found, item)| marks_instance(found, item)));
    gaps.extend(malformed(source, &items));
    let explained = walked.entries == 0 && gaps.iter().any(|gap| gap.kind.hides());
    if roots.is_empty() && !folder && !explained {
        gaps.push(no_instance(source, walked));
    }
    let whole = !gaps.iter().any(|gap| gap.kind.hides() && !gap.kind.is_local());
    let mut snapshots: Vec<Snapshot> =
        roots.iter().map(|(root, evidence)| snapshot(source, root, evidence, whole)).collect();
    gaps.extend(snapshots.iter().flat_map(unidentified));
    gaps.retain(|gap| !is_moot(gap, &snapshots));
    gaps.sort();
    let all_roots: Vec<&str> = roots.keys().copied().collect();
    for snapshot in &mut snapshots {
        snapshot.gaps = concerning(&snapshot.root, &all_roots, &gaps);
    }
    (snapshots, gaps)
}

/// Start scripts and ids alone make no instance: `bin/start` is a common name.
fn marks_instance(found: &Found<'_>, item: &Item) -> bool {
    !found.bundle.is_empty()
        || matches!(item, Item::Read { fact: Ok(Fact::LastStart(_) | Fact::JavaMajor(_)), .. })
        || matches!(item, Item::Read { fact: Ok(Fact::Settings(all)), .. }
            if all.iter().any(|(name, _)| name.starts_with("quickstart.") || name.starts_with("granite.")))
}

fn malformed(source: &str, items: &BTreeMap<String, Item>) -> Vec<Gap> {
    let gap = |path: &String, kind, reason| Gap {
        source: source.to_owned(),
        path: Some(path.clone()),
        kind,
        reason,
    };
    items
        .iter()
        .filter_map(|(path, item)| match item {
            Item::Read { fact: Err(error), .. } => {
                Some(gap(path, GapKind::Malformed, error.to_string()))
            }
            Item::Odd => {
                let reason = "is a directory or a device where a file belongs".to_owned();
                Some(gap(path, GapKind::Malformed, reason))
            }
            _ => None,
        })
        .collect()
}

fn no_instance(source: &str, walked: &Walked) -> Gap {
    let reason = match walked.entries {
        0 => "no AEM instance in it: it is empty".to_owned(),
        entries => format!(
            "no AEM instance in it: none of its {entries} entries is a bundle below `felix/` or a property file of \
             `crx-quickstart/conf`"
        ),
    };
    Gap { source: source.to_owned(), path: None, kind: GapKind::NoInstance, reason }
}

/// Returns the gaps of the whole source, those below this root, and those below no root at all.
fn concerning(root: &str, all_roots: &[&str], gaps: &[Gap]) -> Vec<Gap> {
    let owner = |path: &str| all_roots.iter().filter(|r| is_below(path, r)).max_by_key(|r| r.len());
    let concerns = |gap: &&Gap| match &gap.path {
        Some(path) if gap.kind.is_local() => owner(path).is_none_or(|owner| *owner == root),
        _ => true,
    };
    gaps.iter().filter(concerns).cloned().collect()
}

fn is_below(path: &str, root: &str) -> bool {
    root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}

/// Other bundles may well have a directory or a large file of such a name. Where the bundle is known not to be one that holds
/// keys, it hides none.
fn is_moot(gap: &Gap, snapshots: &[Snapshot]) -> bool {
    let Some((path, (_, found))) = gap.path.as_deref().and_then(|p| Some((p, classify(p)?))) else {
        return false;
    };
    let is_key_like = ["hmac", "master", "storage"].contains(&found.name);
    let of_odd_shape = matches!(gap.kind, GapKind::TooLarge | GapKind::Malformed);
    let bundle = snapshots
        .iter()
        .filter(|snapshot| snapshot.root == found.root)
        .find_map(|snapshot| snapshot.bundle_in(found.bundle));
    let other = |name: &str| name != CRYPTO && name != CRYPTO_FILE;
    is_key_like
        && of_odd_shape
        && path.contains("/data/")
        && bundle.and_then(|bundle| bundle.symbolic_name.as_deref()).is_some_and(other)
}

/// Key files in a bundle directory of unknown name may or may not be the keys.
fn unidentified(snapshot: &Snapshot) -> Vec<Gap> {
    let keys = snapshot.key_files.iter().map(|file| (&file.directory, &file.place));
    let storage = snapshot.storage_files.iter().map(|file| (&file.directory, &file.place));
    let unknown = keys.chain(storage).filter(|(directory, _)| {
        snapshot.bundle_in(directory).is_none_or(|bundle| bundle.symbolic_name.is_none())
    });
    unknown
        .map(|(directory, place)| Gap {
            source: snapshot.source.clone(),
            path: Some(place.path.clone()),
            kind: GapKind::Unidentified,
            reason: format!("nothing in the source says which bundle {directory} is"),
        })
        .collect()
}

fn snapshot(source: &str, root: &str, evidence: &Evidence<'_>, whole: bool) -> Snapshot {
    let mut snapshot =
        Snapshot { source: source.to_owned(), root: root.to_owned(), ..Snapshot::default() };
    for (path, found, item) in evidence {
        let Item::Read { fact: Ok(fact), owner } = item else { continue };
        let place = Place { source: source.to_owned(), path: (*path).to_owned() };
        add(&mut snapshot, found, fact, owner.as_ref(), place);
    }
    snapshot.parts = parts(evidence);
    snapshot.bundles = bundles(source, root, evidence, whole);
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
        Fact::SlingId(uuid) => snapshot.sling_id = Some(SlingId { uuid: uuid.clone(), place }),
        Fact::RunModes(selected) => {
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
        Fact::LastStart(milliseconds) => snapshot.last_start_ms = Some(*milliseconds),
        Fact::JavaMajor(major) => snapshot.java_major = Some(*major),
        Fact::Seen
        | Fact::BundleInfo(_)
        | Fact::BundleValue(_)
        | Fact::RevisionLocation
        | Fact::Jar(_) => {}
    }
}

fn parts(evidence: &Evidence<'_>) -> Parts {
    let read = |name: &str| {
        let of_name = |(_, found, _): &&(_, Found<'_>, _)| found.name == name;
        evidence
            .iter()
            .filter(of_name)
            .any(|(.., item)| matches!(item, Item::Read { fact: Ok(_), .. }))
    };
    Parts { data_directories: read("data"), properties: read("sling.properties") }
}

/// Returns the part of `path` below `root`.
fn below<'p>(path: &'p str, root: &str) -> &'p str {
    path.get(root.len()..).unwrap_or(path).trim_start_matches('/')
}

fn is_revision(found: &Found<'_>) -> bool {
    !found.bundle.is_empty() && found.name.starts_with("version")
}

fn bundles(
    source: &str,
    root: &str,
    evidence: &Evidence<'_>,
    whole: bool,
) -> Vec<crate::facts::Bundle> {
    let mut all: BTreeMap<&str, BundleParts<'_>> = BTreeMap::new();
    let mut lossy: BTreeSet<&str> = BTreeSet::new();
    for (path, found, item) in evidence.iter().filter(|(_, found, _)| !found.bundle.is_empty()) {
        let parts = all.entry(found.bundle).or_insert_with(|| {
            let path = bundle_directory(path, root, found.bundle);
            let place = Place { source: source.to_owned(), path };
            empty_parts(found.bundle, place)
        });
        parts.data |= below(path, &parts.place.path).starts_with("data");
        fill(parts, found, item);
        if !matches!(item, Item::Read { fact: Ok(_), .. }) {
            lossy.insert(found.bundle);
        }
    }
    let packing = packing(&all);
    let known = |parts: &BundleParts<'_>| whole && !lossy.contains(parts.directory);
    let mut bundles: Vec<_> =
        all.values().map(|parts| assemble(parts, known(parts).then_some(packing))).collect();
    bundles.sort_by(|a, b| (a.id, &a.directory).cmp(&(b.id, &b.directory)));
    bundles
}

fn empty_parts(directory: &str, place: Place) -> BundleParts<'_> {
    BundleParts {
        directory,
        place,
        info: None,
        values: BTreeMap::new(),
        data: false,
        revisions: BTreeMap::new(),
    }
}

fn packing(all: &BTreeMap<&str, BundleParts<'_>>) -> Packing {
    let most = |has: &dyn Fn(&BundleParts<'_>) -> bool| {
        all.values().filter(|parts| has(parts)).count().saturating_mul(2) > all.len()
    };
    Packing {
        infos: most(&|parts| parts.info.is_some()),
        revisions: most(&|parts| !parts.revisions.is_empty()),
        revision_locations: most(&|parts| parts.revisions.values().any(|r| r.location)),
    }
}

/// Returns the path up to and including the bundle directory.
fn bundle_directory(path: &str, root: &str, bundle: &str) -> String {
    let mut kept: Vec<&str> = root.split('/').filter(|part| !part.is_empty()).collect();
    for part in below(path, root).split('/') {
        kept.push(part);
        if part == bundle {
            break;
        }
    }
    kept.join("/")
}

fn fill<'a>(parts: &mut BundleParts<'a>, found: &Found<'a>, item: &'a Item) {
    if is_revision(found) {
        let revision = parts.revisions.entry(found.name).or_default();
        match item {
            Item::Read { fact: Ok(Fact::RevisionLocation), .. } => revision.location = true,
            Item::Read { fact: Ok(Fact::Jar(jar)), .. } => revision.jar = Some(jar),
            _ => {}
        }
        return;
    }
    match item {
        Item::Read { fact: Ok(Fact::BundleInfo(info)), .. } => parts.info = Some(info),
        Item::Read { fact: Ok(Fact::BundleValue(text)), .. } => {
            parts.values.insert(found.name, text);
        }
        _ => {}
    }
}
