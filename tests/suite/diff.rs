//! Before and after: what a service pack changed.

use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{aemtrix, list};
use crate::scenes::Scenes;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const NAMES: [&str; 3] = ["author", "publish1", "publish2"];

/// Packs a farm of three into a folder: of the second state with another crypto bundle everywhere, and another hmac on publish2.
fn pack(home: &Path, folder: &str, is_after: bool) {
    fs::create_dir(home.join(folder)).unwrap();
    for name in NAMES {
        let role = if name == "author" { "author" } else { "publish" };
        let mut instance = Instance::new(name).role(role);
        if is_after {
            instance = instance.crypto_version("3.4.30");
            instance = if name == "publish2" { instance.hmac("other") } else { instance };
        }
        instance.case().pack_into(&home.join(folder), Packing::TarGz, name);
    }
}

fn upgraded() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    pack(home.path(), "before", false);
    pack(home.path(), "after", true);
    home
}

fn diff(home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = aemtrix().current_dir(home).arg("diff").args(arguments).output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(told).unwrap())
}

fn json(home: &Path, old: &str, new: &str) -> (Option<i32>, Value) {
    let (code, text) = diff(home, &[old, new, "-f", "json", "-q"]);
    (code, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}")))
}

/// Every change as `instance subject`.
fn changes(diff: &Value) -> Vec<String> {
    let of = |instance: &'_ Value| {
        let name = instance["name"].as_str().unwrap().to_owned();
        let all = list(&instance["changes"]).map(|change| change["subject"].as_str().unwrap());
        all.map(|subject| format!("{name} {subject}")).collect::<Vec<_>>()
    };
    list(&diff["instances"]).flat_map(of).collect()
}

const EXPECTED: [&str; 4] = [
    "author com.adobe.granite.crypto",
    "publish1 com.adobe.granite.crypto",
    "publish2 hmac",
    "publish2 com.adobe.granite.crypto",
];

#[test]
fn service_pack_is_told_by_what_it_changed_and_by_nothing_else() {
    let home = upgraded();
    let (code, found) = json(home.path(), "before", "after");
    assert_eq!((code, changes(&found)), (Some(1), EXPECTED.map(str::to_owned).to_vec()));
    let farm = &found["farms"][0];
    assert_eq!(
        (&farm["old_verdict"], &farm["new_verdict"]),
        (&"consistent".into(), &"inconsistent".into())
    );
    let hmac = list(&farm["findings"]).find(|finding| finding["rule"] == "hmac-differs");
    assert_eq!(hmac.unwrap()["fate"], "new");
    let crypto = &found["instances"][0]["changes"][0];
    assert_eq!((&crypto["old"], &crypto["new"]), (&"3.4.24".into(), &"3.4.30".into()));
}

#[test]
fn saved_facts_tell_the_same() {
    let home = upgraded();
    let home = home.path();
    for state in ["before", "after"] {
        let facts = format!("{state}.ndjson");
        aemtrix().current_dir(home).args(["scan", state, "-q", "-o", &facts]).output().unwrap();
    }
    let (code, found) = json(home, "before.ndjson", "after.ndjson");
    assert_eq!((code, changes(&found)), (Some(1), EXPECTED.map(str::to_owned).to_vec()));
    fs::create_dir(home.join("facts")).unwrap();
    fs::rename(home.join("before.ndjson"), home.join("facts/a.ndjson")).unwrap();
    assert_eq!(json(home, "facts", "after").0, Some(1), "facts and sources");
}

#[test]
fn nothing_changed_and_nothing_known_end_in_other_codes() {
    let home = upgraded();
    let home = home.path();
    assert_eq!(json(home, "before", "before").0, Some(0));
    let whole = fs::read(home.join("after/publish2.tar.gz")).unwrap();
    fs::write(home.join("after/publish2.tar.gz"), &whole[..whole.len() / 2]).unwrap();
    let (code, found) = json(home, "before", "after");
    assert_eq!((code, &found["outcome"]), (Some(2), &"open".into()));
    for wrong in [["before", "nothing"], ["nothing", "after"]] {
        assert_eq!(diff(home, &wrong).0, Some(2));
    }
    assert_eq!(diff(home, &["before", "after", "-o", "x.sarif"]).0, Some(2));
}

#[test]
fn every_format_names_instances_and_changes() {
    let home = upgraded();
    let home = home.path();
    let files = ["d.txt", "d.json", "d.html", "d.md", "d.csv"];
    let mut arguments = vec!["before", "after", "--case", "C-9"];
    arguments.extend(files.iter().flat_map(|file| ["-o", file]));
    let (code, told) = diff(home, &arguments);
    assert_eq!(code, Some(1), "{told}");
    for file in files {
        let text = fs::read_to_string(home.join(file)).unwrap();
        for part in ["publish2", "hmac", "com.adobe.granite.crypto", "3.4.24", "3.4.30"] {
            assert!(text.contains(part), "{file}: {part}: {text}");
        }
        let has_case = text.contains("C-9");
        assert_eq!(has_case, !matches!(file, "d.txt" | "d.csv"), "{file}");
    }
}

