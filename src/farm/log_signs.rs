//! What the log of an instance shows of its present, for rules and for the choice of the source.

use super::{Clock, Member, replaced_keys};
use crate::facts::{GapKind, LogSignature, LogStatement, LogTime, LogTopic, Place, Seen};

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
    let all = log.into_iter().flat_map(|log| signatures.iter().map(|sign| log.seen.get(sign)));
    all.flatten().collect()
}

/// Returns when an instance got other keys than those that its data was encrypted with: they were written long after its install, and signs
/// that it cannot decrypt what it holds begin behind that.
pub(crate) fn lost_its_data(member: &Member) -> Option<u64> {
    let clock = Clock::of(member);
    let written = replaced_keys(&clock).into_iter().map(|(_, at_ms)| at_ms).max()?;
    (cannot_decrypt(member) && clock.first_behind(&SURELY_KEYS, written).is_some())
        .then_some(written)
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
