//! `ndjson`: the facts themselves, one instance a line, for `aemtrix report` and for data tools (`aemtrix.facts/2`).

use super::by_farm::ALL_AT_ONCE;
use super::{Format, Report};
use crate::facts::{Gap, RunRecord, Snapshot};
use crate::saved::{RunWriter, write_merged};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "ndjson",
    extensions: &["ndjson"],
    summary: "facts, one instance a line, for `aemtrix report` (aemtrix.facts/2)",
    write,
    by_farm: ALL_AT_ONCE,
};

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if let Some(ledger) = &report.ledger {
        let own = own_record(report);
        let mut ledger = Cow::Borrowed(ledger);
        // Who merges and says nothing adds nothing: merged once more, it is the same.
        if !own.again || own.says_something() {
            ledger.to_mut().add_run(own);
        }
        return write_merged(&ledger, snapshots(report), gaps(report), out);
    }
    let mut of_sources: BTreeMap<&str, (Vec<&Snapshot>, Vec<&Gap>)> =
        report.sources.iter().map(|record| (record.name.as_str(), Default::default())).collect();
    for snapshot in snapshots(report) {
        of_sources.entry(&snapshot.source).or_default().0.push(snapshot);
    }
    let mut of_none = Vec::new();
    for gap in gaps(report) {
        of_sources.get_mut(gap.source.as_str()).map_or(&mut of_none, |(_, gaps)| gaps).push(gap);
    }
    let mut run = RunWriter::new(out);
    for record in &report.sources {
        let (snapshots, gaps) = of_sources.remove(record.name.as_str()).unwrap_or_default();
        run.source(record, snapshots, gaps)?;
    }
    of_none.into_iter().try_for_each(|gap| run.gap(gap))?;
    run.end(Some(own_record(report)))
}

fn own_record(report: &Report) -> RunRecord {
    report.custody.record(env!("CARGO_PKG_VERSION"))
}

fn snapshots(report: &Report) -> impl Iterator<Item = &Snapshot> {
    let members = report.farms.iter().flat_map(|judged| &judged.farm.members);
    members.flat_map(|member| std::iter::once(&member.snapshot).chain(&member.copies))
}

/// Returns the gaps to save. What follows from the lines is seen again by whoever reads them.
fn gaps(report: &Report) -> impl Iterator<Item = &Gap> {
    report.gaps.iter().filter(|gap| gap.kind.is_saved())
}
