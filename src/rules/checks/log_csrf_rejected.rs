//! `log-csrf-rejected`: requests are rejected because of their CSRF tokens.

use super::logs;
use crate::facts::LogSignature;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "log-csrf-rejected",
    severity: Severity::Warning,
    compares: false,
    summary: "the log shows rejected CSRF tokens, a weak sign of differing hmac keys",
    why: "CSRF tokens are signed with the HMAC key, so a token of one instance is invalid on another with a different key. It is \
          a weak sign: clients without a token and old tokens give the same message.",
    fix: "Compare the hmac of the instances that share one address; where they agree, look for clients that send no token.",
    references: &["AEM 6.5, Tough Day"],
    explained_by: &[
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "key-trailing-newline",
        "hmac-differs",
        "storage-jcr-with-ims",
        "storage-jcr",
    ],
    check,
};

const SIGNATURES: &[LogSignature] = &[LogSignature::CsrfRejected];
/// The repair; `{name}` stands for the instance.
const STEPS: &[&str] = &[
    "Compare the hmac of {name} with that of the other instances that share its address.",
    "Where they agree, look for clients and dispatcher rules that drop the header CSRF-Token.",
];

fn check(farm: &Farm) -> Vec<Hit> {
    logs::hits(farm, SIGNATURES, "rejected CSRF tokens", STEPS)
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
            "com.adobe.granite.csrf.impl.CSRFFilter doFilter: the provided CSRF token is invalid",
        );
        assert_eq!(message, format!("a logged rejected CSRF tokens {SHOWN}"));
    }

    #[test]
    fn valid_tokens_are_quiet() {
        assert!(quiet(
            check,
            "com.adobe.granite.csrf.impl.CSRFFilter doFilter: the provided CSRF token is valid"
        ));
    }
}
