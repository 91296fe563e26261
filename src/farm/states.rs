//! States of one instance at several times, as in `before/publish1.tgz` and `after/publish1.tgz`.
//!
//! The older one is no member of the farm: six snapshots of three instances before and after an upgrade were three clones.

use super::in_use::{InUse, in_use};
use super::plan::FarmPlan;
use super::put_aside::names_instance;
use super::state_name::{split, zip_longest};
use crate::facts::{Place, QUICKSTART, Snapshot, has_old_word, path_parts, realm};
use crate::limits::Limits;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Finds the snapshots that are older states of another one: both have one Sling id and would be in one farm, their paths differ in one
/// name alone, by a word of time or a date, and their last starts or those words tell the order. So is a backup in a folder of its own
/// (`backups/publish1/2024-01-01`) that was started before the other. A policy says itself what it expects.
pub(super) fn earlier<'s>(
    snapshots: impl Iterator<Item = &'s Snapshot>,
    plan: &FarmPlan<'_>,
) -> BTreeMap<Place, Place> {
    let mut by_id: BTreeMap<&str, Vec<&Snapshot>> = BTreeMap::new();
    for snapshot in snapshots.filter(|_| !plan.has_policy_farms()) {
        let Some(id) = &snapshot.sling_id else { continue };
        let states = by_id.entry(&id.uuid).or_default();
        if states.len() < Limits::DEFAULT.compared_max {
            states.push(snapshot);
        }
    }
    by_id.values().flat_map(|states| of_one(states, plan)).collect()
}

fn of_one(states: &[&Snapshot], plan: &FarmPlan<'_>) -> Vec<(Place, Place)> {
    let is_later = |own: &Snapshot, other: &Snapshot| {
        plan.ground(own) == plan.ground(other) && order(own, other) == Some(Ordering::Less)
    };
    let last = |own: &&Snapshot| !states.iter().any(|other| is_later(own, other));
    let lasts: Vec<&Snapshot> = states.iter().copied().filter(last).collect();
    let of = |own: &&Snapshot| {
        let last = lasts.iter().find(|last| is_later(own, last))?;
        Some((own.place(), last.place()))
    };
    states.iter().filter_map(of).collect()
}

/// Returns which of two installs of one host is a copy that somebody put aside: its path says so, or it leads through that of the other one and
/// through more, and it was not started later. (`backup/crx-quickstart`, `rollback/crx-quickstart`, `mnt/snap/opt/aem/publish1`) Whether that is the
/// one in use is open where both were started at one time and have other keys.
fn aside(a: &Snapshot, b: &Snapshot, by_time: Option<Ordering>) -> Option<Ordering> {
    let port = |snapshot: &Snapshot| snapshot.setting("CQ_PORT").map(|all| all.value.clone());
    // A clone in use has another port than what it was made of, and perhaps another role.
    let differ = a.role().zip(b.role()).is_some_and(|(a, b)| a != b)
        || port(a).zip(port(b)).is_some_and(|(a, b)| a != b);
    if a.source != b.source || realm(&a.root) != realm(&b.root) || differ {
        return None;
    }
    let is_known = a.last_start_ms.is_some() && b.last_start_ms.is_some();
    let is_copy = |own: &Snapshot, of: &Snapshot| {
        let more = more_than(&own.root, &of.root);
        let says_so = |part: &&str| is_put_aside(part);
        is_backup(&own.root, &of.root)
            || is_aside_of(&own.root, &of.root)
            || more.is_some_and(|more| {
                more.iter().any(says_so) || is_known && !more.iter().any(names_instance)
            })
    };
    let is_older = |own, of, newer| by_time != Some(newer) && is_copy(own, of);
    match (is_older(a, b, Ordering::Greater), is_older(b, a, Ordering::Less)) {
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        _ => None,
    }
}

/// Returns `true` if a path has a word for what is not in use, another one has none, and it names the instance of that, too: `old/publish1.tgz` is
/// no backup of publish2, which was cloned from it.
fn is_backup(own: &str, other: &str) -> bool {
    let names = || {
        let of_own: Vec<Vec<String>> = path_parts(own)
            .map(|part| split(part).0.into_iter().filter(|word| !has_old_word(word)).collect())
            .collect();
        path_parts(other).all(|part| of_own.contains(&split(part).0))
    };
    path_parts(own).any(has_old_word) && !path_parts(other).any(has_old_word) && names()
}

