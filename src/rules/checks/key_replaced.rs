//! `key-replaced`: a key file was written long after the install.

use super::references::ENCAPSULATED_TOKEN;
use crate::facts::{KeyFile, KeyName, LogSignature, LogTime, Utc};
use crate::farm::{Clock, Farm, Member, opened, replaced_keys, spoken_span};
use crate::repair::When;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-replaced",
    severity: Severity::Warning,
    compares: false,
    summary: "a key file was written long after the install",
    effect: "What was encrypted with the key before can no longer be decrypted.",
    why: "AEM writes its keys once, at its first start. A key that is newer was copied or created since, and what was encrypted before cannot be \
          read with it. It is a note where a peer has the key and no sign of trouble begins after it, as after keys were copied for encapsulated tokens. \
          Keys are read at a start: an instance that was not started since may still work with those before.",
    fix: "Find out who replaced the key at that time, and whether the one before is left in a backup.",
    references: &[ENCAPSULATED_TOKEN],
    explained_by: &["hmac-differs", "master-differs", "half-copied-pair"],
    check,
};

/// Keys that were written within this were replaced together.
const TOGETHER_MS: u64 = 600_000;

/// Signs that what was encrypted cannot be read, or what was signed does not hold.
const SIGNS: [LogSignature; 6] = [
    LogSignature::CryptoConvert,
    LogSignature::CryptoDecrypt,
    LogSignature::CryptoConfiguration,
    LogSignature::CryptoCredentials,
    LogSignature::TruststoreUnreadable,
    LogSignature::OauthDecrypt,
];

/// A key that was replaced.
struct Replaced<'f> {
    name: KeyName,
    file: &'f KeyFile,
    at_ms: u64,
}

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().flat_map(|member| of(farm, member)).collect()
}

fn of(farm: &Farm, member: &Member) -> Vec<Hit> {
    let clock = Clock::of(member);
    let Some(installed) = clock.installed_ms else { return Vec::new() };
    let found: Vec<Replaced<'_>> = replaced_keys(&clock)
        .into_iter()
        .map(|(file, at_ms)| Replaced { name: file.name, file, at_ms })
        .collect();
    let are_together =
        |a: &Replaced<'_>, b: &Replaced<'_>| a.at_ms.abs_diff(b.at_ms) <= TOGETHER_MS;
    found.chunk_by(are_together).map(|keys| hit(farm, member, &clock, keys, installed)).collect()
}

