//! Makes the snapshots of one source, one an install root, of the evidence in it.

use super::bundles::bundles;
use super::collector::{Collected, Content, LooseCopies};
use super::expected_installs::{Claims, realms_of};
use super::gap_list::GapList;
use super::hollow::Places;
use super::item::Item;
use super::layout::{Cache, Layout, layouts};
use super::leftovers::{
    image, is_idle_storage, is_moot, is_other_content, is_packages, malformed, nested, no_instance,
    unidentified, untold, within,
};
use super::links::{Follower, Links, Resolved};
use super::loose_keys::{LooseKey, loose_keys};
use super::paths::{has_at_or_below, join, parent};
use super::roots::{
    Evidence, all_evidence, below, by_root, drop_barren, marks_instance, owner, strays,
};
use super::{access, configs, container_layers, mixed, node_store, root_links, times, unread_logs};
use crate::evidence::{Fact, Found, classify, classify_small, mover};
use crate::facts::{
    Gap, GapKind, KeyDigest, KeyFile, KeyName, KeysDirectory, Log, OldState, Owner, Parts, Place,
    RunModes, Setting, SlingId, Snapshot, StorageFile, components, is_in_realm, realm,
};
use crate::intake::{LinkTarget, Source, Standing, Walked};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// What one source comes to.
pub(super) struct Assembled {
    /// One of each install.
    pub(super) snapshots: Vec<Snapshot>,
    /// All gaps of the source.
    pub(super) gaps: Vec<Gap>,
    /// Key files, where there is no install.
    pub(super) loose_keys: Vec<LooseKey>,
}

/// Makes snapshots of what was collected, and attaches to each the gaps that concern it.
///
/// A folder of other sources need not hold an instance itself.
pub(super) fn assemble(
    origin @ Source { name: source, standing, apart, .. }: &Source,
    walked: &Walked,
    mut collected: Collected,
    limits: &Limits,
) -> Assembled {
    drop_idle(source, &mut collected);
    let Collected {
        items,
        times,
        archives,
        realms,
        unknown,
        homes,
        is_status,
        content,
        mut gaps,
        again,
        links,
        loose_copies,
        unread_logs: unread,
        directory,
        ..
    } = collected;
    let (mut roots, mut layouts, layers) = installs(source, &items, content, &mut gaps, limits);
    let left_out = split_off(source, &mut roots, limits, &mut gaps);
    let tops: BTreeSet<&str> = roots.keys().map(String::as_str).collect();
    leave_other_content(&mut gaps, *standing, &tops);
    if tops.is_empty() && layers.is_empty() && !is_explained(walked, &gaps) {
        let traces = [!gaps.is_empty(), !archives.is_empty(), !homes.is_empty()];
        gaps.extend(no_instance(origin, walked, is_status, content, &items, traces));
    }
    let mut named = unopened(origin, directory, &archives, &tops);
    // Of what holds no instance at all that was said.
    if !tops.is_empty() || *standing == Standing::Folder {
        let all = tops.iter().copied().chain(left_out.iter().map(String::as_str)).collect();
        let (links, installs) = (Follower::new(&links), realms_of(&all));
        let (places, used) = (Places::of(&all, apart), used(&layouts));
        let (roots, realms, homes) = (&all, &realms, &homes);
        let claims = Claims { source, roots, installs, links, realms, homes, places, apart, used };
        let claimed = of_no_layer(&layers, claims.gaps(directory, is_status, &unknown.hollow));
        named.extend(untold(claimed, gaps.iter().chain(&named)));
    }
    named.extend(unknown.gaps(source, &realms, &tops));
    named.retain(|gap| !is_packages(gap, &tops));
    gaps.extend(GapList::capped(source, &named, limits.gaps_max));
    let concerned = Concerned::of(&gaps, &tops);
    let follower = Follower::new(&links);
    let with_layout = |(root, evidence): (&String, &Evidence<'_>)| {
        let layout = layouts.remove(root).unwrap_or_default();
        let keys = moved_keys(source, &layout, &items, &loose_copies, &follower);
        snapshot(source, root, evidence, layout, keys, &concerned.all(root))
    };
    let found = tops.iter().copied().chain(layers.iter().map(String::as_str)).collect();
    let loose_keys = loose_keys(source, &items, &loose_copies, &found);
    let mut snapshots: Vec<Snapshot> = roots.iter().map(with_layout).collect();
    add_stray_keys(source, &items, &loose_copies, &tops, &mut snapshots);
    times::add_all(&mut snapshots, &roots, &times);
    gaps.extend(of_snapshots(source, &mut snapshots, &links, &items));
    gaps.extend(unread_logs::elsewhere(source, &archives, &unread, &items, &links, &gaps, &tops));
    let installs = || roots.values().zip(&snapshots);
    let mixed = mixed::gaps(source, installs(), &again, &tops);
    gaps.extend(installs().flat_map(|install| notes(source, install)));
    set_apart(mixed, &tops, &mut snapshots, &mut gaps);
    let gaps = settled(gaps, &snapshots);
    attach(source, &gaps, &tops, &mut snapshots);
    Assembled { snapshots, gaps, loose_keys }
}

