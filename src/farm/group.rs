//! Puts snapshots into farms.

use super::copies::{Copies, Labelled, without_copies};
use super::entries::Entries;
use super::expected::{Expected, ForeignKey, Missing};
use super::like::tell_alike;
use super::open_gaps::OpenGaps;
use super::plan::{FarmPlan, Ground};
use super::{Farm, FarmNames, KeyState, Keys, Member, keys, names};
use crate::facts::{Digest, Gap, KeyName, Snapshot};
use crate::limits::Limits;
use crate::policy::{Policy, PolicyFarm, PolicyInstance};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

/// Snapshots with the names of their instances, and whether only a number in it tells one from others.
type Named = Vec<(String, Snapshot, bool)>;

/// Roots of snapshots, by source.
type Roots = BTreeMap<String, BTreeSet<String>>;

/// Why a policy cannot be applied to what came; one sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyConflict(String);

/// Makes farms of all snapshots, sorted by name; a label is the name the user gave the snapshot's source.
///
/// An old copy of an install inside another one (`launchpad.old`, `felix_backup`) is no instance of its own; it goes with
/// the instance it lies in. A farm of the policy is one even when no instance of it came.
///
/// # Errors
///
/// Fails when an instance is meant by two entries of the policy, or an entry means two instances.
pub fn farms(snapshots: Labelled, plan: &FarmPlan<'_>) -> Result<Vec<Farm>, PolicyConflict> {
    let with_label = |(label, snapshot): (Option<String>, Snapshot)| {
        (label.clone(), Snapshot { label, ..snapshot })
    };
    let snapshots: Labelled = snapshots.into_iter().map(with_label).collect();
    let mut roots = Roots::new();
    for (_, snapshot) in &snapshots {
        roots.entry(snapshot.source.clone()).or_default().insert(snapshot.root.clone());
    }
    let (instances, mut copies) = without_copies(snapshots, plan);
    let labels: BTreeMap<String, String> = instances
        .iter()
        .filter_map(|(label, snapshot)| Some((snapshot.source.clone(), label.clone()?)))
        .collect();
    let grounds = by_ground(named(instances, plan), plan)?;
    let mut names =
        names::distinct(grounds.keys().map(|ground| plan.names(ground, &labels)).collect());
    // With `report --partitioned` these farms are a part of the run: their names were chosen beside those of the others.
    if let Some(known) = plan.names {
        for (name, ground) in names.iter_mut().zip(grounds.keys()) {
            if let Some(known) = known.of(ground) {
                known.clone_into(name);
            }
        }
    }
    let holes = holes(plan, &roots);
    let open = OpenGaps::new(plan, plan.names.map_or(names.len(), FarmNames::len));
    let mut farms = Vec::with_capacity(names.len());
    let mut of_policy = BTreeMap::new();
    for ((ground, named), name) in grounds.into_iter().zip(names) {
        let told = open.on(&ground, &named.iter().map(|(_, s, _)| s.source.as_str()).collect());
        let mut farm = Farm {
            name,
            gaps: told.gaps,
            has_more_gaps: told.has_more,
            members: members(named, &mut copies),
            expected: Expected::default(),
        };
        if let (Ground::Policy(index), Some(policy)) = (&ground, plan.policy_farm(&ground)) {
            expect(&mut farm, policy, &open, &holes);
            of_policy.insert(*index, farms.len());
        } else {
            farm.expected.unnamed = plan.has_policy_farms();
        }
        // Behind `expect`, for which keys an instance keeps depends on those that the policy names.
        farm.decide_pairs();
        farms.push(farm);
    }
    if let Some(policy) = plan.policy {
        keep_apart(&mut farms, policy, &of_policy);
    }
    tell_alike(&mut farms);
    farms.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(farms)
}

/// Names the instances: so that names are unique in their farm where it does not depend on them, whatever else came in the run, and else
/// in the run.
fn named(instances: Labelled, plan: &FarmPlan<'_>) -> Named {
    let installs = names::Installs::of(&instances);
    if plan.has_policy_farms() {
        return names::name(instances, &installs);
    }
    let mut of_farms: BTreeMap<Ground, Labelled> = BTreeMap::new();
    for (label, snapshot) in instances {
        of_farms.entry(plan.ground(&snapshot)).or_default().push((label, snapshot));
    }
    of_farms.into_values().flat_map(|farm| names::name(farm, &installs)).collect()
}

