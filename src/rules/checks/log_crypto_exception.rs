//! `log-crypto-exception`: protected values cannot be decrypted.

use super::logs;
use crate::farm::{CANNOT_DECRYPT, Farm};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "log-crypto-exception",
    severity: Severity::Error,
    compares: false,
    summary: "the log shows that protected values cannot be decrypted",
    why: "A value was protected with another master key than the instance has now. Such values arrive with packages, replication \
          or a copied repository, or the keys were replaced.",
    fix: "Give the instance the master key that the values were protected with, or enter the values again.",
    references: &["Adobe KA-22814", "Adobe KA-16796", "acs-aem-commons issue 942"],
    explained_by: &[
        "secret-of-old-key",
        "secret-unreadable",
        "storage-jcr-with-ims",
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "key-trailing-newline",
        "key-missing",
        "jcr-key-missing",
        "jcr-key-mismatch",
        "master-differs",
        "foreign-protected-value",
        "hmac-differs",
    ],
    check,
};

/// The repair; `{name}` stands for the instance.
const STEPS: &[&str] = &[
    "Compare the master key of {name} with that of the instance on which the values were entered; copy hmac and master together where they differ.",
    "Where the keys are right, enter the values again on {name}: passwords of key stores and trust store, SAML, mail, replication and OSGi configurations.",
];

fn check(farm: &Farm) -> Vec<Hit> {
    logs::hits(farm, &CANNOT_DECRYPT, "that it cannot decrypt protected values", STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::checks::logs::testing::{SHOWN, quiet, shown};

    #[test]
    fn log_without_signs_is_quiet() {
        assert!(quiet(check, "Active run modes: [author]"));
    }

    #[test]
    fn sign_is_told_with_count_times_and_place() {
        let message =
            shown(check, "com.adobe.granite.crypto.CryptoException: Cannot convert byte data");
        assert_eq!(message, format!("a logged that it cannot decrypt protected values {SHOWN}"));
    }

    #[test]
    fn other_exceptions_are_quiet() {
        assert!(quiet(check, "com.adobe.granite.crypto.CryptoException: Cannot convert data"));
    }
}
