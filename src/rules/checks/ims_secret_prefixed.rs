//! `ims-secret-prefixed`: an encrypted secret stands after a prefix with which AEM does not know it for one.

use super::ims_secrets::in_state;
use crate::facts::SecretState;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "ims-secret-prefixed",
    severity: Severity::Error,
    compares: false,
    summary: "an encrypted IMS client secret has a prefix that makes it plain text",
    effect: "IMS is sent the encrypted text instead of the secret, and refuses it.",
    why: "{String} in front of {…} is how a repository writes the type of a property. In a .config file it is a part of the value: AEM takes \
          the whole for plain text, does not decrypt it, and sends it to IMS as the secret.",
    fix: "Take the prefix off.",
    references: &["AdobeDocs/experience-manager-64.en issue 141"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    in_state(farm, SecretState::Prefixed, "encrypted, behind a prefix such as {String}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::IMS_CUSTOMIZER;
    use crate::testing::farm;

    fn count(value: &str) -> usize {
        let body = format!("auth.ims.client.secret=\"{value}\"\r\n");
        check(&farm().with("a", |i| i.config(IMS_CUSTOMIZER, &body)).build()).len()
    }

    #[test]
    fn encrypted_secret_alone_is_quiet() {
        assert_eq!(count(&format!("\\{{{}\\}}", "0f".repeat(32))), 0);
        assert_eq!(count("hunter2"), 0);
    }

    #[test]
    fn prefix_is_told() {
        assert_eq!(count(&format!("{{String}}{{{}}}", "0f".repeat(32))), 1);
    }
}
