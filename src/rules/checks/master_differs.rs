//! `master-differs`: instances of one farm hold different `master` keys.

use super::key_differs;
use super::references::{ENCAPSULATED_TOKEN, KA_23909};
use crate::facts::KeyName;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "master-differs",
    severity: Severity::Error,
    compares: true,
    summary: "master keys differ within a farm",
    effect: "Secrets that were encrypted on one instance cannot be decrypted on the other.",
    why: "Passwords and secrets are encrypted with the master key. What one instance encrypted (IMS client_secret, OAuth and SAML secrets, replication passwords in replicated content) cannot be decrypted by an instance with another key.",
    fix: "Copy hmac and master, both, from one instance to all others, and restart those.",
    references: &[ENCAPSULATED_TOKEN, KA_23909],
    explained_by: &[
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "key-misplaced",
        "storage-jcr-with-ims",
        "storage-jcr",
        "standby-not-ready",
        "hmac-differs",
    ],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    key_differs::check(farm, KeyName::Master)
}
