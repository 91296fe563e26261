//! `hmac-differs`: instances of one farm hold different `hmac` keys.

use super::key_differs;
use super::references::{ENCAPSULATED_TOKEN, KA_23909};
use crate::facts::KeyName;
use crate::farm::Farm;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "hmac-differs",
    severity: Severity::Error,
    compares: true,
    summary: "HMAC keys differ within a farm",
    effect: "Users are logged out when their requests reach an instance with another hmac.",
    why: "An encapsulated login token, and a CSRF token, is signed with the hmac key of the instance that issues it. An instance with another key rejects it, so users are logged out when a request reaches that instance.",
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
    ],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    key_differs::check(farm, KeyName::Hmac)
}
