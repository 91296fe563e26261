//! `json`: the whole report for programs, `aemtrix.report/1`.
//!
//! Fields may be null, are never renamed, and are only added.

mod bundle_map;
mod config;
mod log;
mod repository;

use super::harmless::harmless;
use super::printable::is_harmful;
use super::{Format, Report, SCHEMA};
use crate::facts::{
    Bundle, CRYPTO_FILE, Gap, JcrKey, KeyFile, KeyName, LineEnd, Repository, Snapshot,
    SourceRecord, StorageMode,
};
use crate::farm::{Cell, KeyState, MatrixRow, Member};
use crate::rules::{Excuse, Finding, Judged, Step};
use bundle_map::WireBundleMap;
use config::{WireConfiguration, WireToken};
use log::WireLog;
use repository::{WireNodeStore, WireRepository};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "json",
    extensions: &["json"],
    summary: "everything, for programs (aemtrix.report/1)",
    write,
};

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_json(&WireReport::from(report), out)
}

/// Writes a value as JSON for people too: indented, and harmless on a terminal.
pub(super) fn write_json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let formatter = Harmless(PrettyFormatter::new());
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n")
}

/// Writes a value as one line of JSON, harmless on a terminal.
pub(super) fn write_line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let formatter = Harmless(CompactFormatter);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n")
}

/// Returns the report as a value for templates.
pub(super) fn value(report: &Report) -> io::Result<minijinja::Value> {
    harmless(&WireReport::from(report))
}

#[derive(Serialize)]
struct WireReport<'a> {
    schema: &'a str,
    tool: WireTool,
    complete: bool,
    farms: Vec<WireFarm<'a>>,
    gaps: Vec<WireGap<'a>>,
    sources: Vec<WireSource<'a>>,
}

#[derive(Serialize)]
struct WireTool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct WireFarm<'a> {
    name: &'a str,
    verdict: &'a str,
    verdict_reasons: Vec<String>,
    instances: Vec<WireInstance<'a>>,
    matrix: WireMatrix<'a>,
    bundle_map: WireBundleMap,
    findings: Vec<WireFinding<'a>>,
    findings_left_out: usize,
    suppressed: usize,
    known: usize,
}

#[derive(Serialize)]
struct WireInstance<'a> {
    name: &'a str,
    source: &'a str,
    root: &'a str,
    complete: bool,
    verified: bool,
    role: Option<String>,
    run_modes: &'a [String],
    aem_version: Option<&'a str>,
    sling_id: Option<&'a str>,
    port: Option<u16>,
    java_version: Option<u32>,
    last_start_ms: Option<u64>,
    storage: WireStorage<'a>,
    keys: WireKeys<'a>,
    bundles: Vec<WireBundle<'a>>,
    token: WireToken<'a>,
    configurations: Vec<WireConfiguration<'a>>,
    log: Option<WireLog<'a>>,
    repository: Option<WireRepository<'a>>,
    node_store: Option<WireNodeStore<'a>>,
}

#[derive(Serialize)]
struct WireStorage<'a> {
    mode: &'static str,
    trailing_newline: bool,
    bytes: Option<u64>,
    place: Option<&'a str>,
}

#[derive(Serialize)]
struct WireKeys<'a> {
    hmac: Vec<WireKey<'a>>,
    master: Vec<WireKey<'a>>,
}

#[derive(Serialize)]
struct WireKey<'a> {
    origin: &'static str,
    bytes: u64,
    md5: String,
    sha256: String,
    trailing_newline: bool,
    place: &'a str,
    jcr_path: Option<String>,
}

#[derive(Serialize)]
struct WireBundle<'a> {
    id: Option<u64>,
    symbolic_name: Option<&'a str>,
    version: Option<&'a str>,
    state: Option<String>,
    location: Option<&'a str>,
    place: &'a str,
    identified_by: Option<&'static str>,
    revision: Option<&'a str>,
    fragment: bool,
    discard: Option<String>,
}

#[derive(Serialize)]
struct WireMatrix<'a> {
    instances: &'a [String],
    rows: Vec<WireRow<'a>>,
}

#[derive(Serialize)]
struct WireRow<'a> {
    fact: &'a str,
    expect: &'static str,
    cells: Vec<WireCell<'a>>,
}

#[derive(Serialize)]
struct WireCell<'a> {
    state: &'static str,
    group: Option<usize>,
    text: &'a str,
}

#[derive(Serialize)]
struct WireFinding<'a> {
    rule: &'a str,
    severity: &'static str,
    message: &'a str,
    instances: &'a [String],
    places: Vec<WirePlace<'a>>,
    fix: Vec<&'a str>,
    references: &'a [&'static str],
    suppressed: Option<WireSuppressed<'a>>,
    known: bool,
}

