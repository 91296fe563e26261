//! What was not read in full: whoever leaves it out would call a farm consistent that may not be.

use super::super::Report;
use super::text::prose;
use crate::diagnosis::Judged;
use crate::facts::{Gap, spoken};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The gaps that hide facts, by source.
pub(super) type IncompleteSources<'r> = BTreeMap<&'r str, Vec<&'r Gap>>;

/// All that was not read, and what of it is of no farm in particular.
pub(super) struct AllIncompleteSources<'r> {
    all: IncompleteSources<'r>,
    of_none: IncompleteSources<'r>,
    /// There is one farm, of which all is then.
    is_of_one: bool,
}

impl<'r> AllIncompleteSources<'r> {
    pub(super) fn new(report: &'r Report) -> Self {
        let mut all = IncompleteSources::new();
        for gap in report.gaps.iter().filter(|gap| gap.kind.hides()) {
            all.entry(&gap.source).or_default().push(gap);
        }
        let is_of_one = report.farms.len() == 1;
        let mut of_none = if is_of_one { IncompleteSources::new() } else { all.clone() };
        for source in report.farms.iter().flat_map(sources) {
            of_none.remove(source);
        }
        Self { all, of_none, is_of_one }
    }

    /// Returns what was not read and may be of a farm.
    pub(super) fn of(&self, judged: &Judged) -> Cow<'_, IncompleteSources<'r>> {
        if self.is_of_one {
            return Cow::Borrowed(&self.all);
        }
        let own = sources(judged).filter_map(|source| self.all.get_key_value(source));
        Cow::Owned(own.map(|(source, gaps)| (*source, gaps.clone())).collect())
    }

    /// Returns what was not read and is of no farm in particular.
    pub(super) fn of_none(&self) -> &IncompleteSources<'r> {
        &self.of_none
    }
}

/// Returns the sources whose gaps hide facts of a farm.
fn sources(judged: &Judged) -> impl Iterator<Item = &str> {
    let gaps = judged.farm.gaps.iter().filter(|gap| gap.kind.hides());
    gaps.map(|gap| gap.source.as_str())
}

/// Writes what to pack again, and why.
pub(super) fn write(incomplete: &IncompleteSources<'_>, out: &mut dyn Write) -> io::Result<()> {
    if incomplete.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Pack again\n")?;
    writeln!(
        out,
        "These sources were not read in full. What is wrong in the rest of them is not in this text.\n"
    )?;
    for (source, gaps) in incomplete {
        let Some(first) = gaps.first() else { continue };
        let path = first.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
        let more = match gaps.len().saturating_sub(1) {
            0 => String::new(),
            others => format!(" (and {others} more)"),
        };
        let why = format!("{}: {path}{}{more}", spoken(source), first.reason);
        writeln!(out, "- {}: pack it again, and send all of it.", prose(&why))?;
    }
    writeln!(out)
}