/// Tells the instances that the policy names from the rest, and the rest by what makes a farm.
fn by_ground(named: Named, plan: &FarmPlan<'_>) -> Result<BTreeMap<Ground, Named>, PolicyConflict> {
    let entries = Entries::of(plan);
    let mut taken: BTreeMap<(usize, &str), String> = BTreeMap::new();
    let mut grounds: BTreeMap<Ground, Named> =
        entries.farms().map(|index| (Ground::Policy(index), Named::new())).collect();
    for (name, snapshot, numbered) in named {
        let place = format!("{name} ({})", snapshot.source);
        // One that the policy names has its name from there.
        let (ground, name, numbered) = match entries.meaning(&snapshot.source, &name) {
            [None, _] => (plan.ground(&snapshot), name, numbered),
            [Some((index, entry)), None] => {
                if let Some(other) = taken.insert((index, &entry.name), place.clone()) {
                    let what = meant(plan, index, entry);
                    return Err(PolicyConflict(format!("{what} matches both {other} and {place}")));
                }
                (Ground::Policy(index), entry.name.clone(), false)
            }
            [Some((one, entry)), Some((two, other))] => {
                let [one, two] = [meant(plan, one, entry), meant(plan, two, other)];
                return Err(PolicyConflict(format!("{place} is matched by both {one} and {two}")));
            }
        };
        grounds.entry(ground).or_default().push((name, snapshot, numbered));
    }
    // The policy may have given other names than those by which they are sorted.
    for named in grounds.values_mut() {
        named.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    }
    Ok(grounds)
}

fn meant(plan: &FarmPlan<'_>, farm: usize, entry: &PolicyInstance) -> String {
    let farm = plan.policy_farm(&Ground::Policy(farm)).map_or("", |farm| farm.name.as_str());
    format!("the instance {} of the farm {farm} in the policy", entry.name)
}

/// Says what the policy expects of a farm.
fn expect(farm: &mut Farm, policy: &PolicyFarm, open: &OpenGaps<'_>, holes: &Arc<[String]>) {
    let names: BTreeSet<&str> = farm.members.iter().map(|member| member.name.as_str()).collect();
    let came = |entry: &&PolicyInstance| names.contains(entry.name.as_str());
    let (came, missing): (Vec<_>, Vec<_>) = policy.instances.iter().partition(came);
    let roles = came.iter().filter_map(|entry| Some((entry.name.clone(), entry.role?)));
    let missing = missing.into_iter().map(|entry| Missing {
        name: entry.name.clone(),
        source: entry.source.to_string(),
        like: Vec::new(),
        maybe_in: Arc::clone(holes),
    });
    farm.expected = Expected {
        keys: policy.keys.clone(),
        roles: roles.collect(),
        missing: missing.collect(),
        ..Expected::default()
    };
    let own: BTreeSet<&str> = farm.members.iter().map(|m| m.snapshot.source.as_str()).collect();
    let is_whole = farm.expected.missing.is_empty();
    let told = if is_whole { open.of_whole(&policy.instances, &own) } else { open.all() };
    (farm.gaps, farm.has_more_gaps) = (told.gaps, told.has_more);
}

/// Returns the sources in which an instance may lie that was not found, sorted.
fn holes(plan: &FarmPlan<'_>, roots: &Roots) -> Arc<[String]> {
    if !plan.has_policy_farms() {
        return Arc::default();
    }
    let hiding = plan.gaps.iter().filter(|gap| may_hide_an_instance(gap, roots));
    let sources: BTreeSet<&String> = hiding.map(|gap| &gap.source).collect();
    sources.into_iter().cloned().collect()
}

/// Returns `true` if an instance may lie in what was not read: not where only a path of a known one is concerned.
fn may_hide_an_instance(gap: &Gap, roots: &Roots) -> bool {
    let is_in_install =
        |path: &String| roots.get(&gap.source).is_some_and(|roots| is_below_one(path, roots));
    gap.kind.hides() && !(gap.is_local() && gap.path.as_ref().is_some_and(is_in_install))
}

