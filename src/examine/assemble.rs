//! Sorts the evidence of one source into snapshots, one an install root.

use super::claims::{Claims, is_beside_install};
use super::collector::{Collected, Item};
use super::gap_list::GapList;
use super::{configs, node_store};
use crate::evidence::{
    BundleParts, ConfigFile, Fact, Found, Packing, assemble, classify, concerns_store, may_matter,
};
use crate::facts::{
    Bundle, CRYPTO, CRYPTO_FILE, Gap, GapKind, INSIDE, KeyFile, Owner, Parts, Place, RunModes,
    Setting, SlingId, Snapshot, StorageFile, StorageMode, is_in_realm, realm,
};
use crate::intake::{Source, Standing, Walked, claims_archive};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// The evidence of one install root, by path.
type Evidence<'a> = Vec<(&'a str, Found<'a>, &'a Item)>;

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
        items,
        archives,
        realms,
        homes,
        is_status,
        is_package,
        mut gaps,
        links,
        directory,
        ..
    } = collected;
    let mut roots = by_root(&items);
    gaps.extend(strays(source, &items));
    roots.retain(|_, evidence| evidence.iter().any(|(_, found, item)| marks_instance(found, item)));
    gaps.extend(malformed(source, &items));
    let left_out = split_off(source, &mut roots, limits, &mut gaps);
    let tops: BTreeSet<&str> = roots.keys().map(String::as_str).collect();
    gaps.retain(|gap| !is_other_content(gap, *standing, &tops));
    let explained = walked.entries == 0 && gaps.iter().any(|gap| gap.kind.hides());
    if tops.is_empty() && !explained {
        // What is named like an install was meant for one wherever it lies.
        let standing = if homes.is_empty() { *standing } else { Standing::Named };
        gaps.extend(no_instance(source, standing, walked, is_status, is_package));
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
    gaps.extend(GapList::capped(source, &named, limits.gaps_max));
    let mut snapshots: Vec<Snapshot> =
        roots.iter().map(|(root, evidence)| snapshot(source, root, evidence, &gaps)).collect();
    gaps.extend(snapshots.iter().flat_map(unidentified));
    let installs = roots.values().zip(&snapshots);
    gaps.extend(installs.flat_map(|(evidence, snapshot)| {
        configs::notes(source, evidence, configs::Use::of(snapshot))
    }));
    gaps.retain(|gap| !is_moot(gap, &snapshots));
    gaps.sort();
    attach(source, &gaps, &tops, &mut snapshots);
    (snapshots, gaps)
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

/// Returns claims that no gap explains.
fn untold<'g>(claims: Vec<Gap>, gaps: impl Iterator<Item = &'g Gap>) -> Vec<Gap> {
    let hiding: BTreeSet<&str> =
        gaps.filter(|gap| gap.kind.hides()).filter_map(|gap| gap.path.as_deref()).collect();
    let is_told = |claimed: &str| {
        let below = format!("{claimed}/");
        hiding.contains(claimed)
            || hiding.range(below.as_str()..).next().is_some_and(|path| path.starts_with(&below))
    };
    let is_untold = |claim: &Gap| !claim.path.as_deref().is_some_and(is_told);
    claims.into_iter().filter(is_untold).collect()
}

/// Says whether a gap lies in the source around a root or in an archive around it, and in none beside it.
fn concerns_realm(gap: &Gap, root: &str) -> bool {
    gap.path.as_deref().is_none_or(|path| is_in_realm(root, realm(path)))
}

/// Returns the innermost root that a path lies below.
pub(super) fn owner<'r>(path: &str, roots: &BTreeSet<&'r str>) -> Option<&'r str> {
    let above = path.rmatch_indices('/').filter_map(|(at, _)| path.get(..at));
    above.chain([""]).find_map(|directory| roots.get(directory).copied())
}

/// Sorts evidence by install root. Of several bundle caches below one root, such as `launchpad/felix` and a copy in
/// `felix`, the launchpad's is the instance's; the others become roots of their own.
fn by_root(items: &BTreeMap<String, Item>) -> BTreeMap<String, Evidence<'_>> {
    let mut caches: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let found =
        items.iter().filter_map(|(path, item)| Some((path.as_str(), classify(path)?.1, item)));
    let found: Evidence<'_> = found.collect();
    for (path, found, _) in found.iter().filter(|(_, found, _)| !found.bundle.is_empty()) {
        caches.entry(found.root).or_default().insert(cache(path, found));
    }
    let mut roots: BTreeMap<String, Evidence<'_>> = BTreeMap::new();
    for (path, found, item) in found {
        let own = caches.get(found.root).and_then(|caches| main_cache(caches));
        let is_other = !found.bundle.is_empty() && own != Some(cache(path, &found));
        let root = if is_other { cache(path, &found) } else { found.root };
        if is_other && root == found.root {
            continue;
        }
        roots.entry(root.to_owned()).or_default().push((path, found, item));
    }
    roots
}

