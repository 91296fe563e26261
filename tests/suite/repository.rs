//! Keys in the repository of an install: real stores, packed in every way, whole and damaged.

use crate::cases;
use crate::pack::{self, Case, Packing};
use crate::run;
use aemtrix::examine::examine;
use aemtrix::facts::{JcrKeys, Repository};
use aemtrix::intake::{NoWatch, discover};
use aemtrix::limits::Limits;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const HMAC: &str = "d5491402ee479d4c304b6ad19e3618ed";
const MASTER: &str = "8e526d8730483d725397cddd1f6b3106";
const STORE: &str = "crx-quickstart/repository/segmentstore";

/// An instance in JCR mode with one of the stores.
fn instance(store: &str) -> Case {
    let case = cases::all().into_iter().find(|case| case.name == "jcr-mode-mixed").unwrap();
    let mut instance = case.sources["publish2"].clone();
    instance.add_store(&format!("{STORE} {store}"));
    instance
}

fn scan(case: &Case, packing: Packing) -> Value {
    let packed = case.pack(packing, "publish2");
    let text = run::written(&run::scan(&[packed.path().into()]), "json");
    let mut report: Value = serde_json::from_str(&text).unwrap();
    report["farms"][0]["instances"][0].take()
}

fn md5(instance: &Value, key: &str) -> Option<String> {
    let keys = run::list(&instance["keys"][key]);
    let origins: Vec<_> = keys.filter(|key| key["origin"] == "jcr").collect();
    origins.first().map(|key| key["md5"].as_str().unwrap().to_owned())
}

#[test]
fn keys_of_every_store_are_read_however_it_is_packed() {
    for store in ["v10-closed", "v11-hot", "v12-closed", "v13-closed", "v13-gc"] {
        let case = instance(store);
        for packing in Packing::ALL {
            let instance = scan(&case, packing);
            assert_eq!(instance["repository"]["state"], "read", "{store} {packing:?}");
            assert_eq!(md5(&instance, "hmac").unwrap(), HMAC, "{store} {packing:?}");
            assert_eq!(md5(&instance, "master").unwrap(), MASTER, "{store} {packing:?}");
        }
    }
}

#[test]
fn standard_input_says_that_it_cannot_be_read_twice() {
    let case = instance("v13-closed");
    for bytes in [case.tar(Packing::Tar), pack::gzip(&case.tar(Packing::Tar))] {
        let report: Value =
            serde_json::from_str(&cases::through_pipe("publish2=-", &bytes, usize::MAX)).unwrap();
        let instance = &report["farms"][0]["instances"][0];
        assert_eq!(instance["repository"]["state"], "not-read");
        let reason = instance["repository"]["reason"].as_str().unwrap();
        assert!(reason.starts_with("standard input can be read only once"), "{reason}");
        assert_eq!(md5(instance, "hmac"), None);
    }
}

#[test]
fn archive_that_is_compressed_twice_says_how_to_have_its_repository_read() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("publish2.tar.gz.gz");
    let twice = pack::gzip(&pack::gzip(&instance("v13-closed").tar(Packing::Tar)));
    std::fs::write(&path, twice).unwrap();
    let report = run::json(&run::scan(&[path.into()]));
    let repository = &report["farms"][0]["instances"][0]["repository"];
    assert_eq!(repository["state"], "not-read");
    let reason = repository["reason"].as_str().unwrap();
    assert!(reason.starts_with("the archive is compressed more than once"), "{reason}");
}

/// What the repository of the only instance is to be said of.
fn repository_within(limits: &Limits, path: &Path) -> Repository {
    let sources = discover(&[path.into()]).sources;
    let snapshot = examine(&sources, limits, 1, &NoWatch).snapshots.remove(0).1;
    snapshot.repository.unwrap()
}

#[test]
fn past_of_a_store_is_the_same_however_it_is_packed() {
    for store in ["v11-hot", "v12-closed", "v13-gc"] {
        let case = instance(store);
        let repository = |packing| {
            let mut repository = scan(&case, packing)["repository"].take();
            // The path has the name of the archive in it.
            repository["place"].take();
            repository
        };
        let expected = repository(Packing::Directory);
        assert!(expected["history"]["revisions_read"].as_u64().unwrap() > 0, "{expected}");
        for packing in Packing::ALL {
            assert_eq!(repository(packing), expected, "{store} {packing:?}");
        }
    }
}

