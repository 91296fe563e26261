//! `secret-of-old-key`: a protected value opens with a key that its instance had before, and not with the one that it works with.

use super::references::{CQSUPPORT, KA_23909};
use super::shut_secrets::{Shut, own_key, shut};
use crate::facts::{Hex, KeyName, PastState, Place};
use crate::farm::{Farm, MasterOrigin, Member, OpeningKey, Secret};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeMap;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "secret-of-old-key",
    severity: Severity::Error,
    compares: false,
    summary: "a secret opens with a key that the instance had before, not with its own",
    effect: "Everything that needs the secret fails.",
    why: "Whatever needs the secret fails: AEM works with another master than the one that encrypted it. This was tried: the value opens \
          with the master that is left in /etc/key, that an older state of the repository holds, or that lies in an old copy of the instance. \
          So the IMS client_secret is lost after a move of the keys from the JCR to files.",
    fix: "Put the pair of keys that opens the secrets in place, and check again.",
    references: &[KA_23909, CQSUPPORT],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    shut(farm).iter().flat_map(of_instance).collect()
}

fn of_instance(shut: &Shut<'_>) -> Vec<Hit> {
    let mut by_key: BTreeMap<(MasterOrigin, Hex<16>), Vec<&Secret<'_>>> = BTreeMap::new();
    for secret in &shut.secrets {
        if let Some(OpeningKey { origin, md5, .. }) = own_key(secret) {
            by_key.entry((*origin, *md5)).or_default().push(secret);
        }
    }
    by_key.into_iter().map(|((origin, md5), secrets)| hit(shut, origin, md5, &secrets)).collect()
}

fn hit(shut: &Shut<'_>, origin: MasterOrigin, md5: Hex<16>, secrets: &[&Secret<'_>]) -> Hit {
    let member = shut.member;
    let (subject, verb) = shut.told(secrets, "opens", "open");
    let copy = (origin == MasterOrigin::OldCopy).then(|| in_copy(member, md5)).flatten();
    let old = match origin {
        MasterOrigin::JcrOlder => format!("that its /etc/key held {}", when(member, md5)),
        MasterOrigin::OldCopy => {
            format!("in its old copy {}", copy.map_or("", |place| place.path.as_str()))
        }
        _ => "that its /etc/key still holds".to_owned(),
    };
    let place = if member.is_in_jcr_mode() { "/etc/key now" } else { "its files" };
    let kept = shut.why_kept().map_or_else(String::new, |why| format!("; {why}"));
    let message =
        format!("{subject} {verb} with the master {old}, not with the one in {place}{kept}");
    let places = secrets.iter().map(|secret| secret.at.place).chain(copy);
    let repository = member.snapshot.repository.iter().map(|stored| &stored.place);
    let hit = Hit::on(member, message).at(places);
    match origin {
        _ if shut.why_kept().is_some() => hit.needs(shut.enter_though_it_has_their_key(secrets)),
        // Where the plan takes the keys from there, nothing of the advice is left to do.
        MasterOrigin::OldCopy => hit
            .needs([Need::FarmKeys(member.name.clone())])
            .advise(by_hand(member, "in the old copy", md5))
            .until_copied(),
        MasterOrigin::JcrOlder => {
            let what =
                "in the older state of the repository, which a copy of it from then still shows";
            hit.at(repository).advise(by_hand(member, what, md5))
        }
        _ => hit.at(repository).needs([Need::LeaveJcr(member.name.clone())]),
    }
}

/// Says when the repository held a key.
fn when(member: &Member, md5: Hex<16>) -> String {
    let past = member.snapshot.repository.iter().flat_map(|stored| &stored.history.others);
    let is_it =
        |key: &crate::facts::JcrKey| key.name == KeyName::Master && key.digest.whole.md5 == md5;
    let held = past.filter(|past| past.keys.iter().any(is_it)).map(|past| &past.state);
    let is_checkpoint = |state: &PastState| matches!(state, PastState::Checkpoint { .. });
    if held.clone().all(is_checkpoint) { "in a checkpoint" } else { "in an older revision" }
        .to_owned()
}

