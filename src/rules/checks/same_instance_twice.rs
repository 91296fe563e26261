//! `same-instance-twice`: one instance was sent twice.

use crate::facts::spoken;
use crate::farm::{Farm, Member, is_misnamed, pairs};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "same-instance-twice",
    severity: Severity::Note,
    compares: true,
    summary: "one instance was sent twice",
    effect: "It counts once, and another name of it stands where another instance should be.",
    why: "Two sources hold the same Sling id, bundles, keys and last start. It counts as one instance: an upload that was sent twice \
          proves nothing about the farm.",
    fix: "Leave one of the two out; ask for the instance that is missing.",
    references: &["org.apache.sling.settings: sling.id.file"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    pairs(&farm.members)
        .into_iter()
        .map(|(first, again)| {
            let message = format!("{} is the same instance as {}", again.name, first.name);
            let ids =
                [first, again].into_iter().filter_map(|member| member.snapshot.sling_id.as_ref());
            let (a, b) = (&first.snapshot, &again.snapshot);
            let step = if is_misnamed(first, again) {
                format!("Ask for the real {}: {} is a copy.", again.name, spoken(&b.source))
            } else if a.source == b.source {
                let place = |member: &Member| match member.snapshot.root.as_str() {
                    "" => format!("{} (the top)", member.name),
                    root => format!("{} ({root})", member.name),
                };
                format!("In {}, leave out {} or {}.", spoken(&a.source), place(first), place(again))
            } else {
                format!("Leave out {} or {}.", spoken(&a.source), spoken(&b.source))
            };
            Hit::among(&[first, again], message).at(ids.map(|id| &id.place)).advise([step])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm, good_farm};

    const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    fn messages(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let farm = farm().with("a", |i| i.sling_id(ID).started_at(5)).with("b", change).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn different_instances_are_quiet() {
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
    }

    #[test]
    fn same_facts_are_the_same_instance() {
        assert_eq!(messages(|i| i.sling_id(ID).started_at(5)), ["b is the same instance as a"]);
    }

    #[test]
    fn copy_under_another_name_is_to_be_replaced() {
        let from = |source: &'static str| {
            move |mut i: Instance| {
                i.snapshot.source = source.to_owned();
                i.sling_id(ID).started_at(5)
            }
        };
        let step = |name: &str| {
            let farm = farm().with("p1", from("p1.tgz")).with(name, from("x.tgz")).build();
            check(&farm)[0].advice().remove(0)
        };
        assert_eq!(step("p2"), "Ask for the real p2: x.tgz is a copy.");
        assert_eq!(step("p1.tgz"), "Leave out p1.tgz or x.tgz.");
    }

    #[test]
    fn one_that_came_twice_in_one_source_is_told_by_its_paths() {
        let at = |root: &'static str| {
            move |mut i: Instance| {
                i.snapshot.source = "x.tar".to_owned();
                i.snapshot.root = root.to_owned();
                i.sling_id(ID).started_at(5)
            }
        };
        let farm = farm().with("a", at("a/crx-quickstart")).with("b", at("")).build();
        let text = "In x.tar, leave out a/a (a/crx-quickstart) or b/root (the top).";
        assert_eq!(check(&farm)[0].advice()[0], text);
    }

    #[test]
    fn clone_that_was_started_is_another_instance() {
        assert_eq!(messages(|i| i.sling_id(ID).started_at(6)), [""; 0]);
    }

    #[test]
    fn without_an_id_in_both_there_is_no_telling() {
        let nameless = |mut i: Instance| {
            i.snapshot.sling_id = None;
            i.started_at(5)
        };
        assert_eq!(messages(nameless), [""; 0]);
    }

    #[test]
    fn without_a_last_start_there_is_no_telling() {
        assert_eq!(messages(|i| i.sling_id(ID)), [""; 0]);
    }
}