#[test]
fn keys_left_beside_those_in_files_are_found_however_they_are_packed() {
    let leftover = cases::all().into_iter().find(|case| case.name == "jcr-leftover").unwrap();
    let leftover = leftover.sources["publish1"].clone();
    for packing in Packing::ALL {
        let packed = leftover.pack(packing, "publish1");
        let keys = repository_within(&Limits::default(), packed.path()).keys;
        assert!(matches!(keys, JcrKeys::Read(_)), "{packing:?}: {keys:?}");
    }
}

#[test]
fn store_that_was_not_read_leaves_it_open_whether_other_keys_are_left_in_it() {
    let leftover = cases::all().into_iter().find(|case| case.name == "jcr-leftover").unwrap();
    let leftover = leftover.sources["publish1"].clone();
    let home = tempfile::tempdir().unwrap();
    let sources = ["publish1", "publish2"].map(|name| {
        let path = home.path().join(format!("{name}.tar.gz.gz"));
        std::fs::write(&path, pack::gzip(&pack::gzip(&leftover.tar(Packing::Tar)))).unwrap();
        path.into()
    });
    let report = run::json(&run::scan(&sources));
    assert_ne!(report["farms"][0]["verdict"], "consistent");
    let reasons: Vec<_> = run::list(&report["gaps"]).map(|gap| gap["reason"].to_string()).collect();
    let is_told =
        |reason: &String| reason.contains("whether other keys are left in /etc/key is not known");
    assert_eq!(reasons.iter().filter(|reason| is_told(reason)).count(), 2, "{reasons:?}");
}

#[test]
fn too_much_unpacking_says_how_to_have_the_keys_read() {
    let packed = instance("v13-gc").pack(Packing::ShuffledGz(3), "publish2");
    // Room for one stretch of 32 KiB, and for no place to start from again but the first byte.
    let limits = Limits {
        repeated_bytes_max: 0,
        stretch_bytes_max: 0,
        restart_bytes_max: 0,
        ..Limits::default()
    };
    let JcrKeys::Unreadable(reason) = repository_within(&limits, packed.path()).keys else {
        panic!("it was read")
    };
    assert!(
        reason.ends_with(
            ".tar cannot be read: the archive is compressed, and too much of it would be unpacked again and again; unpack it to a plain tar or a directory, or pack that with gzip"
        ),
        "{reason}"
    );
}

/// The right keys, or none and a reason.
fn is_right_or_told(instance: &Value) -> bool {
    let found = [md5(instance, "hmac"), md5(instance, "master")];
    match instance["repository"]["state"].as_str() {
        Some("read") => found == [Some(HMAC.to_owned()), Some(MASTER.to_owned())],
        _ => found == [None, None] && instance["repository"]["reason"].is_string(),
    }
}

#[test]
fn store_cut_anywhere_gives_the_right_keys_or_none() {
    for store in ["v10-closed", "v13-closed"] {
        let case = instance(store);
        let last = case.files.keys().rev().find(|path| path.contains("/data0")).unwrap().clone();
        for part in 1..50 {
            let mut cut = case.clone();
            let tar = cut.files.get_mut(&last).unwrap();
            tar.truncate(tar.len() * part / 50);
            let instance = scan(&cut, Packing::Directory);
            assert!(is_right_or_told(&instance), "{store} {part}: {instance}");
        }
    }
}