#[test]
fn policy_applies_to_both_states() {
    let home = upgraded();
    let home = home.path();
    let policy = "[[suppress]]\nrule = \"hmac-differs\"\nreason = \"known\"\n";
    fs::write(home.join("p.toml"), policy).unwrap();
    let arguments = ["before", "after", "--policy", "p.toml", "-f", "json", "-q"];
    let found: Value = serde_json::from_str(&diff(home, &arguments).1).unwrap();
    let finding = list(&found["farms"][0]["findings"]).find(|own| own["rule"] == "hmac-differs");
    assert_eq!(finding.unwrap()["suppressed"], true);
    assert_eq!(found["run"]["policy"]["name"], "p.toml");
    let mut scenes = Scenes::default();
    let (_, table) = diff(home, &["before", "after", "--policy", "p.toml", "-q"]);
    scenes.add("a service pack, and a finding that the policy suppresses", &table);
    scenes.are("diff");
    fs::write(home.join("p.toml"), "[severity]\nhmac-difers = \"error\"\n").unwrap();
    assert_eq!(diff(home, &arguments).0, Some(2));
    assert_eq!(diff(home, &["before", "after", "--policy", "p.toml", "-o", "p.toml"]).0, Some(2));
}

#[test]
fn more_is_said_where_that_is_asked_for() {
    let home = upgraded();
    let (_, told) = diff(home.path(), &["before", "after", "-v"]);
    let of_author = "aemtrix: before/author.tar.gz: gzip, tar (entries: 41), 1 instance";
    assert_eq!(told.lines().filter(|line| *line == of_author).count(), 1, "{told}");
}

#[test]
fn case_of_saved_facts_is_that_of_the_comparison() {
    let home = upgraded();
    let home = home.path();
    for state in ["before", "after"] {
        let facts = format!("{state}.ndjson");
        let arguments = ["scan", state, "-q", "--case", "C-17", "-o", &facts];
        aemtrix().current_dir(home).args(arguments).output().unwrap();
    }
    let (_, found) = json(home, "before.ndjson", "after.ndjson");
    assert_eq!(found["run"]["case"], "C-17");
}

#[test]
fn two_states_in_one_scan_are_named_with_the_findings_and_the_newer_one_is_judged() {
    let home = upgraded();
    let home = home.path();
    // The matrix as CSV has what is judged alone.
    let files =
        ["s.txt", "s.json", "s.html", "s.md", "s.sarif", "s.xml", "s.findings.csv", "s.runbook"];
    let mut arguments = vec!["scan", "before", "after", "-q", "--details"];
    arguments.extend(files.iter().flat_map(|file| ["-o", file]));
    aemtrix().current_dir(home).args(&arguments).output().unwrap();
    let read = |file: &str| fs::read_to_string(home.join(file)).unwrap();
    let report: Value = serde_json::from_str(&read("s.json")).unwrap();
    let farm = &report["farms"][0];
    let sources: Vec<_> =
        list(&farm["instances"]).map(|own| own["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["after/author.tar.gz", "after/publish1.tar.gz", "after/publish2.tar.gz"]);
    let has = |rule: &str| list(&farm["findings"]).any(|own| own["rule"] == rule);
    assert!(!has("sling-id-duplicate") && has("hmac-differs"), "{}", farm["findings"]);
    for file in files {
        let text = read(file).replace("&#x2f;", "/");
        assert!(text.contains("before/publish2.tar.gz"), "{file} names the older state");
    }
}

#[test]
fn report_in_place_of_a_state_is_named() {
    let home = upgraded();
    let run = |arguments: &[&str]| aemtrix().current_dir(home.path()).args(arguments).output();
    let files = ["-q", "-o", "r.json", "-o", "r.html", "--write-baseline", "b.json"];
    run(&[&["scan", "before"], &files[..]].concat()).unwrap();
    for file in ["r.json", "r.html", "b.json"] {
        for operands in [[file, "after"], ["before", file]] {
            let (code, told) = diff(home.path(), &operands);
            let last = told.lines().last().unwrap();
            assert_eq!(code, Some(2), "{told}");
            assert!(last.starts_with(&format!("aemtrix: {file}: ")), "{told}");
        }
    }
}

#[test]
fn what_was_found_in_evidence_that_did_not_come_again_is_not_gone() {
    let home = upgraded();
    let home = home.path();
    let line = "26.11.2026 08:00:12.000 *ERROR* [x] com.x com.adobe.granite.crypto.CryptoException: Cannot convert byte data\n";
    for (folder, is_logged) in [("logged", true), ("bare", false)] {
        fs::create_dir(home.join(folder)).unwrap();
        for name in NAMES {
            let role = if name == "author" { "author" } else { "publish" };
            let mut instance = Instance::new(name).role(role);
            if is_logged && name == "publish1" {
                instance = instance.file("logs/error.log", line.as_bytes());
            }
            instance.case().pack_into(&home.join(folder), Packing::TarGz, name);
        }
    }
    let (code, found) = json(home, "logged", "bare");
    let fates: Vec<_> = list(&found["farms"][0]["findings"]).map(|f| f["fate"].as_str()).collect();
    assert_eq!((code, fates), (Some(2), vec![Some("not shown")]));
    let (code, text) = diff(home, &["bare", "logged", "-q"]);
    assert_eq!(code, Some(2), "{text}");
    let (_, open) = text.split_once("Not compared").unwrap();
    assert!(open.contains("not shown in the old state"), "{text}");
}
