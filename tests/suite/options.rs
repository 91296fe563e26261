//! Options of `scan`: they change what is shown and which exit code is given, never the verdict.

use crate::cases;
use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{aemtrix, list, operand};
use serde_json::Value;
use std::fs;
use std::path::Path;
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
        assert!(kinds.iter().all(|kind| *kind == "over-limit"), "{options:?}: {kinds:?}");
        assert_eq!((code, rules(&report)), (Some(2), vec![]), "{options:?}");
    }
}

#[test]
fn quiet_says_nothing() {
    assert_eq!(scan("odd-hmac", &["-q"]).2, "");
    let said = scan("odd-hmac", &[]).2;
    assert!(said.starts_with("aemtrix: inconsistent: ") && said.lines().count() == 1, "{said}");
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
    fs::write(&file, "").unwrap();
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

/// Exit code, standard output and standard error.
fn run(arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = aemtrix()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn source_that_does_not_exist_is_said_before_the_others_are_read() {
    let (code, report, errors) = run(&["scan", "testdata/demo", "testdata/dmo"], &[]);
    assert_eq!(code, Some(2));
    assert!(report.starts_with("INCONSISTENT"), "the others are judged: {report}");
    let said = "aemtrix: testdata/dmo: No such file or directory; did you mean demo?\n";
    assert_eq!(errors, said);
}

#[test]
fn directory_that_takes_no_files_is_noticed_before_anything_is_read() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let below = format!("{file}/report.html");
    for arguments in [["scan", "-o", &below], ["diff", "-o", &below], ["scan", "--facts-dir", file]]
    {
        let sources = ["testdata/demo", "testdata/demo"];
        let sources = if arguments[0] == "diff" { &sources[..] } else { &sources[..1] };
        let (code, report, errors) = run(&[&arguments[..], sources].concat(), &[]);
        assert_eq!((code, report.as_str()), (Some(2), ""), "{errors}");
        assert!(errors.lines().count() == 1 && errors.contains(file), "{errors}");
    }
}

#[test]
fn folder_of_one_link_is_told_by_the_link_alone() {
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join("install")).unwrap();
    fs::create_dir(home.path().join("upload")).unwrap();
    let link = home.path().join("upload/crx-quickstart");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../install", &link).unwrap();
    let upload = home.path().join("upload");
    let (code, report, _) = run(&["scan", "--details", upload.to_str().unwrap()], &[]);
    assert_eq!(code, Some(2));
    if link.is_symlink() {
        assert_eq!(report.matches("  - ").count(), 1, "{report}");
        assert!(report.contains("is a link that leads out of the source"), "{report}");
    }
}

#[test]
fn said_twice_verbose_says_more() {
    let said = |option: &str| run(&["scan", option, "testdata/demo"], &[]).2;
    let (once, twice) = (said("-v"), said("-vv"));
    let (_, _, of_facts) = run(&["scan", "-vv", "-f", "ndjson", "testdata/demo"], &[]);
    assert!(twice.lines().all(|line| of_facts.contains(line)), "{of_facts}");
    assert_eq!(once.lines().count(), 3, "{once}");
    let instances =
        twice.lines().filter(|line| line.contains("instance at crx-quickstart: 5 bundles"));
    assert_eq!(instances.count(), 3, "{twice}");
    assert!(once.lines().all(|line| twice.contains(line)), "{twice}");
}

