//! Sorts the configurations of one install: those that count, and what to say of the others.

use super::collector::Item;
use crate::evidence::{Config, ConfigFile, Deviation, Fact, Found, IgnoredConfig};
use crate::facts::{Configuration, Gap, GapKind, Place};
use std::collections::{BTreeMap, BTreeSet};

/// One piece of evidence: path, what the path says, and what was read.
type Evidence<'a> = (&'a str, Found<'a>, &'a Item);

/// Returns the configurations that matter, sorted by PID.
pub(super) fn configurations(source: &str, evidence: &[Evidence<'_>]) -> Vec<Configuration> {
    let doubled = doubled(evidence);
    let place = |path: &str| Place { source: source.to_owned(), path: path.to_owned() };
    let mut all: Vec<Configuration> = used(evidence)
        .filter(|(path, config)| config.matters() && !doubled.contains(path))
        .map(|(path, config)| config.at(place(path)))
        .collect();
    all.sort_by(|a, b| (&a.pid, &a.place).cmp(&(&b.pid, &b.place)));
    all
}

/// Says whether `launchpad/config` was packed, and not just files picked from it: then there are configurations of other components
/// below `com`, where most of those looked for lie.
pub(super) fn are_packed(evidence: &[Evidence<'_>]) -> bool {
    used(evidence).any(|(_, config)| !config.matters() && config.pid.starts_with("com."))
}

/// Tells what Felix ignores, and what its versions read differently: one line a reason.
pub(super) fn notes(source: &str, evidence: &[Evidence<'_>]) -> Vec<Gap> {
    let mut ignored: BTreeMap<IgnoredConfig, Vec<&str>> = BTreeMap::new();
    let mut lenient: BTreeMap<Deviation, Vec<&str>> = BTreeMap::new();
    for (path, file) in files(evidence) {
        match file {
            ConfigFile::Ignored(why) => ignored.entry(*why).or_default().push(path),
            ConfigFile::Used(config) => {
                for deviation in &config.deviations {
                    lenient.entry(*deviation).or_default().push(path);
                }
            }
        }
    }
    let old = doubled(evidence);
    if !old.is_empty() {
        ignored.insert(IgnoredConfig::OtherEncoding, old.into_iter().collect());
    }
    let of_ignored = ignored.iter().filter_map(|(why, paths)| {
        note(source, GapKind::Ignored, paths, &format!("{why}; it is not used, as in Felix"))
    });
    let of_lenient = lenient
        .iter()
        .filter_map(|(why, paths)| note(source, GapKind::Lenient, paths, &why.to_string()));
    of_ignored.chain(of_lenient).collect()
}

/// Names the first file and counts the others: an old install has a hundred indexes of factories.
fn note(source: &str, kind: GapKind, paths: &[&str], why: &str) -> Option<Gap> {
    let path = Some((*paths.first()?).to_owned());
    let reason = match paths.len() {
        1 => why.to_owned(),
        count => format!("{why} (and {} more like it)", count.saturating_sub(1)),
    };
    Some(Gap { source: source.to_owned(), path, kind, reason })
}

/// Returns the files at a path of Windows whose PID has a file at the usual path too.
fn doubled<'a>(evidence: &[Evidence<'a>]) -> BTreeSet<&'a str> {
    let usual: BTreeSet<&str> = used(evidence)
        .filter(|(_, config)| !config.windows)
        .map(|(_, config)| config.pid.as_str())
        .collect();
    used(evidence)
        .filter(|(_, config)| config.windows && usual.contains(config.pid.as_str()))
        .map(|(path, _)| path)
        .collect()
}

fn used<'a>(evidence: &[Evidence<'a>]) -> impl Iterator<Item = (&'a str, &'a Config)> {
    files(evidence).filter_map(|(path, file)| match file {
        ConfigFile::Used(config) => Some((path, &**config)),
        ConfigFile::Ignored(_) => None,
    })
}

fn files<'a>(evidence: &[Evidence<'a>]) -> impl Iterator<Item = (&'a str, &'a ConfigFile)> {
    evidence.iter().filter_map(|(path, _, item)| match item {
        Item::Read { fact: Ok(Fact::Config(file)), .. } => Some((*path, file)),
        _ => None,
    })
}
