//! Old copies among snapshots: they are no instances of their own, and go with the one they are copies of.

use super::in_use::{InUse, in_use};
use super::plan::FarmPlan;
use super::put_aside::{is_loose, is_put_aside, names_instance};
use super::state_name::split;
use super::states;
use crate::facts::{
    BUNDLE_CACHE, OldState, Place, QUICKSTART, Snapshot, path_parts, says_old, says_put_aside,
};
use std::collections::BTreeMap;

/// Snapshots with the labels of their sources.
pub(super) type Labelled = Vec<(Option<String>, Snapshot)>;

/// Old copies, by the place of the instance that they are copies of.
pub(super) type Copies = BTreeMap<Place, Vec<Snapshot>>;

/// The Sling ids of installs, by source and by root.
type Installs = BTreeMap<String, BTreeMap<String, Option<String>>>;

/// Tells the instances from the old copies of them, earlier states among those.
pub(super) fn without_copies(snapshots: Labelled, plan: &FarmPlan<'_>) -> (Labelled, Copies) {
    // What lies where most installs have their cache is a copy, whatever its id, where a setting names another one.
    let has_moved = |snapshot: &Snapshot| snapshot.setting(BUNDLE_CACHE).is_some();
    let id = |s: &Snapshot| uuid(s).filter(|_| !has_moved(s)).map(str::to_owned);
    let mut installs = Installs::new();
    for (_, snapshot) in snapshots.iter().filter(|(_, s)| !s.bundles.is_empty() || has_moved(s)) {
        let of_source = installs.entry(snapshot.source.clone()).or_default();
        of_source.insert(snapshot.root.clone(), id(snapshot));
    }
    let of_copy = |(_, s): &(_, Snapshot)| Some((s.place(), original(s, &installs)?));
    let mut originals: BTreeMap<Place, String> = snapshots.iter().filter_map(of_copy).collect();
    let mut backups = backups(&snapshots);
    for (original, copy) in turned(&snapshots, &originals) {
        originals.remove(&copy);
        backups.remove(&copy);
        backups.insert(original, copy);
    }
    let of_no_other = |(_, s): &&(_, Snapshot)| {
        let place = s.place();
        !backups.contains_key(&place) && !originals.contains_key(&place)
    };
    let whole = snapshots.iter().filter(of_no_other).map(|(_, snapshot)| snapshot);
    let earlier = states::earlier(whole, plan);
    backups.extend(earlier);
    let (mut instances, mut copies) = (Labelled::new(), Copies::new());
    for (label, snapshot) in snapshots {
        let place = snapshot.place();
        let instance = instance_of(place.clone(), &originals, &backups);
        if instance == place {
            instances.push((label, snapshot));
        } else {
            copies.entry(instance).or_default().push(snapshot);
        }
    }
    (instances, copies)
}

/// Finds archives that are backups of an instance in another source: they lie beside it, a directory or the archive is called like one, and
/// they have its Sling id. (`backups/2024-01-01.tgz`, `crx-quickstart.backup/x.tar`, `backup.zip`) Of other names, such as
/// `crx-quickstart-20240101.tgz`, so are those that were not started later.
fn backups(snapshots: &Labelled) -> BTreeMap<Place, Place> {
    let mut homes: BTreeMap<(&str, String), &Snapshot> = BTreeMap::new();
    for (_, snapshot) in snapshots {
        // A folder of backups may hold those of several instances, so the Sling id has to agree as well.
        if let Some(id) = uuid(snapshot) {
            homes.entry((id, snapshot.home())).or_insert(snapshot);
        }
    }
    let original = |snapshot: &Snapshot| {
        let id = uuid(snapshot)?;
        directories(&snapshot.source).find_map(|(home, rest)| {
            let of = homes.get(&(id, home.to_owned()))?;
            let is_backup = says_put_aside(rest) || says_kept(rest) && !snapshot.was_used_after(of);
            (of.source != snapshot.source && is_backup).then(|| of.place())
        })
    };
    let of = |(_, snapshot): &(_, Snapshot)| Some((snapshot.place(), original(snapshot)?));
    snapshots.iter().filter_map(of).collect()
}

/// Returns the directories around a source that hold what it may be a backup of, the nearest first: what lies below them is called like one.
pub(super) fn homes_of_backup(source: &str) -> impl Iterator<Item = &str> {
    directories(source).filter(|(_, rest)| says_put_aside(rest)).map(|(home, _)| home)
}

/// Returns the directories around a source, the nearest first, each with the path below it.
fn directories(source: &str) -> impl Iterator<Item = (&str, &str)> {
    source.rmatch_indices('/').filter_map(|(at, _)| source.split_at_checked(at))
}

