//! `role-unexpected`: an instance has another role than the policy says.

use super::references::POLICY;
use crate::farm::{Farm, Member};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "role-unexpected",
    severity: Severity::Error,
    compares: false,
    summary: "an instance has another role than the policy says",
    effect: "The wrong instance was examined, or it runs in the wrong role.",
    why: "An author in the place of a publisher, or the reverse, is another instance than the one that was asked for: what is said of the \
          farm is said of the wrong one.",
    fix: "Send the right instance, or correct the role in the policy.",
    references: &[POLICY, "org.apache.sling.settings: sling.options.file"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(|member| on(farm, member)).collect()
}

/// A role that the snapshot does not show is not known to be another.
fn on(farm: &Farm, member: &Member) -> Option<Hit> {
    let expected = *farm.expected.roles.get(&member.name)?;
    let role = member.snapshot.role().filter(|role| *role != expected)?;
    let name = &member.name;
    let message = format!("{name} is of the role {role}; the policy says {expected}");
    let places = member.snapshot.run_modes.as_ref().map(|modes| &modes.place);
    let step = format!(
        "Look whether {} is a snapshot of {name}; if so, correct its role in the policy.",
        member.snapshot.source
    );
    Some(Hit::on(member, message).at(places).advise([step]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Role;
    use crate::testing::{Instance, farm};

    fn messages(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let mut farm = farm().with("a", change).build();
        farm.expected.roles.insert("a".to_owned(), Role::Author);
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn role_as_expected_is_quiet() {
        assert_eq!(messages(|i| i.role("author")), [""; 0]);
    }

    #[test]
    fn other_role_is_told() {
        assert_eq!(
            messages(|i| i.role("publish")),
            ["a is of the role publish; the policy says author"]
        );
    }

    #[test]
    fn role_that_is_not_known_is_quiet() {
        assert_eq!(messages(|i| i), [""; 0]);
    }
}
