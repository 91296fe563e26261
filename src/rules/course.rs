//! Several repairs of one instance as one: it is stopped once, everything is done while it stands, and it is started once.

use super::step::Turn;
use super::steps::OVERWRITE_WARNING;
use super::{Excuse, Finding, KeyCopy, KeyRepair, Step};
use std::collections::{BTreeMap, BTreeSet};

/// A repair in the order in which it is done.
#[derive(Debug, Clone, Default)]
struct Course {
    /// What is done while the instances run.
    before: Steps,
    /// What is done to each while it is stopped.
    stops: BTreeMap<String, Steps>,
    /// What is done when they run again.
    after: Steps,
}

/// Steps in order, each once.
#[derive(Debug, Clone, Default)]
struct Steps {
    all: Vec<Step>,
    texts: BTreeSet<String>,
}

impl Steps {
    fn add(&mut self, step: &Step) {
        if self.texts.insert(step.as_str().to_owned()) {
            self.all.push(step.clone());
        }
    }

    /// Returns all, with those behind that come after all else.
    fn in_order(&self) -> Vec<Step> {
        let (last, first): (Vec<&Step>, Vec<&Step>) =
            self.all.iter().partition(|step| step.is_last());
        first.into_iter().chain(last).cloned().collect()
    }
}

impl Course {
    /// Takes steps apart. What stands between two stops is done after the first.
    fn of<'s>(steps: impl IntoIterator<Item = &'s Step>) -> Self {
        let mut course = Self::default();
        let mut stopped: Option<&str> = None;
        for step in steps {
            match (step.turn(), stopped) {
                (Some(Turn::Stop(name)), _) => {
                    course.stops.entry(name.clone()).or_default();
                    stopped = Some(name);
                }
                (Some(Turn::Start(_)), _) => stopped = None,
                (None, Some(name)) => course.stops.entry(name.to_owned()).or_default().add(step),
                (None, None) if course.stops.is_empty() && !step.is_last() => {
                    course.before.add(step);
                }
                (None, None) => course.after.add(step),
            }
        }
        course
    }

    /// Adds what another one does besides.
    fn join(&mut self, other: &Self) {
        other.before.all.iter().for_each(|step| self.before.add(step));
        other.after.all.iter().for_each(|step| self.after.add(step));
        for (name, steps) in &other.stops {
            self.join_stop(name, steps);
        }
    }

    fn join_stop(&mut self, name: &str, steps: &Steps) {
        let own = self.stops.entry(name.to_owned()).or_default();
        steps.all.iter().for_each(|step| own.add(step));
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = self.before.all.clone();
        for (name, stopped) in &self.stops {
            steps.push(Step::stop(name));
            steps.extend(stopped.in_order());
            steps.push(Step::start(name));
        }
        steps.extend(self.after.in_order());
        steps
    }
}

/// Returns the repairs of several instances as one.
pub(super) fn joined(repairs: impl IntoIterator<Item = Vec<Step>>) -> Vec<Step> {
    let mut course = Course::default();
    repairs.into_iter().for_each(|steps| course.join(&Course::of(&steps)));
    course.steps()
}

/// What a finding wants done.
struct Wanted {
    /// Steps of the repair of the keys, as they were when it was found.
    keys: Vec<Step>,
    /// The instances to which it wants keys copied.
    copied: BTreeSet<String>,
    /// All else.
    course: Course,
}

impl Wanted {
    fn of(fix: &[Step]) -> Self {
        let (keys, own): (Vec<&Step>, Vec<&Step>) =
            fix.iter().partition(|step| step.is_of_key_repair());
        let stopped = keys.iter().filter_map(|step| match step.turn() {
            Some(Turn::Stop(name)) => Some(name.clone()),
            _ => None,
        });
        let copied = stopped.collect();
        Self { keys: keys.into_iter().cloned().collect(), copied, course: Course::of(own) }
    }

    /// Returns the repair of the keys, with what other findings have added to it meanwhile.
    fn key_steps(&self, repair: Option<&KeyRepair>) -> Vec<Step> {
        match repair {
            Some(KeyRepair::Copy(copy)) if !self.copied.is_empty() => {
                copy.steps_for(|name| self.copied.contains(name))
            }
            _ => self.keys.clone(),
        }
    }
}

/// Makes the repairs of findings fit each other: what several do to one instance is done while it is stopped once, and together
/// with the copying of keys where it gets those.
pub(super) fn join(findings: &mut [Finding], repair: &mut Option<KeyRepair>) {
    let mut all: Vec<Option<Wanted>> = findings
        .iter()
        .map(|found| {
            let is_meant = !matches!(found.excuse, Some(Excuse::Suppressed { .. }));
            is_meant.then(|| Wanted::of(&found.hit.fix))
        })
        .collect();
    if let Some(KeyRepair::Copy(copy)) = repair {
        for wanted in all.iter_mut().flatten() {
            join_copy(wanted, copy);
        }
    }
    let by_instance = by_instance(all.iter().flatten().map(|wanted| &wanted.course));
    for (finding, wanted) in findings.iter_mut().zip(&all) {
        let Some(wanted) = wanted else { continue };
        let course = &wanted.course;
        let mut whole = Course::default();
        for other in course.stops.keys().filter_map(|name| by_instance.get(name.as_str())) {
            whole.join(other);
        }
        whole.join(course);
        let keys = wanted.key_steps(repair.as_ref());
        finding.hit.fix = if whole.stops.is_empty() {
            [whole.before.all, keys, whole.after.in_order()].concat()
        } else {
            [keys, whole.steps()].concat()
        };
    }
}

