//! `log-crypto-unresolved`: the crypto bundle cannot be resolved.

use super::logs;
use crate::facts::LogSignature;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "log-crypto-unresolved",
    severity: Severity::Error,
    compares: false,
    summary: "the log shows that the crypto bundle misses a package",
    why: "The bundle com.adobe.granite.crypto does not start without a package it imports, seen after upgrades to AEM 6.5. \
          Without it nothing can be decrypted and nobody can log in.",
    fix: "Install the bundle that exports the missing package, and restart.",
    references: &["Adobe KA-17489"],
    explained_by: &[
        "crypto-bundle-duplicate",
        "crypto-bundle-inactive",
        "crypto-bundle-missing",
        "crypto-version-differs",
    ],
    check,
};

const SIGNATURES: &[LogSignature] = &[LogSignature::CryptoUnresolved];
/// The repair; `{name}` stands for the instance.
const STEPS: &[&str] = &[
    "On {name}, look up the missing requirement behind this line, and install the bundle that provides it (in the documented case org.apache.commons.io).",
    "Restart {name}.",
];

fn check(farm: &Farm) -> Vec<Hit> {
    logs::hits(farm, SIGNATURES, "that its crypto bundle cannot be resolved", STEPS)
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
            "Unable to resolve com.adobe.granite.crypto [158](R 158.3): missing requirement [158](R 158.3) osgi.wiring.package",
        );
        assert_eq!(message, format!("a logged that its crypto bundle cannot be resolved {SHOWN}"));
    }

    #[test]
    fn bundle_of_a_like_name_is_quiet() {
        assert!(quiet(
            check,
            "Unable to resolve com.adobe.granite.cryptographic [158](R 158.3): missing requirement"
        ));
    }
}
