//! What grows with two counts of the input is bounded: of twice as much input, at most twice as much is said, within the memory that every
//! scan gets.
#![cfg(target_os = "linux")]

use crate::bad_input::entry;
use crate::memory::confined;
use crate::pack::gzip;
use crate::run::{aemtrix, list};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tar::EntryType;

const FELIX: &str = "crx-quickstart/launchpad/felix";

/// An entry of an archive with this text.
fn file(path: &str, text: &str) -> Vec<u8> {
    entry(path, EntryType::Regular, text.as_bytes(), |_| {})
}

/// A tar of links, each with its target.
fn links(kind: EntryType, links: impl IntoIterator<Item = (String, String)>) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, target) in links {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        builder.append_link(&mut header, path, target).unwrap();
    }
    builder.into_inner().unwrap()
}

fn bundle(index: usize, name: &str, end: &str) -> Vec<u8> {
    let info = format!("{index}\ninputstream:{name}-1.0.0.jar\n32\n20\n1{end}");
    file(&format!("{FELIX}/bundle{index}/bundle.info"), &info)
}

/// Makes an archive with so many things that are broken.
type Make = fn(usize) -> Vec<u8>;

/// One instance with so many bundles of one name, and a file of theirs in each.
fn same_name(count: usize) -> Vec<u8> {
    let both = |index| {
        let storage = format!("{FELIX}/bundle{index}/data/storage");
        [bundle(index, "com.adobe.granite.crypto", "\n0\n"), file(&storage, "Bundle\n")].concat()
    };
    gzip(&(1..=count).flat_map(both).collect::<Vec<u8>>())
}

/// One instance with a file in so many bundles that do not read it.
fn misplaced(count: usize) -> Vec<u8> {
    let both = |index| {
        let storage = format!("{FELIX}/bundle{index}/data/storage");
        [bundle(index, "com.adobe.granite.crypto.file", "\n0\n"), file(&storage, "Bundle")].concat()
    };
    gzip(&(1..=count).flat_map(both).collect::<Vec<u8>>())
}

/// One instance of whose `bundle.info` files so many have no last line.
fn cut(count: usize) -> Vec<u8> {
    let info = |index| bundle(index, &format!("com.example.b{index}"), "");
    gzip(&(1..=count).flat_map(info).collect::<Vec<u8>>())
}

/// So many directories for one number.
fn copies(count: usize) -> Vec<u8> {
    let info = |index| {
        let path = format!("{FELIX}/bundle1.{index}/bundle.info");
        file(&path, "1\ninputstream:com.example.a-1.0.0.jar\n32\n20\n1\n0\n")
    };
    gzip(&(1..=count).flat_map(info).collect::<Vec<u8>>())
}

fn scan(home: &Path, archive: &[u8]) -> Value {
    let path = home.join("a.tar.gz");
    fs::write(&path, archive).unwrap();
    let (_, report) = confined(&path, 1).unwrap();
    report
}

fn findings(report: &Value) -> Vec<&Value> {
    list(&report["farms"]).flat_map(|farm| list(&farm["findings"])).collect()
}

fn steps(report: &Value) -> usize {
    findings(report).iter().map(|finding| list(&finding["fix"]).count()).sum()
}

#[test]
fn of_twice_as_much_that_is_broken_at_most_twice_as_much_is_said() {
    let home = tempfile::tempdir().unwrap();
    let kinds: [(&str, Make); 4] =
        [("same name", same_name), ("misplaced", misplaced), ("cut", cut), ("copies", copies)];
    for (kind, make) in kinds {
        let [few, many] = [150, 300].map(|count| scan(home.path(), &make(count)));
        let bytes = |report: &Value| report.to_string().len();
        assert!(bytes(&many) < bytes(&few) * 11 / 5, "{kind}: {} {}", bytes(&few), bytes(&many));
        assert_eq!(findings(&few).len(), findings(&many).len(), "{kind}");
        assert_eq!(steps(&few), steps(&many), "{kind}");
        assert!(findings(&many).len() < 15 && steps(&many) < 300, "{kind}: {}", steps(&many));
    }
}

#[test]
fn links_through_many_others_take_no_more_memory_than_is_given() {
    let home = tempfile::tempdir().unwrap();
    let deep = "x/".repeat(1_900);
    let first = ("s".to_owned(), format!("{deep}L0"));
    let chain = (0..38).map(|index| (format!("{deep}L{index}"), format!("L{}", index + 1)));
    let symbolic = links(EntryType::Symlink, std::iter::once(first).chain(chain));
    let key = |index| format!("{FELIX}/bundle{index}/data/hmac");
    let hard = (1..=2_000).map(|index| (key(index), format!("s/f{}", index % 300)));
    let hard = links(EntryType::Link, hard);
    // Behind the links of one kind those of the other follow, without the end of an archive between them.
    let archive = [&symbolic[..symbolic.len() - 1024], &hard[..]].concat();
    scan(home.path(), &gzip(&archive));
}

