//! Applies the rules to farms, once, and puts together what they say of them.

use super::advice::wants;
use super::excuse::{accepted, is_about_suppressions, suppressed, tell_stale};
use super::marks::marked;
use super::repair::{KeyRepair, key_repair};
use super::{Excuse, Finding, RULES, Rule, Severity, Verdict, course, known, verdict};
use crate::facts::Date;
use crate::farm::{Farm, Matrix, Member};
use crate::policy::{Baseline, Level, Suppression};
use crate::repair::{Outcome, Plan, RuleId, Want, draft};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Which findings to show, how grave they are, and which do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only those of these rules; all when empty.
    pub select: Vec<String>,
    /// Not those of these rules.
    pub ignore: Vec<String>,
    /// None below this severity.
    pub min_severity: Option<Severity>,
    /// Severities that a policy gives rules, by id.
    pub severities: BTreeMap<String, Level>,
    /// Findings that a policy suppresses.
    pub suppressions: Vec<Suppression>,
    /// The day on which suppressions are to hold; all do when `None`.
    pub today: Option<Date>,
    /// Findings that are known.
    pub baseline: Baseline,
}

impl Selection {
    /// Returns the severity that findings of a rule are to have; `None` where they are not to be shown.
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        let names = |ids: &[String]| ids.iter().any(|named| named == rule.id);
        let severity = match self.severities.get(rule.id) {
            Some(Level::Off) => return None,
            Some(Level::Error) => Severity::Error,
            Some(Level::Warning) => Severity::Warning,
            Some(Level::Note) => Severity::Note,
            None => rule.severity,
        };
        let is_shown = (self.select.is_empty() || names(&self.select))
            && !names(&self.ignore)
            && self.min_severity.is_none_or(|least| severity >= least);
        is_shown.then_some(severity)
    }

    /// Returns `true` if there is a rule of this id whose findings are shown.
    pub fn looks_for(&self, id: &str) -> bool {
        RULES.iter().any(|rule| rule.id == id && self.severity(rule).is_some())
    }
}

/// A farm with what the rules say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The farm.
    pub farm: Farm,
    /// Its matrix.
    pub matrix: Matrix,
    /// The selected findings, excused ones too, the gravest first.
    pub findings: Vec<Finding>,
    /// How many findings the selection leaves out.
    pub left_out: usize,
    /// The verdict, from all findings, selected or not, excused or not, at the severity of their rules.
    pub verdict: Verdict,
    /// Whether errors make the verdict, and each of them is shown with an excuse.
    pub errors_excused: bool,
    /// How its keys are made equal, where a finding asks for that which is shown and not suppressed. The fix of such a finding holds its
    /// steps, those for the instances that it is about.
    pub key_repair: Option<KeyRepair>,
    /// What is to be done, and what comes of it.
    pub plan: Plan,
}

impl Judged {
    /// Returns `true` if there are instances to compare with each other; one that came in twice is no two.
    pub fn has_peers(&self) -> bool {
        verdict::distinct(&self.farm) > 1
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
        self.findings.iter().filter(|finding| finding.excuse == Some(Excuse::Known)).count()
    }
}

/// Applies all rules to all farms.
pub fn judge(mut farms: Vec<Farm>, selection: &Selection) -> Vec<Judged> {
    tell_stale(&mut farms, selection);
    let mut baseline = selection.baseline.clone();
    farms.into_iter().map(|farm| judge_one(farm, selection, &mut baseline)).collect()
}

fn judge_one(mut farm: Farm, selection: &Selection, baseline: &mut Baseline) -> Judged {
    let mut findings = findings_with_accepted(&mut farm, selection);
    let trusted = trusted(&farm);
    let repair = key_repair(&trusted);
    let matrix = marked(&farm, &trusted, &findings, &repair);
    let verdict = verdict(&farm, &findings);
    let count = findings.len();
    let is_error = |finding: &&Finding| finding.rule.severity == Severity::Error;
    let errors = findings.iter().filter(is_error).count();
    findings.retain_mut(|finding| match selection.severity(finding.rule) {
        Some(severity) => {
            finding.severity = severity;
            true
        }
        None => false,
    });
    for finding in &mut findings {
        finding.excuse = suppressed(&farm, finding, selection).or_else(|| {
            let is_known = !is_about_suppressions(finding) && baseline.take(&known(&farm, finding));
            is_known.then_some(Excuse::Known)
        });
    }
    sort(&mut findings);
    let left_out = count.saturating_sub(findings.len());
    let excused = findings.iter().filter(is_error).filter(|found| found.excuse.is_some()).count();
    let errors_excused = errors > 0 && excused == errors;
    let wanted = wants(&findings);
    let wanted: Vec<Want<'_>> = wanted.iter().map(|(rule, need)| (*rule, need)).collect();
    let draft = draft(&self::trusted(&farm), &wanted);
    let plan = draft.prove(&mut farm, outcome);
    let mut key_repair = asked(repair, &findings);
    course::join(&mut findings, &mut key_repair);
    Judged { farm, matrix, findings, left_out, verdict, errors_excused, key_repair, plan }
}