fn hit(
    farm: &Farm,
    member: &Member,
    clock: &Clock<'_>,
    keys: &[Replaced<'_>],
    installed: u64,
) -> Hit {
    let names: Vec<&str> = keys.iter().map(|key| key.name.file_name()).collect();
    let at_ms = keys.iter().map(|key| key.at_ms).max().unwrap_or_default();
    let was = if names.len() == 1 { "was" } else { "were" };
    let sign = clock.first_behind(&SIGNS, at_ms);
    let before = sign.map(before).unwrap_or_default();
    // Keys are read at a start, and what AEM writes itself it writes within minutes of that.
    // Where it has trouble since, it has read them.
    let unread = clock.since_last_start(at_ms).filter(|ms| *ms > TOGETHER_MS && sign.is_none());
    let start =
        unread.map(|ms| format!(", {} after its last start", spoken_span(ms))).unwrap_or_default();
    let message = format!(
        "{}: {} {was} written {}{start}{before}; the instance was installed {}",
        member.name,
        names.join(" and "),
        Utc(at_ms),
        day(installed),
    );
    let has_peer = keys.iter().all(|key| has_peer(farm, member, key.name));
    let hit = Hit::on(member, message).at(keys.iter().map(|key| &key.file.place));
    let ask = "Find out who wrote the key files then, and whether a backup has those of before.";
    let hit = match unread.map(|_| restart(farm, member)) {
        Some((When::Before, step)) => hit.advise([step]).until_copied().advise([ask]),
        // Keys that others work with were copied here, and nobody asks by whom.
        Some((when, step)) => hit.advise_at(when, [step]).until_changed(),
        None => hit.advise([ask]),
    };
    if has_peer && sign.is_none() && unread.is_none() { hit.only_noted() } else { hit }
}

/// Says what to do where an instance was not started since its keys were written: with keys that read its data, it is to be.
fn restart(farm: &Farm, member: &Member) -> (When, String) {
    let name = &member.name;
    let peers = farm.members.iter().filter(|other| other.name != *name);
    let pair = member.pair().keys();
    let are_shared = pair.is_some() && peers.map(|other| other.pair().keys()).any(|p| p == pair);
    let opens = pair.and_then(|[_, master]| opened(&[member], &master));
    if are_shared && opens.is_none_or(|(open, all)| open == all) {
        let step = format!(
            "Restart {name}, or refresh com.adobe.granite.crypto on it: it may still work with the keys that it had before."
        );
        (When::After, step)
    } else {
        let step = format!(
            "Do not restart {name} before its key files are known to be right: it may still work with those before."
        );
        (When::Before, step)
    }
}

/// Says what began behind it.
fn before((first, behind): (LogTime, Option<u64>)) -> String {
    match behind {
        Some(ms) => format!(", {} before the first CryptoException", spoken_span(ms)),
        None => format!(", before the first CryptoException ({first}, local time)"),
    }
}

fn day(ms: u64) -> String {
    Utc(ms).to_string().split(' ').next().unwrap_or_default().to_owned()
}

/// Returns `true` if another instance works with the same key. A lone one has none to agree with, and that says nothing.
fn has_peer(farm: &Farm, member: &Member, name: KeyName) -> bool {
    let own = member.known_key(name).map(|key| key.value);
    let others = farm.members.iter().filter(|other| other.name != member.name);
    let mut keys = others.filter_map(|other| other.known_key(name)).map(|key| key.value).peekable();
    keys.peek().is_none() || keys.any(|key| Some(key) == own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Selection, judge};
    use crate::facts::FileTime;
    use crate::testing::{FarmBuilder, Instance, good_farm};

    const DAY_MS: u64 = 86_400_000;
    /// 2 November 2026, 01:12 UTC.
    const WRITTEN: u64 = 1_793_581_920_000;
    const HMAC: &str = "launchpad/felix/bundle2/data/hmac";
    const MASTER: &str = "launchpad/felix/bundle2/data/master";
    const STORAGE: &str = "launchpad/felix/bundle1/data/storage";

    /// An instance of 5 March 2024 whose keys have these times.
    fn dated(i: Instance, hmac: u64, master: u64) -> Instance {
        let installed = 1_709_640_000_000;
        let times = [(HMAC, hmac), (MASTER, master), (STORAGE, installed)];
        let i = i.modified(installed, WRITTEN - DAY_MS);
        times.into_iter().fold(i, |i, (path, ms)| i.written(path, FileTime::UtcMs(ms)))
    }

    /// Severity and message of what is found.
    fn told(farm: FarmBuilder) -> Vec<(Severity, String)> {
        let judged = judge(vec![farm.build()], &Selection::default()).remove(0);
        let own = judged.findings.into_iter().filter(|found| found.rule.id == RULE.id);
        own.map(|found| (found.severity, found.hit.message)).collect()
    }

    #[test]
    fn key_that_is_newer_than_the_install_is_told_with_what_began_behind_it() {
        let log = "02.11.2026 01:13:00.000 *INFO* [x] c.C Starting Crypto Support (com.adobe.granite.crypto, 3.4.16) with Bundle storage\n\
                   02.11.2026 01:26:00.000 *ERROR* [x] c.C com.adobe.granite.crypto.CryptoException: Cannot convert byte data\n";
        let replaced = |i: Instance| {
            dated(i, WRITTEN, WRITTEN).log("error.log", log).started_at(WRITTEN).hmac(&[9; 32])
        };
        let told = told(good_farm(&["a"]).with("b", replaced));
        let message = "b: hmac and master were written 2026-11-02 01:12:00 UTC, 14 minutes before the first CryptoException; the instance was installed 2024-03-05";
        assert_eq!(told, [(Severity::Warning, message.to_owned())]);
    }

    #[test]
    fn keys_that_were_written_after_the_last_start_are_told_with_what_to_do() {
        let told = |start: u64, other: bool| {
            let copied = |i: Instance| {
                let i = dated(i, WRITTEN, WRITTEN).started_at(start);
                if other { i.hmac(&(60..92).collect::<Vec<u8>>()) } else { i }
            };
            let hit = check(&good_farm(&["a"]).with("b", copied).build()).remove(0);
            let step = hit.advice().remove(0);
            (hit.is_note, hit.message, step)
        };
        let words = |(is_note, message, step): (bool, String, String)| {
            let start = message.split(", ").nth(1).unwrap_or_default().to_owned();
            (is_note, start, step.split(' ').take(3).collect::<Vec<_>>().join(" "))
        };
        let (before, now) = (WRITTEN - 3 * DAY_MS, WRITTEN - 60_000);
        let late = "3 days after its last start; the instance was installed 2024-03-05";
        assert_eq!(
            words(told(before, false)),
            (false, late.to_owned(), "Restart b, or".to_owned())
        );
        assert_eq!(
            words(told(before, true)),
            (false, late.to_owned(), "Do not restart".to_owned())
        );
        let (is_note, message, step) = told(now, false);
        assert!(is_note && !message.contains("last start") && step.starts_with("Find out"));
    }

    #[test]
    fn key_that_a_peer_has_is_a_note_and_one_that_none_has_is_not() {
        let known = |i: Instance| dated(i, WRITTEN, 1_709_640_000_000);
        let severity =
            |farm| told(farm).into_iter().map(|(severity, _)| severity).collect::<Vec<_>>();
        assert_eq!(severity(good_farm(&["a"]).with("b", known)), [Severity::Note]);
        let other: Vec<u8> = (60..92).collect();
        let odd = |i: Instance| known(i).hmac(&other);
        assert_eq!(severity(good_farm(&["a", "c"]).with("b", odd)), [Severity::Warning]);
    }

    #[test]
    fn copy_without_times_and_keys_of_the_install_are_quiet() {
        let copied = |i: Instance| {
            let i = dated(i, WRITTEN, WRITTEN);
            i.written(STORAGE, FileTime::UtcMs(WRITTEN))
        };
        assert_eq!(told(good_farm(&["a"]).with("b", copied)), []);
        let old = |i: Instance| dated(i, 1_709_640_000_000, 1_709_640_009_000);
        assert_eq!(told(good_farm(&["a"]).with("b", old)), []);
        assert_eq!(told(good_farm(&["a", "b"])), []);
    }
}
