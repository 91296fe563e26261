//! What is printed, whole, as a person reads it: a few files in `snapshots`, which a change of wording changes.
//!
//! A difference fails. To take it over, run with `INSTA_UPDATE=always`, and read what changed before it is committed.

use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::aemtrix;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// What a run prints on standard output, with its arguments.
struct Output {
    name: &'static str,
    arguments: &'static [&'static str],
    columns: &'static str,
}

const fn output(
    name: &'static str,
    columns: &'static str,
    arguments: &'static [&'static str],
) -> Output {
    Output { name, arguments, columns }
}

const OUTPUTS: &[Output] = &[
    output("demo-80", "80", &["scan", "demo"]),
    output("demo-100", "100", &["scan", "demo"]),
    output("demo-200", "200", &["scan", "demo"]),
    output("demo-bundles", "100", &["scan", "--bundles", "demo"]),
    output("demo-bundles-named", "100", &["scan", "--bundles=crypto[.]file$", "demo"]),
    output("demo-known", "100", &["scan", "--baseline", "known.json", "demo"]),
    output("demo-markdown", "100", &["scan", "-f", "markdown", "demo"]),
    output("demo-runbook", "100", &["scan", "-f", "runbook", "demo"]),
    output("four-80", "80", &["scan", "four"]),
    output("four-100", "100", &["scan", "four"]),
    output("four-200", "200", &["scan", "four"]),
    output("four-markdown", "100", &["scan", "-f", "markdown", "four"]),
    output("four-runbook", "100", &["scan", "-f", "runbook", "four"]),
    output("help-short", "100", &["-h"]),
    output("help-long", "100", &["--help"]),
    output("help-scan-short", "100", &["scan", "-h"]),
    output("help-scan-long", "100", &["scan", "--help"]),
];

/// The file of what is said of wrong usage.
const USAGE: &str = "wrong-usage";

/// What is typed wrong, and what cannot be done. All of it ends with exit code 2, before anything is read.
const WRONG_USAGE: &[&[&str]] = &[
    &[],
    &["demo"],
    &["scan"],
    &["report"],
    &["diff"],
    &["verify"],
    &["help", "nonsense"],
    &["completions", "csh"],
    &["rules", "hmac-difers"],
    &["scan", "--select", "hmac-difers", "demo"],
    &["scan", "--fail-on", "sometimes", "demo"],
    &["scan", "-f", "yaml", "demo"],
    &["scan", "--bundles=(", "demo"],
    &["scan", "--name", "", "demo"],
    &["scan", "--name= ", "demo"],
    &["scan", "=demo"],
    &["scan", "--files-from", "list.txt"],
    &["scan", "--as-of", "2026-06-01", "demo"],
    &["scan", "--policy", "none.toml", "demo"],
    &["scan", "--policy", "demo", "demo"],
    &["scan", "--policy", "policy.toml", "--as-of", "1.6.2026", "demo"],
    &["scan", "--policy", "misspelt.toml", "demo"],
    &["scan", "--policy", "misnamed.toml", "demo"],
    &["scan", "--policy", "two-match.toml", "demo"],
    &["scan", "--policy", "matches-two.toml", "demo"],
    &["scan", "--policy", "huge.toml", "demo"],
    &["scan", "--policy", "patterns.toml", "demo"],
    &["scan", "--baseline", "demo/author.tar.gz", "demo"],
    &["scan", "--baseline", "half.json", "demo"],
    &["scan", "--write-baseline", "demo/author.tar.gz", "demo"],
    &["scan", "-o", "missing/report.json", "demo"],
    &["scan", "-o", "report.unknown", "demo"],
    &["scan", "-o", "archive.json", "demo"],
    &["scan", "-o", "notes.md", "demo"],
    &["scan", "-o", "folder.json", "demo"],
    &["diff", "report.json", "demo"],
    &["diff", "known.json", "demo"],
    &["verify", "notes.md", "demo"],
    &["verify", "report.json", "demo"],
    &["report", "--partitioned", "-f", "json", "demo"],
    &["report", "--partitioned", "-f", "csv", "--wide", "demo"],
    &["report", "--partitioned", "-f", "csv", "--farm", "c1", "demo"],
    &["report", "--partitioned", "-f", "csv", "-o", "new.csv", "demo"],
    &["report", "--partitioned", "-f", "csv", "--write-baseline", "new.json", "demo"],
    &["report", "--partitioned", "-f", "csv", "--policy", "policy.toml", "demo"],
    &["report", "--partitioned", "-f", "csv", "--policy", "suppress.toml", "demo"],
    &["report", "--partitioned", "-f", "csv", "-"],
];

