//! Memory stays bounded on archives that announce or unpack to far more than they are.
#![cfg(target_os = "linux")]

use crate::run;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Address space that a scan gets. Code, libraries and stacks count in it, so it is larger than what is promised.
const ADDRESS_SPACE_KIB: u64 = 128 << 10;

/// Scans one file under a limit that the kernel enforces: over it, an allocation fails and the process aborts.
fn scan_confined(path: &Path) -> (Option<i32>, String) {
    let binary = assert_cmd::cargo::cargo_bin("aemtrix");
    let script = format!("ulimit -v {ADDRESS_SPACE_KIB}; exec \"$0\" scan -j1 -q -f json \"$1\"");
    let output = Command::new("sh").arg("-c").arg(script).arg(binary).arg(path).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// A gzip of this header, followed by so many MiB of zeros.
fn bomb(header: &tar::Header, mebibytes: usize) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..mebibytes).for_each(|_| gzip.write_all(&zeros).unwrap());
    gzip.finish().unwrap()
}

fn header(kind: tar::EntryType, name: &str, bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_path(name).unwrap();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_cksum();
    header
}

#[test]
fn nothing_is_allocated_on_the_word_of_a_header() {
    let home = tempfile::tempdir().unwrap();
    let gibibyte = 1 << 30;
    let hmac = "crx-quickstart/launchpad/felix/bundle2/data/hmac";
    let bombs = [
        ("long-name", header(tar::EntryType::GNULongName, "././@LongLink", gibibyte), "over-limit"),
        ("pax", header(tar::EntryType::XHeader, "pax", gibibyte), "over-limit"),
        ("key", header(tar::EntryType::Regular, hmac, gibibyte), "too-large"),
        ("absurd", header(tar::EntryType::Regular, hmac, 0o77_777_777_777), "too-large"),
    ];
    for (name, header, kind) in bombs {
        let path = home.path().join(name);
        std::fs::write(&path, bomb(&header, 256)).unwrap();
        let (code, report) = scan_confined(&path);
        assert_eq!(code, Some(2), "{name}: {report}");
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let kinds: Vec<_> = run::list(&report["gaps"]).map(|gap| gap["kind"].as_str()).collect();
        assert!(kinds.contains(&Some(kind)), "{name}: {kinds:?}");
    }
}
