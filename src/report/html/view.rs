//! What the page shows: the report in the order and the words of the page.

use super::super::examined::ExaminedSection;
use super::super::labels::{LEFT_OUT, uncounted};
use super::super::{BundleFilter, Report, counted, excused};
use super::bundles::BundleView;
use super::findings::{CauseView, FindingSection, RepairView, causes, repair, sections};
use super::index::{IndexView, id};
use super::matrix::MatrixView;
use super::secrets::SecretsView;
use super::timeline::TimelineView;
use crate::diagnosis::{Judged, Verdict};
use crate::facts::{Gap, spoken};
use crate::farm::{listed, waits_for_restart};
use crate::limits::Limits;
use crate::rules::Severity;
use serde::Serialize;

/// So many findings are given as reasons of a verdict.
const REASONS_MAX: usize = 10;

/// The page.
#[derive(Serialize)]
pub(super) struct Page {
    version: &'static str,
    title: String,
    /// What is before so many farms that each of them is folded.
    index: Option<IndexView>,
    farms: Vec<FarmView>,
    /// Gaps that could hide a fact.
    incomplete: Vec<GapView>,
    /// The other gaps.
    notes: Vec<GapView>,
    examined: ExaminedSection,
}

#[derive(Serialize)]
struct FarmView {
    id: String,
    name: String,
    verdict: &'static str,
    /// What was found, in numbers.
    summary: String,
    /// Says what the reasons are.
    because: String,
    reasons: Vec<String>,
    matrix: MatrixView,
    bundles: BundleView,
    causes: Vec<CauseView>,
    repair: Option<RepairView>,
    secrets: SecretsView,
    timeline: TimelineView,
    sections: Vec<FindingSection>,
    left_out: Option<String>,
}

#[derive(Serialize)]
struct GapView {
    source: String,
    path: Option<String>,
    reason: String,
    kind: &'static str,
}

impl From<&Report> for Page {
    fn from(report: &Report) -> Self {
        let of = |hides: bool| {
            let gaps = report.gaps.iter().filter(move |gap| gap.kind.hides() == hides);
            gaps.map(GapView::from).collect()
        };
        let filter = report.bundles.clone().unwrap_or_default();
        let farms = report.shown();
        let instances: usize = farms.iter().map(|judged| judged.farm.members.len()).sum();
        let is_folded = farms.len() > 1 && instances > Limits::DEFAULT.unfolded_instances_max;
        let verdict = match report.farms.as_slice() {
            [] => "no instance".to_owned(),
            [one] => one.verdict.label().to_owned(),
            _ => report.verdicts(),
        };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            title: format!("{verdict}: {}", counted(report.instances(), "AEM instance")),
            index: is_folded.then(|| IndexView::new(report, &farms)),
            farms: farms
                .iter()
                .enumerate()
                .map(|(index, farm)| FarmView::new(index, farm, &filter))
                .collect(),
            incomplete: of(true),
            notes: of(false),
            examined: ExaminedSection::of(report),
        }
    }
}

impl FarmView {
    fn new(index: usize, judged: &Judged, filter: &BundleFilter) -> Self {
        let id = id(index);
        let count = |severity: Severity, what: &str| counted(judged.count(severity), what);
        let summary = [
            counted(judged.instances(), "instance"),
            count(Severity::Error, "error"),
            count(Severity::Warning, "warning"),
            count(Severity::Note, "note"),
        ];
        let (because, reasons) = reasons(judged);
        let left_out = (judged.left_out > 0).then(|| {
            let left_out = counted(judged.left_out, "finding");
            format!("{left_out} {LEFT_OUT}.")
        });
        Self {
            causes: causes(&id, judged),
            repair: repair(judged),
            sections: sections(&id, &judged.findings),
            matrix: MatrixView::from(&judged.matrix),
            bundles: BundleView::new(&filter.map(&judged.farm), filter.is_by_name()),
            secrets: SecretsView::from(&judged.farm),
            timeline: TimelineView::from(&judged.farm),
            name: judged.farm.name.clone(),
            verdict: judged.verdict.label(),
            summary: [summary.join(", "), excused(judged.suppressed(), judged.known())].concat(),
            id,
            because,
            reasons,
            left_out,
        }
    }
}

/// Returns why the verdict is what it is.
fn reasons(judged: &Judged) -> (String, Vec<String>) {
    match &judged.verdict {
        Verdict::Consistent => {
            let waiting = judged.farm.members.iter().filter(|member| waits_for_restart(member));
            let waiting: Vec<&str> = waiting.map(|member| member.name.as_str()).collect();
            let restart = match listed(&waiting) {
                _ if waiting.is_empty() => String::new(),
                names => format!(" Until the next start, {names} may still work with others."),
            };
            let same = "All instances have the same keys, and every byte that decides it was read and checked.";
            ([same, &restart].concat(), Vec::new())
        }
        Verdict::Undecided(doubts) => (
            "It cannot be decided, because".to_owned(),
            doubts.iter().map(ToString::to_string).collect(),
        ),
        Verdict::Inconsistent => {
            let roots = judged.causes.iter().filter_map(|cause| judged.findings.get(cause.root));
            let mut reasons: Vec<String> = roots.map(|found| found.hit.message.clone()).collect();
            let more = reasons.len().saturating_sub(REASONS_MAX);
            reasons.truncate(REASONS_MAX);
            if more > 0 {
                reasons.push(format!("and {}", counted(more, "more cause")));
            }
            let count = counted(judged.causes.len(), "cause");
            (uncounted(judged).unwrap_or(count), reasons)
        }
    }
}

impl From<&Gap> for GapView {
    fn from(gap: &Gap) -> Self {
        Self {
            source: spoken(&gap.source).to_owned(),
            path: gap.path.clone(),
            reason: gap.reason.clone(),
            kind: gap.kind.label(),
        }
    }
}
