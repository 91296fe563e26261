//! Many farms at a glance: which are wrong, which problem which of them have, and keys that they share.

use super::{Report, Totals, counted};
use crate::diagnosis::{Judged, Verdict};
use crate::facts::{Digest, KeyName};
use crate::farm::listed;
use crate::limits::Limits;
use crate::rules::Severity;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A problem, and the farms that have it.
pub(super) struct CommonProblem<'r> {
    /// The id of the rule.
    pub(super) rule: &'r str,
    pub(super) severity: Severity,
    /// Their names, in order.
    pub(super) farms: BTreeSet<&'r str>,
}

/// A key that several farms work with.
pub(super) struct SharedKey<'r> {
    pub(super) name: KeyName,
    pub(super) value: Digest,
    /// Their names, in order.
    pub(super) farms: BTreeSet<&'r str>,
}

impl Report {
    /// Returns the farms to be shown in full, which are all where none was chosen.
    pub fn shown(&self) -> Vec<&Judged> {
        let is_shown =
            |judged: &&Judged| self.chosen.is_empty() || self.chosen.contains(&judged.farm.name);
        self.farms.iter().filter(is_shown).collect()
    }

    /// Says how the farms are that are not shown: they count for the exit code as the others do.
    pub(super) fn not_shown(&self) -> Option<String> {
        let is_hidden =
            |judged: &&Judged| !self.chosen.is_empty() && !self.chosen.contains(&judged.farm.name);
        let mut hidden: Vec<&Judged> = self.farms.iter().filter(is_hidden).collect();
        hidden.sort_by_key(|judged| by_verdict(judged));
        let say = |judged: &&Judged| {
            format!("{} {}", judged.farm.name, judged.verdict.label().to_uppercase())
        };
        let is_fine = |judged: &&&Judged| judged.verdict == Verdict::Consistent;
        let fine = hidden.iter().filter(is_fine).count();
        let mut named: Vec<String> = hidden.iter().filter(|one| !is_fine(one)).map(say).collect();
        // There may be hundreds of them, and none of them is why the exit code is not 0.
        named.extend((fine > 0).then(|| format!("{fine} CONSISTENT")));
        let are = if hidden.len() == 1 { "is" } else { "are" };
        let farms = counted(hidden.len(), "other farm");
        (!hidden.is_empty()).then(|| format!("{farms} {are} not shown: {}", listed(&named)))
    }

    /// Returns `true` if the farms are so many that text for people shows what they have in common first.
    pub(super) fn is_overview(&self) -> bool {
        self.farms.len() > Limits::DEFAULT.full_farms_max && self.chosen.is_empty() && !self.details
    }

    /// Counts the farms that are inconsistent, undecided and consistent, in words.
    pub fn verdicts(&self) -> String {
        Totals::of(self).verdicts()
    }

    /// Returns the rules that findings count of, each with the farms that have one: the gravest first, and of those what most have.
    pub(super) fn problems(&self) -> Vec<CommonProblem<'_>> {
        let mut by_rule: BTreeMap<(Severity, &str), BTreeSet<&str>> = BTreeMap::new();
        for judged in &self.farms {
            for finding in judged.findings.iter().filter(|finding| finding.excuse.is_none()) {
                let farms = by_rule.entry((finding.severity, finding.rule.id)).or_default();
                farms.insert(&judged.farm.name);
            }
        }
        let problem = |((severity, rule), farms)| CommonProblem { rule, severity, farms };
        let mut problems: Vec<CommonProblem<'_>> = by_rule.into_iter().map(problem).collect();
        problems.sort_by_key(|problem| {
            (Reverse(problem.severity), Reverse(problem.farms.len()), problem.rule)
        });
        problems
    }

    /// Returns the keys that instances of several farms work with; where a checksum failed, none is reported.
    pub(super) fn shared_keys(&self) -> Vec<SharedKey<'_>> {
        let mut by_key: BTreeMap<(KeyName, Digest), BTreeSet<&str>> = BTreeMap::new();
        for judged in &self.farms {
            for member in judged.farm.members.iter().filter(|one| one.snapshot.is_verified()) {
                for name in KeyName::ALL {
                    if let Some(key) = member.known_key(name) {
                        let farms = by_key.entry((name, key.value)).or_default();
                        farms.insert(&judged.farm.name);
                    }
                }
            }
        }
        let shared = by_key.into_iter().filter(|(_, farms)| farms.len() > 1);
        shared.map(|((name, value), farms)| SharedKey { name, value, farms }).collect()
    }
}