/// Returns `true` if a path beside an install may be that of a state of it which somebody kept: named like the install, by a time, or by a
/// word for such places. An archive that is named like an instance may be that of another one.
fn says_kept(path: &str) -> bool {
    const PLACES: [&str; 7] = ["aem", "cq", "dump", "tmp", "temp", "snapshot", "snapshots"];
    path_parts(path).any(|part| {
        let (words, mark) = split(part);
        mark.is_some()
            || says_old(part)
            || part.starts_with(QUICKSTART)
            || words.iter().any(|word| PLACES.contains(&word.as_str()))
    })
}

/// Finds copies that links show in use instead of what they are copies of by their names, by the place of that.
fn turned(snapshots: &Labelled, originals: &BTreeMap<Place, String>) -> BTreeMap<Place, Place> {
    if snapshots.iter().all(|(_, snapshot)| snapshot.links.is_empty()) {
        return BTreeMap::new();
    }
    let by_place: BTreeMap<Place, &Snapshot> =
        snapshots.iter().map(|(_, snapshot)| (snapshot.place(), snapshot)).collect();
    let turned = originals.iter().filter_map(|(place, root)| {
        let of = Place { source: place.source.clone(), path: root.clone() };
        let is_in_use = matches!(in_use(by_place.get(place)?, by_place.get(&of)?), InUse::Own(_));
        is_in_use.then(|| (of, place.clone()))
    });
    turned.collect()
}

/// Returns where the instance lies that a snapshot is one of, itself where it is no copy.
fn instance_of(
    mut place: Place,
    originals: &BTreeMap<Place, String>,
    backups: &BTreeMap<Place, Place>,
) -> Place {
    // What something is a backup of may be an old copy itself, or not in use. Every step leads upwards or to what is in use, so none comes twice.
    for _ in 0..=backups.len() {
        place = outermost(place, originals);
        match backups.get(&place) {
            Some(of) => place.clone_from(of),
            None => break,
        }
    }
    place
}

/// Returns where the instance lies that a copy is one of. A `launchpad.old` in a `crx-quickstart.old` is a copy of a copy; every step
/// leads to a shorter root.
fn outermost(mut place: Place, originals: &BTreeMap<Place, String>) -> Place {
    while let Some(root) = originals.get(&place) {
        root.clone_into(&mut place.path);
    }
    place
}

fn uuid(snapshot: &Snapshot) -> Option<&str> {
    snapshot.sling_id.as_ref().map(|id| id.uuid.as_str())
}

/// Returns the root of the install that a snapshot is an old copy of: one inside `crx-quickstart`, or beside the parts of
/// another install root under a like name, a `crx-quickstart.old` beside `crx-quickstart`, or an old state of one that the file system shows.
fn original(snapshot: &Snapshot, installs: &Installs) -> Option<String> {
    let installs = installs.get(&snapshot.source)?;
    if let Some(old) = OldState::of(&snapshot.root) {
        return old.live(|root| installs.contains_key(root));
    }
    // Two that both have an id, and not the same, are two instances, unless one is a part of the other that was put aside.
    let is_install = |root: &str| {
        installs
            .get(root)
            .is_some_and(|id| id.as_deref().zip(uuid(snapshot)).is_none_or(|(a, b)| a == b))
    };
    let (parent, name) = snapshot.root.rsplit_once('/').unwrap_or(("", &snapshot.root));
    // An install is put aside under its own name with an ending, such as `crx-quickstart.backup`.
    let sibling = format!("{parent}/{QUICKSTART}").trim_start_matches('/').to_owned();
    // An install that was put aside and made anew has a new Sling id.
    let is_aside = || is_install(&sibling) || says_old(name) && installs.contains_key(&sibling);
    if name.starts_with(QUICKSTART) && name != QUICKSTART && is_aside() {
        return Some(sibling);
    }
    if let Some(install) = beside(snapshot, &is_install) {
        return Some(install);
    }
    let above = snapshot.root.rmatch_indices('/').map(|(at, _)| at).chain([0]);
    let outer = above.filter_map(|end| snapshot.root.split_at_checked(end));
    outer.filter(|(_, rest)| !rest.is_empty()).find_map(|(root, rest)| {
        let parts = rest.split('/').filter(|part| !part.is_empty());
        let holds_install = parts.clone().any(|part| part == QUICKSTART);
        // Guides rename `launchpad` to `launchpad.old` before it is built again; a copy of the
        // cache is `felix_backup`.
        let is_cache = |part: &str| ["launchpad", "felix"].iter().any(|name| part.contains(name));
        let is_cache = parts.clone().any(is_cache);
        let like_a_part =
            is_cache || parts.clone().next().is_some_and(|first| first.starts_with("bundle"));
        let inside = root.rsplit('/').next() == Some(QUICKSTART);
        // An install runs one cache. What is built again has a new Sling id, which lies in it, and new keys.
        let is_other_cache = (inside || is_cache) && !holds_install && installs.contains_key(root);
        (is_other_cache || (inside || like_a_part) && is_install(root)).then(|| root.to_owned())
    })
}

