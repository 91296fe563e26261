//! On what evidence a report speaks: who asked, with which options, and of which sources it is; and whether other sources are the same.
//!
//! Nothing here reads anything: `cli` says what was asked for, and what the sources are like comes with the facts.

mod claim;
mod compare;

pub use claim::{Claim, ExaminedSource, NotAReport, OptionsClaim, RunClaim};
pub use compare::{Likeness, SourceMatch, Verification, compare};

use crate::facts::{Date, NamedFile, RunRecord};
use std::collections::BTreeSet;

/// What a run was asked for, as far as it bears on what it reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Custody {
    /// The machine that this program was built for, and the build where whoever packed it named one.
    pub build: String,
    /// What the user calls the case.
    pub case: Option<String>,
    /// Who examines it.
    pub examiner: Option<String>,
    /// When the report was made, milliseconds since 1970, where that is wanted: it makes each run another.
    pub stamp_ms: Option<u64>,
    /// Options that bear on the result and are not as usual, as they stand on the command line.
    pub options: Vec<String>,
    /// The day on which suppressions were to hold, where there are any with an end.
    pub as_of: Option<Date>,
    /// The policy.
    pub policy: Option<NamedFile>,
    /// The baseline.
    pub baseline: Option<NamedFile>,
    /// It judges saved facts, and reads no source.
    pub again: bool,
    /// The runs that saved these facts, where they say something else of themselves.
    pub runs: BTreeSet<RunRecord>,
}

impl Custody {
    /// Returns what the case is called: as this run was asked, else as the runs before it were.
    pub fn case(&self) -> Option<String> {
        self.own_or_saved(&|custody| custody.case.as_ref(), &|run| run.case.as_ref())
    }

    /// Returns who examines it: as this run was asked, else as the runs before it were.
    pub fn examiner(&self) -> Option<String> {
        self.own_or_saved(&|custody| custody.examiner.as_ref(), &|run| run.examiner.as_ref())
    }

    /// Returns what saved facts say of this run. `version` is that of this program.
    pub fn record(&self, version: &str) -> RunRecord {
        RunRecord {
            version: version.to_owned(),
            build: self.build.clone(),
            again: self.again,
            case: self.case.as_deref().map(cut),
            examiner: self.examiner.as_deref().map(cut),
            stamp_ms: self.stamp_ms,
            options: self.options.iter().map(|option| cut(option)).collect(),
            as_of: self.as_of.map(|day| day.to_string()),
            policy: self.policy.clone(),
            baseline: self.baseline.clone(),
        }
    }

    /// Takes the runs that saved the facts, but those that say of themselves what this one says: they add nothing, and a report of facts is
    /// that of their sources. `version` is that of this program.
    #[must_use]
    pub fn with_runs(mut self, mut runs: BTreeSet<RunRecord>, version: &str) -> Self {
        let own = self.record(version);
        runs.retain(|run| RunRecord { again: own.again, ..run.clone() } != own);
        self.runs = runs;
        self
    }

    fn own_or_saved<'c>(
        &'c self,
        own: &dyn Fn(&'c Self) -> Option<&'c String>,
        of_run: &dyn Fn(&'c RunRecord) -> Option<&'c String>,
    ) -> Option<String> {
        if let Some(own) = own(self) {
            return Some(own.clone());
        }
        let saved = |again| {
            let runs = self.runs.iter().filter(move |run| run.again == again);
            runs.filter_map(of_run).collect::<BTreeSet<_>>()
        };
        // Who merged the facts and named the case did so later than those who read the sources.
        let texts = Some(saved(true)).filter(|texts| !texts.is_empty());
        let texts = texts.unwrap_or_else(|| saved(false));
        let texts: Vec<&str> = texts.into_iter().map(String::as_str).collect();
        (!texts.is_empty()).then(|| texts.join(", "))
    }
}

/// Characters of a text that saved facts have of a run. A line with a text that is longer than any path is not read again.
const TEXT_CHARS_MAX: usize = 1024;

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_run_is_longer_than_a_line_of_facts_takes() {
        let long = "ä".repeat(20_000);
        let (case, options) = (Some(long.clone()), vec![long.clone()]);
        let record = Custody { case, options, ..Custody::default() }.record("1");
        let chars = |text: &str| text.chars().count();
        assert_eq!(record.case.as_deref().map(chars), Some(TEXT_CHARS_MAX));
        assert_eq!(chars(&record.options[0]), TEXT_CHARS_MAX);
    }

    #[test]
    fn case_is_as_given_else_as_merged_else_as_read() {
        let run = |again, case: &str| {
            let case = Some(case.to_owned()).filter(|case| !case.is_empty());
            RunRecord { again, case, ..RunRecord::default() }
        };
        let of = |case: Option<&str>, runs: &[RunRecord]| {
            let (case, runs) = (case.map(str::to_owned), runs.iter().cloned().collect());
            Custody { case, runs, ..Custody::default() }.case()
        };
        let read = [run(false, "B"), run(false, "A"), run(false, "")];
        assert_eq!(of(None, &[]), None);
        assert_eq!(of(None, &read).as_deref(), Some("A, B"));
        let merged = [run(false, "B"), run(true, "C"), run(true, "")];
        assert_eq!(of(None, &merged).as_deref(), Some("C"));
        assert_eq!(of(Some("D"), &merged).as_deref(), Some("D"));
    }

    #[test]
    fn run_that_was_asked_for_the_same_adds_nothing() {
        let run = |case: &str| Custody { case: Some(case.to_owned()), ..Custody::default() };
        let runs = [run("A"), run("B")].map(|run| run.record("1")).into_iter().collect();
        let again = Custody { again: true, ..run("A") }.with_runs(runs, "1");
        let cases: Vec<_> = again.runs.iter().filter_map(|run| run.case.as_deref()).collect();
        assert_eq!(cases, ["B"]);
    }
}
