//! Keys in the repository of an install: real stores, packed in every way, whole and damaged.

use crate::cases;
use crate::pack::{self, Case, Packing};
use crate::run;
use aemtrix::examine::examine;
use aemtrix::facts::{JcrKeys, Repository};
use aemtrix::intake::{NoWatch, discover};
use aemtrix::limits::Limits;
use serde_json::{Value, json};
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
