//! `log-ims-invalid-secret`: IMS does not accept the client secret of the instance.

use super::logs;
use super::references::KA_23909;
use crate::facts::LogSignature;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "log-ims-invalid-secret",
    severity: Severity::Error,
    compares: false,
    summary: "the log shows that IMS rejects the client secret",
    why: "The instance sent a client_secret that IMS does not know: it could not be decrypted, because the keys were available late or \
          are others than those it was encrypted with, or it is not set.",
    fix: "Make sure that the keys are files and agree with those of the farm, restart, and enter the client secret again where \
          that does not help.",
    references: &[KA_23909],
    explained_by: &[
        "secret-of-old-key",
        "secret-unreadable",
        "storage-jcr-with-ims",
        "ims-secret-missing",
        "ims-secret-prefixed",
        "ims-secret-plaintext",
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

const SIGNATURES: &[LogSignature] = &[LogSignature::ImsInvalidSecret];
/// The repair; `{name}` stands for the instance.
const STEPS: &[&str] = &[
    "Make sure that {name} keeps its keys in files and that they agree with those of its farm; other findings say so where they do not.",
    "Restart {name}. If IMS still rejects the secret, enter the client_secret of its IMS configuration again on {name}.",
];

fn check(farm: &Farm) -> Vec<Hit> {
    logs::hits(farm, SIGNATURES, "that IMS rejects its client secret", STEPS)
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
            "{\"error\":\"invalid_client\",\"error_description\":\"invalid client_secret parameter\"}",
        );
        assert_eq!(message, format!("a logged that IMS rejects its client secret {SHOWN}"));
    }

    #[test]
    fn request_refused_for_another_reason_is_quiet() {
        assert!(quiet(
            check,
            "com.adobe.granite.auth.oauth.AccessTokenProvider failed to get access token from authorization server status: 400 response: {\"error\":\"invalid_scope\"}"
        ));
    }
}