/// Bundle directories in an install root itself, beside a cache, belong to nothing that Felix reads.
fn strays(source: &str, items: &BTreeMap<String, Item>) -> Vec<Gap> {
    let found = || items.keys().filter_map(|path| Some((path.as_str(), classify(path)?.1)));
    let bundles = || found().filter(|(_, found)| !found.bundle.is_empty());
    let cached: BTreeSet<&str> = bundles()
        .filter(|(path, found)| cache(path, found) != found.root)
        .map(|(_, found)| found.root)
        .collect();
    let strays: BTreeSet<String> = bundles()
        .filter(|(path, found)| cached.contains(found.root) && cache(path, found) == found.root)
        .map(|(path, found)| bundle_directory(path, found.root, found.bundle))
        .collect();
    let gap = |path| {
        let reason =
            "is a bundle directory beside the cache and not in it; it was not read".to_owned();
        Gap { source: source.to_owned(), path: Some(path), kind: GapKind::Unidentified, reason }
    };
    strays.into_iter().map(gap).collect()
}

/// Returns the directory that holds the bundle directories.
fn cache<'p>(path: &'p str, found: &Found<'_>) -> &'p str {
    let below_root = below(path, found.root);
    let before = below_root.split('/').take_while(|part| *part != found.bundle);
    let length: usize = before.map(|part| part.len().saturating_add(1)).sum();
    let start = path.len().saturating_sub(below_root.len());
    path.get(..start.saturating_add(length)).unwrap_or(path).trim_end_matches('/')
}

fn main_cache<'p>(caches: &BTreeSet<&'p str>) -> Option<&'p str> {
    let ends = |end: &str| {
        caches.iter().find(|cache| **cache == end || cache.ends_with(&format!("/{end}")))
    };
    ends("launchpad/felix").or_else(|| ends("felix")).or_else(|| caches.first()).copied()
}

/// Start scripts and ids alone make no instance: `bin/start` is a common name. Nor do empty directories, which some tools
/// leave beside the real ones.
fn marks_instance(found: &Found<'_>, item: &Item) -> bool {
    let Item::Read { fact, .. } = item else { return !found.bundle.is_empty() };
    match fact {
        Ok(Fact::Seen) => false,
        Ok(Fact::LastStart(_) | Fact::JavaMajor(_) | Fact::Config(ConfigFile::Used(_))) => true,
        Ok(Fact::Settings(all)) => all
            .iter()
            .any(|(name, _)| name.starts_with("quickstart.") || name.starts_with("granite.")),
        _ => !found.bundle.is_empty(),
    }
}

/// One that could be opened is a source of its own, or was walked where it lies.
fn nested(source: &str, path: &str) -> Gap {
    let reason =
        "is an archive inside the source and was not opened; unpack it and name it as a source"
            .to_owned();
    let path = Some(path.to_owned());
    Gap { source: source.to_owned(), path, kind: GapKind::Nested, reason }
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
                let kind = classify(path).map_or("evidence", |(kind, _)| kind.name);
                // What Felix cannot parse it ignores; that hides something only where a rule asks for it.
                let matters = kind != "configuration" || may_matter(path);
                let gap_kind = if matters { GapKind::Malformed } else { GapKind::Ignored };
                Some(gap(path, gap_kind, format!("is no valid {kind}: {error}")))
            }
            Item::Odd => {
                let reason = "is a directory or a device where a file belongs".to_owned();
                Some(gap(path, GapKind::Malformed, reason))
            }
            _ => None,
        })
        .collect()
}

/// Says whether what is no archive need not be one: beside an install the name has to claim it.
fn is_other_content(gap: &Gap, standing: Standing, roots: &BTreeSet<&str>) -> bool {
    if !matches!(gap.kind, GapKind::NotAnArchive | GapKind::EmptyFile) {
        return false;
    }
    match gap.path.as_deref().and_then(|path| path.strip_suffix(INSIDE)) {
        Some(path) => !claims_archive(path) && is_beside_install(path, roots),
        None => gap.path.is_none() && standing == Standing::Beside && !claims_archive(&gap.source),
    }
}

