//! `storage-jcr`: the instance keeps its keys in the repository.

use super::references::KA_23909;
use crate::facts::{StandbyMode, StorageMode};
use crate::farm::{Farm, Member};
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
    explained_by: &["storage-jcr-with-ims", "jcr-key-missing"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let has_primary = farm.has_primary();
    // Of another text it is open what AEM makes of it: `storage-trailing-newline` and `storage-malformed` report that.
    let is_meant = |member: &&Member| {
        member.storage_mode() == Some(StorageMode::Jcr)
            && member.storage().is_some_and(|file| file.storage.is_exact())
    };
    let (standbys, others): (Vec<&Member>, Vec<&Member>) =
        farm.members.iter().filter(is_meant).partition(|member| member.snapshot.is_standby());
    let hit = |member: &Member| {
        Hit::on(member, format!("{} keeps its keys in the JCR (/etc/key)", member.name))
            .at(member.storage().map(|file| &file.place))
    };
    let leave = |member: &Member| Need::LeaveJcr(member.name.clone());
    let of = |member: &&Member| {
        let is_primary = member.snapshot.standby() == Some(StandbyMode::Primary);
        // What a standby has is what its primary has, and goes with it.
        let with = standbys.iter().filter(|_| is_primary).map(|standby| leave(standby));
        hit(member).needs([leave(member)]).needs(with)
    };
    let alone = |member: &&Member| {
        let step = format!(
            "{} is a cold standby, whose repository is a mirror: move the keys of its primary to files, and copy those to the standby.",
            member.name
        );
        hit(member).advise([step])
    };
    let alone = standbys.iter().filter(|_| !has_primary).map(alone);
    others.iter().map(of).chain(alone).collect()
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
    fn standby_leaves_it_with_its_primary() {
        let mode = |mode: &'static str| {
            move |i: crate::testing::Instance| {
                let service = crate::facts::STANDBY_SERVICES[0];
                i.storage(b"JCR").role("author").config(service, &format!("mode=\"{mode}\"\r\n"))
            }
        };
        let farm_of_both = farm().with("p", mode("primary")).with("s", mode("standby")).build();
        let hits = check(&farm_of_both);
        let needs = ["p", "s"].map(|name| Need::LeaveJcr(name.to_owned()));
        assert_eq!((hits.len(), &hits[0].needs[..]), (1, &needs[..]));
        let alone = check(&farm().with("s", mode("standby")).build());
        assert!(alone[0].advice()[0].starts_with("s is a cold standby"), "{alone:?}");
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
