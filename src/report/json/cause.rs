//! What a person has to repair, with what it explains.

use crate::diagnosis::{Cause, Finding, Judged};
use schemars::JsonSchema;
use serde::Serialize;

/// One thing that a person has to repair: a root finding, with what it explains.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Cause")]
pub(super) struct WireCause<'a> {
    /// The rule of the root finding.
    rule: &'static str,
    #[schemars(extend("enum" = ["error", "warning"]))]
    severity: &'static str,
    /// The instances that it, or what it explains, concerns.
    instances: &'a [String],
    /// What is wrong, one sentence.
    message: &'a str,
    /// What comes of it.
    effect: &'static str,
    /// What shows it: places, and what it explains.
    evidence: Vec<String>,
    /// The findings that it explains.
    explains: Vec<WireExplained<'a>>,
    /// What is done about it: indices into the actions of `repair`, those before, in windows and after in one row.
    actions: &'a [usize],
}

/// A finding that is explained.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Explained")]
struct WireExplained<'a> {
    rule: &'static str,
    instances: &'a [String],
}

impl<'a> WireCause<'a> {
    /// Returns a cause; `None` where its finding is not there.
    pub(super) fn new(judged: &'a Judged, cause: &'a Cause) -> Option<Self> {
        let root = judged.findings.get(cause.root)?;
        let explained: Vec<&Finding> =
            cause.explains.iter().filter_map(|index| judged.findings.get(*index)).collect();
        let places = root.hit.places.iter().map(ToString::to_string);
        Some(Self {
            rule: root.rule.id,
            severity: root.severity.label(),
            instances: &cause.instances,
            message: &root.hit.message,
            effect: root.rule.effect,
            evidence: places.chain(explained.iter().map(|own| own.hit.message.clone())).collect(),
            explains: explained
                .iter()
                .map(|own| WireExplained { rule: own.rule.id, instances: &own.hit.instances })
                .collect(),
            actions: &cause.actions,
        })
    }
}
