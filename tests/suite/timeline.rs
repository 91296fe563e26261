//! When keys were replaced, and what began behind it: from headers of archives to causes, and the same through saved facts.

use crate::instance::Instance;
use crate::run::{aemtrix, list};
use crate::scenes::Scenes;
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
    let is_explained = list(&cause["explains"]).any(|own| own["rule"] == "key-replaced");
    assert!(is_explained, "{cause}");
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
    let mut scenes = Scenes::default();
    scenes.add("a key was replaced", &table);
    scenes.are("timeline-of-a-farm");
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

/// Packs a farm before or after a service pack: then with another crypto bundle everywhere, and another hmac on publish2.
fn pack_state(home: &Path, folder: &str, is_after: bool) {
    let folder = home.join(folder);
    fs::create_dir(&folder).unwrap();
    for name in ["author", "publish1", "publish2"] {
        let role = if name == "author" { "author" } else { "publish" };
        let mut instance = Instance::new(name).role(role);
        let mut replaced = INSTALLED;
        if is_after {
            instance = instance.crypto_version("3.4.30");
        }
        if is_after && name == "publish2" {
            instance = instance.hmac("other").file("logs/error.log", LOG).file(
                "launchpad/conf/launchpad-timestamp.txt",
                (REPLACED * 1000).to_string().as_bytes(),
            );
            replaced = REPLACED;
        }
        // Files of an install are written one after the other, those of a copy at once.
        let later = |path: &str| INSTALLED + 60 * u64::try_from(path.len()).unwrap();
        let mtime = |path: &str| if path.ends_with("/hmac") { replaced } else { later(path) };
        pack(&folder, name, &instance, mtime);
    }
}

#[test]
fn service_pack_is_told_with_its_times_by_comparison_timeline_and_cause_and_by_saved_facts() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    pack_state(home, "before", false);
    pack_state(home, "after", true);
    for state in ["before", "after"] {
        let facts = format!("{state}.ndjson");
        aemtrix().current_dir(home).args(["scan", state, "-q", "-o", &facts]).output().unwrap();
    }
    for [old, new] in [["before", "after"], ["before.ndjson", "after.ndjson"]] {
        let found = json(home, &["diff", old, new, "-q", "-f", "json"]);
        let changes = list(&found["instances"]).flat_map(|instance| {
            let name = instance["name"].as_str().unwrap();
            list(&instance["changes"])
                .map(move |own| format!("{name} {}", own["subject"].as_str().unwrap()))
        });
        let crypto = "com.adobe.granite.crypto";
        let expected = [
            format!("author {crypto}"),
            format!("publish1 {crypto}"),
            "publish2 hmac".to_owned(),
            format!("publish2 {crypto}"),
        ];
        assert_eq!(changes.collect::<Vec<_>>(), expected, "{old}");
        let hmac = &found["instances"][2]["changes"][0];
        assert_eq!(
            (&hmac["old_since_ms"], &hmac["new_since_ms"]),
            (&(INSTALLED * 1000).into(), &(REPLACED * 1000).into())
        );
        if old == "before" {
            let mut scenes = Scenes::default();
            scenes.add("table", &told(home, &["diff", old, new, "-q"]));
            let csv = told(home, &["diff", old, new, "-q", "-f", "csv"]);
            scenes.add("csv", &csv.replace("\r\n", "\n"));
            scenes.are("diff-with-times");
        }
        let command = if new == "after" { "scan" } else { "report" };
        let after = json(home, &[command, new, "-q", "-f", "json"]);
        let cause = "publish2: hmac was written 2026-11-02 01:12:00 UTC, 14 minutes before the first CryptoException; the instance was installed 2024-03-05";
        assert_eq!(message(&after, "key-replaced").as_deref(), Some(cause));
        let mut events = list(&after["farms"][0]["timeline"]);
        let is_it =
            |own: &&Value| own["event"] == "hmac written" && own["at_ms"] == REPLACED * 1000;
        assert!(events.any(|own| is_it(&own)), "{old}");
    }
}

#[test]
fn times_of_a_copy_are_not_times_of_keys_in_a_comparison() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for (folder, hmac, mtime) in
        [("before", "farm", INSTALLED), ("after", "other", REPLACED + 86_400)]
    {
        fs::create_dir(home.join(folder)).unwrap();
        let stamp = (REPLACED * 1000).to_string();
        let file = "launchpad/conf/launchpad-timestamp.txt";
        let instance = Instance::new("p").hmac(hmac).file(file, stamp.as_bytes());
        pack(&home.join(folder), "p", &instance, |_| mtime);
    }
    let found = json(home, &["diff", "before", "after", "-q", "-f", "json"]);
    let hmac = &found["instances"][0]["changes"][0];
    assert_eq!((&hmac["subject"], &hmac["new_since"]), (&"hmac".into(), &Value::Null), "{hmac}");
}

/// The log of an instance whose clock is so many hours ahead of UTC: it was started, and so many minutes later there was trouble.
fn log_ahead(hours: i64, minutes: i64) -> Vec<u8> {
    let started = i64::try_from(REPLACED).unwrap() + hours * 3600;
    let line = |at: i64, text: &str| {
        let at = aemtrix::facts::Utc(u64::try_from(at * 1000).unwrap()).to_string();
        let (date, time) = (&at[..10], &at[11..19]);
        format!("{}.{}.{} {time}.000 {text}\n", &date[8..], &date[5..7], &date[..4])
    };
    let start = "*INFO* [x] c.C Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage";
    let trouble =
        "*ERROR* [x] c.C com.adobe.granite.crypto.CryptoException: Cannot convert byte data";
    (line(started + 60, start) + &line(started + minutes * 60, trouble)).into_bytes()
}

#[test]
fn clocks_of_other_zones_make_no_false_order() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let stamp = (REPLACED * 1000).to_string();
    // By the clocks on the walls tokyo is the last, and was the first.
    for (name, ahead, minutes, knows) in [
        ("tokyo", 9, 10, true),
        ("berlin", 1, 20, true),
        ("boston", -5, 30, true),
        ("nowhere", 3, 5, false),
    ] {
        let mut instance = Instance::new(name).file("logs/error.log", &log_ahead(ahead, minutes));
        if knows {
            let file = "launchpad/conf/launchpad-timestamp.txt";
            instance = instance.file(file, stamp.as_bytes());
        }
        pack(home, name, &instance, |_| INSTALLED);
    }
    let scanned = json(home, &["scan", ".", "-q", "-f", "json"]);
    let trouble = list(&scanned["farms"][0]["timeline"])
        .filter(|own| own["event"].as_str().unwrap().starts_with("crypto-convert"));
    let order: Vec<(&str, Option<u64>)> =
        trouble.map(|own| (own["instance"].as_str().unwrap(), own["at_ms"].as_u64())).collect();
    let at = |minutes: u64| Some((REPLACED + minutes * 60) * 1000);
    let expected = [("tokyo", at(10)), ("berlin", at(20)), ("boston", at(30)), ("nowhere", None)];
    assert_eq!(order, expected);
}
