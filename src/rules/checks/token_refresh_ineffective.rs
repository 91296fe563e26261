//! `token-refresh-ineffective`: login tokens are to be prolonged, and encapsulated ones never are.

use crate::facts::{TOKEN_CONFIGURATION, TOKEN_REFRESH};
use crate::farm::{Farm, Member};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "token-refresh-ineffective",
    severity: Severity::Note,
    compares: false,
    summary: "tokenRefresh has no effect on encapsulated tokens",
    effect: "Users are logged out when the token expires, active or not.",
    why: "Encapsulated tokens are not prolonged without inactivity.time: users are logged out when tokenExpiration is over, active or not, even with \
          tokenRefresh=true.",
    fix: "Choose a tokenExpiration that is long enough for a session.",
    references: &["Adobe KA-21491: encapsulated tokens are not refreshed"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(on).collect()
}

fn on(member: &Member) -> Option<Hit> {
    let snapshot = &member.snapshot;
    // With a time of inactivity, which newer handlers know, tokens in use are renewed.
    let is_renewed = snapshot.token_inactivity().is_some_and(|time| time > 0);
    let is_encapsulated = snapshot.encapsulated_token() == Some(true) && !is_renewed;
    if !is_encapsulated || snapshot.token_refresh() != Some(true) {
        return None;
    }
    let message = format!("tokenRefresh of {} has no effect on encapsulated tokens", member.name);
    let places = snapshot.configurations_of(TOKEN_CONFIGURATION).map(|c| &c.place);
    let need = Need::value(member, TOKEN_CONFIGURATION, TOKEN_REFRESH, "false");
    Some(Hit::on(member, message).at(places).needs([need]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::TOKEN_HANDLER;
    use crate::testing::farm;

    fn count(encapsulated: &str, refresh: &str) -> usize {
        let handler = format!("token.encapsulated=B\"{encapsulated}\"\r\n");
        let tokens = format!("tokenRefresh=B\"{refresh}\"\r\n");
        let farm = farm()
            .with("a", |i| i.config(TOKEN_HANDLER, &handler).config(TOKEN_CONFIGURATION, &tokens));
        check(&farm.build()).len()
    }

    #[test]
    fn refresh_of_encapsulated_tokens_is_told() {
        assert_eq!(count("true", "true"), 1);
    }

    #[test]
    fn tokens_that_inactivity_time_renews_are_quiet() {
        let handler = "token.encapsulated=B\"true\"\r\ninactivity.time=I\"1800\"\r\n";
        let both = |i: crate::testing::Instance| {
            i.config(TOKEN_HANDLER, handler)
                .config(TOKEN_CONFIGURATION, "tokenRefresh=B\"true\"\r\n")
        };
        assert_eq!(check(&farm().with("a", both).build()), []);
    }

    #[test]
    fn either_alone_is_quiet() {
        assert_eq!(count("true", "false") + count("false", "true"), 0);
    }
}
