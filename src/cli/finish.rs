//! What every run that reports has in common: what its options name is checked before anything is read, and at the end come
//! the reports, a summary, and the exit code.

use super::args::{ExitZero, Judging, Output};
use super::farm_by_farm::FarmByFarm;
use super::terms::{self, now_ms};
use super::{Exit, complain, log, output, tell};
use crate::custody::Custody;
use crate::diagnosis::judge;
use crate::facts::{RunRecord, spoken};
use crate::farm::{Farm, FarmNames, Member};
use crate::intake::Source;
use crate::limits::Limits;
use crate::policy::Remark;
use crate::report::{FarmWriter, Format, Report, ReportTemplate, RunOutcome, Totals};
use crate::request::{ReadFacts, Request};
use crate::saved::Ledger;
use anyhow::{anyhow, bail};
use std::path::{Path, PathBuf};

/// Options that were checked, and the files read that they name.
pub(super) struct Prepared<'a> {
    output: &'a Output,
    judging: &'a Judging,
    format: &'static Format,
    template: Option<ReportTemplate>,
    request: Request,
    remark: Remark,
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
        let (request, remark) = (request(output, judging)?, terms::remark(judging)?);
        Ok(Self { output, judging, format, template, request, remark })
    }

    /// Says which options of reading bear on the result.
    pub(super) fn tell_options(&mut self, options: Vec<String>) {
        self.request.custody.options = options;
    }

    /// Says that saved facts are judged, and no source is read.
    pub(super) fn tell_again(&mut self) {
        self.request.custody.again = true;
    }

    /// Returns what saved facts say of this run.
    pub(super) fn record(&self) -> RunRecord {
        self.request.custody().record(env!("CARGO_PKG_VERSION"))
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

    /// Judges what was read, writes the reports, and says how the run ends. Facts that came with a ledger are saved with it.
    ///
    /// # Errors
    ///
    /// As [`Request::unjudged`].
    pub(super) fn run(&self, read: ReadFacts, ledger: Option<Ledger>) -> anyhow::Result<Exit> {
        let (report, farms) = self.unjudged(read, None)?;
        self.tell(|| numbered(&farms).iter().for_each(|sentence| tell(sentence)));
        if let Some(writer) = self.by_farm(&report) {
            // What belongs together is written with facts alone, and was a sixth of what merging took.
            drop(ledger);
            let mut all = FarmByFarm::new();
            let written = output::to_stdout(|out| {
                all.take(writer, &report, farms, out);
                all.written()
            });
            return written.map(|()| self.end(all.totals()));
        }
        let farms = judge(farms, &report.selection);
        Ok(self.finish(&mut Report { farms, ledger, ..report }))
    }

    /// Puts what was read into farms; the report lacks these.
    ///
    /// # Errors
    ///
    /// As [`Request::unjudged`].
    pub(super) fn unjudged(
        &self,
        mut read: ReadFacts,
        names: Option<&FarmNames>,
    ) -> anyhow::Result<(Report, Vec<Farm>)> {
        read.gaps.sort();
        read.gaps.dedup();
        log::read(&read.sources, &read.snapshots, &read.gaps);
        let (report, farms) = self.request.unjudged(read, names)?;
        Ok((Report { screen: self.output.screen(), ..report }, farms))
    }

    /// Returns what writes all that is asked for farm by farm, where something does.
    pub(super) fn by_farm<'r>(&self, report: &'r Report) -> Option<Box<dyn FarmWriter + 'r>> {
        let is_more = !self.output.files.is_empty() || self.judging.write_baseline.is_some();
        let writer = self.format.by_farm(report)?;
        (!is_more && self.template.is_none()).then_some(writer)
    }

    /// Returns what the options ask for.
    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    /// Says something to the user, unless that is not wanted.
    fn tell(&self, say: impl FnOnce()) {
        if !self.output.quiet {
            say();
        }
    }

    /// Says what comes of a run that was written farm by farm, and how it ends.
    pub(super) fn end(&self, totals: &Totals) -> Exit {
        self.tell(|| tell(&totals.in_one_line()));
        self.exit(totals.outcome())
    }

    /// Returns the exit code.
    fn exit(&self, outcome: RunOutcome) -> Exit {
        if self.judging.exit_zero == Some(ExitZero::All) {
            return Exit::Clean;
        }
        match outcome {
            RunOutcome::Clean => Exit::Clean,
            RunOutcome::Findings => Exit::Findings,
            RunOutcome::Open => Exit::Trouble,
        }
    }

    /// Writes the reports, and says how the run ends.
    fn finish(&self, report: &mut Report) -> Exit {
        let failures = self.write(report).into_iter().filter_map(Result::err);
        if failures.map(|error| complain(&format!("{error:#}"))).count() > 0 {
            return Exit::Trouble;
        }
        // The table ends with this line itself.
        if self.format.name != "table" || self.template.is_some() {
            self.tell(|| tell(&report.in_one_line()));
        }
        self.exit(report.outcome())
    }

    fn write(&self, report: &mut Report) -> Vec<anyhow::Result<()>> {
        report.screen = self.output.screen_of_files();
        let to_files =
            self.output.files.iter().map(|path| output::to_file(report, path, self.format));
        let baseline = &self.judging.write_baseline;
        let to_baseline =
            baseline.iter().map(|path| output::to_baseline(report, &self.remark, path));
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

/// Says what the options ask for.
fn request(output: &Output, judging: &Judging) -> anyhow::Result<Request> {
    let stamp_ms = if output.stamp { Some(now_ms()?) } else { None };
    Ok(Request {
        farm_by: judging.farm_by.clone(),
        terms: terms::read(
            judging.selection(),
            judging.policy.as_deref(),
            judging.baseline.as_deref(),
            judging.as_of,
        )?,
        fail_on: judging.fail_on,
        exits_zero: judging.exit_zero.is_some(),
        bundles: output.bundles.clone(),
        details: output.details,
        wide: output.wide,
        farms: output.farms.clone(),
        custody: custody_of(output.case.as_ref(), output.examiner.as_ref(), stamp_ms, Vec::new()),
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

/// Says which source each instance is that differ from others by a number alone; of thousands, the first.
fn numbered(farms: &[Farm]) -> Vec<String> {
    let members = farms.iter().flat_map(|farm| &farm.members);
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