/// Says in one sentence what is the matter with a farm; nothing where all is well.
pub(super) fn gist(judged: &Judged) -> Option<String> {
    let root = judged.causes.first().and_then(|cause| judged.findings.get(cause.root));
    let more = judged.causes.len().saturating_sub(1);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let cause = root.map(|found| format!("{}{more}", found.hit.message));
    match &judged.verdict {
        Verdict::Undecided(doubts) => doubts.first().map(ToString::to_string).or(cause),
        _ => cause,
    }
}

/// Orders farms for people: what is wrong, then what is open, then the rest.
pub(super) fn by_verdict(judged: &Judged) -> u8 {
    match judged.verdict {
        Verdict::Inconsistent => 0,
        Verdict::Undecided(_) => 1,
        Verdict::Consistent => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::farm::Farm;
    use crate::report::{FORMATS, Screen};
    use crate::testing::good_farm;

    fn report(farms: Vec<(&str, Farm)>) -> Report {
        let named = |(name, farm): (&str, Farm)| Farm { name: name.to_owned(), ..farm };
        let farms = farms.into_iter().map(named).collect();
        Report::new(farms, Vec::new(), Vec::new(), &Selection::default(), Screen::default())
    }

    #[test]
    fn farms_are_counted_by_verdict_and_named_by_problem() {
        let other: Vec<u8> = (100..132).collect();
        let odd = || good_farm(&["a", "b"]).with("c", |i| i.hmac(&other)).build();
        let report =
            report(vec![("x", odd()), ("y", odd()), ("z", good_farm(&["a", "b"]).build())]);
        assert_eq!(report.verdicts(), "2 inconsistent, 1 consistent");
        let problems = report.problems();
        let farms: Vec<&str> = problems[0].farms.iter().copied().collect();
        assert_eq!((problems[0].severity, farms), (Severity::Error, vec!["x", "y"]));
        assert!(gist(&report.farms[0]).unwrap().starts_with("c: "), "{:?}", gist(&report.farms[0]));
    }

    #[test]
    fn key_of_several_farms_is_told_and_one_of_one_farm_is_not() {
        let own = |i: crate::testing::Instance| i.hmac(&[3; 32]).master(&[4; 16]);
        let own = || crate::testing::farm().with("a", own).with("b", own).build();
        let report = report(vec![
            ("x", good_farm(&["a", "b"]).build()),
            ("y", good_farm(&["a", "b"]).build()),
            ("z", own()),
        ]);
        let shared = report.shared_keys();
        let names: Vec<KeyName> = shared.iter().map(|key| key.name).collect();
        assert_eq!(names, KeyName::ALL);
        assert!(shared.iter().all(|key| key.farms.iter().copied().eq(["x", "y"])));
    }

    #[test]
    fn chosen_farms_are_shown_in_full() {
        let farms = (0..30).map(|_| ("x", good_farm(&["a", "b"]).build())).collect();
        let mut report = report(farms);
        assert!(report.is_overview());
        report.chosen = ["x".to_owned()].into();
        assert!(!report.is_overview());
        assert_eq!(report.shown().len(), 30);
        report.chosen = ["y".to_owned()].into();
        assert_eq!(report.shown().len(), 0);
    }

    #[test]
    fn farms_that_are_not_shown_are_named_with_their_verdicts() {
        let farms = vec![
            ("ok", good_farm(&["a", "b"]).build()),
            ("bad", good_farm(&["a", "b"]).with("c", |i| i.storage(b"Bundle\n")).build()),
            ("fine", good_farm(&["a", "b"]).build()),
        ];
        let mut report = report(farms);
        assert_eq!(report.not_shown(), None);
        report.chosen = ["ok".to_owned(), "fine".to_owned()].into();
        let said = "1 other farm is not shown: bad INCONSISTENT";
        assert_eq!(report.not_shown().unwrap(), said);
        for format in ["table", "markdown"] {
            let format = FORMATS.iter().find(|one| one.name == format).unwrap();
            let mut out = Vec::new();
            (format.write)(&report, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text.matches(said).count(), 1, "{}", format.name);
        }
        report.chosen = ["ok".to_owned()].into();
        let said = "2 other farms are not shown: bad INCONSISTENT, 1 CONSISTENT";
        assert_eq!(report.not_shown().unwrap(), said);
    }
}
