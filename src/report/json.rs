//! `json`: the whole report for programs, `aemtrix.report/1`.
//!
//! Fields may be null, are never renamed, and are only added.

mod bundle_map;
mod cause;
mod config;
mod custody;
mod instance;
mod log;
mod repair;
mod repository;
mod secrets;
mod timeline;

use super::by_farm::ALL_AT_ONCE;
use super::escape::escaped;
use super::overview::SharedKey;
use super::repair::fixes;
use super::{BundleFilter, Format, Report, SCHEMA};
use crate::diagnosis::{Excuse, Finding, Judged};
use crate::facts::{Gap, Hex, SourceRecord};
use crate::farm::{Cell, Farm, Holders, MatrixRow, timeline};
use crate::saved::EscapedJson;
use bundle_map::WireBundleMap;
use cause::WireCause;
pub(super) use custody::{WireExamined, WireRunOf};
use instance::WireInstance;
use repair::WireRepair;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::{Serialize, Serializer};
use serde_json::ser::PrettyFormatter;
use std::io::{self, Write};
use timeline::WireEvent;

pub(super) const FORMAT: Format = Format {
    name: "json",
    extensions: &["json"],
    summary: "everything, for programs (aemtrix.report/1)",
    write,
    by_farm: ALL_AT_ONCE,
};

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_json(&WireReport::from(report), out)
}

/// Writes a value as JSON for people too: indented, and harmless on a terminal.
pub(super) fn write_json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let formatter = EscapedJson(PrettyFormatter::new());
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n")
}

/// Returns the report as a value for templates.
pub(super) fn value(report: &Report) -> io::Result<minijinja::Value> {
    escaped(&WireReport::from(report))
}

/// Returns the JSON Schema of what this version writes.
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<WireReport<'_>>()
}

/// What `aemtrix scan --format json` found. Fields may be null, are never renamed, and are only added.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Report of aemtrix", extend("$id" = SCHEMA))]
struct WireReport<'a> {
    /// The version of this schema.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'a str,
    tool: WireTool,
    /// No gap could hide a fact.
    complete: bool,
    #[schemars(with = "Vec<WireFarm<'a>>")]
    farms: Farms<'a>,
    /// Keys that instances of several farms work with.
    shared_keys: Vec<WireSharedKey<'a>>,
    /// Everything that could not be read, and notes on how the rest was.
    gaps: Vec<WireGap<'a>>,
    /// One record a source, sorted by name.
    sources: Vec<WireSource<'a>>,
    /// The sources, sorted by name, as they were when they were read.
    examined: Vec<WireExamined<'a>>,
    run: WireRunOf<'a>,
}

/// The farms of a report, each made when it is written: those of 10,000 instances took 2 GB.
struct Farms<'a>(&'a Report);

impl Serialize for Farms<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bundles = self.0.bundles.clone().unwrap_or_default();
        let farms = self.0.farms.iter().map(|judged| WireFarm::new(judged, &bundles));
        serializer.collect_seq(farms)
    }
}

/// The instances of a farm, each made when it is written.
struct Instances<'a>(&'a Farm);

impl Serialize for Instances<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let holders = Holders::of(self.0);
        let instances = self.0.members.iter().map(|member| WireInstance::new(member, &holders));
        serializer.collect_seq(instances)
    }
}

/// What wrote the report.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tool")]
struct WireTool {
    name: &'static str,
    version: &'static str,
}

/// Instances that must agree.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Farm")]
struct WireFarm<'a> {
    name: &'a str,
    #[schemars(extend("enum" = ["consistent", "inconsistent", "undecided"]))]
    verdict: &'a str,
    /// Why it is undecided; empty otherwise.
    verdict_reasons: Vec<String>,
    #[schemars(with = "Vec<WireInstance<'a>>")]
    instances: Instances<'a>,
    matrix: WireMatrix<'a>,
    bundle_map: WireBundleMap,
    findings: Vec<WireFinding<'a>>,
    /// What a person has to repair, the gravest first.
    causes: Vec<WireCause<'a>>,
    repair: WireRepair<'a>,
    /// When what happened.
    timeline: Vec<WireEvent>,
    /// Findings that `--select`, `--ignore`, `--min-severity` or the policy leave out.
    findings_left_out: usize,
    /// Findings that a suppression of the policy covers.
    suppressed: usize,
    /// Findings that are in the baseline.
    known: usize,
}

