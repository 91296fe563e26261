//! The section "Examined" of reports that are filed: of which sources they speak, what the run was asked for, and which keys the
//! instances work with, by their full digests.

use super::{Report, counted};
use crate::custody::Custody;
use crate::diagnosis::Judged;
use crate::facts::{Digest, Digested, KeyName, NamedFile, RunRecord, SourceRecord, Utc, spoken};
use crate::limits::Limits;
use serde::Serialize;
use std::collections::BTreeMap;

/// The section.
#[derive(Serialize)]
pub(super) struct ExaminedSection {
    /// What the run was asked for: a word for each, and what it says.
    pub(super) about: Vec<(&'static str, String)>,
    pub(super) sources: Vec<ExaminedLine>,
    pub(super) keys: Vec<KeyLine>,
}

/// A source.
#[derive(Serialize)]
pub(super) struct ExaminedLine {
    pub(super) source: String,
    pub(super) container: String,
    pub(super) entries: u64,
    pub(super) bytes: Option<u64>,
    /// When it was written to last, in UTC.
    pub(super) written: Option<String>,
    pub(super) sha256: Option<String>,
    /// The digest is over the list of what was read of a directory.
    pub(super) is_listing: bool,
    pub(super) complete: bool,
}

/// A key, and the instances that work with it.
#[derive(Serialize)]
pub(super) struct KeyLine {
    pub(super) farm: String,
    pub(super) key: &'static str,
    pub(super) bytes: u64,
    pub(super) md5: String,
    pub(super) sha256: String,
    pub(super) instances: Vec<String>,
}

impl ExaminedSection {
    pub(super) fn of(report: &Report) -> Self {
        let mut custody = report.custody.clone();
        custody.options.extend(report.chosen.iter().map(|farm| format!("--farm {farm}")));
        Self {
            about: about(&custody),
            sources: report.sources.iter().map(ExaminedLine::from).collect(),
            keys: report.farms.iter().flat_map(keys).collect(),
        }
    }
}

/// Says what a run was asked for.
pub(super) fn about(custody: &Custody) -> Vec<(&'static str, String)> {
    let options = custody.options.join(" ");
    let all = [
        ("Case", custody.case()),
        ("Examiner", custody.examiner()),
        ("Tool", Some(tool(env!("CARGO_PKG_VERSION"), &custody.build))),
        ("Made", custody.stamp_ms.map(|stamp| Utc(stamp).to_string())),
        ("Options", Some(options).filter(|options| !options.is_empty())),
        ("Policy", custody.policy.as_ref().map(file)),
        ("As of", custody.as_of.map(|day| day.to_string())),
        ("Baseline", custody.baseline.as_ref().map(file)),
    ];
    let all = all.into_iter().filter_map(|(what, says)| Some((what, says?)));
    // Facts of thousands of uploads were saved by as many runs where each has its time.
    let max = Limits::DEFAULT.overview_lines_max;
    let runs = custody.runs.iter().take(max).map(|run| ("Facts of", saved_by(run)));
    let more = custody.runs.len().saturating_sub(max);
    let more = (more > 0).then(|| ("Facts of", format!("{} more", counted(more, "run"))));
    all.chain(runs).chain(more).collect()
}

fn tool(version: &str, build: &str) -> String {
    match build {
        "" => format!("aemtrix {version}"),
        build => format!("aemtrix {version} ({build})"),
    }
}

fn file(file: &NamedFile) -> String {
    format!("{}, sha256 {}", file.name, file.sha256)
}

/// Says of a run that saved facts what it was asked for.
fn saved_by(run: &RunRecord) -> String {
    let options = run.options.join(" ");
    let parts = [
        Some(tool(&run.version, &run.build)),
        run.again.then(|| "merged".to_owned()),
        run.case.as_ref().map(|case| format!("case {case}")),
        run.examiner.as_ref().map(|examiner| format!("examiner {examiner}")),
        run.stamp_ms.map(|stamp| format!("made {}", Utc(stamp))),
        Some(options).filter(|options| !options.is_empty()),
        run.policy.as_ref().map(|policy| format!("policy {}", file(policy))),
        run.as_of.as_ref().map(|day| format!("as of {day}")),
        run.baseline.as_ref().map(|baseline| format!("baseline {}", file(baseline))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Returns the keys that the instances of a farm work with, as they were read: what `md5sum` says of them on the instance.
pub(super) fn keys(judged: &Judged) -> Vec<KeyLine> {
    let mut all: BTreeMap<(KeyName, Digest), Vec<String>> = BTreeMap::new();
    for member in &judged.farm.members {
        for name in KeyName::ALL {
            if let Some(key) = member.known_key(name) {
                all.entry((name, key.digest.whole)).or_default().push(member.name.clone());
            }
        }
    }
    let line = |((name, digest), instances): ((KeyName, Digest), Vec<String>)| KeyLine {
        farm: judged.farm.name.clone(),
        key: name.file_name(),
        bytes: digest.bytes,
        md5: digest.md5.to_string(),
        sha256: digest.sha256.to_string(),
        instances,
    };
    all.into_iter().map(line).collect()
}

impl From<&SourceRecord> for ExaminedLine {
    fn from(record: &SourceRecord) -> Self {
        let known = !record.container.is_empty();
        Self {
            source: spoken(&record.name).to_owned(),
            container: if known { record.container.clone() } else { "unknown".to_owned() },
            entries: record.entries,
            bytes: record.bytes,
            written: record.mtime_ms.map(|written| Utc(written).to_string()),
            sha256: record.digest.map(|digest| digest.sha256.to_string()),
            is_listing: record.digest.is_some_and(|digest| digest.of == Digested::Listing),
            complete: record.complete,
        }
    }
}

impl ExaminedLine {
    /// Says of a source what it is like, in one line.
    pub(super) fn spoken(&self) -> String {
        let bytes = self.bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let over = if self.is_listing { "sha256 of the list of what was read" } else { "sha256" };
        let entries = usize::try_from(self.entries).unwrap_or(usize::MAX);
        let entries = match entries {
            1 => "1 entry".to_owned(),
            many => format!("{many} entries"),
        };
        let parts = [
            Some(self.container.clone()),
            Some(entries),
            bytes.map(|bytes| counted(bytes, "byte")),
            self.written.as_ref().map(|written| format!("written {written}")),
            self.sha256.as_ref().map(|sha256| format!("{over} {sha256}")),
            Some(if self.complete { "read in full" } else { "READ IN PART" }.to_owned()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
