//! `log-storage-contradicts`: the last start used another storage than the file names now.

use crate::facts::{KeyName, StorageMode};
use crate::farm::{Farm, KeyState, Member, last_storage};
use crate::repair::When;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "log-storage-contradicts",
    severity: Severity::Note,
    compares: false,
    summary: "the last start in the log used another storage than the file names",
    effect: "The next restart switches the instance to other keys.",
    why: "The file storage is read when the crypto bundle starts. It was changed after the last start that the log shows, so the \
          instance worked with its old keys until the snapshot was taken.",
    fix: "Once the keys are where `storage` says, restart the instance, and look for `Starting Crypto Support` in its error.log.",
    references: &["Adobe KA-23909: IMS client_secret is lost after a restart"],
    explained_by: &[
        "storage-malformed",
        "storage-trailing-newline",
        "storage-missing",
        "key-missing",
        "jcr-key-missing",
        "storage-jcr",
        "storage-mode-differs",
        "hmac-differs",
    ],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(on).collect()
}

fn on(member: &Member) -> Option<Hit> {
    let storage = member.storage()?;
    let mode = storage.storage.mode;
    let (last, place) = last_storage(member)?;
    if mode == StorageMode::Unknown || last.value == mode.to_string() {
        return None;
    }
    let name = &member.name;
    // A later start may be in a file that was not sent, and without a time nothing shows it.
    let when = last.time.map_or_else(
        || "last by its log, which shows no time of it; a restart may be pending".to_owned(),
        |time| format!("at {time}; a restart is pending"),
    );
    let message = format!(
        "{name} names {mode} in its storage file, but started with {} storage {when}",
        last.value
    );
    let hit = Hit::on(member, message).at([&storage.place, place]);
    // Without its keys it would make new ones.
    let lacks_keys = KeyName::ALL.into_iter().any(|name| *member.key(name) == KeyState::Absent);
    if lacks_keys {
        return Some(hit);
    }
    let step = format!("Restart {name}, and check that its error.log says: with {mode} storage.");
    Some(hit.advise_at(When::After, [step]).until_changed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
    use crate::repair::{Need, Unless};
    use crate::testing::{Instance, farm};

    fn message(storage: &[u8], change: impl Fn(Instance) -> Instance) -> Option<String> {
        let log = "19.07.2025 19:00:52.176 *INFO* [x] y Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with JCR storage\n";
        let farm = farm().with("a", |i| change(i.storage(storage).log("error.log", log))).build();
        check(&farm).pop().map(|hit| hit.message)
    }

    #[test]
    fn same_storage_is_quiet() {
        assert_eq!(message(b"JCR", |i| i), None);
        assert_eq!(message(b"JCR\n", |i| i), None);
    }

    #[test]
    fn other_storage_is_told() {
        assert_eq!(
            message(b"Bundle", |i| i).unwrap(),
            "a names Bundle in its storage file, but started with JCR storage at 2025-07-19 19:00:52; a restart is pending"
        );
    }

    #[test]
    fn restart_is_no_step_where_keys_are_missing_and_waits_for_all_other_steps() {
        let log = "19.07.2025 19:00:52.176 *INFO* [x] y Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with JCR storage\n";
        let steps = |change: fn(Instance) -> Instance| {
            let farm = farm().with("a", |i| change(i.log("error.log", log))).build();
            check(&farm).remove(0).needs
        };
        assert_eq!(steps(|i| i.without_key(KeyName::Hmac)), []);
        let step = Need::Advice {
            instance: Some("a".to_owned()),
            when: When::After,
            text: "Restart a, and check that its error.log says: with Bundle storage.".into(),
            unless: Some(Unless::Changed),
        };
        assert_eq!(steps(|i| i), [step]);
    }

    #[test]
    fn start_without_a_time_is_told() {
        let log = "19:00:52.176 [x] INFO y - Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with JCR storage\n";
        let farm = farm().with("a", |i| i.storage(b"Bundle").log("error.log", log)).build();
        assert_eq!(
            check(&farm)[0].message,
            "a names Bundle in its storage file, but started with JCR storage last by its log, which shows no time of it; \
             a restart may be pending"
        );
    }

    #[test]
    fn start_of_another_instance_is_quiet() {
        let id = "19.07.2025 19:00:50.176 *INFO* [x] y Read Sling ID 00000000-0000-4000-8000-00000000000f\n";
        assert_eq!(message(b"Bundle", |i| i.log("error.log.1", id)), None);
    }

    #[test]
    fn start_that_the_log_does_not_show_counts() {
        let july_19 = 1_752_951_652_176;
        assert!(message(b"Bundle", |i| i.started_at(july_19)).is_some());
        assert_eq!(message(b"Bundle", |i| i.started_at(july_19 + 2 * 86_400_000)), None);
    }

    #[test]
    fn later_start_counts_and_what_was_not_read_may_show_one() {
        let later = "20.07.2025 19:00:52.176 *INFO* [x] y Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";
        assert_eq!(message(b"Bundle", |i| i.log("error.log.1", later)), None);
        assert_eq!(message(b"Bundle", |i| i.gap(GapKind::Log, Some("x"))), None);
        assert_eq!(message(b"other", |i| i), None);
    }
}
