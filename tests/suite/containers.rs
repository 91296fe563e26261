//! One instance in every container is one instance: whatever it was packed with, the same cells come out.

use crate::instance::Instance;
use crate::nested;
use crate::pack::{Packing, gzip};
use crate::run::{aemtrix, list};
use serde_json::Value;
use std::fs;
use std::path::Path;

const PACKINGS: [Packing; 7] = [
    Packing::Tar,
    Packing::TarGz,
    Packing::TarZst,
    Packing::TarXz,
    Packing::TarBz2,
    Packing::Zip,
    Packing::Directory,
];

/// A folder with one publisher in eight containers, and what a scan of it says.
fn scan(home: &Path) -> Value {
    let case = Instance::new("publish1").case();
    for (index, packing) in PACKINGS.into_iter().enumerate() {
        case.pack_into(home, packing, &format!("copy{index}"));
    }
    let inner = gzip(&case.tar(Packing::Tar));
    let outer = gzip(&nested::tar(&[("copy7.tar.gz", &inner)]));
    fs::write(home.join("copy7.tar.gz"), outer).unwrap();
    let output = aemtrix().args(["scan", "-q", "-f", "json"]).arg(home).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn instance_in_eight_containers_is_eight_equal_columns() {
    let home = tempfile::tempdir().unwrap();
    let report = scan(home.path());
    let farm = &report["farms"][0];
    assert_eq!(report["gaps"], Value::Array(vec![]));
    assert_eq!(list(&farm["instances"]).count(), 8);
    let rows: Vec<_> = list(&farm["matrix"]["rows"]).collect();
    let facts: Vec<_> = rows.iter().filter_map(|row| row["fact"].as_str()).collect();
    for fact in ["storage-mode", "hmac", "master", "crypto-version", "sling-id", "run-modes"] {
        assert!(facts.contains(&fact), "{fact}: {facts:?}");
    }
    // A directory has the owner that this test has, and a zip has no names of users.
    for row in rows.into_iter().filter(|row| row["fact"] != "key-owner") {
        let mut cells: Vec<_> = list(&row["cells"]).map(|cell| cell["text"].to_string()).collect();
        assert_eq!(cells.len(), 8, "{row}");
        cells.dedup();
        assert_eq!(cells.len(), 1, "{row}");
    }
}

#[test]
fn copies_of_one_instance_are_told_and_make_no_farm() {
    let home = tempfile::tempdir().unwrap();
    let report = scan(home.path());
    let farm = &report["farms"][0];
    let twice = |finding: &&Value| finding["rule"] == "same-instance-twice";
    assert_eq!(list(&farm["findings"]).filter(twice).count(), 7, "{}", farm["findings"]);
    let is_of_owner = |finding: &&Value| finding["rule"] == "key-permissions";
    let mut findings = list(&farm["findings"]).filter(|finding| !is_of_owner(finding));
    assert!(findings.all(|finding| twice(&finding)), "{}", farm["findings"]);
    assert_eq!(farm["verdict"], "undecided", "eight copies are one instance");
}
