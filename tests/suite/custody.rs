//! On what evidence a report speaks: every format that is filed says it, and `verify` tells whether sources are still the same.

use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{aemtrix, list};
use crate::scenes::Scenes;
use aemtrix::facts::Hex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Formats that are filed. All but CSV have the section, and all have the full digests of the keys.
const FILED: [&str; 8] = ["html", "md", "json", "ndjson", "sarif", "xml", "runbook", "csv"];

fn hex(bytes: &[u8]) -> String {
    Hex::<32>(Sha256::digest(bytes).into()).to_string()
}

/// A folder `up` of so many instances, each in a packing of its own.
fn uploads(count: usize) -> (TempDir, Vec<PathBuf>) {
    let home = tempfile::tempdir().unwrap();
    let up = home.path().join("up");
    fs::create_dir(&up).unwrap();
    let packings = [Packing::TarGz, Packing::Tar, Packing::Zip];
    let pack = |at: usize| {
        let name = format!("p{at}");
        Instance::new(&name).case().pack_into(&up, packings[at % packings.len()], &name)
    };
    let paths = (0..count).map(pack).collect();
    (home, paths)
}

fn run(home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = aemtrix().current_dir(home).args(arguments).output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(told).unwrap())
}

fn report(home: &Path) -> Value {
    serde_json::from_slice(&fs::read(home.join("r.json")).unwrap()).unwrap()
}

#[test]
fn every_filed_format_says_what_it_is_of() {
    let (home, paths) = uploads(3);
    let home = home.path();
    let mut arguments = vec!["scan", "up", "--digests", "--case", "C-17", "--examiner", "M. Lee"];
    let files: Vec<String> = FILED.iter().map(|end| format!("r.{end}")).collect();
    for file in &files {
        arguments.extend(["-o", file]);
    }
    arguments.push("--no-users");
    let (code, told) = run(home, &arguments);
    assert_eq!(code, Some(0), "{told}");
    let said = report(home);
    let keys = &said["farms"][0]["instances"][0]["keys"];
    let of = |key: &str, what: &str| keys[key][0][what].as_str().unwrap().to_owned();
    let digests = ["hmac", "master"].map(|key| [of(key, "md5"), of(key, "sha256")]).concat();
    for end in FILED {
        let text = fs::read_to_string(home.join(format!("r.{end}"))).unwrap();
        assert!(digests.iter().all(|digest| text.contains(digest)), "{end}");
        if end == "csv" {
            continue;
        }
        for path in &paths {
            assert!(text.contains(&hex(&fs::read(path).unwrap())), "{end}: {}", path.display());
        }
        for said in ["C-17", "M. Lee", "--no-users", env!("CARGO_PKG_VERSION")] {
            assert!(text.contains(said), "{end}: {said}");
        }
    }
    for (examined, path) in list(&said["examined"]).zip(&paths) {
        let bytes = fs::metadata(path).unwrap().len();
        assert_eq!((&examined["bytes"], &examined["complete"]), (&bytes.into(), &true.into()));
        assert!(examined["mtime_ms"].as_u64().is_some_and(|written| written > 0));
        assert_eq!(examined["digest_of"], "file");
    }
    assert_eq!(said["run"]["stamp_ms"], Value::Null);
    let (_, told) = run(home, &["scan", "up", "--stamp", "-f", "json", "-q"]);
    let stamped: Value = serde_json::from_str(&told).unwrap();
    assert!(stamped["run"]["stamp_ms"].is_u64() && stamped["examined"][0]["sha256"].is_null());
}

fn without_digests(text: &str) -> String {
    let is_digest = |word: &str| word.len() == 64 && word.bytes().all(|c| c.is_ascii_hexdigit());
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    words
        .map(|word| {
            if is_digest(word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric())) {
                word.replacen(&word[..64], "SHA256", 1)
            } else {
                word.to_owned()
            }
        })
        .collect()
}

#[test]
fn digests_change_nothing_else() {
    let (home, _) = uploads(3);
    let facts = |more: &[&str]| {
        let (code, text) = run(home.path(), &[&["scan", "up", "-f", "json", "-q"], more].concat());
        let mut report: Value = serde_json::from_str(&text).unwrap();
        report["examined"] = Value::Null;
        (code, report)
    };
    assert_eq!(facts(&["--digests"]), facts(&[]));
}

