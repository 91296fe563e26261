//! `secret-unreadable`: a protected value that no key of its instance opens.

use super::references::KA_23909;
use super::shut_secrets::{Shut, enter, own_key, shut};
use crate::facts::{Hex, KeyName};
use crate::farm::{Farm, MasterOrigin, OpeningKey, Secret};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};
use std::collections::{BTreeMap, BTreeSet};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "secret-unreadable",
    severity: Severity::Error,
    compares: false,
    summary: "the master of an instance does not open a secret that the instance holds",
    effect: "Everything that needs the secret fails on the instance.",
    why: "Whatever needs the secret fails on the instance (`CryptoException`, an IMS integration without its client secret). A protected value \
          opens with the master that encrypted it and with no other one, and that of the instance was tried.",
    fix: "Give the instance the keys that open it, where an instance has them. Where none has, enter the secret again.",
    references: &[
        KA_23909,
        "wcm-io CONGA AEM plugin, AesCryptoSupport: AES/CBC/PKCS5Padding, initialization vector first",
    ],
    explained_by: &[
        "key-misplaced",
        "key-trailing-newline",
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "master-differs",
    ],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let used = farm.members.iter().filter_map(|member| {
        Some((member.name.as_str(), member.known_key(KeyName::Master)?.digest.whole.md5))
    });
    let used: BTreeSet<Used<'_>> = used.collect();
    shut(farm).iter().flat_map(|shut| of_instance(shut, &used)).collect()
}

/// Instances are named up to this many.
const LISTED_MAX: usize = 3;

/// An instance, and the master that it works with.
type Used<'a> = (&'a str, Hex<16>);

/// What opens a secret, in the order in which it is reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Opener {
    /// The master of another instance.
    Peer(String),
    /// The master of an instance without its flaw, which is a finding of its own; what is said of it.
    Flawed(String),
    /// A key that an instance, which may be its own, has and does not work with; its name, and what is said of the key.
    Unused(String, String),
    /// None of those that were tried; with the instances whose master was not.
    Untried(Vec<String>),
    /// None.
    Nothing(String),
}

/// Tells the secrets of an instance by what opens them.
fn of_instance(shut: &Shut<'_>, used: &BTreeSet<Used<'_>>) -> Vec<Hit> {
    let mut by_opener: BTreeMap<Opener, Vec<&Secret<'_>>> = BTreeMap::new();
    // What an older key of the instance opens is another finding.
    for secret in shut.secrets.iter().filter(|secret| own_key(secret).is_none()) {
        by_opener.entry(opener(secret, used)).or_default().push(secret);
    }
    by_opener.into_iter().map(|(opener, secrets)| hit(shut, &opener, &secrets)).collect()
}

fn opener(secret: &Secret<'_>, used: &BTreeSet<Used<'_>>) -> Opener {
    let is_used =
        |key: &&OpeningKey<'_>| key.flaw.is_none() && used.contains(&(key.instance, key.md5));
    if let Some(peer) = secret.with.iter().find(is_used) {
        return Opener::Peer(peer.instance.to_owned());
    }
    match (secret.with.first(), &secret.reason) {
        (Some(key), _) if used.contains(&(key.instance, key.md5)) => {
            Opener::Flawed(said(key, &format!("of {}", key.instance)))
        }
        (Some(key), _) => Opener::Unused(key.instance.to_owned(), said(key, &place(key))),
        (None, Some(reason)) => Opener::Nothing(format!("and {reason}")),
        (None, None) if !secret.untried.is_empty() => {
            Opener::Untried(secret.untried.iter().copied().map(str::to_owned).collect())
        }
        (None, None) => Opener::Nothing("nor with any other key that was tried".to_owned()),
    }
}

/// Says which key opens a secret that nobody works with as it is.
fn said(key: &OpeningKey<'_>, place: &str) -> String {
    match key.flaw {
        Some(flaw) => format!("but with the one {place} without its flaw: it is there {flaw}"),
        None => format!("but with one {place}"),
    }
}

/// Says where a key lies that is not in use.
fn place(key: &OpeningKey<'_>) -> String {
    let name = key.instance;
    match key.origin {
        MasterOrigin::Bundle => format!("that {name} has among its files"),
        MasterOrigin::Jcr => format!("that {name} has in its /etc/key"),
        MasterOrigin::JcrOlder => format!("that {name} had in an older state of its /etc/key"),
        MasterOrigin::Misplaced => format!("that {name} has where no key is looked for"),
        MasterOrigin::OldCopy => format!("in an old copy of {name}"),
    }
}

