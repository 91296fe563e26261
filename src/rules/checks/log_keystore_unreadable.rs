//! `log-keystore-unreadable`: key stores cannot be opened.

use super::logs;
use crate::facts::LogSignature;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "log-keystore-unreadable",
    severity: Severity::Warning,
    compares: false,
    summary: "the log shows that a key store or the trust store cannot be opened",
    why: "The passwords of key stores and trust store are protected with the master key. With another key they cannot be read; \
          the store may also never have been made.",
    fix: "Give the instance the master key that the stores were made with, or create the stores again.",
    references: &["Adobe KA-16796", "Adobe KA-17476"],
    explained_by: &[
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "key-trailing-newline",
        "jcr-key-mismatch",
        "master-differs",
        "hmac-differs",
    ],
    check,
};

const SIGNATURES: &[LogSignature] =
    &[LogSignature::TruststoreUnreadable, LogSignature::KeystoreUninitialized];
/// The repair; `{name}` stands for the instance.
const STEPS: &[&str] = &[
    "Compare the master key of {name} with that of the instance on which the stores were made.",
    "Where the keys are right, make the trust store and the key store of authentication-service on {name} again.",
];

fn check(farm: &Farm) -> Vec<Hit> {
    logs::hits(farm, SIGNATURES, "that it cannot open a key store or the trust store", STEPS)
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
        let message = shown(
            check,
            "c.a.g.KeyStoreManagingServlet Unable to retrieve the truststore's aliases.",
        );
        assert_eq!(
            message,
            format!("a logged that it cannot open a key store or the trust store {SHOWN}")
        );
    }

    #[test]
    fn trust_store_that_opens_is_quiet() {
        assert!(quiet(check, "c.a.g.KeyStoreManagingServlet retrieved the truststore's aliases."));
    }
}
