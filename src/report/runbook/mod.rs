//! `runbook`: the repair as a document to follow, in Markdown that reads well as plain text.
//!
//! It says what the findings say, in the order in which it is done: the copying of keys once, with commands, then what else was
//! found. It runs nothing.

mod keys;
mod text;

use super::{Format, Report, counted};
use crate::facts::{SourceRecord, spoken};
use crate::rules::{Doubt, Excuse, Finding, Judged, Step, Verdict, quoted};
use std::io::{self, Write};
use text::{commands, prose, steps};

pub(super) const FORMAT: Format = Format {
    name: "runbook",
    extensions: &["runbook", "runbook.md"],
    summary: "the repair as a document to follow",
    write,
};

/// What a snapshot needs, at least.
const PACK: &str = "tar czf snapshot.tar.gz conf bin launchpad/conf launchpad/config launchpad/felix/bundle*/bundle.info launchpad/felix/bundle*/version* \
launchpad/felix/bundle*/data/hmac launchpad/felix/bundle*/data/master launchpad/felix/bundle*/data/storage launchpad/felix/bundle*/data/sling.id.file \
launchpad/felix/bundle*/data/sling.options.file";

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Repair of the crypto keys of AEM instances\n")?;
    if report.farms.is_empty() {
        writeln!(
            out,
            "No AEM instance came; there is nothing to repair. Bring snapshots of all instances of the farm.\n"
        )?;
        bring(out)?;
    }
    for judged in &report.farms {
        farm(judged, report, out)?;
    }
    writeln!(out, "Written by aemtrix {}. Nothing in this text was run.", env!("CARGO_PKG_VERSION"))
}

fn farm(judged: &Judged, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let instances = counted(judged.farm.members.len(), "instance");
    let (name, verdict) = (prose(&judged.farm.name), judged.verdict.label());
    writeln!(out, "Farm {name}, {instances}: **{verdict}**.\n")?;
    match &judged.verdict {
        Verdict::Consistent => {
            writeln!(
                out,
                "The keys of all instances agree, and every byte that decides it was read and checked. Nothing is to be repaired.\n"
            )?;
        }
        Verdict::Undecided(doubts) => undecided(doubts, out)?,
        Verdict::Inconsistent => {}
    }
    if let Some(repair) = &judged.key_repair {
        keys::write(repair, out)?;
    }
    others(judged, out)?;
    if judged.left_out > 0 {
        let left_out = counted(judged.left_out, "finding");
        writeln!(
            out,
            "{left_out} left out by --select, --ignore or --min-severity: their repair is not in this text.\n"
        )?;
    }
    if judged.verdict == Verdict::Consistent && judged.findings.is_empty() {
        return Ok(());
    }
    verify(judged, report, out)
}

fn undecided(doubts: &[Doubt], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Bring first\n")?;
    writeln!(out, "It cannot be decided whether the keys agree. What is missing:\n")?;
    for doubt in doubts {
        let wanted = match doubt {
            Doubt::NoPeers => "bring the snapshots of the other instances of the farm",
            Doubt::Unknown(_) => "bring what tells it",
            Doubt::Source(_) => "pack and bring it again, whole",
        };
        writeln!(out, "- {}: {wanted}.", prose(&doubt.to_string()))?;
    }
    writeln!(out)?;
    bring(out)
}

fn bring(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "On each instance that is missing or not known, inside `crx-quickstart`:")?;
    commands("", &[PACK.to_owned()], out)?;
    writeln!(
        out,
        "A file that is not there is told and left out. Where `storage` says JCR, pack the whole `repository` too, without compression.\n"
    )
}

/// Writes the findings that the copying of keys does not settle.
fn others(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let rest: Vec<(&Finding, Vec<Step>)> = judged
        .findings
        .iter()
        // What the policy accepts is not to be repaired; what is merely known is.
        .filter(|finding| !matches!(finding.excuse, Some(Excuse::Suppressed { .. })))
        .map(|finding| (finding, keys::without(&finding.hit.fix, judged.key_repair.as_ref())))
        .filter(|(_, steps)| !steps.is_empty())
        .collect();
    if rest.is_empty() {
        return Ok(());
    }
    let title = if judged.key_repair.is_some() { "What else to do" } else { "What to do" };
    writeln!(out, "## {title}\n")?;
    let mut written: Vec<(Vec<Step>, &str)> = Vec::new();
    for (finding, own) in rest {
        let severity = finding.severity;
        writeln!(out, "### {severity}: {}\n", prose(&finding.hit.message))?;
        writeln!(out, "Rule {}: {}\n", finding.rule.id, finding.rule.why)?;
        if let Some((_, rule)) = written.iter().find(|(steps, _)| *steps == own) {
            writeln!(out, "As for {rule} above.\n")?;
        } else {
            steps(&own, out)?;
            written.push((own, finding.rule.id));
        }
    }
    Ok(())
}

/// Says how to see that all is well.
fn verify(judged: &Judged, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Verify\n")?;
    let settled = match judged.verdict {
        Verdict::Undecided(_) => "When the snapshots are there, run",
        _ => "When all is done, take new snapshots of all instances, under the same names, and run",
    };
    let mut command = vec!["aemtrix scan \\".to_owned()];
    let operands: Vec<String> = report
        .sources
        .iter()
        .filter(|source| source.instances > 0)
        .map(|source| operand(judged, source))
        .collect();
    let last = operands.len();
    command.extend(operands.into_iter().enumerate().map(|(index, operand)| {
        let more = if index.saturating_add(1) < last { " \\" } else { "" };
        format!("  {operand}{more}")
    }));
    writeln!(out, "{settled}:")?;
    commands("", &command, out)?;
    writeln!(
        out,
        "It must end with `Verdict: CONSISTENT` and exit with 0. Then try a login and one secret on each instance that was changed.\n"
    )
}

/// Returns a source as an operand; one with a single instance gives it the name that it has in this text.
fn operand(judged: &Judged, source: &SourceRecord) -> String {
    let mut members = judged.farm.members.iter().filter(|m| m.snapshot.source == source.name);
    match (members.next(), members.next(), source.name.as_str()) {
        (Some(member), None, name) => quoted(&format!("{}={name}", member.name)),
        (.., "-") => format!("- # {}", spoken("-")),
        (.., name) => quoted(name),
    }
}

#[cfg(test)]
mod tests;
