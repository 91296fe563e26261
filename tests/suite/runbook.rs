//! The runbook does what it says: whoever follows it has a farm that agrees.

use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{aemtrix, operand};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A name that a shell would obey if it could.
const HOSTILE: &str = "it's $(touch pwned) `id`\n%s -x";

fn farm(home: &Path) -> Vec<OsString> {
    let instances = [
        Instance::new("author").role("author").ids(21, 25),
        Instance::new("publish1").ids(33, 39),
        Instance::new("publish2")
            .ids(33, 43)
            .root(&format!("{HOSTILE}/crx-quickstart"))
            .hmac("publish2")
            .storage(b"Bundle\n"),
    ];
    let names = ["author", "publish1", "publish2"];
    let pack = |(name, instance): (&str, &Instance)| {
        operand(name, &instance.case().pack_into(home, Packing::Directory, name))
    };
    names.into_iter().zip(&instances).map(pack).collect()
}

/// Blocks of commands, each with the heading it stands under.
fn blocks(text: &str) -> Vec<(String, String)> {
    let (mut heading, mut blocks) = (String::new(), Vec::new());
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (line.trim(), block.as_mut()) {
            ("```", Some(_)) => blocks.extend(block.take().map(|block| (heading.clone(), block))),
            (_, Some(block)) => {
                block.push_str(line.trim());
                block.push('\n');
            }
            ("```sh", None) => block = Some(String::new()),
            (line, None) if line.starts_with('#') => line.clone_into(&mut heading),
            _ => {}
        }
    }
    blocks
}

fn shell(commands: &str, directory: &Path) -> (Option<i32>, String) {
    let binaries = PathBuf::from(env!("CARGO_BIN_EXE_aemtrix"));
    let paths = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["-e", "-c", commands])
        .current_dir(directory)
        .env("PATH", format!("{}:{paths}", binaries.parent().unwrap().display()))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
#[cfg(unix)]
fn farm_whose_runbook_was_followed_is_consistent() {
    let home = TempDir::new().unwrap();
    let operands = farm(home.path());
    let scan = aemtrix().args(["scan", "-q", "-f", "runbook"]).args(&operands).output().unwrap();
    assert_eq!(scan.status.code(), Some(1));
    let text = String::from_utf8(scan.stdout).unwrap();
    let mut last = None;
    for (heading, commands) in blocks(&text) {
        let name =
            ["author", "publish1", "publish2"].into_iter().find(|name| heading.contains(name));
        let here = name.map_or_else(|| home.path().to_owned(), |name| home.path().join(name));
        if heading.starts_with("## On ")
            && !here.join("farm-keys").exists()
            && name != Some("author")
        {
            fs::rename(home.path().join("author/farm-keys"), here.join("farm-keys")).unwrap();
        }
        if heading == "## Verify" {
            assert!(!home.path().join("publish2/farm-keys").exists(), "{text}");
        }
        let (code, said) = shell(&commands, &here);
        assert_eq!(code, Some(0), "{commands}\nsays {said}\nof {text}");
        last = Some((heading, said));
    }
    let (heading, said) = last.unwrap();
    assert_eq!(heading, "## Verify");
    assert!(said.lines().any(|line| line.starts_with("Verdict: CONSISTENT")), "{said}");
    assert!(!home.path().join("publish2/pwned").exists());
}

#[test]
fn extension_says_runbook_with_or_without_markdown() {
    let home = TempDir::new().unwrap();
    let operands = farm(home.path());
    let files = ["x.runbook", "x.runbook.md", "x.html"].map(|name| home.path().join(name));
    let mut command = aemtrix();
    command.args(["scan", "-q"]);
    for file in &files {
        command.arg("-o").arg(file);
    }
    assert_eq!(command.args(&operands).output().unwrap().status.code(), Some(1));
    let [plain, markdown, html] = files.map(|file| fs::read_to_string(file).unwrap());
    assert!(plain.starts_with("# Repair") && plain == markdown);
    assert!(html.starts_with("<!DOCTYPE html>"));
}

#[test]
fn template_writes_the_report_and_its_faults_are_told_before_anything_is_read() {
    let home = TempDir::new().unwrap();
    let operands = farm(home.path());
    let run = |name: &str, text: &[u8]| {
        let file = home.path().join(name);
        fs::write(&file, text).unwrap();
        let output =
            aemtrix().arg("scan").arg("--template").arg(file).args(&operands).output().unwrap();
        let [out, error] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), out, error)
    };
    let good = run(
        "house.html",
        b"<p>{{ report.farms[0].verdict }} & {{ report.farms[0].matrix.instances }}</p>",
    );
    assert_eq!(good.0, Some(1));
    assert_eq!(
        good.1,
        "<p>inconsistent & [&#x27;author&#x27;, &#x27;publish1&#x27;, &#x27;publish2&#x27;]</p>"
    );
    for (name, text, told) in [
        ("syntax.html", &b"{{ "[..], "syntax.html"),
        ("field.html", b"\n{{ report.farmz[0] }}", "field.html:2"),
        ("bytes.html", b"\xff\xfe", "bytes.html"),
        ("key.html", b"c2VjcmV0", "key.html: is no template"),
    ] {
        let (code, out, error) = run(name, text);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{error}");
        assert!(error.contains(told) && error.lines().count() == 1, "{error}");
    }
    let missing = aemtrix().args(["scan", "--template", "/missing.html", "x"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
}
