//! Where things lie in a source decides whose they are: copies, links, strays, archives and instances side by side.

use crate::instance::Instance;
use crate::pack::{Case, Link, Packing};
use crate::run::{self, list, operand};
use serde_json::Value;
use std::ffi::OsString;
use std::fs;

/// What a sound author and this source say together: verdict, instances, kinds of gap, rules.
fn said(case: &Case) -> String {
    let home = tempfile::tempdir().unwrap();
    let author = Instance::new("author").case().pack_into(home.path(), Packing::TarGz, "author");
    let other = case.pack_into(home.path(), Packing::Tar, "other");
    said_of(&[operand("author", &author), other.into_os_string()])
}

fn said_of(operands: &[OsString]) -> String {
    let report = run::json(&run::scan(operands));
    let farm = &report["farms"][0];
    let of = |items: &Value, field: &str| -> Vec<String> {
        list(items).map(|item| item[field].as_str().unwrap().to_owned()).collect()
    };
    let mut gaps = of(&report["gaps"], "kind");
    gaps.dedup();
    format!(
        "{} {} [{}] [{}]",
        farm["verdict"].as_str().unwrap(),
        list(&farm["instances"]).count(),
        gaps.join(","),
        of(&farm["findings"], "rule").join(",")
    )
}

fn instance(root: &str) -> Case {
    Instance::new(root).root(root).case()
}

fn with(mut case: Case, other: Case) -> Case {
    case.files.extend(other.files);
    case
}

/// The same files, with what lies below one directory moved to another.
fn moved(case: Case, from: &str, to: &str) -> Case {
    let path =
        |path: String| path.strip_prefix(from).map_or(path.clone(), |rest| format!("{to}{rest}"));
    let files = case.files.into_iter().map(|(old, bytes)| (path(old), bytes)).collect();
    Case { files, ..case }
}

#[test]
fn launchpad_behind_a_link_is_the_instance_and_no_copy_of_it() {
    let mut case = moved(
        instance("crx-quickstart"),
        "crx-quickstart/launchpad",
        "crx-quickstart/launchpad-6.5.21",
    );
    case.links.insert("crx-quickstart/launchpad".into(), Link::Symbolic("launchpad-6.5.21".into()));
    assert_eq!(said(&case), "consistent 2 [] []");
    let mut outside = moved(instance("crx-quickstart"), "crx-quickstart/launchpad", "store");
    outside.links.insert("crx-quickstart/launchpad".into(), Link::Symbolic("../store".into()));
    assert_eq!(said(&outside), "consistent 2 [] []");
}

#[test]
fn keys_in_a_bundle_directory_beside_the_cache_are_not_those_in_use() {
    let stray = "crx-quickstart/bundle43";
    let cache = "crx-quickstart/launchpad/felix/bundle43";
    let case =
        moved(instance("crx-quickstart"), &format!("{cache}/data"), &format!("{stray}/data"));
    assert!(said(&case).starts_with("undecided 2 [unidentified]"), "{}", said(&case));
}

#[test]
fn second_install_beside_the_first_is_an_instance_unless_it_is_the_same() {
    let odd = Instance::new("publish2").root("crx-quickstart-publish2").hmac("other").case();
    let both = with(instance("crx-quickstart"), odd);
    assert_eq!(said(&both), "inconsistent 3 [] [hmac-differs,half-copied-pair]");
    let old = Instance::new("crx-quickstart").root("crx-quickstart.old").hmac("other").case();
    assert_eq!(said(&with(instance("crx-quickstart"), old)), "consistent 2 [] [old-copy]");
}

#[test]
fn two_instances_under_one_path_cannot_both_be_seen() {
    let home = tempfile::tempdir().unwrap();
    let author = Instance::new("author").case().pack_into(home.path(), Packing::TarGz, "author");
    let tar = |name: &str| Instance::new(name).case().tar(Packing::Tar);
    // As `tar -C publish crx-quickstart -C ../other crx-quickstart` makes it: one archive without an end between the two.
    let entries = |tar: &[u8]| {
        let end = tar.chunks(512).rposition(|block| block.iter().any(|byte| *byte != 0)).unwrap();
        tar[..(end + 1) * 512].to_vec()
    };
    let both = [entries(&tar("publish")), tar("other")].concat();
    fs::write(home.path().join("both.tar"), both).unwrap();
    let operands = [operand("author", &author), home.path().join("both.tar").into_os_string()];
    assert_eq!(said_of(&operands), "undecided 2 [duplicate,ambiguous,duplicate] []");
}

#[test]
fn archive_that_is_none_is_told() {
    let mut case = instance("crx-quickstart");
    case.files.insert("publish3.tar.gz".into(), b"no archive".to_vec());
    assert_eq!(said(&case), "undecided 2 [not-an-archive] []");
    let mut packaged = instance("crx-quickstart");
    packaged.files.insert("aem-service-pkg-6.5.21.zip".into(), b"no archive".to_vec());
    assert_eq!(said(&packaged), "undecided 2 [not-an-archive] []");
}

#[test]
fn selection_without_the_data_directory_shows_no_missing_key() {
    let mut case = instance("crx-quickstart");
    case.files.retain(|path, _| !path.contains("bundle43/data"));
    let home = tempfile::tempdir().unwrap();
    let author = Instance::new("author").case().pack_into(home.path(), Packing::TarGz, "author");
    let other = case.pack_into(home.path(), Packing::NoDirectories, "other");
    let said = said_of(&[operand("author", &author), other.into_os_string()]);
    assert_eq!(said, "undecided 2 [] []");
}

#[test]
fn link_to_another_bundles_data_leaves_the_keys_where_they_are() {
    let mut case = instance("crx-quickstart");
    let data = "crx-quickstart/launchpad/felix/bundle502/data";
    case.links.insert(data.into(), Link::Symbolic("../bundle43/data".into()));
    assert_eq!(said(&case), "inconsistent 2 [] [key-misplaced,key-misplaced]");
}