/// Leaves out what is said of files that need not be archives, and of packages.
fn leave_other_content(gaps: &mut Vec<Gap>, standing: Standing, tops: &BTreeSet<&str>) {
    let installs = realms_of(tops);
    gaps.retain(|gap| !is_other_content(gap, standing, &installs) && !is_packages(gap, tops));
}

/// Leaves out what is said of directories of layers: why no instance is in those was said already.
fn of_no_layer(layers: &BTreeSet<String>, mut claimed: Vec<Gap>) -> Vec<Gap> {
    claimed.retain(|gap| gap.path.as_deref().is_none_or(|path| !has_at_or_below(layers, path)));
    claimed
}

/// Returns `true` if gaps say why there is no instance: a folder that holds a link to an install and nothing else is not to be searched for
/// bundles, for the link is what to follow.
fn is_explained(walked: &Walked, gaps: &[Gap]) -> bool {
    let outside = gaps.iter().filter(|gap| gap.kind == GapKind::LinkOutside).map(|_| 1_u64);
    walked.entries <= outside.sum() && gaps.iter().any(|gap| gap.kind.hides())
}

/// Tells of archives outside of installs that were not opened.
fn unopened(
    origin: &Source,
    directory: bool,
    archives: &BTreeSet<String>,
    tops: &BTreeSet<&str>,
) -> Vec<Gap> {
    // Those that discovery found are sources of their own.
    let is_own = |path: &&String| !origin.apart.contains(*path) && owner(path, tops).is_none();
    let own = archives.iter().filter(is_own).map(|path| nested(origin, directory, path));
    let put_in = |path: &String| within(&origin.name, path, owner(path, tops)?);
    own.chain(archives.iter().filter_map(put_in)).collect()
}

