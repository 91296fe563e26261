//! `jcr-key-changed`: an older state of the repository holds another key than the instance works with.

use crate::facts::{Digest, KeyName, PastKeys, PastState, Utc};
use crate::farm::{Farm, KeyState, KeyUsers, Member, names_of};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "jcr-key-changed",
    severity: Severity::Note,
    compares: false,
    summary: "an older state of the repository holds another key",
    effect: "Values that were encrypted with the older key can no longer be decrypted.",
    why: "Revisions and checkpoints of the repository, which are kept until garbage is collected, show what /etc/key held before. A key \
          that was replaced explains secrets that cannot be decrypted and logins that ended: whatever was made with the old key \
          cannot be read with the new one.",
    fix: "Where secrets fail since the change, restore the old keys from a backup, or enter the secrets again.",
    references: &[
        "Apache Jackrabbit Oak, Segment Tar: revisions, checkpoints and garbage collection",
        "Adobe KA-22814: Exception while decrypting the configuration map",
    ],
    explained_by: &[
        "jcr-key-missing",
        "jcr-key-mismatch",
        "storage-jcr-with-ims",
        "master-differs",
        "hmac-differs",
    ],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let holders = KeyUsers::of(farm);
    farm.members.iter().filter_map(|member| on(&holders, member)).collect()
}

fn on(all: &KeyUsers<'_>, member: &Member) -> Option<Hit> {
    let repository = member.snapshot.repository.as_ref()?;
    let changed = |past: &PastKeys| -> Vec<(KeyName, Digest)> {
        KeyName::ALL.into_iter().filter_map(|name| other(member, past, name)).collect()
    };
    let (past, keys) = repository
        .history
        .others
        .iter()
        .map(|past| (past, changed(past)))
        .find(|(_, keys)| !keys.is_empty())?;
    let lost = keys.iter().all(|(name, _)| *member.key(*name) == KeyState::Absent);
    let verb = if lost { "has lost keys" } else { "works with other keys than it had" };
    let listed: Vec<String> =
        keys.iter().map(|(name, digest)| format!("{name} (md5 {})", digest.md5)).collect();
    let message = format!(
        "{} {verb}: {} of its repository holds {}{}",
        member.name,
        state(past),
        listed.join(" and "),
        holders(all, member, &keys)
    );
    let hit = Hit::on(member, message).at([&repository.place]);
    Some(hit.advise(steps(member, repository.history.same_since_ms, past)))
}

/// Returns the key of an older state that is another one than the instance works with, where that is known.
fn other(member: &Member, past: &PastKeys, name: KeyName) -> Option<(KeyName, Digest)> {
    let old = past.key(name)?.digest.whole;
    match member.key(name) {
        KeyState::Known(key) if key.value == old || key.digest.whole == old => None,
        KeyState::Known(_) => Some((name, old)),
        // In Bundle mode an old state of `/etc/key` with keys may be that of before the migration
        // to files.
        KeyState::Absent if member.is_in_jcr_mode() => Some((name, old)),
        _ => None,
    }
}

fn state(past: &PastKeys) -> String {
    let time = past.seen_ms().map(|time| format!(" of {}", Utc(time))).unwrap_or_default();
    match past.state {
        PastState::Revisions { .. } => format!("an older revision{time}"),
        PastState::Checkpoint { .. } => format!("a checkpoint{time}"),
    }
}

/// Says who works with the old keys.
fn holders(all: &KeyUsers<'_>, member: &Member, keys: &[(KeyName, Digest)]) -> String {
    let has = |other: &&Member| {
        other.name != member.name
            && keys
                .iter()
                .all(|(name, old)| other.known_key(*name).is_some_and(|known| known.value == *old))
    };
    let of_first = keys.first().map_or(&[][..], |(name, old)| all.of_key(*name, *old));
    let holders: Vec<&Member> = of_first.iter().copied().filter(has).collect();
    match holders.len() {
        0 => String::new(),
        1 => format!(", which {} works with", names_of(&holders)),
        _ => format!(", which {} work with", names_of(&holders)),
    }
}