/// Runs a template over an empty farm, with no more memory than this.
#[test]
fn template_takes_no_more_memory_than_its_steps_pay_for() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("a.tar"), file(&format!("{FELIX}/bundle1/bundle.info"), "1\n"))
        .unwrap();
    for template in [
        "{{ 'a\nb'|indent(2000000000) }}",
        "{% for a in range(100000) %}{% set b = range(100000)|join %}{% endfor %}",
        "{{ '%2000000000d'|format(1) }}",
        "{{ [range(100000)|join] * 100000 }}",
        &format!("{{{{ {}1 }}}}", "1+".repeat(20_000)),
        &format!("{{{{ {}1 }}}}", "-".repeat(20_000)),
        &format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(20_000)),
    ] {
        fs::write(home.path().join("t.txt"), template).unwrap();
        let binary = assert_cmd::cargo::cargo_bin("aemtrix");
        let script = "ulimit -d 262144 && exec \"$0\" scan -q --template t.txt a.tar";
        let mut command = std::process::Command::new("sh");
        let output = command.args(["-c", script]).arg(binary).current_dir(home.path()).output();
        let output = output.unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), errors.lines().count()), (Some(2), 1), "{errors}");
    }
}

/// Saved facts of so many instances, each a source of its own, and of so many sources of which nothing came.
fn facts(home: &Path, count: usize) {
    let instance = serde_json::json!({
        "source": "", "root": "crx-quickstart",
        "parts": {"properties": false, "conf_properties": false, "configurations": false},
        "bundles": [], "storage_files": [], "key_files": [], "settings": [], "configurations": [], "gaps": [],
    });
    let line = |part: &str, source: String, value: &Value| {
        let mut value = value.clone();
        value["source"] = source.into();
        serde_json::json!({"schema": "aemtrix.facts/1", part: value}).to_string() + "\n"
    };
    let gap = serde_json::json!({"path": "x", "kind": "unreadable", "reason": "x"});
    let instances = (0..count).map(|index| line("instance", format!("i{index:05}"), &instance));
    let gaps = (0..count).map(|index| line("gap", format!("g{index:05}"), &gap));
    fs::write(home.join("facts.ndjson"), instances.chain(gaps).collect::<String>()).unwrap();
}

/// Returns what is written of these facts in a format.
fn reported(home: &Path, format: &str, options: &[&str]) -> String {
    let mut command = aemtrix();
    command.current_dir(home).args(["report", "-q", "facts.ndjson", "-f", format]).args(options);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn of_twice_as_many_farms_and_gaps_at_most_twice_as_much_is_said() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("p.toml"), "[[farm]]\nname='f'\ninstance=[{name='zz'}]").unwrap();
    let formats = [
        "table",
        "json",
        "html",
        "markdown",
        "runbook",
        "shell",
        "powershell",
        "csv",
        "sarif",
        "junit",
    ];
    let said = |count| {
        facts(home.path(), count);
        let of = |format: &&str| {
            let by_input = reported(home.path(), format, &["--farm-by", "input"]);
            [by_input, reported(home.path(), format, &["--policy", "p.toml"])]
                .map(|text| text.len())
        };
        formats.iter().map(of).collect::<Vec<_>>()
    };
    let (few, many) = (said(100), said(200));
    for ((format, few), many) in formats.iter().zip(few).zip(many) {
        for (few, many) in few.into_iter().zip(many) {
            assert!(few > 0 && many < few * 11 / 5, "{format}: {few} {many}");
        }
    }
}

#[test]
fn file_that_was_named_by_mistake_is_not_quoted() {
    let home = tempfile::tempdir().unwrap();
    let secret = "c2VjcmV0LWtleQ";
    fs::create_dir(home.path().join("d")).unwrap();
    for text in
        [secret.to_owned(), format!("{secret}=="), format!("={secret}"), format!("{secret}=x")]
    {
        fs::write(home.path().join("key"), &text).unwrap();
        for arguments in [
            &["scan", "--files-from", "key"][..],
            &["scan", "d", "--files-from", "key"],
            &["scan", "d", "--policy", "key"],
            &["scan", "d", "--baseline", "key"],
            &["scan", "d", "--template", "key"],
            &["report", "key"],
        ] {
            let output = aemtrix().current_dir(home.path()).args(arguments).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8(said).unwrap();
            assert!(!said.contains(secret), "{arguments:?}: {said}");
        }
    }
}