/// Returns `true` if a path lies below one of these roots.
fn is_below_one(path: &str, roots: &BTreeSet<String>) -> bool {
    if roots.contains("") {
        return true;
    }
    // A root that it lies below begins what it has in common with any that stands between the two in order.
    let mut end = Bound::Included(path);
    while let Some(root) = roots.range::<str, _>((Bound::Unbounded, end)).next_back() {
        let common = common(path, root);
        let rest = path.get(common.len()..).unwrap_or_default();
        let is_root = common.len() == root.len();
        if is_root && (rest.is_empty() || rest.starts_with('/')) {
            return true;
        }
        end = if is_root { Bound::Excluded(common) } else { Bound::Included(common) };
    }
    false
}

/// Returns the start of a path that is the start of another one too.
fn common<'p>(path: &'p str, other: &str) -> &'p str {
    let differs = path.char_indices().zip(other.chars()).find(|((_, a), b)| a != b);
    let end = differs.map_or(path.len().min(other.len()), |((at, _), _)| at);
    path.get(..end).unwrap_or_default()
}

/// Tells each farm the keys of those that must have other ones, and have the same. Bytes that fail a checksum prove nothing.
fn keep_apart(farms: &mut [Farm], policy: &Policy, of_policy: &BTreeMap<usize, usize>) {
    let named = policy.farms.iter().enumerate();
    let named: BTreeMap<&String, usize> =
        named.filter_map(|(index, farm)| Some((&farm.name, *of_policy.get(&index)?))).collect();
    // Of 1,000 farms with one key each has that of 999 others.
    let mut left = Limits::DEFAULT.sharing_max;
    for differ in &policy.differ {
        let indices: Vec<usize> =
            differ.farms.iter().filter_map(|name| named.get(name).copied()).collect();
        let is_unknown = |farm: &&Farm| differ.keys.iter().any(|key| !shows_key(farm, *key));
        let unknown = indices.iter().filter_map(|index| farms.get(*index)).filter(is_unknown);
        let unknown: Arc<[String]> = unknown.map(|farm| farm.name.clone()).collect();
        for index in indices.iter().filter(|_| !unknown.is_empty()) {
            if let Some(farm) = farms.get_mut(*index) {
                farm.expected.perhaps_shared.push(Arc::clone(&unknown));
            }
        }
        let mut holders: BTreeMap<(KeyName, Digest), Vec<(usize, ForeignKey)>> = BTreeMap::new();
        for index in &indices {
            let Some(farm) = farms.get(*index) else { continue };
            for foreign in differ.keys.iter().flat_map(|key| keys_of(farm, *key)) {
                let key = (foreign.key, foreign.value);
                holders.entry(key).or_default().push((*index, foreign));
            }
        }
        let max = left.checked_div(indices.len()).unwrap_or_default().max(1);
        for holders in holders.values() {
            let sharing: BTreeSet<usize> = holders.iter().map(|(index, _)| *index).collect();
            for own in sharing {
                let others = holders.iter().filter(|(index, _)| *index != own);
                let foreign = others.take(max).map(|(_, foreign)| foreign.clone());
                let foreign: Vec<ForeignKey> = foreign.collect();
                left = left.saturating_sub(foreign.len());
                if let Some(farm) = farms.get_mut(own) {
                    farm.expected.apart.extend(foreign);
                }
            }
        }
    }
}

/// Returns `true` if it is known of all instances of a farm that came which key they have.
fn shows_key(farm: &Farm, key: KeyName) -> bool {
    let is_shown = |member: &Member| {
        let state = member.key(key);
        member.snapshot.is_verified() && matches!(state, KeyState::Known(_) | KeyState::Absent)
    };
    !farm.members.is_empty() && farm.members.iter().all(is_shown)
}

fn keys_of(farm: &Farm, key: KeyName) -> Vec<ForeignKey> {
    let members = farm.members.iter().filter(|member| member.snapshot.is_verified());
    let known = members.filter_map(|member| Some((member, member.known_key(key)?)));
    known
        .map(|(member, known)| ForeignKey {
            farm: farm.name.clone(),
            instance: member.name.clone(),
            key,
            value: known.value,
            place: known.place().clone(),
        })
        .collect()
}