/// Facts by instances.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Matrix")]
struct WireMatrix<'a> {
    /// The columns.
    instances: &'a [String],
    rows: Vec<WireRow<'a>>,
}

/// One fact of all instances.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Row")]
struct WireRow<'a> {
    /// Which fact, such as `hmac`.
    fact: &'a str,
    /// What its cells should be.
    #[schemars(extend("enum" = ["equal", "distinct", "any"]))]
    expect: &'static str,
    /// One cell a column.
    cells: Vec<WireCell<'a>>,
}

/// One fact of one instance.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Cell")]
struct WireCell<'a> {
    #[schemars(extend("enum" = CELL_STATES))]
    state: &'static str,
    /// Cells of a row with the same number are equal; null where there is nothing to compare.
    group: Option<usize>,
    /// What the matrix shows.
    text: &'a str,
    /// Whether it is not as it should be: `wrong` whatever the others have, or `odd` among them; null where it is.
    #[schemars(extend("enum" = ["wrong", "odd", null]))]
    mark: Option<&'static str>,
}

/// What a cell may be.
const CELL_STATES: [&str; 5] =
    ["value", "absent", "unreadable", "not-in-snapshot", "not-applicable"];

/// Something that is wrong.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
struct WireFinding<'a> {
    /// The id of the rule; `aemtrix rules` lists and explains them.
    rule: &'a str,
    #[schemars(extend("enum" = ["error", "warning", "note"]))]
    severity: &'static str,
    /// What is wrong, one sentence.
    message: &'a str,
    /// The instances it concerns.
    instances: &'a [String],
    /// Where the evidence lies.
    places: Vec<WirePlace<'a>>,
    /// The steps of the repair of the farm that it asks for; those that an earlier finding has are named, not told again.
    fix: Vec<String>,
    /// Where the reason stands.
    references: &'a [&'static str],
    /// The suppression of the policy that covers it; null where it counts.
    suppressed: Option<WireSuppressed<'a>>,
    /// It is in the baseline, so it does not count.
    known: bool,
    /// The day since which it is known, where the baseline says so.
    known_since: Option<&'a str>,
    /// Why it is accepted, where the baseline says so.
    known_because: Option<&'a str>,
}

/// A suppression of the policy.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Suppressed")]
struct WireSuppressed<'a> {
    reason: &'a str,
    /// The last day on which it holds; null where it holds for good.
    #[schemars(extend("format" = "date"))]
    until: Option<String>,
}

/// A file or directory in a source.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Place")]
struct WirePlace<'a> {
    source: &'a str,
    /// The path in the source.
    path: &'a str,
}

/// A key that instances of several farms work with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SharedKey")]
struct WireSharedKey<'a> {
    #[schemars(extend("enum" = ["hmac", "master"]))]
    key: &'static str,
    /// Of the key itself, without a stray line end.
    #[schemars(with = "Hex<32>")]
    sha256: String,
    /// The names of the farms.
    farms: Vec<&'a str>,
}

/// Something that could not be read, or a note on how it was read.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Gap")]
pub(super) struct WireGap<'a> {
    source: &'a str,
    /// Null where it is about the whole source.
    path: Option<&'a str>,
    /// One sentence.
    reason: &'a str,
    /// A word for programs, such as `partial`, `corrupt` or `over-limit`; more may be added.
    kind: &'static str,
    /// A fact may be missing because of it.
    hides_facts: bool,
    /// A fact that was read may be wrong because of it.
    taints_facts: bool,
}

/// What became of a source.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Source")]
struct WireSource<'a> {
    name: &'a str,
    /// How it is packed, outermost first, such as `gzip, tar`; empty where that is not known.
    container: &'a str,
    /// Entries seen.
    entries: u64,
    /// Instances found.
    instances: usize,
    /// It was read to the last byte.
    complete: bool,
}

