//! `log-crypto-missing`: a service missed the crypto service.

use super::logs;
use crate::facts::LogSignature;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "log-crypto-missing",
    severity: Severity::Warning,
    compares: false,
    summary: "the log shows that a service missed the crypto service",
    why: "A service wanted to decrypt a password while the crypto service was not there: it starts later, as with keys in the \
          JCR, or not at all.",
    fix: "Make sure that both crypto bundles are active and that the keys are files, and restart the service.",
    references: &["Netcentric accesscontroltool issue 346"],
    explained_by: &[
        "crypto-bundle-missing",
        "crypto-bundle-inactive",
        "crypto-bundle-duplicate",
        "felix-would-discard",
    ],
    check,
};

const SIGNATURES: &[LogSignature] = &[LogSignature::CryptoMissing];
/// The repair; `{name}` stands for the instance.
const STEPS: &[&str] = &[
    "On {name}, make sure that com.adobe.granite.crypto and com.adobe.granite.crypto.file are active.",
    "Restart {name}, or the service that asked.",
];

fn check(farm: &Farm) -> Vec<Hit> {
    logs::hits(farm, SIGNATURES, "that the crypto service was missing", STEPS)
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
            "com.adobe.granite.crypto.CryptoException: CryptoSupport missing to unprotect password.",
        );
        assert_eq!(message, format!("a logged that the crypto service was missing {SHOWN}"));
    }

    #[test]
    fn service_that_is_there_is_quiet() {
        assert!(quiet(check, "CryptoSupport found to unprotect password."));
    }
}
