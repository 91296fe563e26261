//! `ims-secret-plaintext`: the client secret of an IMS configuration is not encrypted.

use super::ims_secrets::in_state;
use crate::facts::SecretState;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "ims-secret-plaintext",
    severity: Severity::Warning,
    compares: false,
    summary: "an IMS client secret is stored as plain text",
    effect: "Everyone who reads the install, or an upload such as this, has it: have it replaced.",
    why: "Whoever can read the install, or a copy of it such as this one, has the secret. AEM decrypts protected values by itself.",
    fix: "Encrypt the secret with the crypto support console, and have it replaced where copies of the install went.",
    references: &["AEM 6.5, encryption support for configuration properties"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let default = "as plain text, the default of a placeholder";
    let mut hits = in_state(farm, SecretState::Plain, "as plain text");
    hits.extend(in_state(farm, SecretState::PlainDefault, default));
    hits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{IMS_CUSTOMIZER, IMS_PROVIDER, IMS_SERVICE_SECRET};
    use crate::testing::farm;

    fn count(pid: &str, body: &str) -> usize {
        check(&farm().with("a", |i| i.config(pid, body)).build()).len()
    }

    #[test]
    fn plain_text_is_told() {
        assert_eq!(count(IMS_CUSTOMIZER, "auth.ims.client.secret=\"hunter2\"\r\n"), 1);
        let body = format!("{IMS_SERVICE_SECRET}=\"hunter2\"\r\n");
        assert_eq!(count(IMS_PROVIDER, &body), 1);
    }

    #[test]
    fn plain_text_in_the_repository_is_told_with_its_path() {
        let name = format!("{IMS_CUSTOMIZER}.cfg.json");
        let text = r#"{"auth.ims.client.secret": "hunter2"}"#;
        let farm = farm().with("a", |i| i.jcr_config("config", &name, text)).build();
        let message = &check(&farm)[0].message;
        let path = format!("(in the JCR, /apps/system/config/{name}) as plain text");
        assert!(message.ends_with(&path), "{message}");
    }

    #[test]
    fn default_of_a_placeholder_is_told() {
        let body = "auth.ims.client.secret=\"$[secret:ims;default\\=hunter2]\"\r\n";
        let farm = farm().with("a", |i| i.config(IMS_CUSTOMIZER, body)).build();
        let message = &check(&farm)[0].message;
        assert!(message.ends_with(" as plain text, the default of a placeholder"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
        assert_eq!(count(IMS_CUSTOMIZER, &body.replace("hunter2", "")), 0);
    }

    #[test]
    fn protected_text_is_quiet() {
        let body = format!("auth.ims.client.secret=\"{{{}}}\"\r\n", "0f".repeat(32));
        assert_eq!(count(IMS_CUSTOMIZER, &body), 0);
    }

    #[test]
    fn no_secret_is_the_matter_of_another_rule() {
        assert_eq!(count(IMS_CUSTOMIZER, "customizer.type=\"x\"\r\n"), 0);
    }
}
