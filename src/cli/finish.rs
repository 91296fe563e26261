//! What every run that reports has in common: what its options name is checked before anything is read, and at the end come
//! the reports, a summary, and the exit code.

use super::args::{ExitZero, FailOn, Judging, Output};
use super::options;
use super::terms::{Terms, now_ms};
use super::{Exit, complain, log, output, tell};
use crate::custody::Custody;
use crate::facts::{Gap, Snapshot, SourceRecord, spoken};
use crate::farm::{FarmPlan, Member, farms};
use crate::intake::Source;
use crate::limits::Limits;
use crate::report::{Format, Report, ReportTemplate, RunOutcome, counted};
use crate::rules::Severity;
use anyhow::{anyhow, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Options that were checked, and the files read that they name.
pub(super) struct Prepared<'a> {
    output: &'a Output,
    judging: &'a Judging,
    format: &'static Format,
    template: Option<ReportTemplate>,
    terms: Terms,
    custody: Custody,
}

impl<'a> Prepared<'a> {
    /// Checks the options, before anything is read. `list` is the file of `--files-from`.
    ///
    /// # Errors
    ///
    /// Fails on an output file without a format, on one that another option names, and on a template, policy or baseline that cannot be
    /// read.
    pub(super) fn new(
        output: &'a Output,
        judging: &'a Judging,
        list: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let Some(format) = output::format(&output.format) else {
            bail!("this format is not known");
        };
        output.files.iter().try_for_each(|path| output::format_to(path, format).map(drop))?;
        let terms = [&judging.policy, &output.template].into_iter().flatten();
        let read: Vec<&Path> = terms.map(PathBuf::as_path).chain(list).collect();
        output::check_written(output.files.iter().chain(&judging.write_baseline), &read)?;
        // A baseline may be renewed: it is read before anything else and written at the end.
        let baseline: Vec<&Path> = judging.baseline.iter().map(PathBuf::as_path).collect();
        output::check_written(&output.files, &baseline)?;
        let template = output.template.as_deref().map(output::template).transpose()?;
        let terms = Terms::read(judging)?;
        let custody = custody(output, judging, &terms)?;
        Ok(Self { output, judging, format, template, terms, custody })
    }

    /// Says which options of reading bear on the result.
    pub(super) fn tell_options(&mut self, options: Vec<String>) {
        let of_judging = std::mem::replace(&mut self.custody.options, options);
        self.custody.options.extend(of_judging);
    }

    /// Checks that no output file takes the place of what is to be read, or of what somebody else wrote.
    ///
    /// # Errors
    ///
    /// Fails on the first that would.
    pub(super) fn check_apart(&self, sources: &[Source]) -> anyhow::Result<()> {
        let mut files = self.output.files.iter().chain(&self.judging.write_baseline);
        files.try_for_each(|path| output::check_apart(path, sources))?;
        let files = self.output.files.iter().chain(&self.judging.write_baseline);
        output::check_replaced(files, self.output.force)
    }

    /// Puts what was read into farms, and judges them. Gaps with a reach concern other sources than the one they name.
    ///
    /// # Errors
    ///
    /// Fails when the policy cannot be applied to what came, and when a farm is to be shown that there is none of.
    pub(super) fn report(
        &self,
        snapshots: Vec<(Option<String>, Snapshot)>,
        sources: Vec<SourceRecord>,
        mut gaps: Vec<Gap>,
        reach: &BTreeMap<Gap, BTreeSet<String>>,
    ) -> anyhow::Result<Report> {
        gaps.sort();
        gaps.dedup();
        log::read(&sources, &snapshots, &gaps);
        let is_directory = |record: &&SourceRecord| record.container == "directory";
        let directories: Vec<String> =
            sources.iter().filter(is_directory).map(|record| record.name.clone()).collect();
        let plan = FarmPlan {
            by: self.judging.farm_by.by(),
            directories: &directories,
            gaps: &gaps,
            reach: Some(reach),
            policy: self.terms.policy.as_ref(),
        };
        let farms = farms(snapshots, &plan)?;
        let report = Report::new(farms, sources, gaps, &self.terms.selection, self.output.screen());
        let fails_from = self.judging.fails_from();
        let Output { bundles, details, wide, farms: chosen, .. } = self.output;
        check_chosen(chosen, &report)?;
        let custody = self.custody.clone();
        let fails_undecided = self.judging.fail_on == FailOn::Undecided;
        Ok(Report {
            fails_undecided,
            custody,
            bundles: bundles.clone(),
            details: *details,
            wide: *wide,
            chosen: chosen.iter().cloned().collect(),
            fails_from,
            ..report
        })
    }

