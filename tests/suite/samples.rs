//! Caches written by real Felix and real Sling, as five sources of one farm.

use crate::run::{self, aemtrix, list, operand, texts};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::Path;

const SAMPLES: [&str; 5] = [
    "felix-3.0.4",
    "felix-6.0.2",
    "felix-debian-4.6.1",
    "felix-debian-4.6.1-live",
    "sling-formats",
];

fn operands() -> Vec<OsString> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/samples/felix");
    SAMPLES.iter().map(|name| operand(name, &home.join(format!("{name}.tar.gz")))).collect()
}

fn report() -> Value {
    run::json(&run::scan(&operands()))
}

fn instance<'r>(report: &'r Value, name: &str) -> &'r Value {
    list(&report["farms"][0]["instances"]).find(|instance| instance["name"] == name).unwrap()
}

/// Id, symbolic name, version and revision of each bundle.
fn bundles(report: &Value, name: &str) -> Vec<Value> {
    let row = |bundle: &Value| {
        assert_eq!(bundle["identified_by"], "manifest", "{bundle}");
        json!([bundle["id"], bundle["symbolic_name"], bundle["version"], bundle["revision"]])
    };
    list(&instance(report, name)["bundles"]).map(row).collect()
}

/// What three generations of Felix made of one history of installs and updates.
fn history(revisions: [&str; 4]) -> Vec<Value> {
    let bundles = [
        ("com.adobe.granite.crypto", "3.4.18"),
        ("com.adobe.granite.crypto.file", "1.0.2"),
        ("com.example.native", "1.1.0"),
        ("com.example.frag", "1.0.0"),
    ];
    let rows = bundles.iter().zip(revisions).zip(1..);
    rows.map(|(((name, version), revision), id)| json!([id, name, version, revision])).collect()
}

#[test]
fn each_generation_of_felix_gives_the_same_bundles() {
    let report = report();
    let newer = history(["version0.0", "version0.2", "version1.1", "version0.0"]);
    assert_eq!(bundles(&report, "felix-debian-4.6.1"), newer);
    assert_eq!(bundles(&report, "felix-6.0.2"), newer);
    let oldest = history(["version0.0", "version2.0", "version1.0", "version0.0"]);
    assert_eq!(bundles(&report, "felix-3.0.4"), oldest);
}

#[test]
fn version_is_that_of_the_manifest_whatever_the_location_says() {
    let report = report();
    for name in &SAMPLES[..3] {
        let bundle = &instance(&report, name)["bundles"][1];
        assert_eq!(bundle["location"], "slinginstall:com.adobe.granite.crypto.file-1.0.0.jar");
        assert_eq!(bundle["version"], "1.0.2", "{name}");
    }
}

#[test]
fn killed_felix_leaves_two_revisions_and_the_second_counts() {
    let report = report();
    assert_eq!(
        bundles(&report, "felix-debian-4.6.1-live"),
        [
            json!([1, "com.adobe.granite.crypto", "3.4.22", "version0.1"]),
            json!([2, "com.adobe.granite.crypto.file", "1.0.0", "version0.0"]),
            json!([3, "com.example.frag", "1.0.0", "version0.0"]),
            json!([4, "com.example.exp", "1.1.0", "version0.1"]),
            json!([5, "com.example.imp", "1.0.0", "version0.0"]),
        ]
    );
}

#[test]
fn killed_felix_leaves_an_uninstalled_bundle_and_that_is_told() {
    let report = report();
    let live = instance(&report, "felix-debian-4.6.1-live");
    assert_eq!(live["bundles"][2]["state"], "uninstalled");
    let told: Vec<_> = list(&report["farms"][0]["findings"])
        .filter(|finding| finding["rule"] == "bundle-uninstalled")
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(texts(&told[0]["instances"]), ["felix-debian-4.6.1-live"]);
    assert_eq!(told[0]["places"][0]["path"], "felix/bundle3");
}

#[test]
fn states_are_those_that_felix_stored() {
    let report = report();
    for name in &SAMPLES[..3] {
        let states: Vec<_> =
            list(&instance(&report, name)["bundles"]).map(|bundle| &bundle["state"]).collect();
        assert_eq!(states, ["starting", "active", "active", "installed"], "{name}");
    }
}

#[test]
fn keys_are_read_from_the_bundle_that_owns_them() {
    let report = report();
    for name in &SAMPLES[..4] {
        let instance = instance(&report, name);
        assert_eq!(instance["storage"]["mode"], "bundle", "{name}");
        for (key, bytes, md5) in [
            ("hmac", 32, "d5491402ee479d4c304b6ad19e3618ed"),
            ("master", 16, "8e526d8730483d725397cddd1f6b3106"),
        ] {
            let keys = instance["keys"][key].as_array().unwrap();
            assert_eq!(keys.len(), 1, "{name}");
            assert_eq!(keys[0]["place"], format!("felix/bundle2/data/{key}"));
            assert_eq!((&keys[0]["bytes"], &keys[0]["md5"]), (&json!(bytes), &json!(md5)));
            assert_eq!(keys[0]["origin"], "bundle");
        }
    }
}

#[test]
fn sling_says_who_the_instance_is() {
    let report = report();
    let sling = instance(&report, "sling-formats");
    assert_eq!(sling["role"], "publish");
    assert_eq!(texts(&sling["run_modes"]), ["publish", "crx3", "nosamplecontent"]);
    assert_eq!(sling["sling_id"], "0f8fad5b-d9cb-469f-a165-70867728950e");
    assert_eq!(instance(&report, "felix-6.0.2")["java_version"], 17);
}

#[test]
fn configurations_are_those_that_felix_wrote() {
    let report = report();
    let sling = instance(&report, "sling-formats");
    assert_eq!(sling["token"]["encapsulated"], true);
    assert_eq!(sling["token"]["required_attributes"], json!(["none"]));
    assert_eq!(sling["token"]["skip_refresh"], json!([]));
    assert_eq!(list(&sling["configurations"]).count(), 1);
    // Of the others no configuration was packed, so nothing is known.
    assert_eq!(instance(&report, "felix-6.0.2")["token"]["encapsulated"], Value::Null);
}

#[test]
fn samples_were_read_whole_and_prove_nothing_without_the_fifth_s_keys() {
    let report = report();
    assert_eq!(report["gaps"], json!([]));
    let farm = &report["farms"][0];
    assert_eq!(farm["verdict"], "undecided");
    assert_eq!(
        texts(&farm["verdict_reasons"]),
        [
            "conf/sling.properties, which can name another key directory, is not in the snapshot of felix-3.0.4",
            "conf/sling.properties, which can name another key directory, is not in the snapshot of felix-6.0.2",
            "conf/sling.properties, which can name another key directory, is not in the snapshot of felix-debian-4.6.1",
            "conf/sling.properties, which can name another key directory, is not in the snapshot of felix-debian-4.6.1-live",
            "the hmac of sling-formats is not in the snapshot",
            "the snapshots do not show whether these are different instances: felix-3.0.4, felix-6.0.2, felix-debian-4.6.1; sling.id.file would"
        ]
    );
    aemtrix().arg("scan").args(operands()).assert().code(2);
}

#[test]
fn keys_of_the_other_four_agree() {
    let report = run::json(&run::scan(&operands()[..4]));
    let rows = list(&report["farms"][0]["matrix"]["rows"])
        .filter(|row| row["fact"] == "hmac" || row["fact"] == "master");
    let groups: Vec<_> =
        rows.flat_map(|row| list(&row["cells"])).map(|cell| &cell["group"]).collect();
    assert_eq!(groups, [&json!(0); 8]);
}
