//! The corpus of bad input: one row a case, and what is said of it beside two sound instances of its farm.
//!
//! A row says the exit code, the verdict, the kinds of gap, and what became of the `hmac` of the odd instance: `kept`, `doubted`
//! (shown, and compared with nothing) or `none`.

mod streams;
mod tars;
mod unpackers;
mod zips;

use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{self, list};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// One piece of bad input.
pub(crate) struct Case {
    /// What is bad about it.
    pub(crate) name: String,
    /// The name of the file.
    pub(crate) file: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// What is to be said of it.
    said: &'static str,
}

impl Case {
    fn new(name: &str, bytes: Vec<u8>, said: &'static str) -> Self {
        Self { name: name.to_owned(), file: "publish2", bytes, said }
    }

    /// The same in a file of this name.
    fn named(self, file: &'static str) -> Self {
        Self { file, ..self }
    }
}

const SOUND: &str = "0 consistent [] kept";
const CUT: &str = "2 undecided [partial] kept";
const CORRUPT: &str = "2 undecided [corrupt] kept";
const DOUBTED: &str = "2 undecided [corrupt] doubted";
const TRAILING: &str = "2 undecided [trailing-data] kept";
const NO_ARCHIVE: &str = "2 undecided [not-an-archive] none";
const UNSUPPORTED: &str = "2 undecided [unsupported] none";

/// All of the corpus.
pub(crate) fn cases() -> Vec<Case> {
    let archives = [streams::cases(), tars::cases(), zips::cases(), zips::nested_cases()];
    let all = archives.into_iter().chain([unpackers::cases(), others()]);
    all.flatten().collect()
}

/// Files that are no archive.
fn others() -> Vec<Case> {
    let text = |name: &str, text: &str, said| Case::new(name, text.as_bytes().to_vec(), said);
    let magic = |magic: &[u8]| [magic, &[0x55; 600]].concat();
    vec![
        text("empty file", "", "2 undecided [empty-file] none").named("publish2.tar.gz"),
        text("HTML page", "<!DOCTYPE html><html><body>403</body></html>", NO_ARCHIVE)
            .named("publish2.tar.gz"),
        text("XML error", "<?xml version=\"1.0\"?><Error>AccessDenied</Error>", NO_ARCHIVE),
        text("JSON error page", "{\"error\":{\"code\":403}}", NO_ARCHIVE).named("publish2.tgz"),
        text("text of a shell", "curl: (22) The requested URL returned error: 404\n", NO_ARCHIVE),
        Case::new("noise", (0..=255).cycle().take(70_000).collect(), NO_ARCHIVE),
        Case::new("key file itself", vec![0xf1; 32], NO_ARCHIVE),
        Case::new("7z", magic(b"7z\xbc\xaf\x27\x1c"), UNSUPPORTED).named("publish2.7z"),
        Case::new("first part of a 7z", magic(b"7z\xbc\xaf\x27\x1c"), UNSUPPORTED)
            .named("publish2.7z.001"),
        Case::new("rar 4", magic(b"Rar!\x1a\x07\0"), UNSUPPORTED).named("publish2.rar"),
        Case::new("rar 5", magic(b"Rar!\x1a\x07\x01\0"), UNSUPPORTED),
        Case::new("lz4", magic(b"\x04\x22\x4d\x18"), UNSUPPORTED),
        Case::new("compress", magic(b"\x1f\x9d\x90"), UNSUPPORTED).named("publish2.tar.Z"),
    ]
}

/// Two sound instances, for each case to lie beside.
struct Farm {
    home: tempfile::TempDir,
    sound: Vec<OsString>,
}

impl Farm {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let pack = |name: &str| {
            Instance::new(name).case().pack_into(home.path(), Packing::TarGz, name).into()
        };
        let sound = ["author", "publish1"].map(pack).to_vec();
        Self { home, sound }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// What is said of the farm with this as its last member.
    fn said(&self, odd: &Path) -> String {
        let report = run::scan(&[self.sound.as_slice(), &[odd.into()]].concat());
        let code = run::exit_code(&report);
        let json = run::json(&report);
        let farm = &json["farms"][0];
        let (mut kept, mut sound) = ("none", 0);
        for instance in list(&farm["instances"]) {
            if instance["name"] == "author" || instance["name"] == "publish1" {
                sound += usize::from(is_whole(instance));
            } else if !list(&instance["keys"]["hmac"]).all(|key| key["bytes"] != 32) {
                kept = if instance["verified"] == true { "kept" } else { "doubted" };
            }
        }
        let gaps: BTreeSet<_> =
            list(&json["gaps"]).map(|gap| gap["kind"].as_str().unwrap()).collect();
        let gaps = gaps.into_iter().collect::<Vec<_>>().join(",");
        let neighbours = if sound == 2 { "" } else { ", and the sound ones lost their result" };
        format!("{code} {} [{gaps}] {kept}{neighbours}", farm["verdict"].as_str().unwrap())
    }
}

fn is_whole(instance: &Value) -> bool {
    instance["complete"] == true
        && instance["verified"] == true
        && ["hmac", "master"].iter().all(|key| list(&instance["keys"][key]).count() == 1)
}

/// Compares all rows, so that one run tells of all that changed.
fn check(rows: &[(&str, &str, String)]) {
    let differ = rows.iter().filter(|(_, expected, got)| expected != got);
    let table: Vec<_> = differ
        .map(|(name, expected, got)| format!("{name:<50} expected {expected:<45} got {got}"))
        .collect();
    assert!(table.is_empty(), "{} of {}:\n{}", table.len(), rows.len(), table.join("\n"));
}

#[test]
fn each_piece_of_bad_input_is_what_the_table_says() {
    let farm = Farm::new();
    let cases = cases();
    let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len(), "names are unique");
    let rows: Vec<_> = cases
        .iter()
        .map(|case| {
            let path = farm.write(case.file, &case.bytes);
            let said = farm.said(&path);
            fs::remove_file(path).unwrap();
            (case.name.as_str(), case.said, said)
        })
        .collect();
    check(&rows);
}

#[test]
fn what_is_no_file_is_what_the_table_says() {
    let farm = Farm::new();
    let at = |name: &str| farm.home.path().join(name);
    fs::create_dir_all(at("empty")).unwrap();
    let unreadable = "2 undecided [unreadable] none";
    let mut rows = vec![
        ("missing file", unreadable, farm.said(&at("missing"))),
        ("empty directory", "2 undecided [no-instance] none", farm.said(&at("empty"))),
    ];
    #[cfg(unix)]
    {
        let fifo = at("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        std::os::unix::fs::symlink("gone", at("link")).unwrap();
        rows.extend([
            ("device", NO_ARCHIVE, farm.said(Path::new("/dev/null"))),
            ("endless device", NO_ARCHIVE, farm.said(Path::new("/dev/zero"))),
            ("FIFO without a writer", NO_ARCHIVE, farm.said(&fifo)),
            ("socket", NO_ARCHIVE, farm.said(&at("socket"))),
            ("link that leads nowhere", unreadable, farm.said(&at("link"))),
        ]);
    }
    check(&rows);
}
