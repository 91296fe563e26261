//! What is before many farms: one line each, which problem which have, and keys that they share.

use super::super::overview::{by_verdict, gist};
use super::super::{Report, counted};
use crate::diagnosis::Judged;
use crate::farm::listed;
use crate::limits::Limits;
use serde::Serialize;

/// The index.
#[derive(Serialize)]
pub(super) struct IndexView {
    totals: String,
    /// The wrong ones first.
    farms: Vec<LineView>,
    problems: Vec<ProblemView>,
    shared: Vec<String>,
    /// How many more keys are shared.
    more_shared: usize,
}

/// A farm.
#[derive(Serialize)]
struct LineView {
    id: String,
    name: String,
    verdict: &'static str,
    instances: usize,
    causes: usize,
    gist: String,
}

/// A rule, and the farms that it is about.
#[derive(Serialize)]
struct ProblemView {
    rule: String,
    severity: &'static str,
    count: usize,
    farms: String,
}

impl IndexView {
    pub(super) fn new(report: &Report, shown: &[&Judged]) -> Self {
        let mut farms: Vec<(usize, &Judged)> = shown.iter().copied().enumerate().collect();
        farms.sort_by_key(|(index, judged)| (by_verdict(judged), *index));
        let max = Limits::DEFAULT.overview_lines_max;
        let shared = report.shared_keys();
        let told = shared.iter().take(max).map(|key| {
            let farms: Vec<&str> = key.farms.iter().copied().collect();
            format!("{} {}: {} farms: {}", key.name, key.value.short(), farms.len(), listed(&farms))
        });
        Self {
            totals: format!("{} farms: {}", report.farms.len(), report.verdicts()),
            farms: farms.into_iter().map(LineView::from).collect(),
            problems: problems(report),
            shared: told.collect(),
            more_shared: shared.len().saturating_sub(max),
        }
    }
}

impl From<(usize, &Judged)> for LineView {
    fn from((index, judged): (usize, &Judged)) -> Self {
        Self {
            id: id(index),
            name: judged.farm.name.clone(),
            verdict: judged.verdict.label(),
            instances: judged.farm.members.len(),
            causes: judged.causes.len(),
            gist: gist(judged).unwrap_or_default(),
        }
    }
}

/// Returns the anchor of a farm by its place among those that are shown.
pub(super) fn id(index: usize) -> String {
    format!("farm{}", index.saturating_add(1))
}

fn problems(report: &Report) -> Vec<ProblemView> {
    let problem = |problem: &super::super::overview::CommonProblem<'_>| {
        let farms: Vec<&str> = problem.farms.iter().copied().collect();
        ProblemView {
            rule: problem.rule.to_owned(),
            severity: problem.severity.label(),
            count: farms.len(),
            farms: format!("{}: {}", counted(farms.len(), "farm"), listed(&farms)),
        }
    };
    report.problems().iter().map(problem).collect()
}
