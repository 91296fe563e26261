//! What was not read whole: whoever leaves it out would call a farm consistent that may not be.

use super::super::Report;
use super::text::prose;
use crate::facts::{Gap, spoken};
use crate::rules::Judged;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// The gaps that hide facts, by source.
pub(super) type Holes<'r> = BTreeMap<&'r str, Vec<&'r Gap>>;

/// Returns what was not read and may be of a farm: all that no other farm has for itself.
pub(super) fn of<'r>(judged: &Judged, report: &'r Report) -> Holes<'r> {
    let own = sources(judged);
    let all: BTreeSet<&str> = report.farms.iter().flat_map(sources).collect();
    holes(report, |source| own.contains(source) || !all.contains(source))
}

/// Returns all that was not read.
pub(super) fn all(report: &Report) -> Holes<'_> {
    holes(report, |_| true)
}

fn holes(report: &Report, is_meant: impl Fn(&str) -> bool) -> Holes<'_> {
    let mut holes = Holes::new();
    let hiding = report.gaps.iter().filter(|gap| gap.kind.hides() && is_meant(&gap.source));
    for gap in hiding {
        holes.entry(&gap.source).or_default().push(gap);
    }
    holes
}

/// Returns the sources whose gaps hide facts of a farm.
fn sources(judged: &Judged) -> BTreeSet<&str> {
    let gaps = judged.farm.gaps.iter().filter(|gap| gap.kind.hides());
    gaps.map(|gap| gap.source.as_str()).collect()
}

/// Writes what to pack again, and why.
pub(super) fn write(holes: &Holes<'_>, out: &mut dyn Write) -> io::Result<()> {
    if holes.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Pack again\n")?;
    writeln!(
        out,
        "These were not read whole. What is wrong in the rest of them is not in this text.\n"
    )?;
    for (source, gaps) in holes {
        let Some(first) = gaps.first() else { continue };
        let path = first.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
        let more = match gaps.len().saturating_sub(1) {
            0 => String::new(),
            others => format!(" (and {others} more)"),
        };
        let why = format!("{}: {path}{}{more}", spoken(source), first.reason);
        writeln!(out, "- {}: pack and bring it again, whole.", prose(&why))?;
    }
    writeln!(out)
}
