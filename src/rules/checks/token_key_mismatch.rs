//! `token-key-mismatch`: encapsulated tokens are on, and the instances sign them with different keys.

use super::references::ENCAPSULATED_TOKEN;
use crate::facts::{KeyName, TOKEN_HANDLER};
use crate::farm::{EffectiveKey, Farm, Groups, Member};
use crate::rules::{Hit, Rule, Severity, farm_keys};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "token-key-mismatch",
    severity: Severity::Error,
    compares: true,
    summary: "encapsulated tokens are on while hmac differs",
    effect: "Users are logged out whenever a request reaches the other instance.",
    why: "An encapsulated token is checked with the hmac key alone, without the repository. All instances that use them need the \
          same hmac; one with another key rejects every token of the others.",
    fix: "Copy hmac and master from one instance to all others, and restart those.",
    references: &[ENCAPSULATED_TOKEN],
    explained_by: &["hmac-differs", "key-altered", "key-not-binary", "key-degenerate"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let is_on = |member: &Member| member.snapshot.encapsulated_token() == Some(true);
    let groups = Groups::by(farm, |member| {
        // Only the hmac signs tokens; another master alone does no harm to logins.
        is_on(member).then(|| member.known_key(KeyName::Hmac).map(|key| key.value))?
    });
    if !groups.differ() {
        return Vec::new();
    }
    let witnesses = groups.witnesses();
    let keys = witnesses.iter().filter_map(|m| m.known_key(KeyName::Hmac)).map(EffectiveKey::place);
    let handlers = witnesses
        .iter()
        .flat_map(|m| m.snapshot.configurations_of(TOKEN_HANDLER))
        .map(|handler| &handler.place);
    let odd = groups.odd();
    let message =
        format!("encapsulated tokens are on, with different keys: {}", groups.describe("hmac"));
    let hit = Hit::among(&odd, message).at(keys).at(handlers);
    vec![hit.needs(farm_keys(farm))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    fn on(instance: Instance) -> Instance {
        instance.config(TOKEN_HANDLER, "token.encapsulated=\"true\"\r\n")
    }

    #[test]
    fn equal_keys_are_quiet() {
        assert_eq!(check(&farm().with("a", on).with("b", on).build()), []);
    }

    #[test]
    fn odd_key_is_told() {
        let odd = |i| on(i).hmac(&[9; 32]);
        let hits = check(&farm().with("a", on).with("b", on).with("c", odd).build());
        assert_eq!(
            hits[0].message,
            "encapsulated tokens are on, with different keys: c: hmac differs from the other 2 instances"
        );
        assert_eq!(hits[0].instances, ["c"]);
        assert!(hits[0].asks_for_keys());
    }

    #[test]
    fn other_key_without_encapsulated_tokens_is_quiet() {
        let farm = farm().with("a", on).with("b", |i| i.hmac(&[9; 32]));
        assert_eq!(check(&farm.build()), []);
    }

    #[test]
    fn unknown_key_is_quiet() {
        let jcr = |i| on(i).storage(b"JCR").hmac(&[9; 32]);
        assert_eq!(check(&farm().with("a", on).with("b", jcr).build()), []);
    }
}
