//! A finding, as SARIF wants it.

use super::WireMessage;
use super::location::{WireLocation, WireLogical};
use crate::diagnosis::{Finding, known};
use crate::facts::Place;
use crate::farm::{Farm, Member};
use crate::limits::Limits;
use crate::policy::Known;
use crate::report::Report;
use crate::rules::RULES;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Locations of a result beside its own: GitHub refuses a file with more than 1,000 at one.
const RELATED_MAX: usize = Limits::DEFAULT.sarif_locations_max.saturating_sub(1);

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
    suppressions: Option<Vec<SarifSuppression>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    partial_fingerprints: WireFingerprints,
    properties: WireResultProperties<'a>,
}

/// Why a finding does not count.
#[derive(Serialize)]
struct SarifSuppression {
    kind: &'static str,
    justification: String,
}

impl SarifSuppression {
    fn of(finding: &Finding) -> Option<Vec<Self>> {
        let excuse = finding.excuse.as_ref()?;
        Some(vec![Self { kind: "external", justification: excuse.to_string() }])
    }
}

#[derive(Serialize)]
struct WireFingerprints {
    #[serde(rename = "finding/v1")]
    finding: String,
    /// With what the evidence holds, as a baseline knows it.
    #[serde(rename = "finding/v2")]
    with_values: String,
    /// The same, under the only name that GitHub looks at. Its own files have the number of like lines behind the colon.
    #[serde(rename = "primaryLocationLineHash")]
    of_line: String,
}

#[derive(Serialize)]
struct WireResultProperties<'a> {
    farm: &'a str,
    instances: &'a [String],
    fix: Vec<String>,
}

impl<'a> WireResult<'a> {
    pub(super) fn new(
        farm: &'a Farm,
        (finding, fix): (&'a Finding, Vec<String>),
        report: &Report,
    ) -> Self {
        let hit = &finding.hit;
        let odd: Vec<&Member> =
            farm.members.iter().filter(|member| hit.instances.contains(&member.name)).collect();
        let is_of_odd = |place: &&Place| odd.iter().any(|member| lies_in(member, place));
        // Evidence of the odd one out first: it is what has to be repaired.
        let (own, others): (Vec<&Place>, Vec<&Place>) = hit.places.iter().partition(is_of_odd);
        let mut places = own.into_iter().chain(others);
        let has_baseline = !report.selection.baseline.is_empty();
        let mut location = match places.next() {
            Some(place) => at(place).at_line(line(&odd, place)),
            None => WireLocation::of_file(elsewhere(farm, &odd, report), None).at_line(None),
        };
        let logical = |name: &String| WireLogical {
            name: name.clone(),
            fully_qualified_name: format!("{}/{name}", farm.name),
            // Of the words in SARIF 2.1.0 §3.33.7, the one that is not about code.
            kind: "resource",
        };
        let with_values = fingerprint_of_known(farm, finding);
        location.logical_locations = hit.instances.iter().map(logical).collect();
        Self {
            rule_id: finding.rule.id,
            rule_index: RULES.iter().position(|rule| rule.id == finding.rule.id),
            // SARIF 2.1.0 §3.27.10 has the same three words.
            level: finding.severity.label(),
            // `external`, since a policy or a baseline says so and no mark in the source.
            suppressions: SarifSuppression::of(finding),
            baseline_state: has_baseline.then(|| state(finding)),
            message: WireMessage::new(&hit.message),
            locations: vec![location],
            related_locations: places.take(RELATED_MAX).map(at).collect(),
            // Services match the results of two runs by these, so
            // a way of digesting never changes under its name.
            partial_fingerprints: WireFingerprints {
                finding: fingerprint(farm, finding),
                of_line: format!("{with_values}:1"),
                with_values,
            },
            properties: WireResultProperties { farm: &farm.name, instances: &hit.instances, fix },
        }
    }
}

/// Returns whether the baseline has a finding.
fn state(finding: &Finding) -> &'static str {
    if finding.remark().is_some() { "unchanged" } else { "new" }
}

/// Returns the line of a log that a finding is about: the first that shows one of its signs.
fn line(odd: &[&Member], place: &Place) -> Option<u64> {
    let logs = odd.iter().filter_map(|member| member.snapshot.log.as_ref());
    let seen = logs.flat_map(|log| log.seen.values()).filter(|seen| seen.place == *place);
    seen.map(|seen| seen.sighting.line).min()
}

/// Returns the file of a finding that has no place: that of the policy for what did not come, else the source of what did. Services that take
/// SARIF refuse a result without one.
fn elsewhere<'r>(farm: &'r Farm, odd: &[&'r Member], report: &'r Report) -> &'r str {
    let own = odd.first().map(|member| member.snapshot.source.as_str());
    let policy = report.custody.policy.as_ref().map(|policy| policy.name.as_str());
    let of_farm = farm.members.first().map(|member| member.snapshot.source.as_str());
    let any = report.sources.first().map(|record| record.name.as_str());
    own.or(policy).or(of_farm).or(any).unwrap_or(".")
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

/// Digests what a baseline knows a finding by.
fn fingerprint_of_known(farm: &Farm, finding: &Finding) -> String {
    let Known { farm, rule, instances, paths, values } = known(farm, finding);
    let values = values.unwrap_or_default();
    let mut hasher = Sha256::new();
    for part in [farm, rule].iter().chain(&instances).chain(&paths).chain(&values) {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    crate::facts::Hex::<32>(hasher.finalize().into()).to_string()
}
