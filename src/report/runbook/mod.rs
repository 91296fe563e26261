//! `runbook`: the repair as a document to follow, in Markdown that reads well as plain text.
//!
//! It says what the findings say, in the order in which it is done: the copying of keys once, with commands, then what else was
//! found. It runs nothing.

mod incomplete_sources;
mod text;
mod verify;

use super::by_farm::ALL_AT_ONCE;
use super::labels::LEFT_OUT;
use super::markdown::{examined, guided};
use super::repair::{as_whom, beginning, decision, parts, result, warning};
use super::{Format, Report, counted};
use crate::diagnosis::{Doubt, Judged, Verdict};
use incomplete_sources::AllIncompleteSources;
use std::io::{self, Write};
use text::{commands, name, prose};

pub(super) const FORMAT: Format = Format {
    name: "runbook",
    extensions: &["runbook", "runbook.md"],
    summary: "the repair as a document to follow",
    write,
    by_farm: ALL_AT_ONCE,
};

/// What a snapshot needs, at least.
// Written out, since bash expands braces and not every `sh` does.
const PACK: &str = "tar czf snapshot.tar.gz conf bin launchpad/conf launchpad/config launchpad/felix/bundle*/bundle.info launchpad/felix/bundle*/version* \
launchpad/felix/bundle*/data/hmac launchpad/felix/bundle*/data/master launchpad/felix/bundle*/data/storage launchpad/felix/bundle*/data/sling.id.file \
launchpad/felix/bundle*/data/sling.options.file";

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Repair of the crypto keys of AEM instances\n")?;
    if report.farms.is_empty() {
        writeln!(
            out,
            "No AEM instance was found; there is nothing to repair. Bring snapshots of all instances of the farm.\n"
        )?;
        bring(out)?;
    }
    let incomplete = AllIncompleteSources::new(report);
    for judged in &report.farms {
        farm(judged, report, &incomplete, out)?;
    }
    if !report.farms.is_empty() && !incomplete.of_none().is_empty() {
        writeln!(out, "Sources of no farm in particular:\n")?;
    }
    incomplete_sources::write(incomplete.of_none(), out)?;
    examined::write(report, out)?;
    writeln!(out, "Written by aemtrix {}. Nothing in this text was run.", env!("CARGO_PKG_VERSION"))
}

fn farm(
    judged: &Judged,
    report: &Report,
    all: &AllIncompleteSources<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let instances = counted(judged.instances(), "instance");
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
    let incomplete = all.of(judged);
    incomplete_sources::write(&incomplete, out)?;
    causes(judged, out)?;
    repair(judged, out)?;
    unsaid(judged, out)?;
    if judged.verdict == Verdict::Consistent && judged.findings.is_empty() && incomplete.is_empty()
    {
        return Ok(());
    }
    verify::write(judged, report, &incomplete, !all.of_none().is_empty(), out)
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
            Doubt::NoPeers | Doubt::TooFew { .. } => {
                ": bring the snapshots of the other instances of the farm"
            }
            // It says that itself.
            Doubt::Copy { .. } => "",
            Doubt::Unknown(_) => ": bring what shows it",
            Doubt::Source(_) | Doubt::More => ": pack it again, and send all of it",
            Doubt::Missing(_) => ": name it right, or leave it out",
        };
        writeln!(out, "- {}{wanted}.", prose(&doubt.to_string()))?;
    }
    writeln!(out)?;
    bring(out)
}

fn bring(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "On each instance that is missing or not known, inside `crx-quickstart`:")?;
    commands("", &[PACK.to_owned()], out)?;
    writeln!(
        out,
        // Of a plain tar, segments are read where they lie; one that is compressed has to be unpacked up to each.
        "A file that is not there is named and left out. Where `storage` says JCR, pack the whole `repository` too, without compression.\n"
    )
}

/// Says what is wrong, and what comes of it.
fn causes(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    if judged.causes.is_empty() {
        return Ok(());
    }
    writeln!(out, "## What is wrong\n")?;
    for cause in &judged.causes {
        let Some(root) = judged.findings.get(cause.root) else { continue };
        let severity = root.severity;
        writeln!(out, "- {severity}: {} (rule {})", prose(&root.hit.message), root.rule.id)?;
        writeln!(out, "  {}", root.rule.why)?;
    }
    writeln!(out)
}

/// Writes the plan: before, on each instance, and after.
fn repair(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let plan = &judged.plan;
    if plan.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Before you start\n")?;
    writeln!(out, "- Read this text to its end first.")?;
    if let Some(decision) = decision(plan) {
        writeln!(out, "- {}", prose(&decision))?;
    }
    if !plan.windows.is_empty() {
        writeln!(out, "- Have a backup of every instance below.")?;
    }
    if let Some((text, encrypted)) = warning(judged) {
        writeln!(out, "- {text}:")?;
        encrypted.iter().try_for_each(|what| writeln!(out, "  - [ ] {what}"))?;
    }
    writeln!(
        out,
        "- Run commands {}, in the directory where the paths below begin. A block stops at the first command that fails, \
         and prints its last line only when all of it went right. Where it does not, go no further; if that block has made a directory keys-before-… itself, copy what is in it back.",
        as_whom(plan)
    )?;
    if let Some(text) = beginning(judged) {
        writeln!(out, "- {}", prose(&text))?;
    }
    writeln!(out)?;
    for part in parts(judged, None) {
        writeln!(out, "## {}\n", prose(&part.title))?;
        part.all_steps()
            .iter()
            .enumerate()
            .try_for_each(|(index, step)| guided(index, step, out))?;
        writeln!(out)?;
    }
    writeln!(out, "{}\n", prose(&result(plan)))
}

#[cfg(test)]
mod tests;