fn no_instance(
    source: &str,
    standing: Standing,
    walked: &Walked,
    is_status: bool,
    is_package: bool,
) -> Option<Gap> {
    let gap = |kind, reason| Some(Gap { source: source.to_owned(), path: None, kind, reason });
    let reason = match (standing, walked.entries) {
        (Standing::Folder, _) => return None,
        (Standing::Upload, _) if is_package => {
            return gap(GapKind::Package, "is a content package, and no instance is in it".to_owned());
        }
        (Standing::Beside, _) if !is_status => {
            let reason = "lies beside an install, and no instance is in it".to_owned();
            return gap(GapKind::Package, reason);
        }
        _ if is_status => "no AEM instance in it: it is a status of the web console, which holds no key files; send `conf`, \
            `launchpad/config` and `launchpad/felix/bundle*` of `crx-quickstart` instead (see --help)"
            .to_owned(),
        (_, 0) => "no AEM instance in it: it is empty".to_owned(),
        (_, entries) => format!(
            "no AEM instance in it: none of its {entries} entries is a bundle below `felix/` or a property file of \
             `crx-quickstart/conf`"
        ),
    };
    gap(GapKind::NoInstance, reason)
}

/// Other bundles may well have a directory or a large file of such a name. Where the bundle is known not to be one that holds
/// keys, it hides none.
fn is_moot(gap: &Gap, snapshots: &[Snapshot]) -> bool {
    let Some((path, (_, found))) = gap.path.as_deref().and_then(|p| Some((p, classify(p)?))) else {
        return false;
    };
    let mut of_root = snapshots.iter().filter(|snapshot| snapshot.root == found.root);
    if gap.is_local() && concerns_store(path) {
        // Where the repository is matters only where the keys are in it.
        let is_bundle_mode = |snapshot: &Snapshot| {
            let mut modes = snapshot.storage_in_place().map(|file| file.storage.mode).peekable();
            modes.peek().is_some() && modes.all(|mode| mode == StorageMode::Bundle)
        };
        return of_root.all(is_bundle_mode);
    }
    let is_key_like = ["hmac", "master", "storage"].contains(&found.name);
    let of_odd_shape = matches!(gap.kind, GapKind::TooLarge | GapKind::Malformed);
    let bundle = of_root.find_map(|snapshot| snapshot.bundle_in(found.bundle));
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

/// Returns the part of `path` below `root`.
fn below<'p>(path: &'p str, root: &str) -> &'p str {
    if root.is_empty() {
        return path;
    }
    path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
}

fn is_revision(found: &Found<'_>) -> bool {
    !found.bundle.is_empty() && found.name.starts_with("version")
}

fn bundles(source: &str, root: &str, evidence: &Evidence<'_>, gaps: &[Gap]) -> Vec<Bundle> {
    let mut all: BTreeMap<&str, BundleParts<'_>> = BTreeMap::new();
    let mut lossy: BTreeSet<&str> = BTreeSet::new();
    for (path, found, item) in evidence.iter().filter(|(_, found, _)| !found.bundle.is_empty()) {
        let parts = all.entry(found.bundle).or_insert_with(|| {
            let path = bundle_directory(path, root, found.bundle);
            let place = Place { source: source.to_owned(), path };
            empty_parts(found.bundle, place)
        });
        // The directory itself has no name below it: with its entry, all that is in it was listed.
        parts.data |= found.name.is_empty() || below(path, &parts.place.path).starts_with("data");
        fill(parts, found, item);
        if !matches!(item, Item::Read { fact: Ok(_), .. }) {
            lossy.insert(found.bundle);
        }
    }
    let packing = packing(&all);
    let hiding = || gaps.iter().filter(|gap| gap.kind.hides());
    let whole = hiding().all(Gap::is_local);
    let is_cut = |place: &Place| {
        let in_it = |path: &str| path == place.path || below(path, &place.path) != path;
        hiding().filter_map(|gap| gap.path.as_deref()).any(in_it)
    };
    let known = |parts: &BundleParts<'_>| {
        whole && !lossy.contains(parts.directory) && !is_cut(&parts.place)
    };
    let mut bundles: Vec<_> =
        all.values().map(|parts| assemble(parts, known(parts).then_some(packing))).collect();
    bundles.sort_by(|a, b| a.directory.cmp(&b.directory));
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
