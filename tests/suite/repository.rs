//! Keys in the repository of an install: real stores, packed in every way, whole and damaged.

use crate::cases;
use crate::pack::{Case, Packing};
use crate::run;
use serde_json::Value;

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
        for packing in Packing::ALL.into_iter().filter(|packing| packing.is_plain()) {
            let instance = scan(&case, packing);
            assert_eq!(instance["repository"]["state"], "read", "{store} {packing:?}");
            assert_eq!(md5(&instance, "hmac").unwrap(), HMAC, "{store} {packing:?}");
            assert_eq!(md5(&instance, "master").unwrap(), MASTER, "{store} {packing:?}");
        }
    }
}

#[test]
fn compressed_archive_says_that_its_repository_was_not_read() {
    let instance = scan(&instance("v13-closed"), Packing::TarGz);
    assert_eq!(instance["repository"]["state"], "not-read");
    let reason = instance["repository"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the archive is compressed"), "{reason}");
    assert_eq!(md5(&instance, "hmac"), None);
}

#[test]
fn damaged_store_gives_the_right_keys_or_none() {
    for part in 1..12 {
        let mut case = instance("v13-gc");
        let tar = case.files.get_mut(&format!("{STORE}/data00000a.tar")).unwrap();
        let at = tar.len() * part / 12;
        tar[at] ^= 1;
        let instance = scan(&case, Packing::Tar);
        let found = [md5(&instance, "hmac"), md5(&instance, "master")];
        let right = [Some(HMAC.to_owned()), Some(MASTER.to_owned())];
        let state = instance["repository"]["state"].as_str().unwrap();
        assert!(
            found == right && state == "read" || found == [None, None] && state == "unreadable",
            "{part}: {instance}"
        );
    }
}
