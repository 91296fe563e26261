//! What the log of an instance shows of its present, for rules and for the choice of the source.

use super::timeline::FIRST_START_MS_MAX;
use super::{Clock, Member, replaced_keys};
use crate::facts::{GapKind, KeyName, LogSignature, LogStatement, LogTime, LogTopic, Place, Seen};

/// Signs that an instance cannot decrypt with its keys what it holds.
pub(crate) const CANNOT_DECRYPT: [LogSignature; 4] = [
    LogSignature::CryptoConvert,
    LogSignature::CryptoDecrypt,
    LogSignature::CryptoConfiguration,
    LogSignature::CryptoCredentials,
];

/// Those of them that name the reason. Credentials of a client may be unusable for others.
const SURELY_KEYS: [LogSignature; 3] =
    [LogSignature::CryptoConvert, LogSignature::CryptoDecrypt, LogSignature::CryptoConfiguration];

/// Returns `true` if an instance surely logs, since its last start, that it cannot decrypt with its keys what it holds.
pub(crate) fn cannot_decrypt(member: &Member) -> bool {
    !seen(member, &SURELY_KEYS).is_empty()
}

/// Returns where the log of an instance shows the signatures. What another instance logged is not of it, and what stopped before the last start
/// says nothing of the instance as it is; the report in JSON has it.
pub(crate) fn seen<'m>(member: &'m Member, signatures: &[LogSignature]) -> Vec<&'m Seen> {
    let log = member.snapshot.own_log().filter(|log| !log.are_over(signatures));
    let all = log
        .into_iter()
        .flat_map(|log| signatures.iter().filter_map(|sign| Some((*sign, log.seen.get(sign)?))));
    all.filter(|(sign, seen)| !is_of_older_key(member, *sign, seen)).map(|(_, seen)| seen).collect()
}

/// Returns `true` if a sign surely ended before the key that it speaks of was written, and the instance was started since: then it says nothing
/// of the key that is there now.
// After a repair the log with the start line may be rotated away, or not sent.
fn is_of_older_key(member: &Member, sign: LogSignature, seen: &Seen) -> bool {
    let (Some(name), Some(last)) = (key_of(sign), seen.sighting.last) else { return false };
    // Only of a key that was replaced: what is older than a key of the install, nothing shows to be over.
    let mut replaced = replaced_keys(&Clock::of(member)).into_iter();
    let written = replaced.find(|(file, _)| file.name == name).map(|(_, at_ms)| at_ms);
    written
        .zip(member.snapshot.last_start_ms)
        .is_some_and(|(written, start)| last.is_surely_before(written) && written < start)
}

/// Returns the key that a sign speaks of, if it speaks of any.
fn key_of(sign: LogSignature) -> Option<KeyName> {
    match sign {
        LogSignature::ImsInvalidSecret
        | LogSignature::CryptoConvert
        | LogSignature::CryptoDecrypt
        | LogSignature::CryptoConfiguration
        | LogSignature::CryptoCredentials
        | LogSignature::TruststoreUnreadable
        | LogSignature::KeystoreUninitialized
        | LogSignature::OauthDecrypt => Some(KeyName::Master),
        LogSignature::CsrfRejected => Some(KeyName::Hmac),
        LogSignature::ImsTokenRefused
        | LogSignature::ImsExpired
        | LogSignature::ImsJwtMismatch
        | LogSignature::CryptoSetup
        | LogSignature::CryptoUnresolved
        | LogSignature::CryptoMissing => None,
    }
}

/// Returns when an instance got other keys than those that its data was encrypted with: they were written long after its install, and signs
/// that it cannot decrypt what it holds begin behind that.
pub(crate) fn lost_its_data(member: &Member) -> Option<u64> {
    let clock = Clock::of(member);
    let written = replaced_keys(&clock).into_iter().map(|(_, at_ms)| at_ms).max()?;
    (cannot_decrypt(member) && clock.first_behind(&SURELY_KEYS, written).is_some())
        .then_some(written)
}

/// Returns `true` if an instance may still work with other keys than those that its files say: they were written, or made to be used, after
/// its last start.
pub(crate) fn waits_for_restart(member: &Member) -> bool {
    let clock = Clock::of(member);
    let is_unread = |at_ms| clock.since_last_start(at_ms).is_some_and(|ms| ms > FIRST_START_MS_MAX);
    let started_with = last_storage(member).map(|(last, _)| &last.value);
    let mode = member.storage_mode().map(|mode| mode.to_string());
    started_with.zip(mode).is_some_and(|(last, mode)| *last != mode)
        || replaced_keys(&clock).into_iter().any(|(_, at_ms)| is_unread(at_ms))
}

