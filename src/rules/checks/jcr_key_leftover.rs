//! `jcr-key-leftover`: Bundle mode, yet `/etc/key` still holds the keys.

use super::references::{CQSUPPORT, KA_23909};
use super::shut_secrets::once_entered;
use crate::facts::{JcrKey, KeyName, StorageMode};
use crate::farm::{Encrypted, Farm, Member};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "jcr-key-leftover",
    severity: Severity::Warning,
    compares: false,
    summary: "keys are left over in the JCR while the storage mode is Bundle",
    effect: "None now; but a copy of the keys is readable in the repository.",
    why: "The last step of the move from the JCR to files was not done: the instance works with its files, and /etc/key still has \
          a copy. Whoever can read the repository or a package of it has the keys, and a `storage` that says JCR again brings them \
          back.",
    fix: "Compare the md5 sums of files and properties, delete hmac and master of /etc/key in CRXDE Lite, and restart.",
    references: &[KA_23909, CQSUPPORT],
    explained_by: &["secret-of-old-key", "jcr-key-mismatch"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(|member| on(farm, member)).collect()
}

fn on(farm: &Farm, member: &Member) -> Option<Hit> {
    // A newer revision, which could not be read, may be without them.
    let repository = member.snapshot.repository.as_ref().filter(|r| !r.is_outdated())?;
    // KA-23909 deletes them as its last step; all works without it, too.
    if member.storage_mode() != Some(StorageMode::Bundle) {
        return None;
    }
    let [hmac, master] = KeyName::ALL.map(|name| member.key_in_file(name));
    let files = [hmac?, master?];
    let left: Vec<&JcrKey> =
        KeyName::ALL.into_iter().filter_map(|name| repository.key(name)).collect();
    if left.is_empty() {
        return None;
    }
    let is_copy = |key: &&&JcrKey| {
        files.iter().any(|(known, file)| file.name == key.name && known.value == key.digest.whole)
    };
    // The repository of a standby is a mirror of that of its primary, of which this is said.
    if member.snapshot.is_standby() && farm.has_primary() {
        return None;
    }
    let others: Vec<&JcrKey> = left.iter().filter(|key| !is_copy(key)).copied().collect();
    let names: Vec<&str> = left.iter().map(|key| key.name.file_name()).collect();
    let message = format!(
        "{} keeps its keys in files, but /etc/key still has {}",
        member.name,
        names.join(" and ")
    );
    let places = files.iter().map(|(_, file)| &file.place).chain([&repository.place]);
    let hit = Hit::on(member, message).at(places);
    if member.snapshot.is_standby() {
        let step = format!(
            "Delete them on the primary of {}, a cold standby: with the next synchronisation they disappear here.",
            member.name
        );
        return Some(hit.advise([step]));
    }
    if let Some(first) = first(&others) {
        let name = member.name.clone();
        return Some(match Encrypted::of(member) {
            _ if member.keeps_keys_for().is_some() => hit.needs([once_entered(farm, member)]),
            Some(Encrypted::ByJcr) => hit.needs([Need::LeaveJcr(name)]),
            Some(Encrypted::ByFile) => hit.needs([Need::DropJcrKeys(name)]),
            None => hit.advise([first]),
        });
    }
    let sums: Vec<String> =
        left.iter().map(|key| format!("{} for {}", key.digest.whole.md5, key.name)).collect();
    let compare = format!(
        "On {}, compare the files in use with the properties, saved from CRXDE Lite: the md5 of both is {}.",
        member.name,
        sums.join(" and ")
    );
    Some(hit.advise([compare]).needs([Need::DropJcrKeys(member.name.clone())]))
}

/// One that is another key than the file may be the one that matters.
fn first(others: &[&JcrKey]) -> Option<String> {
    let names: Vec<&str> = others.iter().map(|key| key.name.file_name()).collect();
    (!names.is_empty()).then(|| {
        format!("Do nothing here before jcr-key-mismatch is settled for {}: what is left may be the right key.", names.join(" and "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    fn key() -> Vec<u8> {
        (1..33).collect()
    }

    fn messages(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let key = key();
        let farm = farm().with("a", |i| change(i.hmac(&key).master(&key[..16]))).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn empty_etc_key_is_quiet() {
        assert_eq!(messages(|i| i.jcr(&[])), [""; 0]);
        assert_eq!(messages(|i| i), [""; 0]);
    }

    #[test]
    fn what_is_left_is_named() {
        let (hmac, master) = (key(), &key()[..16]);
        assert_eq!(
            messages(|i| i.jcr(&[(KeyName::Hmac, &hmac), (KeyName::Master, master)])),
            ["a keeps its keys in files, but /etc/key still has hmac and master"]
        );
        assert_eq!(
            messages(|i| i.jcr(&[(KeyName::Master, master)])),
            ["a keeps its keys in files, but /etc/key still has master"]
        );
    }

    #[test]
    fn keys_of_jcr_mode_are_no_leftover() {
        assert_eq!(messages(|i| i.storage(b"JCR").jcr(&[(KeyName::Hmac, &key())])), [""; 0]);
    }

    #[test]
    fn key_without_a_file_of_its_own_is_not_to_be_deleted() {
        let hmac = key();
        let jcr = |i: Instance| i.jcr(&[(KeyName::Hmac, &hmac)]);
        assert_eq!(messages(|i| jcr(i).without_key(KeyName::Hmac)), [""; 0]);
    }

    #[test]
    fn another_key_is_not_deleted_before_it_is_known_which_is_right() {
        let farm = farm().with("a", |i| i.jcr(&[(KeyName::Hmac, &key())]).hmac(&[9; 32])).build();
        let first = &check(&farm)[0].advice()[0];
        assert!(first.starts_with("Do nothing here before jcr-key-mismatch"), "{first}");
        let same = messages(|i| i.jcr(&[(KeyName::Hmac, &key())]));
        assert_eq!(same.len(), 1);
    }

    #[test]
    fn on_a_standby_nothing_is_deleted() {
        let hmac = key();
        let service = crate::facts::STANDBY_SERVICES[0];
        let of = |mode: &'static str| {
            let hmac = hmac.clone();
            move |i: Instance| {
                let i = i.role("author").hmac(&hmac).jcr(&[(KeyName::Hmac, &hmac)]);
                i.config(service, &format!("mode=\"{mode}\"\r\n"))
            }
        };
        let hits = |modes: &[&'static str]| {
            let farm = modes.iter().fold(farm(), |farm, mode| farm.with(mode, of(mode)));
            check(&farm.build())
        };
        let both = hits(&["primary", "standby"]);
        assert_eq!(both.iter().map(|hit| &hit.instances[..]).collect::<Vec<_>>(), [["primary"]]);
        let alone = hits(&["standby"]);
        assert!(!alone[0].needs.iter().any(|need| matches!(need, Need::DropJcrKeys(_))));
        assert!(alone[0].advice()[0].contains("disappear"), "{alone:?}");
    }

    #[test]
    fn newer_revision_may_be_without_them() {
        let jcr = |i: Instance| i.jcr(&[(KeyName::Hmac, &key())]).revisions_behind(2);
        assert_eq!(messages(jcr), [""; 0]);
    }
}
