//! `suppression-unmatched`: a suppression is for nothing that was found.

use super::steps::POLICY;
use super::suppression_expired::what;
use super::{Hit, Rule, Severity};
use crate::farm::Farm;
use crate::policy::Stale;

pub(super) static RULE: Rule = Rule {
    id: "suppression-unmatched",
    severity: Severity::Warning,
    compares: false,
    summary: "a suppression of the policy matches no finding",
    why: "Either what it was for is repaired, and it would hide the fault when it comes back; or a name in it is wrong. It is not told \
          where a source was not read whole.",
    fix: "Take it out of the policy, or correct its farm and instances.",
    references: &[POLICY],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let message = |stale: &Stale| {
        format!("nothing was found for the suppression of {}", what(&stale.suppression))
    };
    let unmatched = farm.expected.stale.iter().filter(|stale| !stale.expired);
    unmatched
        .map(|stale| Hit { message: message(stale), ..Hit::default() }.fix([RULE.fix]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;
    use crate::testing::good_farm;

    fn messages(expired: bool) -> Vec<String> {
        let text = "[[suppress]]\nrule = \"storage-jcr\"\nreason = \"later\"";
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
    fn one_that_matched_nothing_is_told() {
        assert_eq!(messages(false), ["nothing was found for the suppression of storage-jcr"]);
    }

    #[test]
    fn expired_one_is_told_by_the_other_rule() {
        assert_eq!(messages(true), [""; 0]);
    }
}