/// Judges the facts of a farm to which its plan was applied.
fn outcome(farm: &Farm) -> Outcome {
    let found = findings(farm);
    match verdict(farm, &found) {
        Verdict::Consistent => Outcome::Consistent,
        Verdict::Undecided(doubts) => {
            Outcome::StillOpen(doubts.iter().map(ToString::to_string).collect())
        }
        Verdict::Inconsistent => {
            let errors = found.iter().filter(|found| found.rule.severity == Severity::Error);
            let rules: BTreeSet<RuleId> = errors.map(|found| found.rule.id).collect();
            Outcome::StillWrong(rules.into_iter().collect())
        }
    }
}

/// Returns what all rules find, with repairs that leave out the instances whose keys the policy accepts.
fn findings_with_accepted(farm: &mut Farm, selection: &Selection) -> Vec<Finding> {
    let first = findings(farm);
    let accepted = accepted(farm, &first, selection);
    if accepted.is_empty() {
        return first;
    }
    farm.expected.accepted = accepted;
    findings(farm)
}

/// Says how the keys are made equal, where a finding asks for that which is shown and which the policy does not accept.
fn asked(repair: KeyRepair, findings: &[Finding]) -> Option<KeyRepair> {
    let is_accepted = |found: &Finding| matches!(found.excuse, Some(Excuse::Suppressed { .. }));
    let asks = |found: &Finding| !is_accepted(found) && found.hit.asks_for_keys();
    findings.iter().any(asks).then_some(repair)
}

/// Returns what all rules find, the gravest first.
pub(super) fn findings(farm: &Farm) -> Vec<Finding> {
    let trusted = trusted(farm);
    let of = |rule: &&'static Rule| {
        let rule = *rule;
        let finding = move |hit| Finding { rule, hit, severity: rule.severity, excuse: None };
        (rule.check)(&trusted).into_iter().map(finding)
    };
    let mut findings: Vec<Finding> = RULES.iter().flat_map(of).collect();
    sort(&mut findings);
    findings
}

/// Stable: within a severity the order of the registry and of the instances stays.
fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| Reverse(finding.severity));
}

/// Leaves out instances whose bytes fail a checksum: a wrong bit there would look like a wrong key.
pub(super) fn trusted(farm: &Farm) -> Cow<'_, Farm> {
    let is_verified = |member: &Member| member.snapshot.is_verified();
    if farm.members.iter().all(is_verified) {
        return Cow::Borrowed(farm);
    }
    let mut farm = farm.clone();
    farm.members.retain(is_verified);
    Cow::Owned(farm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
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
        assert!(judged(&Selection::default()).key_repair.is_some());
        assert!(judged(&policy(&accept("hmac-differs"))).key_repair.is_some());
        let accepted = judged(&policy(&both));
        assert_eq!((accepted.key_repair, accepted.errors_excused), (None, true));
        let off = "[severity]\nhmac-differs = \"off\"\nhalf-copied-pair = \"off\"";
        let off = judged(&policy(off));
        assert_eq!((off.key_repair, off.errors_excused, off.left_out), (None, false, 2));
    }

    #[test]
    fn instances_whose_keys_the_policy_accepts_are_left_out_of_the_repair() {
        let other = |first: u8| -> Vec<u8> { (first..first.saturating_add(32)).collect() };
        let farm = || {
            let odd = |first| {
                move |i: crate::testing::Instance| i.hmac(&other(first)).master(&other(first)[..16])
            };
            good_farm(&["a", "b", "c"]).with("d", odd(1)).with("e", odd(40)).build()
        };
        let accept = |rule: &str, instances: &str| {
            let head = format!("[[suppress]]\nrule = \"{rule}\"\nreason = \"r\"\n");
            format!("{head}instances = [{instances}]\n")
        };
        let repair = |text: String| {
            let judged = judge(vec![farm()], &policy(&text)).remove(0);
            let told = judged.findings.iter().any(|found| found.rule.id == "suppression-unmatched");
            let Some(KeyRepair::Copy(copy)) = &judged.key_repair else { panic!("{judged:?}") };
            let targets: Vec<String> = copy.targets.iter().map(|t| t.name.clone()).collect();
            let steps = judged.findings[0].hit.fix.join("\n");
            (targets.join(" "), copy.left_out.join(" "), told, steps)
        };
        let both = ["hmac-differs", "master-differs"].map(|rule| accept(rule, "\"e\"")).concat();
        let (targets, left_out, told, steps) = repair(both);
        assert_eq!((targets.as_str(), left_out.as_str(), told), ("d", "e", false));
        assert!(steps.contains("Leave the keys of e as they are: the policy accepts them."));
        assert!(steps.contains("Stop d.") && !steps.contains("Stop e."), "{steps}");
        // The finding on master still asks for its repair.
        let (targets, left_out, ..) = repair(accept("hmac-differs", "\"e\""));
        assert_eq!((targets.as_str(), left_out.as_str()), ("d e", ""));
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
        let farm = good_farm(&["a"]).with("b", |i| i.hmac(&[1; 32]).owned_by(1000, 0o644)).build();
        let severities: Vec<_> = findings(&farm).iter().map(|f| f.rule.severity).collect();
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
        let farm = good_farm(&["a", "b"])
            .with("c", |i| i.hmac(&[1; 32]).gap(GapKind::CorruptStream, None))
            .build();
        assert_eq!(findings(&farm), []);
    }
}
