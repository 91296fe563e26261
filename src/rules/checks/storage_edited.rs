//! `storage-edited`: `storage` is newer than the keys that it points to.

use crate::facts::{KeyName, StorageMode};
use crate::farm::{Clock, Farm, Member, spoken_span};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "storage-edited",
    severity: Severity::Note,
    compares: false,
    summary: "`storage` is newer than the keys that it points to",
    effect: "Do not restart the instance before this is settled: it may switch to other keys.",
    why: "AEM writes `storage` and the key files at the same start. Where `storage` is newer, somebody has changed the mode since: keys that were in use \
          before may lie in the other place.",
    fix: "Find out who edited `storage` at that time, and compare the key files with the keys in the repository.",
    references: &["Adobe KA-23909: IMS client_secret is lost after a restart"],
    explained_by: &["jcr-key-mismatch", "storage-trailing-newline"],
    check,
};

/// What was written within this was written at one start.
const TOGETHER_MS: u64 = 600_000;

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(of).collect()
}

fn of(member: &Member) -> Option<Hit> {
    let clock = Clock::of(member);
    let (file, written) = clock.storage()?;
    let keys = KeyName::ALL.map(|name| clock.key(name));
    let [Some((_, hmac)), Some((_, master))] = keys else { return None };
    let by = written.later_than(hmac)?.min(written.later_than(master)?);
    let message =
        format!("{}: storage was written {} after the keys", member.name, spoken_span(by));
    let is_told = by > TOGETHER_MS && file.storage.mode == StorageMode::Bundle;
    is_told.then(|| Hit::on(member, message).at([&file.place]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::FileTime;
    use crate::testing::farm;

    #[test]
    fn storage_that_is_newer_than_the_keys_is_told() {
        let told = |hours: u64| {
            let time = |hours: u64| FileTime::UtcMs(1_793_581_920_000 + hours * 3_600_000);
            let farm = farm().with("a", |i| {
                i.written("launchpad/felix/bundle2/data/hmac", time(1))
                    .written("launchpad/felix/bundle2/data/master", time(2))
                    .written("launchpad/felix/bundle1/data/storage", time(hours))
            });
            check(&farm.build()).into_iter().map(|hit| hit.message).collect::<Vec<_>>()
        };
        assert_eq!(told(74), ["a: storage was written 3 days after the keys"]);
        assert_eq!(told(2), [""; 0]);
        assert_eq!(told(0), [""; 0]);
    }
}