/// An author and three publishers with two faults, as support gets them: one publisher was never moved out of the JCR, one was installed
/// apart from the others, and the upload of the third broke off.
fn four(home: &Path) {
    const DATE: &str = "14.07.2025 06:0";
    let refused = "*ERROR* [sling-ims] com.adobe.granite.auth.oauth.AccessTokenProvider failed to get access token from authorization \
        server status: 400 response: {\"error\":\"invalid_client\",\"error_description\":\"invalid client_secret parameter\"}\n";
    let mut in_jcr = format!(
        "{DATE}0:02.118 *INFO* [Start] com.adobe.granite.crypto.internal.CryptoSupportService Starting Crypto Support \
         (com.adobe.granite.crypto, 3.4.24) with JCR storage\n"
    );
    (1..=7).for_each(|minute| write!(in_jcr, "{DATE}{minute}:00.412 {refused}").unwrap());
    let mut apart = String::new();
    for number in 0..34 {
        let line = "*INFO* [POST /libs] com.adobe.granite.csrf.impl.CSRFFilter doFilter: the provided CSRF token is invalid";
        writeln!(apart, "{DATE}2:{number:02}.000 {line}").unwrap();
    }
    writeln!(
        apart,
        "{DATE}3:00.000 *ERROR* [mail] com.adobe.granite.crypto.CryptoException: Cannot convert byte data"
    )
    .unwrap();
    let ims = "com/adobe/granite/auth/ims/impl/IMSAccessTokenRequestCustomizerImpl%007etags.config";
    let customizer = "service.pid=\"com.adobe.granite.auth.ims.impl.IMSAccessTokenRequestCustomizerImpl~tags\"\r\n\
        service.factoryPid=\"com.adobe.granite.auth.ims.impl.IMSAccessTokenRequestCustomizerImpl\"\r\n\
        customizer.type=\"tags\"\r\n";
    let secret = format!("auth.ims.client.secret=\"\\{{{}\\}}\"\r\n", "5e".repeat(32));
    let keys = "launchpad/felix/bundle39/data";
    let instances = [
        ("author", Instance::new("author").role("author").ids(21, 25)),
        (
            "publish1",
            Instance::new("publish1")
                .ids(33, 39)
                .storage(b"JCR")
                .without(&format!("{keys}/hmac"))
                .without(&format!("{keys}/master"))
                .file(
                    &format!("launchpad/config/{ims}"),
                    (customizer.to_owned() + &secret).as_bytes(),
                )
                .file("logs/error.log", in_jcr.as_bytes()),
        ),
        (
            "publish2",
            Instance::new("publish2")
                .ids(33, 39)
                .hmac("publish2")
                .file("bin/start.bat", b"@echo off\r\nset CQ_PORT=4503\r\n")
                .file("logs/error.log", apart.as_bytes()),
        ),
        ("publish3", Instance::new("publish3").ids(33, 39)),
    ];
    for (name, instance) in &instances {
        instance.case().pack_into(home, Packing::Tar, name);
    }
    let path = home.join("publish3.tar");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2 + 100]).unwrap();
}

/// A directory with the farms that are scanned.
fn farms() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let demo = home.path().join("demo");
    fs::create_dir_all(&demo).unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/demo")).unwrap()
    {
        let entry = entry.unwrap();
        fs::copy(entry.path(), demo.join(entry.file_name())).unwrap();
    }
    fs::create_dir(home.path().join("four")).unwrap();
    four(&home.path().join("four"));
    for file in walkdir::WalkDir::new(home.path()) {
        let file = fs::File::open(file.unwrap().path()).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_752_944_445)).unwrap();
    }
    let known = ["scan", "--write-baseline", "known.json", "--as-of", "2026-05-01", "demo"];
    aemtrix().current_dir(home.path()).args(known).output().unwrap();
    home
}

