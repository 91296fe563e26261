//! What changed between two states of a farm: of each instance, of what is found, and of the verdict.
//!
//! Both sides were judged, each by itself. Nothing is read here, and nothing is judged again.

mod aspects;
mod bundles;
mod findings;
mod instances;
mod matching;
mod shown;

pub use aspects::{Aspect, Condition, Topic};
pub use findings::{FarmChange, Fate, FindingChange};
pub use instances::{Change, InstanceChange, Presence};

use crate::diagnosis::Judged;
use matching::pairs;

/// One of the two states: all farms of it, judged.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The farms.
    pub farms: &'a [Judged],
    /// No gap could hide a fact.
    pub is_complete: bool,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// The instances of both sides, sorted by name; those without a change too.
    pub instances: Vec<InstanceChange>,
    /// The farms of both sides with their verdicts and what is found.
    pub farms: Vec<FarmChange>,
    /// What of the old state could not be read may hide a change, and so may what of the new one.
    pub is_complete: [bool; 2],
}

/// How a comparison ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffOutcome {
    /// Nothing changed that matters, and all is known that could have.
    Same,
    /// Something changed that matters.
    Changed,
    /// Something could not be compared.
    Open,
}

/// Compares two states.
pub fn diff(old: Side<'_>, new: Side<'_>) -> Diff {
    let pairs = pairs(old.farms, new.farms);
    let farms = findings::farms(old.farms, new.farms, &pairs);
    let mut instances: Vec<InstanceChange> = pairs.iter().map(InstanceChange::of).collect();
    instances.sort_by(|a, b| (&a.name, &a.farm).cmp(&(&b.name, &b.farm)));
    Diff { instances, farms, is_complete: [old.is_complete, new.is_complete] }
}

impl Diff {
    /// Returns `true` if everything that matters could be compared.
    pub fn is_decided(&self) -> bool {
        let is_known = |instance: &InstanceChange| instance.not_compared().next().is_none();
        !self.instances.is_empty()
            && self.is_complete == [true; 2]
            && self.instances.iter().all(is_known)
            && !self.farms.iter().flat_map(|farm| &farm.findings).any(FindingChange::is_open)
    }

    /// Returns `true` if something changed that matters.
    pub fn is_changed(&self) -> bool {
        self.instances.iter().any(InstanceChange::matters)
            || self.farms.iter().any(FarmChange::matters)
    }