fn steps(member: &Member, since_ms: Option<u64>, past: &PastKeys) -> [String; 2] {
    let name = &member.name;
    let after = past.seen_ms().map(|time| format!(" after {}", Utc(time))).unwrap_or_default();
    let until = since_ms.map(|time| format!(", at {} at the latest", Utc(time)));
    let before = past.seen_ms().map(|time| format!(" made by {}", Utc(time))).unwrap_or_default();
    [
        format!(
            "Find out who changed /etc/key of {name}{after}{}, and whether secrets or logins fail since.",
            until.unwrap_or_default()
        ),
        format!(
            "Where they do, take the old keys from a backup{before}, or from that state of a copy of the repository with oak-run; or \
             enter again on {name} what was encrypted with them."
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm, good_farm};

    const NEW: &[u8] = &[7; 32];
    const OLD: &[u8] = &[9; 32];

    fn messages(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let farm = farm().with("a", change).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    fn revision() -> PastState {
        PastState::Revisions { newest_ms: Some(1_714_558_925_000), oldest_ms: Some(5) }
    }

    fn md5(bytes: &[u8]) -> String {
        crate::evidence::digest(bytes).md5.to_string()
    }

    #[test]
    fn keys_that_were_always_there_are_quiet() {
        assert_eq!(messages(|i| i), [""; 0]);
        assert_eq!(messages(|i| i.jcr_mode(NEW, NEW)), [""; 0]);
        assert_eq!(messages(|i| i.jcr_mode(NEW, NEW).held(revision(), &[])), [""; 0]);
    }

    #[test]
    fn replaced_key_is_told_with_its_sum_and_time() {
        let old = |i: Instance| {
            i.jcr_mode(NEW, NEW).held(revision(), &[(KeyName::Hmac, OLD), (KeyName::Master, NEW)])
        };
        assert_eq!(
            messages(old),
            [format!(
                "a works with other keys than it had: an older revision of 2024-05-01 10:22:05 UTC of its repository holds hmac \
                 (md5 {})",
                md5(OLD)
            )]
        );
    }

    #[test]
    fn lost_keys_are_told() {
        let state = PastState::Checkpoint { name: "c".to_owned(), created_ms: None };
        let lost = |i: Instance| i.storage(b"JCR").jcr(&[]).held(state, &[(KeyName::Hmac, OLD)]);
        assert_eq!(
            messages(lost),
            [format!(
                "a has lost keys: a checkpoint of its repository holds hmac (md5 {})",
                md5(OLD)
            )]
        );
    }

    #[test]
    fn keys_that_were_moved_to_files_are_quiet() {
        let moved = |i: Instance| {
            i.hmac(OLD).master(OLD).jcr(&[]).held(revision(), &[(KeyName::Hmac, OLD)])
        };
        assert_eq!(messages(moved), [""; 0]);
    }

    #[test]
    fn files_that_are_not_the_keys_of_before_are_told() {
        let other = |i: Instance| i.hmac(NEW).jcr(&[]).held(revision(), &[(KeyName::Hmac, OLD)]);
        assert_eq!(messages(other).len(), 1);
    }

    #[test]
    fn peers_that_work_with_the_old_keys_are_named() {
        let changed = |i: Instance| i.jcr_mode(NEW, NEW).held(revision(), &[(KeyName::Hmac, OLD)]);
        let same = |i: Instance| i.hmac(OLD);
        let farm = farm().with("a", changed).with("b", same).with("c", same).build();
        let hits = check(&farm);
        assert!(hits[0].message.ends_with(", which b, c work with"), "{}", hits[0].message);
        assert_eq!(hits[0].advice().len(), 2);
    }

    #[test]
    fn unknown_keys_are_not_compared() {
        let unread = |i: Instance| {
            i.storage(b"JCR").jcr(&[]).revisions_behind(1).held(revision(), &[(KeyName::Hmac, OLD)])
        };
        assert_eq!(messages(unread), [""; 0]);
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }
}
