//! `ndjson`: the facts themselves, one instance a line, for `aemtrix report` and for data tools (`aemtrix.facts/1`).

use super::json::write_line;
use super::{Format, Report};
use crate::facts::{Gap, GapKind, Snapshot};
use crate::saved::{Ledger, SavedLine};
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "ndjson",
    extensions: &["ndjson"],
    summary: "facts, one instance a line, for `aemtrix report` (aemtrix.facts/1)",
    write,
};

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let of_run;
    let ledger = if let Some(ledger) = &report.ledger {
        ledger
    } else {
        of_run = Ledger::of_run(&report.sources, snapshots(report), gaps(report));
        &of_run
    };
    let instances = snapshots(report).map(SavedLine::instance);
    let mut lines = 0_u64;
    for line in ledger.sources().chain(instances).chain(gaps(report).map(SavedLine::gap)) {
        write_line(&line, out)?;
        lines = lines.saturating_add(1);
    }
    write_line(&SavedLine::end(&ledger.end(lines)), out)
}

fn snapshots(report: &Report) -> impl Iterator<Item = &Snapshot> {
    let members = report.farms.iter().flat_map(|judged| &judged.farm.members);
    members.flat_map(|member| std::iter::once(&member.snapshot).chain(&member.copies))
}

/// Returns the gaps to save. What is missing among the lines is seen again by whoever reads them.
fn gaps(report: &Report) -> impl Iterator<Item = &Gap> {
    report.gaps.iter().filter(|gap| gap.kind != GapKind::FactsMissing)
}
