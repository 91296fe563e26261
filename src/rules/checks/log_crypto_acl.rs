//! `log-crypto-acl`: the crypto service cannot read its keys in the repository.

use super::logs;
use crate::facts::LogSignature;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "log-crypto-acl",
    severity: Severity::Error,
    compares: false,
    summary: "the log shows that the crypto service could not be set up",
    why: "With keys in the JCR the crypto service reads /etc/key by a service user. When its permissions are lost, as after a \
          package that replaces ACLs, the service does not start and nobody can log in.",
    fix: "Restore the permissions on /etc/key, or move the keys to files.",
    references: &["Adobe, missing CryptoService ACLs"],
    explained_by: &["storage-jcr-with-ims", "storage-jcr"],
    check,
};

const SIGNATURES: &[LogSignature] = &[LogSignature::CryptoSetup];
/// The repair; `{name}` stands for the instance.
const STEPS: &[&str] = &[
    "On {name}, restore the permissions of the crypto service's user on /etc/key, as on an instance that works.",
    "Restart {name}.",
];

fn check(farm: &Farm) -> Vec<Hit> {
    logs::hits(farm, SIGNATURES, "that its crypto service could not be set up", STEPS)
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
            "*ERROR* com.adobe.granite.crypto.internal.Activator setupCryptoSupport: Failed creating CryptoSupport Implementation: x",
        );
        assert_eq!(
            message,
            format!("a logged that its crypto service could not be set up {SHOWN}")
        );
    }

    #[test]
    fn service_that_was_set_up_is_quiet() {
        assert!(quiet(
            check,
            "com.adobe.granite.crypto.internal.Activator setupCryptoSupport: done"
        ));
    }
}
