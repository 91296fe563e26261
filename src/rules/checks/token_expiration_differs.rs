//! `token-expiration-differs`: login tokens live longer on one instance than on another.

use super::console;
use crate::facts::{TOKEN_CONFIGURATION, TOKEN_EXPIRATION};
use crate::farm::{Farm, Groups, names_of};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "token-expiration-differs",
    severity: Severity::Warning,
    compares: true,
    summary: "login tokens expire at different times within a farm",
    effect: "Users are logged out sooner or later, depending on the instance they reached first.",
    why: "The instance that makes a login token decides how long it is valid, so users are logged out sooner or later depending on \
          which instance they reached first.",
    fix: "Set tokenExpiration of the Oak token configuration to one value everywhere.",
    references: &["Adobe KA-16464: tokenExpiration of TokenConfigurationImpl"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    // A value that no configuration states is that of Oak only where all of them came, and an upload may be a selection.
    let groups = Groups::by(farm, |member| member.snapshot.token_expiration_ms());
    if !groups.differ() {
        return Vec::new();
    }
    let values: Vec<String> = groups
        .iter()
        .filter_map(|group| {
            let milliseconds = group.first()?.snapshot.token_expiration_ms()?;
            Some(format!("{milliseconds} ms on {}", names_of(group)))
        })
        .collect();
    let message = format!("{} ({})", groups.describe("token expiration"), values.join("; "));
    let witnesses = groups.witnesses();
    let places = witnesses.iter().flat_map(|m| m.snapshot.configurations_of(TOKEN_CONFIGURATION));
    let wanted = groups.majority().and_then(|m| m.first()?.snapshot.token_expiration_ms());
    let odd = groups.odd();
    let hit = Hit::among(&odd, message).at(places.map(|c| &c.place));
    vec![match wanted {
        Some(value) => {
            let value = value.to_string();
            hit.needs(
                odd.iter().map(|m| Need::value(m, TOKEN_CONFIGURATION, TOKEN_EXPIRATION, &value)),
            )
        }
        // Which value is right, a person decides.
        None => {
            hit.advise(odd.iter().map(|m| {
                console::set(m, TOKEN_CONFIGURATION, TOKEN_EXPIRATION, "one value for all")
            }))
        }
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm, good_farm};

    fn expires(value: &str) -> impl Fn(Instance) -> Instance {
        let body = format!("tokenExpiration={value}\r\n");
        move |instance| instance.config(TOKEN_CONFIGURATION, &body)
    }

    #[test]
    fn equal_values_are_quiet_whatever_their_type() {
        // A file of Felix keeps the type that its writer chose, here a text and a Long (`L`).
        let farm = farm().with("a", expires("\"43200000\"")).with("b", expires("L\"43200000\""));
        assert_eq!(check(&farm.build()), []);
    }

    #[test]
    fn other_value_is_told() {
        let usual = expires("\"43200000\"");
        let farm = farm().with("a", &usual).with("b", expires("\"1000\"")).with("c", &usual);
        let farm = farm.build();
        let hits = check(&farm);
        assert_eq!(
            hits[0].message,
            "b: token expiration differs from the other 2 instances (43200000 ms on a, c; 1000 ms on b)"
        );
        let b = &farm.members[1];
        assert_eq!(
            hits[0].needs,
            [Need::value(b, TOKEN_CONFIGURATION, TOKEN_EXPIRATION, "43200000")]
        );
    }

    #[test]
    fn value_that_is_not_stated_is_not_another_one() {
        assert_eq!(check(&good_farm(&["a"]).with("b", expires("\"1000\"")).build()), []);
    }
}