/// Returns the root of the install beside which a part of it was put aside, as `launchpad.bak` or `backup/2024/felix` beside
/// `crx-quickstart`. A whole install that lies there is compared with all others by `states`.
fn beside(snapshot: &Snapshot, is_install: &dyn Fn(&str) -> bool) -> Option<String> {
    let root = snapshot.root.as_str();
    let own = root.rmatch_indices('/').map(|(at, _)| at).chain([0]);
    // Bundles that lie there alone have what is around the install for their root.
    let homes = own.chain(is_loose(snapshot).then_some(root.len()));
    let is_of_install = |home: &str, install: &str| {
        let below = root.strip_prefix(home).unwrap_or(root);
        let names = |part: &&str| part.contains(QUICKSTART) || names_instance(part);
        is_put_aside(snapshot, install) && !path_parts(below).any(|part| names(&part))
    };
    homes.filter_map(|end| root.get(..end)).find_map(|home| {
        let install = format!("{home}/{QUICKSTART}").trim_start_matches('/').to_owned();
        (install != root && is_install(&install) && is_of_install(home, &install))
            .then_some(install)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::farms;
    use crate::testing::{farm, good_farm};

    /// Roots of the copies of each instance that two snapshots of one Sling id give, by source.
    fn copies_of(install: &str, other: &str, ids: [&str; 2]) -> Vec<Vec<String>> {
        let one = |source: &str, id: &str| {
            let farm = farm().with("a", |i| i.sling_id(id)).build();
            let mut snapshot = farm.members.into_iter().next().expect("one").snapshot;
            source.clone_into(&mut snapshot.source);
            (None, snapshot)
        };
        let all = vec![one(install, ids[0]), one(other, ids[1])];
        let farms = farms(all, &FarmPlan::default()).expect("no policy");
        let members = farms.into_iter().flat_map(|farm| farm.members);
        members.map(|m| m.copies.into_iter().map(|copy| copy.source).collect()).collect()
    }

    #[test]
    fn backup_beside_an_install_is_an_old_copy_of_it() {
        const ID: &str = "00000000-0000-4000-8000-000000000001";
        const OTHER: &str = "00000000-0000-4000-8000-000000000002";
        for backup in [
            "up/publish1/backups/2024-01-01.tgz",
            "up/publish1/crx-quickstart.backup/x.tar",
            "up/publish1/backup.zip",
            "up/publish1/backup.f4d5.temp",
            "up/publish1/crx-quickstart-20240101.tgz",
            "up/publish1/crx-quickstart.tar.gz",
            "up/publish1/pre-upgrade/x.tgz",
            "up/publish1/tmp/aem.tar",
        ] {
            assert_eq!(copies_of("up/publish1", backup, [ID, ID]), [[backup]], "{backup}");
            assert_eq!(copies_of("up/publish1", backup, [ID, OTHER]).len(), 2, "{backup}");
        }
        for other in ["up/publish2", "up/publish2/backups/x.tgz", "up/publish1/publish2.tgz"] {
            assert_eq!(copies_of("up/publish1", other, [ID, ID]).len(), 2, "{other}");
        }
    }

    #[test]
    fn part_that_was_put_aside_beside_the_install_is_an_old_copy_of_it() {
        let members = |root: &str, last: u8, bundle: Option<&str>| {
            let one = |root: &str, last: u8| {
                let id = format!("00000000-0000-4000-8000-00000000000{last}");
                let built = farm().with("a", |i| i.sling_id(&id)).build();
                let snapshot = built.members.into_iter().next().expect("one").snapshot;
                Snapshot { root: root.to_owned(), ..snapshot }
            };
            let mut copy = one(root, last);
            if let Some(name) = bundle {
                copy.sling_id = None;
                copy.bundles.change_each(|bundle| {
                    (bundle.directory, bundle.path) = (name.to_owned(), name.to_owned());
                });
            }
            let all = vec![(None, one("aem/crx-quickstart", 1)), (None, copy)];
            farms(all, &FarmPlan::default()).expect("no policy").remove(0).members.len()
        };
        for root in [
            "aem/launchpad.bak",
            "aem/felix-backup",
            "aem/backup",
            "aem/backup/2024",
            "aem/launchpad_backup_20240101",
            "aem/pre-upgrade",
        ] {
            assert_eq!(members(root, 1, None), 1, "{root}");
            assert_eq!(members(root, 2, None), 2, "{root}");
            assert_eq!(members(root, 1, Some("bundle25")), 1, "{root}");
        }
        assert_eq!(members("aem", 1, Some("bundle25.bak")), 1);
        assert_eq!(members("aem", 1, Some("bundle25")), 2);
        for root in ["aem/publish2-backup", "aem/launchpad", "other/launchpad.bak"] {
            assert_eq!(members(root, 1, None), 2, "{root}");
        }
    }

    #[test]
    fn copy_of_a_copy_goes_with_the_instance() {
        let member = good_farm(&["a"]).build().members.remove(0);
        let roots = [
            "crx-quickstart",
            "crx-quickstart.old",
            "crx-quickstart.old/launchpad.old",
            "crx-quickstart.old/launchpad.old/felix.old",
        ];
        let snapshot = |root: &str| Snapshot { root: root.to_owned(), ..member.snapshot.clone() };
        let all = roots.iter().map(|root| (None, snapshot(root))).collect();
        let farms = farms(all, &FarmPlan::default()).unwrap();
        let member = &farms[0].members[0];
        let copies: Vec<&str> = member.copies.iter().map(|copy| copy.root.as_str()).collect();
        assert_eq!((farms[0].members.len(), copies), (1, roots[1..].to_vec()));
    }

    #[test]
    fn link_tells_the_instance_from_its_copies_whatever_their_names_and_times() {
        let found = |roots: [(&str, u64, &[&str]); 3]| {
            let member = farm().with("a", |i| i.hmac(&[1; 32])).build().members.remove(0);
            let one = |(root, start, links): (&str, u64, &[&str])| {
                let links = links.iter().map(|link| (*link).to_owned()).collect();
                let last_start_ms = Some(start);
                let root = root.to_owned();
                (None, Snapshot { root, links, last_start_ms, ..member.snapshot.clone() })
            };
            let farms = farms(roots.map(one).into(), &FarmPlan::default()).expect("no policy");
            let said = farms.into_iter().flat_map(|farm| farm.members).map(|member| {
                let copies: Vec<String> = member.copies.into_iter().map(|copy| copy.root).collect();
                (member.snapshot.root, copies)
            });
            said.collect::<Vec<_>>()
        };
        let said = |root: &str, copies: [&str; 2]| {
            vec![(root.to_owned(), copies.map(str::to_owned).to_vec())]
        };
        // `aem/crx-quickstart` is left over from before there was a link.
        let turned = [
            ("aem/crx-quickstart", 3, &[][..]),
            ("aem/crx-quickstart.bak", 2, &[]),
            ("aem/crx-quickstart.old", 1, &["aem/current"]),
        ];
        let copies = ["aem/crx-quickstart", "aem/crx-quickstart.bak"];
        assert_eq!(found(turned), said("aem/crx-quickstart.old", copies));
        let released = [
            ("aem/releases/1/crx-quickstart", 1, &["aem/current"][..]),
            ("aem/releases/2/crx-quickstart", 2, &[]),
            ("aem/releases/3/crx-quickstart", 3, &[]),
        ];
        let copies = ["aem/releases/2/crx-quickstart", "aem/releases/3/crx-quickstart"];
        assert_eq!(found(released), said("aem/releases/1/crx-quickstart", copies));
        // Links to two of them name neither.
        let both = [
            ("aem/crx-quickstart", 1, &["aem/live"][..]),
            ("aem/crx-quickstart.bak", 1, &[]),
            ("aem/crx-quickstart.old", 1, &["aem/current"]),
        ];
        let copies = ["aem/crx-quickstart.bak", "aem/crx-quickstart.old"];
        assert_eq!(found(both), said("aem/crx-quickstart", copies));
    }

    #[test]
    fn launchpad_that_was_put_aside_is_a_copy_though_the_new_one_has_a_new_id() {
        let members = |other: &str| {
            let one = |root: &str, last: u8| {
                let id = format!("00000000-0000-4000-8000-00000000000{last}");
                let built = farm().with("a", |i| i.sling_id(&id)).build();
                let snapshot = built.members.into_iter().next().expect("one").snapshot;
                (None, Snapshot { root: root.to_owned(), ..snapshot })
            };
            let all = vec![one("crx-quickstart", 1), one(other, 2)];
            farms(all, &FarmPlan::default()).expect("no policy").remove(0).members.len()
        };
        for (other, count) in [
            ("crx-quickstart/launchpad.old", 1),
            ("crx-quickstart/launchpad_backup", 1),
            ("crx-quickstart/launchpad2", 1),
            ("crx-quickstart/_launchpad", 1),
            ("crx-quickstart/launchpad/felix-20240101", 1),
            ("crx-quickstart/old/launchpad", 1),
            ("crx-quickstart.old", 1),
            ("crx-quickstart-20240101", 1),
            ("crx-quickstart-publish", 2),
            ("crx-quickstart/publish/crx-quickstart", 2),
        ] {
            assert_eq!(members(other), count, "{other}");
        }
    }
}
