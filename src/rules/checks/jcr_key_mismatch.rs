//! `jcr-key-mismatch`: Bundle mode, and `/etc/key` holds another key than the file.

use super::each_key::each_key;
use super::references::{CQSUPPORT, KA_23909};
use super::shut_secrets::once_entered;
use crate::facts::{JcrKey, KeyFile, KeyName, StorageMode};
use crate::farm::{EffectiveKey, Encrypted, Farm, KeyUsers, Member, other_in_jcr, others};
use crate::repair::{Need, quoted};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "jcr-key-mismatch",
    severity: Severity::Error,
    compares: false,
    summary: "the key file is another key than the one in the JCR",
    effect: "Values that were encrypted before the move cannot be decrypted.",
    why: "An instance that moved its keys from the JCR to files must have the same keys in both. Another one in the file means that \
          the copy went wrong or that AEM made new keys in between: whatever the key in /etc/key has encrypted cannot be read.",
    fix: "Compare the md5 sums, find out which key has encrypted the protected values, put that one in place as a file, restart, and \
          compare again.",
    references: &[KA_23909, CQSUPPORT],
    explained_by: &["secret-of-old-key"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let users = KeyUsers::of(farm);
    each_key(farm, |member, name| on(farm, &users, member, name))
}

fn on(farm: &Farm, users: &KeyUsers<'_>, member: &Member, name: KeyName) -> Option<Hit> {
    // The repository of a standby is a mirror of that of its primary: where the keys of both differ, `standby-not-ready` says so.
    let is_mirror = member.snapshot.is_standby() && farm.has_primary();
    let is_meant = |_: &_| member.storage_mode() == Some(StorageMode::Bundle) && !is_mirror;
    let (known, file, jcr) = other_in_jcr(member, name).filter(is_meant)?;
    // A newer revision, which could not be read, may have the key of the file, or none.
    let repository = member.snapshot.repository.as_ref().filter(|read| !read.is_outdated())?;
    let message = format!(
        "{name} of {} differs from the one in its /etc/key: md5 {} in the file, {} in the JCR{}",
        member.name,
        known.digest.whole.short(),
        jcr.digest.whole.short(),
        whose(users, member, jcr)
    );
    let places = [&file.place, &repository.place];
    let hit = Hit::on(member, message).at(places);
    Some(match Encrypted::of(member) {
        _ if member.keeps_keys_for().is_some() => hit.needs([once_entered(farm, member)]),
        Some(Encrypted::ByJcr) => hit.needs([Need::LeaveJcr(member.name.clone())]),
        Some(Encrypted::ByFile) => hit.needs([Need::DropJcrKeys(member.name.clone())]),
        None if member.snapshot.is_standby() => hit.advise([of_standby(member)]).until_copied(),
        None => hit.advise(advice(member, known, file, jcr)).until_copied(),
    })
}

/// Says who works with the key in the repository: a package of `/etc/key` brings the keys of another instance, and in Bundle mode they have no
/// effect.
fn whose(users: &KeyUsers<'_>, member: &Member, jcr: &JcrKey) -> String {
    let peers = others(users.of_key(jcr.name, jcr.digest.whole), member);
    peers.map_or_else(String::new, |peers| {
        // What AEM makes of `Bundle` with a line end is not known.
        let is_exact = member.storage().is_some_and(|file| file.storage.is_exact());
        let mode =
            if is_exact { ", which has no effect there, for its keys are files" } else { "" };
        format!("; the latter is the {} of {peers}{mode}", jcr.name)
    })
}

fn of_standby(member: &Member) -> String {
    format!(
        "{} is a cold standby, whose repository is a mirror: scan it with its primary, and give it the key files of that.",
        member.name
    )
}

fn advice(member: &Member, known: &EffectiveKey, file: &KeyFile, jcr: &JcrKey) -> [String; 3] {
    let (name, path) = (&member.name, quoted(&member.snapshot, &file.place.path));
    let (in_file, in_jcr) = (known.digest.whole.md5, jcr.digest.whole.md5);
    [
        format!(
            "On {name}, save {} (CRXDE Lite), and compare: its md5 must be {in_jcr}; {path} has {in_file}.",
            jcr.path()
        ),
        format!(
            "Find out which of the two has encrypted the protected values. If they cannot be read since the keys were moved, it is the one of \
             the JCR; if the file was copied from another instance since, and secrets were entered again, it is the file, and {} is a leftover \
             to delete.",
            jcr.path()
        ),
        format!(
            "If it is the one of the JCR: stop {name}, keep a copy of {path}, put the saved property in its place in binary mode, check that \
             its md5 is {in_jcr}, and start {name}. Then scan again."
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    fn key(seed: u8) -> Vec<u8> {
        (seed..).take(32).collect()
    }

    fn messages(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let farm = farm().with("a", change).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    fn jcr(instance: Instance) -> Instance {
        instance.jcr(&[(KeyName::Hmac, &key(1))])
    }

    #[test]
    fn equal_keys_are_quiet() {
        assert_eq!(messages(|i| jcr(i).hmac(&key(1))), [""; 0]);
    }

    #[test]
    fn other_key_is_told_with_both_sums() {
        assert_eq!(
            messages(|i| jcr(i).hmac(&key(2))),
            [
                "hmac of a differs from the one in its /etc/key: md5 2e3a13f0 in the file, 5985331b in the JCR"
            ]
        );
        assert_eq!(messages(|i| jcr(i).hmac(&key(2)).revisions_behind(1)), [""; 0]);
    }

    #[test]
    fn key_of_a_peer_in_the_jcr_is_told_as_such() {
        let built = farm()
            .with("a", |i| i.hmac(&key(1)).role("author"))
            .with("b", |i| jcr(i).hmac(&key(2)))
            .build();
        let hit = check(&built).remove(0);
        let end = "in the JCR; the latter is the hmac of a, which has no effect there, for its keys are files";
        assert!(hit.message.ends_with(end), "{}", hit.message);
        let open = farm()
            .with("a", |i| i.hmac(&key(1)).role("author"))
            .with("b", |i| jcr(i).hmac(&key(2)).storage(b"Bundle\n"))
            .build();
        let hit = check(&open).remove(0);
        assert!(
            hit.message.ends_with("in the JCR; the latter is the hmac of a"),
            "{}",
            hit.message
        );
    }

    #[test]
    fn stray_newline_alone_is_not_another_key() {
        let with_newline = [&key(1)[..], b"\n"].concat();
        assert_eq!(messages(|i| jcr(i).hmac(&with_newline)), [""; 0]);
    }

    #[test]
    fn unused_file_of_jcr_mode_is_told_elsewhere() {
        assert_eq!(messages(|i| jcr(i).hmac(&key(2)).storage(b"JCR")), [""; 0]);
    }

    #[test]
    fn one_of_the_two_places_alone_tells_nothing() {
        assert_eq!(messages(|i| jcr(i).without_key(KeyName::Hmac)), [""; 0]);
        assert_eq!(messages(|i| i.jcr_unreadable("segment 1 is missing").hmac(&key(2))), [""; 0]);
    }
}