#[test]
fn sources_that_are_not_the_same_are_found() {
    let mut scenes = Scenes::default();
    one_of_ten_sources(&mut scenes);
    file_of_a_directory(&mut scenes);
    what_cannot_be_told(&mut scenes);
    scenes.are("verify");
}

fn one_of_ten_sources(scenes: &mut Scenes) {
    let (home, paths) = uploads(10);
    let home = home.path();
    assert_eq!(run(home, &["scan", "up", "--digests", "-o", "r.json", "-q"]).0, Some(0));
    let (code, told) = run(home, &["verify", "r.json", "up"]);
    assert_eq!((code, told.lines().last()), (Some(0), Some("the same: 10 sources")), "{told}");
    let mut bytes = fs::read(&paths[6]).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&paths[6], bytes).unwrap();
    let (code, told) = run(home, &["verify", "r.json", "up"]);
    assert_eq!((code, told.lines().last()), (Some(1), Some("NOT the same: 1 of 10 sources")));
    scenes.add("a byte was flipped", &without_digests(&told));
    fs::remove_file(&paths[6]).unwrap();
    let (code, told) = run(home, &["verify", "r.json", "up"]);
    assert_eq!(code, Some(1), "{told}");
    scenes.add("one was removed", &without_digests(&told));
}

fn file_of_a_directory(scenes: &mut Scenes) {
    let home = tempfile::tempdir().unwrap();
    let path = Instance::new("p").case().pack_into(home.path(), Packing::Directory, "p");
    let home = home.path();
    run(home, &["scan", "p", "--digests", "-o", "r.json", "-q"]);
    assert_eq!(report(home)["examined"][0]["digest_of"], "listing");
    assert_eq!(run(home, &["verify", "r.json", "p"]).0, Some(0));
    let key = walkdir::WalkDir::new(&path).into_iter().map(Result::unwrap);
    let mut key = key.filter(|entry| entry.file_name() == "hmac");
    let key = key.next().expect("a key").into_path();
    let mut bytes = fs::read(&key).unwrap();
    bytes[0] ^= 1;
    fs::write(&key, bytes).unwrap();
    let (code, told) = run(home, &["verify", "r.json", "p"]);
    assert_eq!(code, Some(1), "{told}");
    scenes.add("a file in a directory was changed", &without_digests(&told));
}

fn what_cannot_be_told(scenes: &mut Scenes) {
    let (home, _) = uploads(1);
    let home = home.path();
    run(home, &["scan", "up", "-o", "r.json", "-q"]);
    let (code, told) = run(home, &["verify", "r.json", "up"]);
    assert_eq!(code, Some(2), "{told}");
    scenes.add("digests were not asked for", &told);
    fs::rename(home.join("up"), home.join("renamed")).unwrap();
    for entry in fs::read_dir(home.join("renamed")).unwrap() {
        let path = entry.unwrap().path();
        fs::rename(
            &path,
            path.with_file_name(format!("other-{}", path.file_name().unwrap().display())),
        )
        .unwrap();
    }
    let (code, told) = run(home, &["verify", "r.json", "renamed"]);
    assert_eq!(code, Some(2), "{told}");
    scenes.add("so it was, and all is renamed", &told);
}

#[test]
fn saved_facts_carry_the_digests_on() {
    let (home, _) = uploads(2);
    let home = home.path();
    run(home, &["scan", "up", "--digests", "-o", "f.ndjson", "-o", "s.json", "-q"]);
    run(home, &["report", "f.ndjson", "-o", "r.json", "-q"]);
    let scanned: Value = serde_json::from_slice(&fs::read(home.join("s.json")).unwrap()).unwrap();
    assert_eq!(report(home)["examined"], scanned["examined"]);
    assert_eq!(run(home, &["verify", "r.json", "up"]).0, Some(0));
}

/// What saved facts say of the runs that wrote them.
fn runs_in(home: &Path, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(home.join(file)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| Some(line["end"]["runs"].as_array()?.clone())).flatten().collect()
}

