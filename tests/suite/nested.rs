//! Archives inside archives: each is an install of its own, and its damage costs no other anything.

use crate::instance::Instance;
use crate::pack::{Packing, bzip2, gzip, xz, zstd};
use crate::run::{self, list};
use crate::zip;
use serde_json::Value;
use std::fs;

/// A tar of files.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip::zip(&files.iter().map(|(path, bytes)| zip::Entry::file(path, bytes)).collect::<Vec<_>>())
}

fn packed(name: &str) -> Vec<u8> {
    Instance::new(name).case().tar(Packing::Tar)
}

fn scan(bytes: &[u8]) -> Value {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("case");
    fs::write(&path, bytes).unwrap();
    run::json(&run::scan(&[path.into_os_string()]))
}

fn gaps(report: &Value) -> Vec<String> {
    let text = |gap: &Value, field: &str| gap[field].as_str().unwrap_or("-").to_owned();
    list(&report["gaps"])
        .map(|gap| format!("{} {}", text(gap, "kind"), text(gap, "path")))
        .collect()
}

fn instances(report: &Value) -> Vec<(&str, bool)> {
    let instances = list(&report["farms"][0]["instances"]);
    instances
        .map(|one| (one["name"].as_str().unwrap(), one["complete"].as_bool().unwrap()))
        .collect()
}