/// Returns what is to be said of the configurations of an install.
fn notes(source: &str, (evidence, snapshot): (&Evidence<'_>, &Snapshot)) -> Vec<Gap> {
    configs::notes(source, evidence, &configs::Use::of(snapshot))
}

/// Returns the gaps that still say something once all snapshots are known, sorted.
fn settled(mut gaps: Vec<Gap>, snapshots: &[Snapshot]) -> Vec<Gap> {
    gaps.retain(|gap| !is_moot(gap, snapshots) && !is_idle_storage(gap, snapshots));
    gaps.sort();
    gaps
}

/// Returns the paths that settings name: a directory of keys beside the homes of instances is none of them.
fn used(layouts: &BTreeMap<String, Layout>) -> BTreeSet<String> {
    let cache = |layout: &Layout| match &layout.cache {
        Cache::At(path) => Some(path.clone()),
        Cache::Usual | Cache::Missing => None,
    };
    let of = |layout: &Layout| {
        layout
            .used
            .iter()
            .cloned()
            .chain(layout.keys.clone())
            .chain(cache(layout))
            .collect::<Vec<_>>()
    };
    layouts.values().flat_map(of).collect()
}

/// Leaves out old states of installs that are not in the source as they are today, and tells of them.
fn leave_old_states(source: &str, roots: &mut BTreeMap<String, Evidence<'_>>) -> Vec<Gap> {
    // A file system such as ZFS or NetApp shows its
    // snapshots as directories, each with a whole install.
    let is_old = |root: &&String| {
        OldState::of(root).is_some_and(|old| old.live(|live| roots.contains_key(live)).is_none())
    };
    let old: Vec<String> = roots.keys().filter(is_old).cloned().collect();
    let leave = |root: String| {
        roots.remove(&root);
        let reason = "is an old state of an instance, as a file system keeps it, and the instance itself is not in the upload; send that, or name this directory as a source".to_owned();
        Gap { source: source.to_owned(), path: Some(root), kind: GapKind::NoInstance, reason }
    };
    old.into_iter().map(leave).collect()
}

/// Sorts evidence into installs, by root, each with what its settings move; says what is of none of them, and what is unclear. The last are
/// the roots of those that were left out because they lie in layers of containers.
#[allow(clippy::type_complexity, reason = "it is taken apart where it is called, and nowhere else")]
fn installs<'a>(
    source: &str,
    items: &'a BTreeMap<String, Item>,
    content: Option<Content>,
    gaps: &mut Vec<Gap>,
    limits: &Limits,
) -> (BTreeMap<String, Evidence<'a>>, BTreeMap<String, Layout>, BTreeSet<String>) {
    let (mut layouts, others) = layouts(source, items);
    let found = all_evidence(items);
    let mut roots = by_root(&found, &layouts);
    gaps.extend(strays(source, &found));
    roots.retain(|root, evidence| {
        evidence.iter().any(|(_, found, item)| marks_instance(found, item))
            || layouts.get(root).is_some_and(|layout| layout.cache != Cache::Usual)
    });
    gaps.extend(leave_old_states(source, &mut roots));
    let of_layers = container_layers::leave(source, &mut roots);
    let layers = of_layers.iter().filter_map(|gap| gap.path.clone()).collect();
    gaps.extend(of_layers);
    layouts.retain(|root, _| roots.contains_key(root));
    let others = others.tell(&layouts);
    if let Some(layout) = layouts.values_mut().next() {
        layout.used.extend(others.used);
        layout.gaps.extend(others.gaps);
    } else if content.is_none() {
        // `bin.tgz` beside an install has its start script. A program or a package has scripts of its own.
        gaps.extend(others.gaps);
    }
    gaps.retain(|gap| !is_unused(gap, &layouts));
    let unclear = layouts.values().flat_map(|layout| &layout.gaps);
    gaps.extend(GapList::capped(source, unclear, limits.gaps_max));
    gaps.extend(malformed(source, items));
    (roots, layouts, layers)
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
    let concerned = Concerned::of(gaps, tops);
    let shared_max = Limits::DEFAULT.shared_gaps_max;
    let shared_max = shared_max.checked_div(snapshots.len()).unwrap_or_default().max(1);
    for snapshot in snapshots {
        snapshot.gaps = concerned.own(&snapshot.root).cloned().collect();
        let shared = concerned.shared(&snapshot.root);
        snapshot.gaps.extend(GapList::capped(source, shared, shared_max));
        snapshot.gaps.sort();
    }
}

/// Which installs gaps concern. A source may have 100,000 gaps and 1,000 installs.
struct Concerned<'g> {
    /// Those of one install, by its root.
    own: BTreeMap<&'g str, Vec<&'g Gap>>,
    /// Those below no root, which may hide something of any install in the archive that they lie in, the source itself where there is
    /// none.
    shared: Vec<(&'g str, &'g Gap)>,
}

impl<'g> Concerned<'g> {
    fn of(gaps: &'g [Gap], tops: &BTreeSet<&'g str>) -> Self {
        let mut concerned = Self { own: BTreeMap::new(), shared: Vec::new() };
        for gap in gaps {
            let path = gap.path.as_deref();
            match path.filter(|_| gap.is_local()).and_then(|path| owner(path, tops)) {
                Some(root) => concerned.own.entry(root).or_default().push(gap),
                None => concerned.shared.push((path.map_or("", realm), gap)),
            }
        }
        concerned
    }

    fn own(&self, root: &str) -> impl Iterator<Item = &'g Gap> {
        self.own.get(root).into_iter().flatten().copied()
    }

    fn shared(&self, root: &str) -> impl Iterator<Item = &'g Gap> {
        let around = self.shared.iter().filter(move |(realm, _)| is_in_realm(root, realm));
        around.map(|(_, gap)| *gap)
    }

    fn all(&self, root: &str) -> Vec<&'g Gap> {
        self.own(root).chain(self.shared(root)).collect()
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

