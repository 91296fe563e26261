//! A finding, as SARIF wants it.

use super::WireMessage;
use super::location::{WireLocation, WireLogical};
use crate::diagnosis::{Excuse, Finding};
use crate::facts::Place;
use crate::farm::{Farm, Member};
use crate::rules::RULES;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireResult<'a> {
    rule_id: &'static str,
    rule_index: Option<usize>,
    level: &'static str,
    message: WireMessage,
    locations: Vec<WireLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<WireLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<WireSuppression>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    partial_fingerprints: WireFingerprints,
    properties: WireResultProperties<'a>,
}

/// Why a finding does not count.
#[derive(Serialize)]
struct WireSuppression {
    kind: &'static str,
    justification: String,
}

impl WireSuppression {
    fn of(finding: &Finding) -> Option<Vec<Self>> {
        let excuse = finding.excuse.as_ref()?;
        Some(vec![Self { kind: "external", justification: excuse.to_string() }])
    }
}

#[derive(Serialize)]
struct WireFingerprints {
    #[serde(rename = "finding/v1")]
    finding: String,
}

#[derive(Serialize)]
struct WireResultProperties<'a> {
    farm: &'a str,
    instances: &'a [String],
    fix: Vec<String>,
}

impl<'a> WireResult<'a> {
    pub(super) fn new(farm: &'a Farm, (finding, fix): (&'a Finding, Vec<String>)) -> Self {
        let hit = &finding.hit;
        let odd: Vec<&Member> =
            farm.members.iter().filter(|member| hit.instances.contains(&member.name)).collect();
        let is_of_odd = |place: &&Place| odd.iter().any(|member| lies_in(member, place));
        // Evidence of the odd one out first: it is what has to be repaired.
        let (own, others): (Vec<&Place>, Vec<&Place>) = hit.places.iter().partition(is_of_odd);
        let mut places = own.into_iter().chain(others);
        let mut location = match places.next() {
            Some(place) => at(place),
            None => WireLocation { physical_location: None, logical_locations: Vec::new() },
        };
        let logical = |name: &String| WireLogical {
            name: name.clone(),
            fully_qualified_name: format!("{}/{name}", farm.name),
            kind: "resource",
        };
        location.logical_locations = hit.instances.iter().map(logical).collect();
        Self {
            rule_id: finding.rule.id,
            rule_index: RULES.iter().position(|rule| rule.id == finding.rule.id),
            level: finding.severity.label(),
            suppressions: WireSuppression::of(finding),
            baseline_state: (finding.excuse == Some(Excuse::Known)).then_some("unchanged"),
            message: WireMessage::new(&hit.message),
            locations: vec![location],
            related_locations: places.map(at).collect(),
            partial_fingerprints: WireFingerprints { finding: fingerprint(farm, finding) },
            properties: WireResultProperties { farm: &farm.name, instances: &hit.instances, fix },
        }
    }
}

fn at(place: &Place) -> WireLocation {
    WireLocation::of_file(&place.source, Some(&place.path))
}

fn lies_in(member: &Member, place: &Place) -> bool {
    let (source, root) = (&member.snapshot.source, &member.snapshot.root);
    let below = place.path.strip_prefix(root.as_str());
    *source == place.source
        && below.is_some_and(|rest| root.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

/// Digests what stays the same when the same fault is found again: rule, instances, and paths in them. Sources and wording may change.
fn fingerprint(farm: &Farm, finding: &Finding) -> String {
    let paths = finding.hit.places.iter().map(|place| place.path.as_str());
    let instances = finding.hit.instances.iter().map(String::as_str);
    let mut hasher = Sha256::new();
    for part in [finding.rule.id, farm.name.as_str()].into_iter().chain(instances).chain(paths) {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    crate::facts::Hex(digest).to_string()
}