/// A named snapshot, and what is known of its keys.
type Decided = ((String, Snapshot, bool), Keys);

fn members(named: Named, copies: &mut Copies) -> Vec<Member> {
    let snapshots: Vec<&Snapshot> = named.iter().map(|(_, snapshot, _)| snapshot).collect();
    let keys = keys::decide(&snapshots).into_iter().map(Keys::single);
    let member = |((name, snapshot, numbered), keys): Decided| {
        let copies = copies.remove(&snapshot.place()).unwrap_or_default();
        Member { name, numbered, snapshot, copies, keys }
    };
    let keys: Vec<Keys> = keys.collect();
    named.into_iter().zip(keys).map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
    use crate::policy::parse;
    use crate::testing::good_farm;

    const TWO_FARMS: &str = r#"
        [[farm]]
        name = "production"
        [[farm.instance]]
        name = "author"
        source = "prod-author*"
        [[farm.instance]]
        name = "publish1"
        [[farm]]
        name = "stage"
        [[farm.instance]]
        name = "author"
        source = "stage-*"
        [[differ]]
        farms = ["production", "stage"]
        keys = ["hmac"]
    "#;

    /// The farms of these instances, each of a source of its name.
    fn grouped(names: &[&str], gaps: &[Gap]) -> Result<Vec<Farm>, PolicyConflict> {
        let policy = parse(TWO_FARMS, &[]).expect("a policy");
        let members = good_farm(names).build().members;
        let snapshots = members.into_iter().map(|m| (Some(m.name), m.snapshot)).collect();
        farms(snapshots, &FarmPlan { gaps, policy: Some(&policy), ..FarmPlan::default() })
    }

    fn members(farm: &Farm) -> Vec<&str> {
        farm.members.iter().map(|member| member.name.as_str()).collect()
    }

    fn gap(source: &str) -> Gap {
        let (source, reason) = (source.to_owned(), String::new());
        Gap { source, path: None, kind: GapKind::NoInstance, reason }
    }

    #[test]
    fn policy_names_farms_and_instances_and_the_rest_is_a_farm_of_its_own() {
        let farms = grouped(&["prod-author-1", "publish1", "stage-a", "x"], &[]).unwrap();
        let said: Vec<_> = farms.iter().map(|farm| (farm.name.as_str(), members(farm))).collect();
        assert_eq!(
            said,
            [
                ("other", vec!["x"]),
                ("production", vec!["author", "publish1"]),
                ("stage", vec!["author"])
            ]
        );
        assert_eq!(
            farms.iter().map(|f| f.expected.unnamed).collect::<Vec<_>>(),
            [true, false, false]
        );
    }

    #[test]
    fn farm_of_which_nothing_came_is_still_one() {
        let farms = grouped(&["prod-author-1", "publish1"], &[]).unwrap();
        assert_eq!(farms[1].name, "stage");
        assert_eq!(farms[1].expected.missing[0].name, "author");
    }

    #[test]
    fn instance_whose_name_was_derived_in_another_way_may_be_the_missing_one() {
        for (came, is_like) in [
            ("publish1-crx-quickstart", true),
            ("prod/publish1", true),
            ("PUBLISH1", true),
            ("publish10", false),
            ("my-publish1", false),
        ] {
            let farms = grouped(&["prod-author-1", came], &[]).unwrap();
            let production = farms.iter().find(|farm| farm.name == "production").unwrap();
            let like = &production.expected.missing[0].like;
            let names: Vec<&str> = like.iter().map(|like| like.name.as_str()).collect();
            assert_eq!(names, if is_like { vec![came] } else { vec![] }, "{came}");
        }
    }

    #[test]
    fn keys_of_the_other_farm_are_told() {
        let farms = grouped(&["prod-author-1", "stage-a"], &[]).unwrap();
        let apart = |farm: &Farm| {
            let keys = farm.expected.apart.iter();
            keys.map(|key| format!("{} {}/{}", key.key, key.farm, key.instance)).collect::<Vec<_>>()
        };
        assert_eq!(apart(&farms[0]), ["hmac stage/author"]);
        assert_eq!(apart(&farms[1]), ["hmac production/author"]);
    }

    #[test]
    fn farm_whose_keys_are_not_known_may_have_those_of_another() {
        let unknown = |names: &[&str]| -> Vec<Vec<String>> {
            let farms = grouped(names, &[]).unwrap();
            let all = farms.iter().flat_map(|farm| &farm.expected.perhaps_shared);
            all.map(|names| names.to_vec()).collect()
        };
        assert_eq!(unknown(&["prod-author-1", "stage-a"]), [[""; 0]; 0]);
        assert_eq!(unknown(&["prod-author-1"]), [["stage"], ["stage"]]);
        let policy = parse(TWO_FARMS, &[]).expect("a policy");
        let farm = good_farm(&["prod-author-1"]).with("stage-a", |i| i.storage(b"JCR"));
        let members = farm.build().members.into_iter();
        let snapshots = members.map(|member| (Some(member.name), member.snapshot)).collect();
        let plan = FarmPlan { policy: Some(&policy), ..FarmPlan::default() };
        let farms = farms(snapshots, &plan).unwrap();
        assert_eq!(*farms[0].expected.perhaps_shared[0], ["stage"]);
    }

    #[test]
    fn entry_that_matches_two_instances_is_a_conflict() {
        assert_eq!(
            grouped(&["prod-author-1", "prod-author-2"], &[]).unwrap_err().to_string(),
            "the instance author of the farm production in the policy matches both \
             prod-author-1 (prod-author-1.tar) and prod-author-2 (prod-author-2.tar)"
        );
    }

    #[test]
    fn instance_that_two_entries_match_is_a_conflict() {
        let text = TWO_FARMS.replace("stage-*", "*-author*");
        let policy = parse(&text, &[]).expect("a policy");
        let member = good_farm(&["prod-author-1"]).build().members.remove(0);
        let plan = FarmPlan { policy: Some(&policy), ..FarmPlan::default() };
        let error = farms(vec![(None, member.snapshot)], &plan).unwrap_err().to_string();
        assert!(
            error.starts_with("prod-author-1 (prod-author-1.tar) is matched by both "),
            "{error}"
        );
    }

    #[test]
    fn source_that_was_not_read_may_hold_what_is_missing() {
        let farms = grouped(&["prod-author-1", "stage-a"], &[gap("p.tar")]).unwrap();
        assert_eq!(*farms[0].expected.missing[0].maybe_in, ["p.tar"]);
        assert_eq!(farms[0].gaps.len(), 1);
        assert_eq!(farms[1].gaps, [], "all of it came");
    }

    #[test]
    fn source_that_an_entry_names_concerns_its_farm_though_all_came() {
        let farms = grouped(&["prod-author-1", "stage-a"], &[gap("up/stage-b.tar")]).unwrap();
        assert_eq!(farms[1].gaps.len(), 1);
    }

    #[test]
    fn path_is_below_a_root_whatever_stands_between_them_in_order() {
        let roots = |roots: &[&str]| roots.iter().map(|root| (*root).to_owned()).collect();
        for (path, of, is_below) in [
            ("a/b/c", &["a/b"][..], true),
            ("a/b", &["a/b"], true),
            ("a/bc", &["a/b"], false),
            ("a/b/c", &["a", "a-", "a/b.x", "a/b/b"], true),
            ("a/b/c", &["a-", "a/", "a/b.x", "a/b/b"], false),
            ("aä/c", &["aä", "aß"], true),
            ("x", &[""], true),
            ("x", &[], false),
        ] {
            assert_eq!(is_below_one(path, &roots(of)), is_below, "{path} {of:?}");
        }
    }

    #[test]
    fn gap_inside_a_known_instance_hides_no_other() {
        let path = Some("crx-quickstart/conf/sling.properties".to_owned());
        let inside = Gap { path, kind: GapKind::Malformed, ..gap("stage-a.tar") };
        let farms = grouped(&["prod-author-1", "stage-a"], &[inside]).unwrap();
        assert_eq!(*farms[0].expected.missing[0].maybe_in, [""; 0]);
    }
}
