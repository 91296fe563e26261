//! Every case of `testdata/cases`, packed in every way: it says what its `expect.txt` says, and always the same.
//!
//! A case has one directory a source, named like the instance in it, and `expect.txt` with one expectation a line:
//!
//! Where there is a `policy.toml`, it is given as `--policy`, as of 1 June 2026; findings and verdicts are then those of all farms, the
//! latter with commas between them.
//!
//! ```text
//! # comment
//! verdict: consistent | inconsistent | undecided
//! exit: 0 | 1 | 2
//! finding: <rule> <instance>,<instance>      one line a finding; no other may come
//! gap: <kind>                                all kinds that may and must come
//! cell: <fact> <instance> <text>             a cell of the matrix
//! ```

use crate::pack::{Case, Link, Packing};
use crate::run::{self, aemtrix, operand, texts};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A case as it lies on disk.
pub(crate) struct Stored {
    pub(crate) name: String,
    /// What is in each source, by name.
    pub(crate) sources: BTreeMap<String, Case>,
    pub(crate) expect: Expect,
    /// The policy, as text.
    pub(crate) policy: Option<String>,
}

/// What is expected of a case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Expect {
    verdict: String,
    exit: i32,
    /// Rule and instances of each finding, sorted.
    pub(crate) findings: Vec<String>,
    gaps: BTreeSet<String>,
    /// Fact, instance, text.
    cells: BTreeSet<(String, String, String)>,
}

impl Stored {
    /// Returns `true` if it has links that a packing has no room for.
    fn has_links(&self, packing: Packing) -> bool {
        let mut links = self.sources.values().flat_map(|case| case.links.values());
        links.any(|link| packing == Packing::ZipBackslashes || matches!(link, Link::Hard(_)))
    }
}

/// All cases, by name.
pub(crate) fn all() -> Vec<Stored> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    subdirectories(&home).iter().map(|path| read(path)).collect()
}

fn subdirectories(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
    let mut directories: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    directories.sort();
    directories
}

fn read(home: &Path) -> Stored {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let sources = subdirectories(home).iter().map(|path| (name(path), Case::read(path))).collect();
    let text = fs::read_to_string(home.join("expect.txt")).unwrap();
    let policy = fs::read_to_string(home.join("policy.toml")).ok();
    Stored { name: name(home), sources, expect: parse(&text), policy }
}

fn parse(text: &str) -> Expect {
    let mut expect = Expect::default();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.split_once(": ") {
            Some(("verdict", verdict)) => verdict.clone_into(&mut expect.verdict),
            Some(("exit", code)) => expect.exit = code.parse().unwrap(),
            Some(("finding", finding)) => expect.findings.push(finding.to_owned()),
            Some(("gap", kind)) => drop(expect.gaps.insert(kind.to_owned())),
            Some(("cell", cell)) => drop(expect.cells.insert(parse_cell(cell))),
            _ => panic!("no expectation: {line:?}"),
        }
    }
    expect.findings.sort();
    expect
}

fn parse_cell(cell: &str) -> (String, String, String) {
    let mut parts = cell.splitn(3, ' ').map(str::to_owned);
    let mut next = || parts.next().expect("a cell has a fact, an instance and a text");
    (next(), next(), next())
}

/// What a report says, of the cells only those that are asked for.
fn said(report: &Value, exit: i32, asked: &Expect) -> Expect {
    let farms = || run::list(&report["farms"]);
    let finding = |finding: &Value| {
        let instances = texts(&finding["instances"]).join(",");
        format!("{} {instances}", finding["rule"].as_str().unwrap())
    };
    let mut findings: Vec<_> =
        farms().flat_map(|farm| run::list(&farm["findings"])).map(finding).collect();
    findings.sort();
    let gaps = run::list(&report["gaps"]).map(|gap| gap["kind"].as_str().unwrap().to_owned());
    let cells = asked.cells.iter().map(|(fact, instance, _)| {
        let text = farms().find_map(|farm| cell(&farm["matrix"], fact, instance));
        let text = text.unwrap_or("no such cell");
        (fact.clone(), instance.clone(), text.to_owned())
    });
    let verdicts: Vec<_> = farms().filter_map(|farm| farm["verdict"].as_str()).collect();
    Expect {
        verdict: verdicts.join(", "),
        exit,
        findings,
        gaps: gaps.collect(),
        cells: cells.collect(),
    }
}

