//! `storage-mode-differs`: some instances keep their keys in files, others in the JCR.

use super::references::KA_23909;
use crate::facts::StorageMode;
use crate::farm::{Farm, Groups, Member};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "storage-mode-differs",
    severity: Severity::Error,
    compares: true,
    summary: "Bundle and JCR storage are mixed in one farm",
    effect: "Key files copied to an instance in JCR mode have no effect there.",
    why: "Copying key files has no effect on an instance that takes its keys from the repository. A farm with both modes cannot \
          be kept in agreement, and its next key rotation breaks one half of it.",
    fix: "Move the instances in JCR mode to Bundle mode, as KA-23909 describes.",
    references: &[KA_23909],
    explained_by: &[
        "storage-jcr-with-ims",
        "storage-jcr",
        "storage-malformed",
        "storage-trailing-newline",
    ],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let groups = Groups::by(farm, |member| {
        member.storage_mode().filter(|mode| *mode != StorageMode::Unknown)
    });
    if !groups.differ() {
        return Vec::new();
    }
    let odd = groups.odd();
    let message = groups.describe("storage mode");
    let witnesses = groups.witnesses();
    let places = witnesses.iter().filter_map(|member| member.storage()).map(|file| &file.place);
    let jcr: Vec<&Member> = groups
        .iter()
        .flatten()
        .filter(|m| m.storage_mode() == Some(StorageMode::Jcr))
        .copied()
        .collect();
    let needs = jcr.iter().map(|member| Need::LeaveJcr(member.name.clone()));
    vec![Hit::among(&odd, message).at(places).needs(needs)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::good_farm;

    #[test]
    fn one_mode_is_quiet() {
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
    }

    #[test]
    fn instance_in_the_other_mode_is_named() {
        let hits = check(&good_farm(&["a", "b"]).with("c", |i| i.storage(b"JCR")).build());
        assert_eq!(hits[0].message, "c: storage mode differs from the other 2 instances");
        assert_eq!(hits[0].instances, ["c"]);
    }

    #[test]
    fn faulty_text_is_no_other_mode() {
        assert_eq!(
            check(&good_farm(&["a", "b"]).with("c", |i| i.storage(b"Bundle\n")).build()),
            []
        );
        assert_eq!(check(&good_farm(&["a", "b"]).with("c", |i| i.storage(b"???")).build()), []);
    }
}