#[test]
fn compressed_archive_that_is_cut_or_damaged_gives_the_right_keys_or_none_or_doubts_them() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("publish2.tar.gz");
    let packed = pack::gzip_members(&instance("v13-gc").tar(Packing::ShuffledGz(3)));
    let look = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let report = run::json(&run::scan(&[path.clone().into()]));
        assert_ne!(report["gaps"], json!([]));
        report["farms"][0]["instances"][0].clone()
    };
    for part in 1..30 {
        let at = packed.len() * part / 30;
        let mut damaged = packed.clone();
        damaged[at] ^= 4;
        for instance in [look(&packed[..at]), look(&damaged)] {
            let doubted = instance["verified"] == false;
            assert!(
                instance.is_null() || doubted || is_right_or_told(&instance),
                "{part}: {instance}"
            );
        }
    }
    // What lies before a cut is read.
    assert_eq!(look(&packed[..packed.len() - 3])["repository"]["state"], "read");
}

#[test]
fn damaged_store_gives_the_right_keys_or_none() {
    let case = instance("v13-gc");
    let path = format!("{STORE}/data00000a.tar");
    for part in 1..100 {
        let mut damaged = case.clone();
        let tar = damaged.files.get_mut(&path).unwrap();
        let at = tar.len() * part / 100;
        tar[at] ^= 1;
        let instance = scan(&damaged, Packing::Directory);
        assert!(is_right_or_told(&instance), "{part}: {instance}");
        assert_ne!(instance["repository"]["state"], "not-read", "{part}");
    }
}

/// Two instances in JCR mode that hold other keys, the store of the second changed: the report.
fn with_store(change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> Value {
    let home = tempfile::tempdir().unwrap();
    let (first, mut second) = (instance("v13-closed"), instance("v13-replaced"));
    let is_id = |path: &String| path.ends_with("sling.id.file");
    second.files.retain(|path, _| !is_id(path));
    change(&mut second.files);
    let sources = [("a", first), ("b", second)]
        .map(|(name, case)| case.pack_into(home.path(), Packing::Directory, name).into());
    run::json(&run::scan(&sources))
}

/// Asserts that nothing acts on the keys of the second instance, and returns the gap that says why.
fn is_open(report: &Value) -> String {
    let farm = &report["farms"][0];
    assert_eq!((&farm["verdict"], &report["complete"]), (&json!("undecided"), &json!(false)));
    let mut rules = run::list(&farm["findings"]).map(|finding| finding["rule"].as_str().unwrap());
    assert!(!rules.any(|rule| rule.ends_with("-differs")), "{farm}");
    assert_eq!(cell(report, "hmac")["state"], "unreadable");
    assert_eq!(report["gaps"].as_array().unwrap().len(), 1, "{}", report["gaps"]);
    report["gaps"][0]["reason"].as_str().unwrap().to_owned()
}

/// The cell of the second instance in a row.
fn cell<'r>(report: &'r Value, fact: &str) -> &'r Value {
    let mut rows = run::list(&report["farms"][0]["matrix"]["rows"]);
    &rows.find(|row| row["fact"] == fact).unwrap()["cells"][1]
}

fn file(name: &str) -> String {
    format!("{STORE}/{name}")
}

fn add_missing_revision(files: &mut BTreeMap<String, Vec<u8>>) {
    let line = b"129fec6b-1ab5-4b44-ae81-d59174bd06ee:1 root 1795324053127\n";
    files.get_mut(&file("journal.log")).unwrap().extend_from_slice(line);
}

#[test]
fn keys_of_an_older_revision_are_shown_and_not_compared() {
    let report = with_store(|_| {});
    assert_eq!(report["farms"][0]["verdict"], "inconsistent");
    let known = cell(&report, "hmac")["text"].as_str().unwrap().to_owned();
    let report = with_store(add_missing_revision);
    let reason = is_open(&report);
    let end =
        "1 newer revision cannot be read: segment 129fec6b-1ab5-4b44-ae81-d59174bd06ee is missing";
    assert!(reason.ends_with(end), "{reason}");
    assert!(reason.contains("as of the revision of 2024-05-01 10:22:10 UTC"), "{reason}");
    assert_eq!(cell(&report, "hmac")["text"], format!("perhaps {known}"));
}

#[test]
fn keys_in_files_that_oak_does_not_open_are_shown_and_not_compared() {
    let report = with_store(|files| {
        let tar = files.remove(&file("data00000a.tar")).unwrap();
        files.insert(file("data00000a.tar.bak"), tar);
    });
    let reason = is_open(&report);
    assert!(reason.ends_with(" is missing, but for files that Oak does not open"), "{reason}");
}