/// Returns `true` if a gap concerns a small file that no install uses: files of such names are everywhere.
fn is_unused(gap: &Gap, layouts: &BTreeMap<String, Layout>) -> bool {
    let is_small = |path: &str| classify(path).is_none() && classify_small(path).is_some();
    let small = gap.path.as_deref().filter(|path| gap.is_local() && is_small(path));
    small.is_some_and(|path| !layouts.values().any(|layout| layout.used.contains(path)))
}

/// The keys in the directory that a setting names.
#[derive(Default)]
struct MovedKeys {
    directory: Option<KeysDirectory>,
    files: Vec<KeyFile>,
}

/// Returns the keys in the directory that a setting names.
fn moved_keys(
    source: &str,
    layout: &Layout,
    items: &BTreeMap<String, Item>,
    copies: &LooseCopies,
    links: &Follower<'_>,
) -> MovedKeys {
    let Some(directory) = &layout.keys else { return MovedKeys::default() };
    let at = |name: KeyName| join(directory, name.file_name());
    let key = |name: KeyName| {
        let path = at(name);
        // Kubernetes mounts a secret as `hmac -> ..data/hmac` and `..data -> ..2024_01_01_00_00_00.1`.
        let Resolved::Inside(file) = links.follow(&LinkTarget::Inside(path.clone())) else {
            return None;
        };
        let Item::Read { fact: Ok(Fact::Key(name, digest)), owner } = items.get(&file)? else {
            return None;
        };
        let place = Place { source: source.to_owned(), path };
        let (digest, owner) = (digest.clone(), owner.clone());
        Some(KeyFile { name: *name, digest: *digest, directory: String::new(), place, owner })
    };
    let files: Vec<KeyFile> = KeyName::ALL.into_iter().filter_map(key).collect();
    let target = links.follow(&LinkTarget::Inside(directory.clone()));
    let has_some = matches!(target, Resolved::Inside(path) if has_at_or_below(items, &path) || has_at_or_below(copies, &path));
    // A key that is a link to somewhere else is not missing.
    let is_unread = |name: KeyName| {
        let path = at(name);
        (items.contains_key(&path) || links.links().contains_key(&path))
            && files.iter().all(|file| file.name != name)
    };
    let came = has_some && !KeyName::ALL.into_iter().any(is_unread);
    MovedKeys { directory: Some(KeysDirectory { path: directory.clone(), came }), files }
}

/// Drops evidence that is of no install.
fn drop_idle(source: &str, collected: &mut Collected) {
    let Collected { items, archives, realms, homes, images, gaps, content, .. } = collected;
    drop_barren(items);
    // Of an image one layer has what another takes away: none of them is an install.
    if *content == Some(Content::Image) {
        items.clear();
    }
    let inner = images.iter().map(String::as_str).collect();
    let is_of_image = |path: &String| owner(path, &inner).is_some();
    items.retain(|path, _| !is_of_image(path));
    archives.retain(|path| !is_of_image(path));
    realms.retain(|path| !is_of_image(path) && !images.contains(path));
    homes.retain(|path| !is_of_image(path));
    gaps.extend(images.iter().map(|path| image(source, path)));
}

/// Gives installs the links that name one of them, and what links show of their keys; says what is not clear of each.
fn of_snapshots(
    source: &str,
    snapshots: &mut [Snapshot],
    links: &Links,
    items: &BTreeMap<String, Item>,
) -> Vec<Gap> {
    for snapshot in snapshots.iter_mut() {
        snapshot.keys_mounted = has_mounted_keys(snapshot, links);
    }
    let beyond = root_links::add(source, snapshots, links);
    beyond.into_iter().chain(snapshots.iter().flat_map(|s| of_snapshot(s, links, items))).collect()
}

/// Says what is not clear of one install.
fn of_snapshot(snapshot: &Snapshot, links: &Links, items: &BTreeMap<String, Item>) -> Vec<Gap> {
    let of_logs = unread_logs::of(snapshot, links, items).into_iter().chain(foreign_log(snapshot));
    unidentified(snapshot).into_iter().chain(of_logs).collect()
}

