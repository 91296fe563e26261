//! `suppression-expired`: the last day of a suppression is over.

use super::steps::POLICY;
use super::{Hit, Rule, Severity};
use crate::farm::Farm;
use crate::policy::{Stale, Suppression};

pub(super) static RULE: Rule = Rule {
    id: "suppression-expired",
    severity: Severity::Warning,
    compares: false,
    summary: "a suppression of the policy has expired",
    why: "What was to be repaired by that day is counted again where it is still found.",
    fix: "Repair what it was for and take it out of the policy, or give it another day.",
    references: &[POLICY],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let message = |stale: &Stale| {
        let until = stale.suppression.until.map(|day| format!(" on {day}")).unwrap_or_default();
        let reason = &stale.suppression.reason;
        format!("the suppression of {} expired{until}: {reason}", what(&stale.suppression))
    };
    let expired = farm.expected.stale.iter().filter(|stale| stale.expired);
    expired.map(|stale| Hit { message: message(stale), ..Hit::default() }.fix([RULE.fix])).collect()
}

/// Names the findings that a suppression is for.
pub(super) fn what(suppression: &Suppression) -> String {
    let farm = suppression.farm.as_ref().map(|farm| format!(" in {farm}")).unwrap_or_default();
    let patterns: Vec<String> = suppression.instances.iter().map(ToString::to_string).collect();
    let on =
        if patterns.is_empty() { String::new() } else { format!(" on {}", patterns.join(", ")) };
    format!("{}{farm}{on}", suppression.rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;
    use crate::testing::good_farm;

    fn messages(expired: bool) -> Vec<String> {
        let text = "[[suppress]]\nrule = \"storage-jcr\"\nfarm = \"f\"\ninstances = [\"a*\"]\nreason = \"later\"\nuntil = \"2026-05-31\"";
        let suppression = parse(text, &["storage-jcr"]).expect("a policy").suppressions.remove(0);
        let mut farm = good_farm(&["a"]).build();
        farm.expected.stale.push(Stale { suppression, expired });
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn farm_without_suppressions_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn expired_one_says_what_it_was_for() {
        assert_eq!(
            messages(true),
            ["the suppression of storage-jcr in f on a* expired on 2026-05-31: later"]
        );
    }

    #[test]
    fn one_that_matched_nothing_is_told_by_the_other_rule() {
        assert_eq!(messages(false), [""; 0]);
    }
}
