//! Judges farms, as a line: find, suppress, plan, causes, verdict. Each rule runs once, and nothing is written back to a farm.

use super::causes::{Cause, CauseRoots, causes};
use super::excuse::Excuse;
use super::find::{Finding, find, sort};
use super::highlight::highlighted;
use super::suppression::{Suppressions, accepted, excuse, stale};
use super::verdict::doubts;
use super::{Selection, Verdict, verdict};
use crate::farm::{Farm, Matrix, has_untried_master};
use crate::policy::{Baseline, Suppression};
use crate::repair::{Id, Need, Outcome, Plan, RuleId, RuleNeed, Scope, Unless, draft};
use crate::rules::Severity;
use std::collections::BTreeSet;

/// A farm with what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The farm.
    pub farm: Farm,
    /// Its matrix.
    pub matrix: Matrix,
    /// The selected findings, excused ones too, the gravest first.
    pub findings: Vec<Finding>,
    /// What a person has to repair, each with the findings that it explains, the gravest first.
    pub causes: Vec<Cause>,
    /// How many findings the selection leaves out.
    pub left_out: usize,
    /// The verdict, from all findings, selected or not, excused or not, at the severity of their rules.
    pub verdict: Verdict,
    /// Whether errors make the verdict, and each of them is shown with an excuse.
    pub errors_excused: bool,
    /// What is to be done, and what comes of it.
    pub plan: Plan,
    /// The instances whose keys stay as they are, because the policy suppresses all that asks for other ones.
    pub accepted: BTreeSet<Id>,
}

impl Judged {
    /// Returns `true` if there are instances to compare with each other; one that came in twice is no two.
    pub fn has_peers(&self) -> bool {
        self.instances() > 1
    }

    /// Counts the instances; one that came in twice counts once.
    pub fn instances(&self) -> usize {
        verdict::distinct(&self.farm)
    }

    /// Counts the findings of a severity that have no excuse.
    pub fn count(&self, severity: Severity) -> usize {
        let counts = |f: &&Finding| f.excuse.is_none() && f.severity == severity;
        self.findings.iter().filter(counts).count()
    }

    /// Counts the findings that the policy suppresses.
    pub fn suppressed(&self) -> usize {
        let suppressed =
            |finding: &&Finding| matches!(finding.excuse, Some(Excuse::Suppressed { .. }));
        self.findings.iter().filter(suppressed).count()
    }

    /// Counts the findings that are in the baseline.
    pub fn known(&self) -> usize {
        self.findings.iter().filter(|finding| finding.remark().is_some()).count()
    }
}

/// Applies all rules to all farms.
pub fn judge(farms: Vec<Farm>, selection: &Selection) -> Vec<Judged> {
    judge_each(farms, selection, &mut selection.baseline.clone()).collect()
}

/// Applies all rules to one farm after the other, each when it is asked for: those before may be dropped. What a finding is excused by is
/// taken out of `baseline`.
pub fn judge_each<'s>(
    farms: Vec<Farm>,
    selection: &'s Selection,
    baseline: &'s mut Baseline,
) -> Box<dyn Iterator<Item = Judged> + 's> {
    let found = farms.into_iter().map(|mut farm| {
        let findings = find(&mut farm);
        (farm, findings)
    });
    let suppressions = Suppressions::of(selection);
    let judge = move |(farm, findings): (Farm, Vec<Finding>)| {
        let own = suppressions.on(&farm);
        judge_one(farm, findings, selection, &own, baseline)
    };
    if selection.suppressions.is_empty() {
        return Box::new(found.map(judge));
    }
    // That a suppression does nothing shows when all is found.
    let mut found: Vec<(Farm, Vec<Finding>)> = found.collect();
    stale(&mut found, selection);
    Box::new(found.into_iter().map(judge))
}