/// Says that the logs are another instance's, once for all that is not taken from them.
fn foreign_log(snapshot: &Snapshot) -> Option<Gap> {
    let (last, place) = snapshot.foreign_log_id()?;
    let own = &snapshot.sling_id.as_ref()?.uuid;
    let reason = format!(
        "shows the last start of another instance, with the Sling id {}; this one has {own}, so that its logs are not taken for its own",
        last.value
    );
    let (source, path) = (place.source.clone(), Some(place.path.clone()));
    // A log of another instance may lie beside its own, whose signs would be lost with those of the other.
    let has_signs = snapshot.log.as_ref().is_some_and(|log| !log.seen.is_empty());
    let (kind, reason) = if has_signs {
        (
            GapKind::Ambiguous,
            format!("{reason}, and whose the signs of trouble in them are is not known"),
        )
    } else {
        (GapKind::Log, reason)
    };
    Some(Gap { source, path, kind, reason })
}

/// Gives each snapshot the files of other names and places that may be keys.
fn add_stray_keys(
    source: &str,
    items: &BTreeMap<String, Item>,
    copies: &LooseCopies,
    tops: &BTreeSet<&str>,
    snapshots: &mut [Snapshot],
) {
    let mut by_root: BTreeMap<&str, Vec<KeyFile>> = BTreeMap::new();
    for (path, item) in items {
        let Item::Read { fact: Ok(fact), owner: user } = item else { continue };
        let (name, digest, is_by_path) = match fact {
            Fact::StrayKey(name, digest) => (name, digest, false),
            Fact::Key(name, digest) => (name, digest, true),
            _ => continue,
        };
        let Some(root) = owner(path, tops) else { continue };
        // `data/keys/hmac`, `bundle43/bundle31/data/hmac`, `crx-quickstart/hmac`: those that are no evidence by their path.
        if is_by_path && classify(path).is_some() {
            continue;
        }
        let directory = classify_small(path).map(|(_, found)| found.bundle.to_owned());
        let place = Place { source: source.to_owned(), path: path.clone() };
        let (name, digest, owner) = (*name, digest.clone(), user.clone());
        let directory = directory.unwrap_or_default();
        by_root.entry(root).or_default().push(KeyFile {
            name,
            digest: *digest,
            directory,
            place,
            owner,
        });
    }
    for snapshot in snapshots.iter_mut() {
        let mut strays = by_root.remove(snapshot.root.as_str()).unwrap_or_default();
        // What a setting names, or a directory below that, is not where AEM looks for none, or follows below.
        let moved = snapshot.keys_directory.as_ref().map(|keys| format!("{}/", keys.path));
        let is_apart = |file: &KeyFile| {
            is_in_cache(&file.place.path, &snapshot.root)
                || moved.as_ref().is_none_or(|moved| !file.place.path.starts_with(moved))
        };
        strays.retain(is_apart);
        snapshot.stray_keys = strays;
    }
    add_strays_of_moved(items, copies, snapshots);
}

/// Returns `true` if the keys in use are in a volume of Kubernetes, which has a link `..data` beside them.
fn has_mounted_keys(snapshot: &Snapshot, links: &Links) -> bool {
    let files = KeyName::ALL.into_iter().flat_map(|name| snapshot.keys_in_use(name));
    files.into_iter().any(|file| links.contains_key(&join(parent(&file.place.path), "..data")))
}

/// Adds the files that may be keys in the directory that a setting names, where AEM does not look for one: `keys/hmac.bin`, `keys/keys/hmac`.
fn add_strays_of_moved(
    items: &BTreeMap<String, Item>,
    copies: &LooseCopies,
    snapshots: &mut [Snapshot],
) {
    for snapshot in snapshots {
        let Some(KeysDirectory { path: top, .. }) = &snapshot.keys_directory else { continue };
        let stray = |path: &String, name: KeyName, digest: &KeyDigest, owner: Option<Owner>| {
            let place = Place { source: snapshot.source.clone(), path: path.clone() };
            KeyFile { name, digest: digest.clone(), directory: String::new(), place, owner }
        };
        let start = format!("{top}/");
        let below = items.range(start.clone()..).take_while(|(path, _)| path.starts_with(&start));
        // Kubernetes mounts a secret as `hmac -> ..data/hmac` and `..data -> ..2024_01_01_00_00_00.1`.
        let is_deeper = |path: &str| {
            parent(path) != top && !components(path).any(|part| part.starts_with(".."))
        };
        let deeper = below.filter_map(|(path, item)| match item {
            Item::Read { fact: Ok(Fact::Key(name, digest)), owner }
                if is_deeper(path) && classify(path).is_none() =>
            {
                Some(stray(path, *name, digest, owner.clone()))
            }
            _ => None,
        });
        let copies = copies.range(start.clone()..).take_while(|(path, _)| path.starts_with(&start));
        let copies = copies.filter(|(path, _)| parent(path) == top);
        let copies = copies.map(|(path, (name, digest))| stray(path, *name, digest, None));
        let found: Vec<KeyFile> = deeper.chain(copies).collect();
        snapshot.stray_keys.extend(found);
    }
}

