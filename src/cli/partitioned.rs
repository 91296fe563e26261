//! `report --partitioned`: facts in which the lines of each farm are together, so that no more than one farm is in memory.

use super::Exit;
use super::args::Saved;
use super::farm_by_farm::FarmByFarm;
use super::finish::Prepared;
use super::output;
use super::read_facts::{read_facts, read_facts_and};
use crate::farm::{FarmNames, FarmPlan, SeenInstance, SeenSources, groups};
use crate::intake::{Source, file_states};
use crate::limits::Limits;
use crate::report::{FORMATS, Report};
use crate::request::{ReadFacts, Request};
use crate::saved::{PartReader, Parts, Saved as Merged, Survey};
use anyhow::{anyhow, bail};
use std::io::Write;

/// Reads the files twice: to see which lines belong together, and to judge the farms, one after the other.
///
/// # Errors
///
/// Fails on options that need all farms at once, on facts that are not grouped by farm, and where standard output cannot take what is
/// written.
pub(super) fn run(
    saved: &Saved,
    prepared: &Prepared<'_>,
    files: &[Source],
) -> anyhow::Result<Exit> {
    check_options(saved, prepared.request())?;
    let before =
        file_states(files).map_err(|why| anyhow!("{why}; --partitioned reads facts twice"))?;
    let limits = Limits::default();
    let mut survey = Survey::default();
    for file in files {
        read_facts(file, &limits, &mut survey);
    }
    let (parts, names) = parts(survey, prepared.request())?;
    let mut reader = PartReader::new(parts, saved.keep_all);
    let mut all = FarmByFarm::new();
    let mut trouble = None;
    output::to_stdout(|out| {
        let mut take = |part: Merged| {
            if trouble.is_none() {
                trouble = judge(part, prepared, &names, &mut all, out).err();
            }
        };
        for file in files {
            read_facts_and(file, &limits, &mut reader, &mut |reader: &mut PartReader| {
                reader.done().into_iter().for_each(&mut take);
            });
        }
        let rest = reader.end();
        let is_same = rest.is_some() && file_states(files).is_ok_and(|after| after == before);
        rest.into_iter().flatten().for_each(&mut take);
        if !is_same {
            trouble.get_or_insert_with(|| {
                anyhow!("the facts changed while they were read; what was written may be wrong")
            });
        }
        all.written()
    })?;
    match trouble {
        Some(error) => Err(error),
        None => Ok(prepared.end(all.totals())),
    }
}

/// Judges the farms of a part, and writes them.
fn judge(
    part: Merged,
    prepared: &Prepared<'_>,
    names: &FarmNames,
    all: &mut FarmByFarm,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let Merged { snapshots, sources, gaps, reach, .. } = part;
    let read = ReadFacts { snapshots, sources, gaps, reach, ..ReadFacts::default() };
    let (report, farms) = prepared.unjudged(read, Some(names))?;
    let Some(writer) = prepared.by_farm(&report) else { return Err(needs_other_format(&report)) };
    all.take(writer, &report, farms, out);
    Ok(())
}

/// Puts the sources into parts that have nothing to do with each other.
fn parts(survey: Survey, request: &Request) -> anyhow::Result<(Parts, FarmNames)> {
    let sources = survey.sources();
    let directories = sources.iter().filter(|(_, is_directory)| *is_directory);
    let mut directories: Vec<String> = directories.map(|(name, _)| (*name).to_owned()).collect();
    directories.sort();
    let plan =
        FarmPlan { by: request.farm_by.by(), directories: &directories, ..FarmPlan::default() };
    let instance = |(source, root, sling_id)| SeenInstance { source, root, sling_id };
    let seen = SeenSources {
        names: sources.iter().map(|(name, _)| *name).collect(),
        instances: survey.instances().map(instance).collect(),
        gaps: survey.gaps().collect(),
        labels: survey.labels(),
    };
    let (groups, names) = groups(&plan, &seen);
    let parts = survey.parts(&groups).map_err(|why| anyhow!(why))?;
    Ok((parts, names))
}

/// Checks that nothing is asked for that needs all farms at once.
fn check_options(saved: &Saved, request: &Request) -> anyhow::Result<()> {
    let (output, judging, terms) = (&saved.output, &saved.judging, &request.terms);
    if !output.files.is_empty() {
        bail!("--partitioned writes to standard output alone; use `> FILE` in the place of -o");
    }
    let whole = [
        (output.template.is_some(), "--template"),
        (judging.write_baseline.is_some(), "--write-baseline"),
        (output.wide, "--wide"),
        (!output.farms.is_empty(), "--farm"),
    ];
    if let Some((_, option)) = whole.into_iter().find(|(is_given, _)| *is_given) {
        bail!("{option} needs all farms at once; leave out --partitioned");
    }
    let has_farms = terms.policy.as_ref().is_some_and(|policy| !policy.farms.is_empty());
    if has_farms || !terms.selection.suppressions.is_empty() {
        bail!(
            "a policy with farms or suppressions needs all farms at once; leave out --partitioned, or all but [severity]"
        );
    }
    let report = Report::new(Vec::new(), Vec::new(), Vec::new(), &terms.selection, output.screen());
    let format = output::format(&output.format);
    let writer = format.and_then(|format| format.by_farm(&report));
    writer.map(drop).ok_or_else(|| needs_other_format(&report))
}

fn needs_other_format(report: &Report) -> anyhow::Error {
    let names = FORMATS.iter().filter(|format| format.by_farm(report).is_some());
    let names: Vec<&str> = names.map(|format| format.name).collect();
    anyhow!("--partitioned needs one of the formats {}", names.join(", "))
}
