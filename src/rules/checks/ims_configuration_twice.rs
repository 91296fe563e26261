//! `ims-configuration-twice`: two configurations claim one IMS integration.

use super::console;
use crate::facts::{ACCESS_TOKEN_PROVIDER, CUSTOMIZER_TYPE, Configuration, IMS_CUSTOMIZER};
use crate::farm::{Farm, Member};
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeMap;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "ims-configuration-twice",
    severity: Severity::Warning,
    compares: false,
    summary: "two configurations claim one IMS integration",
    effect: "It is chance which of the two client secrets is used.",
    why: "Two request customizers of one customizer.type, or two access token providers of one name: which of them, and so which client \
          secret, is used is chance. It happens where the step to delete the old JWT configuration was left out.",
    fix: "Delete the old configuration.",
    references: &["AEM 6.5, Assets Smart Tags: migrate from JWT to OAuth"],
    explained_by: &[],
    check,
};

/// Components of which one configuration has one name, with the property that holds it.
const NAMED: [(&str, &str); 2] =
    [(IMS_CUSTOMIZER, CUSTOMIZER_TYPE), (ACCESS_TOKEN_PROVIDER, "name")];

fn check(farm: &Farm) -> Vec<Hit> {
    let both = farm.members.iter().flat_map(|member| NAMED.map(|named| (member, named)));
    both.flat_map(|(member, (pid, property))| on(member, pid, property)).collect()
}

fn on(member: &Member, pid: &str, property: &str) -> Vec<Hit> {
    let mut by_name: BTreeMap<&str, Vec<&Configuration>> = BTreeMap::new();
    for configuration in member.snapshot.configurations_of(pid) {
        if let Some(name) = configuration.text(property).filter(|name| !name.is_empty()) {
            by_name.entry(name).or_default().push(configuration);
        }
    }
    // Smart Tags moved from JWT to OAuth, and the old configuration may stay beside the new one.
    by_name.retain(|_, all| all.len() > 1);
    by_name.values().map(|all| hit(member, property, all)).collect()
}

fn hit(member: &Member, property: &str, all: &[&Configuration]) -> Hit {
    let pids: Vec<String> = all.iter().map(|configuration| configuration.spoken()).collect();
    let message = format!(
        "{} has {} configurations of one {property}: {}",
        member.name,
        all.len(),
        pids.join(", ")
    );
    let delete = format!(
        "On {}, open {} and delete the old one, after a look at which client id Adobe has now.",
        member.name,
        console::CONFIG_PAGE
    );
    Hit::on(member, message)
        .at(all.iter().map(|configuration| &configuration.place))
        .advise([delete])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm, good_farm};

    fn count(pid: &str, names: [&str; 2], property: &str) -> usize {
        let one = |i: Instance, at: usize| {
            let body = format!("{property}=\"{}\"\r\n", names[at]);
            i.config(&format!("{pid}~{at}"), &body)
        };
        check(&farm().with("a", |i| one(one(i, 0), 1)).build()).len()
    }

    #[test]
    fn configurations_of_other_names_are_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
        assert_eq!(count(IMS_CUSTOMIZER, ["x", "y"], "customizer.type"), 0);
        assert_eq!(count(IMS_CUSTOMIZER, ["", ""], "customizer.type"), 0);
    }

    #[test]
    fn two_of_one_name_are_told() {
        assert_eq!(count(IMS_CUSTOMIZER, ["x", "x"], "customizer.type"), 1);
        assert_eq!(count(ACCESS_TOKEN_PROVIDER, ["x", "x"], "name"), 1);
    }
}
