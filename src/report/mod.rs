//! What a run found, and the formats it is written in: one file a format, all with one signature.

mod baseline;
mod bundles;
mod by_farm;
mod catalogue;
mod changes;
mod code_span;
mod csv;
mod escape;
mod examined;
mod group_letter;
mod html;
mod json;
mod junit;
mod labels;
mod manual;
mod markdown;
mod markdown_text;
mod ndjson;
mod ours;
mod overview;
mod printable;
mod repair;
mod runbook;
mod sarif;
mod summary;
mod table;
mod template;
mod timeline;
mod totals;

pub use baseline::write_baseline;
pub use bundles::BundleFilter;
pub use by_farm::FarmWriter;
pub use catalogue::{explain_rule, list_rules};
pub use changes::{DIFF_FORMATS, DIFF_SCHEMA, DiffFormat, DiffReport, StateReport, diff_schema};
pub use json::schema;
pub use manual::{list_topics, show_topic};
pub use ours::{HEAD_BYTES, is_ours};
pub use printable::printable;
pub use summary::schema as summary_schema;
pub use template::ReportTemplate;
pub use totals::Totals;

use crate::custody::Custody;
use crate::diagnosis::{Finding, Judged, Selection, judge};
use crate::facts::{Gap, SourceRecord};
use crate::farm::Farm;
use crate::rules::Severity;
use crate::saved::Ledger;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};

/// The version of the JSON report.
pub const SCHEMA: &str = "aemtrix.report/1";

/// The version of a line about a farm.
pub const SUMMARY_SCHEMA: &str = "aemtrix.summary/1";

/// So many causes of one rule are named, and the rest is counted: 3,000 instances with one trouble were 6,000 lines.
const CAUSES_NAMED_MAX: usize = 12;

/// Everything a format may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The farms, judged.
    pub farms: Vec<Judged>,
    /// One record a source, sorted by name.
    pub sources: Vec<SourceRecord>,
    /// All gaps, sorted.
    pub gaps: Vec<Gap>,
    /// Which findings were asked for.
    pub selection: Selection,
    /// How text for people is laid out.
    pub screen: Screen,
    /// Whether all rows of the matrix and all findings are shown.
    pub details: bool,
    /// Whether CSV has a column an instance.
    pub wide: bool,
    /// The names of the farms that are shown in full; all where there is none.
    pub chosen: BTreeSet<String>,
    /// Which bundles to show where that was asked for.
    pub bundles: Option<BundleFilter>,
    /// The severity from which findings fail the run; `None` where none does.
    pub fails_from: Option<Severity>,
    /// Whether a verdict that is open for lack of peers alone fails the run, too.
    pub fails_undecided: bool,
    /// What the run was asked for.
    pub custody: Custody,
    /// Which lines of saved facts belong together; `None` where this run read the sources itself.
    pub ledger: Option<Ledger>,
}

/// How text for people is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Screen {
    /// Columns; unlimited when `None`.
    pub columns: Option<u16>,
    /// ASCII alone.
    pub ascii: bool,
    /// Its colours, where it has some. Nothing is said by colour alone.
    pub palette: Option<&'static dyn Palette>,
}

/// Colours in tables. What stands out is known here, and how a terminal shows it only where there is one.
pub trait Palette: fmt::Debug + Sync {
    /// Colours a cell that stands out.
    fn odd(&self, cell: comfy_table::Cell) -> comfy_table::Cell;

    /// Makes a table show its colours, wherever it is written to.
    fn show(&self, table: &mut comfy_table::Table);
}

/// Two screens with colours are laid out alike.
impl PartialEq for dyn Palette {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for dyn Palette {}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// Nothing was found, and everything that came was read and could be decided on.
    Clean,
    /// Something was found.
    Findings,
    /// Evidence is incomplete; what was found may not be all.
    Open,
}

/// One way to write a report.
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// Endings of output files that mean it.
    pub extensions: &'static [&'static str],
    /// One line for the help.
    pub summary: &'static str,
    /// Writes it.
    pub write: fn(&Report, &mut dyn Write) -> io::Result<()>,
    by_farm: by_farm::ByFarm,
}

impl Format {
    /// Returns what writes a report farm by farm, where that is the same as all at once. Of the report it is given, nothing but the farms
    /// is missing.
    pub fn by_farm<'r>(&self, report: &'r Report) -> Option<Box<dyn FarmWriter + 'r>> {
        (self.by_farm)(report)
    }
}

/// Every format; the first is the default.
pub const FORMATS: &[Format] = &[
    table::FORMAT,
    json::FORMAT,
    html::FORMAT,
    markdown::FORMAT,
    runbook::FORMAT,
    repair::SHELL,
    repair::POWERSHELL,
    csv::FORMAT,
    csv::FINDINGS,
    sarif::FORMAT,
    junit::FORMAT,
    ndjson::FORMAT,
    timeline::FORMAT,
    summary::FORMAT,
];

impl Report {
    /// Judges farms and puts the report together.
    pub fn new(
        farms: Vec<Farm>,
        sources: Vec<SourceRecord>,
        gaps: Vec<Gap>,
        selection: &Selection,
        screen: Screen,
    ) -> Self {
        let judged = judge(farms, selection);
        Self {
            farms: judged,
            sources,
            gaps,
            selection: selection.clone(),
            screen,
            details: false,
            wide: false,
            chosen: BTreeSet::new(),
            bundles: None,
            fails_from: Some(Severity::Warning),
            fails_undecided: false,
            custody: Custody::default(),
            ledger: None,
        }
    }

    /// Returns `true` if no gap could hide a fact.
    pub fn is_complete(&self) -> bool {
        !self.gaps.iter().any(|gap| gap.kind.hides())
    }

    /// Returns `true` if a finding fails the run.
    pub fn fails(&self, finding: &Finding) -> bool {
        finding.excuse.is_none() && self.fails_from.is_some_and(|from| finding.severity >= from)
    }

    /// Says how the run ends.
    pub fn outcome(&self) -> RunOutcome {
        Totals::of(self).outcome()
    }

    /// Says in one line what comes of the run.
    pub fn in_one_line(&self) -> String {
        Totals::of(self).in_one_line()
    }

    /// Counts the instances.
    pub fn instances(&self) -> usize {
        self.farms.iter().map(|judged| judged.farm.members.len()).sum()
    }
}

/// Counts findings with an excuse in words, to be put behind other counts.
fn excused(suppressed: usize, known: usize) -> String {
    let words = [(suppressed, "suppressed"), (known, "known")].into_iter();
    let told = words.filter(|(count, _)| *count > 0);
    told.fold(String::new(), |text, (count, what)| format!("{text}, {count} {what}"))
}

/// Counts things in words: `1 error`, `2 errors`.
pub fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
