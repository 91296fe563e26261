//! `log-oauth-decrypt`: OAuth tokens cannot be decrypted.

use super::logs;
use crate::facts::LogSignature;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "log-oauth-decrypt",
    severity: Severity::Error,
    compares: false,
    summary: "the log shows that OAuth tokens cannot be decrypted",
    why: "The refresh token was encrypted on an instance with other keys; usually the author's keys are not those of the \
          publisher.",
    fix: "Copy hmac and master from the author, restart, and connect the OAuth service again.",
    references: &["Adobe KA-26706"],
    explained_by: &[
        "secret-of-old-key",
        "secret-unreadable",
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

const SIGNATURES: &[LogSignature] = &[LogSignature::OauthDecrypt];
/// The repair; `{name}` stands for the instance.
const STEPS: &[&str] = &[
    "Compare the keys of {name} with those of the instance on which the OAuth service was configured; copy hmac and master together where they differ.",
    "Restart {name}, and connect its OAuth service again.",
];

fn check(farm: &Farm) -> Vec<Hit> {
    logs::hits(farm, SIGNATURES, "that it cannot decrypt OAuth tokens", STEPS)
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
            shown(check, "x.OAuthConfigSlingModel Error while decrypting the Refresh Token");
        assert_eq!(message, format!("a logged that it cannot decrypt OAuth tokens {SHOWN}"));
    }

    #[test]
    fn other_errors_of_the_model_are_quiet() {
        assert!(quiet(check, "x.OAuthConfigSlingModel Error while reading the Refresh Token"));
    }
}