fn cell<'r>(matrix: &'r Value, fact: &str, instance: &str) -> Option<&'r str> {
    let column = texts(&matrix["instances"]).iter().position(|name| *name == instance)?;
    let row = run::list(&matrix["rows"]).find(|row| row["fact"] == fact)?;
    row["cells"][column]["text"].as_str()
}

/// The day on which policies of cases are applied.
pub(crate) const AS_OF: &str = "2026-06-01";

/// A case, packed into a directory of its own.
struct Packed {
    home: TempDir,
    paths: BTreeMap<String, PathBuf>,
}

impl Packed {
    fn new(case: &Stored, packing: Packing) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pack = |(name, case): (&String, &Case)| {
            (name.clone(), case.pack_into(home.path(), packing, name))
        };
        let paths = case.sources.iter().map(pack).collect();
        Self { home, paths }
    }

    fn operands(&self) -> Vec<OsString> {
        self.paths.iter().map(|(name, path)| operand(name, path)).collect()
    }

    /// Operands, and before them what the case asks for.
    fn options(&self, case: &Stored) -> Vec<OsString> {
        let mut options = Vec::new();
        if let Some(policy) = &case.policy {
            let path = self.home.path().join("policy.toml");
            fs::write(&path, policy).unwrap();
            options.extend(["--as-of", AS_OF, "--policy"].map(OsString::from));
            options.push(path.into_os_string());
        }
        options.extend(self.operands());
        options
    }

    /// The JSON report without what the packing alone decides.
    fn normal(&self, text: &str) -> Value {
        let mut text = text.to_owned();
        for (name, path) in self.paths.iter().rev() {
            text = text.replace(path.to_str().unwrap(), name);
        }
        assert!(!text.contains(self.home.path().to_str().unwrap()), "a path is left in {text}");
        let mut report: Value = serde_json::from_str(&text).unwrap();
        for source in report["sources"].as_array_mut().unwrap() {
            source["container"] = Value::Null;
            source["entries"] = Value::Null;
        }
        // When it was packed, and which program asked.
        (report["examined"], report["run"]) = (Value::Null, Value::Null);
        for farm in report["farms"].as_array_mut().unwrap() {
            // Not every packing keeps times.
            farm["timeline"] = Value::Null;
            for row in farm["matrix"]["rows"].as_array_mut().unwrap() {
                if row["fact"] == "key-owner" {
                    row["cells"].as_array_mut().unwrap().iter_mut().for_each(without_owner);
                }
            }
        }
        report
    }
}

/// A directory belongs to whoever runs the test.
fn without_owner(cell: &mut Value) {
    cell["text"] = Value::Null;
}

/// What a report says where nobody knows whom the keys belong to.
fn without_owners(report: &Value) -> Value {
    let mut report = report.clone();
    for farm in report["farms"].as_array_mut().unwrap() {
        let rows = farm["matrix"]["rows"].as_array_mut().unwrap();
        rows.retain(|row| row["fact"] != "key-owner");
    }
    report
}

