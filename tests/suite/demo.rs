//! The demo farm of the README: what it is made of, and what a scan of it says.

use crate::instance::Instance;
use crate::pack::Packing;
use assert_cmd::Command;
use std::path::{Path, PathBuf};

/// An author and two publishers. The second publisher was synchronised by half: it shares `master` with the others, has a
/// `hmac` of its own, and its `storage` was edited, which added a newline.
fn farm() -> [(&'static str, Instance); 3] {
    let publish = |name: &str| Instance::new(name).role("publish");
    [
        ("author", Instance::new("author").role("author").ids(21, 25)),
        ("publish1", publish("publish1").ids(33, 39)),
        ("publish2", publish("publish2").ids(33, 43).hmac("publish2").storage(b"Bundle\n")),
    ]
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/demo")
}

/// Run with `AEMTRIX_BLESS=1` to write the archives anew after a change here.
#[test]
fn archives_are_what_the_builder_makes() {
    for (name, instance) in farm() {
        let path = home().join(format!("{name}.tar.gz"));
        let made = crate::pack::gzip(&instance.case().tar(Packing::TarGz));
        if std::env::var_os("AEMTRIX_BLESS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == made, "{} is out of date", path.display());
    }
}

#[test]
fn readme_shows_what_the_demo_prints() {
    let demo = Command::cargo_bin("aemtrix")
        .unwrap()
        .args(["scan", "testdata/demo", "--width", "100", "--color", "never"])
        .output()
        .unwrap();
    let printed = String::from_utf8(demo.stdout).unwrap();
    let readme = include_str!("../../README.md");
    let picture =
        readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(printed.starts_with(picture.trim_end()), "the demo prints:\n{printed}");
    assert_eq!(demo.status.code(), Some(1));
}
