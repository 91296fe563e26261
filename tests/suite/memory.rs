//! Memory stays bounded, whatever comes: each bomb alone in a process that gets no more, and all bad input in one scan.
#![cfg(target_os = "linux")]

use crate::bombs::{BOMBS, Bomb};
use crate::corpus;
use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::list;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Kibibytes of memory that a scan gets: 32 MiB, and 4 MiB a thread, with facts and stacks in them.
///
/// It is the limit of data, not of address space or of what is resident: code counts in those, and without optimisation there is
/// three times as much of it.
const fn data_kib_max(threads: u64) -> u64 {
    (32 + 4 * threads) << 10
}

/// Seconds of CPU after which the kernel ends a scan. No bomb is near it, at any level of optimisation; a hang is.
const CPU_SECONDS_MAX: u64 = 300;

/// Scans a path under limits that the kernel enforces: over that of memory, an allocation fails and the process aborts.
pub(crate) fn confined(path: &Path, threads: u64) -> Result<(i32, Value), String> {
    let binary = assert_cmd::cargo::cargo_bin("aemtrix");
    let script = format!(
        "ulimit -d {} && ulimit -t {CPU_SECONDS_MAX} && exec \"$0\" scan -j{threads} -q -f json \"$1\"",
        data_kib_max(threads)
    );
    let output = Command::new("sh").arg("-c").arg(script).arg(binary).arg(path).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("no report ({error}); {}: {stderr}", output.status))?;
    if stderr.contains("memory allocation") || stderr.contains("panicked") {
        return Err(stderr.into_owned());
    }
    Ok((output.status.code().ok_or("killed")?, report))
}

/// What is wrong with the answer to a bomb.
fn fault(home: &Path, bomb: &Bomb) -> Option<String> {
    let path = home.join(bomb.name);
    fs::write(&path, &bomb.bytes).unwrap();
    let (code, report) = match confined(&path, 1) {
        Ok(answer) => answer,
        Err(error) => return Some(error),
    };
    let gaps: BTreeSet<_> = list(&report["gaps"]).filter_map(|gap| gap["kind"].as_str()).collect();
    let told = bomb.gap.map_or(gaps.is_empty(), |kind| gaps.contains(kind));
    (code != bomb.code || !told).then(|| format!("exit {code}, {gaps:?}"))
}

/// The bombs that every run of the tests sets off, one of each kind; all are set off in a sweep.
const SAMPLE: [&str; 7] = [
    "name-of-a-gibibyte.tar.gz",
    "50000-links.tar.gz",
    "4000-installs.tar.gz",
    "dictionary.tar.xz",
    "overlapping.zip",
    "2000-inside.zip",
    "counts-of-segments.tar",
];

#[test]
fn bomb_takes_no_more_memory_than_is_given_to_it() {
    let bombs = || BOMBS.iter().filter(|bomb| SAMPLE.contains(&bomb.name));
    assert_eq!(bombs().count(), SAMPLE.len());
    no_bomb_goes_off(bombs());
}

#[test]
#[ignore = "sweep"]
fn no_bomb_takes_more_memory_than_is_given_to_it() {
    no_bomb_goes_off(BOMBS.iter());
}

fn no_bomb_goes_off<'b>(bombs: impl Iterator<Item = &'b Bomb>) {
    let home = tempfile::tempdir().unwrap();
    let faults: Vec<_> = bombs
        .filter_map(|bomb| Some(format!("{}: {}", bomb.name, fault(home.path(), bomb)?)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "sweep"]
fn all_bad_input_in_one_scan_takes_no_more_memory_than_is_promised() {
    let home = tempfile::tempdir().unwrap();
    Instance::new("author").case().pack_into(home.path(), Packing::TarGz, "author");
    for (index, case) in corpus::cases().iter().enumerate() {
        fs::write(home.path().join(format!("{index}-{}", case.file)), &case.bytes).unwrap();
    }
    for bomb in BOMBS.iter() {
        fs::write(home.path().join(bomb.name), &bomb.bytes).unwrap();
    }
    let (code, report) = confined(home.path(), 2).unwrap();
    assert_eq!(code, 2);
    assert!(list(&report["sources"]).count() > 200);
}