    /// Writes the reports, and says how the run ends.
    pub(super) fn finish(&self, mut report: Report) -> Exit {
        let report = &mut report;
        if !self.output.quiet {
            for sentence in numbered(report) {
                tell(&sentence);
            }
        }
        let failures = self.write(report).into_iter().filter_map(Result::err);
        if failures.map(|error| complain(&format!("{error:#}"))).count() > 0 {
            return Exit::Trouble;
        }
        if (self.format.name != "table" || self.template.is_some()) && !self.output.quiet {
            tell(&summary(report));
        }
        if self.judging.exit_zero == Some(ExitZero::All) {
            return Exit::Clean;
        }
        match report.outcome() {
            RunOutcome::Clean => Exit::Clean,
            RunOutcome::Findings => Exit::Findings,
            RunOutcome::Open => Exit::Trouble,
        }
    }

    fn write(&self, report: &mut Report) -> Vec<anyhow::Result<()>> {
        report.screen = self.output.screen_of_files();
        let to_files =
            self.output.files.iter().map(|path| output::to_file(report, path, self.format));
        let baseline = &self.judging.write_baseline;
        let to_baseline =
            baseline.iter().map(|path| output::to_baseline(report, &self.terms, path));
        let mut written: Vec<_> = to_files.chain(to_baseline).collect();
        report.screen = self.output.screen();
        written.push(self.to_stdout(report));
        written
    }

    fn to_stdout(&self, report: &Report) -> anyhow::Result<()> {
        match self.template.as_ref().map(|template| template.render(report)) {
            None => output::to_stdout(|out| (self.format.write)(report, out)),
            Some(Ok(page)) => output::to_stdout(|out| out.write_all(&page)),
            Some(Err(problem)) => Err(anyhow!("the template failed: {problem}")),
        }
    }
}

/// Says what a report is to tell of itself.
fn custody(output: &Output, judging: &Judging, terms: &Terms) -> anyhow::Result<Custody> {
    let stamp_ms = if output.stamp { Some(now_ms()?) } else { None };
    let options = options::of_judging(judging, output);
    Ok(Custody {
        as_of: terms.selection.today,
        policy: terms.policy_file.clone(),
        baseline: terms.baseline_file.clone(),
        ..custody_of(output.case.as_ref(), output.examiner.as_ref(), stamp_ms, options)
    })
}

/// Says of which case a report is, who made it and how, and what made it.
pub(super) fn custody_of(
    case: Option<&String>,
    examiner: Option<&String>,
    stamp_ms: Option<u64>,
    options: Vec<String>,
) -> Custody {
    use std::env::consts::{ARCH, OS};
    let build = match option_env!("AEMTRIX_BUILD") {
        Some(build) => format!("{ARCH}-{OS} {build}"),
        None => format!("{ARCH}-{OS}"),
    };
    let (case, examiner) = (case.cloned(), examiner.cloned());
    Custody { build, case, examiner, stamp_ms, options, ..Custody::default() }
}

/// Checks that there are the farms that are to be shown in full.
fn check_chosen(chosen: &[String], report: &Report) -> anyhow::Result<()> {
    let names: BTreeSet<&str> =
        report.farms.iter().map(|judged| judged.farm.name.as_str()).collect();
    let Some(missing) = chosen.iter().find(|name| !names.contains(name.as_str())) else {
        return Ok(());
    };
    let max = Limits::DEFAULT.listed_max;
    let first: Vec<&str> = names.iter().copied().take(max).collect();
    let more = names.len().saturating_sub(max);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    bail!("no farm is called {missing}; there are: {}{more}", first.join(", "))
}

/// Says which source each instance is that differ from others by a number alone; of thousands, the first.
fn numbered(report: &Report) -> Vec<String> {
    let members = report.farms.iter().flat_map(|judged| &judged.farm.members);
    let numbered = members.filter(|member| member.numbered);
    let say = |member: &Member| {
        let root = &member.snapshot.root;
        let inside = if root.is_empty() { String::new() } else { format!(", {root}") };
        format!("{} is {}{inside}", member.name, spoken(&member.snapshot.source))
    };
    let mut said: Vec<String> = numbered.map(say).collect();
    let more = said.len().saturating_sub(Limits::DEFAULT.overview_lines_max);
    if more > 0 {
        said.truncate(Limits::DEFAULT.overview_lines_max);
        said.push(format!("and {more} more instances that differ from others by a number alone"));
    }
    said
}

fn summary(report: &Report) -> String {
    let verdict = match report.farms.as_slice() {
        [] => "no AEM instance".to_owned(),
        [one] => one.verdict.label().to_owned(),
        farms => format!("{} of {} farms", report.verdicts(), farms.len()),
    };
    format!(
        "{verdict}: {} from {}, {}, {}, {}{}{}",
        counted(report.instances(), "instance"),
        counted(report.sources.len(), "source"),
        counted(report.count(Severity::Error), "error"),
        counted(report.count(Severity::Warning), "warning"),
        counted(report.count(Severity::Note), "note"),
        report.excused(),
        if report.is_complete() { "" } else { "; evidence incomplete" }
    )
}
