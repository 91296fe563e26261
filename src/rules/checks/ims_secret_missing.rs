//! `ims-secret-missing`: an IMS configuration without its client secret.

use super::console;
use super::fold::folded;
use super::references::KA_23909;
use crate::facts::{
    CUSTOMIZER_TYPE, Configuration, IMS_CLIENT_SECRET, IMS_CUSTOMIZER, PROVIDER_CUSTOMIZER,
    SecretState,
};
use crate::farm::{Farm, Member};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "ims-secret-missing",
    severity: Severity::Error,
    compares: false,
    summary: "an IMS configuration has no client secret",
    effect: "IMS gives this instance no access token.",
    why: "Without auth.ims.client.secret the instance gets no access token from Adobe IMS (`invalid client_secret parameter`). That \
          it is gone is the symptom of KA-23909: it was lost at a restart because the keys were available too late. An access token provider of \
          the grant client_credentials has none of its own: a request customizer of its token.request.customizer.type holds it.",
    fix: "Enter the client secret again; first move the keys out of the JCR where they are there.",
    references: &[KA_23909, "AEM 6.5, Assets Smart Tags: configure OAuth for on-premise users"],
    explained_by: &["storage-jcr-with-ims"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let on = |member| {
        let missing =
            |ims: &&Configuration| ims.secret(IMS_CLIENT_SECRET) == Some(SecretState::Missing);
        hits(member, missing)
    };
    farm.members
        .iter()
        .flat_map(on)
        .chain(farm.members.iter().flat_map(without_customizer))
        .collect()
}

/// Tells the access token providers whose client secret no configuration holds.
fn without_customizer(member: &Member) -> Vec<Hit> {
    folded(
        member.snapshot.providers_without_secret().collect(),
        |provider| vec![&provider.place],
        |provider| {
            let wanted = provider.text(PROVIDER_CUSTOMIZER).filter(|text| !text.is_empty());
            let of_type = wanted.map(|wanted| format!(" of {CUSTOMIZER_TYPE} {wanted}"));
            let of_type = of_type.unwrap_or_default();
            let message = format!(
                "{} has no client secret for {}, of the grant client_credentials: there is no request customizer{of_type}",
                member.name,
                provider.spoken()
            );
            let step =
                console::add_with_secret(member, IMS_CUSTOMIZER, &of_type, IMS_CLIENT_SECRET);
            Hit::on(member, message).at([&provider.place]).advise([step])
        },
    )
}