fn hit(shut: &Shut<'_>, opener: &Opener, secrets: &[&Secret<'_>]) -> Hit {
    let (subject, verb) = shut.told(secrets, "does", "do");
    let with = match opener {
        Opener::Peer(name) => format!("but with that of {name}"),
        Opener::Flawed(with) | Opener::Unused(_, with) | Opener::Nothing(with) => with.clone(),
        Opener::Untried(names) => {
            format!("and the keys of {} were not tried: they were read in another run", few(names))
        }
    };
    let name = &shut.member.name;
    let kept = shut.why_kept().filter(|_| matches!(opener, Opener::Unused(..)));
    let why = kept.map_or_else(String::new, |why| format!("; {why}"));
    let message = format!("{subject} {verb} not open with its master, {with}{why}");
    let hit = Hit::on(shut.member, message).at(secrets.iter().map(|secret| secret.at.place));
    match opener {
        Opener::Peer(_) => hit.needs([Need::FarmKeys(name.clone())]),
        Opener::Flawed(_) => hit,
        Opener::Unused(..) if kept.is_some() => {
            hit.needs(shut.enter_though_it_has_their_key(secrets))
        }
        Opener::Unused(holder, _) => hit
            .advise([format!(
                "Find out whether {name} should have that key, which {holder} has, with the hmac beside it. If not, enter the secret again."
            )])
            .until_copied()
            .needs([Need::FarmKeys(name.clone())]),
        Opener::Untried(names) => hit.advise([format!(
            "Scan {name} together with {}, without `--facts-dir`: only keys that are read in one run are tried on its secrets.",
            few(names)
        )]),
        Opener::Nothing(_) => hit.needs(enter(name, secrets)),
    }
}

/// Names the first; of long lists, the rest is not counted.
fn few(names: &[String]) -> String {
    match names.split_at_checked(LISTED_MAX) {
        Some((first, [_, ..])) => format!("{} and others", first.join(", ")),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    const A: [u8; 16] = *b"\x01A\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\xff\x03\x05\x07\x09\x0b";
    const B: [u8; 16] = *b"\x01B\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\xff\x03\x05\x07\x09\x0b";
    const MAIL: &str = "smtp.password of com.day.cq.mailer.DefaultMailService on a does not open with its master, ";

    /// What is told of an instance that holds a secret which A encrypted, beside one that has A.
    fn told(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let of = |i: Instance| i.mail_secret(&A, "x");
        let farm = farm().with("a", |i| change(of(i))).with("b", |i| i.master(&B)).tried().build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn secret_that_opens_is_quiet() {
        assert_eq!(told(|i| i.master(&A)), [""; 0]);
        assert_eq!(told(|i| i.master(&[0x81; 32])), [""; 0], "that is not known");
    }

    #[test]
    fn what_opens_it_is_told() {
        let flawed = [&A[..], b"\n"].concat();
        let cases = [
            (told(|i| i.master(&B)), "nor with any other key that was tried"),
            (
                told(|i| i.master(&flawed)),
                "but with the one of a without its flaw: it is there followed by a newline (LF)",
            ),
            (
                told(|i| i.master(&B).key_in("bundle7", KeyName::Master, &A)),
                "but with one that a has where no key is looked for; others of the farm work with its present master too",
            ),
        ];
        for (told, end) in cases {
            assert_eq!(told, [format!("{MAIL}{end}")]);
        }
        let farm =
            farm().with("a", |i| i.mail_secret(&A, "x").master(&B)).with("b", |i| i.master(&A));
        let hits = check(&farm.tried().build());
        assert_eq!(hits[0].message, format!("{MAIL}but with that of b"));
        assert_eq!(hits[0].needs, [Need::FarmKeys("a".to_owned())]);
    }

    #[test]
    fn keys_of_sources_that_were_read_in_another_run_are_not_said_to_open_nothing() {
        let alone = |name| {
            let of = |i: Instance| {
                if name == "a" { i.mail_secret(&A, "x").master(&B) } else { i.master(&A) }
            };
            farm().with(name, of).tried().build().members.remove(0).snapshot
        };
        let both = farm().with("a", |mut i| {
            i.snapshot = alone("a");
            i
        });
        let both = both.with("b", |mut i| {
            i.snapshot = alone("b");
            i
        });
        let hits = check(&both.build());
        let end = "and the keys of b were not tried: they were read in another run";
        assert_eq!(hits[0].message, format!("{MAIL}{end}"));
        assert_eq!(hits[0].advice().len(), 1, "and nobody is asked to enter it again");
        assert!(
            hits[0].advice()[0].starts_with("Scan a together with b, "),
            "{:?}",
            hits[0].advice()
        );
    }

    #[test]
    fn what_nothing_opens_is_to_be_entered_again() {
        let farm = farm().with("a", |i| i.mail_secret(&A, "x").master(&B)).tried().build();
        let need = Need::Secret {
            instance: "a".to_owned(),
            pid: "com.day.cq.mailer.DefaultMailService".to_owned(),
            property: "smtp.password".to_owned(),
        };
        assert_eq!(check(&farm)[0].needs, [need]);
    }

    #[test]
    fn older_key_of_the_instance_is_another_finding() {
        let told = told(|i| i.master(&B).jcr(&[(KeyName::Master, &A)]));
        assert_eq!(told, [""; 0]);
    }
}