/// Returns `true` if a path is below the bundle cache of a root, as far as its names tell.
fn is_in_cache(path: &str, root: &str) -> bool {
    components(below(path, root)).any(|part| matches!(part, "felix" | "framework"))
}

fn snapshot(
    source: &str,
    root: &str,
    evidence: &Evidence<'_>,
    layout: Layout,
    keys: MovedKeys,
    gaps: &[&Gap],
) -> Snapshot {
    let mut snapshot = Snapshot {
        source: source.to_owned(),
        root: root.to_owned(),
        keys_directory: keys.directory,
        moved_keys: keys.files,
        settings: layout.settings,
        ..Snapshot::default()
    };
    snapshot.bundles = bundles(source, root, evidence, gaps);
    for (path, found, item) in evidence {
        let Item::Read { fact: Ok(fact), owner } = item else { continue };
        let place = Place { source: source.to_owned(), path: (*path).to_owned() };
        add(&mut snapshot, found, fact, owner.as_ref(), place);
    }
    snapshot.log = log(source, evidence);
    access::add(&mut snapshot, evidence);
    let used = configs::Use::of(&snapshot);
    let configurations = configs::are_packed(evidence, &used);
    snapshot.parts = Parts { properties: layout.properties, configurations };
    snapshot.configurations = configs::configurations(source, evidence, &used);
    unread_logs::leave_usual(&mut snapshot);
    let of_standby = configs::of_standby(&snapshot, evidence);
    snapshot.configurations.extend(of_standby);
    snapshot.node_store = node_store::configured(&snapshot, evidence, &layout.stores);
    snapshot.settings.sort_by(|a, b| (&a.name, &a.place).cmp(&(&b.name, &b.place)));
    snapshot
}

/// Returns what all its logs say: which of them is newer tells what is over.
fn log(source: &str, evidence: &Evidence<'_>) -> Option<Log> {
    let files = evidence.iter().filter_map(|(path, _, item)| {
        let Item::Read { fact: Ok(Fact::Log(file)), .. } = item else { return None };
        Some((file, Place { source: source.to_owned(), path: (*path).to_owned() }))
    });
    let files: Vec<_> = files.collect();
    Log::of(files.iter().map(|(file, place)| (file.as_ref(), place)))
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
            snapshot.key_files.push(KeyFile { name, digest: *digest, directory, place, owner });
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
        // What moves something counts only where it is in use, which the layout tells; so do options of the launcher.
        Fact::Settings(statements) => {
            let settings = statements.settings.iter();
            let plain =
                settings.filter(|(name, _)| mover(name).is_none() && !name.starts_with('-'));
            snapshot.settings.extend(plain.map(|(name, value)| Setting {
                name: name.clone(),
                value: value.clone(),
                place: place.clone(),
            }));
        }
        Fact::LastStart(milliseconds) => {
            // An install may have the file in `conf` and in `launchpad/conf`.
            snapshot.last_start_ms = snapshot.last_start_ms.max(Some(*milliseconds));
        }
        Fact::JavaMajor(major) => snapshot.java_major = Some(*major),
        Fact::Seen
        | Fact::SlingId(_)
        | Fact::RunModes(_)
        | Fact::BundleInfo(_)
        | Fact::BundleValue(_)
        | Fact::RevisionLocation(_)
        | Fact::Jar(_)
        | Fact::Log(_)
        | Fact::Config(_)
        | Fact::StrayKey(..)
        | Fact::Installed(_) => {}
    }
}

fn is_settings(snapshot: &Snapshot, found: &Found<'_>) -> bool {
    snapshot.bundle_in(found.bundle).is_some_and(|bundle| bundle.is("org.apache.sling.settings"))
}