#[test]
fn saved_facts_say_of_which_case_they_are_until_it_is_given_anew() {
    let (home, _) = uploads(2);
    let home = home.path();
    fs::write(home.join("p.toml"), "[severity]\nhmac-differs = \"warning\"\n").unwrap();
    let policy = hex(&fs::read(home.join("p.toml")).unwrap());
    let options = ["--case", "C-17", "--examiner", "M. Lee", "--no-users", "--stamp"];
    for (source, file) in [("up/p0.tar.gz", "a.ndjson"), ("up/p1.tar", "b.ndjson")] {
        let more = ["scan", source, "--policy", "p.toml", "-q", "-o", file];
        run(home, &[&more[..], &options].concat());
    }
    let own = &runs_in(home, "a.ndjson")[0];
    assert_eq!((&own["case"], &own["examiner"]), (&"C-17".into(), &"M. Lee".into()));
    assert_eq!(
        (&own["policy"]["sha256"], &own["options"][0]),
        (&policy.into(), &"--no-users".into())
    );
    assert!(own["stamp_ms"].as_u64() > Some(0) && own["build"].is_string(), "{own}");
    run(
        home,
        &["report", "a.ndjson", "b.ndjson", "-q", "-o", "r.json", "-o", "ab.ndjson", "-o", "r.md"],
    );
    let said = report(home);
    assert_eq!((&said["run"]["case"], &said["run"]["policy"]), (&"C-17".into(), &Value::Null));
    let facts_of = &said["run"]["facts_of"];
    assert!(list(facts_of).all(|run| run["policy"]["name"] == "p.toml"), "{facts_of}");
    let text = fs::read_to_string(home.join("r.md")).unwrap();
    let has = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((has("- Case: `C-17`"), has("- Facts of: aemtrix ")), (1, 2), "{text}");
    // Merged once more and without a word, they are the same.
    run(home, &["report", "ab.ndjson", "-q", "-o", "again.ndjson"]);
    let bytes = |file: &str| fs::read(home.join(file)).unwrap();
    assert_eq!(bytes("again.ndjson"), bytes("ab.ndjson"));
    run(home, &["report", "ab.ndjson", "-q", "--case", "C-18", "-o", "r.json", "-o", "c.ndjson"]);
    assert_eq!(report(home)["run"]["case"], "C-18");
    run(home, &["report", "c.ndjson", "-q", "-o", "r.json"]);
    let run = &report(home)["run"];
    assert_eq!((&run["case"], &run["examiner"]), (&"C-18".into(), &"M. Lee".into()));
    assert_eq!(list(&run["facts_of"]).filter(|run| run["case"] == "C-17").count(), 2, "are kept");
}

#[test]
fn facts_that_are_written_while_sources_are_read_say_it_too_and_older_ones_need_not() {
    let (home, _) = uploads(2);
    let home = home.path();
    let output = aemtrix()
        .current_dir(home)
        .args(["scan", "up", "-q", "-f", "ndjson", "--case", "C-17"])
        .output()
        .unwrap();
    fs::write(home.join("f.ndjson"), &output.stdout).unwrap();
    assert_eq!(runs_in(home, "f.ndjson")[0]["case"], "C-17");
    let old = include_str!("../../testdata/facts/one.ndjson");
    fs::write(home.join("old.ndjson"), old).unwrap();
    run(home, &["report", "old.ndjson", "-q", "-o", "r.json"]);
    let said = report(home);
    assert_eq!((&said["run"]["case"], list(&said["run"]["facts_of"]).count()), (&Value::Null, 0));
    run(home, &["report", "old.ndjson", "f.ndjson", "-q", "-o", "r.json"]);
    assert_eq!(report(home)["run"]["case"], "C-17");
}

#[test]
fn report_of_facts_is_verified_with_the_options_that_they_were_read_with() {
    let home = tempfile::tempdir().unwrap();
    let instance = Instance::new("p").file("logs/error.log", b"01.01.2026 00:00:00.000 *INFO* x\n");
    instance.case().pack_into(home.path(), Packing::Directory, "p");
    let home = home.path();
    run(home, &["scan", "p", "--digests", "--no-logs", "-q", "-o", "f.ndjson"]);
    run(home, &["report", "f.ndjson", "-q", "-o", "r.json"]);
    let (code, told) = run(home, &["verify", "r.json", "p"]);
    assert_eq!(code, Some(0), "{told}");
}
