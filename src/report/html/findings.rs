//! Findings on the page: by severity, those of one rule together.

use super::super::told::{Repair, Told};
use crate::rules::{Finding, Severity, Step};
use serde::Serialize;

/// All findings of one severity.
#[derive(Serialize)]
pub(super) struct Section {
    severity: &'static str,
    title: &'static str,
    count: usize,
    rules: Vec<RuleView>,
}

#[derive(Serialize)]
struct RuleView {
    anchor: String,
    id: &'static str,
    /// Text, code, text, code, and so on.
    summary: Vec<&'static str>,
    why: Vec<&'static str>,
    references: Vec<Reference>,
    findings: Vec<FindingView>,
}

#[derive(Serialize)]
struct Reference {
    text: &'static str,
    /// Where it leads, if it is an address.
    url: Option<&'static str>,
}

#[derive(Serialize)]
struct FindingView {
    message: String,
    /// Why it does not count.
    excuse: Option<String>,
    instances: Vec<String>,
    places: Vec<String>,
    fix: Vec<StepView>,
    /// The rule and the anchor where these steps stand already.
    same: Option<(&'static str, String)>,
}

#[derive(Serialize)]
struct StepView {
    lead: String,
    command: Option<String>,
}

/// Returns the findings of a farm by severity, the gravest first.
pub(super) fn sections(farm: &str, findings: &[Finding]) -> Vec<Section> {
    let mut shown = Told::default();
    findings
        .chunk_by(|a, b| a.severity == b.severity)
        .filter_map(|same| {
            let severity = same.first()?.severity;
            let rules = same.chunk_by(|a, b| a.rule == b.rule);
            Some(Section {
                severity: severity.label(),
                title: match severity {
                    Severity::Error => "Errors",
                    Severity::Warning => "Warnings",
                    Severity::Note => "Notes",
                },
                count: same.len(),
                rules: rules.filter_map(|found| rule(farm, found, &mut shown)).collect(),
            })
        })
        .collect()
}

fn rule<'f>(farm: &str, found: &'f [Finding], shown: &mut Told<'f>) -> Option<RuleView> {
    let rule = found.first()?.rule;
    let anchor = anchor_of(farm, rule.id);
    let reference = |text: &&'static str| Reference { text, url: url(text) };
    Some(RuleView {
        id: rule.id,
        // Rules set code between backticks.
        summary: rule.summary.split('`').collect(),
        why: rule.why.split('`').collect(),
        references: rule.references.iter().map(reference).collect(),
        findings: found.iter().map(|found| finding(farm, found, shown)).collect(),
        anchor,
    })
}

fn anchor_of(farm: &str, rule: &str) -> String {
    format!("{farm}-{rule}")
}

fn url(text: &'static str) -> Option<&'static str> {
    text.split_whitespace().find(|word| word.starts_with("https://"))
}

/// Two faults of one instance often have one repair; it is spelled out once.
fn finding<'f>(farm: &str, finding: &'f Finding, shown: &mut Told<'f>) -> FindingView {
    let (fix, same) = match shown.tell(finding.hit.fix.as_slice().into(), finding.rule.id) {
        Repair::As(rule) => (Vec::new(), Some((rule, anchor_of(farm, rule)))),
        Repair::Steps(own) => (own.iter().map(StepView::from).collect(), None),
    };
    FindingView {
        message: finding.hit.message.clone(),
        excuse: finding.excuse.as_ref().map(ToString::to_string),
        instances: finding.hit.instances.clone(),
        places: finding.hit.places.iter().map(ToString::to_string).collect(),
        fix,
        same,
    }
}

impl From<&Step> for StepView {
    fn from(step: &Step) -> Self {
        let (lead, command) = step.parts();
        Self { lead: lead.to_owned(), command: command.map(str::to_owned) }
    }
}
