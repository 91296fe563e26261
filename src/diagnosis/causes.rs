//! What a person has to repair: root findings, each with the findings that it explains.

use super::Finding;
use crate::repair::{Plan, PlanIndex};
use crate::rules::Severity;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that a person has to repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The index of its root among the findings.
    pub root: usize,
    /// The indices of what it explains: symptoms in logs, and what follows from it.
    pub explains: Vec<usize>,
    /// The instances that it, or what it explains, concerns, sorted.
    pub instances: Vec<String>,
    /// What is done about it: indices into [`Plan::actions`].
    pub actions: Vec<usize>,
}

/// Puts findings under their causes. Notes are no causes; one that a cause explains is reported with it.
pub(super) fn causes(findings: &[Finding], plan: &Plan) -> Vec<Cause> {
    let roots = CauseRoots::of(findings);
    let mut of_root: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate().filter(|(_, found)| counts(found)) {
        match roots.root(index) {
            root if root != index => of_root.entry(root).or_default().push(index),
            _ if finding.severity > Severity::Note => {
                of_root.entry(index).or_default();
            }
            _ => {}
        }
    }
    let index = PlanIndex::of(plan);
    let is_grave =
        |root: &usize| findings.get(*root).is_some_and(|finding| finding.severity > Severity::Note);
    of_root
        .into_iter()
        .filter(|(root, _)| is_grave(root))
        .map(|(root, explains)| cause(findings, &index, root, explains))
        .collect()
}

fn counts(finding: &Finding) -> bool {
    finding.excuse.is_none()
}

/// Findings by rule and instance, and what explains them.
pub(super) struct CauseRoots<'f> {
    findings: &'f [Finding],
    first: BTreeMap<(&'static str, &'f str), usize>,
}

impl<'f> CauseRoots<'f> {
    pub(super) fn of(findings: &'f [Finding]) -> Self {
        let mut first = BTreeMap::new();
        for (index, finding) in findings.iter().enumerate().filter(|(_, found)| counts(found)) {
            for name in &finding.hit.instances {
                first.entry((finding.rule.id, name.as_str())).or_insert(index);
            }
        }
        Self { findings, first }
    }

    /// Follows a finding to what explains it, and that to what explains it in turn.
    pub(super) fn root(&self, index: usize) -> usize {
        let mut at = index;
        let mut seen = BTreeSet::from([index]);
        while let Some(next) = self.explains(at).filter(|next| seen.insert(*next)) {
            at = next;
        }
        at
    }

    /// Returns the finding that explains one: of the first of its rules that fired on an instance of it.
    fn explains(&self, index: usize) -> Option<usize> {
        let finding = self.findings.get(index)?;
        let instances = &finding.hit.instances;
        let mut rules = finding.rule.explained_by.iter();
        let explains = |rule: &&&str| !finding.hit.unexplained_by.contains(rule);
        rules.by_ref().filter(explains).find_map(|rule| {
            instances.iter().find_map(|name| self.first.get(&(*rule, name.as_str()))).copied()
        })
    }
}

fn cause(findings: &[Finding], index: &PlanIndex<'_>, root: usize, explains: Vec<usize>) -> Cause {
    let all: Vec<&Finding> =
        [root].iter().chain(&explains).filter_map(|index| findings.get(*index)).collect();
    let instances: BTreeSet<&str> =
        all.iter().flat_map(|finding| &finding.hit.instances).map(String::as_str).collect();
    let asked = |finding: &&Finding| {
        let here = finding.hit.instances.iter().map(String::as_str);
        index.asked_for(finding.rule.id, finding.rule.compares, here)
    };
    let actions: BTreeSet<usize> = all.iter().flat_map(asked).collect();
    Cause {
        root,
        explains,
        actions: actions.into_iter().collect(),
        instances: instances.into_iter().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::{Judged, Selection, judge};
    use crate::facts::STANDBY_SERVICES;
    use crate::testing::{FarmBuilder, Instance, farm, good_farm};

    /// The rules of the causes, each with those of what it explains.
    fn told(farm: FarmBuilder) -> Vec<(&'static str, Vec<&'static str>)> {
        let Judged { findings, causes, .. } =
            judge(vec![farm.build()], &Selection::default()).remove(0);
        let rule = |index: &usize| findings[*index].rule.id;
        let of = |cause: &super::Cause| {
            (rule(&cause.root), cause.explains.iter().map(rule).collect::<Vec<_>>())
        };
        causes.iter().map(of).collect()
    }

    #[test]
    fn what_follows_from_a_cause_is_told_with_it() {
        let other: Vec<u8> = (100..132).collect();
        let rejected = "18.07.2025 08:00:00.000 *INFO* [x] com.adobe.granite.csrf.impl.CSRFFilter doFilter: the provided CSRF token is invalid\n";
        let odd = |i: Instance| i.hmac(&other).log("error.log", rejected);
        let causes = told(good_farm(&["a", "b"]).with("c", odd));
        assert_eq!(causes.len(), 1, "{causes:?}");
        assert_eq!(causes[0].0, "hmac-differs");
        for rule in ["half-copied-pair", "log-csrf-rejected"] {
            assert!(causes[0].1.contains(&rule), "{causes:?}");
        }
    }

    #[test]
    fn faults_of_two_instances_are_two_causes() {
        let other: Vec<u8> = (100..132).collect();
        let farm = good_farm(&["a", "b", "e"])
            .with("c", |i| i.hmac(&other))
            .with("d", |i| i.storage(b"Bundle\n"));
        let causes = told(farm);
        assert_eq!(
            causes.iter().map(|(rule, _)| *rule).collect::<Vec<_>>(),
            ["hmac-differs", "storage-trailing-newline"]
        );
    }

    #[test]
    fn other_keys_of_a_standby_alone_are_explained_by_what_it_is() {
        let mode = |mode: &str| format!("mode=\"{mode}\"\r\n");
        let author = |of: &'static str, hmac: Vec<u8>| {
            move |i: Instance| i.role("author").hmac(&hmac).config(STANDBY_SERVICES[0], &mode(of))
        };
        let key = |first: u8| -> Vec<u8> { (first..first.saturating_add(32)).collect() };
        let roots = |publisher: u8| -> Vec<&str> {
            let farm = farm()
                .with("p", author("primary", key(100)))
                .with("s", author("standby", key(150)))
                .with("q", |i| i.role("publish").hmac(&key(publisher)));
            let causes = told(farm);
            assert!(causes.iter().all(|(_, explains)| !explains.contains(&"standby-not-ready")));
            causes.into_iter().map(|(root, _)| root).collect()
        };
        assert_eq!(roots(100), ["standby-not-ready"]);
        assert_eq!(roots(200), ["hmac-differs", "standby-not-ready"]);
    }

    #[test]
    fn farm_that_agrees_has_none() {
        assert_eq!(told(good_farm(&["a", "b"])), []);
    }
}
