//! `ims-secret-damaged`: a secret looks encrypted, but not so that AEM decrypts it.

use super::ims_secrets::in_state;
use crate::facts::SecretState;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "ims-secret-damaged",
    severity: Severity::Error,
    compares: false,
    summary: "an IMS client secret looks encrypted, but AEM does not decrypt it",
    effect: "IMS does not get the secret, and refuses the requests of the instance.",
    why: "AEM decrypts a value that is nothing but {, lower-case hexadecimal digits and }. With a blank, a quote or another brace around it, \
          without its braces or with a part cut off, it is not decrypted, and IMS gets the text as it is or none.",
    fix: "Enter the secret again, encrypted with the crypto support console, whole and in one pair of braces.",
    references: &["AdobeDocs/experience-manager-64.en issue 141"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    in_state(
        farm,
        SecretState::Damaged,
        "in a form that looks encrypted, and that AEM does not decrypt",
    )
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
    fn other_states_are_the_matter_of_other_rules() {
        assert_eq!(count(&format!("{{{}}}", "0f".repeat(32))), 0);
        assert_eq!(count(&format!("{{String}}{{{}}}", "0f".repeat(32))), 0);
        assert_eq!(count("hunter2"), 0);
    }

    #[test]
    fn encrypted_secret_with_a_blank_or_without_braces_is_told() {
        assert_eq!(count(&format!("{{{}}} ", "0f".repeat(32))), 1);
        assert_eq!(count(&"0f".repeat(32)), 1);
    }
}
