//! `sarif`: findings for code scanning and other tools that read SARIF 2.1.0.
//!
//! Rules come from the registry, results from findings. A gap is a notification of the run: what it hides is no result.

mod location;
mod result;
mod rule;

use super::by_farm::ALL_AT_ONCE;
use super::examined::{KeyLine, keys};
use super::json::{WireExamined, WireRunOf, write_json};
use super::repair::fixes;
use super::{Format, Report, counted, printable};
use crate::diagnosis::{Finding, Judged, Verdict};
use crate::facts::{Digested, Gap, SourceRecord};
use crate::farm::Farm;
use crate::limits::Limits;
use location::{WireArtifact, WireLocation};
use result::WireResult;
use rule::WireRule;
use serde::Serialize;
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "sarif",
    extensions: &["sarif"],
    summary: "findings, for code scanning (SARIF 2.1.0)",
    write,
    by_farm: ALL_AT_ONCE,
};

const RESULTS_MAX: usize = Limits::DEFAULT.sarif_results_max;
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_json(&SarifLog { schema: SCHEMA, version: "2.1.0", runs: [WireRun::from(report)] }, out)
}

#[derive(Serialize)]
struct SarifLog<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [WireRun<'a>; 1],
}

#[derive(Serialize)]
struct WireRun<'a> {
    tool: SarifTool,
    invocations: [WireInvocation; 1],
    artifacts: Vec<WireSourceFile<'a>>,
    results: Vec<WireResult<'a>>,
    properties: WireProperties<'a>,
}

#[derive(Serialize)]
struct SarifTool {
    driver: WireDriver,
}

#[derive(Serialize)]
struct WireDriver {
    name: &'static str,
    version: &'static str,
    rules: Vec<WireRule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireInvocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<WireNotification>,
}

#[derive(Serialize)]
struct WireNotification {
    descriptor: WireDescriptor,
    level: &'static str,
    message: WireMessage,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<WireLocation>,
}

#[derive(Serialize)]
struct WireDescriptor {
    id: &'static str,
}

/// Text for people. A reader makes links of `[text](address)` in it, so brackets of others are escaped.
#[derive(Serialize)]
pub(super) struct WireMessage {
    text: String,
}

impl WireMessage {
    pub(super) fn new(text: &str) -> Self {
        let mut safe = printable(text).into_owned();
        // SARIF 2.1.0 §3.11.6: a message of plain text may
        // have links in this form, with `\` before brackets.
        if safe.contains("](") {
            safe = safe.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
        }
        Self { text: safe }
    }
}

/// A source that was read.
#[derive(Serialize)]
struct WireSourceFile<'a> {
    location: WireArtifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    roles: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    hashes: Option<WireHashes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<WireMessage>,
    properties: WireExamined<'a>,
}

#[derive(Serialize)]
struct WireHashes {
    #[serde(rename = "sha-256")]
    sha256: String,
}

impl<'a> From<&'a SourceRecord> for WireSourceFile<'a> {
    fn from(record: &'a SourceRecord) -> Self {
        // The hash of a list is that of no file.
        let of_file = record.digest.filter(|digest| digest.of == Digested::File);
        let list = record.digest.filter(|digest| digest.of == Digested::Listing);
        let list = list.map(|digest| format!("SHA-256 of what was read: {}", digest.sha256));
        Self {
            location: WireArtifact::of_source(&record.name),
            length: record.bytes,
            // SARIF 2.1.0 §3.24.6 has this word for what a tool was asked to analyse.
            roles: ["analysisTarget"],
            hashes: of_file.map(|digest| WireHashes { sha256: digest.sha256.to_string() }),
            description: list.map(|text| WireMessage::new(&text)),
            properties: WireExamined::from(record),
        }
    }
}

#[derive(Serialize)]
struct WireProperties<'a> {
    complete: bool,
    farms: Vec<SarifFarm<'a>>,
    run: WireRunOf<'a>,
}

#[derive(Serialize)]
struct SarifFarm<'a> {
    name: &'a str,
    verdict: &'static str,
    findings_left_out: usize,
    /// The full digests of the keys that its instances work with.
    keys: Vec<KeyLine>,
}

impl<'a> From<&'a Report> for WireRun<'a> {
    fn from(report: &'a Report) -> Self {
        let driver = WireDriver {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            rules: crate::rules::RULES.iter().map(|rule| WireRule::from(*rule)).collect(),
        };
        let farm = |judged: &'a Judged| SarifFarm {
            name: &judged.farm.name,
            verdict: judged.verdict.label(),
            findings_left_out: judged.left_out,
            keys: keys(judged),
        };
        let results = report.farms.iter().flat_map(|judged| {
            let findings = judged.findings.iter().zip(fixes(judged));
            findings.map(|finding| (&judged.farm, finding))
        });
        let (results, left_out) = gravest(results.collect());
        let results = results.into_iter();
        let results = results.map(|(farm, finding)| WireResult::new(farm, finding, report));
        let gaps = report.gaps.iter().map(WireNotification::from);
        let doubts = report.farms.iter().flat_map(doubts);
        let invocation = WireInvocation {
            execution_successful: report.is_complete(),
            tool_execution_notifications: gaps.chain(doubts).chain(left_out).collect(),
        };
        Self {
            tool: SarifTool { driver },
            invocations: [invocation],
            artifacts: report.sources.iter().map(WireSourceFile::from).collect(),
            results: results.collect(),
            properties: WireProperties {
                complete: report.is_complete(),
                farms: report.farms.iter().map(farm).collect(),
                run: WireRunOf::from(&report.custody),
            },
        }
    }
}

