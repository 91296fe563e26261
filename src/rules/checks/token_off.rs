//! `token-off`: several publishers, and none with encapsulated tokens.

use super::references::ENCAPSULATED_TOKEN;
use super::token_mixed::on_publisher;
use crate::facts::TOKEN_HANDLER;
use crate::farm::{Farm, Member, names_of, pairs};
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeSet;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "token-off",
    severity: Severity::Note,
    compares: true,
    summary: "several publishers work without encapsulated tokens",
    effect: "Logins need sticky sessions, or a replication of tokens.",
    why: "Without encapsulated tokens a login is known to one publisher alone. The load balancer must then keep each user on one \
          publisher (sticky sessions), which cannot be seen in an install.",
    // No step of a plan: switched on while the hmac keys still differ, every login fails that reaches another publisher.
    fix: "Optional, once all hmac agree: either keep sticky sessions, or set token.encapsulated to true on all publishers.",
    references: &[ENCAPSULATED_TOKEN],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    // One that came in twice is no two publishers.
    let again: BTreeSet<&str> =
        pairs(&farm.members).into_iter().map(|(_, again)| again.name.as_str()).collect();
    let known: Vec<&Member> = farm
        .members
        .iter()
        .filter(|member| on_publisher(member).is_some() && !again.contains(member.name.as_str()))
        .collect();
    // A single publisher holds all its tokens itself.
    if known.len() < 2 || known.iter().any(|member| on_publisher(member) == Some(true)) {
        return Vec::new();
    }
    let message = format!("{} work without encapsulated tokens", names_of(&known));
    let places = known.iter().flat_map(|m| m.snapshot.configurations_of(TOKEN_HANDLER));
    vec![Hit::among(&known, message).at(places.map(|handler| &handler.place))]
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
        assert_eq!(hits[0].needs, [], "while hmac keys differ, switching it on makes logins fail");
    }

    #[test]
    fn publisher_that_came_twice_is_one() {
        let same = |i| publisher(i).sling_id("0f8fad5b-d9cb-469f-a165-70867728950e").started_at(5);
        assert_eq!(check(&farm().with("a", same).with("b", same).build()), []);
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
