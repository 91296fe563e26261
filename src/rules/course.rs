//! Several repairs of one instance as one: it is stopped once, everything is done while it stands, and it is started once.

use super::step::Turn;
use super::{Excuse, Finding, KeyRepair, Step};
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

/// Returns steps without a run of others in them; `None` where it is not in them.
pub fn cut_out(steps: &[Step], run: &[Step]) -> Option<Vec<Step>> {
    let first = run.first()?;
    let starts = steps.iter().enumerate().filter(|(_, step)| *step == first);
    let mut parts = starts.filter_map(|(at, _)| steps.split_at_checked(at));
    let (before, rest) = parts.find_map(|(before, at)| Some((before, at.strip_prefix(run)?)))?;
    Some(before.iter().chain(rest).cloned().collect())
}

/// Makes the repairs of findings fit each other: what several do to one instance is done while it is stopped once, and together
/// with the copying of keys where it gets those.
pub(super) fn join(findings: &mut [Finding], repair: &mut Option<KeyRepair>) {
    let run = repair.as_ref().map(KeyRepair::steps).unwrap_or_default();
    let mut courses: Vec<Option<(bool, Course)>> = findings
        .iter()
        .map(|found| (!matches!(found.excuse, Some(Excuse::Suppressed { .. }))).then_some(found))
        .map(|found| {
            let rest = cut_out(&found?.hit.fix, &run);
            let course = Course::of(rest.as_ref().unwrap_or(&found?.hit.fix));
            Some((rest.is_some(), course))
        })
        .collect();
    let copy_steps = match repair {
        Some(KeyRepair::Copy(copy)) => {
            for (asks, course) in courses.iter_mut().flatten() {
                *asks |= with_copy(course, copy);
            }
            copy.steps()
        }
        _ => run.clone(),
    };
    let by_instance = by_instance(courses.iter().flatten().map(|(_, course)| course));
    for (finding, course) in findings.iter_mut().zip(&courses) {
        let Some((asks, course)) = course else { continue };
        let mut whole = Course::default();
        for other in course.stops.keys().filter_map(|name| by_instance.get(name.as_str())) {
            whole.join(other);
        }
        whole.join(course);
        finding.hit.fix = match asks {
            true if whole.stops.is_empty() => {
                [whole.before.all, copy_steps.clone(), whole.after.in_order()].concat()
            }
            true => [copy_steps.clone(), whole.steps()].concat(),
            false => whole.steps(),
        };
    }
}

/// Gives the copying of keys what a repair does to the instances that get them, and leaves what it does after. Says whether it did.
fn with_copy(course: &mut Course, copy: &mut super::KeyCopy) -> bool {
    let targets: BTreeSet<String> = copy.targets.iter().map(|target| target.name.clone()).collect();
    let is_target = |name: &str| targets.contains(name);
    let touched = course.stops.keys().any(|name| is_target(name));
    let parts = [&mut course.before.all, &mut course.after.all].into_iter();
    let mut settled = false;
    for steps in parts.chain(course.stops.values_mut().map(|steps| &mut steps.all)) {
        settled |= steps.iter().any(|step| step.is_settled(is_target));
        *steps = steps.drain(..).filter_map(|step| step.where_copied(is_target)).collect();
    }
    for target in &mut copy.targets {
        let Some(stopped) = course.stops.remove(&target.name) else { continue };
        let new = stopped.all.into_iter().filter(|step| !target.also.contains(step));
        target.also.extend(new.collect::<Vec<_>>());
    }
    let asks = touched || settled;
    if asks {
        let told =
            |step: &Step| copy.first.contains(step) || *step == super::steps::OVERWRITE_WARNING;
        let new: Vec<Step> = course.before.all.drain(..).filter(|step| !told(step)).collect();
        copy.first.extend(new);
    }
    asks
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
