//! `summary`: one line of JSON a farm, `aemtrix.summary/1`: what thousands of farms are looked through by.
//!
//! A line says all of its farm that is said, so that joining files is merging them. Fields are never renamed, and are only added.

use super::{FarmWriter, Format, SUMMARY_SCHEMA, by_farm};
use crate::diagnosis::{Cause, Judged};
use crate::facts::KeyName;
use crate::farm::{Expect, Member};
use crate::limits::Limits;
use crate::rules::Severity;
use crate::saved::EscapedJson;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::CompactFormatter;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "summary",
    extensions: &["summary.ndjson"],
    summary: "one line a farm, for many farms and for data tools (aemtrix.summary/1)",
    write: |report, out| by_farm::write(SummaryLines, report, out),
    by_farm: |_| Some(Box::new(SummaryLines)),
};

/// Returns the JSON Schema of a line.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<WireSummary<'_>>()
}

/// A farm in one line. Fields are never renamed, and are only added.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Line of a summary of aemtrix", extend("$id" = SUMMARY_SCHEMA))]
struct WireSummary<'a> {
    /// The version of this schema.
    #[schemars(extend("const" = SUMMARY_SCHEMA))]
    schema: &'static str,
    /// Its name.
    farm: &'a str,
    #[schemars(extend("enum" = ["consistent", "inconsistent", "undecided"]))]
    verdict: &'a str,
    /// Why it is undecided, the first reasons.
    reasons: Vec<String>,
    /// How many instances it has.
    instances: usize,
    /// Findings that count, by severity.
    errors: usize,
    warnings: usize,
    notes: usize,
    /// Findings that a suppression of the policy covers.
    suppressed: usize,
    /// Findings that are in the baseline.
    known: usize,
    /// The first things that a person has to repair, the gravest first, and how many there are.
    causes: Vec<WireGist<'a>>,
    cause_count: usize,
    /// Findings that count, by rule.
    rules: BTreeMap<&'a str, usize>,
    /// Sizes of the groups of equals, the largest first, of rows that should be equal and are not.
    groups: BTreeMap<&'a str, Vec<usize>>,
    /// The first instances of which something is not as it should be, and how many there are.
    odd: Vec<&'a str>,
    odd_count: usize,
    /// The first sources that may hide something, and how many there are.
    damaged: Vec<&'a str>,
    damaged_count: usize,
    /// SHA-256 of the keys in use, the first of each name.
    keys: BTreeMap<&'static str, Vec<String>>,
    /// AEM versions of the instances, by role.
    versions: BTreeMap<String, BTreeSet<&'a str>>,
}

/// Something that a person has to repair.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Cause")]
struct WireGist<'a> {
    /// The rule of its root finding.
    rule: &'static str,
    #[schemars(extend("enum" = ["error", "warning"]))]
    severity: &'static str,
    /// What is wrong, one sentence.
    message: &'a str,
    /// The first instances that it, or what it explains, concerns, and how many there are.
    instances: Vec<&'a str>,
    instance_count: usize,
    /// Rules of the findings that it explains.
    explains: BTreeSet<&'static str>,
}

impl<'a> WireGist<'a> {
    /// Returns a cause; `None` where its finding is not there.
    fn new(judged: &'a Judged, cause: &'a Cause) -> Option<Self> {
        let root = judged.findings.get(cause.root)?;
        let explained = cause.explains.iter().filter_map(|index| judged.findings.get(*index));
        let names = cause.instances.iter().map(String::as_str);
        Some(Self {
            rule: root.rule.id,
            severity: root.severity.label(),
            message: &root.hit.message,
            instances: names.take(Limits::DEFAULT.listed_max).collect(),
            instance_count: cause.instances.len(),
            explains: explained.map(|finding| finding.rule.id).collect(),
        })
    }
}

struct SummaryLines;

impl FarmWriter for SummaryLines {
    fn farm(&mut self, judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
        let formatter = EscapedJson(CompactFormatter);
        let summary = WireSummary::from(judged);
        summary.serialize(&mut Serializer::with_formatter(&mut *out, formatter))?;
        out.write_all(b"\n")
    }
}

impl<'a> From<&'a Judged> for WireSummary<'a> {
    fn from(judged: &'a Judged) -> Self {
        let max = Limits::DEFAULT.listed_max;
        let (odd, damaged) = (odd(judged), damaged(judged));
        let causes = judged.causes.iter().filter_map(|cause| WireGist::new(judged, cause));
        let reasons = judged.verdict.reasons().iter().take(max).map(ToString::to_string);
        Self {
            schema: SUMMARY_SCHEMA,
            farm: &judged.farm.name,
            verdict: judged.verdict.label(),
            reasons: reasons.collect(),
            instances: judged.farm.members.len(),
            errors: judged.count(Severity::Error),
            warnings: judged.count(Severity::Warning),
            notes: judged.count(Severity::Note),
            suppressed: judged.suppressed(),
            known: judged.known(),
            causes: causes.take(max).collect(),
            cause_count: judged.causes.len(),
            rules: rules(judged),
            groups: groups(judged),
            odd_count: odd.len(),
            odd: odd.into_iter().take(max).collect(),
            damaged_count: damaged.len(),
            damaged: damaged.into_iter().take(max).collect(),
            keys: KeyName::ALL.map(|name| (name.file_name(), keys(judged, name))).into(),
            versions: versions(judged),
        }
    }
}

