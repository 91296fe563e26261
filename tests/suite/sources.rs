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
