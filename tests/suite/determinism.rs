//! Same sources in, same bytes out: at any number of threads, in any order.

use crate::cases;
use crate::pack::Packing;
use crate::run::{aemtrix, operand};
use aemtrix::report::FORMATS;
use std::ffi::OsString;
use tempfile::TempDir;

/// Five sources of several sizes: sound, odd, cut, empty, and one that is no archive.
fn sources() -> (TempDir, Vec<OsString>) {
    let home = tempfile::tempdir().unwrap();
    let case = cases::all().into_iter().find(|case| case.name == "odd-pair").unwrap();
    let mut operands: Vec<_> = case
        .sources
        .iter()
        .map(|(name, case)| operand(name, &case.pack_into(home.path(), Packing::TarGz, name)))
        .collect();
    let whole = case.sources["author"].tar(Packing::Tar);
    for (name, bytes) in
        [("cut.tar", &whole[..whole.len() / 2]), ("empty.tar", b""), ("page.html", b"<html>")]
    {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        operands.push(path.into_os_string());
    }
    (home, operands)
}

/// Standard output and error of a scan.
fn scan(format: &str, threads: &str, operands: &[OsString]) -> (String, String) {
    let output = aemtrix()
        .args(["scan", "-v", "-f", format, "-j", threads])
        .args(operands)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let sorted = |text: String| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    // The lines of a source are written, and said, as soon as it was read.
    if format == "ndjson" { (sorted(out), sorted(err)) } else { (out, err) }
}

#[test]
fn threads_and_order_do_not_show() {
    let (_home, operands) = sources();
    for format in FORMATS.iter().map(|format| format.name) {
        let expected = scan(format, "1", &operands);
        assert!(expected.0.len() > 500, "{format}");
        // What is read is the same for every format, which can mix up no more than the order.
        let turns = if format == "json" { 0..operands.len() } else { 1..2 };
        for turn in turns {
            let mut turned = operands.clone();
            turned.rotate_left(turn);
            assert!(scan(format, "8", &turned) == expected, "{format}, turned by {turn}");
            turned.reverse();
            assert!(
                scan(format, "1", &turned) == expected,
                "{format}, reversed and turned by {turn}"
            );
        }
    }
}

#[test]
fn scanning_again_gives_the_same() {
    let (_home, operands) = sources();
    for _ in 0..3 {
        assert_eq!(scan("json", "8", &operands), scan("json", "8", &operands));
    }
}

#[test]
fn inputs_are_as_they_were() {
    let (home, operands) = sources();
    let content = || {
        let entries = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries.map(|path| (std::fs::read(&path).unwrap(), path)).collect();
        files.sort();
        files
    };
    let before = content();
    scan("json", "2", &operands);
    assert_eq!(content(), before);
}
