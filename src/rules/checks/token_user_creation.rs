//! `token-user-creation`: encapsulated tokens are on, and a login handler creates users.

use super::console;
use super::fold::first_of;
use super::references::ENCAPSULATED_TOKEN;
use crate::facts::{Configuration, SAML_HANDLER, SYNC_HANDLER};
use crate::farm::{Farm, Member, listed};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "token-user-creation",
    severity: Severity::Warning,
    compares: false,
    summary: "encapsulated tokens are on while a login handler creates users",
    effect: "On the other publishers the user is missing, and the token is refused.",
    why: "A user who is created at login exists on that instance alone. With an encapsulated token the next request may reach \
          another instance, which trusts the token but has no such user. Handlers that create users do not work with encapsulated \
          tokens without sticky sessions.",
    fix: "Synchronise the users, and switch their creation off in the handler; or use sticky sessions.",
    references: &[
        ENCAPSULATED_TOKEN,
        "Apache Jackrabbit Oak, external authentication: DefaultSyncHandler",
    ],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(on).collect()
}

fn on(member: &Member) -> Option<Hit> {
    if member.snapshot.encapsulated_token() != Some(true) {
        return None;
    }
    let creators = member.snapshot.user_creators();
    let pids: Vec<&str> = creators.iter().map(|creator| creator.pid.as_str()).collect();
    if pids.is_empty() {
        return None;
    }
    let message = format!(
        "{} uses encapsulated tokens, and {} creates users at login",
        member.name,
        listed(&pids)
    );
    // A sync handler has no option for it: it makes the users of its provider.
    let with_option: Vec<&Configuration> =
        creators.iter().copied().filter(|creator| !creator.is(SYNC_HANDLER)).collect();
    let set = |creator: &&Configuration| {
        // A user that one publisher makes is not on the next one, which accepts the token all the
        // same. (AEM 6.5, encapsulated token)
        let property = if creator.is(SAML_HANDLER) { "createUser" } else { "oauth.create.users" };
        console::set(member, &creator.pid, property, "false")
    };
    let steps =
        first_of(&with_option, set, |rest| format!("Do so with the {rest} other handlers, too."));
    let choice = match with_option.as_slice() {
        [] => {
            "Make sure that the load balancer uses sticky sessions, or that users are synchronised between the publishers."
        }
        _ => {
            "Either make sure that the load balancer uses sticky sessions, or synchronise users and:"
        }
    };
    let places = creators.iter().map(|creator| &creator.place);
    Some(Hit::on(member, message).at(places).advise([choice]).advise(steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{EXTERNAL_LOGIN, OAUTH_PROVIDER, TOKEN_HANDLER};
    use crate::testing::{Instance, farm};

    const CREATES: &str = "createUser=B\"true\"\r\nidpUrl=\"https://idp.example/\"\r\n";

    fn messages(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let on = |i: Instance| i.config(TOKEN_HANDLER, "token.encapsulated=B\"true\"\r\n");
        let farm = farm().with("a", |i| change(on(i))).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn saml_that_creates_users_is_told() {
        let pid = format!("{SAML_HANDLER}~idp");
        assert_eq!(
            messages(|i| i.config(&pid, CREATES)),
            [format!("a uses encapsulated tokens, and {pid} creates users at login")]
        );
    }

    #[test]
    fn oauth_that_creates_users_is_told() {
        let pid = format!("{OAUTH_PROVIDER}~x");
        assert_eq!(messages(|i| i.config(&pid, "oauth.create.users=B\"true\"\r\n")).len(), 1);
        assert_eq!(messages(|i| i.config(&pid, "oauth.create.users=B\"false\"\r\n")), [""; 0]);
    }

    #[test]
    fn sync_handler_that_a_login_module_names_creates_users() {
        let (pid, module) = (format!("{SYNC_HANDLER}~azure"), format!("{EXTERNAL_LOGIN}~azure"));
        let handler = |i: Instance| i.config(&pid, "handler.name=\"azure\"\r\n");
        let login = |i: Instance, name: &str| {
            i.config(&module, &format!("idp.name=\"x\"\r\nsync.handlerName=\"{name}\"\r\n"))
        };
        assert_eq!(
            messages(|i| login(handler(i), "azure")),
            [format!("a uses encapsulated tokens, and {pid} creates users at login")]
        );
        assert_eq!(messages(handler), [""; 0]);
        assert_eq!(messages(|i| login(handler(i), "ldap")), [""; 0]);
        assert_eq!(messages(|i| login(i, "azure")), [""; 0]);
    }

    #[test]
    fn saml_without_identity_provider_is_off() {
        let body = "createUser=B\"true\"\r\nidpUrl=\"\"\r\n";
        assert_eq!(messages(|i| i.config(SAML_HANDLER, body)), [""; 0]);
        let body = "createUser=B\"true\"\r\n";
        assert_eq!(messages(|i| i.config(SAML_HANDLER, body)), [""; 0]);
    }

    #[test]
    fn saml_with_an_empty_path_entity_or_certificate_is_off() {
        for off in ["path=[\"\"]", "path=[]", "serviceProviderEntityId=\"\"", "idpCertAlias=\"\""] {
            let body = format!("{CREATES}{off}\r\n");
            assert_eq!(messages(|i| i.config(SAML_HANDLER, &body)), [""; 0], "{off}");
        }
        let body = format!("{CREATES}path=[\"/content\"]\r\nidpCertAlias=\"idp\"\r\n");
        assert_eq!(messages(|i| i.config(SAML_HANDLER, &body)).len(), 1);
    }

    #[test]
    fn without_encapsulated_tokens_it_is_quiet() {
        let farm = farm().with("a", |i| i.config(SAML_HANDLER, CREATES)).build();
        assert_eq!(check(&farm), []);
    }
}
