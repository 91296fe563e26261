//! Causes, repair and findings on the page.

use super::super::CAUSES_NAMED_MAX;
use super::super::repair::{RepairPart, decision, parts, result, warning};
use crate::diagnosis::{Cause, Finding, Judged};
use crate::rules::{Severity, url};
use serde::Serialize;

/// What a person has to repair.
#[derive(Serialize)]
pub(super) struct CauseView {
    number: usize,
    /// How many causes of the rule this stands for, none of which is named; 0 where it is one itself.
    more: usize,
    severity: &'static str,
    id: &'static str,
    anchor: String,
    message: String,
    effect: Vec<&'static str>,
    instances: Vec<String>,
    /// What it explains.
    explains: Vec<String>,
    places: Vec<String>,
}

/// The repair of a farm, told once.
#[derive(Serialize)]
pub(super) struct RepairView {
    decision: Option<String>,
    warning: Option<&'static str>,
    encrypted: Vec<&'static str>,
    parts: Vec<PartView>,
    result: String,
}

#[derive(Serialize)]
struct PartView {
    title: String,
    steps: Vec<StepView>,
}

#[derive(Serialize)]
struct StepView {
    say: String,
    /// A block of commands, line by line.
    commands: Vec<String>,
    shell: &'static str,
}

/// All findings of one severity.
#[derive(Serialize)]
pub(super) struct FindingSection {
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
    /// Where it is, if that is known.
    url: Option<String>,
}

#[derive(Serialize)]
struct FindingView {
    message: String,
    /// Why it does not count.
    excuse: Option<String>,
    instances: Vec<String>,
    places: Vec<String>,
}

/// Returns the causes of a farm.
pub(super) fn causes(farm: &str, judged: &Judged) -> Vec<CauseView> {
    let view = |(index, cause): (usize, &Cause), more: usize| {
        let root = judged.findings.get(cause.root)?;
        let explained = cause.explains.iter().filter_map(|index| judged.findings.get(*index));
        Some(CauseView {
            number: index.saturating_add(1),
            more,
            severity: root.severity.label(),
            id: root.rule.id,
            anchor: anchor_of(farm, root.rule.id),
            message: root.hit.message.clone(),
            effect: root.rule.effect.split('`').collect(),
            instances: cause.instances.clone(),
            explains: explained.map(|own| own.hit.message.clone()).collect(),
            places: root.hit.places.iter().map(ToString::to_string).collect(),
        })
    };
    let rule = |cause: &Cause| judged.findings.get(cause.root).map(|root| root.rule.id);
    let numbered: Vec<(usize, &Cause)> = judged.causes.iter().enumerate().collect();
    let alike = numbered.chunk_by(|(_, a), (_, b)| rule(a) == rule(b));
    let views = alike.flat_map(|alike| {
        let (named, others) = alike.split_at_checked(CAUSES_NAMED_MAX).unwrap_or((alike, &[]));
        let rest = others.first().map(|first| (*first, others.len()));
        named.iter().map(|one| (*one, 0)).chain(rest)
    });
    views.filter_map(|(one, more)| view(one, more)).collect()
}

/// Returns the repair of a farm; `None` where nothing is to be done.
pub(super) fn repair(judged: &Judged) -> Option<RepairView> {
    let plan = &judged.plan;
    let warned = warning(judged);
    (!plan.is_empty()).then(|| RepairView {
        decision: decision(plan),
        warning: warned.as_ref().map(|(text, _)| *text),
        encrypted: warned.map(|(_, encrypted)| encrypted).unwrap_or_default(),
        parts: parts(judged, None).into_iter().map(PartView::from).collect(),
        result: result(plan),
    })
}

impl From<RepairPart> for PartView {
    fn from(part: RepairPart) -> Self {
        let step = |step: super::super::repair::GuideStep| StepView {
            commands: step.commands,
            shell: if step.is_powershell { "PowerShell" } else { "shell" },
            say: step.say,
        };
        let steps = part.all_steps().into_iter().map(step).collect();
        Self { title: part.title, steps }
    }
}

/// Returns the findings of a farm by severity, the gravest first.
pub(super) fn sections(farm: &str, findings: &[Finding]) -> Vec<FindingSection> {
    findings
        .chunk_by(|a, b| a.severity == b.severity)
        .filter_map(|same| {
            let severity = same.first()?.severity;
            let rules = same.chunk_by(|a, b| a.rule == b.rule);
            Some(FindingSection {
                severity: severity.label(),
                title: match severity {
                    Severity::Error => "Errors",
                    Severity::Warning => "Warnings",
                    Severity::Note => "Notes",
                },
                count: same.len(),
                rules: rules.filter_map(|found| rule(farm, found)).collect(),
            })
        })
        .collect()
}

fn rule(farm: &str, found: &[Finding]) -> Option<RuleView> {
    let rule = found.first()?.rule;
    let reference = |text: &&'static str| Reference { text, url: url(text) };
    Some(RuleView {
        id: rule.id,
        // Rules set code between backticks.
        summary: rule.summary.split('`').collect(),
        why: rule.why.split('`').collect(),
        references: rule.references.iter().map(reference).collect(),
        findings: found.iter().map(FindingView::from).collect(),
        anchor: anchor_of(farm, rule.id),
    })
}

fn anchor_of(farm: &str, rule: &str) -> String {
    format!("{farm}-{rule}")
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        Self {
            message: finding.hit.message.clone(),
            excuse: finding.excuse.as_ref().map(ToString::to_string),
            instances: finding.hit.instances.clone(),
            places: finding.hit.places.iter().map(ToString::to_string).collect(),
        }
    }
}
