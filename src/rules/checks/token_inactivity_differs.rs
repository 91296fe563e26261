//! `token-inactivity-differs`: an idle user is logged out sooner by one instance than by another.

use super::console;
use crate::facts::{TOKEN_HANDLER, TOKEN_INACTIVITY};
use crate::farm::{Farm, Groups, Member, names_of};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "token-inactivity-differs",
    severity: Severity::Warning,
    compares: true,
    summary: "login tokens of idle users expire at different times within a farm",
    effect: "Users are logged out sooner or later, depending on the instance they reached first.",
    why: "With inactivity.time above 0 newer token handlers renew an encapsulated token while it is in use, and end it when its user is \
          idle; without it the token lives until tokenExpiration. Where instances differ, users are logged out sooner or later depending \
          on which one made the token.",
    fix: "Set inactivity.time of the token authentication handler to one value everywhere.",
    references: &[
        "Adobe Granite Token Authentication Handler, inactivity.time (AEM as a Cloud Service SDK)",
    ],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let groups = Groups::by(farm, |member| member.snapshot.token_inactivity());
    if !groups.differ() {
        return Vec::new();
    }
    let text = |time: u64| if time == 0 { "none".to_owned() } else { time.to_string() };
    let value_of = |group: &[&Member]| group.first().and_then(|m| m.snapshot.token_inactivity());
    let values: Vec<String> = groups
        .iter()
        .filter_map(|group| Some(format!("{} on {}", text(value_of(group)?), names_of(group))))
        .collect();
    let message = format!("{} ({})", groups.describe("inactivity.time"), values.join("; "));
    let witnesses = groups.witnesses();
    let places = witnesses.iter().flat_map(|m| m.snapshot.configurations_of(TOKEN_HANDLER));
    let wanted = groups.majority().and_then(value_of);
    let odd = groups.odd();
    let hit = Hit::among(&odd, message).at(places.map(|c| &c.place));
    vec![match wanted {
        Some(value) => {
            let value = value.to_string();
            hit.needs(odd.iter().map(|m| Need::value(m, TOKEN_HANDLER, TOKEN_INACTIVITY, &value)))
        }
        // Which value is right, a person decides.
        None => hit.advise(
            odd.iter()
                .map(|m| console::set(m, TOKEN_HANDLER, TOKEN_INACTIVITY, "one value for all")),
        ),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm, good_farm};

    fn idle(value: &str) -> impl Fn(Instance) -> Instance {
        let body = format!("token.encapsulated=B\"true\"\r\n{value}");
        move |instance| instance.config(TOKEN_HANDLER, &body)
    }

    #[test]
    fn equal_times_are_quiet_and_so_is_none() {
        let farm = farm().with("a", idle("inactivity.time=I\"1800\"\r\n"));
        assert_eq!(check(&farm.with("b", idle("inactivity.time=\"1800\"\r\n")).build()), []);
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
    }

    #[test]
    fn handler_without_a_time_differs_from_one_with_it() {
        let usual = idle("inactivity.time=L\"1800000\"\r\n");
        let farm = farm().with("a", &usual).with("b", idle("")).with("c", &usual);
        let farm = farm.build();
        let hits = check(&farm);
        assert_eq!(
            hits[0].message,
            "b: inactivity.time differs from the other 2 instances (1800000 on a, c; none on b)"
        );
        let b = &farm.members[1];
        assert_eq!(hits[0].needs, [Need::value(b, TOKEN_HANDLER, TOKEN_INACTIVITY, "1800000")]);
    }

    #[test]
    fn time_that_is_only_known_while_aem_runs_is_not_compared() {
        let usual = idle("inactivity.time=L\"1800000\"\r\n");
        let open = idle("inactivity.time=\"$[env:I;type\\=Long;default\\=1800000]\"\r\n");
        assert_eq!(check(&farm().with("a", usual).with("b", open).build()), []);
    }

    #[test]
    fn tokens_that_are_not_encapsulated_are_quiet() {
        let off = |i: Instance| i.config(TOKEN_HANDLER, "inactivity.time=I\"5\"\r\n");
        assert_eq!(check(&farm().with("a", off).with("b", idle("")).build()), []);
    }
}
