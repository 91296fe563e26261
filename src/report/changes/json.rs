//! `json`: what changed, for programs, `aemtrix.diff/1`.
//!
//! Fields may be null, are never renamed, and are only added.

use super::{DIFF_SCHEMA, DiffFormat, DiffReport, StateReport};
use crate::diff::{Change, DiffOutcome, FarmChange, FindingChange, InstanceChange};
use crate::farm::KeyTime;
use crate::report::json::{WireExamined, WireGap, WireRunOf, write_json};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use std::io::{self, Write};

pub(super) const FORMAT: DiffFormat = DiffFormat {
    name: "json",
    extension: "json",
    summary: "everything, for programs (aemtrix.diff/1)",
    write,
};

fn write(report: &DiffReport, out: &mut dyn Write) -> io::Result<()> {
    write_json(&WireDiff::from(report), out)
}

/// Returns the JSON Schema of what this version writes.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<WireDiff<'_>>()
}

/// What `aemtrix diff --format json` found. Fields may be null, are never renamed, and are only added.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Comparison of aemtrix", extend("$id" = DIFF_SCHEMA))]
struct WireDiff<'a> {
    /// The version of this schema.
    #[schemars(extend("const" = DIFF_SCHEMA))]
    schema: &'a str,
    /// `same`, `changed`, or `open` where not everything could be compared.
    #[schemars(extend("enum" = ["same", "changed", "open"]))]
    outcome: &'static str,
    /// Something changed that matters to the keys.
    changed: bool,
    old: WireState<'a>,
    new: WireState<'a>,
    /// The instances of both states, sorted by name; those without a change too.
    instances: Vec<WireInstanceChange<'a>>,
    farms: Vec<WireFarmChange<'a>>,
    run: WireRunOf<'a>,
}

/// One of the two states.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "State")]
struct WireState<'a> {
    name: &'a str,
    /// No gap could hide a fact.
    complete: bool,
    examined: Vec<WireExamined<'a>>,
    gaps: Vec<WireGap<'a>>,
}

/// An instance in both states, or in one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InstanceChange")]
struct WireInstanceChange<'a> {
    name: &'a str,
    /// Its name in the old state, where that is another one.
    old_name: Option<&'a str>,
    farm: &'a str,
    #[schemars(extend("enum" = ["both", "gone", "new"]))]
    presence: &'static str,
    old_source: Option<&'a str>,
    new_source: Option<&'a str>,
    changes: Vec<WireChange<'a>>,
}

/// Something that changed, or that could not be compared.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Change")]
struct WireChange<'a> {
    /// A word for programs, such as `key`, `storage` or `crypto-bundle`; more may be added.
    topic: &'static str,
    /// Which of its kind, such as `hmac` or the name of a bundle.
    subject: &'a str,
    /// What people are told of the old state.
    old: String,
    /// What people are told of the new state.
    new: String,
    /// What was compared, of a key its full md5 and sha256; null where it is absent or not known.
    old_compared: Option<&'a str>,
    new_compared: Option<&'a str>,
    /// Of a key, when its file was written or since when `/etc/key` is known to hold it, for people; null where that is not known.
    old_since: Option<String>,
    new_since: Option<String>,
    /// The same in milliseconds since 1970; null where the zone is not known, too.
    old_since_ms: Option<u64>,
    new_since_ms: Option<u64>,
    /// Both states are known; otherwise it may have changed or not.
    known: bool,
    /// It matters to the keys.
    matters: bool,
}

/// A farm in both states, or in one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FarmChange")]
struct WireFarmChange<'a> {
    name: &'a str,
    /// Null where it is in the new state alone.
    #[schemars(extend("enum" = ["consistent", "inconsistent", "undecided", null]))]
    old_verdict: Option<&'a str>,
    /// Null where it is in the old state alone.
    #[schemars(extend("enum" = ["consistent", "inconsistent", "undecided", null]))]
    new_verdict: Option<&'a str>,
    findings: Vec<WireFindingChange<'a>>,
}

/// A finding in both states, or in one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FindingChange")]
struct WireFindingChange<'a> {
    /// `changed` where what it was found in holds something else, `not shown` where the new state does not show that, and
    /// `not shown before` where the old one does not.
    #[schemars(extend("enum" = ["new", "gone", "changed", "not shown", "not shown before", "still there"]))]
    fate: &'static str,
    rule: &'a str,
    #[schemars(extend("enum" = ["error", "warning", "note"]))]
    severity: &'static str,
    /// The policy suppresses it.
    suppressed: bool,
    message: &'a str,
    instances: &'a [String],
}

impl<'a> From<&'a DiffReport> for WireDiff<'a> {
    fn from(report: &'a DiffReport) -> Self {
        let diff = &report.diff;
        let [old, new] = &report.states;
        let [old_complete, new_complete] = diff.is_complete;
        Self {
            schema: DIFF_SCHEMA,
            outcome: match diff.outcome() {
                DiffOutcome::Same => "same",
                DiffOutcome::Changed => "changed",
                DiffOutcome::Open => "open",
            },
            changed: diff.is_changed(),
            old: WireState::new(old, old_complete),
            new: WireState::new(new, new_complete),
            instances: diff.instances.iter().map(WireInstanceChange::from).collect(),
            farms: diff.farms.iter().map(WireFarmChange::from).collect(),
            run: WireRunOf::from(&report.custody),
        }
    }
}

impl<'a> WireState<'a> {
    fn new(state: &'a StateReport, complete: bool) -> Self {
        Self {
            name: &state.name,
            complete,
            examined: state.sources.iter().map(WireExamined::from).collect(),
            gaps: state.gaps.iter().map(WireGap::from).collect(),
        }
    }
}

impl<'a> From<&'a InstanceChange> for WireInstanceChange<'a> {
    fn from(instance: &'a InstanceChange) -> Self {
        let [old_source, new_source] = instance.sources.each_ref().map(Option::as_deref);
        Self {
            name: &instance.name,
            old_name: instance.old_name.as_deref(),
            farm: &instance.farm,
            presence: instance.presence.label(),
            old_source,
            new_source,
            changes: instance.changes.iter().map(WireChange::from).collect(),
        }
    }
}

impl<'a> From<&'a Change> for WireChange<'a> {
    fn from(change: &'a Change) -> Self {
        let [was, is] = [change.old.since(), change.new.since()];
        let text = |since: Option<KeyTime>| since.map(|since| since.to_string());
        let ms = |since: Option<KeyTime>| since.and_then(KeyTime::utc_ms);
        Self {
            topic: change.aspect.topic.label(),
            subject: &change.aspect.subject,
            old: change.old.to_string(),
            new: change.new.to_string(),
            old_compared: change.old.compared(),
            new_compared: change.new.compared(),
            old_since: text(was),
            new_since: text(is),
            old_since_ms: ms(was),
            new_since_ms: ms(is),
            known: change.is_known(),
            matters: change.matters(),
        }
    }
}

impl<'a> From<&'a FarmChange> for WireFarmChange<'a> {
    fn from(farm: &'a FarmChange) -> Self {
        let [old_verdict, new_verdict] = farm.verdicts;
        let finding = |found: &'a FindingChange| WireFindingChange {
            fate: found.fate.label(),
            rule: found.rule,
            severity: found.severity.label(),
            suppressed: found.is_suppressed,
            message: &found.message,
            instances: &found.instances,
        };
        let findings = farm.findings.iter().map(finding).collect();
        Self { name: &farm.name, old_verdict, new_verdict, findings }
    }
}