fn judge_one(
    mut farm: Farm,
    mut findings: Vec<Finding>,
    selection: &Selection,
    suppressions: &[&Suppression],
    baseline: &mut Baseline,
) -> Judged {
    let accepted = accepted(&farm, &findings, suppressions, selection);
    // Before the selection: no option and no policy makes a farm consistent.
    let verdict = verdict(&farm, &findings).of_at_least(selection.min_instances, &farm);
    let matrix = highlighted(Scope { farm: &farm, accepted: &accepted }, &findings);
    let is_error = |finding: &&Finding| finding.rule.severity == Severity::Error;
    let (count, errors) = (findings.len(), findings.iter().filter(is_error).count());
    findings.retain_mut(|finding| match selection.severity_of(finding.rule, finding.hit.is_note) {
        Some(severity) => {
            finding.severity = severity;
            true
        }
        None => false,
    });
    for finding in &mut findings {
        finding.excuse = excuse(&farm, finding, suppressions, baseline);
    }
    sort(&mut findings);
    let excused = findings.iter().filter(is_error).filter(|found| found.excuse.is_some()).count();
    let plan = plan(&mut farm, &findings, &accepted, selection.min_instances);
    let causes = causes(&findings, &plan);
    Judged {
        left_out: count.saturating_sub(findings.len()),
        errors_excused: errors > 0 && excused == errors,
        farm,
        matrix,
        findings,
        causes,
        verdict,
        plan,
        accepted,
    }
}

/// Makes one plan of what the findings want that are shown and that the policy does not accept, and proves it.
fn plan(
    farm: &mut Farm,
    findings: &[Finding],
    accepted: &BTreeSet<Id>,
    min_instances: usize,
) -> Plan {
    let roots = CauseRoots::of(findings);
    // What the baseline knows is repaired all the same: it was there before, and is no less wrong.
    let is_suppressed =
        |finding: &Finding| matches!(finding.excuse, Some(Excuse::Suppressed { .. }));
    let is_settled = |index: usize, need: &Need| {
        matches!(need, Need::Advice { unless: Some(Unless::Explained), .. })
            && roots.root(index) != index
    };
    let mut wants: Vec<RuleNeed<'_>> = Vec::new();
    for (index, finding) in findings.iter().enumerate().filter(|(_, found)| !is_suppressed(found)) {
        let needs = finding.hit.needs.iter().filter(|need| !is_settled(index, need));
        wants.extend(needs.map(|need| (finding.rule.id, need)));
    }
    draft(Scope { farm, accepted }, &wants).prove(farm, |farm| outcome(farm, min_instances))
}

