//! `token-mixed`: some publishers use encapsulated tokens, others do not.

use super::references::ENCAPSULATED_TOKEN;
use crate::facts::{Role, TOKEN_ENCAPSULATED, TOKEN_HANDLER};
use crate::farm::{Farm, Groups, Member, names_of};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "token-mixed",
    severity: Severity::Error,
    compares: true,
    summary: "some publishers use encapsulated tokens, others do not",
    effect: "Users are logged out whenever a request reaches an instance without encapsulated tokens.",
    why: "A publisher without encapsulated tokens looks a login token up in its own repository, where it finds none that another \
          publisher made: users are logged out whenever a request reaches it. Off is the default.",
    fix: "Switch token.encapsulated on in the token authentication handler of every publisher.",
    references: &[ENCAPSULATED_TOKEN],
    explained_by: &[],
    check,
};

/// Returns whether tokens are encapsulated on an instance that is known to be a publisher.
pub(super) fn on_publisher(member: &Member) -> Option<bool> {
    let is_publisher = member.snapshot.role() == Some(Role::Publish);
    is_publisher.then(|| member.snapshot.encapsulated_token())?
}

fn check(farm: &Farm) -> Vec<Hit> {
    let groups = Groups::by(farm, on_publisher);
    if !groups.differ() {
        return Vec::new();
    }
    let with = |state: bool| -> Vec<&Member> {
        farm.members.iter().filter(|member| on_publisher(member) == Some(state)).collect()
    };
    let (on, off) = (with(true), with(false));
    let (on_names, off_names) = (names_of(&on), names_of(&off));
    let message = if on.len() > off.len() {
        format!("encapsulated tokens are off on {off_names}, but used by {on_names}")
    } else {
        format!("encapsulated tokens are used by {on_names}, but off on {off_names}")
    };
    let places = farm
        .members
        .iter()
        .filter(|member| on_publisher(member).is_some())
        .flat_map(|member| member.snapshot.configurations_of(TOKEN_HANDLER))
        .map(|handler| &handler.place);
    let on = |m: &&Member| Need::value(m, TOKEN_HANDLER, TOKEN_ENCAPSULATED, "true");
    let needs = off.iter().map(on);
    let check_keys = "Make sure that all of them have the same hmac before: see hmac-differs.";
    let hit = Hit::among(&groups.odd(), message).at(places);
    vec![hit.advise([check_keys]).needs(needs)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
    use crate::testing::{Instance, farm};

    fn publisher(instance: Instance, body: &str) -> Instance {
        instance.role("publish").config(TOKEN_HANDLER, body)
    }

    fn on(instance: Instance) -> Instance {
        publisher(instance, "token.encapsulated=B\"true\"\r\n")
    }

    fn off(instance: Instance) -> Instance {
        publisher(instance, "token.encapsulated=B\"false\"\r\n")
    }

    #[test]
    fn equal_publishers_are_quiet() {
        assert_eq!(check(&farm().with("a", on).with("b", on).build()), []);
        assert_eq!(
            check(&farm().with("a", off).with("b", |i| i.role("publish").configs()).build()),
            []
        );
    }

    #[test]
    fn odd_publishers_are_named_first() {
        let farm = farm().with("a", on).with("b", off).with("c", on).with("d", on).build();
        let hits = check(&farm);
        assert_eq!(hits[0].message, "encapsulated tokens are off on b, but used by a, c, d");
        assert_eq!(hits[0].instances, ["b"]);
        let need = Need::value(&farm.members[1], TOKEN_HANDLER, TOKEN_ENCAPSULATED, "true");
        assert!(hits[0].needs.contains(&need), "{:?}", hits[0].needs);
    }

    #[test]
    fn no_file_is_the_default() {
        let hits = check(&farm().with("a", on).with("b", |i| i.role("publish").configs()).build());
        assert_eq!(hits[0].message, "encapsulated tokens are used by a, but off on b");
    }

    #[test]
    fn value_that_is_only_known_while_aem_runs_is_neither() {
        let protected = format!("token.encapsulated=\"{{{}}}\"\r\n", "ab".repeat(32));
        for body in ["token.encapsulated=\"$[env:E;default\\=false]\"\r\n", &protected] {
            let open = |i: Instance| publisher(i.configs(), body);
            assert_eq!(check(&farm().with("a", on).with("b", open).build()), [], "{body}");
        }
    }

    #[test]
    fn author_may_differ() {
        assert_eq!(
            check(&farm().with("a", |i| i.role("author").configs()).with("b", on).build()),
            []
        );
    }

    #[test]
    fn configurations_that_were_not_packed_are_not_off() {
        let unpacked = |i: Instance| i.role("publish");
        assert_eq!(check(&farm().with("a", on).with("b", unpacked).build()), []);
        let cut = |i: Instance| i.role("publish").configs().gap(GapKind::Partial, None);
        assert_eq!(check(&farm().with("a", on).with("b", cut).build()), []);
    }
}