#[test]
fn store_that_oak_refuses_says_nothing_for_sure() {
    let manifest = |text: &'static str| {
        with_store(move |files| drop(files.insert(file("manifest"), text.into())))
    };
    assert_eq!(manifest("store.version=1\n")["farms"][0]["verdict"], "inconsistent");
    let report = manifest("store.version=3\n");
    assert_eq!(report["farms"][0]["verdict"], "undecided");
    let repository = &report["farms"][0]["instances"][1]["repository"];
    assert_eq!(repository["state"], "not-read");
    assert_eq!(repository["reason"], "version 3 of the segment store is not supported");
    let reason = is_open(&manifest(""));
    assert!(reason.ends_with("the manifest of the segment store states no version"), "{reason}");
    let reason = is_open(&with_store(|files| drop(files.remove(&file("manifest")))));
    let end = "the segment store has no manifest, without which Oak does not open it";
    assert!(reason.ends_with(end), "{reason}");
}

#[test]
fn other_keys_that_an_older_revision_has_beside_files_leave_it_open() {
    let case = cases::all().into_iter().find(|case| case.name == "jcr-mismatch").unwrap();
    let scan = |change: fn(&mut BTreeMap<String, Vec<u8>>)| {
        let home = tempfile::tempdir().unwrap();
        let sources = case.sources.iter().map(|(name, case)| {
            let mut case = case.clone();
            if case.files.contains_key(&file("journal.log")) {
                change(&mut case.files);
            }
            case.pack_into(home.path(), Packing::Directory, name).into()
        });
        run::json(&run::scan(&sources.collect::<Vec<_>>()))
    };
    let whole = scan(|_| {});
    assert!(run::list(&whole["farms"][0]["findings"]).any(|f| f["rule"] == "jcr-key-mismatch"));
    let report = scan(add_missing_revision);
    assert!(!run::list(&report["farms"][0]["findings"]).any(|f| f["rule"] == "jcr-key-mismatch"));
    let mut reasons = run::list(&report["gaps"]).map(|gap| gap["reason"].as_str().unwrap());
    let start =
        "whether other keys are left in /etc/key is not known: 1 newer revision cannot be read";
    assert!(reasons.any(|reason| reason.starts_with(start)), "{}", report["gaps"]);
}

#[test]
fn configurations_in_the_repository_are_told_without_their_secrets_however_it_is_packed() {
    let case = cases::all().into_iter().find(|case| case.name == "jcr-configurations").unwrap();
    for packing in Packing::ALL {
        let packed = case.sources["publish2"].pack(packing, "publish2");
        let run = run::scan(&[packed.path().into()]);
        for format in aemtrix::report::FORMATS {
            let text = run::written(&run, format.name);
            assert!(!text.contains("made-up") && !text.contains("5a5a5a5a"), "{}", format.name);
        }
        let report: Value = serde_json::from_str(&run::written(&run, "json")).unwrap();
        let instance = &report["farms"][0]["instances"][0];
        let told: Vec<_> = run::list(&instance["configurations"])
            .map(|c| (c["origin"].as_str().unwrap(), c["jcr_path"].as_str().unwrap()))
            .collect();
        let ims = "com.adobe.granite.auth.ims.impl.IMS";
        let [tags, provider, author] = [
            format!("/apps/system/config/{ims}AccessTokenRequestCustomizerImpl~tags.config"),
            format!("/apps/system/config/{ims}ProviderImpl"),
            format!(
                "/apps/system/config.author/{ims}AccessTokenRequestCustomizerImpl~author.cfg.json"
            ),
        ];
        assert_eq!(told, [("jcr", &*tags), ("jcr", &*provider), ("jcr", &*author)], "{packing:?}");
        let first = &instance["configurations"][0];
        assert_eq!(first["secrets"], json!({"auth.ims.client.secret": "protected"}));
        assert_eq!(first["protected"][0]["bytes"], 98);
        assert_eq!(instance["repository"]["configurations_gap"], json!(null));
    }
}
