//! `ims-secret-missing`: an IMS configuration without its client secret.

use super::fold::folded;
use super::steps::KA_23909;
use super::{Hit, Rule, Severity, console};
use crate::facts::{Configuration, IMS_CLIENT_SECRET, IMS_CUSTOMIZER, SecretState};
use crate::farm::{Farm, Member};

pub(super) static RULE: Rule = Rule {
    id: "ims-secret-missing",
    severity: Severity::Error,
    compares: false,
    summary: "an IMS configuration has no client secret",
    why: "Without auth.ims.client.secret the instance gets no access token from Adobe IMS (`invalid client_secret parameter`). That \
          it is gone is the symptom of KA-23909: it was lost at a restart because the keys came up too late.",
    fix: "Enter the client secret again; first move the keys out of the JCR where they are there.",
    references: &[KA_23909],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let on = |member| {
        let missing =
            |ims: &&Configuration| ims.secret(IMS_CLIENT_SECRET) == Some(SecretState::Missing);
        hits(member, missing)
    };
    farm.members.iter().flat_map(on).collect()
}

fn hits(member: &Member, missing: impl Fn(&&Configuration) -> bool) -> Vec<Hit> {
    let snapshot = &member.snapshot;
    let found = snapshot.configurations_or_jcr().filter(|ims| ims.is(IMS_CUSTOMIZER));
    // Where not all of the repository's was read, another configuration may have the secret.
    let is_all = snapshot.repository.as_ref().is_none_or(|r| r.configurations_gap.is_none());
    let found = found.filter(|ims| ims.jcr_path.is_none() || is_all).filter(missing);
    folded(
        found.collect(),
        |ims| vec![&ims.place],
        |ims| {
            let message = format!("{} has no {IMS_CLIENT_SECRET} in {}", member.name, ims.spoken());
            let step = console::enter_secret(member, ims, IMS_CLIENT_SECRET);
            Hit::on(member, message).at([&ims.place]).fix([step])
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn secret_from_elsewhere_is_a_secret() {
        assert_eq!(messages("auth.ims.client.secret=\"$[secret:ims]\"\r\n"), [""; 0]);
    }
}
