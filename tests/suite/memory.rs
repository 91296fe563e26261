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
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Address space that a scan on one thread gets. Code, libraries and stacks count in it.
const ADDRESS_SPACE_KIB: u64 = 64 << 10;

/// What no bomb may take in a build without optimisation.
const TIME_MAX: Duration = Duration::from_mins(1);

/// Kibibytes that a scan on two threads may have resident at its peak: 32 MiB, and 4 MiB a thread, with facts and code in them.
const RESIDENT_KIB_MAX: u64 = 40 << 10;

/// Scans one file under a limit that the kernel enforces: over it, an allocation fails and the process aborts.
fn confined(path: &Path) -> Result<(i32, Value), String> {
    let binary = assert_cmd::cargo::cargo_bin("aemtrix");
    let script = format!("ulimit -v {ADDRESS_SPACE_KIB} && exec \"$0\" scan -j1 -q -f json \"$1\"");
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
    let started = Instant::now();
    let answer = confined(&path);
    let taken = started.elapsed();
    let (code, report) = match answer {
        Ok(answer) => answer,
        Err(error) => return Some(error),
    };
    let gaps: BTreeSet<_> = list(&report["gaps"]).filter_map(|gap| gap["kind"].as_str()).collect();
    let told = bomb.gap.map_or(gaps.is_empty(), |kind| gaps.contains(kind));
    let is_as_said = code == bomb.code && told && taken < TIME_MAX;
    (!is_as_said).then(|| format!("exit {code}, {gaps:?}, {taken:?}"))
}

#[test]
fn no_bomb_takes_more_memory_than_is_given_to_it() {
    let home = tempfile::tempdir().unwrap();
    let faults: Vec<_> = BOMBS
        .iter()
        .filter_map(|bomb| Some(format!("{}: {}", bomb.name, fault(home.path(), bomb)?)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Kibibytes that a process had resident at its peak; `None` when it has ended.
fn resident_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn all_bad_input_in_one_scan_takes_no_more_memory_than_is_promised() {
    let home = tempfile::tempdir().unwrap();
    Instance::new("author").case().pack_into(home.path(), Packing::TarGz, "author");
    for (index, case) in corpus::cases().iter().enumerate() {
        fs::write(home.path().join(format!("{index}-{}", case.file)), &case.bytes).unwrap();
    }
    for bomb in BOMBS.iter() {
        fs::write(home.path().join(bomb.name), &bomb.bytes).unwrap();
    }
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("aemtrix"))
        .args(["scan", "-j2", "-q", "-f", "json"])
        .arg(home.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The report is far longer than the pipe holds. So the process is there, and its peak to be read, until the last of it.
    let (mut report, mut piece, mut peak) = (Vec::new(), vec![0; 4096], 0);
    let mut stdout = child.stdout.take().unwrap();
    loop {
        let length = stdout.read(&mut piece).unwrap();
        peak = resident_kib(child.id()).unwrap_or(peak);
        report.extend(&piece[..length]);
        if length == 0 {
            break;
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert!(list(&report["sources"]).count() > 200);
    assert!((1..RESIDENT_KIB_MAX).contains(&peak), "{peak} KiB");
}
