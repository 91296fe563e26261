//! When keys were replaced, and what began behind it: from headers of archives to causes, and the same through saved facts.

use crate::instance::Instance;
use crate::run::{aemtrix, list};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// 5 March 2024 and 2 November 2026, 01:12 UTC, in seconds since 1970.
const INSTALLED: u64 = 1_709_640_000;
const REPLACED: u64 = 1_793_581_920;

const LOG: &[u8] = b"02.11.2026 03:13:00.000 *INFO* [x] c.C Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n\
    02.11.2026 03:26:00.000 *ERROR* [x] c.C com.adobe.granite.crypto.CryptoException: Cannot convert byte data\n";

/// Packs an instance whose files have these times.
fn pack(home: &Path, name: &str, instance: &Instance, mtime: impl Fn(&str) -> u64) {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in instance.files() {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(mtime(&path));
        tar.append_data(&mut header, &path, bytes.as_slice()).unwrap();
    }
    fs::write(home.join(format!("{name}.tar")), tar.into_inner().unwrap()).unwrap();
}

/// A farm of two, of which the second got another hmac; with the times of that and of its other files.
fn farm(home: &Path, hmac: u64, other: u64) {
    let stamp = (REPLACED * 1000).to_string();
    let first = Instance::new("publish1");
    pack(home, "publish1", &first, |_| INSTALLED);
    let second = Instance::new("publish2")
        .hmac("other")
        .file("logs/error.log", LOG)
        .file("launchpad/conf/launchpad-timestamp.txt", stamp.as_bytes());
    pack(home, "publish2", &second, |path| if path.ends_with("/hmac") { hmac } else { other });
}

fn told(home: &Path, arguments: &[&str]) -> String {
    let output = aemtrix().current_dir(home).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn json(home: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&told(home, arguments)).unwrap()
}

fn message(report: &Value, rule: &str) -> Option<String> {
    let mut findings = list(&report["farms"][0]["findings"]);
    let found = findings.find(|finding| finding["rule"] == rule)?;
    found["message"].as_str().map(str::to_owned)
}

#[test]
fn replaced_key_is_told_with_what_began_behind_it_and_so_by_saved_facts() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    farm(home, REPLACED, INSTALLED);
    let scanned = json(home, &["scan", ".", "-q", "-f", "json"]);
    let expected = "publish2: hmac was written 2026-11-02 01:12:00 UTC, 14 minutes before the first CryptoException; the instance was installed 2024-03-05";
    assert_eq!(message(&scanned, "key-replaced").as_deref(), Some(expected));
    assert!(message(&scanned, "pair-times-differ").is_some());
    let cause = &scanned["farms"][0]["causes"][0];
    let explained: Vec<_> = list(&cause["explains"]).map(|own| own["rule"].as_str()).collect();
    assert!(explained.contains(&Some("key-replaced")), "{explained:?}");
    let events: Vec<&Value> = list(&scanned["farms"][0]["timeline"]).collect();
    let at = |event: &str| {
        let found = events.iter().find(|own| own["event"].as_str().unwrap().starts_with(event));
        found.unwrap_or_else(|| panic!("{event}: {events:?}"))["at_ms"].as_u64()
    };
    let own = |event: &&&Value| event["event"] == "hmac written" && event["instance"] == "publish2";
    assert_eq!(events.iter().find(own).unwrap()["at_ms"], REPLACED * 1000);
    assert_eq!(at("crypto 3.4.24 started with Bundle"), Some((REPLACED + 60) * 1000));
    assert_eq!(at("crypto-convert: first of 1"), Some((REPLACED + 14 * 60) * 1000));
    let known: Vec<u64> = events.iter().filter_map(|event| event["at_ms"].as_u64()).collect();
    assert!(known.is_sorted());
    aemtrix().current_dir(home).args(["scan", ".", "-q", "-o", "f.ndjson"]).output().unwrap();
    let saved = json(home, &["report", "f.ndjson", "-q", "-f", "json"]);
    assert_eq!(saved["farms"][0]["timeline"], scanned["farms"][0]["timeline"]);
    let table = told(home, &["scan", "publish1.tar", "publish2.tar", "-q", "-f", "timeline"]);
    assert!(table.contains("2026-11-02 01:12:00 UTC  publish2  hmac written\n"), "{table}");
}

#[test]
fn nothing_is_concluded_from_the_times_of_a_copy() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    farm(home, REPLACED + 86_400, REPLACED + 86_405);
    let scanned = json(home, &["scan", ".", "-q", "-f", "json"]);
    for rule in ["key-replaced", "pair-times-differ", "storage-edited"] {
        assert_eq!(message(&scanned, rule), None, "{rule}");
    }
    let events = list(&scanned["farms"][0]["timeline"]);
    let copied = events.filter(|event| event["certainty"] == "copied");
    assert!(copied.count() >= 4, "{}", scanned["farms"][0]["timeline"]);
}
