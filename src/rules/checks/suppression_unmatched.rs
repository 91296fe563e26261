//! `suppression-unmatched`: a suppression is for nothing that was found.

use super::references::POLICY;
use super::suppression_expired::what;
use crate::policy::Stale;
use crate::rules::{Hit, Rule, Severity, found_while_judging};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "suppression-unmatched",
    severity: Severity::Warning,
    compares: false,
    summary: "a suppression of the policy matches no finding",
    effect: "None; the entry is no longer needed, or a name in it is wrong.",
    why: "Either what it was for is repaired, and it would hide the fault when it returns; or a name in it is wrong. It is not reported where a source was not read in full.",
    fix: "Take it out of the policy, or correct its farm and instances.",
    references: &[POLICY],
    explained_by: &[],
    check: found_while_judging,
};

/// Says that a suppression is for nothing that was found.
pub(in crate::rules) fn hit(stale: &Stale) -> Hit {
    let what = what(&stale.suppression);
    let message = format!("nothing was found for the suppression of {what}");
    let step = format!(
        "Take the suppression of {what} out of the policy, or correct its farm and instances."
    );
    Hit { message, ..Hit::default() }.advise([step])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;

    #[test]
    fn it_says_what_it_is_for() {
        let text = "[[suppress]]\nrule = \"storage-jcr\"\nreason = \"later\"";
        let suppression = parse(text, &["storage-jcr"]).expect("a policy").suppressions.remove(0);
        assert_eq!(
            hit(&Stale { suppression, expired: false }).message,
            "nothing was found for the suppression of storage-jcr"
        );
    }
}