/// Returns `true` if a path says that it is a copy and another one does not, and both name the same instances, whatever else leads there:
/// `DR/crx-quickstart` and `backup/publish1/crx-quickstart` beside `opt/aem/publish1/crx-quickstart`.
fn is_aside_of(own: &str, other: &str) -> bool {
    let last = |path| path_parts(path).last();
    let instances = |path| path_parts(path).filter(names_instance).collect::<Vec<_>>();
    let (of_own, of_other) = (instances(own), instances(other));
    path_parts(own).any(is_put_aside)
        && !path_parts(other).any(is_put_aside)
        && last(own) == last(other)
        && of_own.iter().all(|part| of_other.contains(part))
}

/// Returns `true` if a name tells of what is not in use, or not here: the copy for disaster recovery is of the same instance.
fn is_put_aside(part: &str) -> bool {
    const RECOVERY: [&str; 4] = ["dr", "disaster", "recovery", "failover"];
    let name = part.to_lowercase();
    has_old_word(part)
        || name.split(|c: char| !c.is_alphanumeric()).any(|word| RECOVERY.contains(&word))
}

/// Returns the parts of a path that another one has not, where it has all of that in the same order. A drive letter is no part, and a copy of
/// `crx-quickstart` has that in its name. Of a source that starts in an install the path says nothing.
fn more_than<'p>(own: &'p str, other: &str) -> Option<Vec<&'p str>> {
    if other.is_empty() {
        return None;
    }
    let mut wanted = path_parts(other).filter(|part| part.len() > 1).peekable();
    let mut more = Vec::new();
    for part in path_parts(own).filter(|part| part.len() > 1) {
        match wanted.peek() {
            Some(next) if *next == part => drop(wanted.next()),
            Some(next) if *next == QUICKSTART && part.to_lowercase().contains(QUICKSTART) => {
                wanted.next();
                more.push(part);
            }
            _ => more.push(part),
        }
    }
    (wanted.next().is_none() && !more.is_empty()).then_some(more)
}

