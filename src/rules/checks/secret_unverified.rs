//! `secret-unverified`: a protected value that could not be tried with the master of its instance.

use super::ims_secrets::in_state;
use super::shut_secrets::named;
use crate::facts::SecretState;
use crate::farm::{Farm, Holders, Member, Opens, Secret, listed_up_to};
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeMap;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "secret-unverified",
    severity: Severity::Note,
    compares: false,
    summary: "whether the master of an instance opens its secrets was not tried",
    effect: "Whether the secret can be decrypted is open.",
    why: "A master of 16 bytes is tried on every protected value. The form of 32 bytes is Adobe's own and is not, nor is a key that is not \
          known or was not at hand. Nothing is wrong by that; it is only not proved.",
    fix: "Send what the finding says is missing, or try the secret on the instance.",
    references: &["Netcentric/aem-crypto-support: obfuscated keys are 256 bit long"],
    explained_by: &[],
    check,
};

/// AEM and the tools for it write lower-case digits.
const IN_CAPITALS: &str = "encrypted, but in capitals: whether AEM decrypts it is not known";

fn check(farm: &Farm) -> Vec<Hit> {
    let holders = Holders::of(farm);
    let not_tried = farm.members.iter().flat_map(|member| of_instance(&holders, member));
    not_tried.chain(in_state(farm, SecretState::Unclear, IN_CAPITALS)).collect()
}

fn of_instance<'a>(holders: &Holders<'a>, member: &'a Member) -> Vec<Hit> {
    let mut by_reason: BTreeMap<String, Vec<Secret<'a>>> = BTreeMap::new();
    for mut secret in holders.secrets(member) {
        if secret.at.in_effect && secret.opens == Opens::NotChecked {
            by_reason.entry(secret.reason.take().unwrap_or_default()).or_default().push(secret);
        }
    }
    by_reason.into_iter().map(|(reason, secrets)| hit(member, &reason, &secrets)).collect()
}

fn hit(member: &Member, reason: &str, secrets: &[Secret<'_>]) -> Hit {
    let names: Vec<String> = secrets.iter().map(named).collect();
    let message =
        format!("{}: {} was not tried: {reason}", member.name, listed_up_to(3, &names, ", "));
    Hit::on(member, message).at(secrets.iter().map(|secret| secret.at.place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::IMS_CUSTOMIZER;
    use crate::testing::farm;

    #[test]
    fn secret_in_capitals_is_a_note() {
        let body = format!("auth.ims.client.secret=\"{{{}}}\"\r\n", "0F".repeat(32));
        let hits = check(&farm().with("a", |i| i.config(IMS_CUSTOMIZER, &body)).build());
        assert_eq!(hits.len(), 1);
        assert!(hits[0].message.ends_with(IN_CAPITALS), "{}", hits[0].message);
    }

    #[test]
    fn what_was_not_tried_is_a_note_with_the_reason() {
        let of = |tries: bool| {
            let farm = farm()
                .with("a", |i| i.mail_secret(&[0x82; 16], "x").master(&[0x81; 32]))
                .with("b", |i| i.mail_secret(&[0x82; 16], "y").master(&[0x82; 16]));
            let farm = if tries { farm.tried() } else { farm };
            check(&farm.build()).into_iter().map(|hit| hit.message).collect::<Vec<_>>()
        };
        let start = |name| {
            format!("{name}: smtp.password of com.day.cq.mailer.DefaultMailService was not tried: ")
        };
        let (a, b) = (start("a"), start("b"));
        let form = "the master has 32 bytes, a form of Adobe's own, which is not tried";
        assert_eq!(of(true), [format!("{a}{form}")]);
        assert_eq!(of(false), [format!("{a}it was not tried"), format!("{b}it was not tried")]);
    }
}
