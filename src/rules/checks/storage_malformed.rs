//! `storage-malformed`: `storage` does not hold one of the two words.

use super::fold::folded;
use super::references::KA_23909;
use crate::farm::{Farm, Member};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "storage-malformed",
    severity: Severity::Error,
    compares: false,
    summary: "`storage` holds neither `Bundle` nor `JCR`",
    effect: "Do not restart the instance before this is repaired: it may take, or make, other keys.",
    why: "The word names the key provider. A byte order mark, blanks, another case or other text match none of the two.",
    fix: "Write the word that is meant, without anything around it: printf %s Bundle > storage",
    references: &[KA_23909],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().flat_map(on).collect()
}

fn on(member: &Member) -> Vec<Hit> {
    let files = member.snapshot.storage_in_place();
    let found = files.filter_map(|file| Some((file, file.storage.problem?))).collect();
    folded(
        found,
        |(file, _)| vec![&file.place],
        |(file, problem)| {
            let message =
                format!("storage of {} {problem} ({} bytes)", member.name, file.storage.bytes);
            Hit::on(member, message).at([&file.place]).needs([Need::Storage(member.name.clone())])
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::farm;

    fn message(storage: &[u8]) -> Option<String> {
        let hits = check(&farm().with("a", |i| i.storage(storage)).build());
        hits.into_iter().next().map(|hit| hit.message)
    }

    #[test]
    fn right_word_is_quiet() {
        assert_eq!(message(b"Bundle"), None);
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(message(b"").unwrap(), "storage of a is empty (0 bytes)");
        assert_eq!(
            message(b"bundle").unwrap(),
            "storage of a has the right word in the wrong case (6 bytes)"
        );
        assert_eq!(
            message(b" Bundle").unwrap(),
            "storage of a has white space around the word (7 bytes)"
        );
        assert_eq!(
            // Windows PowerShell writes this mark with `-Encoding UTF8`.
            message(b"\xEF\xBB\xBFJCR").unwrap(),
            "storage of a starts with a byte order mark (6 bytes)"
        );
        assert_eq!(
            message(b"secret").unwrap(),
            "storage of a holds neither `Bundle` nor `JCR` (6 bytes)"
        );
    }

    #[test]
    fn newline_alone_is_another_rule() {
        assert_eq!(message(b"Bundle\n"), None);
    }
}
