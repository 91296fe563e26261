//! Saved facts: judged again they say what the scan said, and damage to them is told.

use crate::cases;
use crate::pack::Packing;
use crate::run::{aemtrix, operand};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The sources of a case, packed and named.
fn packed(case: &cases::Stored, home: &Path) -> Vec<OsString> {
    let packing =
        |name: &str| if name.len().is_multiple_of(2) { Packing::Tar } else { Packing::TarGz };
    let sources = case.sources.iter();
    sources.map(|(name, case)| operand(name, &case.pack_into(home, packing(name), name))).collect()
}

/// Standard output and exit code.
fn run(command: &str, arguments: &[&str], operands: &[OsString], input: &[u8]) -> (Vec<u8>, i32) {
    let output = aemtrix()
        .arg(command)
        .arg("-q")
        .args(arguments)
        .args(operands)
        .write_stdin(input)
        .output()
        .unwrap();
    (output.stdout, output.status.code().unwrap())
}

/// A case by name, scanned into facts.
fn facts(name: &str) -> (TempDir, Vec<u8>) {
    let home = tempfile::tempdir().unwrap();
    let case = cases::all().into_iter().find(|case| case.name == name).unwrap();
    let facts = run("scan", &["-f", "ndjson"], &packed(&case, home.path()), b"").0;
    (home, facts)
}

#[test]
fn every_case_is_judged_from_its_facts_as_from_its_sources() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        let home = tempfile::tempdir().unwrap();
        let sources = packed(&case, home.path());
        let scanned = run("scan", &["-f", "json"], &sources, b"");
        let facts = run("scan", &["-f", "ndjson"], &sources, b"").0;
        if run("report", &["-f", "json"], &["-".into()], &facts) != scanned {
            wrong.push(case.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn facts_of_facts_are_the_same_facts() {
    let (_home, facts) = facts("odd-pair");
    assert_eq!(run("report", &["-f", "ndjson"], &["-".into()], &facts).0, facts);
}

#[test]
fn files_of_single_sources_say_together_what_one_scan_says() {
    let home = tempfile::tempdir().unwrap();
    let case = cases::all().into_iter().find(|case| case.name == "odd-pair").unwrap();
    let sources = packed(&case, home.path());
    let mut files = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let file = home.path().join(format!("{index}.ndjson"));
        run("scan", &["-o", file.to_str().unwrap()], std::slice::from_ref(source), b"");
        files.push(file.into_os_string());
    }
    let scanned = run("scan", &["-f", "json"], &sources, b"");
    assert_eq!(run("report", &["-f", "json"], &files, b""), scanned);
    files.reverse();
    let again = [files.clone(), files].concat();
    assert_eq!(run("report", &["-f", "json"], &again, b""), scanned);
}

#[test]
fn cut_facts_are_incomplete_evidence() {
    let (_home, facts) = facts("good-farm");
    assert_eq!(run("report", &["-f", "json"], &["-".into()], &facts).1, 0);
    let last = facts[..facts.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
    for length in [0, 1, 500, facts.len() / 2, last, last + 1, last + 10] {
        let (report, exit) = run("report", &["-f", "json"], &["-".into()], &facts[..length]);
        assert_eq!(exit, 2, "{length} of {}", facts.len());
        let report = String::from_utf8(report).unwrap();
        assert!(!report.contains("\"verdict\": \"consistent\""), "{length}: {report}");
    }
}

#[test]
fn what_is_no_file_of_facts_is_told_and_costs_no_other() {
    let (home, facts) = facts("good-farm");
    let file = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.into_os_string()
    };
    let good = file("good.ndjson", &facts);
    for bad in [
        file("garbage", &vec![0xA5; 100_000]),
        file("lines", "x\n".repeat(100_000).as_bytes()),
        file("other.json", b"{\"schema\": \"aemtrix.report/1\"}\n"),
        home.path().join("missing").into_os_string(),
        home.path().as_os_str().to_owned(),
    ] {
        let (report, exit) = run("report", &["-f", "json"], &[good.clone(), bad.clone()], b"");
        assert_eq!(exit, 2, "{}", bad.display());
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        assert_eq!(report["farms"][0]["verdict"], "undecided");
        assert_eq!(report["farms"][0]["instances"].as_array().unwrap().len(), 2);
        let gaps = report["gaps"].as_array().unwrap().len();
        assert!((1..=21).contains(&gaps), "{gaps}");
    }
}

#[test]
fn report_replaces_no_file_of_facts() {
    let (home, facts) = facts("good-farm");
    let path = home.path().join("facts.ndjson");
    fs::write(&path, &facts).unwrap();
    let arguments = ["-o", path.to_str().unwrap()];
    assert_eq!(run("report", &arguments, &[path.clone().into_os_string()], b"").1, 2);
    assert_eq!(fs::read(&path).unwrap(), facts);
}

#[test]
#[cfg(unix)]
fn what_is_neither_file_nor_standard_input_is_told_at_once() {
    use std::time::Duration;
    let (home, facts) = facts("good-farm");
    let [good, fifo] = ["good.ndjson", "fifo"].map(|name| home.path().join(name));
    fs::write(&good, &facts).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for other in [fifo.as_path(), Path::new("/dev/zero")] {
        let mut command = aemtrix();
        command.timeout(Duration::from_mins(1)).args(["report", "-q", "-f", "json"]);
        let output = command.arg(&good).arg(other).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", other.display());
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let gaps = report["gaps"].as_array().unwrap();
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!(gaps[0]["source"], other.to_str().unwrap());
        assert!(gaps[0]["reason"].as_str().unwrap().contains("use `-`"), "{gaps:?}");
        assert_eq!(report["farms"][0]["verdict"], "undecided");
    }
}
