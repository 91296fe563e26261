//! `suppression-expired`: the last day of a suppression is over.

use super::references::POLICY;
use crate::policy::{Stale, Suppression};
use crate::rules::{Hit, Rule, Severity, found_while_judging};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "suppression-expired",
    severity: Severity::Warning,
    compares: false,
    summary: "a suppression of the policy has expired",
    effect: "What it was for counts again where it is still found.",
    why: "What was to be repaired by that day is counted again where it is still found.",
    fix: "Repair what it was for and take it out of the policy, or give it another day.",
    references: &[POLICY],
    explained_by: &[],
    check: found_while_judging,
};

/// Says that a suppression does nothing since its last day.
pub(in crate::rules) fn hit(stale: &Stale) -> Hit {
    let until = stale.suppression.until.map(|day| format!(" on {day}")).unwrap_or_default();
    let reason = &stale.suppression.reason;
    let what = what(&stale.suppression);
    let message = format!("the suppression of {what} expired{until}: {reason}");
    let step = format!(
        "Repair what the suppression of {what} was for and take it out of the policy, or give it another day."
    );
    Hit { message, ..Hit::default() }.advise([step])
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

    #[test]
    fn it_says_what_it_was_for() {
        let text = "[[suppress]]\nrule = \"storage-jcr\"\nfarm = \"f\"\ninstances = [\"a*\"]\nreason = \"later\"\nuntil = \"2026-05-31\"";
        let suppression = parse(text, &["storage-jcr"]).expect("a policy").suppressions.remove(0);
        assert_eq!(
            hit(&Stale { suppression, expired: true }).message,
            "the suppression of storage-jcr in f on a* expired on 2026-05-31: later"
        );
    }
}