fn hits(member: &Member, missing: impl Fn(&&Configuration) -> bool) -> Vec<Hit> {
    let snapshot = &member.snapshot;
    // Only the customizer: a provider may well have no secret of its own.
    let found = snapshot.configurations_or_jcr().filter(|ims| ims.is(IMS_CUSTOMIZER));
    // Where not all of the repository's was read, another configuration may have the secret.
    let is_all = snapshot.repository.as_ref().is_none_or(|r| r.configurations_gap.is_none());
    let found = found.filter(|ims| ims.jcr_path.is_none() || is_all).filter(missing);
    folded(
        found.collect(),
        |ims| vec![&ims.place],
        |ims| {
            let message = format!("{} has no {IMS_CLIENT_SECRET} in {}", member.name, ims.spoken());
            let need = Need::secret(member, ims, IMS_CLIENT_SECRET);
            Hit::on(member, message).at([&ims.place]).needs([need])
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ACCESS_TOKEN_PROVIDER;
    use crate::testing::{Instance, farm, good_farm};

    fn messages(body: &str) -> Vec<String> {
        let pid = format!("{IMS_CUSTOMIZER}~tags");
        let farm = farm().with("a", |i| i.config(&pid, body)).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn without_ims_it_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn empty_and_absent_secrets_are_told() {
        let message = format!("a has no auth.ims.client.secret in {IMS_CUSTOMIZER}~tags");
        assert_eq!(messages("customizer.type=\"x\"\r\n"), [message.as_str()]);
        assert_eq!(messages("auth.ims.client.secret=\"\"\r\n"), [message]);
    }

    #[test]
    fn secret_missing_in_the_repository_is_told_unless_something_may_hide_it() {
        let name = format!("{IMS_CUSTOMIZER}.cfg.json");
        let missing = |i: Instance| i.jcr_config("config", &name, "{}");
        let count =
            |change: &dyn Fn(Instance) -> Instance| check(&farm().with("a", change).build()).len();
        assert_eq!(count(&missing), 1);
        assert_eq!(count(&|i| missing(i).configs()), 0);
        assert_eq!(count(&|i| missing(i).revisions_behind(1)), 0);
        let gap = |i| {
            let mut i = missing(i);
            let gap = Some("x".to_owned());
            i.snapshot.repository.as_mut().unwrap().configurations_gap = gap;
            i
        };
        assert_eq!(count(&gap), 0);
        let full = r#"{"auth.ims.client.secret": "$[secret:ims]"}"#;
        // Sling reads `config.author` on authors alone, and of an unknown role nobody knows.
        for (folder, role, expected) in [
            ("config.author", "author", 0),
            ("config.author", "publish", 1),
            ("config.author", "", 0),
            ("config.publish", "publish", 0),
        ] {
            let both = |i: Instance| missing(i).jcr_config(folder, &name, full).role(role);
            assert_eq!(count(&both), expected, "{folder} {role}");
        }
        let picked = |i| missing(i).config(IMS_CUSTOMIZER, "auth.ims.client.secret=\"x\"\r\n");
        assert_eq!(count(&picked), 0);
    }

    #[test]
    fn configuration_for_another_run_mode_is_quiet() {
        let name = format!("{IMS_CUSTOMIZER}.cfg.json");
        for (role, expected) in [("author", 1), ("publish", 0), ("", 0)] {
            let one = |i: Instance| i.jcr_config("config.author", &name, "{}").role(role);
            assert_eq!(check(&farm().with("a", one).build()).len(), expected, "{role}");
        }
    }

    /// Counts what is found of an instance with an access token provider and these further configurations.
    fn of_provider(provider: &str, add: impl FnOnce(Instance) -> Instance) -> Vec<Hit> {
        let grants = "auth.token.provider.authorization.grants=\"client_credentials\"\r\n";
        let body = format!("{grants}{provider}");
        let pid = format!("{ACCESS_TOKEN_PROVIDER}~1");
        check(&farm().with("a", |i| add(i.config(&pid, &body))).build())
    }

    fn customizer(body: &'static str) -> impl Fn(Instance) -> Instance {
        move |i| i.configs().config(&format!("{IMS_CUSTOMIZER}~1"), body)
    }

    const TYPED: &str = "token.request.customizer.type=\"tags\"\r\n";
    const TAGS: &str = "customizer.type=\"tags\"\r\nauth.ims.client.secret=\"x\"\r\n";
    const OTHER: &str = "customizer.type=\"launch\"\r\nauth.ims.client.secret=\"x\"\r\n";

    #[test]
    fn provider_without_a_customizer_has_no_secret() {
        let hits = of_provider("", Instance::configs);
        assert_eq!(
            hits[0].message,
            format!(
                "a has no client secret for {ACCESS_TOKEN_PROVIDER}~1, of the grant client_credentials: there is no request customizer"
            )
        );
        let hits = of_provider(TYPED, customizer(OTHER));
        assert!(hits[0].message.ends_with("no request customizer of customizer.type tags"));
        assert!(hits[0].advice()[0].contains(IMS_CUSTOMIZER), "{:?}", hits[0].advice());
    }

    #[test]
    fn provider_that_may_have_a_secret_is_quiet() {
        assert_eq!(of_provider(TYPED, customizer(TAGS)), []);
        assert_eq!(of_provider("", customizer(OTHER)), []);
        assert_eq!(of_provider(TYPED, |i| i), [], "not all configurations came");
        let own = format!("a.secret=\"{{{}}}\"\r\n", "0".repeat(64));
        assert_eq!(of_provider(&own, Instance::configs), []);
        let jwt = |i: Instance| i.configs().config(ACCESS_TOKEN_PROVIDER, "name=\"x\"\r\n");
        assert_eq!(check(&farm().with("a", jwt).build()), []);
    }

    #[test]
    fn customizer_without_its_secret_is_told_once() {
        assert_eq!(of_provider(TYPED, customizer("customizer.type=\"tags\"\r\n")).len(), 1);
    }

    #[test]
    fn secret_from_elsewhere_is_a_secret() {
        assert_eq!(messages("auth.ims.client.secret=\"$[secret:ims]\"\r\n"), [""; 0]);
    }
}