/// Adds what the commands of wrong usage name.
fn add_faulty_files(home: &Path) {
    let known = fs::read(home.join("known.json")).unwrap();
    let instance = "[[farm]]\nname = \"production\"\n[[farm.instance]]\nname = \"author\"\n";
    let both = "[[farm.instance]]\nname = \"publish\"\nsource = \"*\"\n";
    let suppress = "[[suppress]]\nrule = \"token-off\"\nreason = \"r\"\n";
    let patterns: Vec<String> = (0..50_000).map(|index| format!("\"*{index}?\"")).collect();
    for (name, bytes) in [
        ("list.txt", &b"=demo\n"[..]),
        ("policy.toml", instance.as_bytes()),
        ("misspelt.toml", format!("{instance}[[farm.instances]]\nname = \"b\"\n").as_bytes()),
        ("misnamed.toml", b"[[suppress]]\nrule = \"hmac-difers\"\nreason = \"r\"\n"),
        ("two-match.toml", format!("{instance}source = \"*\"\n{both}").as_bytes()),
        ("matches-two.toml", format!("{instance}source = \"demo/publish*\"\n").as_bytes()),
        ("huge.toml", &vec![b'#'; (8 << 20) + 1]),
        ("patterns.toml", format!("{suppress}instances = [{}]\n", patterns.join(",")).as_bytes()),
        ("suppress.toml", suppress.as_bytes()),
        ("report.json", b"{\n  \"schema\": \"aemtrix.report/1\"\n}\n"),
        ("half.json", &known[..known.len() / 2]),
        ("archive.json", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        ("notes.md", b"# My notes\n"),
    ] {
        fs::write(home.join(name), bytes).unwrap();
    }
    fs::create_dir(home.join("folder.json")).unwrap();
}

/// Each command of wrong usage, and what is said of it.
fn said_of_wrong_usage(home: &Path) -> String {
    let mut said = String::new();
    for arguments in WRONG_USAGE {
        let mut command = aemtrix();
        let output = command.current_dir(home).env("COLUMNS", "100").args(*arguments).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let shown = arguments.iter().map(|argument| shell_word(argument));
        let shown = shown.collect::<Vec<_>>().join(" ");
        let errors = String::from_utf8(output.stderr).unwrap();
        writeln!(said, "$ aemtrix {shown}\n{errors}").unwrap();
    }
    said
}

/// Quotes a word where a person would.
fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-./=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        aemtrix::repair::shell_word(word)
    }
}

fn printed(home: &Path, output: &Output) -> String {
    let mut command = aemtrix();
    command.current_dir(home).env("COLUMNS", output.columns).args(output.arguments);
    if output.arguments[0] == "scan" && !output.name.starts_with("help") {
        command.args(["--width", output.columns]);
    }
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    // The report names the program that made it, and neither its version nor this machine is its content.
    let machine = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    text.replace(&machine, "MACHINE").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn outputs_are_as_they_were_read() {
    let home = farms();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for output in OUTPUTS {
            insta::assert_snapshot!(output.name, printed(home.path(), output));
        }
        add_faulty_files(home.path());
        insta::assert_snapshot!(USAGE, said_of_wrong_usage(home.path()));
    });
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/snapshots");
    let kept = fs::read_dir(kept).unwrap().map(|entry| entry.unwrap().file_name());
    let kept: BTreeSet<String> = kept.map(|name| name.into_string().unwrap()).collect();
    let names = OUTPUTS.iter().map(|output| output.name).chain([USAGE]);
    let expected: BTreeSet<_> = names.map(|name| format!("{name}.snap")).collect();
    assert_eq!(kept, expected);
}

#[test]
fn four_instances_with_two_causes_fit_a_screen() {
    let home = farms();
    let output = OUTPUTS.iter().find(|output| output.name == "four-100").unwrap();
    let text = printed(home.path(), output);
    assert!(text.lines().count() <= 50, "{text}");
    let json = aemtrix().current_dir(home.path()).args(["scan", "-f", "json", "four"]).output();
    let report: serde_json::Value = serde_json::from_slice(&json.unwrap().stdout).unwrap();
    let causes = crate::run::list(&report["farms"][0]["causes"]);
    let of_cause = |cause: &serde_json::Value| {
        (cause["rule"].as_str().unwrap().to_owned(), cause["instances"].clone())
    };
    let causes: Vec<_> = causes.map(of_cause).collect();
    assert_eq!(
        causes,
        [
            ("hmac-differs".to_owned(), serde_json::json!(["publish2"])),
            ("storage-jcr-with-ims".to_owned(), serde_json::json!(["publish1"])),
        ]
    );
}
