//! One install at two times, as saved facts of a directory have it that was read on two days.
//!
//! Nothing shows which state is the newer one: a directory has no time of its own, and files that were put back keep older times. Such states
//! neither accuse nor acquit. Before, publish2 of Monday was called a clone of publish2 of Tuesday, and its Sling id was to be deleted.

use super::copies::Labelled;
use crate::facts::{Gap, GapKind, Role, Snapshot, Times};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// Finds the snapshots that may be states of one install, since they lie in one place and no Sling id or role tells them apart. Each gets a
/// gap, which is returned, too.
pub(crate) fn tell_undated(snapshots: &mut Labelled) -> BTreeSet<Gap> {
    let mut by_place: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (index, (_, snapshot)) in snapshots.iter().enumerate() {
        by_place.entry((&snapshot.source, &snapshot.root)).or_default().push(index);
    }
    let mut undated = BTreeSet::new();
    for indices in by_place.into_values().filter(|indices| indices.len() > 1) {
        let all: Vec<(usize, State<'_>)> = indices
            .into_iter()
            .filter_map(|index| Some((index, State::of(snapshots.get(index)?))))
            .collect();
        // What came so often is not compared, each with each.
        let is_much = all.len() > Limits::DEFAULT.compared_max;
        let is_undated = |(index, own): &&(usize, State<'_>)| {
            is_much || all.iter().any(|(other, state)| other != index && own.may_be_older(state))
        };
        undated.extend(all.iter().filter(is_undated).map(|(index, _)| *index));
    }
    let mut gaps = BTreeSet::new();
    for index in undated {
        let Some((_, snapshot)) = snapshots.get_mut(index) else { continue };
        let gap = gap(snapshot);
        snapshot.gaps.push(gap.clone());
        snapshot.gaps.sort();
        gaps.insert(gap);
    }
    gaps
}

fn gap(snapshot: &Snapshot) -> Gap {
    let path = Some(snapshot.root.clone()).filter(|root| !root.is_empty());
    let reason = "was read at two times and differs, and nothing shows what it is now; give only the facts that were written last, or scan it again";
    let (source, reason) = (snapshot.source.clone(), reason.to_owned());
    Gap { source, path, kind: GapKind::Undated, reason }
}

/// What tells a state of an install from those of others.
struct State<'s> {
    label: Option<&'s str>,
    snapshot: &'s Snapshot,
    role: Option<Role>,
}

impl<'s> State<'s> {
    fn of((label, snapshot): &'s (Option<String>, Snapshot)) -> Self {
        Self { label: label.as_deref(), snapshot, role: snapshot.role() }
    }

    /// Returns `true` if nothing shows that this is not the other one at an earlier time, and it says something else.
    fn may_be_older(&self, other: &Self) -> bool {
        let uuid = |own: &Self| own.snapshot.sling_id.as_ref().map(|id| id.uuid.clone());
        if let Some((own, other)) = uuid(self).zip(uuid(other)) {
            if own != other {
                return false;
            }
        } else if differ(self.label, other.label) || differ(self.role, other.role) {
            return false;
        }
        // With a start, that it came twice is known. What its logs say grows every day.
        self.snapshot.last_start_ms.is_none() || judged(self.snapshot) != judged(other.snapshot)
    }
}

fn differ<T: PartialEq>(own: Option<T>, other: Option<T>) -> bool {
    own.zip(other).is_some_and(|(own, other)| own != other)
}

/// Returns what is judged of an instance, logs aside.
fn judged(snapshot: &Snapshot) -> Snapshot {
    let (label, times, log, trials) = (None, Times::default(), None, BTreeSet::new());
    Snapshot { label, times, log, trials, ..snapshot.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Judged, Selection, Verdict, judge};
    use crate::farm::{FarmPlan, farms};
    use crate::testing::{Instance, farm};

    const ID: &str = "00000000-0000-4000-8000-00000000000";

    /// A farm of an author and of states of one directory.
    fn judged_with(states: &[&dyn Fn(Instance) -> Instance]) -> (Judged, usize) {
        let one = |name: &str, change: &dyn Fn(Instance) -> Instance| {
            let mut built = farm().with(name, change).build();
            (None, built.members.remove(0).snapshot)
        };
        let author = one("author", &|i| i.role("author").sling_id(&format!("{ID}1")).started_at(1));
        let mut all = vec![author];
        all.extend(states.iter().map(|change| one("m/publish", change)));
        let gaps: Vec<Gap> = tell_undated(&mut all).into_iter().collect();
        let count = gaps.len();
        let plan = FarmPlan { gaps: &gaps, ..FarmPlan::default() };
        let farms = farms(all, &plan).expect("no policy");
        (judge(farms, &Selection::default()).remove(0), count)
    }

    fn publish(id: u8, hmac: u8, start: u64) -> impl Fn(Instance) -> Instance {
        move |i| {
            let i = i.role("publish").sling_id(&format!("{ID}{id}")).started_at(start);
            if hmac == 0 { i } else { i.hmac(&[hmac; 32]) }
        }
    }

    #[test]
    fn directory_before_and_after_a_repair_is_no_clone_and_leaves_it_open() {
        let (judged, count) = judged_with(&[&publish(2, 7, 1), &publish(2, 0, 1)]);
        assert_eq!((judged.farm.members.len(), count), (3, 1));
        assert_eq!(judged.findings.iter().map(|found| found.rule.id).collect::<Vec<_>>(), [""; 0]);
        assert!(judged.farm.gaps.iter().all(|gap| gap.kind == GapKind::Undated));
        assert!(matches!(judged.verdict, Verdict::Undecided(_)));
        let (judged, _) = judged_with(&[&publish(2, 0, 1), &publish(2, 0, 2)]);
        assert!(matches!(judged.verdict, Verdict::Undecided(_)), "it was started again");
    }

    #[test]
    fn other_instance_of_the_name_is_compared() {
        let (judged, count) = judged_with(&[&publish(2, 7, 1), &publish(3, 0, 1)]);
        assert_eq!((judged.verdict, count), (Verdict::Inconsistent, 0));
    }

    #[test]
    fn instance_without_a_sling_id_may_be_any_of_its_role() {
        let nameless = |mut i: Instance| {
            i = publish(2, 7, 1)(i);
            i.snapshot.sling_id = None;
            i
        };
        let (judged, count) = judged_with(&[&publish(2, 0, 1), &nameless]);
        assert!(matches!(judged.verdict, Verdict::Undecided(_)));
        assert_eq!(count, 1);
        let author = |i: Instance| nameless(i).role("author");
        assert_eq!(judged_with(&[&publish(2, 0, 1), &author]).1, 0);
    }

    #[test]
    fn what_only_its_logs_tell_apart_came_twice() {
        let line = |day: u8| {
            format!(
                "{day}.11.2026 08:00:12.000 *INFO* [x] c.C Starting Crypto Support (com.adobe.granite.crypto, 3.4.16) with Bundle storage\n"
            )
        };
        let on = |day: u8| move |i: Instance| publish(2, 0, 1)(i).log("error.log", &line(day));
        let (judged, count) = judged_with(&[&on(26), &on(27)]);
        let rules: Vec<&str> = judged.findings.iter().map(|found| found.rule.id).collect();
        assert_eq!((rules, count), (vec!["same-instance-twice"], 0));
        assert_eq!(judged.verdict, Verdict::Consistent);
    }
}
