//! Keys of the farm, and the storage mode, in a directory or under a name that AEM does not read: what is wrong is told.

use crate::instance::{Instance, hmac_of, master_of};
use crate::pack::Packing;
use crate::run::{self, list, operand};

/// Rules, and the paths of what is noted of files that are not used.
fn said(other: &Instance) -> (Vec<String>, Vec<String>) {
    let home = tempfile::tempdir().unwrap();
    let peer = Instance::new("a").case().pack_into(home.path(), Packing::TarGz, "a");
    let of = |packing| {
        let other = other.case().pack_into(home.path(), packing, "b");
        let report = run::json(&run::scan(&[operand("a", &peer), operand("b", &other)]));
        let farm = &report["farms"][0];
        assert_eq!(list(&farm["instances"]).count(), 2, "{packing:?}");
        let rules = list(&farm["findings"]).map(|hit| hit["rule"].as_str().unwrap().to_owned());
        let gaps = list(&report["gaps"]).filter(|gap| gap["kind"] == "ignored-config");
        let gaps = gaps.map(|gap| gap["path"].as_str().unwrap().to_owned());
        (rules.collect(), gaps.collect())
    };
    let said = of(Packing::Tar);
    assert_eq!(of(Packing::Directory), said);
    said
}

#[test]
fn right_keys_in_a_deeper_directory_are_told() {
    let felix = "launchpad/felix";
    for directory in [
        "bundle43/bundle31/data",
        "bundle43/data/bundle31/data",
        "bundle43/data/data",
        "bundle43/data/data/data",
        "bundle43/data/keys",
        "bundle43/data/backup",
        "bundle43/version0.0",
        "bundle43",
        "data",
        "",
    ] {
        let at = |name: &str| format!("{felix}/{directory}/{name}").replace("//", "/");
        let wrong = Instance::new("b").hmac("else").master("else");
        let wrong = wrong.file(&at("hmac"), &hmac_of("farm"));
        let (rules, _) = said(&wrong.file(&at("master"), &master_of("farm")));
        assert!(rules.iter().any(|rule| rule == "key-misplaced"), "{directory}: {rules:?}");
        assert!(rules.iter().any(|rule| rule == "hmac-differs"), "{directory}: {rules:?}");
    }
}

#[test]
fn storage_under_another_name_is_told_where_the_mode_is_open() {
    let data = "launchpad/felix/bundle21/data";
    for name in ["storage.txt", "Storage.TXT", "storage (1)", "data/storage"] {
        let path = format!("{data}/{name}");
        let noted = vec![format!("crx-quickstart/{path}")];
        let missing = Instance::new("b").without(&format!("{data}/storage")).file(&path, b"Bundle");
        assert_eq!(said(&missing).1, noted, "{name}");
        let jcr = Instance::new("b").storage(b"JCR").file(&path, b"Bundle");
        assert_eq!(said(&jcr).1, noted, "{name}");
        assert!(said(&Instance::new("b").file(&path, b"Bundle")).1.is_empty(), "{name}");
    }
    let other = Instance::new("b").storage(b"JCR");
    let other = other.file("launchpad/felix/bundle502/data/storage.txt", b"x");
    assert!(said(&other).1.is_empty());
}
