//! `same-instance-twice`: one instance came in twice.

use super::{Hit, Rule, Severity};
use crate::facts::KeyName;
use crate::farm::{Farm, Member};

pub(super) static RULE: Rule = Rule {
    id: "same-instance-twice",
    severity: Severity::Note,
    summary: "one instance came in twice",
    why: "Two sources hold the same Sling id, bundles, keys and last start. It counts as one instance: an upload that was sent twice \
          proves nothing about the farm.",
    fix: "Leave one of the two out; ask for the instance that is missing.",
    references: &["org.apache.sling.settings: sling.id.file"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    pairs(farm)
        .into_iter()
        .map(|(first, again)| {
            let message = format!("{} is the same instance as {}", again.name, first.name);
            let ids =
                [first, again].into_iter().filter_map(|member| member.snapshot.sling_id.as_ref());
            let step = format!("Leave out {} or {}.", first.snapshot.source, again.snapshot.source);
            Hit::among(&[first, again], message).at(ids.map(|id| &id.place)).fix([step])
        })
        .collect()
}

/// Returns each instance that came again, with the one it repeats.
pub(super) fn pairs(farm: &Farm) -> Vec<(&Member, &Member)> {
    let mut rest = farm.members.as_slice();
    let mut pairs = Vec::new();
    while let Some((again, earlier)) = rest.split_last() {
        pairs
            .extend(earlier.iter().find(|first| is_same(first, again)).map(|first| (first, again)));
        rest = earlier;
    }
    pairs.reverse();
    pairs
}

/// Says whether two snapshots show one instance. A clone that was started has another last start; without it in both, there is
/// no telling.
pub(super) fn is_same(a: &Member, b: &Member) -> bool {
    let id = |member: &Member| member.snapshot.sling_id.as_ref().map(|id| id.uuid.clone());
    let keys = |member: &Member| {
        KeyName::ALL.map(|name| member.known_key(name).map(|key| key.file.digest.whole))
    };
    let bundles = |member: &Member| -> Vec<_> {
        let all = member.snapshot.bundles.iter();
        all.map(|b| (b.id, b.directory.clone(), b.version.clone(), b.state)).collect()
    };
    let storage = |member: &Member| member.storage().map(|file| file.storage);
    id(a).is_some()
        && id(a) == id(b)
        && a.snapshot.last_start_ms.is_some()
        && a.snapshot.last_start_ms == b.snapshot.last_start_ms
        && keys(a) == keys(b)
        && storage(a) == storage(b)
        && bundles(a) == bundles(b)
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
    fn clone_that_was_started_is_another_instance() {
        assert_eq!(messages(|i| i.sling_id(ID).started_at(6)), [""; 0]);
    }

    #[test]
    fn without_a_last_start_there_is_no_telling() {
        assert_eq!(messages(|i| i.sling_id(ID)), [""; 0]);
    }
}