pub(crate) fn last(all: &[&Seen]) -> Option<LogTime> {
    all.iter().filter_map(|seen| seen.sighting.last).max()
}

/// Returns with which storage an instance last started, and where its log says so; nothing where a later start may not have been read.
pub(crate) fn last_storage(member: &Member) -> Option<(&LogStatement, &Place)> {
    let snapshot = &member.snapshot;
    let is_whole =
        snapshot.is_complete() && !snapshot.gaps.iter().any(|gap| gap.kind == GapKind::Log);
    // AEM logs `Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage` at
    // each start.
    snapshot.logged(LogTopic::Storage).filter(|_| is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::FileTime;
    use crate::testing::{Instance, farm};

    /// 2 November 2026, 01:12 UTC.
    const WRITTEN: u64 = 1_793_581_920_000;
    const DAY: u64 = 86_400_000;

    /// Of an instance with signs on this day, whose keys were written on the second, and started so many days later.
    fn is_told(day: u8, change: impl FnOnce(Instance) -> Instance) -> bool {
        let signs = [
            "com.adobe.granite.crypto.CryptoException: Cannot convert byte data",
            "doFilter: the provided CSRF token is invalid",
        ];
        let log = signs.map(|sign| format!("0{day}.11.2026 03:26:00.000 *ERROR* [x] c.C {sign}\n"));
        let of = |i: Instance| {
            let i = i.modified(WRITTEN - 900 * DAY, WRITTEN - 5 * DAY);
            let i = i.log("error.log.2026-11-01", &log.concat()).started_at(WRITTEN + 1);
            let written = FileTime::UtcMs(WRITTEN);
            let keys = ["hmac", "master"].map(|key| format!("launchpad/felix/bundle2/data/{key}"));
            change(keys.iter().fold(i, |i, key| i.written(key, written)))
        };
        let farm = farm().with("a", of).build();
        let told = !seen(&farm.members[0], &CANNOT_DECRYPT).is_empty();
        let csrf = !seen(&farm.members[0], &[LogSignature::CsrfRejected]).is_empty();
        assert_eq!(told, csrf);
        assert_eq!(told, cannot_decrypt(&farm.members[0]));
        told
    }

    #[test]
    fn signs_before_the_keys_and_a_later_start_say_nothing_of_the_keys() {
        assert!(!is_told(1, |i| i));
        assert!(is_told(1, |i| i.started_at(WRITTEN - 1)), "it may work with the older keys");
        assert!(is_told(2, |i| i), "the zone of the log is not known");
        assert!(is_told(3, |i| i));
        let of_copy = |i: Instance| i.started_at(WRITTEN - DAY);
        assert!(is_told(1, of_copy), "all files have the time of a copy");
        let of_zip = |i: Instance| {
            let local = FileTime::LocalMs(WRITTEN);
            i.written("launchpad/felix/bundle2/data/master", local)
                .written("launchpad/felix/bundle2/data/hmac", local)
        };
        assert!(is_told(1, of_zip), "times of a zip are local");
    }

    #[test]
    fn instance_waits_for_a_restart_where_its_keys_are_newer_than_its_start() {
        fn dated(i: Instance) -> Instance {
            let i = i.modified(WRITTEN - 900 * DAY, WRITTEN - 5 * DAY);
            let i = i.written("launchpad/felix/bundle2/data/hmac", FileTime::UtcMs(WRITTEN));
            i.written("launchpad/felix/bundle1/data/storage", FileTime::UtcMs(WRITTEN - 900 * DAY))
        }
        fn logged(i: Instance) -> Instance {
            let says =
                "Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with JCR storage";
            i.log("error.log", &format!("19.07.2025 19:00:52.176 *INFO* [x] y {says}\n"))
        }
        let waits = |change: fn(Instance) -> Instance| {
            waits_for_restart(&farm().with("a", change).build().members[0])
        };
        assert!(!waits(|i| i));
        assert!(!waits(|i| dated(i).started_at(WRITTEN + DAY)));
        assert!(waits(|i| dated(i).started_at(WRITTEN - 2 * DAY)));
        assert!(waits(|i| logged(i).storage(b"Bundle")));
        assert!(!waits(|i| logged(i).storage(b"JCR")));
    }
}