#[test]
fn colours_follow_the_settings_of_the_terminal() {
    let is_coloured = |settings: &[(&str, &str)], options: &[&str]| {
        let arguments = [&["scan", "-q", "testdata/demo"], options].concat();
        run(&arguments, settings).1.contains('\u{1b}')
    };
    assert!(!is_coloured(&[], &[]));
    assert!(is_coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!is_coloured(&[("CLICOLOR_FORCE", "0")], &[]));
    assert!(!is_coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!is_coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
}

#[test]
fn locale_without_utf_8_gets_ascii() {
    let is_ascii = |arguments: &[&str], settings: &[(&str, &str)]| {
        let (_, printed, errors) = run(arguments, settings);
        assert!(!printed.is_empty(), "{errors}");
        printed.is_ascii()
    };
    let scan = ["scan", "-q", "testdata/demo"];
    for settings in [
        &[("LC_ALL", "C")][..],
        &[("LANG", "de_DE.ISO-8859-15")],
        &[("LC_CTYPE", "POSIX"), ("LANG", "C.UTF-8")],
    ] {
        assert!(is_ascii(&scan, settings), "{settings:?}");
        assert!(is_ascii(
            &["diff", "-q", "testdata/demo", "testdata/demo/author.tar.gz"],
            settings
        ));
    }
    for settings in [&[][..], &[("LANG", "en_US.utf8")], &[("LC_ALL", ""), ("LANG", "C.UTF-8")]] {
        assert!(!is_ascii(&scan, settings), "{settings:?}");
    }
}

#[test]
fn file_that_is_there_is_replaced_only_if_it_is_a_report() {
    let home = TempDir::new().unwrap();
    let formats = [
        "txt",
        "json",
        "html",
        "md",
        "runbook.md",
        "sh",
        "ps1",
        "csv",
        "sarif",
        "xml",
        "ndjson",
        "timeline.txt",
        "summary.ndjson",
    ];
    let write = |arguments: &[&str], ending: &str, options: &[&str]| {
        let path = home.path().join(format!("file.{ending}"));
        let arguments = [arguments, &["-o", path.to_str().unwrap()], options].concat();
        let (code, _, errors) = run(&arguments, &[]);
        (code, errors)
    };
    let scan = &["scan", "-q", "testdata/demo"][..];
    let diff = &["diff", "-q", "testdata/demo/author.tar.gz", "testdata/demo"][..];
    let of_scan = formats.map(|ending| (scan, ending));
    let of_diff = ["txt", "json", "html", "md", "csv"].map(|ending| (diff, ending));
    for (arguments, ending) in of_scan.into_iter().chain(of_diff) {
        let path = home.path().join(format!("file.{ending}"));
        let usual = write(arguments, ending, &[]);
        assert_ne!(usual.0, Some(2), "new, or empty: {usual:?}");
        let text = fs::read(&path).unwrap();
        assert_eq!(write(arguments, ending, &[]), usual, "{ending}: a report is replaced");
        fs::write(&path, "# My notes\n").unwrap();
        let (code, errors) = write(arguments, ending, &[]);
        assert_eq!((code, errors.lines().count()), (Some(2), 1), "{ending}: {errors}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "# My notes\n");
        assert_eq!(write(arguments, ending, &["--force"]), usual);
        assert_eq!(fs::read(&path).unwrap(), text);
        fs::write(&path, "").unwrap();
    }
}

#[test]
fn reports_of_all_cases_are_known_again() {
    for case in cases::all() {
        let home = TempDir::new().unwrap();
        let pack = |(name, case): (&String, &crate::pack::Case)| {
            operand(name, &case.pack_into(home.path(), Packing::TarGz, name))
        };
        let sources: Vec<_> = case.sources.iter().map(pack).collect();
        let report = crate::run::scan_by(&sources, case.policy.as_deref());
        for format in aemtrix::report::FORMATS {
            let text = crate::run::written(&report, format.name);
            let head = &text.as_bytes()[..text.len().min(4096)];
            assert!(aemtrix::report::is_ours(head), "{}, {}", case.name, format.name);
        }
    }
}

#[test]
fn baseline_takes_the_place_of_baselines_alone() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("known.json");
    let write = |path: &Path, options: &[&str]| {
        let arguments = ["scan", "-q", "testdata/demo", "--write-baseline", path.to_str().unwrap()];
        run(&[&arguments[..], options].concat(), &[]).0
    };
    assert_eq!((write(&path, &[]), write(&path, &[])), (Some(1), Some(1)));
    fs::write(&path, "{}").unwrap();
    assert_eq!(write(&path, &[]), Some(2));
    assert_eq!(write(&path, &["--force"]), Some(1));
}
