//! What a run is asked for, by a command line or by a page, and the report that answers it.
//!
//! Nothing here reads anything: who asks hands over texts, and what was read.

mod basis;
mod fail_on;
mod terms;

pub use basis::FarmBasis;
pub use fail_on::FailOn;
pub use terms::{NamedText, Terms, rule_ids};

use crate::custody::Custody;
use crate::diagnosis::judge;
use crate::facts::{Gap, RunRecord, Snapshot, SourceRecord};
use crate::farm::{Farm, FarmNames, FarmPlan, farms, tell_torn, tell_undated};
use crate::limits::Limits;
use crate::report::{BundleFilter, Report, Screen};
use crate::rules::Severity;
use anyhow::bail;
use std::collections::{BTreeMap, BTreeSet};

/// What a run is asked for.
pub struct Request {
    /// What makes a farm.
    pub farm_by: FarmBasis,
    /// What is expected, and which findings count.
    pub terms: Terms,
    /// From which severity on findings fail the run.
    pub fail_on: FailOn,
    /// Whether the run ends well whatever was found.
    pub exits_zero: bool,
    /// Which bundles to show where that was asked for.
    pub bundles: Option<BundleFilter>,
    /// Whether all rows of the matrix and all findings are shown.
    pub details: bool,
    /// Whether CSV has a column an instance.
    pub wide: bool,
    /// The farms that are shown in full; all where there is none.
    pub farms: Vec<String>,
    /// What the report says of itself; options and files are added.
    pub custody: Custody,
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct ReadFacts {
    /// One snapshot an instance and source, with the name the user gave its source.
    pub snapshots: Vec<(Option<String>, Snapshot)>,
    /// One record a source.
    pub sources: Vec<SourceRecord>,
    /// All gaps.
    pub gaps: Vec<Gap>,
    /// Gaps that concern other sources than the one they name.
    pub reach: BTreeMap<Gap, BTreeSet<String>>,
    /// The runs that saved it, where this one did not read the sources.
    pub runs: BTreeSet<RunRecord>,
}

impl Request {
    /// Puts what was read into farms, and judges them.
    ///
    /// # Errors
    ///
    /// As [`Request::unjudged`].
    pub fn report(&self, read: ReadFacts) -> anyhow::Result<Report> {
        let (report, farms) = self.unjudged(read, None)?;
        Ok(Report { farms: judge(farms, &report.selection), ..report })
    }

    /// Puts what was read into farms, and returns these, with the report that they are missing in. `names` are those of all farms of a run
    /// that is judged in parts.
    ///
    /// # Errors
    ///
    /// Fails when the policy cannot be applied to what was read, and when a farm is to be shown that there is none of.
    pub fn unjudged(
        &self,
        read: ReadFacts,
        names: Option<&FarmNames>,
    ) -> anyhow::Result<(Report, Vec<Farm>)> {
        let ReadFacts { mut snapshots, sources, mut gaps, reach, runs } = read;
        gaps.extend(tell_undated(&mut snapshots));
        gaps.extend(tell_torn(&mut snapshots));
        gaps.sort();
        gaps.dedup();
        let is_directory = |record: &&SourceRecord| record.container == "directory";
        let directories: Vec<String> =
            sources.iter().filter(is_directory).map(|record| record.name.clone()).collect();
        let plan = FarmPlan {
            by: self.farm_by.by(),
            directories: &directories,
            gaps: &gaps,
            reach: Some(&reach),
            policy: self.terms.policy.as_ref(),
            names,
        };
        let farms = farms(snapshots, &plan)?;
        check_chosen(&self.farms, &farms)?;
        let report =
            Report::new(Vec::new(), sources, gaps, &self.terms.selection, Screen::default());
        let report = Report {
            fails_undecided: self.fail_on == FailOn::Undecided,
            custody: self.custody().with_runs(runs, env!("CARGO_PKG_VERSION")),
            bundles: self.bundles.clone(),
            details: self.details,
            wide: self.wide,
            chosen: self.farms.iter().cloned().collect(),
            fails_from: if self.exits_zero { None } else { self.fail_on.severity() },
            ..report
        };
        Ok((report, farms))
    }

    /// Returns what the report says of itself.
    pub fn custody(&self) -> Custody {
        let given = self.custody.clone();
        Custody {
            options: [given.options, self.options()].concat(),
            as_of: self.terms.selection.today,
            policy: self.terms.policy_file.clone(),
            baseline: self.terms.baseline_file.clone(),
            ..given
        }
    }

    /// Returns the options of judging, and of what is shown, that are not as usual. Policy and baseline are distinguished.
    fn options(&self) -> Vec<String> {
        let selection = &self.terms.selection;
        let mut all: Vec<String> = Vec::new();
        all.extend(self.farm_by.option());
        all.extend(selection.select.iter().map(|rule| format!("--select {rule}")));
        all.extend(selection.ignore.iter().map(|rule| format!("--ignore {rule}")));
        let severity = selection.min_severity.map(Severity::label);
        all.extend(severity.map(|severity| format!("--min-severity {severity}")));
        if self.fail_on != FailOn::Warning {
            all.push(format!("--fail-on {}", self.fail_on.label()));
        }
        let least = selection.min_instances;
        all.extend((least > 0).then(|| format!("--min-instances {least}")));
        all.extend(self.bundles.is_some().then(|| "--bundles".to_owned()));
        all
    }
}

/// Returns the options of reading that are not as usual.
pub fn options_of_reading(limits: &Limits) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let usual = Limits::DEFAULT;
    let choices = [(!limits.logs, "--no-logs"), (!limits.users, "--no-users")];
    all.extend(choices.into_iter().filter(|(is, _)| *is).map(|(_, name)| name.to_owned()));
    let numbers = [
        ("--max-unpacked", limits.unpacked_bytes_max, usual.unpacked_bytes_max),
        ("--max-entries", limits.entries_max, usual.entries_max),
        ("--max-nesting", limits.nesting_max.into(), usual.nesting_max.into()),
        ("--max-window", limits.window_bytes_max, usual.window_bytes_max),
    ];
    let unusual = numbers.into_iter().filter(|(_, own, usual)| own != usual);
    all.extend(unusual.map(|(name, own, _)| format!("{name} {own}")));
    all
}

/// Checks that there are the farms that are to be shown in full.
fn check_chosen(chosen: &[String], farms: &[Farm]) -> anyhow::Result<()> {
    let names: BTreeSet<&str> = farms.iter().map(|farm| farm.name.as_str()).collect();
    let Some(missing) = chosen.iter().find(|name| !names.contains(name.as_str())) else {
        return Ok(());
    };
    let max = Limits::DEFAULT.listed_max;
    let first: Vec<&str> = names.iter().copied().take(max).collect();
    let more = names.len().saturating_sub(max);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    bail!("no farm is called {missing}; there are: {}{more}", first.join(", "))
}
