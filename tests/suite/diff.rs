//! Before and after: what a service pack changed.

use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{aemtrix, list};
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
    let fates: Vec<_> =
        list(&farm["findings"]).map(|f| (f["rule"].as_str(), f["fate"].as_str())).collect();
    assert!(fates.contains(&(Some("hmac-differs"), Some("new"))), "{fates:?}");
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
    assert!(told.contains("All 3 instances"), "{told}");
}
