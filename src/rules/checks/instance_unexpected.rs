//! `instance-unexpected`: an instance came that the policy does not name.

use super::references::POLICY;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "instance-unexpected",
    severity: Severity::Warning,
    compares: false,
    summary: "an instance is in no farm of the policy",
    effect: "It may be a forgotten member of a farm, or an upload of somebody else.",
    why: "An instance that nobody expected may be a forgotten member of a farm, whose keys must then agree, or an upload of another \
          company. It is compared with no farm of the policy.",
    fix: "Add the instance to its farm in the policy, or leave its source out.",
    references: &[POLICY],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let members = farm.members.iter().filter(|_| farm.expected.unnamed);
    members
        .map(|member| {
            let message = format!("{} is in no farm of the policy", member.name);
            let step = format!(
                "Add {} to its farm in the policy, or leave {} out.",
                member.name, member.snapshot.source
            );
            Hit::on(member, message).advise([step])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::good_farm;

    #[test]
    fn farm_that_the_policy_names_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn each_instance_that_it_does_not_name_is_told() {
        let mut farm = good_farm(&["a", "b"]).build();
        farm.expected.unnamed = true;
        let messages: Vec<_> = check(&farm).into_iter().map(|hit| hit.message).collect();
        assert_eq!(messages, ["a is in no farm of the policy", "b is in no farm of the policy"]);
    }
}