#[test]
fn every_case_gives_exactly_what_it_expects() {
    let mut wrong = Vec::new();
    for case in all() {
        let packed = Packed::new(&case, Packing::TarGz);
        let output =
            aemtrix().args(["scan", "-f", "json"]).args(packed.options(&case)).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap();
        let said = said(&report, output.status.code().unwrap(), &case.expect);
        if said != case.expect {
            let gaps = serde_json::to_string(&report["gaps"]).unwrap();
            let reasons = &report["farms"][0]["verdict_reasons"];
            wrong.push(format!(
                "{}: {said:#?}\nexpected {:#?}\n{gaps}\n{reasons}",
                case.name, case.expect
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_third_case_reads_the_same_from_a_directory_a_tar_and_a_zip() {
    let packings =
        [Packing::Directory, Packing::Tar, Packing::TarGz, Packing::Zip, Packing::ShuffledGz(2)];
    read_the_same(&packings, 3);
}

#[test]
#[ignore = "sweep"]
fn every_case_reads_the_same_however_it_is_packed() {
    read_the_same(&Packing::ALL, crate::damage::sweep());
}

/// Scans every `step`th case in each of these packings, of which the second is what the others are compared with.
fn read_the_same(packings: &[Packing], step: usize) {
    let mut wrong = Vec::new();
    for case in all().into_iter().step_by(step) {
        let reports = packings.iter().map(|packing| {
            let packed = Packed::new(&case, *packing);
            let report = run::scan_by(&packed.operands(), case.policy.as_deref());
            packed.normal(&run::written(&report, "json"))
        });
        let reports: Vec<_> = reports.collect();
        let is_exempt = |packing: Packing| {
            packing == Packing::NoDirectories && ABSENCE.contains(&case.name.as_str())
                || packing.is_zip() && case.has_links(packing)
        };
        let differs = |packing: Packing, report: &Value| match packing {
            Packing::ZipBackslashes => without_owners(report) != without_owners(&reports[1]),
            _ => *report != reports[1],
        };
        for (packing, report) in packings
            .iter()
            .zip(&reports)
            .filter(|(packing, report)| differs(**packing, report) && !is_exempt(**packing))
        {
            let difference = first_difference(report, &reports[1]);
            wrong.push(format!("{} as {packing:?}: {difference}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Cases about a file that is not there: an archive that lists no directories does not show that.
const ABSENCE: [&str; 3] = ["key-misplaced", "keys-synced-no-storage", "storage-missing"];

/// The first line in which two reports differ.
fn first_difference(one: &Value, other: &Value) -> String {
    let [one, other] = [one, other].map(|report| serde_json::to_string_pretty(report).unwrap());
    let differing = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    format!("{:?}", differing.unwrap_or(("", "one is longer")))
}

#[test]
fn one_instance_reads_the_same_from_standard_input() {
    let case = all().into_iter().find(|case| case.name == "one-instance").unwrap();
    for packing in [Packing::Tar, Packing::TarGz, Packing::TarGzMembers, Packing::Pax] {
        let packed = Packed::new(&case, packing);
        let (name, path) = packed.paths.first_key_value().unwrap();
        let file = run::written(&run::scan(&packed.operands()), "json");
        for piece in [usize::MAX, 1] {
            let text = through_pipe(&format!("{name}=-"), &fs::read(path).unwrap(), piece);
            let mut piped: Value = serde_json::from_str(&text).unwrap();
            rename_source(&mut piped, "-", name);
            assert_eq!(packed.normal(&piped.to_string()), packed.normal(&file), "{packing:?}");
        }
    }
}

#[test]
fn link_in_standard_input_is_a_gap_since_it_cannot_be_read_twice() {
    let case = all().into_iter().find(|case| case.name == "links").unwrap();
    let tar = case.sources["publish1"].tar(Packing::Tar);
    let report: Value = serde_json::from_str(&through_pipe("-", &tar, usize::MAX)).unwrap();
    let kinds: BTreeSet<_> = run::list(&report["gaps"]).map(|gap| gap["kind"].as_str()).collect();
    assert_eq!(kinds, BTreeSet::from([Some("link-broken")]));
    assert_eq!(report["farms"][0]["verdict"], "undecided");
}

/// Replaces a source's name wherever it stands alone.
fn rename_source(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(|value| rename_source(value, from, to)),
        Value::Object(map) => map.values_mut().for_each(|value| rename_source(value, from, to)),
        _ => {}
    }
}

/// Scans what comes through a pipe in pieces of so many bytes.
pub(crate) fn through_pipe(operand: &str, bytes: &[u8], piece: usize) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_aemtrix"))
        .args(["scan", "-q", "-f", "json", operand])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for piece in bytes.chunks(piece) {
        pipe.write_all(piece).unwrap();
    }
    drop(pipe);
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}
