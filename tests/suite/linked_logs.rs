//! Logs on a disk of their own: `logs` is a link to a directory that came beside the install, or a log is one to a file. What is not read
//! is told.

use crate::instance::Instance;
use crate::pack::{Case, Link, Packing};
use crate::run::{json, list, scan};
use serde_json::Value;

#[test]
fn logs_behind_a_link_are_read_where_they_came_too() {
    let text = "19.07.2025 19:00:52.176 *INFO* [x] com.adobe.granite.crypto.internal.CryptoSupportService Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";
    let instance = Instance::new("a").root("opt/aem/crx-quickstart");
    for (target, at, is_read) in [
        ("/var/log/aem", "var/log/aem", true),
        ("../../../var/log/aem", "var/log/aem", true),
        ("/var/log/aem", "var/log", false),
    ] {
        let mut case = instance.case();
        let link = Link::Symbolic(target.to_owned());
        case.links.insert("opt/aem/crx-quickstart/logs".to_owned(), link);
        case.files.insert(format!("{at}/error.log"), text.as_bytes().to_vec());
        for packing in [Packing::Directory, Packing::TarGz, Packing::Tar, Packing::Zip] {
            let packed = case.pack(packing, "a");
            let report = json(&scan(&[packed.path().into()]));
            let log = &report["farms"][0]["instances"][0]["log"];
            assert_eq!(log.is_object(), is_read, "{target} {packing:?}");
            let gaps: Vec<&Value> = list(&report["gaps"]).collect();
            assert_eq!(gaps.len(), usize::from(!is_read), "{target} {packing:?}: {gaps:?}");
        }
    }
}

const STARTED: &str = "19.07.2025 19:00:52.176 *INFO* [x] com.adobe.granite.crypto.internal.CryptoSupportService Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";

/// Whether a log was read, and the paths of what is said not to be, without those of an install around them.
fn said(case: &Case) -> (bool, Vec<String>) {
    let of = |packing| {
        let packed = case.pack(packing, "a");
        let report = json(&scan(&[packed.path().into()]));
        let gaps = list(&report["gaps"]).map(|gap| {
            assert_eq!(gap["kind"], "log");
            gap["path"].as_str().unwrap().to_owned()
        });
        let log = &report["farms"][0]["instances"][0]["log"];
        (log.is_object(), gaps.collect::<Vec<String>>())
    };
    let said = of(Packing::Tar);
    for packing in [Packing::Directory, Packing::TarGz, Packing::Zip] {
        assert_eq!(of(packing), said, "{packing:?}");
    }
    said
}

#[test]
fn log_that_is_a_link_is_read_where_it_came_too() {
    let link = "opt/aem/crx-quickstart/logs/error.log";
    for (target, at, is_read) in [
        ("/var/log/aem/error.log", "var/log/aem/error.log", true),
        ("../../../../var/log/aem/error.log", "var/log/aem/error.log", true),
        ("/var/log/aem/error.log", "var/log/aem/stderr.log", false),
    ] {
        let mut case = Instance::new("a").root("opt/aem/crx-quickstart").case();
        case.links.insert(link.to_owned(), Link::Symbolic(target.to_owned()));
        case.files.insert(at.to_owned(), STARTED.as_bytes().to_vec());
        let gaps = if is_read { vec![] } else { vec![link.to_owned()] };
        assert_eq!(said(&case), (is_read, gaps), "{target} {at}");
    }
}

#[test]
fn logs_that_lie_elsewhere_are_told() {
    for path in
        ["crx-quickstart/logs/archive/error.log.2025-07-18", "logs/publish2/error.log", "error.log"]
    {
        let mut case = Instance::new("a").case();
        case.files.insert(path.to_owned(), STARTED.as_bytes().to_vec());
        assert_eq!(said(&case), (false, vec![path.to_owned()]), "{path}");
    }
    for path in [
        "crx-quickstart/logs/crypto",
        "logs/publish2.log",
        "publish2.log",
        "var/log/containers/aem-publish-0_ns_aem.log",
    ] {
        let mut case = Instance::new("a").case();
        case.files.insert(path.to_owned(), STARTED.as_bytes().to_vec());
        assert_eq!(said(&case), (false, vec![path.to_owned()]), "{path}");
    }
    for (path, is_read) in [
        ("crx-quickstart/logs/error.jsonl", true),
        ("crx-quickstart/logs/catalina.out", true),
        ("crx-quickstart/logs/access_log.2025-07-18", false),
        ("crx-quickstart/logs/java_pid7.hprof", false),
        ("crx-quickstart/launchpad/publish.log", false),
        ("var/log/yum.log", false),
    ] {
        let mut case = Instance::new("a").case();
        case.files.insert(path.to_owned(), STARTED.as_bytes().to_vec());
        assert_eq!(said(&case), (is_read, vec![]), "{path}");
    }
    let mut packed = Case::default();
    packed.files.insert("error.log".to_owned(), STARTED.as_bytes().to_vec());
    let mut case = Instance::new("a").case();
    case.files.insert("crx-quickstart/logs/logs.zip".to_owned(), packed.zip(Packing::Zip));
    let (is_read, gaps) = said(&case);
    assert!(!is_read && gaps.len() == 1 && gaps[0].contains("logs/logs.zip"), "{gaps:?}");
}

#[test]
fn settings_that_move_the_log_are_told() {
    let properties = |file: &str| {
        let text =
            format!("granite.product.version=6.5.0\norg.apache.sling.commons.log.file={file}\n");
        Instance::new("a").file("conf/sling.properties", text.as_bytes()).case()
    };
    let path = "crx-quickstart/conf/sling.properties".to_owned();
    assert_eq!(said(&properties("/var/log/aem/error.log")), (false, vec![path]));
    for usual in
        ["logs/error.log", "${sling.home}/logs/error.log", "/opt/crx-quickstart/logs/x.log"]
    {
        assert_eq!(said(&properties(usual)), (false, vec![]), "{usual}");
    }
    let manager = "launchpad/config/org/apache/sling/commons/log/LogManager.config";
    let text = "org.apache.sling.commons.log.file=\"/var/log/aem/error.log\"\r\nservice.pid=\"org.apache.sling.commons.log.LogManager\"\r\n";
    let case = Instance::new("a").file(manager, text.as_bytes()).case();
    assert_eq!(said(&case), (false, vec![format!("crx-quickstart/{manager}")]));
    let of_writer = |file: &str| {
        let pid = "org.apache.sling.commons.log.LogManager.factory.config";
        let text = format!(
            "org.apache.sling.commons.log.file=\"{file}\"\r\nservice.factoryPid=\"{pid}\"\r\nservice.pid=\"{pid}.1\"\r\n"
        );
        let path = format!("launchpad/config/{}/1.config", pid.replace('.', "/"));
        said(&Instance::new("a").file(&path, text.as_bytes()).case())
    };
    let (is_read, gaps) = of_writer("/var/log/aem/crypto.log");
    assert!(
        !is_read && gaps.len() == 1 && gaps[0].ends_with("factory/config/1.config"),
        "{gaps:?}"
    );
    for usual in ["logs/crypto.log", "/var/log/aem/access.log"] {
        assert_eq!(of_writer(usual), (false, vec![]), "{usual}");
    }
}