#[derive(Serialize)]
struct WireSuppressed<'a> {
    reason: &'a str,
    until: Option<String>,
}

#[derive(Serialize)]
struct WirePlace<'a> {
    source: &'a str,
    path: &'a str,
}

#[derive(Serialize)]
struct WireGap<'a> {
    source: &'a str,
    path: Option<&'a str>,
    reason: &'a str,
    kind: &'static str,
    hides_facts: bool,
    taints_facts: bool,
}

#[derive(Serialize)]
struct WireSource<'a> {
    name: &'a str,
    container: &'a str,
    entries: u64,
    instances: usize,
    complete: bool,
}

impl<'a> From<&'a Report> for WireReport<'a> {
    fn from(report: &'a Report) -> Self {
        Self {
            schema: SCHEMA,
            tool: WireTool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
            complete: report.is_complete(),
            farms: report.farms.iter().map(WireFarm::from).collect(),
            gaps: report.gaps.iter().map(WireGap::from).collect(),
            sources: report.sources.iter().map(WireSource::from).collect(),
        }
    }
}

impl<'a> From<&'a Judged> for WireFarm<'a> {
    fn from(judged: &'a Judged) -> Self {
        Self {
            name: &judged.farm.name,
            verdict: judged.verdict.label(),
            verdict_reasons: judged.verdict.reasons().iter().map(ToString::to_string).collect(),
            instances: judged.farm.members.iter().map(WireInstance::from).collect(),
            matrix: WireMatrix {
                instances: &judged.matrix.instances,
                rows: judged.matrix.rows.iter().map(WireRow::from).collect(),
            },
            bundle_map: WireBundleMap::from(&judged.farm),
            findings: judged.findings.iter().map(WireFinding::from).collect(),
            findings_left_out: judged.left_out,
            suppressed: judged.suppressed(),
            known: judged.known(),
        }
    }
}

impl<'a> From<&'a Member> for WireInstance<'a> {
    fn from(member: &'a Member) -> Self {
        let snapshot = &member.snapshot;
        Self {
            name: &member.name,
            source: &snapshot.source,
            root: &snapshot.root,
            complete: snapshot.is_complete(),
            verified: snapshot.is_verified(),
            role: snapshot.role().map(|role| role.to_string()),
            run_modes: snapshot.run_modes.as_ref().map_or(&[], |modes| &modes.selected),
            aem_version: snapshot.aem_version(),
            sling_id: snapshot.sling_id.as_ref().map(|id| id.uuid.as_str()),
            port: port(snapshot),
            java_version: snapshot.java_major,
            last_start_ms: snapshot.last_start_ms,
            storage: storage(member),
            keys: WireKeys {
                hmac: keys(member, KeyName::Hmac),
                master: keys(member, KeyName::Master),
            },
            bundles: bundles(snapshot),
            token: WireToken::from(snapshot),
            configurations: config::configurations(snapshot),
            log: snapshot.log.as_ref().map(WireLog::from),
            repository: snapshot.repository.as_ref().map(WireRepository::from),
            node_store: snapshot.node_store.as_ref().map(WireNodeStore::from),
        }
    }
}

/// Returns the bundles by number; those without one come first.
fn bundles(snapshot: &Snapshot) -> Vec<WireBundle<'_>> {
    let mut bundles: Vec<&Bundle> = snapshot.bundles.iter().collect();
    bundles.sort_by_key(|bundle| bundle.id);
    bundles.into_iter().map(WireBundle::from).collect()
}

/// The port of `sling.properties` is the same default everywhere; a start script names the one in use.
fn port(snapshot: &Snapshot) -> Option<u16> {
    snapshot.setting("CQ_PORT")?.value.parse().ok()
}

fn storage(member: &Member) -> WireStorage<'_> {
    let Some(file) = member.storage() else {
        let cell_absent = member.is_storage_absent();
        let mode = if cell_absent { "absent" } else { "unknown" };
        return WireStorage { mode, trailing_newline: false, bytes: None, place: None };
    };
    WireStorage {
        mode: match file.storage.mode {
            StorageMode::Bundle => "bundle",
            StorageMode::Jcr => "jcr",
            StorageMode::Unknown => "unknown",
        },
        trailing_newline: file.storage.line_end.is_some(),
        bytes: Some(file.storage.bytes),
        place: Some(&file.place.path),
    }
}

fn keys(member: &Member, name: KeyName) -> Vec<WireKey<'_>> {
    let files = member.snapshot.key_files.iter().filter(|file| file.name == name);
    let jcr = member.snapshot.repository.iter().filter_map(|r| Some((r, r.key(name)?)));
    let jcr = jcr.map(|(repository, key)| jcr_key(repository, key));
    files.map(|file| key(member, file)).chain(jcr).collect()
}

