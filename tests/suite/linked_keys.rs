//! A key under the name of other evidence, by a link or as a copy, is shown nowhere; and what is sound keeps its text.

use crate::canary::{LINKED, assert_clean};
use crate::instance::Instance;
use crate::pack::{Case, Link, Packing};
use crate::run::{aemtrix, list, scan, written};
use aemtrix::report::FORMATS;
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

const KEY: &str = "launchpad/felix/bundle43/data/hmac";

/// A path of every kind of evidence, and of every file of a kind.
const EVIDENCE: [&str; 28] = [
    "launchpad/felix/bundle90/bundle.info",
    "launchpad/felix/bundle91/bundle.id",
    "launchpad/felix/bundle91/bundle.location",
    "launchpad/felix/bundle91/bundle.state",
    "launchpad/felix/bundle91/bundle.startlevel",
    "launchpad/felix/bundle91/bundle.lastmodified",
    "launchpad/felix/bundle91/refresh.counter",
    "launchpad/felix/bundle92/version0.0/bundle.jar",
    "launchpad/felix/bundle92/version0.0/revision.location",
    "launchpad/felix/bundle93/data/master",
    "launchpad/felix/bundle93/data/storage",
    "launchpad/felix/bundle7/data/sling.id.file",
    "launchpad/felix/bundle7/data/sling.options.file",
    "launchpad/felix/bundle0/last.java.version",
    "launchpad/conf/launchpad-timestamp.txt",
    "launchpad/sling.properties",
    "launchpad/config/com/day/crx/security/token/impl/impl/TokenAuthenticationHandler.config",
    "launchpad/config/x.config",
    "conf/sling.properties",
    "conf/quickstart.properties",
    "bin/start",
    "bin/quickstart.bat",
    "logs/error.log",
    "install/org.apache.jackrabbit.oak.segment.SegmentNodeStoreService.cfg",
    "install/org.apache.jackrabbit.oak.segment.SegmentNodeStoreService.config",
    "install/org.apache.jackrabbit.oak.segment.SegmentNodeStoreService.cfg.json",
    "resources/provisioning/application.json",
    "framework/bundle94/data/config/x.config",
];

/// An instance with this key and without the evidence that stands for it.
fn with_key(key: &[u8]) -> Case {
    let instance = Instance::new("linked").hmac_bytes(key);
    EVIDENCE.iter().fold(instance, |instance, path| instance.without(path)).case()
}

fn full(path: &str) -> String {
    format!("crx-quickstart/{path}")
}

/// The target of a symbolic link at `path`, named from the root of the install.
fn relative(path: &str, target: &str) -> String {
    format!("{}{target}", "../".repeat(path.matches('/').count()))
}

fn linked_by(key: &[u8], link: impl Fn(&str) -> Link) -> Case {
    let mut case = with_key(key);
    case.links = EVIDENCE.iter().map(|path| (full(path), link(path))).collect();
    case
}

fn symbolic(key: &[u8]) -> Case {
    linked_by(key, |path| Link::Symbolic(relative(path, KEY)))
}

fn hard(key: &[u8]) -> Case {
    linked_by(key, |_| Link::Hard(full(KEY)))
}

/// Through a link to a link to a file that is no evidence, which the key is a link to as well.
fn chained(key: &[u8]) -> Case {
    let mut case = linked_by(key, |path| Link::Symbolic(relative(path, "opt/one")));
    case.files.remove(&full(KEY));
    case.files.insert(full("opt/two"), key.to_vec());
    case.links.insert(full("opt/one"), Link::Symbolic("two".to_owned()));
    case.links.insert(full(KEY), Link::Symbolic(relative(KEY, "opt/one")));
    case
}

/// The file is the evidence, and the key is a link to it.
fn turned(key: &[u8], path: &str) -> Case {
    let mut case = with_key(key);
    case.files.remove(&full(KEY));
    case.files.insert(full(path), key.to_vec());
    case.links.insert(full(KEY), Link::Hard(full(path)));
    case
}

/// Copies, with what an editor adds.
fn copied(key: &[u8], end: &[u8]) -> Case {
    let mut case = with_key(key);
    case.files.extend(EVIDENCE.iter().map(|path| (full(path), [key, end].concat())));
    case
}