    /// Says how the comparison ends.
    pub fn outcome(&self) -> DiffOutcome {
        match (self.is_decided(), self.is_changed()) {
            (false, _) => DiffOutcome::Open,
            (true, true) => DiffOutcome::Changed,
            (true, false) => DiffOutcome::Same,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Selection, judge};
    use crate::facts::KeyName;
    use crate::testing::{FarmBuilder, Instance, farm, good_farm, protected};

    fn judged(farm: FarmBuilder) -> Vec<Judged> {
        judge(vec![farm.build()], &Selection::default())
    }

    fn compared(old: FarmBuilder, new: FarmBuilder) -> Diff {
        let (old, new) = (judged(old), judged(new));
        diff(Side { farms: &old, is_complete: true }, Side { farms: &new, is_complete: true })
    }

    /// Every change as `instance: subject: old -> new`.
    fn said(diff: &Diff) -> Vec<String> {
        let of = |instance: &InstanceChange| {
            let say = |change: &Change| {
                let [old, new] = [&change.old, &change.new].map(ToString::to_string);
                format!("{}: {}: {old} -> {new}", instance.name, change.aspect.subject)
            };
            instance.changes.iter().map(say).collect::<Vec<_>>()
        };
        diff.instances.iter().flat_map(of).collect()
    }

    const ID: &str = "00000000-0000-4000-8000-00000000000";

    /// A farm of three with Sling ids of their own, of which the last one is changed.
    fn three(change: impl FnOnce(Instance) -> Instance) -> FarmBuilder {
        let id = |number: u8| format!("{ID}{number}");
        farm()
            .with("a", |i| i.sling_id(&id(1)))
            .with("b", |i| i.sling_id(&id(2)))
            .with("c", |i| change(i.sling_id(&id(3))))
    }

    #[test]
    fn same_states_have_no_change() {
        let diff = compared(three(|i| i), three(|i| i));
        assert_eq!((said(&diff), diff.outcome()), (vec![], DiffOutcome::Same));
        assert_eq!(diff.instances.len(), 3);
    }

    #[test]
    fn replaced_key_is_named_and_nothing_else() {
        let diff = compared(three(|i| i), three(|i| i.hmac(&[9; 31])));
        let changes: Vec<_> = diff.instances.iter().flat_map(|one| &one.changes).collect();
        assert_eq!(changes.iter().map(|own| &*own.aspect.subject).collect::<Vec<_>>(), ["hmac"]);
        assert_eq!(diff.instances[2].changes.len(), 1, "of c");
        assert_eq!(diff.outcome(), DiffOutcome::Changed);
        let hmac = diff.farms[0].findings.iter().find(|found| found.rule == "hmac-differs");
        assert_eq!(hmac.expect("a finding").fate, Fate::New);
        assert_eq!(diff.farms[0].verdicts, [Some("consistent"), Some("inconsistent")]);
    }

    #[test]
    fn instance_is_known_by_its_sling_id_whatever_it_is_called() {
        let renamed = farm()
            .with("x", |i| i.sling_id(&format!("{ID}1")).storage(b"JCR"))
            .with("b", |i| i.sling_id(&format!("{ID}2")))
            .with("c", |i| i.sling_id(&format!("{ID}3")));
        let diff = compared(three(|i| i), renamed);
        let x = diff.instances.iter().find(|one| one.name == "x").unwrap();
        assert_eq!((x.presence, x.old_name.as_deref()), (Presence::Both, Some("a")));
        assert!(said(&diff).contains(&"x: storage: Bundle -> JCR".to_owned()), "{:?}", said(&diff));
    }

    #[test]
    fn other_sling_id_is_a_change_and_no_other_instance() {
        let diff = compared(three(|i| i), three(|i| i.sling_id(&format!("{ID}9"))));
        let said = said(&diff);
        assert_eq!(said, [format!("c: Sling id: {ID}3 -> {ID}9")]);
        let swapped = farm()
            .with("a", |i| i.sling_id(&format!("{ID}2")))
            .with("b", |i| i.sling_id(&format!("{ID}1")))
            .with("c", |i| i.sling_id(&format!("{ID}3")));
        let diff = compared(three(|i| i), swapped);
        let names: Vec<_> =
            diff.instances.iter().map(|i| (i.old_name.as_deref(), i.name.as_str())).collect();
        assert_eq!(names, [(Some("b"), "a"), (Some("a"), "b"), (None, "c")]);
    }

    #[test]
    fn instance_that_came_or_went_is_a_change() {
        let diff = compared(good_farm(&["a", "b"]), good_farm(&["b", "c"]));
        let found: Vec<_> =
            diff.instances.iter().map(|one| (one.name.as_str(), one.presence)).collect();
        let expected = [("a", Presence::Gone), ("b", Presence::Both), ("c", Presence::New)];
        assert_eq!((found, diff.outcome()), (expected.to_vec(), DiffOutcome::Changed));
    }

    #[test]
    fn key_that_is_not_known_leaves_it_open() {
        let jcr = |i: Instance| i.jcr_unreadable("no journal").storage(b"JCR");
        let diff = compared(three(|i| i), three(jcr));
        assert_eq!(diff.outcome(), DiffOutcome::Open);
        let c = diff.instances.iter().find(|one| one.name == "c").unwrap();
        let open: Vec<_> = c.not_compared().map(|change| change.aspect.subject.as_str()).collect();
        assert_eq!(open, ["hmac", "master"]);
        let none = Side { farms: &[], is_complete: true };
        assert_eq!(super::diff(none, none).outcome(), DiffOutcome::Open, "nothing came");
    }

    /// What became of the finding of a rule, and how the comparison ends.
    fn fate(diff: &Diff, rule: &str) -> (Option<Fate>, DiffOutcome) {
        let mut all = diff.farms.iter().flat_map(|farm| &farm.findings);
        (all.find(|found| found.rule == rule).map(|found| found.fate), diff.outcome())
    }

    #[test]
    fn finding_whose_evidence_was_not_sent_is_not_gone() {
        let line = "26.11.2026 08:00:12.000 *ERROR* [x] c.a.g.crypto com.adobe.granite.crypto.CryptoException: Cannot convert byte data\n";
        let logged = |i: Instance| i.log("error.log", line);
        let quiet = |i: Instance| i.log("error.log", "26.11.2026 08:00:12.000 *INFO* [x] y z\n");
        let rule = "log-crypto-exception";
        let found = fate(&compared(three(logged), three(|i| i)), rule);
        assert_eq!(found, (Some(Fate::NotShown), DiffOutcome::Open));
        let found = fate(&compared(three(logged), three(quiet)), rule);
        assert_eq!(found, (Some(Fate::Gone), DiffOutcome::Changed));
        let left = |i: Instance| i.jcr(&[(KeyName::Hmac, &[7; 32]), (KeyName::Master, &[8; 16])]);
        let found = fate(&compared(three(left), three(|i| i)), "jcr-key-mismatch");
        assert_eq!(found, (Some(Fate::NotShown), DiffOutcome::Open));
        // Nor is it new where the old state did not have it.
        let found = fate(&compared(three(|i| i), three(logged)), rule);
        assert_eq!(found, (Some(Fate::NotShownBefore), DiffOutcome::Open));
        let found = fate(&compared(three(quiet), three(logged)), rule);
        assert_eq!(found, (Some(Fate::New), DiffOutcome::Changed));
        let found = fate(&compared(three(|i| i), three(left)), "jcr-key-mismatch");
        assert_eq!(found, (Some(Fate::NotShownBefore), DiffOutcome::Open));
        let one = farm().with("a", |i| i.sling_id(&format!("{ID}1")));
        let found = fate(&compared(one, three(logged)), rule);
        assert_eq!(found, (Some(Fate::New), DiffOutcome::Changed));
    }

    #[test]
    fn keys_of_etc_key_are_compared_in_bundle_mode_as_well() {
        let left = |hmac: u8| {
            move |i: Instance| i.jcr(&[(KeyName::Hmac, &[hmac; 32]), (KeyName::Master, &[8; 16])])
        };
        let diff = compared(three(left(7)), three(left(9)));
        assert!(said(&diff).iter().any(|said| said.starts_with("c: hmac in /etc/key: ")));
        let found = fate(&diff, "jcr-key-mismatch");
        assert_eq!(found, (Some(Fate::Altered), DiffOutcome::Changed));
    }

    #[test]
    fn every_value_of_a_property_is_compared() {
        let values = |first: u8| {
            move |i: Instance| {
                let [first, last] = [first, 2].map(|text| protected(&[5; 16], &text.to_string()));
                let body = format!("smtp.password=[\"{first}\",\"{last}\"]\r\n");
                i.config("com.day.cq.mailer.DefaultMailService", &body)
            }
        };
        assert_eq!(compared(three(values(1)), three(values(1))).outcome(), DiffOutcome::Same);
        assert_eq!(compared(three(values(1)), three(values(3))).outcome(), DiffOutcome::Changed);
    }

    #[test]
    fn repaired_fault_is_gone_and_another_still_there() {
        let wrong = |i: Instance| i.storage(b"Bundle\n").hmac(&[7; 31]);
        let diff = compared(three(wrong), three(|i| i.hmac(&[7; 31])));
        let fate = |rule: &str| {
            let mut all = diff.farms[0].findings.iter();
            all.find(|found| found.rule == rule).map(|found| found.fate)
        };
        assert_eq!(fate("storage-trailing-newline"), Some(Fate::Gone));
        assert_eq!(fate("hmac-differs"), Some(Fate::Still));
    }
}
