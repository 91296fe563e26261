//! `jcr-key-missing`: JCR mode, and `/etc/key` does not hold a key.

use super::references::{CQSUPPORT, KA_23909};
use crate::facts::{KeyName, Role};
use crate::farm::{Farm, KeyState, Member, ignores_keys};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "jcr-key-missing",
    severity: Severity::Error,
    compares: false,
    summary: "a key is missing in the JCR, where the storage mode wants it",
    effect: "At its next start the instance makes new keys, and its secrets are lost.",
    why: "In JCR mode the keys are the properties hmac and master of /etc/key. Where they are gone, AEM makes new ones at the next \
          start, and whatever was signed or encrypted with the old keys cannot be read: logins and secrets fail.",
    fix: "Do not restart before the keys are back. Restore /etc/key from a backup or with the keys of another instance, or put the \
          key files in place and write `Bundle` into `storage` without a newline.",
    references: &[CQSUPPORT, KA_23909],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(|member| on(farm, member)).collect()
}

fn on(farm: &Farm, member: &Member) -> Option<Hit> {
    let repository = member.snapshot.repository.as_ref().filter(|_| member.is_in_jcr_mode())?;
    let is_absent = |name: &KeyName| *member.key(*name) == KeyState::Absent;
    let missing: Vec<&str> =
        KeyName::ALL.iter().filter(|name| is_absent(name)).map(|name| name.file_name()).collect();
    if missing.is_empty() {
        return None;
    }
    let name = &member.name;
    let message =
        format!("{name} is in JCR mode, but /etc/key has no {}", missing.join(" and no "));
    let (message, instead) = if member.pair().is_ignored() {
        (format!("{message}: its keys are the files that it ignores"), None)
    } else if ignores_keys(member) {
        let message = format!("{message}; the key files that it ignores may be its own");
        let instead = format!(
            "Where its logs show that {name} last started with Bundle storage, its key files are its own: write Bundle into its storage, \
             without a newline."
        );
        // For an author, the choice of the source says it.
        (message, Some(instead).filter(|_| farm.role_of(member) != Some(Role::Author)))
    } else {
        let instead = format!(
            "Where there is a backup of {name}, restore /etc/key from it instead: only its old keys read what it has encrypted."
        );
        (message, Some(instead))
    };
    let wait = format!("Do not restart {name} before its keys are back: it would make new ones.");
    let advice = [wait].into_iter().chain(instead);
    let files = member.storage().map(|file| &file.place);
    let places = files.into_iter().chain([&repository.place]);
    let hit = Hit::on(member, message).at(places).advise(advice);
    Some(hit.needs([Need::FarmKeys(name.clone())]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm, good_farm};

    const KEY: &[u8] = &[7; 32];

    fn messages(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let farm = farm().with("a", change).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    fn bare(i: Instance) -> Instance {
        i.without_key(KeyName::Hmac).without_key(KeyName::Master)
    }

    #[test]
    fn files_that_are_ignored_are_named_for_what_they_may_be() {
        let start = "19.07.2025 19:00:52.176 *INFO* [x] y Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";
        let empty = |i: Instance| i.storage(b"JCR").jcr(&[]);
        let said = messages(|i| empty(i).log("error.log", start)).remove(0);
        assert!(said.ends_with("no master: its keys are the files that it ignores"), "{said}");
        let said = messages(empty).remove(0);
        assert!(said.ends_with("; the key files that it ignores may be its own"), "{said}");
    }

    #[test]
    fn keys_in_the_jcr_are_quiet() {
        assert_eq!(messages(|i| i.jcr_mode(KEY, KEY)), [""; 0]);
    }

    #[test]
    fn each_missing_key_is_named() {
        assert_eq!(
            messages(|i| bare(i).storage(b"JCR").jcr(&[])),
            ["a is in JCR mode, but /etc/key has no hmac and no master"]
        );
        assert_eq!(
            messages(|i| bare(i).storage(b"JCR").jcr(&[(KeyName::Hmac, KEY)])),
            ["a is in JCR mode, but /etc/key has no master"]
        );
    }

    #[test]
    fn it_is_to_have_the_keys_of_the_farm_and_not_to_be_restarted_before() {
        let farm = good_farm(&["p1", "p2"]).with("p3", |i| i.storage(b"JCR").jcr(&[])).build();
        let hit = check(&farm).remove(0);
        assert!(hit.advice()[0].starts_with("Do not restart p3"), "{hit:?}");
        assert!(hit.needs.contains(&Need::FarmKeys("p3".to_owned())));
    }

    #[test]
    fn empty_etc_key_is_right_in_bundle_mode() {
        assert_eq!(messages(|i| i.jcr(&[])), [""; 0]);
    }

    #[test]
    fn what_could_not_be_read_is_not_missing() {
        assert_eq!(messages(|i| i.storage(b"JCR").jcr_unreadable("segment 1 is missing")), [""; 0]);
        assert_eq!(messages(|i| i.storage(b"JCR").jcr(&[]).revisions_behind(1)), [""; 0]);
        assert_eq!(messages(|i| i.storage(b"JCR")), [""; 0]);
    }
}