/// Returns which of two snapshots is the older one, or not in use; `None` where their paths are not those of two states.
fn order(a: &Snapshot, b: &Snapshot) -> Option<Ordering> {
    let [of_a, of_b] = [a.path(), b.path()];
    let by_link = match in_use(a, b) {
        InUse::Own(_) => Some(Ordering::Greater),
        InUse::Other(_) => Some(Ordering::Less),
        InUse::Both => return None,
        InUse::Untold => None,
    };
    let by_time = match (b.was_used_after(a), a.was_used_after(b)) {
        (true, _) => Some(Ordering::Less),
        (_, true) => Some(Ordering::Greater),
        _ => None,
    };
    match by_time {
        Some(_) if by_link.is_some() && (is_backup(&of_a, &of_b) || is_backup(&of_b, &of_a)) => {
            return by_link;
        }
        Some(Ordering::Less) if is_backup(&of_a, &of_b) => return by_time,
        Some(Ordering::Greater) if is_backup(&of_b, &of_a) => return by_time,
        _ => {}
    }
    if by_link.is_none()
        && let Some(order) = aside(a, b, by_time)
    {
        return Some(order);
    }
    let mut differing = zip_longest(path_parts(&of_a), path_parts(&of_b)).filter(|(a, b)| a != b);
    let (a_name, b_name) = differing.next().filter(|_| differing.next().is_none())?;
    if by_link.is_some() {
        return by_link;
    }
    let [(a_rest, a_mark), (b_rest, b_mark)] = [split(a_name?), split(b_name?)];
    let (a_mark, b_mark) = a_mark.zip(b_mark).filter(|_| a_rest == b_rest)?;
    by_time.or_else(|| a_mark.partial_cmp(&b_mark).filter(|order| order.is_ne()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::FarmBy;
    use crate::farm::was_rotated_before;
    use crate::testing::farm;

    const ID: &str = "00000000-0000-4000-8000-000000000001";

    fn state(source: &str, start: Option<u64>) -> Snapshot {
        let built = farm().with("a", |i| i.sling_id(ID)).build();
        let mut snapshot = built.members.into_iter().next().unwrap().snapshot;
        (snapshot.source, snapshot.last_start_ms) = (source.to_owned(), start);
        snapshot
    }

    /// Source of the older state and of the last one.
    fn found(states: &[(&str, Option<u64>)], by: FarmBy<'_>) -> Vec<(String, String)> {
        let states: Vec<Snapshot> = states.iter().map(|(s, start)| state(s, *start)).collect();
        let plan = FarmPlan { by, ..FarmPlan::default() };
        let all = earlier(states.iter(), &plan).into_iter();
        all.map(|(older, last)| (older.source, last.source)).collect()
    }

    fn pair(older: &str, last: &str) -> Vec<(String, String)> {
        vec![(older.to_owned(), last.to_owned())]
    }

    #[test]
    fn names_and_times_tell_which_state_is_the_older_one() {
        for (older, last) in [
            ("up/before/publish1.tgz", "up/after/publish1.tgz"),
            ("up/publish1-pre-sp20.tgz", "up/publish1-post-sp20.tgz"),
            ("2024-01-31/publish1", "2024-02-01/publish1"),
            ("up/publish1_20240131.tgz", "up/publish1_20240201.tgz"),
        ] {
            for times in [(None, None), (Some(1), None), (Some(1), Some(2))] {
                let states = [(older, times.0), (last, times.1)];
                assert_eq!(found(&states, FarmBy::All), pair(older, last), "{older} {times:?}");
            }
            // What was started later is the younger one, whatever it is called.
            let states = [(older, Some(2)), (last, Some(1))];
            assert_eq!(found(&states, FarmBy::All), pair(last, older));
        }
    }

    #[test]
    fn names_without_an_order_need_times() {
        for (older, last) in [
            ("SP18/publish1.tgz", "SP22/publish1.tgz"),
            ("6.5.18/publish1.tgz", "6.5.22/publish1.tgz"),
            ("up/publish1_v1.tgz", "up/publish1_v2.tgz"),
            ("Dec/publish1.tgz", "Jan/publish1.tgz"),
            ("up/publish1.tgz.bak", "up/publish1.tgz"),
        ] {
            let found = |start, end| found(&[(older, start), (last, end)], FarmBy::All);
            assert_eq!(found(Some(1), Some(2)), pair(older, last), "{older}");
            assert_eq!(found(None, None), [], "{older}");
        }
        let days = [("01.02.2024/publish1", None), ("31.01.2024/publish1", None)];
        assert_eq!(found(&days, FarmBy::All), pair(days[1].0, days[0].0));
    }

    #[test]
    fn what_rsnapshot_turned_over_is_older() {
        for (older, last) in [
            ("rs/daily.1/host/publish1", "rs/daily.0/host/publish1"),
            ("rs/daily.10/publish1.tgz", "rs/daily.9/publish1.tgz"),
            // rsnapshot makes `weekly.0` of the oldest day, so every day that is left is newer.
            ("rs/weekly.0/publish1", "rs/daily.6/publish1"),
            ("rs/beta.0/publish1", "rs/alpha.5/publish1"),
        ] {
            assert_eq!(found(&[(older, None), (last, None)], FarmBy::All), pair(older, last));
            assert!(was_rotated_before(older, last) && !was_rotated_before(last, older), "{older}");
        }
        for (one, other) in [
            ("rs/daily.0/publish1", "rs/daily.1/publish2"),
            ("rs/daily.0/publish1", "rs/daily/publish1"),
            ("rs/node.0/publish1", "rs/node.1/publish1"),
            ("rs/publish-daily.0", "rs/publish-daily.1"),
        ] {
            assert_eq!(found(&[(one, None), (other, None)], FarmBy::All), [], "{one}");
            assert!(!was_rotated_before(one, other) && !was_rotated_before(other, one), "{one}");
        }
    }

    #[test]
    fn backup_that_was_started_before_is_one() {
        let (older, last) = ("up/backups/publish1/2024-01-01.tgz", "up/publish1");
        let times = |older_start, last_start| {
            found(&[(older, older_start), (last, last_start)], FarmBy::All)
        };
        assert_eq!(times(Some(1), Some(2)), pair(older, last));
        assert_eq!(times(Some(2), Some(1)), []);
        assert_eq!(times(None, None), []);
        // `goldfish` holds `old`, but not as a word.
        let clone = [("up/goldfish/publish1", Some(1)), ("up/carp/publish1", Some(2))];
        assert_eq!(found(&clone, FarmBy::All), []);
    }

    #[test]
    fn clones_are_no_states() {
        for (one, other) in [
            ("up/publish1.tgz", "up/publish2.tgz"),
            ("dc1/publish1.tgz", "dc2/publish1.tgz"),
            ("10.0.0.18/publish1.tgz", "10.0.0.22/publish1.tgz"),
            ("6.5.0.1/publish1.tgz", "6.5.0.2/publish1.tgz"),
            ("up/before/publish1.tgz", "up/after/publish2.tgz"),
            ("up/publish1-old.tgz", "up/publish2-new.tgz"),
            ("up/publish1-2024.tgz", "up/publish2-2025.tgz"),
            ("before/x.tgz", "2024/x.tgz"),
        ] {
            for times in [(None, None), (Some(1), Some(2))] {
                let is_dated = other == "2024/x.tgz" && times.0.is_some();
                let states = [(one, times.0), (other, times.1)];
                assert_eq!(found(&states, FarmBy::All).len(), usize::from(is_dated), "{one}");
            }
        }
    }

    #[test]
    fn copy_on_the_same_host_is_one_by_its_path_or_by_its_last_start() {
        let both = |root: &str, start: Option<u64>, port: Option<&str>| {
            let one = |root: &str, start, port: Option<&str>| {
                let built = farm().with("a", |i| {
                    port.into_iter().fold(i.sling_id(ID), |i, port| i.setting("CQ_PORT", port))
                });
                let mut snapshot = built.build().members.remove(0).snapshot;
                (snapshot.root, snapshot.last_start_ms) = (root.to_owned(), start);
                snapshot
            };
            let all = [one(root, start, port), one("aem/crx-quickstart", Some(2), Some("4503"))];
            let plan = FarmPlan { by: FarmBy::All, ..FarmPlan::default() };
            earlier(all.iter(), &plan).into_keys().map(|older| older.path).collect::<Vec<_>>()
        };
        for root in [
            "aem/backup/crx-quickstart",
            "mnt/snap/aem/crx-quickstart",
            "aem/Copy of crx-quickstart",
            "aem/$RECYCLE.BIN/S-1-5-21/$RABC/crx-quickstart",
            "restored/aem/crx-quickstart",
            "aem_restore_20240101/crx-quickstart",
            "backup/crx-quickstart",
            "DR/crx-quickstart",
            "mnt/disaster-recovery/crx-quickstart",
        ] {
            for start in [None, Some(1), Some(2)] {
                assert_eq!(both(root, start, None), [root], "{start:?}");
            }
            assert!(both(root, Some(3), None).is_empty(), "{root}");
            assert!(both(root, Some(2), Some("4504")).is_empty(), "{root}");
        }
        for root in ["aem/v2/crx-quickstart", "aem/tmp/crx-quickstart", "aem/_crx-quickstart"] {
            assert_eq!(both(root, Some(1), None), [root]);
            assert_eq!(both(root, Some(2), None), [root]);
            assert!(both(root, Some(3), None).is_empty() && both(root, None, None).is_empty());
        }
        // Another instance on the same host, which was cloned.
        for root in [
            "aem/publish2/crx-quickstart",
            "publish2/crx-quickstart",
            "old/publish2/crx-quickstart",
            "drive/crx-quickstart",
        ] {
            assert!(both(root, Some(1), None).is_empty(), "{root}");
        }
    }

    #[test]
    fn states_in_farms_of_their_own_are_judged_each() {
        let states = [("before/publish1.tgz", Some(1)), ("after/publish1.tgz", Some(2))];
        assert_eq!(found(&states, FarmBy::Parent), []);
        assert_eq!(found(&states, FarmBy::Input), []);
    }

    #[test]
    fn of_many_states_the_last_one_counts() {
        let states = ["2024-01/a", "2024-02/a", "2024-03/a"].map(|source| (source, None));
        let last = "2024-03/a".to_owned();
        let older = ["2024-01/a", "2024-02/a"].map(|older| (older.to_owned(), last.clone()));
        assert_eq!(found(&states, FarmBy::All), older);
    }
}
