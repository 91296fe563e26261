//! Where sources come from: operands, lists and folders.

use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{aemtrix, list};
use serde_json::Value;
use std::path::Path;

/// Three archives in a folder.
fn uploads(home: &Path) {
    for name in ["author", "publish1", "old"] {
        Instance::new(name).case().pack_into(home, Packing::TarGz, name);
    }
}

fn names(arguments: &[&str], home: &Path, stdin: &str) -> (Vec<String>, Option<i32>) {
    let mut command = aemtrix();
    command.current_dir(home).args(["scan", "-q", "-f", "json"]).args(arguments);
    let output = command.write_stdin(stdin).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let names = list(&report["farms"][0]["instances"]).map(|one| one["name"].as_str().unwrap());
    (names.map(str::to_owned).collect(), output.status.code())
}

#[test]
fn sources_may_stand_in_a_list() {
    let home = tempfile::tempdir().unwrap();
    uploads(home.path());
    std::fs::write(home.path().join("list"), "author.tar.gz\n\np=publish1.tar.gz\n").unwrap();
    let both = (vec!["author".to_owned(), "p".to_owned()], Some(0));
    assert_eq!(names(&["--files-from", "list"], home.path(), ""), both);
    let stdin = "author.tar.gz\0p=publish1.tar.gz\0";
    assert_eq!(names(&["--files-from", "-", "-0"], home.path(), stdin), both);
    assert_eq!(names(&["--files-from", "list", "old.tar.gz"], home.path(), "").0.len(), 3);
    for (arguments, stdin) in [
        (&["--files-from", "missing"][..], ""),
        (&["--files-from", "-"], ""),
        (&["--files-from", "-"], "a\0b"),
        (&["--files-from", "-", "-"], "author.tar.gz\n"),
        (&["-0", "author.tar.gz"], ""),
        (&[], ""),
    ] {
        assert_eq!(names(arguments, home.path(), stdin), (vec![], Some(2)), "{arguments:?}");
    }
}

#[test]
fn of_a_folder_only_some_archives_are_read() {
    let home = tempfile::tempdir().unwrap();
    uploads(home.path());
    let both = (vec!["author".to_owned(), "publish1".to_owned()], Some(0));
    assert_eq!(names(&["--exclude", "old*", "."], home.path(), ""), both);
    assert_eq!(names(&["--include", "[ap]*", "."], home.path(), ""), both);
    assert_eq!(names(&["--include", "*.zip", "."], home.path(), ""), (vec![], Some(2)));
    assert_eq!(names(&["--include", "[", "."], home.path(), ""), (vec![], Some(2)));
}

#[test]
#[cfg(unix)]
fn link_to_an_install_elsewhere_leaves_the_verdict_open() {
    use std::os::unix::fs::symlink;
    let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = |name: &str, root: &Path| {
        let instance = Instance::new(name);
        instance.case().pack_into(&root.join(name), Packing::Directory, "x");
    };
    for name in ["author", "publish1"] {
        std::fs::create_dir(home.path().join(name)).unwrap();
        place(name, home.path());
    }
    std::fs::create_dir(elsewhere.path().join("publish2")).unwrap();
    std::fs::create_dir(elsewhere.path().join("jdk")).unwrap();
    place("publish2", elsewhere.path());
    assert_eq!(names(&["."], home.path(), "").1, Some(0));
    symlink(elsewhere.path().join("jdk"), home.path().join("java")).unwrap();
    assert_eq!(names(&["."], home.path(), "").1, Some(0), "no install is there");
    symlink(elsewhere.path().join("publish2"), home.path().join("publish2")).unwrap();
    let (both, code) = names(&["."], home.path(), "");
    assert_eq!((both.len(), code), (2, Some(2)));
    assert_eq!(names(&[".", "publish2"], home.path(), "").0.len(), 3, "named itself, it is read");
}

#[test]
fn link_out_of_an_archive_is_told_where_an_instance_would_be() {
    let home = tempfile::tempdir().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    for name in ["author", "publish1"] {
        let case = Instance::new(name).root(&format!("aem/{name}/crx-quickstart")).case();
        let inner = case.tar(Packing::Tar);
        for entry in tar::Archive::new(inner.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let (mut header, path) = (entry.header().clone(), entry.path().unwrap().into_owned());
            builder.append_data(&mut header, path, &mut entry).unwrap();
        }
    }
    for (link, target) in [
        ("aem/publish2", "/mnt/publish2"),
        ("aem/author/crx-quickstart/logs", "/var/log/aem"),
        ("etc/alternatives/java", "/usr/lib/jvm"),
        ("aem/current", "author"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, link, target).unwrap();
    }
    std::fs::write(home.path().join("farm.tar"), builder.into_inner().unwrap()).unwrap();
    let arguments = ["scan", "-q", "-f", "json", "farm.tar"];
    let output = aemtrix().current_dir(home.path()).args(arguments).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told: Vec<_> = list(&report["gaps"]).map(|gap| gap["path"].as_str().unwrap()).collect();
    assert_eq!(told, ["aem/author/crx-quickstart/logs", "aem/publish2"]);
    assert_eq!((report["complete"].as_bool(), output.status.code()), (Some(false), Some(2)));
}

#[test]
fn first_part_of_a_split_archive_says_that_there_are_more() {
    let home = tempfile::tempdir().unwrap();
    uploads(home.path());
    let whole = std::fs::read(home.path().join("old.tar.gz")).unwrap();
    std::fs::write(home.path().join("publish2.tar.gz.001"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(home.path().join("publish3.tar.gz.001"), &whole).unwrap();
    let run = |file: &str| {
        let output = aemtrix().current_dir(home.path()).args(["scan", "-f", "json", file]).output();
        let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
        let reasons = list(&report["gaps"]).map(|gap| gap["reason"].as_str().unwrap().to_owned());
        reasons.collect::<Vec<_>>()
    };
    assert!(run("publish2.tar.gz.001").iter().any(|reason| reason.contains("join all parts")));
    assert_eq!(run("publish3.tar.gz.001"), [""; 0], "one part that is whole is all of it");
}

#[test]
fn archive_among_hundreds_that_is_not_read_is_told() {
    let home = tempfile::tempdir().unwrap();
    uploads(home.path());
    let whole = std::fs::read(home.path().join("old.tar.gz")).unwrap();
    for number in 0..101 {
        std::fs::write(home.path().join(format!("{number}.tar.gz")), &whole).unwrap();
    }
    std::fs::create_dir(home.path().join("zz")).unwrap();
    std::fs::write(home.path().join("zz/publish9.rar"), b"Rar!\x1a\x07\x01\0").unwrap();
    let output = aemtrix().current_dir(home.path()).args(["scan", "-f", "json", "."]).output();
    let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(report["complete"], false);
}

#[test]
fn empty_mount_among_uploads_leaves_the_verdict_open() {
    let home = tempfile::tempdir().unwrap();
    uploads(home.path());
    assert_eq!(names(&["."], home.path(), "").1, Some(0));
    std::fs::create_dir_all(home.path().join("publish2/crx-quickstart")).unwrap();
    assert_eq!(names(&["."], home.path(), "").1, Some(2));
}
