//! `ndjson`: the facts themselves, one instance a line, for `aemtrix report` and for data tools (`aemtrix.facts/1`).

use super::json::write_line;
use super::{Format, Report};
use crate::saved::SavedLine;
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "ndjson",
    extensions: &["ndjson"],
    summary: "facts, one instance a line, for `aemtrix report` (aemtrix.facts/1)",
    write,
};

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let members = report.farms.iter().flat_map(|judged| &judged.farm.members);
    let snapshots =
        members.flat_map(|member| std::iter::once(&member.snapshot).chain(&member.copies));
    let sources = report.sources.iter().map(SavedLine::source);
    let gaps = report.gaps.iter().map(SavedLine::gap);
    let mut lines = 0_u64;
    for line in sources.chain(snapshots.map(SavedLine::instance)).chain(gaps) {
        write_line(&line, out)?;
        lines = lines.saturating_add(1);
    }
    write_line(&SavedLine::end(lines), out)
}
