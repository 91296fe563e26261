//! What rules add to the marks of the matrix, which compares cells alone: whose keys are right, and what is wrong whatever the others have.

use super::Finding;
use crate::farm::{Matrix, matrix};
use crate::repair::{Scope, WhoseKeys, standing};
use std::collections::BTreeSet;

/// Rules that say of the instances they name that one cell is wrong, and the fact in it. Where a cell tells that by itself, as of a stray
/// newline or a key of another length, it is wrong from the start.
const ACCUSED: [(&str, &str); 4] = [
    ("role-unexpected", "role"),
    ("key-permissions", "key-owner"),
    ("key-unreadable", "key-owner"),
    ("ims-secret-missing", "ims-client-secret"),
];

/// The facts that are wrong in JCR mode: files are what every repair leads to, whatever most of the farm has.
const FACTS_OF_JCR: [&str; 2] = ["storage-mode", "key-origin"];

/// Makes the matrix of a farm, so that its marks say what the findings and the repair say. No option and no policy hides a mark.
pub(super) fn highlighted(scope: Scope<'_>, findings: &[Finding]) -> Matrix {
    let mut matrix = matrix(scope.farm);
    match standing(scope) {
        WhoseKeys::Source(name) => matrix.compare_keys_with(&name),
        WhoseKeys::Open => matrix.doubt_keys(),
        WhoseKeys::Settled => {}
    }
    let verified = scope.farm.members.iter().filter(|member| member.snapshot.is_verified());
    let in_jcr = verified.filter(|member| member.is_in_jcr_mode());
    let in_jcr: BTreeSet<&str> = in_jcr.map(|member| member.name.as_str()).collect();
    for fact in FACTS_OF_JCR {
        matrix.accuse(fact, &in_jcr);
    }
    for (rule, fact) in ACCUSED {
        let of_rule = findings.iter().filter(|finding| finding.rule.id == rule);
        let names = of_rule.flat_map(|finding| &finding.hit.instances);
        matrix.accuse(fact, &names.map(String::as_str).collect());
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Selection, judge};
    use crate::facts::Role;
    use crate::farm::{Farm, ROWS};
    use crate::rules::RULES;
    use crate::testing::{FarmBuilder, Instance, good_farm};

    fn marks(farm: FarmBuilder, fact: &str) -> String {
        marks_of(farm.build(), fact)
    }

    /// The marks of a row: `w` wrong, `o` odd.
    fn marks_of(farm: Farm, fact: &str) -> String {
        let judged = judge(vec![farm], &Selection::default()).remove(0);
        let row = judged.matrix.rows.iter().find(|row| row.fact == fact).expect("this row");
        let mark = |index| row.mark_at(index).map_or('.', |mark| mark.chars().next().unwrap());
        (0..row.cells.len()).map(mark).collect()
    }

    fn other(i: Instance) -> Instance {
        i.hmac(&(100..132).collect::<Vec<u8>>())
    }

    #[test]
    fn keys_that_the_repair_replaces_are_marked_and_those_it_copies_are_not() {
        let author = |i: Instance| other(i).role("author");
        assert_eq!(marks(good_farm(&["p1", "p2"]).with("author", author), "hmac"), ".oo");
        assert_eq!(marks(good_farm(&["p1", "p2"]).with("author", author), "master"), "...");
        assert_eq!(marks(good_farm(&["p1", "p2"]).with("p3", other), "hmac"), "..o");
        // Nobody knows which of two is right.
        assert_eq!(marks(good_farm(&["p1"]).with("p2", other), "hmac"), "oo");
        // A stray newline is wrong even after the right key.
        let stray = |i: Instance| i.hmac(&[&(100..132).collect::<Vec<u8>>()[..], b"\n"].concat());
        let farm = good_farm(&["p1", "p2"]).with("author", author).with("p3", stray);
        assert_eq!(marks(farm, "hmac"), ".oow");
    }

    #[test]
    fn unusual_length_is_marked() {
        let cut = |i: Instance| i.hmac(&(1..32).collect::<Vec<u8>>());
        assert_eq!(marks(good_farm(&["a"]).with("b", cut).with("c", cut), "hmac"), ".ww");
        let long = |i: Instance| i.hmac(&(1..65).collect::<Vec<u8>>());
        assert_eq!(marks(good_farm(&[]).with("b", long).with("c", long), "hmac"), "ww");
        assert_eq!(marks(good_farm(&["a"]).with("b", long).with("c", long), "hmac"), "oww");
    }

    #[test]
    fn role_that_the_policy_does_not_want_is_marked() {
        let mut farm = good_farm(&["b"]).with("a", |i| i.role("publish")).build();
        farm.expected.roles.insert("a".to_owned(), Role::Author);
        assert_eq!(marks_of(farm, "role"), "w.");
    }

    #[test]
    fn key_files_that_others_may_read_or_own_are_marked() {
        let owned = |uid, mode| move |i: Instance| i.owned_by(uid, mode);
        let farm = good_farm(&[]).with("a", owned(1000, 0o600)).with("b", owned(1000, 0o644));
        assert_eq!(marks(farm, "key-owner"), ".w");
        let farm = good_farm(&[]).with("a", owned(1000, 0o600)).with("b", owned(1000, 0o600));
        assert_eq!(marks(farm.with("c", owned(0, 0o600)), "key-owner"), "..w");
    }

    #[test]
    fn storage_in_the_jcr_is_marked_and_not_the_right_one_among_it() {
        let jcr = |i: Instance| i.storage(b"JCR");
        assert_eq!(marks(good_farm(&["a"]).with("b", jcr).with("c", jcr), "storage-mode"), ".ww");
        let newline = |i: Instance| i.storage(b"JCR\n");
        for fact in ["storage-mode", "key-origin"] {
            let farm = good_farm(&["a"]).with("b", newline).with("c", newline);
            assert_eq!(marks(farm, fact), ".ww", "{fact}");
        }
    }

    #[test]
    fn key_that_the_repair_brings_is_marked_where_it_is_not_there() {
        let lost = |i: Instance| i.without_storage().without_key(crate::facts::KeyName::Master);
        assert_eq!(marks(good_farm(&["a", "b"]).with("c", lost), "master"), "..o");
    }

    #[test]
    fn where_an_author_is_to_be_settled_first_no_majority_is_right() {
        let author = |i: Instance| {
            let newline = [&(100..132).collect::<Vec<u8>>()[..], b"\n"].concat();
            i.role("author").hmac(&newline)
        };
        assert_eq!(marks(good_farm(&["p1", "p2"]).with("author", author), "hmac"), "woo");
    }

    #[test]
    fn rules_and_facts_are_those_there_are() {
        for (rule, fact) in ACCUSED {
            assert!(RULES.iter().any(|known| known.id == rule), "{rule}");
            assert!(ROWS.iter().any(|row| row.fact == fact), "{fact}");
        }
        assert!(FACTS_OF_JCR.iter().all(|fact| ROWS.iter().any(|row| row.fact == *fact)));
    }
}
