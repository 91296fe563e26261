//! `aemtrix verify REPORT.json SOURCE...`: are these the sources of that report?

use super::{Exit, complain, output};
use crate::custody::{Claim, Verification, compare};
use crate::examine::examine;
use crate::facts::spoken;
use crate::intake::{NoWatch, discover};
use crate::limits::Limits;
use crate::report::{counted, printable};
use anyhow::{Context, anyhow, bail};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::thread::available_parallelism;

/// Reads the sources, and says of each whether it is the one of the report.
pub(super) fn run(report: &Path, sources: &[OsString]) -> Exit {
    run_or_fail(report, sources).unwrap_or_else(|error| complain(&format!("{error:#}")))
}

fn run_or_fail(report: &Path, operands: &[OsString]) -> anyhow::Result<Exit> {
    let claim = claim(report)?;
    let found = discover(operands);
    if let Some(gap) = found.sources.is_empty().then(|| found.notes.first()).flatten() {
        bail!("{}: {}", gap.source, gap.reason);
    }
    let limits = limits(&claim);
    let threads = available_parallelism().map_or(1, usize::from);
    let examined = examine(&found.sources, &limits, threads, &NoWatch);
    let verification = compare(&claim, &examined.sources, env!("CARGO_PKG_VERSION"));
    output::to_stdout(|out| write(&verification, out))?;
    Ok(match () {
        () if verification.differs() => Exit::Findings,
        () if verification.is_same() => Exit::Clean,
        () => Exit::Trouble,
    })
}

/// Of a directory that is read which was read for the report.
fn limits(claim: &Claim) -> Limits {
    let has = |option: &str| claim.run.reads_with(option);
    Limits { digests: true, logs: !has("--no-logs"), users: !has("--no-users"), ..Limits::DEFAULT }
}

fn claim(path: &Path) -> anyhow::Result<Claim> {
    let named = || path.display().to_string();
    let max = Limits::DEFAULT.report_bytes_max;
    let file = File::open(path).with_context(named)?;
    if file.metadata().with_context(named)?.len() > max {
        bail!("{}: is larger than {max} bytes", path.display());
    }
    Claim::read(&mut BufReader::new(file).take(max))
        .map_err(|problem| anyhow!("{}: {problem}", path.display()))
}

fn write(verification: &Verification, out: &mut dyn Write) -> io::Result<()> {
    for one in &verification.matches {
        let given = one.given.as_deref().map(|name| format!(", given as {}", spoken(name)));
        let line = format!("{}{}: {}", spoken(&one.name), given.unwrap_or_default(), one.likeness);
        writeln!(out, "{}", printable(&line))?;
    }
    let all = counted(verification.matches.len(), "source");
    let count = |is: &dyn Fn(&crate::custody::SourceMatch) -> bool| {
        verification.matches.iter().filter(|one| is(one)).count()
    };
    let differing = count(&|one| one.likeness.differs());
    let end = if verification.is_same() {
        format!("the same: {all}")
    } else if differing > 0 {
        format!("NOT the same: {differing} of {all}")
    } else {
        format!("that could not be found out for all of {all}")
    };
    writeln!(out, "{end}")
}