impl<'a> From<&'a Report> for WireReport<'a> {
    fn from(report: &'a Report) -> Self {
        Self {
            schema: SCHEMA,
            tool: WireTool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            complete: report.is_complete(),
            farms: Farms(report),
            shared_keys: report.shared_keys().into_iter().map(WireSharedKey::from).collect(),
            gaps: report.gaps.iter().map(WireGap::from).collect(),
            sources: report.sources.iter().map(WireSource::from).collect(),
            examined: report.sources.iter().map(WireExamined::from).collect(),
            run: WireRunOf::from(&report.custody),
        }
    }
}

impl<'a> From<SharedKey<'a>> for WireSharedKey<'a> {
    fn from(key: SharedKey<'a>) -> Self {
        let sha256 = key.value.sha256.to_string();
        Self { key: key.name.file_name(), sha256, farms: key.farms.into_iter().collect() }
    }
}

impl<'a> WireFarm<'a> {
    fn new(judged: &'a Judged, bundles: &BundleFilter) -> Self {
        Self {
            name: &judged.farm.name,
            verdict: judged.verdict.label(),
            verdict_reasons: judged.verdict.reasons().iter().map(ToString::to_string).collect(),
            instances: Instances(&judged.farm),
            matrix: WireMatrix {
                instances: &judged.matrix.instances,
                rows: judged.matrix.rows.iter().map(WireRow::from).collect(),
            },
            bundle_map: WireBundleMap::from(bundles.map(&judged.farm)),
            findings: judged.findings.iter().zip(fixes(judged)).map(WireFinding::new).collect(),
            causes: judged
                .causes
                .iter()
                .filter_map(|cause| WireCause::new(judged, cause))
                .collect(),
            repair: WireRepair::new(judged),
            timeline: timeline(&judged.farm).into_iter().map(WireEvent::from).collect(),
            findings_left_out: judged.left_out,
            suppressed: judged.suppressed(),
            known: judged.known(),
        }
    }
}

impl<'a> From<&'a MatrixRow> for WireRow<'a> {
    fn from(row: &'a MatrixRow) -> Self {
        let cell = |(index, cell): (usize, &'a Cell)| WireCell {
            state: cell.state.label(),
            group: cell.group,
            text: &cell.text,
            mark: row.mark_at(index),
        };
        Self {
            fact: row.fact,
            expect: row.expect.label(),
            cells: row.cells.iter().enumerate().map(cell).collect(),
        }
    }
}

impl<'a> WireFinding<'a> {
    fn new((finding, fix): (&'a Finding, Vec<String>)) -> Self {
        let place =
            |place: &'a crate::facts::Place| WirePlace { source: &place.source, path: &place.path };
        Self {
            rule: finding.rule.id,
            severity: finding.severity.label(),
            message: &finding.hit.message,
            instances: &finding.hit.instances,
            places: finding.hit.places.iter().map(place).collect(),
            fix,
            references: finding.rule.references,
            suppressed: match &finding.excuse {
                Some(Excuse::Suppressed { reason, until }) => {
                    Some(WireSuppressed { reason, until: until.map(|day| day.to_string()) })
                }
                Some(Excuse::Known(_)) | None => None,
            },
            known: finding.remark().is_some(),
            known_since: finding.remark().and_then(|remark| remark.since.as_deref()),
            known_because: finding.remark().and_then(|remark| remark.reason.as_deref()),
        }
    }
}

impl<'a> From<&'a Gap> for WireGap<'a> {
    fn from(gap: &'a Gap) -> Self {
        Self {
            source: &gap.source,
            path: gap.path.as_deref(),
            reason: &gap.reason,
            kind: gap.kind.label(),
            hides_facts: gap.kind.hides(),
            taints_facts: gap.kind.taints(),
        }
    }
}

impl<'a> From<&'a SourceRecord> for WireSource<'a> {
    fn from(record: &'a SourceRecord) -> Self {
        Self {
            name: &record.name,
            container: &record.container,
            entries: record.entries,
            instances: record.instances,
            complete: record.complete,
        }
    }
}
