//! `token-off`: several publishers, and none with encapsulated tokens.

use super::console;
use super::references::ENCAPSULATED_TOKEN;
use super::token_mixed::on_publisher;
use crate::facts::{TOKEN_ENCAPSULATED, TOKEN_HANDLER};
use crate::farm::{Farm, Member, names_of};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "token-off",
    severity: Severity::Note,
    compares: true,
    summary: "several publishers work without encapsulated tokens",
    effect: "Logins need sticky sessions, or a replication of tokens.",
    why: "Without encapsulated tokens a login is known to one publisher alone. The load balancer must then keep each user on one \
          publisher (sticky sessions), which cannot be seen in an install.",
    fix: "Make sure of sticky sessions, or switch token.encapsulated on everywhere.",
    references: &[ENCAPSULATED_TOKEN],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let known: Vec<&Member> =
        farm.members.iter().filter(|member| on_publisher(member).is_some()).collect();
    // A single publisher holds all its tokens itself.
    if known.len() < 2 || known.iter().any(|member| on_publisher(member) == Some(true)) {
        return Vec::new();
    }
    let message = format!("{} work without encapsulated tokens", names_of(&known));
    let places = known.iter().flat_map(|m| m.snapshot.configurations_of(TOKEN_HANDLER));
    let hit = Hit::among(&known, message).at(places.map(|handler| &handler.place));
    // It is one of two ways, and a person chooses: so it is advice.
    let steps = known.iter().map(|m| console::set(m, TOKEN_HANDLER, TOKEN_ENCAPSULATED, "true"));
    vec![
        hit.advise([
            "Make sure that the load balancer uses sticky sessions; or, with equal hmac keys:",
        ])
        .advise(steps),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    fn publisher(instance: Instance) -> Instance {
        instance.role("publish").configs()
    }

    #[test]
    fn publishers_without_are_told() {
        let hits = check(&farm().with("a", publisher).with("b", publisher).build());
        assert_eq!(hits[0].message, "a, b work without encapsulated tokens");
    }

    #[test]
    fn lone_publisher_is_quiet() {
        let farm = farm().with("a", publisher).with("b", |i| i.role("author").configs());
        assert_eq!(check(&farm.build()), []);
    }

    #[test]
    fn one_that_has_them_is_the_matter_of_another_rule() {
        let on = |i| publisher(i).config(TOKEN_HANDLER, "token.encapsulated=B\"true\"\r\n");
        assert_eq!(check(&farm().with("a", publisher).with("b", on).build()), []);
    }
}