fn packed(home: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for (index, key) in LINKED.iter().enumerate() {
        let mut pack = |case: Case, packing: Packing, what: &str| {
            paths.push(case.pack_into(home, packing, &format!("{what}{index}")));
        };
        pack(symbolic(key), Packing::Directory, "symbolic-in-a-directory");
        pack(symbolic(key), Packing::TarGz, "symbolic");
        pack(symbolic(key), Packing::Zip, "symbolic");
        pack(hard(key), Packing::Directory, "hard-in-a-directory");
        pack(hard(key), Packing::Tar, "hard");
        pack(chained(key), Packing::Tar, "chained");
        for (path, what) in [(EVIDENCE[0], "info"), (EVIDENCE[2], "location"), (EVIDENCE[11], "id")]
        {
            pack(turned(key, path), Packing::Tar, &format!("turned-{what}"));
        }
        pack(copied(key, b""), Packing::Zip, "copied");
        pack(copied(key, b"\r\n"), Packing::Tar, "copied-with-line-end");
        pack(pasted(key), Packing::TarGz, "pasted");
    }
    paths
}

/// The key as one text among others, where that can be.
fn pasted(key: &[u8]) -> Case {
    let of = |before: &str, after: &str| [before.as_bytes(), key, after.as_bytes()].concat();
    let handler = "com.day.crx.security.token.impl.impl.TokenAuthenticationHandler";
    let info = of("90\n", "\n32\n1\n1752944445820\n0\n");
    let protected = format!("=\"{{{}}}\"\r\n", "0f".repeat(32));
    let config = of(&format!("service.pid=\"{handler}\"\r\ntoken.required.attr=\""), "\"\r\n");
    let config = [config, of("", &protected)].concat();
    let log = of("19.07.2025 19:00:52.176 *INFO* [x] Active run modes: [", "]\n");
    Instance::new("pasted")
        .hmac_bytes(key)
        .file(EVIDENCE[0], &info)
        .file(EVIDENCE[16], &config)
        .file("launchpad/sling.properties", &of("sling.run.modes=", "\n"))
        .file("logs/error.log", &[log, of("HTTP server port: ", "\n")].concat())
        .file("bin/start", &of("CQ_RUNMODE='", "'\n"))
        .file("conf/sling.properties", &of("com.adobe.granite.crypto.keys.path=", "\n"))
        .file("conf/quickstart.properties", &of("quickstart.build=", "\n"))
        .case()
}

#[test]
fn key_under_another_name_is_in_no_output() {
    let home = tempfile::tempdir().unwrap();
    let paths = packed(home.path());
    let operands: Vec<OsString> = paths.iter().map(OsString::from).collect();
    let report = scan(&operands);
    for format in FORMATS {
        assert_clean(written(&report, format.name).as_bytes(), format.name);
    }
    let template = home.path().join("x.txt");
    fs::write(&template, "{{ report|tojson }}").unwrap();
    let baseline = home.path().join("baseline.json");
    let output = aemtrix()
        .args(["scan", "-vv", "--template"])
        .arg(&template)
        .arg("--write-baseline")
        .arg(&baseline)
        .args(&paths)
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    assert!(output.stdout.len() > 1000, "{}", String::from_utf8_lossy(&output.stderr));
    for (bytes, what) in [
        (output.stdout, "standard output"),
        (output.stderr, "standard error"),
        (fs::read(&baseline).unwrap(), "baseline"),
    ] {
        assert_clean(&bytes, what);
    }
}

#[test]
fn key_link_in_standard_input_shows_nothing_of_the_key_either() {
    for key in LINKED.iter() {
        for case in [turned(key, EVIDENCE[0]), turned(key, EVIDENCE[2]), hard(key), symbolic(key)] {
            let tar = case.tar(Packing::Tar);
            let output = aemtrix().args(["scan", "-f", "json", "-"]).write_stdin(tar).output();
            let output = output.unwrap();
            assert_clean(&output.stdout, "standard output");
            assert_clean(&output.stderr, "standard error");
        }
    }
}

/// The report on one instance, as JSON.
fn report(case: &Case, packing: Packing) -> Value {
    let packed = case.pack(packing, "a");
    crate::run::json(&scan(&[packed.path().into()]))
}

fn bundle<'r>(report: &'r Value, directory: &str) -> &'r Value {
    let bundles = &report["farms"][0]["instances"][0]["bundles"];
    let end = format!("/{directory}");
    let is_it = |bundle: &&Value| bundle["place"].as_str().unwrap().ends_with(&end);
    list(bundles).find(is_it).expect("a bundle of this directory")
}

fn gaps(report: &Value) -> Vec<(&str, &str)> {
    list(&report["gaps"])
        .map(|gap| (gap["path"].as_str().unwrap_or_default(), gap["reason"].as_str().unwrap()))
        .collect()
}

