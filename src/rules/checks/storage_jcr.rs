//! `storage-jcr`: the instance keeps its keys in the repository.

use super::references::KA_23909;
use crate::facts::StorageMode;
use crate::farm::Farm;
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "storage-jcr",
    severity: Severity::Warning,
    compares: false,
    summary: "keys are stored in the JCR instead of the file system",
    effect: "Services that start before the repository lose their secrets after a restart.",
    why: "Normal after an in-place upgrade from AEM 6.2 or older, and the documented cause of an IMS client_secret that is lost \
          after a restart: the keys are available with the repository, later than the services that need them.",
    fix: "Move the keys to the data directory of com.adobe.granite.crypto.file, write `Bundle` into `storage` without a newline, \
          restart, and delete the properties in /etc/key.",
    references: &[KA_23909],
    explained_by: &["storage-jcr-with-ims"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members
        .iter()
        .filter(|member| member.storage_mode() == Some(StorageMode::Jcr))
        // Of another text it is open what AEM makes of it: `storage-trailing-newline` and `storage-malformed` report that.
        .filter(|member| member.storage().is_some_and(|file| file.storage.is_exact()))
        .map(|member| {
            Hit::on(member, format!("{} keeps its keys in the JCR (/etc/key)", member.name))
                .at(member.storage().map(|file| &file.place))
                .needs([Need::LeaveJcr(member.name.clone())])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    #[test]
    fn bundle_mode_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn keys_are_to_leave_the_repository() {
        let hit = check(&farm().with("a", |i| i.storage(b"JCR")).build()).remove(0);
        assert_eq!(hit.needs, [Need::LeaveJcr("a".to_owned())]);
    }

    #[test]
    fn faulty_file_is_told_by_the_rule_on_its_fault() {
        assert_eq!(check(&farm().with("a", |i| i.storage(b"jcr")).build()), []);
        assert_eq!(check(&farm().with("a", |i| i.storage(b"JCR\n")).build()), []);
    }

    #[test]
    fn storage_that_was_not_seen_is_quiet() {
        assert_eq!(check(&farm().with("a", crate::testing::Instance::without_storage).build()), []);
    }
}
