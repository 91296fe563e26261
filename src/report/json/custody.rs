//! On what evidence the report speaks: its sources, and what the run was asked for.

use crate::custody::Custody;
use crate::facts::{Digested, NamedFile, RunRecord, SourceRecord};
use schemars::JsonSchema;
use serde::Serialize;

/// A source, as it was when it was read.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Examined")]
pub(in crate::report) struct WireExamined<'a> {
    source: &'a str,
    /// How it is packed, outermost first; empty where that is not known.
    container: &'a str,
    /// Its length; null where it is no file.
    bytes: Option<u64>,
    /// When it was written to last, milliseconds since 1970; null where it is no file.
    mtime_ms: Option<u64>,
    /// Null without `--digests`, and where it could not be read to its end.
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    sha256: Option<String>,
    /// What that is over: the bytes of the file, or of a directory the list of the files that were read. Each of those has a line of the
    /// SHA-256 of the bytes that were read, their number, the length of the file and its path, parted by blanks, and ends in a zero byte.
    #[schemars(extend("enum" = ["file", "listing", null]))]
    digest_of: Option<&'static str>,
    /// Entries seen.
    entries: u64,
    /// It was read to the last byte.
    complete: bool,
}

/// What the run was asked for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Run")]
pub(in crate::report) struct WireRunOf<'a> {
    /// The machine that the tool was built for, and the build where whoever packed it named one.
    build: &'a str,
    /// As `--case` says; without it, as the runs that saved the facts were told.
    case: Option<String>,
    /// As `--examiner` says; without it, as the runs that saved the facts were told.
    examiner: Option<String>,
    /// When the report was made, milliseconds since 1970; null without `--stamp`.
    stamp_ms: Option<u64>,
    /// Options that bear on the result and are not as usual.
    options: &'a [String],
    /// The day on which suppressions were to hold; null where none has an end.
    #[schemars(extend("format" = "date"))]
    as_of: Option<String>,
    policy: Option<WireNamedFile<'a>>,
    baseline: Option<WireNamedFile<'a>>,
    /// The runs that saved the facts which this report is made of, where they were asked for something else; none where the sources were read for it.
    facts_of: Vec<WireFactsOf<'a>>,
}

/// A run that saved facts, or merged saved ones.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FactsOf")]
struct WireFactsOf<'a> {
    version: &'a str,
    build: &'a str,
    /// It merged saved facts, and read no source.
    again: bool,
    case: Option<&'a str>,
    examiner: Option<&'a str>,
    stamp_ms: Option<u64>,
    options: &'a [String],
    as_of: Option<&'a str>,
    policy: Option<WireNamedFile<'a>>,
    baseline: Option<WireNamedFile<'a>>,
}

/// A file that an option names.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NamedFile")]
struct WireNamedFile<'a> {
    name: &'a str,
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    sha256: String,
}

impl<'a> From<&'a SourceRecord> for WireExamined<'a> {
    fn from(record: &'a SourceRecord) -> Self {
        Self {
            source: &record.name,
            container: &record.container,
            bytes: record.bytes,
            mtime_ms: record.mtime_ms,
            sha256: record.digest.map(|digest| digest.sha256.to_string()),
            digest_of: record.digest.map(|digest| Digested::label(digest.of)),
            entries: record.entries,
            complete: record.complete,
        }
    }
}

impl<'a> From<&'a NamedFile> for WireNamedFile<'a> {
    fn from(file: &'a NamedFile) -> Self {
        Self { name: &file.name, sha256: file.sha256.to_string() }
    }
}

impl<'a> From<&'a Custody> for WireRunOf<'a> {
    fn from(custody: &'a Custody) -> Self {
        Self {
            build: &custody.build,
            case: custody.case(),
            examiner: custody.examiner(),
            stamp_ms: custody.stamp_ms,
            options: &custody.options,
            as_of: custody.as_of.map(|day| day.to_string()),
            policy: custody.policy.as_ref().map(WireNamedFile::from),
            baseline: custody.baseline.as_ref().map(WireNamedFile::from),
            facts_of: custody.runs.iter().map(WireFactsOf::from).collect(),
        }
    }
}

impl<'a> From<&'a RunRecord> for WireFactsOf<'a> {
    fn from(run: &'a RunRecord) -> Self {
        Self {
            version: &run.version,
            build: &run.build,
            again: run.again,
            case: run.case.as_deref(),
            examiner: run.examiner.as_deref(),
            stamp_ms: run.stamp_ms,
            options: &run.options,
            as_of: run.as_of.as_deref(),
            policy: run.policy.as_ref().map(WireNamedFile::from),
            baseline: run.baseline.as_ref().map(WireNamedFile::from),
        }
    }
}
