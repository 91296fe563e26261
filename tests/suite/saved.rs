//! Saved facts: judged again they say what the scan said, and damage to them is told.

use crate::cases;
use crate::pack::Packing;
use crate::run::{aemtrix, exit_code, list, operand, scan_by, written};
use crate::scenes::Scenes;
use aemtrix::diagnosis::{Selection, Verdict};
use aemtrix::farm::{FarmPlan, farms};
use aemtrix::policy::parse;
use aemtrix::report::{Report, Screen};
use aemtrix::rules::RULES;
use aemtrix::saved::{Merge, ReadLine};
use serde_json::Value;
use std::collections::BTreeSet;
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
    let sorted = run("report", &["-f", "ndjson"], &["-".into()], &facts).0;
    let lines = |text: &[u8]| -> BTreeSet<String> {
        String::from_utf8_lossy(text).lines().map(str::to_owned).collect()
    };
    assert_eq!(lines(&sorted), lines(&facts));
    assert_eq!(run("report", &["-f", "ndjson"], &["-".into()], &sorted).0, sorted);
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
    for length in [0, 1, 500, facts.len() / 2, last, last + 1, last + 10, facts.len() - 2] {
        let (report, exit) = run("report", &["-f", "json"], &["-".into()], &facts[..length]);
        assert_eq!(exit, 2, "{length} of {}", facts.len());
        let report: Value = serde_json::from_slice(&report).unwrap();
        let is_sound = |farm: &Value| farm["verdict"] == "consistent";
        assert!(!list(&report["farms"]).any(is_sound), "{length}: {report}");
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
        tempfile::tempdir_in(home.path()).unwrap().keep().into_os_string(),
    ] {
        let (report, exit) = run("report", &["-f", "json"], &[good.clone(), bad.clone()], b"");
        assert_eq!(exit, 2, "{}", bad.display());
        let report: Value = serde_json::from_slice(&report).unwrap();
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
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let gaps = report["gaps"].as_array().unwrap();
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!(gaps[0]["source"], other.to_str().unwrap());
        let reason = "is a device, FIFO or socket; use `-` to read from a pipe";
        assert_eq!(gaps[0]["reason"], reason);
        assert_eq!(report["farms"][0]["verdict"], "undecided");
    }
}

/// Judges lines of facts in this process, as `aemtrix report` does.
fn judged(lines: &[String], policy: Option<&str>) -> Report {
    let mut merge = Merge::default();
    merge.begin("facts");
    for line in lines {
        merge.take(ReadLine::whole(line.as_bytes()));
    }
    merge.end();
    let saved = merge.finish();
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let policy = policy.map(|text| parse(text, &ids).unwrap());
    let mut selection = Selection::default();
    if let Some(policy) = &policy {
        selection.severities.clone_from(&policy.severities);
        selection.suppressions.clone_from(&policy.suppressions);
        selection.today = cases::AS_OF.parse().ok();
    }
    let plan = FarmPlan {
        gaps: &saved.gaps,
        reach: Some(&saved.reach),
        policy: policy.as_ref(),
        ..FarmPlan::default()
    };
    let farms = farms(saved.snapshots, &plan).unwrap();
    let report = Report::new(farms, saved.sources, saved.gaps, &selection, Screen::default());
    Report { ledger: Some(saved.ledger), ..report }
}