fn key<'a>(member: &'a Member, file: &'a KeyFile) -> WireKey<'a> {
    let stray: Option<LineEnd> = match member.key(file.name) {
        KeyState::Known(key) if *key.place() == file.place => key.stray,
        _ => None,
    };
    WireKey {
        origin: if member.snapshot.is_misplaced(&file.directory, CRYPTO_FILE) {
            "misplaced"
        } else {
            "bundle"
        },
        bytes: file.digest.whole.bytes,
        md5: file.digest.whole.md5.to_string(),
        sha256: file.digest.whole.sha256.to_string(),
        trailing_newline: stray.is_some(),
        place: &file.place.path,
        jcr_path: None,
    }
}

/// A key in the repository, whether the instance works with it or not.
fn jcr_key<'a>(repository: &'a Repository, key: &JcrKey) -> WireKey<'a> {
    WireKey {
        origin: "jcr",
        bytes: key.digest.whole.bytes,
        md5: key.digest.whole.md5.to_string(),
        sha256: key.digest.whole.sha256.to_string(),
        trailing_newline: false,
        place: &repository.place.path,
        jcr_path: Some(key.path()),
    }
}

impl<'a> From<&'a Bundle> for WireBundle<'a> {
    fn from(bundle: &'a Bundle) -> Self {
        use crate::facts::IdentifiedBy;
        Self {
            id: bundle.id,
            symbolic_name: bundle.symbolic_name.as_deref(),
            version: bundle.version.as_deref(),
            state: bundle.state.map(|state| state.to_string()),
            location: bundle.location.as_deref(),
            place: &bundle.place.path,
            identified_by: bundle.identified_by.map(|by| match by {
                IdentifiedBy::Manifest => "manifest",
                IdentifiedBy::OtherRevision => "other-revision",
                IdentifiedBy::Location => "location",
            }),
            revision: bundle.revisions.iter().find(|r| r.current).map(|r| r.directory.as_str()),
            fragment: bundle.fragment,
            discard: bundle.discard.as_ref().map(ToString::to_string),
        }
    }
}

impl<'a> From<&'a MatrixRow> for WireRow<'a> {
    fn from(row: &'a MatrixRow) -> Self {
        let cell = |cell: &'a Cell| WireCell {
            state: cell.state.label(),
            group: cell.group,
            text: &cell.text,
        };
        Self {
            fact: row.fact,
            expect: row.expect.label(),
            cells: row.cells.iter().map(cell).collect(),
        }
    }
}

impl<'a> From<&'a Finding> for WireFinding<'a> {
    fn from(finding: &'a Finding) -> Self {
        let place =
            |place: &'a crate::facts::Place| WirePlace { source: &place.source, path: &place.path };
        Self {
            rule: finding.rule.id,
            severity: finding.severity.label(),
            message: &finding.hit.message,
            instances: &finding.hit.instances,
            places: finding.hit.places.iter().map(place).collect(),
            fix: finding.hit.fix.iter().map(Step::as_str).collect(),
            references: finding.rule.references,
            suppressed: match &finding.excuse {
                Some(Excuse::Suppressed { reason, until }) => {
                    Some(WireSuppressed { reason, until: until.map(|day| day.to_string()) })
                }
                Some(Excuse::Known) | None => None,
            },
            known: finding.excuse == Some(Excuse::Known),
        }
    }
}

impl<'a> From<&'a Gap> for WireGap<'a> {
    fn from(gap: &'a Gap) -> Self {
        Self {
            source: &gap.source,
            path: gap.path.as_deref(),
            reason: &gap.reason,
            kind: gap.kind.label(),
            hides_facts: gap.kind.hides(),
            taints_facts: gap.kind.taints(),
        }
    }
}

impl<'a> From<&'a SourceRecord> for WireSource<'a> {
    fn from(record: &'a SourceRecord) -> Self {
        Self {
            name: &record.name,
            container: &record.container,
            entries: record.entries,
            instances: record.instances,
            complete: record.complete,
        }
    }
}

/// Writes characters that control a terminal as `\uXXXX`. JSON demands that below U+0020 alone, but people page through
/// reports on terminals.
struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        if !text.contains(is_harmful) {
            return out.write_all(text.as_bytes());
        }
        let mut buffer = [0; 4];
        for character in text.chars() {
            if is_harmful(character) {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}")?;
                }
            } else {
                out.write_all(character.encode_utf8(&mut buffer).as_bytes())?;
            }
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}
