//! Options of `scan`: they change what is shown and which exit code is given, never the verdict.

use crate::cases;
use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{aemtrix, list, operand};
use serde_json::Value;
use tempfile::TempDir;

/// A case, scanned with these options: exit code, JSON and standard error.
fn scan(case: &str, options: &[&str]) -> (Option<i32>, Value, String) {
    let case = cases::all().into_iter().find(|known| known.name == case).unwrap();
    let home = TempDir::new().unwrap();
    let pack = |(name, case): (&String, &crate::pack::Case)| {
        operand(name, &case.pack_into(home.path(), Packing::TarGz, name))
    };
    let sources: Vec<_> = case.sources.iter().map(pack).collect();
    let output =
        aemtrix().args(["scan", "-f", "json"]).args(options).args(sources).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code(), report, String::from_utf8(output.stderr).unwrap())
}

fn rules(report: &Value) -> Vec<&str> {
    list(&report["farms"][0]["findings"]).map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn selection_hides_findings_and_leaves_the_verdict() {
    for (options, shown, exit) in [
        (&["--select", "hmac-differs"][..], &["hmac-differs"][..], 1),
        (&["--ignore", "hmac-differs"], &["half-copied-pair"], 1),
        (&["--ignore", "hmac-differs,half-copied-pair"], &[], 0),
        (&["--select", "storage-jcr"], &[], 0),
    ] {
        let (code, report, _) = scan("odd-hmac", options);
        assert_eq!((rules(&report), code), (shown.to_vec(), Some(exit)), "{options:?}");
        assert_eq!(report["farms"][0]["verdict"], "inconsistent", "{options:?}");
    }
}

#[test]
fn severity_decides_what_is_shown_and_what_fails() {
    let code = |case, options: &[&str]| scan(case, options).0;
    assert_eq!(code("key-length", &[]), Some(1));
    assert_eq!(code("key-length", &["--fail-on", "error"]), Some(0));
    assert_eq!(code("key-length", &["--exit-zero"]), Some(0));
    assert_eq!(code("old-copy", &[]), Some(0));
    assert_eq!(code("old-copy", &["--fail-on", "note"]), Some(1));
    assert_eq!(code("odd-hmac", &["--fail-on", "never"]), Some(0));
    assert_eq!(rules(&scan("old-copy", &["--min-severity", "warning"]).1), [""; 0]);
}

#[test]
fn no_option_makes_a_gap_pass() {
    for options in [&["--exit-zero"][..], &["--fail-on", "never"], &["--ignore", "key-permissions"]]
    {
        assert_eq!(scan("links", options).0, Some(2), "{options:?}");
    }
}

#[test]
fn limits_that_are_reached_are_gaps() {
    for options in [["--max-entries", "5"], ["--max-unpacked", "2000"]] {
        let (code, report, _) = scan("good-farm", &options);
        let kinds: Vec<_> =
            list(&report["gaps"]).map(|gap| gap["kind"].as_str().unwrap()).collect();
        assert!(kinds.contains(&"over-limit"), "{options:?}: {kinds:?}");
        assert_eq!((code, rules(&report)), (Some(2), vec![]), "{options:?}");
    }
}

#[test]
fn quiet_says_nothing() {
    assert_eq!(scan("odd-hmac", &["-q"]).2, "");
    let said = scan("odd-hmac", &[]).2;
    assert!(said.contains("inconsistent") && said.lines().count() == 1, "{said}");
}

#[test]
fn unknown_rules_and_formats_are_wrong_usage() {
    for arguments in [
        ["scan", "--select", "no-such-rule"],
        ["scan", "--format", "no-such-format"],
        ["scan", "--fail-on", "no-such-severity"],
        ["rules", "no-such-rule", ""],
    ] {
        let output = aemtrix().args(arguments).arg("x").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert_eq!(aemtrix().args(["rules", "no-such-rule"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn file_without_a_subcommand_is_told_how_to_be_scanned() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("author 1.tgz");
    std::fs::write(&file, "").unwrap();
    let output = aemtrix().arg(&file).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.lines().count()), (Some(2), 1), "{errors}");
    assert!(errors.ends_with(&format!("aemtrix scan '{}'\n", file.display())), "{errors}");
}

#[test]
fn logs_are_left_unread_where_that_is_asked_for() {
    let line = "19.07.2025 19:00:52.176 *INFO* [x] com.adobe.granite.crypto.internal.CryptoSupportService Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";
    let packed = Instance::new("a").file("logs/error.log", line.as_bytes()).tar_gz();
    let log = |options: &[&str]| -> Value {
        let run = aemtrix()
            .args(["scan", "-q", "-f", "json"])
            .args(options)
            .arg(packed.path())
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&run.stdout).unwrap();
        report["farms"][0]["instances"][0]["log"].clone()
    };
    assert_eq!(log(&[])["last_start"]["storage"], "bundle");
    assert_eq!(log(&["--no-logs"]), Value::Null);
}