/// Gives the copying of keys what a finding wants done to the instances that get them, and leaves what it wants done after.
fn join_copy(wanted: &mut Wanted, copy: &mut KeyCopy) {
    let course = &mut wanted.course;
    let stopped = course.stops.values().map(|steps| &steps.all);
    let own = [&course.before.all, &course.after.all].into_iter().chain(stopped).flatten();
    let settled = own.filter_map(Step::settled_at).chain(course.stops.keys().map(String::as_str));
    let touched: BTreeSet<String> = settled.map(str::to_owned).collect();
    let is_joined = |name: &String| touched.contains(name);
    let names = copy.targets.iter().map(|target| &target.name);
    let joined: BTreeSet<String> = names.filter(|name| is_joined(name)).cloned().collect();
    let stops = course.stops.values_mut().map(|steps| &mut steps.all);
    for steps in [&mut course.before.all, &mut course.after.all].into_iter().chain(stops) {
        let copied = |step: Step| step.where_copied(|name| joined.contains(name));
        *steps = steps.drain(..).filter_map(copied).collect();
    }
    for target in &mut copy.targets {
        let Some(stopped) = course.stops.remove(&target.name) else { continue };
        let new = stopped.all.into_iter().filter(|step| !target.also.contains(step));
        target.also.extend(new.collect::<Vec<_>>());
    }
    wanted.copied.extend(joined);
    if !wanted.copied.is_empty() {
        let told = |step: &Step| copy.first.contains(step) || *step == OVERWRITE_WARNING;
        let new: Vec<Step> = course.before.all.drain(..).filter(|step| !told(step)).collect();
        // What one instance needs first is told with it: of 1,000 instances, each would have it of all.
        let alone = wanted.copied.first().filter(|_| wanted.copied.len() == 1);
        let index = alone.and_then(|name| copy.position(name));
        let first = match index.and_then(|index| copy.targets.get_mut(index)) {
            Some(target) => &mut target.first,
            None => &mut copy.first,
        };
        let new = new.into_iter().filter(|step| !first.contains(step));
        first.extend(new.collect::<Vec<_>>());
    }
}

/// Returns what the repairs of one instance alone do to it. Those of several are not lent to others: what they save before and delete
/// afterwards is not of one of them, and nothing may be replaced that was not saved.
fn by_instance<'c>(courses: impl Iterator<Item = &'c Course>) -> BTreeMap<&'c str, Course> {
    let mut by_instance: BTreeMap<&str, Course> = BTreeMap::new();
    for course in courses {
        if let (Some(name), 1) = (course.stops.keys().next(), course.stops.len()) {
            by_instance.entry(name).or_default().join(course);
        }
    }
    by_instance
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Selection, judge};
    use crate::testing::{Instance, good_farm};

    /// Steps by their first letters: `+a` stops a, `-a` starts it, `!x` comes last.
    fn steps(text: &str) -> Vec<Step> {
        let step = |word: &str| match word.split_at(1) {
            ("+", name) => Step::stop(name),
            ("-", name) => Step::start(name),
            ("!", text) => Step::from(text).last(),
            _ => word.into(),
        };
        text.split_whitespace().map(step).collect()
    }

    #[test]
    fn instance_is_stopped_once_and_all_is_done_meanwhile() {
        for (repairs, course) in [
            (&["x +a k !s -a y", "+a k m -a !z w"][..], "x +a k m s -a y w z"),
            (&["+a k -a", "+b k -b"], "+a k -a +b k -b"),
            (&["x", "+a k -a y", "z"], "x z +a k -a y"),
            // What is done between two stops needs the first to be over, and not the second.
            (&["+a k -a m +b l -b"], "+a k -a +b l -b m"),
            (&["!x y"], "y x"),
        ] {
            let joined = joined(repairs.iter().map(|repair| steps(repair)));
            let plain: Vec<&str> = joined.iter().map(Step::as_str).collect();
            let wanted: Vec<String> =
                steps(course).iter().map(|step| step.as_str().to_owned()).collect();
            assert_eq!(plain, wanted);
        }
    }

    #[test]
    fn finding_on_one_instance_holds_the_copying_of_keys_to_that_one() {
        let other: Vec<u8> = (100..132).collect();
        let odd = |i: Instance| i.hmac(&other).storage(b"Bundle\n");
        let farm = good_farm(&["a", "b", "c"]).with("x", odd).with("y", odd).build();
        let judged = judge(vec![farm], &Selection::default()).remove(0);
        for (rule, instance, stopped) in [
            ("hmac-differs", "x", &["Stop x.", "Stop y."][..]),
            ("storage-trailing-newline", "x", &["Stop x."]),
            ("storage-trailing-newline", "y", &["Stop y."]),
        ] {
            let names = |finding: &&Finding| {
                finding.rule.id == rule && finding.hit.instances.iter().any(|name| name == instance)
            };
            let fix = &judged.findings.iter().find(names).expect("this finding").hit.fix;
            let stops = fix.iter().map(Step::as_str).filter(|step| step.starts_with("Stop "));
            assert_eq!(stops.collect::<Vec<_>>(), stopped, "{rule} {instance}");
            assert!(fix.iter().any(|step| step.starts_with("Take a as the source")), "{fix:?}");
        }
    }
}