impl From<&Gap> for WireNotification {
    fn from(gap: &Gap) -> Self {
        Self {
            descriptor: WireDescriptor { id: gap.kind.label() },
            level: if gap.kind.hides() { "error" } else { "note" },
            message: WireMessage::new(&gap.reason),
            locations: vec![WireLocation::of_file(&gap.source, gap.path.as_deref())],
        }
    }
}

/// A finding, its repair, and its farm.
type Numbered<'a> = (&'a Farm, (&'a Finding, Vec<String>));

/// Returns as many results as GitHub takes in a run, in their order, and says how many are left out: the least grave ones.
fn gravest(mut all: Vec<Numbered<'_>>) -> (Vec<Numbered<'_>>, Option<WireNotification>) {
    let more = all.len().saturating_sub(RESULTS_MAX);
    if more == 0 {
        return (all, None);
    }
    let rank = |(_, (finding, _)): &Numbered<'_>| {
        (finding.excuse.is_some(), std::cmp::Reverse(finding.severity))
    };
    all.sort_by_key(rank);
    all.truncate(RESULTS_MAX);
    let text = format!(
        "{} left out, the least grave ones: GitHub refuses a run of more than {RESULTS_MAX}; the JSON report has all",
        counted(more, "result")
    );
    let notification = WireNotification {
        descriptor: WireDescriptor { id: "results-left-out" },
        level: "warning",
        message: WireMessage::new(&text),
        locations: Vec::new(),
    };
    (all, Some(notification))
}

/// Returns why a farm is undecided: a run without results must not pass for a sound farm.
fn doubts(judged: &Judged) -> Vec<WireNotification> {
    let Verdict::Undecided(reasons) = &judged.verdict else { return Vec::new() };
    let doubt = |reason: &crate::diagnosis::Doubt| WireNotification {
        descriptor: WireDescriptor { id: "undecided" },
        level: "warning",
        message: WireMessage::new(&format!("{} is undecided: {reason}", judged.farm.name)),
        locations: Vec::new(),
    };
    reasons.iter().map(doubt).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::facts::GapKind;
    use crate::report::Screen;
    use crate::testing::good_farm;
    use serde_json::{Value, json};

    fn log(gaps: Vec<Gap>) -> Value {
        let farm = good_farm(&["a", "b"]).with("c", |i| i.hmac(&[7; 31])).build();
        let (selection, screen) = (Selection::default(), Screen::default());
        let report = Report::new(vec![farm], Vec::new(), gaps, &selection, screen);
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn result_points_at_the_odd_one_out_and_the_others_are_related() {
        let log = log(Vec::new());
        let result = &log["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], "hmac-differs");
        assert_eq!(result["level"], "error");
        let uri = |at: &Value| at["physicalLocation"]["artifactLocation"]["uri"].clone();
        let below = "crx-quickstart/launchpad/felix/bundle2/data/hmac";
        assert_eq!(uri(&result["locations"][0]), format!("c.tar/{below}"));
        assert_eq!(uri(&result["relatedLocations"][0]), format!("a.tar/{below}"));
        let logical = &result["locations"][0]["logicalLocations"];
        assert_eq!(logical[0]["fullyQualifiedName"], "farm/c");
        assert!(!result["properties"]["fix"].as_array().unwrap().is_empty());
    }

    #[test]
    fn index_of_a_result_is_that_of_its_rule() {
        let log = log(Vec::new());
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
    }

    #[test]
    fn gap_that_hides_facts_fails_the_run() {
        let invocation = |log: &Value| log["runs"][0]["invocations"][0].clone();
        assert_eq!(invocation(&log(Vec::new()))["executionSuccessful"], true);
        let gap = Gap {
            source: "d.tar".to_owned(),
            path: None,
            kind: GapKind::Partial,
            reason: "ends early [x](http://x)".to_owned(),
        };
        let invocation = invocation(&log(vec![gap]));
        assert_eq!(invocation["executionSuccessful"], false);
        let notification = &invocation["toolExecutionNotifications"][0];
        assert_eq!(notification["descriptor"], json!({ "id": "partial" }));
        assert_eq!(notification["message"]["text"], "ends early \\[x\\](http://x)");
    }
}