#[test]
fn key_in_the_place_of_evidence_leaves_the_verdict_open() {
    let mut case = Instance::new("a").case();
    let path = "launchpad/felix/bundle99/bundle.location";
    case.links.insert(full(path), Link::Symbolic(relative(path, KEY)));
    let reason = "is no valid bundle value: content at byte 0: these are the bytes of a crypto key";
    for packing in [Packing::Directory, Packing::Tar, Packing::Zip] {
        assert_eq!(gaps(&report(&case, packing)), [(full(path).as_str(), reason)]);
    }
}

#[test]
fn link_to_a_file_of_another_name_gives_no_location() {
    let mut case = Instance::new("a").case();
    let path = "launchpad/felix/bundle99/bundle.location";
    case.files.insert(full("conf/controlport"), b"file:/127.0.0.1:40123/CANARY".to_vec());
    case.links.insert(full(path), Link::Symbolic(relative(path, "conf/controlport")));
    for packing in [Packing::Directory, Packing::Tar, Packing::Zip] {
        let report = report(&case, packing);
        let location = bundle(&report, "bundle99")["location"].as_str().unwrap();
        assert_eq!(location, aemtrix::facts::HIDDEN_LINK);
        assert!(!report.to_string().contains("CANARY"));
    }
}

#[test]
fn link_to_a_file_of_the_same_name_gives_everything() {
    let plain = Instance::new("a").case();
    let expected = report(&plain, Packing::Tar);
    let mut linked = plain.clone();
    for path in ["bundle21/bundle.info", "bundle43/bundle.info", "bundle21/version0.0/bundle.jar"] {
        let path = full(&format!("launchpad/felix/{path}"));
        let body = linked.files.remove(&path).unwrap();
        let stored = path.replace("crx-quickstart/launchpad/felix/bundle", "store/");
        linked.files.insert(stored.clone(), body);
        linked.links.insert(path, Link::Hard(stored));
    }
    let linked = report(&linked, Packing::Tar);
    for directory in ["bundle21", "bundle43"] {
        let (is, was) = (bundle(&linked, directory), bundle(&expected, directory));
        for field in ["location", "symbolic_name", "version"] {
            assert_eq!(is[field], was[field], "{directory} {field}");
        }
    }
    assert_eq!(gaps(&linked), gaps(&expected));
}

#[test]
fn empty_key_is_a_copy_of_nothing() {
    let case = Instance::new("a").hmac_bytes(b"").file("conf/sling.properties", b"\n").case();
    let report = report(&case, Packing::Tar);
    assert!(!gaps(&report).iter().any(|(_, reason)| reason.contains("crypto key")), "{report}");
}

#[test]
fn credentials_of_addresses_are_cut_out_of_facts_old_and_new() {
    let location = "http://jane_q:CANARY@nexus/x-1.0.jar?token=CANARY";
    let info = format!("90\n{location}\n32\n1\n1752944445820\n0\n");
    let home = "service.pid=\"org.apache.jackrabbit.oak.segment.SegmentNodeStoreService\"\r\n\
                repository.home=\"file://u:CANARY@h/crx-quickstart/repository\"\r\n";
    let case = Instance::new("a")
        .file(EVIDENCE[0], info.as_bytes())
        .file(
            "launchpad/config/org/apache/jackrabbit/oak/segment/SegmentNodeStoreService.config",
            home.as_bytes(),
        )
        .case();
    let packed = case.pack(Packing::Tar, "a");
    let report = scan(&[packed.path().into()]);
    for format in FORMATS {
        let text = written(&report, format.name);
        assert!(!text.contains("CANARY") && !text.contains("jane_q"), "{}", format.name);
    }
    let facts = written(&report, "ndjson");
    assert!(facts.contains("http://***@nexus/x-1.0.jar?***"), "{facts}");
    // Older versions kept all of it.
    let known = include_str!("../../testdata/facts/one.ndjson");
    let [first, second] = ["crypto-3.4.24.jar", "crypto.file-0.0.16.jar"]
        .map(|file| format!("launchpad:resources/install/1/com.adobe.granite.{file}"));
    assert!(known.contains(&first) && known.contains(&second));
    let old = known.replace(&first, location).replace(&second, "zQ7xW9vK2mT5pR8yL3nB6cJ4hG1dF0sA");
    for format in ["json", "ndjson", "csv"] {
        let mut command = aemtrix();
        let output = command.args(["report", "-f", format, "-"]).write_stdin(old.clone()).output();
        let output = output.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.len() > 200 && !text.contains("CANARY"), "{text}");
        assert_clean(text.as_bytes(), format);
    }
}
