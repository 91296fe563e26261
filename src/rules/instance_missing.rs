//! `instance-missing`: an instance that the policy names did not come.

use super::steps::POLICY;
use super::{Hit, Rule, Severity};
use crate::farm::Farm;

pub(super) static RULE: Rule = Rule {
    id: "instance-missing",
    severity: Severity::Error,
    summary: "an instance that the policy names did not come",
    why: "One instance with another key is enough to break logins, and nothing is known of one that was left out. It is not told where \
          a source that was not read whole may have held the instance: the verdict is open then.",
    fix: "Send a snapshot of the instance, or take it out of the policy.",
    references: &[POLICY],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let missing = farm.expected.missing.iter().filter(|missing| missing.maybe_in.is_empty());
    missing
        .map(|missing| {
            let message =
                format!("{} did not come: nothing matches {}", missing.name, missing.source);
            let step = format!(
                "Send a snapshot of {}, or correct its source in the policy to match what came.",
                missing.name
            );
            Hit { message, instances: vec![missing.name.clone()], ..Hit::default() }.fix([step])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::Missing;
    use crate::testing::good_farm;

    fn messages(maybe_in: &[&str]) -> Vec<String> {
        let mut farm = good_farm(&["a", "b"]).build();
        let maybe_in = maybe_in.iter().map(|source| (*source).to_owned()).collect();
        let (name, source) = ("c".to_owned(), "prod-c*".to_owned());
        farm.expected.missing.push(Missing { name, source, maybe_in });
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn farm_without_a_policy_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn missing_instance_is_named() {
        assert_eq!(messages(&[]), ["c did not come: nothing matches prod-c*"]);
    }

    #[test]
    fn instance_that_a_cut_source_may_hold_is_not_missing() {
        assert_eq!(messages(&["c.tar.gz"]), [""; 0]);
    }
}