/// Judges the facts of a farm to which its plan was applied. It brings no instances that did not come.
fn outcome(farm: &mut Farm, min_instances: usize) -> Outcome {
    let found = find(farm);
    let errors = found.iter().filter(|found| found.rule.severity == Severity::Error);
    let rules: BTreeSet<RuleId> = errors.map(|found| found.rule.id).collect();
    let untried = farm.members.iter().filter(|member| has_untried_master(member)).map(|member| {
        format!(
            "whether the secrets of {} open with the master that it gets was not tried",
            member.name
        )
    });
    let untried: Vec<String> = untried.collect();
    let few = Verdict::Consistent.of_at_least(min_instances, farm);
    let doubts = doubts(farm);
    let open = few.reasons().iter().chain(&doubts).map(ToString::to_string);
    let open: Vec<String> = open.chain(untried).collect();
    match (rules.is_empty(), open.is_empty()) {
        (true, true) => Outcome::Consistent,
        (true, false) => Outcome::StillOpen(open),
        (false, _) => Outcome::StillWrong { rules: rules.into_iter().collect(), open },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::known;
    use crate::facts::GapKind;
    use crate::repair::{Decision, Do};
    use crate::rules::RULES;
    use crate::testing::good_farm;

    fn with_odd_hmac() -> Farm {
        let odd: Vec<u8> = (1..33).collect();
        good_farm(&["a", "b"]).with("c", |i| i.hmac(&odd)).build()
    }

    fn judged(selection: &Selection) -> Judged {
        judge(vec![with_odd_hmac()], selection).remove(0)
    }

    /// Rules and excuses of the findings, and how many errors count.
    fn excuses(judged: &Judged) -> (Vec<(&'static str, bool)>, usize) {
        let findings = judged.findings.iter();
        let excused = findings.map(|finding| (finding.rule.id, finding.excuse.is_some())).collect();
        (excused, judged.count(Severity::Error))
    }

    fn policy(text: &str) -> Selection {
        let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        let policy = crate::policy::parse(text, &ids).expect("a policy");
        let today = "2026-06-01".parse().ok();
        let (severities, suppressions) = (policy.severities, policy.suppressions);
        Selection { severities, suppressions, today, ..Selection::default() }
    }

    #[test]
    fn suppressed_finding_does_not_count_and_leaves_the_verdict() {
        let selection = policy(
            "[[suppress]]\nrule = \"hmac-differs\"\ninstances = [\"c\"]\nreason = \"r\"\nuntil = \"2026-06-01\"",
        );
        let judged = judged(&selection);
        assert_eq!(
            excuses(&judged),
            (vec![("hmac-differs", true), ("half-copied-pair", false)], 1)
        );
        assert_eq!((judged.suppressed(), judged.verdict), (1, Verdict::Inconsistent));
    }

    #[test]
    fn repair_brings_no_instance_that_did_not_come() {
        let of = |min_instances| {
            judged(&Selection { min_instances, ..Selection::default() }).plan.outcome
        };
        assert_eq!(of(3), Outcome::Consistent);
        assert!(matches!(of(4), Outcome::StillOpen(open) if open.len() == 1));
    }

    #[test]
    fn expired_or_unmatched_suppression_is_a_finding() {
        for (rule, until, told) in [
            ("hmac-differs", "2026-05-31", "suppression-expired"),
            ("storage-jcr", "2026-06-01", "suppression-unmatched"),
        ] {
            let text =
                format!("[[suppress]]\nrule = \"{rule}\"\nreason = \"r\"\nuntil = \"{until}\"");
            let judged = judged(&policy(&text));
            assert_eq!(excuses(&judged).0.last(), Some(&(told, false)), "{judged:?}");
            assert_eq!(judged.suppressed(), 0);
        }
    }

    #[test]
    fn suppression_is_not_unmatched_where_a_source_was_not_read_whole() {
        let selection = policy("[[suppress]]\nrule = \"storage-jcr\"\nreason = \"r\"");
        let farm = good_farm(&["a"]).with("b", |i| i.gap(GapKind::Partial, None)).build();
        assert_eq!(judge(vec![farm], &selection)[0].findings, []);
    }

    #[test]
    fn severity_of_the_policy_counts_and_leaves_the_verdict() {
        let judged =
            judged(&policy("[severity]\nhmac-differs = \"note\"\nhalf-copied-pair = \"off\""));
        assert_eq!(excuses(&judged), (vec![("hmac-differs", false)], 0));
        assert_eq!((judged.count(Severity::Note), judged.left_out), (1, 1));
        assert_eq!(judged.verdict, Verdict::Inconsistent);
    }

    #[test]
    fn keys_that_the_policy_accepts_are_not_repaired() {
        let accept = |rule| format!("[[suppress]]\nrule = \"{rule}\"\nreason = \"r\"\n");
        let both = [accept("hmac-differs"), accept("half-copied-pair")].concat();
        let copies = |judged: &Judged| matches!(judged.plan.decision, Decision::Copy { .. });
        assert!(copies(&judged(&Selection::default())));
        assert!(copies(&judged(&policy(&accept("hmac-differs")))));
        let accepted = judged(&policy(&both));
        assert_eq!((accepted.plan.is_empty(), accepted.errors_excused), (true, true));
        let off = "[severity]\nhmac-differs = \"off\"\nhalf-copied-pair = \"off\"";
        let off = judged(&policy(off));
        assert_eq!((off.plan.is_empty(), off.errors_excused, off.left_out), (true, false, 2));
    }

    #[test]
    fn instances_whose_keys_the_policy_accepts_are_left_out_of_the_repair() {
        let other = |first: u8| -> Vec<u8> { (first..first.saturating_add(32)).collect() };
        let farm = || {
            let odd = |first| {
                move |i: crate::testing::Instance| i.hmac(&other(first)).master(&other(first)[..16])
            };
            good_farm(&["a", "b", "c"]).with("d", odd(1)).with("e", odd(140)).build()
        };
        let accept = |rule: &str, instances: &str| {
            let head = format!("[[suppress]]\nrule = \"{rule}\"\nreason = \"r\"\n");
            format!("{head}instances = [{instances}]\n")
        };
        let repair = |text: String| {
            let judged = judge(vec![farm()], &policy(&text)).remove(0);
            let told = judged.findings.iter().any(|found| found.rule.id == "suppression-unmatched");
            let stopped = judged.plan.windows.iter().map(|window| window.instance.clone());
            let mut leave = judged.plan.before.iter().filter_map(|action| match &action.does {
                Do::Manual(text) => Some(text.to_string()),
                _ => None,
            });
            let stopped: Vec<String> = stopped.collect();
            (stopped.join(" "), told, leave.next_back().unwrap_or_default())
        };
        let both = ["hmac-differs", "master-differs"].map(|rule| accept(rule, "\"e\"")).concat();
        let (stopped, told, text) = repair(both);
        assert_eq!((stopped.as_str(), told), ("d", false));
        let leave = "Leave the keys of e as they are: the policy accepts them.";
        assert_eq!(text, leave);
        // The finding on master still asks for its repair.
        let (stopped, _, text) = repair(accept("hmac-differs", "\"e\""));
        assert_eq!(stopped, "d e");
        assert_ne!(text, leave);
    }

    #[test]
    fn keys_that_the_policy_accepts_do_not_leave_the_repository() {
        let key: Vec<u8> = (0xC0..0xE0).collect();
        let stored = |i: crate::testing::Instance| i.jcr_mode(&key, &key[..16]).storage(b"JCR\n");
        let farm = || good_farm(&["a", "b"]).with("c", stored).build();
        let accepts = ["hmac-differs", "master-differs"].map(|rule| {
            format!("[[suppress]]\nrule = \"{rule}\"\ninstances = [\"c\"]\nreason = \"r\"\n")
        });
        let places = |judged: &Judged| {
            let mut actions = judged.plan.actions();
            actions.any(|action| matches!(action.does, Do::Place { .. }))
        };
        let moved = judge(vec![farm()], &Selection::default()).remove(0);
        assert!(places(&moved), "{:?}", moved.plan);
        let accepted = judge(vec![farm()], &policy(&accepts.concat())).remove(0);
        assert!(accepted.accepted.contains("c") && !places(&accepted), "{:?}", accepted.plan);
        let told = accepted.plan.before.iter().filter_map(|action| match &action.does {
            Do::Manual(text) => Some(text.to_string()),
            _ => None,
        });
        let told: Vec<String> = told.collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("The policy accepts the keys of c"), "{told:?}");
    }

    #[test]
    fn known_finding_does_not_count_and_a_new_one_does() {
        let first = judged(&Selection::default());
        let keep = |finding: &&Finding| finding.rule.id == "hmac-differs";
        let findings = first.findings.iter().filter(keep);
        let baseline = findings.map(|finding| known(&first.farm, finding)).collect();
        let again = judged(&Selection { baseline, ..Selection::default() });
        assert_eq!(excuses(&again), (vec![("hmac-differs", true), ("half-copied-pair", false)], 1));
        assert_eq!((again.known(), again.verdict), (1, Verdict::Inconsistent));
    }

    #[test]
    fn finding_stays_known_when_sources_move_and_instances_join() {
        let judged_of = |farm| judge(vec![farm], &Selection::default()).remove(0);
        let identities = |judged: &Judged| -> Vec<_> {
            judged.findings.iter().map(|finding| known(&judged.farm, finding)).collect()
        };
        let first = judged_of(with_odd_hmac());
        let odd: Vec<u8> = (1..33).collect();
        let moved = good_farm(&["a", "b", "d"]).with("c", |mut i| {
            i.snapshot.source = "elsewhere/c.tar.gz".to_owned();
            i.hmac(&odd)
        });
        assert_eq!(identities(&first), identities(&judged_of(moved.build())));
        assert!(!identities(&first).is_empty());
    }

    #[test]
    fn gravest_findings_come_first() {
        let odd = |i: crate::testing::Instance| i.hmac(&[1; 32]).owned_by(1000, 0o644);
        let mut farm = good_farm(&["a"]).with("b", odd).build();
        let severities: Vec<_> = find(&mut farm).iter().map(|f| f.rule.severity).collect();
        assert!(severities.is_sorted_by(|a, b| a >= b) && severities.len() > 1, "{severities:?}");
    }

    #[test]
    fn selection_hides_findings_and_counts_them_but_leaves_the_verdict() {
        let all = judged(&Selection::default());
        let ignore = all.findings.iter().map(|finding| finding.rule.id.to_owned()).collect();
        let none = judged(&Selection { ignore, ..Selection::default() });
        assert_eq!((none.findings.len(), none.left_out), (0, all.findings.len()));
        assert_eq!((all.left_out, &all.verdict), (0, &none.verdict));
    }

    #[test]
    fn instance_whose_source_fails_its_checksum_is_not_judged() {
        let mut farm = good_farm(&["a", "b"])
            .with("c", |i| i.hmac(&[1; 32]).gap(GapKind::CorruptStream, None))
            .build();
        assert_eq!(find(&mut farm), []);
    }
}
