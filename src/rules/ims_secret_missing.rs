//! `ims-secret-missing`: an IMS configuration without its client secret.

use super::steps::KA_23909;
use super::{Hit, Rule, Severity, console};
use crate::facts::{Configuration, IMS_CLIENT_SECRET, IMS_CUSTOMIZER, SecretState};
use crate::farm::{Farm, Member};

pub(super) static RULE: Rule = Rule {
    id: "ims-secret-missing",
    severity: Severity::Error,
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
    let found = member.snapshot.configurations_of(IMS_CUSTOMIZER).filter(missing);
    found
        .map(|ims| {
            let message = format!("{} has no {IMS_CLIENT_SECRET} in {}", member.name, ims.pid);
            let step = console::enter_secret(member, ims, IMS_CLIENT_SECRET);
            Hit::on(member, message).at([&ims.place]).fix([step])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

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
    fn secret_from_elsewhere_is_a_secret() {
        assert_eq!(messages("auth.ims.client.secret=\"$[secret:ims]\"\r\n"), [""; 0]);
    }
}
