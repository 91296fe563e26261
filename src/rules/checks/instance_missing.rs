//! `instance-missing`: an instance that the policy names is missing.

use super::references::POLICY;
use crate::facts::spoken;
use crate::farm::{Farm, Like};
use crate::repair::shell_word;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "instance-missing",
    severity: Severity::Error,
    compares: false,
    summary: "an instance that the policy names is missing",
    effect: "The missing instance may have other keys: one is enough to break logins.",
    why: "One instance with another key is enough to break logins, and nothing is known of one that was left out. It is not reported where \
          a source that was not read in full may have held the instance: the verdict is open then.",
    fix: "Send a snapshot of the instance, or take it out of the policy.",
    references: &[POLICY],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let missing = farm.expected.missing.iter().filter(|missing| missing.maybe_in.is_empty());
    missing
        .map(|missing| {
            let like = &missing.like;
            let names: Vec<&str> = like.iter().map(|like| like.name.as_str()).collect();
            let perhaps = match names.join(", ") {
                none if none.is_empty() => none,
                names => format!("; it may be what was sent as {names}, which no entry matches"),
            };
            let message = format!(
                "{} is missing: no source matches {}{perhaps}",
                missing.name, missing.source
            );
            let send = format!(
                "Send a snapshot of {}, or correct its source in the policy to match what was sent.",
                missing.name
            );
            let steps = like.iter().map(|like| rename(&missing.name, like)).chain([send]);
            Hit { message, instances: vec![missing.name.clone()], ..Hit::default() }.advise(steps)
        })
        .collect()
}

/// Says how an instance gets the name that the policy has for it.
fn rename(name: &str, like: &Like) -> String {
    let Like { name: came, source, .. } = like;
    let of = spoken(source);
    let is_label = !name.starts_with('-') && !name.contains(['/', '=']);
    if like.alone && is_label {
        let operand = shell_word(&format!("{name}={source}"));
        return format!(
            "Where {came} of {of} is {name}, name it so: aemtrix scan {operand}, with the other sources."
        );
    }
    format!("Where {came} of {of} is {name}, make the source of {name} in the policy match {came}.")
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
        farm.expected.missing.push(Missing { name, source, like: Vec::new(), maybe_in });
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn farm_without_a_policy_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn missing_instance_is_named() {
        assert_eq!(messages(&[]), ["c is missing: no source matches prod-c*"]);
    }

    #[test]
    fn name_that_makes_another_instance_the_missing_one_is_told() {
        for (alone, step) in [
            (true, "name it so: aemtrix scan 'c=up/c-crx.tar', with the other sources."),
            (false, "make the source of c in the policy match c-crx."),
        ] {
            let mut farm = good_farm(&["a", "b"]).build();
            let like = Like { name: "c-crx".into(), source: "up/c-crx.tar".into(), alone };
            let (name, source) = ("c".to_owned(), "c".to_owned());
            let missing = Missing { name, source, like: vec![like], maybe_in: [].into() };
            farm.expected.missing.push(missing);
            let hit = &check(&farm)[0];
            assert!(hit.message.ends_with("may be what was sent as c-crx, which no entry matches"));
            let start = "Where c-crx of up/c-crx.tar is c, ";
            assert_eq!(hit.advice()[0].as_str(), format!("{start}{step}"));
        }
    }

    #[test]
    fn instance_that_a_cut_source_may_hold_is_not_missing() {
        assert_eq!(messages(&["c.tar.gz"]), [""; 0]);
    }
}