fn rules(judged: &Judged) -> BTreeMap<&str, usize> {
    let mut rules = BTreeMap::new();
    for finding in judged.findings.iter().filter(|finding| finding.excuse.is_none()) {
        let count: &mut usize = rules.entry(finding.rule.id).or_default();
        *count = count.saturating_add(1);
    }
    rules
}

fn groups(judged: &Judged) -> BTreeMap<&str, Vec<usize>> {
    let rows = judged.matrix.rows.iter();
    let differing = rows.filter(|row| row.expect == Expect::Equal && row.differs());
    let sizes = differing.map(|row| {
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        for group in row.cells.iter().filter_map(|cell| cell.group) {
            let size = sizes.entry(group).or_default();
            *size = size.saturating_add(1);
        }
        let sizes = sizes.into_values().take(Limits::DEFAULT.listed_max).collect();
        (row.fact, sizes)
    });
    sizes.collect()
}

/// Returns the instances that a cell of marks.
fn odd(judged: &Judged) -> BTreeSet<&str> {
    let rows = judged.matrix.rows.iter();
    let names = judged.matrix.instances.iter().enumerate();
    let marked = rows.flat_map(|row| {
        names.clone().filter(|(index, _)| row.mark_at(*index).is_some()).map(|(_, name)| name)
    });
    marked.map(String::as_str).collect()
}

fn damaged(judged: &Judged) -> BTreeSet<&str> {
    let of_members = judged.farm.members.iter().flat_map(|member| &member.snapshot.gaps);
    let gaps = judged.farm.gaps.iter().chain(of_members).filter(|gap| gap.kind.hides());
    gaps.map(|gap| gap.source.as_str()).collect()
}

fn keys(judged: &Judged, name: KeyName) -> Vec<String> {
    let known = judged.farm.members.iter().filter_map(|member| member.known_key(name));
    let digests: BTreeSet<_> = known.map(|key| key.value.sha256).collect();
    digests.iter().take(Limits::DEFAULT.listed_max).map(ToString::to_string).collect()
}

fn versions(judged: &Judged) -> BTreeMap<String, BTreeSet<&str>> {
    let mut versions: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let of = |member: &'_ Member| {
        member.snapshot.role().map_or_else(|| "unknown".to_owned(), |role| role.to_string())
    };
    for member in &judged.farm.members {
        if let Some(version) = member.snapshot.aem_version() {
            versions.entry(of(member)).or_default().insert(version);
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::report::{Report, Screen};
    use crate::testing::good_farm;
    use serde_json::Value;

    fn summary(farm: crate::testing::FarmBuilder) -> Value {
        let report = Report::new(
            vec![farm.build()],
            Vec::new(),
            Vec::new(),
            &Selection::default(),
            Screen::default(),
        );
        let mut out = Vec::new();
        (FORMAT.write)(&report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 1);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn farm_that_agrees_has_one_key_and_no_groups() {
        let summary = summary(good_farm(&["a", "b"]));
        assert_eq!((&summary["verdict"], &summary["instances"]), (&"consistent".into(), &2.into()));
        assert_eq!(summary["groups"], serde_json::json!({}));
        assert_eq!(summary["keys"]["hmac"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn cause_is_there_with_what_it_explains() {
        let odd: Vec<u8> = (1..33).collect();
        let told = summary(good_farm(&["a", "b"]).with("c", |i| i.hmac(&odd)));
        let causes = told["causes"].as_array().unwrap();
        assert_eq!(told["cause_count"], causes.len());
        let cause = &causes[0];
        assert_eq!(
            (&cause["severity"], &cause["instances"], &cause["instance_count"]),
            (&"error".into(), &serde_json::json!(["c"]), &1.into())
        );
        assert!(told["rules"].get(cause["rule"].as_str().unwrap()).is_some(), "{told}");
        assert!(cause["message"].as_str().unwrap().starts_with("c: "), "{told}");
        let fine = summary(good_farm(&["a", "b"]));
        assert_eq!((&fine["causes"], &fine["cause_count"]), (&serde_json::json!([]), &0.into()));
    }

    #[test]
    fn odd_instance_is_named_with_the_rule_and_the_sizes_of_groups() {
        let odd: Vec<u8> = (1..33).collect();
        let summary = summary(good_farm(&["a", "b"]).with("c", |i| i.hmac(&odd)));
        assert_eq!(
            (&summary["farm"], &summary["odd"]),
            (&"farm".into(), &serde_json::json!(["c"]))
        );
        assert_eq!(summary["groups"]["hmac"], serde_json::json!([2, 1]));
        assert_eq!(summary["keys"]["hmac"].as_array().unwrap().len(), 2);
        assert!(summary["errors"].as_u64().unwrap() >= 1, "{summary}");
        assert!(
            summary["rules"]
                .as_object()
                .unwrap()
                .keys()
                .any(|rule| rule.contains("pair") || rule == "hmac-differs"),
            "{summary}"
        );
    }
}
