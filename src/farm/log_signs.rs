//! What the log of an instance shows of its present, for rules and for the choice of the source.

use super::Member;
use crate::facts::{LogSignature, LogTime, Seen};

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

pub(crate) fn last(all: &[&Seen]) -> Option<LogTime> {
    all.iter().filter_map(|seen| seen.sighting.last).max()
}
