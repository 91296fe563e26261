//! What makes a finding the same in another run.

use super::find::Finding;
use crate::facts::{KeyFile, Place, Repository, Snapshot};
use crate::farm::Farm;
use crate::policy::Known;
use std::collections::BTreeSet;

/// Returns what makes a finding the same in another run.
///
/// Of its evidence only that of the instances it concerns counts, below their roots: neither a new instance nor another
/// way of packing makes an old finding new. Of many places that are not all listed, the number counts too. What the evidence holds
/// counts, by digests and values, so that a third key is new, and so do the Sling ids, so that the `publish1` of another customer is.
pub fn known(farm: &Farm, finding: &Finding) -> Known {
    let hit = &finding.hit;
    let member = |name: &String| {
        let index = farm.members.binary_search_by(|member| member.name.cmp(name)).ok()?;
        farm.members.get(index)
    };
    let concerned = hit.instances.iter().filter_map(member).map(|member| &member.snapshot);
    let concerned: Vec<&Snapshot> = concerned.collect();
    let of_snapshot = |snapshot: &&'_ Snapshot| (snapshot.source.clone(), snapshot.root.clone());
    let roots: BTreeSet<(String, String)> = concerned.iter().map(of_snapshot).collect();
    let roots: BTreeSet<(&str, &str)> =
        roots.iter().map(|(source, root)| (source.as_str(), root.as_str())).collect();
    let mut paths: Vec<String> =
        hit.places.iter().filter_map(|place| below_root(&roots, place)).collect();
    paths.extend((hit.unlisted > 0).then(|| format!("and {} more", hit.unlisted)));
    paths.sort();
    paths.dedup();
    let (name, rule) = (farm.name.clone(), finding.rule.id.to_owned());
    let values = Some(values(&concerned, &hit.places));
    Known { farm: name, rule, instances: hit.instances.clone(), paths, values }
}

/// Returns a path below the innermost of the roots, given with their sources, that it lies below.
fn below_root(roots: &BTreeSet<(&str, &str)>, place: &Place) -> Option<String> {
    let above = place.path.rmatch_indices('/').map(|(at, _)| at).chain([0]);
    let ends = std::iter::once(place.path.len()).chain(above);
    let mut splits = ends.filter_map(|end| place.path.split_at_checked(end));
    let (_, rest) = splits.find(|(root, _)| roots.contains(&(place.source.as_str(), *root)))?;
    Some(rest.trim_start_matches('/').to_owned())
}

/// Returns what the evidence of a finding holds on the instances that it concerns: digests of keys and protected values, what `storage` says,
/// versions of bundles; and the Sling ids of those instances.
fn values(concerned: &[&Snapshot], places: &[Place]) -> Vec<String> {
    let mut all = BTreeSet::new();
    for snapshot in concerned {
        let id = snapshot.sling_id.as_ref();
        all.extend(id.map(|id| format!("sling-id {}", id.uuid)));
        for place in places.iter().filter(|place| place.source == snapshot.source) {
            add(snapshot, place, &mut all);
        }
    }
    all.into_iter().collect()
}

fn add(snapshot: &Snapshot, place: &Place, all: &mut BTreeSet<String>) {
    let key = |file: &KeyFile| format!("{} {}", file.name, file.digest.whole.sha256);
    let keys = snapshot.all_key_files().chain(&snapshot.stray_keys);
    all.extend(keys.filter(|file| file.place == *place).map(key));
    let storage = snapshot.storage_files.iter().filter(|file| file.place == *place);
    all.extend(storage.map(|file| {
        let storage = &file.storage;
        format!("storage {}, {} bytes", storage.mode, storage.bytes)
    }));
    let stored = snapshot.repository.iter().filter(|stored| stored.place == *place);
    all.extend(
        stored
            .flat_map(Repository::keys)
            .map(|key| format!("{} {}", key.name, key.digest.whole.sha256)),
    );
    for configuration in snapshot.configurations.iter().filter(|own| own.place == *place) {
        let protected = configuration.protected.iter();
        all.extend(protected.map(|value| format!("protected {}", value.digest.sha256)));
        let secrets = configuration.secrets.iter();
        all.extend(secrets.map(|(name, state)| format!("{name} {}", state.label())));
    }
    let directory = place.path.rsplit('/').next().unwrap_or_default();
    let bundle = snapshot.bundle_in(directory).filter(|own| snapshot.place_of(own) == *place);
    all.extend(bundle.and_then(|bundle| {
        let name = bundle.symbolic_name.as_ref()?;
        Some(format!("{name} {}", bundle.version.as_deref().unwrap_or("without a version")))
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Selection, judge};
    use crate::policy::Baseline;
    use crate::testing::{FarmBuilder, good_farm};

    /// Every finding of a farm, as a baseline knows it.
    fn all(farm: FarmBuilder) -> Baseline {
        let judged = judge(vec![farm.build()], &Selection::default());
        let of = |one: &crate::diagnosis::Judged| {
            one.findings.iter().map(|finding| known(&one.farm, finding)).collect::<Vec<_>>()
        };
        judged.iter().flat_map(of).collect()
    }

    fn known_again(old: &Baseline, new: &Baseline) -> usize {
        let mut old = old.clone();
        new.findings().filter(|(known, _)| old.take(known).is_some()).count()
    }

    const ID: &str = "00000000-0000-4000-8000-000000000001";

    #[test]
    fn third_key_and_another_customer_are_new() {
        let odd = |key: u8, id: &'static str| {
            all(good_farm(&["a", "b"]).with("c", move |i| i.sling_id(id).hmac(&[key; 31])))
        };
        let (first, count) = (odd(9, ID), odd(9, ID).findings().count());
        assert!(count > 0);
        assert_eq!(known_again(&first, &odd(9, ID)), count);
        assert_eq!(known_again(&first, &odd(8, ID)), 0, "a third key");
        let other = "00000000-0000-4000-8000-000000000002";
        assert_eq!(known_again(&first, &odd(9, other)), 0, "another customer");
    }

    #[test]
    fn value_of_other_evidence_does_not_matter() {
        let farm = |key: u8| {
            let change = |i: crate::testing::Instance| i.storage(b"Bundle\n").hmac(&[key; 32]);
            good_farm(&[]).with("a", change)
        };
        let of_storage = |farm| {
            let all: Baseline = all(farm);
            let own = all.findings().filter(|(known, _)| known.rule == "storage-trailing-newline");
            own.map(|(known, _)| known.clone()).collect::<Vec<_>>()
        };
        assert_eq!(of_storage(farm(1)), of_storage(farm(2)));
    }
}