fn farm() -> [(&'static str, Vec<u8>); 3] {
    [
        ("case/author.tar.gz", gzip(&packed("author"))),
        ("case/publish1.zip", Instance::new("publish1").case().zip(Packing::Zip)),
        ("publish2", packed("publish2")),
    ]
}

#[test]
fn each_archive_in_a_case_is_an_instance() {
    let farm = farm();
    let files: Vec<_> = farm.iter().map(|(path, bytes)| (*path, bytes.as_slice())).collect();
    for case in
        [tar(&files), gzip(&tar(&files)), zstd(&tar(&files)), zipped(&files), gzip(&zipped(&files))]
    {
        let report = scan(&case);
        assert_eq!(gaps(&report), [""; 0]);
        assert_eq!(report["farms"][0]["verdict"], "consistent");
        assert_eq!(instances(&report), [("author", true), ("publish1", true), ("publish2", true)]);
        let author = &report["farms"][0]["instances"][0];
        assert_eq!(author["root"], "case/author.tar.gz!/crx-quickstart");
    }
}

#[test]
fn every_compression_is_opened_inside_too() {
    for pack in [gzip, zstd, xz, bzip2] {
        let (author, publish) = (pack(&packed("author")), pack(&packed("publish")));
        let report = scan(&tar(&[("a", &author), ("b", &publish)]));
        assert_eq!((gaps(&report), instances(&report).len()), (vec![], 2));
    }
}

#[test]
fn difference_between_inner_archives_is_found() {
    let other = Instance::new("publish2").hmac("another").case().tar(Packing::Tar);
    let author = packed("author");
    let report = scan(&tar(&[("author.tar", &author), ("publish2.tar", &other)]));
    let mut findings = list(&report["farms"][0]["findings"]);
    assert!(findings.any(|one| one["rule"] == "hmac-differs"), "{report}");
}

#[test]
fn damage_inside_costs_the_neighbours_nothing() {
    let farm = farm();
    let whole = gzip(&packed("publish3"));
    let mut checksum = whole.clone();
    let at = checksum.len() - 8;
    checksum[at] ^= 1;
    for (bytes, kind) in [
        (&whole[..whole.len() / 2], "partial"),
        (&whole[..whole.len() - 1], "partial"),
        (&checksum, "corrupt"),
        (b"<html>403</html>", "not-an-archive"),
        (b"", "empty-file"),
        (b"7z\xbc\xaf\x27\x1c", "unsupported"),
        (b"", "empty-file"),
    ] {
        let mut files: Vec<_> =
            farm.iter().map(|(path, bytes)| (*path, bytes.as_slice())).collect();
        files.insert(1, ("publish3.tar.gz", bytes));
        for case in [gzip(&tar(&files)), zipped(&files)] {
            let report = scan(&case);
            assert_eq!(report["farms"][0]["verdict"], "undecided", "{kind}");
            let gaps = gaps(&report);
            assert!(gaps.iter().any(|gap| gap == &format!("{kind} publish3.tar.gz!")), "{gaps:?}");
            for name in ["author", "publish1", "publish2"] {
                assert!(instances(&report).contains(&(name, true)), "{kind} {name}: {gaps:?}");
            }
            assert!(!instances(&report).contains(&("publish3", true)), "{kind}");
        }
    }
}

#[test]
fn archives_in_directories_of_any_name_are_opened() {
    let other = gzip(&packed("other"));
    for path in ["opt/aem/other.gz", "logs/other.dat", "server/other.tgz", "conf/other.tar.gz.1"] {
        let mut case = Instance::new("author").case();
        case.files.insert(path.to_owned(), other.clone());
        let report = scan(&gzip(&case.tar(Packing::Tar)));
        assert_eq!(instances(&report).len(), 2, "{path}: {:?}", gaps(&report));
    }
}

#[test]
fn what_claims_to_be_an_archive_beside_an_install_is_told() {
    for (name, bytes, kind) in [
        ("publish2.zip", &b"<html>403</html>"[..], "not-an-archive"),
        ("publish2.zip", b"", "empty-file"),
        ("publish2.tgz.gpg", b"\x85\x02\x0c", "not-an-archive"),
    ] {
        let mut case = Instance::new("author").case();
        case.files.insert(name.to_owned(), bytes.to_vec());
        let report = scan(&gzip(&case.tar(Packing::Tar)));
        assert_eq!(gaps(&report), [format!("{kind} {name}!")]);
    }
}

#[test]
fn parts_of_an_install_are_not_opened() {
    let other = gzip(&packed("other"));
    let mut case = Instance::new("author").case();
    for path in ["install/x.zip", "repository/y.tar", "backup/z.tar.gz", "logs/old.tar.gz"] {
        case.files.insert(format!("crx-quickstart/{path}"), other.clone());
    }
    let report = scan(&gzip(&case.tar(Packing::Tar)));
    // Of logs a note says that they were not read. In the repository AEM has no archive, so that one is noted, too.
    let noted = ["log crx-quickstart/logs/old.tar.gz", "nested crx-quickstart/repository/y.tar"];
    let noted = noted.map(str::to_owned).to_vec();
    assert_eq!((gaps(&report), instances(&report)), (noted, vec![("case", true)]));
}

#[test]
fn archive_in_an_install_that_is_named_like_an_instance_leaves_the_verdict_open() {
    let other = gzip(&packed("other"));
    for (path, is_open) in [
        ("publish2.tgz", true),
        ("repository/publish2.tgz", true),
        ("app/aem-author.tar", true),
        ("install/publish2.tgz", true),
        ("install.author/publish2.tar.gz", true),
        ("repository/datastore/publish2.tgz", true),
        ("publish2-old.tgz", false),
        ("tmp/vlt123.zip", false),
        ("threaddumps/dumps.tgz", false),
        ("aem-service-pkg-6.5.20.zip", false),
    ] {
        let mut case = Instance::new("author").case();
        case.files.insert(format!("crx-quickstart/{path}"), other.clone());
        let report = scan(&gzip(&case.tar(Packing::Tar)));
        assert_eq!(instances(&report), [("case", !is_open)], "{path}: {:?}", gaps(&report));
        assert_eq!(gaps(&report), [format!("nested crx-quickstart/{path}")]);
    }
}

#[test]
fn what_lies_beside_an_install_and_is_none_hides_nothing() {
    let package = zipped(&[("META-INF/vault/filter.xml", b"<x/>"), ("jcr_root/a.zip", b"PK\x03")]);
    let mut case = Instance::new("author").case();
    for (path, bytes) in [
        ("packages/p.zip", package),
        ("heap.hprof.gz", gzip(&[7; 5000])),
        ("notes.txt", b"notes".to_vec()),
        ("cq-quickstart.jar", b"PK\x03\x04cut".to_vec()),
    ] {
        case.files.insert(path.to_owned(), bytes);
    }
    let report = scan(&gzip(&case.tar(Packing::Tar)));
    assert_eq!((gaps(&report), instances(&report)), (vec![], vec![("case", true)]));
}

#[test]
fn archives_too_deep_are_told() {
    let wrap = |name: &str, bytes: &[u8]| tar(&[(name, bytes)]);
    let two = wrap("two.tar", &wrap("one.tar", &packed("author")));
    let report = scan(&two);
    assert_eq!((gaps(&report), instances(&report)), (vec![], vec![("case", true)]));
    let report = scan(&wrap("three.tar", &two));
    assert!(gaps(&report).contains(&"nested three.tar!/two.tar!/one.tar!".to_owned()), "{report}");
}

#[test]
fn names_cannot_pass_for_what_lies_inside() {
    let case = Instance::new("author").root("publish.tar!/crx-quickstart").case();
    let report = scan(&case.tar(Packing::Tar));
    assert_eq!(report["farms"][0]["instances"][0]["root"], "publish.tar\\x21/crx-quickstart");
}

#[test]
fn links_inside_are_followed_inside() {
    let hmac = "launchpad/felix/bundle43/data/hmac";
    let inner = Instance::new("author");
    let key = inner.files()[&format!("crx-quickstart/{hmac}")].clone();
    let mut case = inner.without(hmac).case();
    case.files.insert("crx-quickstart/keys/hmac".to_owned(), key);
    let link = crate::pack::Link::Symbolic("../../../../keys/hmac".to_owned());
    case.links.insert(format!("crx-quickstart/{hmac}"), link);
    let report = scan(&gzip(&tar(&[("author.tgz", &gzip(&case.tar(Packing::Tar)))])));
    assert_eq!(gaps(&report), [""; 0]);
    assert_eq!(report["farms"][0]["instances"][0]["keys"]["hmac"][0]["bytes"], 32);
}

#[test]
fn status_of_a_console_says_what_to_send() {
    let report = scan(&zipped(&[("timestamp.txt", b"Date"), ("Bundles.txt", b"Bundles")]));
    let reason = report["gaps"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("status of the web console") && reason.contains("send"), "{reason}");
}

#[test]
fn backup_and_bare_directories_are_read_from_a_zip() {
    for root in ["crx-quickstart", "", "mnt/crx/author/crx-quickstart"] {
        let case = Instance::new("author").root(root).case();
        let report = scan(&case.zip(Packing::Zip));
        assert_eq!((gaps(&report), instances(&report).len()), (vec![], 1), "{root}");
    }
}

#[test]
fn last_of_several_archives_of_one_name_counts() {
    let (old, new) = (
        gzip(&packed("author")),
        gzip(&Instance::new("author").hmac("other").case().tar(Packing::Tar)),
    );
    let publish = gzip(&packed("publish1"));
    let damaged = old[..old.len() - 200].to_vec();
    for first in [&old, &damaged] {
        let files: [(&str, &[u8]); 3] =
            [("a.tgz", first), ("publish1.tgz", &publish), ("a.tgz", &new)];
        let report = scan(&tar(&files));
        assert_eq!(gaps(&report), ["duplicate a.tgz"]);
        let reason = report["gaps"][0]["reason"].as_str().unwrap();
        assert_eq!(reason, "is in the source 2 times; the last one counts");
        assert_eq!(instances(&report), [("a", true), ("publish1", true)]);
        assert_eq!(report["farms"][0]["verdict"], "inconsistent", "the new author is another");
    }
}

#[test]
fn one_bound_holds_for_all_archives_in_a_source() {
    let home = tempfile::tempdir().unwrap();
    let names = ["author", "publish1", "publish2", "publish3"];
    let archives = names.map(|name| gzip(&packed(name)));
    let files: Vec<_> = names.into_iter().zip(archives.iter().map(Vec::as_slice)).collect();
    let bytes = packed("author").len();
    for case in [tar(&files), zipped(&files)] {
        fs::write(home.path().join("case"), &case).unwrap();
        let run = |limit: usize| {
            let limit = limit.to_string();
            let arguments = ["scan", "-q", "-f", "json", "--max-unpacked", &limit, "case"];
            let output = run::aemtrix().current_dir(home.path()).args(arguments).output().unwrap();
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            let reasons = list(&report["gaps"]).map(|gap| gap["reason"].as_str().unwrap());
            reasons.filter(|reason| reason.contains("unpacks to more")).count()
        };
        assert_eq!(run(bytes * 5), 0);
        assert!(run(bytes * 2) > 0, "four are more than two");
    }
}

#[test]
fn limit_is_no_damage_and_is_named_as_it_was_given() {
    let home = tempfile::tempdir().unwrap();
    let author = packed("author");
    let zip = zipped(&[("author.tar", &author), ("publish1.tar", &packed("publish1"))]);
    fs::write(home.path().join("case"), &zip).unwrap();
    let limit = (author.len() + 99).to_string();
    for source in ["case", "-"] {
        let arguments = ["scan", "-q", "-f", "json", "--max-unpacked", &limit, source];
        let mut command = run::aemtrix();
        let output = command.current_dir(home.path()).args(arguments).write_stdin(zip.clone());
        let report: Value = serde_json::from_slice(&output.output().unwrap().stdout).unwrap();
        let kinds: Vec<_> =
            list(&report["gaps"]).map(|gap| gap["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["over-limit"], "{source}");
        assert!(report["gaps"][0]["reason"].as_str().unwrap().contains(&limit), "{source}");
        assert_eq!(list(&report["farms"][0]["instances"]).count(), 1, "{source}");
    }
}

#[test]
fn link_in_a_zip_from_a_pipe_is_one_gap() {
    let case = Instance::new("author").case();
    let names: Vec<_> = case.files.keys().cloned().collect();
    let mut entries: Vec<_> =
        names.iter().map(|name| zip::Entry::file(name, &case.files[name])).collect();
    for entry in entries.iter_mut().filter(|entry| entry.name.ends_with(b"/master")) {
        (entry.mode, entry.deflate, entry.body) = (0o120_777, false, b"master.real");
    }
    let bytes = zip::zip(&entries);
    let central = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    for (bytes, told) in [(&bytes[..], 1), (&bytes[..central], 2)] {
        let mut command = run::aemtrix();
        let output = command.args(["scan", "-q", "-f", "json", "-"]).write_stdin(bytes.to_vec());
        let report: Value = serde_json::from_slice(&output.output().unwrap().stdout).unwrap();
        let kinds: Vec<_> =
            list(&report["gaps"]).map(|gap| gap["kind"].as_str().unwrap()).collect();
        assert_eq!((kinds.len(), kinds.contains(&"link-broken")), (told, true), "{kinds:?}");
        let keys = &report["farms"][0]["instances"][0]["keys"];
        assert_eq!((list(&keys["hmac"]).count(), list(&keys["master"]).count()), (1, 0));
    }
}

#[test]
fn archive_of_a_case_that_holds_no_instance_is_a_gap() {
    let (author, publish) = (gzip(&packed("author")), gzip(&packed("publish1")));
    let logs = gzip(&tar(&[("logs/error.log", b"x")]));
    let package = zipped(&[("jcr_root/a/.content.xml", b"<x/>"), ("META-INF/vault/x", b"")]);
    let case = |more: (&str, &[u8])| {
        scan(&tar(&[("author.tgz", &author), ("publish1.tgz", &publish), more]))
    };
    for name in ["publish2.tgz", "publish2"] {
        let report = case((name, &logs));
        assert_eq!(gaps(&report), [format!("no-instance {name}!")]);
        assert_eq!(report["farms"][0]["verdict"], "undecided");
    }
    assert_eq!(gaps(&case(("package.zip", &package))), [""; 0]);
    assert_eq!(gaps(&case(("publish2.gz", b""))), ["empty-file publish2.gz!"]);
}

#[test]
fn instance_that_takes_the_place_of_another_is_a_gap() {
    let [author, publish, other] =
        ["author", "publish1", "publish2"].map(|name| gzip(&packed(name)));
    let nameless = gzip(
        &Instance::new("publish3")
            .without("launchpad/felix/bundle7/data/sling.id.file")
            .case()
            .tar(Packing::Tar),
    );
    for (first, last) in [
        (&publish, other.as_slice()),
        (&publish, b""),
        (&publish, b"text"),
        (&publish, nameless.as_slice()),
        (&nameless, publish.as_slice()),
    ] {
        let files: [(&str, &[u8]); 3] = [("author", &author), ("p", first), ("p", last)];
        let report = scan(&tar(&files));
        let is_told = gaps(&report).iter().any(|gap| gap.starts_with("ambiguous p!"));
        assert!(is_told, "{:?}", gaps(&report));
        assert_ne!(report["farms"][0]["verdict"], "consistent");
    }
}

#[test]
fn place_of_an_install_without_one_is_a_gap() {
    let add = |builder: &mut tar::Builder<Vec<u8>>, path: &str, link: Option<&str>| {
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        header.set_mode(0o755);
        if let Some(target) = link {
            header.set_entry_type(tar::EntryType::Symlink);
            builder.append_link(&mut header, path, target).unwrap();
        } else {
            header.set_entry_type(tar::EntryType::Directory);
            builder.append_data(&mut header, path, &b""[..]).unwrap();
        }
    };
    let (author, publish) = (gzip(&packed("author")), gzip(&packed("publish1")));
    for (path, link, told) in [
        ("publish2/crx-quickstart", None, vec!["no-instance publish2/crx-quickstart"]),
        ("publish2/crx-quickstart", Some("../nix"), vec!["no-instance publish2/crx-quickstart"]),
        ("publish2/crx-quickstart/logs", None, vec!["no-instance publish2/crx-quickstart"]),
        ("publish2/my-crx-quickstart/logs", None, vec![]),
        ("publish2.tgz", Some("nix.tgz"), vec!["link-broken publish2.tgz"]),
        ("publish2.tgz", Some("publish1.tgz"), vec![]),
    ] {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in [("author.tgz", &author), ("publish1.tgz", &publish)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
        }
        add(&mut builder, path, link);
        let report = scan(&builder.into_inner().unwrap());
        assert_eq!(gaps(&report), told, "{path} {link:?}");
    }
}

#[test]
fn archives_beside_an_install_need_not_hold_one() {
    let (module, author) = (zipped(&[("mod_dispatcher.so", b"x")]), packed("author"));
    let dispatcher = gzip(&tar(&[("dispatcher.zip", &module)]));
    let mut builder = tar::Builder::new(Vec::new());
    for entry in tar::Archive::new(author.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let (mut header, path) = (entry.header().clone(), entry.path().unwrap().into_owned());
        builder.append_data(&mut header, path, &mut entry).unwrap();
    }
    let mut header = tar::Header::new_gnu();
    header.set_size(dispatcher.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "installers/d.tar.gz", dispatcher.as_slice()).unwrap();
    let report = scan(&builder.into_inner().unwrap());
    let told = ["nested installers/d.tar.gz!", "nested installers/d.tar.gz!/dispatcher.zip!"];
    assert_eq!(
        (gaps(&report), report["complete"].as_bool()),
        (told.map(str::to_owned).to_vec(), Some(true))
    );
}

#[test]
fn page_in_a_directory_that_is_named_like_an_archive_is_no_archive() {
    let home = tempfile::tempdir().unwrap();
    let path = Instance::new("p").case().pack_into(home.path(), Packing::Directory, "p");
    let inside = path.join("publish2.tgz");
    fs::create_dir(&inside).unwrap();
    fs::write(inside.join("publish2.tgz"), "<!DOCTYPE html><html>403</html>").unwrap();
    let told = |path: &std::path::Path| gaps(&run::json(&run::scan(&[path.into()])));
    assert_eq!(told(&path), ["not-an-archive publish2.tgz/publish2.tgz"]);
    fs::write(inside.join("publish2.tgz"), gzip(&tar(&[("a", b"x")]))).unwrap();
    assert_eq!(told(&path), ["nested -"], "a source of its own, without an instance");
}
