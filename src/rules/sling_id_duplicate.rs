//! `sling-id-duplicate`: two different instances share a Sling id.

use super::groups::names;
use super::same_instance_twice::is_same;
use super::steps::quoted;
use super::{Hit, Rule, Severity};
use crate::farm::{Farm, Member};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule {
    id: "sling-id-duplicate",
    severity: Severity::Error,
    summary: "two instances share a Sling id",
    why: "The Sling id tells instances apart: in discovery, in user synchronisation, and in login tokens that are not encapsulated. \
          Two instances with one id were cloned without a new one, or one instance was sent twice.",
    fix: "Stop the clone, delete its sling.id.file, and start it: it makes a new id.",
    references: &["AEM 6.5, user synchronisation: unique Sling id", "Adobe KA-16875"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let mut by_id: BTreeMap<&str, Vec<&Member>> = BTreeMap::new();
    for member in &farm.members {
        if let Some(id) = &member.snapshot.sling_id {
            let members = by_id.entry(&id.uuid).or_default();
            if !members.iter().any(|other| is_same(other, member)) {
                members.push(member);
            }
        }
    }
    let shared = by_id.into_iter().filter(|(_, members)| members.len() > 1);
    shared.map(|(id, members)| hit(id, &members)).collect()
}

fn hit(id: &str, members: &[&Member]) -> Hit {
    let message = format!("{} share the Sling id {id}", names(members));
    let files: Vec<_> =
        members.iter().filter_map(|m| Some((m, &m.snapshot.sling_id.as_ref()?.place))).collect();
    let steps = files.iter().map(|(member, place)| {
        format!(
            "Where {} is the clone: stop it, delete {}, start it.",
            member.name,
            quoted(&place.path)
        )
    });
    Hit::among(members, message).at(files.iter().map(|(_, place)| *place)).fix(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    #[test]
    fn own_ids_are_quiet() {
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
    }

    #[test]
    fn clone_is_told() {
        let farm = farm()
            .with("a", |i| i.sling_id(ID).started_at(5))
            .with("b", |i| i.sling_id(ID).started_at(6));
        assert_eq!(check(&farm.build())[0].message, format!("a, b share the Sling id {ID}"));
    }

    #[test]
    fn same_instance_sent_twice_is_no_clone() {
        let farm = farm()
            .with("a", |i| i.sling_id(ID).started_at(5))
            .with("b", |i| i.sling_id(ID).started_at(5));
        assert_eq!(check(&farm.build()), []);
    }
}