/// Returns the file of a key in an old copy.
fn in_copy(member: &Member, md5: Hex<16>) -> Option<&Place> {
    let files = member.copies.iter().flat_map(|copy| &copy.key_files);
    let mut files = files.filter(|file| file.digest.whole.md5 == md5);
    files.next().map(|file| &file.place)
}

fn by_hand(member: &Member, place: &str, md5: Hex<16>) -> [String; 2] {
    let name = &member.name;
    [
        format!(
            "Get both keys of {name}, hmac and master, {place}: the md5 of the master must be {md5}."
        ),
        format!(
            "Stop {name}, keep a copy of the hmac and master that are there, put both in their place in binary mode, and start {name}. Then scan again."
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    const A: [u8; 16] = *b"\x01A\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\xff\x03\x05\x07\x09\x0b";
    const B: [u8; 16] = *b"\x01B\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\xff\x03\x05\x07\x09\x0b";
    const MAIL: &str =
        "smtp.password of com.day.cq.mailer.DefaultMailService on a opens with the master";

    fn hits(change: impl FnOnce(Instance) -> Instance) -> Vec<Hit> {
        let of = |i: Instance| i.mail_secret(&A, "x").master(&B);
        check(&farm().with("a", |i| change(of(i))).tried().build())
    }

    #[test]
    fn key_left_in_the_repository_is_the_one_to_take() {
        let hits = hits(|i| i.jcr(&[(KeyName::Hmac, &[7; 32]), (KeyName::Master, &A)]));
        let message =
            format!("{MAIL} that its /etc/key still holds, not with the one in its files");
        assert_eq!(hits[0].message, message);
        assert_eq!(hits[0].needs, [Need::LeaveJcr("a".to_owned())]);
    }

    #[test]
    fn older_state_is_told_as_such() {
        let master = [(KeyName::Master, &A[..])];
        let revisions = || PastState::Revisions { newest_ms: None, oldest_ms: None };
        let checkpoint = || PastState::Checkpoint { name: "x".to_owned(), created_ms: None };
        for (state, when) in [(revisions(), "an older revision"), (checkpoint(), "a checkpoint")] {
            let hits = hits(|i| i.jcr(&[]).held(state, &master));
            let message =
                format!("{MAIL} that its /etc/key held in {when}, not with the one in its files");
            assert_eq!(hits[0].message, message);
        }
        let jcr = hits(|i| i.jcr_mode(&[7; 32], &B).held(revisions(), &master));
        assert!(jcr[0].message.ends_with("not with the one in /etc/key now"), "{}", jcr[0].message);
    }

    #[test]
    fn instance_that_shares_its_keys_enters_its_secrets_again() {
        let left = |i: Instance| i.jcr(&[(KeyName::Hmac, &[7; 32]), (KeyName::Master, &A)]);
        let of = |i: Instance| left(i).mail_secret(&A, "x").master(&B);
        let needs = |role: &str, other: fn(Instance) -> Instance| {
            let farm = farm().with("a", |i| of(i).role(role)).with("b", other);
            check(&farm.tried().build()).remove(0).needs
        };
        let shares = |i: Instance| i.master(&B);
        let [Need::Secret { instance, .. }] = &needs("publish", shares)[..] else {
            panic!("its secret alone")
        };
        assert_eq!(instance, "a");
        let [Need::Advice { when, text, .. }, Need::Secret { .. }] = &needs("author", shares)[..]
        else {
            panic!("an author is asked about first")
        };
        let old = crate::evidence::digest_key(&A).whole.md5;
        assert!(text.to_string().contains(&format!("master {old})")), "{text}");
        assert_eq!(*when, crate::repair::When::Before);
        let leaves = [Need::LeaveJcr("a".to_owned())];
        assert_eq!(needs("publish", |i| i.master(&A)), leaves, "nobody shares its keys");
        let both = |i: Instance| {
            let i = i.jcr(&[(KeyName::Hmac, &[7; 32]), (KeyName::Master, &A)]);
            i.mail_secret(&A, "y").master(&B)
        };
        assert_eq!(needs("publish", both), leaves, "both may leave them");
    }

    #[test]
    fn key_of_another_instance_or_none_is_another_finding() {
        assert_eq!(hits(|i| i), []);
        assert_eq!(hits(|i| i.master(&A).jcr(&[(KeyName::Master, &A)])), []);
    }
}