#[test]
fn order_and_repetition_of_lines_do_not_show_in_any_case_and_a_lost_line_does() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        let home = tempfile::tempdir().unwrap();
        let policy = case.policy.as_deref();
        let scanned = scan_by(&packed(&case, home.path()), policy);
        let facts = written(&scanned, "ndjson");
        let lines: Vec<String> = facts.lines().map(str::to_owned).collect();
        let mut shuffled: Vec<String> = lines.iter().rev().cloned().collect();
        shuffled.rotate_left(lines.len() / 3);
        shuffled.extend(lines.iter().take(2).map(|line| format!("{line}\r")));
        for same in [&lines, &shuffled] {
            let report = judged(same, policy);
            if written(&report, "json") != written(&scanned, "json") {
                wrong.push(format!("{}: is judged otherwise", case.name));
            }
        }
        for lost in 0..lines.len() {
            let mut rest = lines.clone();
            let line = rest.remove(lost);
            let report = judged(&rest, policy);
            let is_consistent = report.farms.iter().any(|of| of.verdict == Verdict::Consistent);
            // With a policy, a farm that is there as a whole is judged as before.
            if is_consistent && policy.is_none() || exit_code(&report) != 2 {
                let line: String = line.chars().take(100).collect();
                wrong.push(format!("{}: is sound without {line}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The demo farm, of which one instance differs, in `a`, and two of it that agree in `b`; the facts of each.
fn two_farms() -> (TempDir, [String; 2]) {
    let home = tempfile::tempdir().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/demo");
    let facts = [("a", &["author", "publish1", "publish2"][..]), ("b", &["author", "publish1"])]
        .map(|(farm, instances)| {
            let folder = home.path().join(farm);
            fs::create_dir(&folder).unwrap();
            for name in instances.iter().map(|name| format!("{name}.tar.gz")) {
                fs::copy(demo.join(&name), folder.join(&name)).unwrap();
            }
            let facts = run("scan", &["-f", "ndjson"], &[folder.into_os_string()], b"").0;
            // A scan writes what was read first, and this sorts it.
            String::from_utf8(run("report", &["-f", "ndjson"], &["-".into()], &facts).0).unwrap()
        });
    (home, facts)
}

/// The farms of facts by their directory, as `name verdict`, and the exit code.
fn farms_of(operands: &[OsString], input: &str) -> (String, i32) {
    let (report, exit) =
        run("report", &["-f", "json", "--farm-by", "parent"], operands, input.as_bytes());
    let report: Value = serde_json::from_slice(&report).unwrap();
    let farm = |farm: &Value| {
        format!("{} {}", farm["name"].as_str().unwrap(), farm["verdict"].as_str().unwrap())
    };
    assert_eq!(report["complete"] == true, exit != 2, "{report}");
    (list(&report["farms"]).map(farm).collect::<Vec<_>>().join(", "), exit)
}

/// The lines of the first so many sources.
fn head(facts: &str, count: usize) -> String {
    let mut sources = 0;
    let mut is_before = |line: &&str| {
        let is_taken = sources < count;
        sources += usize::from(line.contains("\",\"source\":{"));
        is_taken
    };
    facts.split_inclusive('\n').take_while(|line| is_before(line)).collect()
}

#[test]
fn joined_facts_without_an_end_lose_no_instance_without_a_word() {
    let (_home, [a, b]) = two_farms();
    let stdin = |text: &str| farms_of(&["-".into()], text);
    let whole = ("a inconsistent, b consistent".to_owned(), 1);
    assert_eq!(stdin(&(a.clone() + &b)), whole);
    assert_eq!(stdin(&(head(&a, 2) + &b)), ("a undecided, b consistent".to_owned(), 2));
    let first_line = a.split_inclusive('\n').take(1).collect::<String>();
    assert_eq!(stdin(&(first_line + &b)), ("a undecided, b consistent".to_owned(), 2));
    assert_eq!(stdin(&(b.clone() + &head(&a, 2))), ("a undecided, b consistent".to_owned(), 2));
    let middle_lost = head(&a, 2) + a.lines().last().unwrap() + "\n" + &b;
    assert_eq!(stdin(&middle_lost), ("a undecided, b consistent".to_owned(), 2));
    let mut sorted: Vec<&str> = a.lines().chain(b.lines()).collect();
    sorted.sort_unstable();
    assert_eq!(stdin(&sorted.join("\n")), whole);
    assert_eq!(stdin(&(head(&a, 2) + &b + &a)), whole, "what was lost came in the end");
}

#[test]
fn of_several_files_a_cut_one_leaves_its_own_farm_open() {
    let (home, [a, b]) = two_farms();
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        fs::write(&path, text).unwrap();
        path.into_os_string()
    };
    let good = file("b.ndjson", &b);
    for cut in [head(&a, 2), head(&a, 3), a[..a.len() - 900].to_owned(), head(&a, 2) + "{\"schem"] {
        let cut = file("a.ndjson", &cut);
        let (farms, exit) = farms_of(&[cut.clone(), good.clone()], "");
        let open = matches!(&*farms, "a undecided, b consistent" | "a inconsistent, b consistent");
        assert!(open && exit == 2, "{farms}");
        let operands = [cut, good.clone()];
        let again = run("report", &["-f", "ndjson", "--farm-by", "parent"], &operands, b"").0;
        let again = String::from_utf8(again).unwrap();
        assert_eq!(farms_of(&["-".into()], &again), (farms, 2), "saved again");
    }
    let unknown = [file("a.ndjson", &a[..60]), good.clone()];
    assert_eq!(farms_of(&unknown, ""), ("b undecided".to_owned(), 2), "it may hold any farm");
}

#[test]
fn report_in_place_of_facts_is_named_in_one_line() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/demo");
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("c1.json");
    let baseline = home.path().join("known.json");
    let outputs = ["-o", file.to_str().unwrap(), "--write-baseline", baseline.to_str().unwrap()];
    run("scan", &outputs, &[demo.into()], b"");
    let mut scenes = Scenes::default();
    for (file, what) in [(file, "a report"), (baseline, "a baseline")] {
        let (report, exit) = run("report", &["-f", "json"], &[file.into_os_string()], b"");
        let report: Value = serde_json::from_slice(&report).unwrap();
        let reasons: Vec<&str> =
            list(&report["gaps"]).filter_map(|gap| gap["reason"].as_str()).collect();
        assert_eq!((exit, reasons.len()), (2, 1), "{reasons:?}");
        scenes.add(what, reasons[0]);
    }
    scenes.are("no-facts");
}
