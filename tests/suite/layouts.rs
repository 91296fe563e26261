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
    // A source with full paths has what an absolute link leads to.
    for part in ["launchpad", "launchpad/felix"] {
        let root = "opt/aem/crx-quickstart";
        let case = moved(instance("crx-quickstart"), "crx-quickstart", root);
        let mut case = moved(case, &format!("{root}/{part}"), &format!("mnt/ssd/{part}"));
        case.links.insert(format!("{root}/{part}"), Link::Symbolic(format!("/mnt/ssd/{part}")));
        assert_eq!(said(&case), "consistent 2 [] []", "{part}");
    }
}

#[test]
fn link_to_an_install_that_came_too_makes_no_second_instance() {
    for (link, root) in [
        ("home/aem/crx-quickstart", "srv/aem-data/crx-quickstart"),
        ("opt/aem/crx-quickstart", "opt/aem/crx-quickstart-6.5"),
        ("opt/aem/crx-quickstart", "mnt/ssd/aem"),
    ] {
        let mut case = moved(instance("crx-quickstart"), "crx-quickstart", root);
        case.links.insert(link.into(), Link::Symbolic(format!("/{root}")));
        assert_eq!(said(&case), "consistent 2 [] []", "{root}");
    }
    // A short way to a part of it is none either.
    for (link, target) in [
        ("root/felix", "/opt/aem/crx-quickstart/launchpad/felix"),
        ("root/bundle43", "/opt/aem/crx-quickstart/launchpad/felix/bundle43"),
        ("opt/aem/launchpad", "crx-quickstart/launchpad"),
    ] {
        let mut case =
            moved(instance("crx-quickstart"), "crx-quickstart", "opt/aem/crx-quickstart");
        case.links.insert(link.into(), Link::Symbolic(target.into()));
        assert_eq!(said(&case), "consistent 2 [] []", "{link}");
    }
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

/// A source in which one install was packed behind the other, under the same names, and the author.
fn said_of_both(first: &Case, second: &Case) -> String {
    let home = tempfile::tempdir().unwrap();
    let author = Instance::new("author").case().pack_into(home.path(), Packing::TarGz, "author");
    let first = first.tar(Packing::Tar);
    let end = first.chunks(512).rposition(|block| block.iter().any(|byte| *byte != 0)).unwrap();
    let both = [&first[..(end + 1) * 512], &second.tar(Packing::Tar)].concat();
    fs::write(home.path().join("both.tar"), both).unwrap();
    said_of(&[operand("author", &author), home.path().join("both.tar").into_os_string()])
}

#[test]
fn files_of_two_instances_under_one_path_are_of_nobody() {
    let id = "launchpad/felix/bundle7/data/sling.id.file";
    let publish = || Instance::new("publish");
    for (what, first, second) in [
        ("no ids", publish().hmac("other").without(id), publish().without(id)),
        ("id of the first alone", publish().hmac("other"), publish().without(id)),
        ("id of the second alone", publish().storage(b"JCR").without(id), publish()),
        ("other numbers", publish().ids(43, 21).without(id), publish().without(id)),
        ("other properties", publish().version("6.4.0").without(id), publish().without(id)),
    ] {
        let said = said_of_both(&first.case(), &second.case());
        let is_open = said.starts_with("undecided 2 [") && said.contains("ambiguous");
        assert!(is_open && said.ends_with("[]"), "{what}: {said}");
    }
    let moved = moved(
        Instance::new("other").case(),
        "crx-quickstart/launchpad/felix/bundle7/",
        "crx-quickstart/launchpad/felix/bundle9/",
    );
    let said = said_of_both(&publish().case(), &moved);
    assert!(said.starts_with("undecided 2 [") && said.contains("ambiguous"), "{said}");
}

#[test]
fn newer_version_of_a_file_of_one_instance_counts() {
    let mut newer = Instance::new("publish").case();
    newer.files.retain(|path, _| path.ends_with("hmac") || path.ends_with("sling.properties"));
    let old = Instance::new("publish").hmac("old").case();
    assert_eq!(said_of_both(&old, &newer), "consistent 2 [duplicate] []");
    let whole = Instance::new("publish").case();
    assert_eq!(said_of_both(&old, &whole), "consistent 2 [duplicate] []");
}

#[test]
fn copy_with_other_keys_and_no_id_may_be_another_instance() {
    let id = "launchpad/felix/bundle7/data/sling.id.file";
    let beside = |root: &str, hmac: &str, other: Instance| {
        let other = other.root(root).hmac(hmac).case();
        said(&with(Instance::new("publish").case(), other))
    };
    let nameless = || Instance::new("publish").without(id);
    let open = "undecided 2 [] [old-copy]";
    assert_eq!(beside("crx-quickstart-publish", "other", nameless()), open);
    assert_eq!(beside("crx-quickstart2", "other", nameless()), open);
    assert_eq!(beside("crx-quickstart.old", "farm", nameless()), "consistent 2 [] [old-copy]");
    let same = Instance::new("publish");
    assert_eq!(beside("crx-quickstart.old", "other", same), "consistent 2 [] [old-copy]");
    let within = Instance::new("publish").root("crx-quickstart/launchpad.old").hmac("other");
    let case = with(Instance::new("publish").case(), within.without(id).case());
    assert_eq!(said(&case), "consistent 2 [] [old-copy]");
}

#[test]
fn install_counts_whatever_the_directories_above_are_called() {
    for above in [
        "srv/repository/cache/publish2",
        "srv/repository/datastore/publish2",
        "bundle2024/data/publish2",
        "felix/bundles/publish2",
        "tools/node_modules/publish2",
        "launchpad/installer/publish2",
        "srv/outputcache/publish2",
        ".git/publish2",
        "__MACOSX/publish2",
    ] {
        for inside in ["crx-quickstart", ""] {
            let root = format!("{above}/{inside}");
            let odd = Instance::new("publish2").root(&root).hmac("other").case();
            let both = with(instance("srv/publish1/crx-quickstart"), odd);
            let home = tempfile::tempdir().unwrap();
            let author = Instance::new("author").case();
            let author =
                operand("author", &author.pack_into(home.path(), Packing::TarGz, "author"));
            for packing in [Packing::Directory, Packing::Tar, Packing::Shuffled(3)] {
                let other = both.pack_into(home.path(), packing, &format!("{packing:?}"));
                let said = said_of(&[author.clone(), other.into_os_string()]);
                assert!(said.starts_with("inconsistent 3 "), "{root} {packing:?}: {said}");
            }
        }
    }
}

#[test]
fn cache_that_a_bundle_keeps_in_its_data_is_none_of_the_install() {
    for (root, inner) in [
        ("crx-quickstart", "launchpad/felix/bundle502/data/launchpad"),
        ("opt/aem", "launchpad/felix/bundle502/data/cache/felix"),
    ] {
        let inner = Instance::new("x").root(&format!("{root}/{inner}")).hmac("other").case();
        let both = with(Instance::new("publish").root(root).case(), inner);
        let home = tempfile::tempdir().unwrap();
        let author = Instance::new("author").case();
        let author = operand("author", &author.pack_into(home.path(), Packing::TarGz, "author"));
        for packing in [Packing::Directory, Packing::Tar, Packing::Shuffled(3)] {
            let other = both.pack_into(home.path(), packing, &format!("{packing:?}"));
            let said = said_of(&[author.clone(), other.into_os_string()]);
            assert!(said.starts_with("consistent 2 [] "), "{root} {packing:?}: {said}");
        }
    }
}

#[test]
fn install_within_the_directories_of_another_one_is_an_instance() {
    for within in [
        "crx-quickstart/logs/p2",
        "crx-quickstart/logs/old/p2",
        "crx-quickstart/app/p2",
        "crx-quickstart/threaddumps/p2",
        "crx-quickstart/monitoring/p2",
        "crx-quickstart/repository/p2",
        "crx-quickstart/repository/datastore/p2",
        "crx-quickstart/datastore/p2",
        "crx-quickstart/launchpad/felix/bundle12/data/p2",
    ] {
        let other = Instance::new("publish2").root(&format!("{within}/crx-quickstart"));
        let both = with(Instance::new("publish").case(), other.hmac("other").case());
        let home = tempfile::tempdir().unwrap();
        let author = Instance::new("author").case();
        let author = operand("author", &author.pack_into(home.path(), Packing::TarGz, "author"));
        for packing in [Packing::Directory, Packing::Tar, Packing::Shuffled(3)] {
            let other = both.pack_into(home.path(), packing, &format!("{packing:?}"));
            let said = said_of(&[author.clone(), other.into_os_string()]);
            assert!(said.starts_with("inconsistent 3 "), "{within} {packing:?}: {said}");
        }
    }
}

#[test]
fn notes_of_the_finder_are_no_install() {
    let mut case = Instance::new("publish").case();
    let note = b"\0\x05\x16\x07\0\x02\0\0Mac OS X        ".to_vec();
    for path in case.files.keys().cloned().collect::<Vec<_>>() {
        let (directory, name) = path.rsplit_once('/').unwrap();
        case.files.insert(format!("__MACOSX/{directory}/._{name}"), note.clone());
        case.files.insert(format!("{directory}/._{name}"), note.clone());
    }
    case.files.insert("__MACOSX/._crx-quickstart".into(), note);
    case.empty.push("__MACOSX/crx-quickstart/install".into());
    assert_eq!(said(&case), "consistent 2 [] []");
}

#[test]
fn package_in_install_of_an_install_is_no_upload() {
    let empty = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    for root in ["crx-quickstart", "opt/adobe/forms/crx-repository", "aem", ""] {
        for folder in ["install", "install.publish"] {
            let package = |name: &str| format!("{folder}/{name}");
            let case = Instance::new("publish")
                .root(root)
                .file(&package("pkg.zip"), empty)
                .file(&package("cut.zip"), b"PK\x03\x04")
                .file(&package("text.zip"), b"403")
                .file(&package("deep/none"), b"")
                .case();
            assert_eq!(said(&case), "consistent 2 [] []", "{root} {folder}");
        }
    }
    let mut case = instance("crx-quickstart");
    case.files.insert("install/publish2.zip".into(), b"403".to_vec());
    assert_eq!(said(&case), "undecided 2 [not-an-archive] []", "beside an install");
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

#[test]
fn old_state_that_a_file_system_shows_is_no_instance() {
    let live = || instance("crx-quickstart");
    for keeper in [".snapshot/nightly.0", ".zfs/snapshot/monday", "lost+found/#12"] {
        let root = format!("{keeper}/crx-quickstart");
        let old = || Instance::new("crx-quickstart").root(&root).hmac("other");
        assert_eq!(said(&with(live(), old().case())), "consistent 2 [] [old-copy]", "{keeper}");
        let other = old().sling_id("00000000-0000-4000-8000-00000000000a").case();
        assert_eq!(said(&with(live(), other)), "consistent 2 [] [old-copy]", "{keeper}");
        assert_eq!(said(&old().case()), "undecided 1 [no-instance] []", "{keeper}");
    }
}

#[test]
fn launchpad_elsewhere_in_the_source_is_no_claim_of_another_instance() {
    for target in ["data/launchpad", "mnt/disk2/launchpad"] {
        let root = "opt/aem/crx-quickstart";
        let mut case = moved(instance(root), &format!("{root}/launchpad"), target);
        let link = Link::Symbolic(format!("../../../{target}"));
        case.links.insert(format!("{root}/launchpad"), link);
        assert_eq!(said(&case), "consistent 2 [] []", "{target}");
    }
}

#[test]
fn layers_of_a_container_are_no_instances() {
    let store = "var/lib/docker/overlay2";
    let at = |layer: &str, hmac: &str| {
        Instance::new("publish")
            .root(&format!("{store}/{layer}/opt/crx-quickstart"))
            .hmac(hmac)
            .case()
    };
    let upper = || {
        let mut case = at("b/diff", "farm");
        case.files.retain(|path, _| path.ends_with("/hmac") || path.ends_with("/master"));
        case
    };
    // The lower layer has keys that the upper one replaces.
    let layers = || with(at("a/diff", "old"), upper());
    assert_eq!(said(&layers()), "undecided 1 [no-instance] []");
    // Where the container runs, its file system is there as well.
    let running = with(layers(), at("b/merged", "farm"));
    assert_eq!(said(&running), "consistent 2 [nested] []");
    let wrong = with(layers(), at("b/merged", "other"));
    assert!(said(&wrong).starts_with("inconsistent 2 [nested,no-instance] "), "{}", said(&wrong));
    // LXC keeps the lower layer of a container that does not run where its file system is else.
    let lxc = |layer: &str, hmac: &str| {
        Instance::new("publish")
            .root(&format!("lxc/a/{layer}/opt/crx-quickstart"))
            .hmac(hmac)
            .case()
    };
    let stopped = with(lxc("overlay/delta", "farm"), lxc("rootfs", "old"));
    assert_eq!(said(&stopped), "undecided 1 [no-instance] []");
    let running = with(lxc("overlay/delta", "farm"), lxc("rootfs", "farm"));
    assert_eq!(said(&running), "consistent 2 [nested] []");
}
