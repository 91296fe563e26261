//! What all farms of a run come to, of which each may be gone when the next is judged.

use super::{Report, RunOutcome, counted, excused};
use crate::diagnosis::{Doubt, Judged, Verdict};
use crate::rules::Severity;

/// Counts of all farms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    farms: usize,
    instances: usize,
    sources: usize,
    inconsistent: usize,
    undecided: usize,
    consistent: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    suppressed: usize,
    known: usize,
    /// A gap could hide a fact.
    is_incomplete: bool,
    /// A farm has fewer instances than it should, or could not be decided on.
    is_open: bool,
    /// A finding fails the run.
    is_found: bool,
}

impl Totals {
    /// Counts the farms of a report.
    pub fn of(report: &Report) -> Self {
        let mut totals = Self::default();
        totals.add_sources(report);
        report.farms.iter().for_each(|judged| totals.add(judged, report));
        totals
    }

    /// Adds what a report says beside its farms.
    pub fn add_sources(&mut self, report: &Report) {
        self.sources = self.sources.saturating_add(report.sources.len());
        self.is_incomplete |= !report.is_complete();
    }

    /// Adds a farm of a report.
    pub fn add(&mut self, judged: &Judged, report: &Report) {
        let instances = judged.instances();
        let verdict = match judged.verdict {
            Verdict::Inconsistent => &mut self.inconsistent,
            Verdict::Undecided(_) => &mut self.undecided,
            Verdict::Consistent => &mut self.consistent,
        };
        *verdict = verdict.saturating_add(1);
        for (sum, count) in [
            (&mut self.farms, 1),
            (&mut self.instances, instances),
            (&mut self.errors, judged.count(Severity::Error)),
            (&mut self.warnings, judged.count(Severity::Warning)),
            (&mut self.notes, judged.count(Severity::Note)),
            (&mut self.suppressed, judged.suppressed()),
            (&mut self.known, judged.known()),
        ] {
            *sum = sum.saturating_add(count);
        }
        // That a lone instance has no peers is no doubt of this run, unless it is asked for.
        let counts = |doubt: &Doubt| report.fails_undecided || !doubt.is_for_lack_of_peers();
        self.is_open |= instances < report.selection.min_instances
            || judged.verdict.reasons().iter().any(counts);
        self.is_found |= judged.findings.iter().any(|finding| report.fails(finding));
    }

    /// Counts the instances.
    pub fn instances(&self) -> usize {
        self.instances
    }

    /// Counts the findings of a severity that have no excuse.
    pub fn count(&self, severity: Severity) -> usize {
        match severity {
            Severity::Error => self.errors,
            Severity::Warning => self.warnings,
            Severity::Note => self.notes,
        }
    }

    /// Counts the findings with an excuse, in words: `, 1 suppressed, 3 known`; nothing where there are none.
    pub fn excused(&self) -> String {
        excused(self.suppressed, self.known)
    }

    /// Counts the farms that are inconsistent, undecided and consistent, in words.
    pub fn verdicts(&self) -> String {
        let counts = [
            (self.inconsistent, "inconsistent"),
            (self.undecided, "undecided"),
            (self.consistent, "consistent"),
        ];
        let said = counts.iter().filter(|(count, _)| *count > 0);
        said.map(|(count, label)| format!("{count} {label}")).collect::<Vec<_>>().join(", ")
    }

    /// Says how the run ends.
    pub fn outcome(&self) -> RunOutcome {
        match (self.is_incomplete || self.is_open || self.farms == 0, self.is_found) {
            (true, _) => RunOutcome::Open,
            (false, true) => RunOutcome::Findings,
            (false, false) => RunOutcome::Clean,
        }
    }

    /// Says in one line what comes of the run.
    pub fn in_one_line(&self) -> String {
        let verdicts = self.verdicts();
        let verdict = match self.farms {
            0 => "no AEM instance".to_owned(),
            1 => verdicts.trim_start_matches("1 ").to_owned(),
            farms => format!("{verdicts} of {farms} farms"),
        };
        format!(
            "{verdict}: {} from {}, {}, {}, {}{}{}",
            counted(self.instances, "instance"),
            counted(self.sources, "source"),
            counted(self.errors, "error"),
            counted(self.warnings, "warning"),
            counted(self.notes, "note"),
            self.excused(),
            if self.is_incomplete { "; evidence incomplete" } else { "" }
        )
    }
}
