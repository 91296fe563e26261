//! What the log of an instance shows of its present, for rules and for the choice of the source.

use super::Member;
use crate::facts::{LogSignature, LogTime, LogTopic, Seen};

/// Signs that an instance cannot decrypt with its keys what it holds.
pub(crate) const CANNOT_DECRYPT: [LogSignature; 4] = [
    LogSignature::CryptoConvert,
    LogSignature::CryptoDecrypt,
    LogSignature::CryptoConfiguration,
    LogSignature::CryptoCredentials,
];

/// Returns `true` if an instance logs, since its last start, that it cannot decrypt with its keys what it holds.
pub(crate) fn cannot_decrypt(member: &Member) -> bool {
    !seen(member, &CANNOT_DECRYPT).is_empty()
}

/// Returns where the log of an instance shows the signatures. What another instance logged is not of it, and what stopped before the last start says nothing of the instance as it is;
/// the report in JSON has it.
pub(crate) fn seen<'m>(member: &'m Member, signatures: &[LogSignature]) -> Vec<&'m Seen> {
    let Some(log) = member.snapshot.own_log() else { return Vec::new() };
    let all: Vec<&Seen> = signatures.iter().filter_map(|sign| log.seen.get(sign)).collect();
    // `CryptoSupportService` logs its storage once at each start.
    let start = log.statement(LogTopic::Storage).and_then(|last| last.time);
    let is_over = start.zip(last(&all)).is_some_and(|(start, last)| last < start);
    if is_over { Vec::new() } else { all }
}

pub(crate) fn last(all: &[&Seen]) -> Option<LogTime> {
    all.iter().filter_map(|seen| seen.sighting.last).max()
}
