//! `pair-times-differ`: hmac and master were not written together.

use super::references::ENCAPSULATED_TOKEN;
use crate::facts::KeyName;
use crate::farm::{Clock, Farm, Member, spoken_span};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "pair-times-differ",
    severity: Severity::Note,
    compares: false,
    summary: "hmac and master were not written together",
    effect: "None by itself; one of the two keys may be of another pair.",
    why: "AEM writes both keys at once, and both are copied together. Where one is newer, it was replaced alone: then it may belong to another \
          pair.",
    fix: "Compare both keys with those of the other instances.",
    references: &[ENCAPSULATED_TOKEN],
    explained_by: &["half-copied-pair", "hmac-differs", "master-differs"],
    check,
};

/// Keys that were written within this were written together.
const TOGETHER_MS: u64 = 600_000;

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(of).collect()
}

fn of(member: &Member) -> Option<Hit> {
    let clock = Clock::of(member);
    let [(hmac, hmac_time), (master, master_time)] =
        [clock.key(KeyName::Hmac)?, clock.key(KeyName::Master)?];
    let (later, by) = match (hmac_time.later_than(master_time), master_time.later_than(hmac_time)) {
        (Some(by), _) => (KeyName::Hmac, by),
        (_, Some(by)) => (KeyName::Master, by),
        _ => return None,
    };
    let earlier = if later == KeyName::Hmac { KeyName::Master } else { KeyName::Hmac };
    let message =
        format!("{}: {later} was written {} after {earlier}", member.name, spoken_span(by));
    let hit = Hit::on(member, message).at([&hmac.place, &master.place]);
    (by > TOGETHER_MS).then_some(hit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::FileTime;
    use crate::testing::farm;

    #[test]
    fn keys_that_were_written_apart_are_told() {
        let told = |hmac: FileTime, master: FileTime| {
            let keys = [("hmac", hmac), ("master", master)];
            let farm = farm().with("a", |i| {
                keys.into_iter().fold(i, |i, (name, time)| {
                    i.written(&format!("launchpad/felix/bundle2/data/{name}"), time)
                })
            });
            check(&farm.build()).into_iter().map(|hit| hit.message).collect::<Vec<_>>()
        };
        let (utc, local) = (FileTime::UtcMs, FileTime::LocalMs);
        let hours = |count: u64| 1_793_581_920_000 + count * 3_600_000;
        assert_eq!(
            told(utc(hours(5)), utc(hours(0))),
            ["a: hmac was written 5 hours after master"]
        );
        assert_eq!(
            told(local(hours(0)), local(hours(3))),
            ["a: master was written 3 hours after hmac"]
        );
        assert_eq!(told(utc(hours(1)), utc(hours(1) + 60_000)), [""; 0]);
        assert_eq!(told(utc(hours(9)), local(hours(1))), [""; 0], "of two kinds");
    }
}
