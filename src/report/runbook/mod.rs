//! `runbook`: the repair as a document to follow, in Markdown that reads well as plain text.
//!
//! It says what the findings say, in the order in which it is done: the copying of keys once, with commands, then what else was
//! found. It runs nothing.

mod holes;
mod keys;
mod scratch;
mod text;
mod verify;

use super::told::{Repair, Told};
use super::wording::LEFT_OUT;
use super::{Format, Report, counted, windows};
use crate::rules::{Doubt, Excuse, Finding, Judged, Step, Verdict};
use holes::AllHoles;
use std::io::{self, Write};
use text::{commands, name, prose, steps};

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
    let holes = AllHoles::new(report);
    for (judged, scratch) in report.farms.iter().zip(scratch::names(&report.farms)) {
        farm(judged, &scratch, report, &holes, out)?;
    }
    if !report.farms.is_empty() && !holes.of_none().is_empty() {
        writeln!(out, "Sources of no farm in particular:\n")?;
    }
    holes::write(holes.of_none(), out)?;
    writeln!(out, "Written by aemtrix {}. Nothing in this text was run.", env!("CARGO_PKG_VERSION"))
}

fn farm(
    judged: &Judged,
    scratch: &str,
    report: &Report,
    all: &AllHoles<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let instances = counted(judged.farm.members.len(), "instance");
    let (name, verdict) = (name(&judged.farm.name), judged.verdict.label());
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
    let holes = all.of(judged);
    holes::write(&holes, out)?;
    if let Some(who) = windows::who(judged) {
        writeln!(out, "{} {}\n", prose(&who), windows::INSTEAD)?;
    }
    if let Some(repair) = &judged.key_repair {
        keys::write(repair, scratch, out)?;
    }
    others(judged, out)?;
    scratch::clean_up(judged, scratch, out)?;
    unsaid(judged, out)?;
    if judged.verdict == Verdict::Consistent && judged.findings.is_empty() && holes.is_empty() {
        return Ok(());
    }
    verify::write(judged, report, &holes, !all.of_none().is_empty(), out)
}

/// Says what is found and not in this text.
fn unsaid(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let accepted = "suppressed by the policy";
    for (count, why) in [(judged.left_out, LEFT_OUT), (judged.suppressed(), accepted)] {
        if count > 0 {
            let findings = counted(count, "finding");
            writeln!(out, "{findings} {why}: their repair is not in this text.\n")?;
        }
    }
    Ok(())
}

fn undecided(doubts: &[Doubt], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Bring first\n")?;
    writeln!(out, "It cannot be decided whether the keys agree. What is missing:\n")?;
    for doubt in doubts {
        let wanted = match doubt {
            Doubt::NoPeers => "bring the snapshots of the other instances of the farm",
            Doubt::Unknown(_) => "bring what tells it",
            Doubt::Source(_) | Doubt::More => "pack and bring it again, whole",
            Doubt::Missing(_) => "name it right, or leave it out",
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

/// Returns what is left of the steps of a finding, the repair of the keys aside.
fn without_keys(fix: &[Step]) -> Vec<Step> {
    fix.iter().filter(|step| !step.is_of_key_repair()).cloned().collect()
}

/// Writes the findings that the copying of keys does not settle.
fn others(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let rest: Vec<(&Finding, Vec<Step>)> = judged
        .findings
        .iter()
        // What the policy accepts is not to be repaired; what is merely known is.
        .filter(|finding| !matches!(finding.excuse, Some(Excuse::Suppressed { .. })))
        .map(|finding| (finding, without_keys(&finding.hit.fix)))
        .filter(|(_, steps)| !steps.is_empty())
        .collect();
    if rest.is_empty() {
        return Ok(());
    }
    let title = if judged.key_repair.is_some() { "What else to do" } else { "What to do" };
    writeln!(out, "## {title}\n")?;
    let mut told = Told::default();
    for (finding, own) in rest {
        let severity = finding.severity;
        writeln!(out, "### {severity}: {}\n", prose(&finding.hit.message))?;
        writeln!(out, "Rule {}: {}\n", finding.rule.id, finding.rule.why)?;
        match told.tell(own.into(), finding.rule.id) {
            Repair::As(rule) => writeln!(out, "As for {rule} above.\n")?,
            Repair::Steps(own) => steps(&own, out)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
