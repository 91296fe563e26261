//! What lies in a folder beside the installs of a farm decides the same as it does in an archive of that folder.

use crate::instance::Instance;
use crate::nested::{tar, zipped};
use crate::pack::{Case, Packing, gzip};
use crate::run;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// How the installs of the farm lie in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Farm {
    Unpacked,
    Archives,
}

use Farm::{Archives, Unpacked};

/// Something that lies there too.
enum Other<'a> {
    File(&'a str, &'a [u8]),
    Link(&'a str, &'a str),
    Fifo(&'a str),
}

use Other::{Fifo, File, Link};

fn lay(home: &Path, farm: Farm, other: &Other<'_>) {
    for name in ["author", "publish1"] {
        let case: Case = Instance::new(name).case();
        let packing = if farm == Unpacked { Packing::Directory } else { Packing::TarGz };
        case.pack_into(home, packing, name);
    }
    let make_room = |path: &str| fs::create_dir_all(home.join(path).parent().unwrap()).unwrap();
    match other {
        File(path, bytes) => {
            make_room(path);
            fs::write(home.join(path), bytes).unwrap();
        }
        Link(path, target) => symlink(target, home.join(path)).unwrap(),
        Fifo(path) => {
            let fifo = std::process::Command::new("mkfifo").arg(home.join(path)).status().unwrap();
            assert!(fifo.success());
        }
    }
}

/// The folder as a tar.gz; `tar` takes links as they are.
fn packed(home: &Path, other: &Other<'_>) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    builder.follow_symlinks(false);
    let mut fifo = None;
    if let Fifo(path) = other {
        fs::remove_file(home.join(path)).unwrap();
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(::tar::EntryType::Fifo);
        header.set_size(0);
        fifo = Some((header, format!("case/{path}")));
    }
    builder.append_dir_all("case", home).unwrap();
    if let Some((mut header, path)) = fifo {
        builder.append_data(&mut header, path, &b""[..]).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

/// The instances that came, and whether the verdict is open. Who owns unpacked files depends on who tests.
fn outcome(path: &Path) -> (usize, bool) {
    let report = run::scan(&[path.as_os_str().to_owned()]);
    let instances = run::json(&report)["farms"][0]["instances"].as_array().map_or(0, Vec::len);
    (instances, run::exit_code(&report) == 2)
}

/// Scans each in a folder, and in an archive of that: so many instances come, and the verdict is open or not.
fn check(rows: &[(Farm, Other<'_>)], expected: (usize, bool)) {
    for (farm, other) in rows {
        let folder = tempfile::tempdir().unwrap();
        lay(folder.path(), *farm, other);
        let (File(name, _) | Link(name, _) | Fifo(name)) = other;
        assert_eq!(outcome(folder.path()), expected, "{name} in a folder, {farm:?}");
        let home = tempfile::tempdir().unwrap();
        let archive = home.path().join("upload");
        fs::write(&archive, packed(folder.path(), other)).unwrap();
        assert_eq!(outcome(&archive), expected, "{name} in an archive, {farm:?}");
    }
}

#[test]
fn what_is_meant_for_an_instance_and_is_none_leaves_the_verdict_open() {
    let (text, logs) = (gzip(b"text"), gzip(&tar(&[("logs/access.log", b"GET /")])));
    let empty = gzip(&tar(&[("crx-quickstart/logs/error.log", b"x")]));
    let rows = [
        (Unpacked, File("publish2.tgz", &empty)),
        (Archives, File("publish2.gz", b"502 Bad Gateway")),
        (Archives, File("publish2.gz", &text)),
        (Archives, File("publish2", &text)),
        (Archives, File("publish2.tgz", b"")),
        (Archives, File("publish2.tgz", &logs)),
        (Archives, File("publish2.z01", &[0xa7; 700])),
        (Archives, File("publish2.part02", &[0xa7; 700])),
        (Archives, File("xab", &[0xa7; 700])),
        (Archives, Fifo("publish2.tgz")),
        (Unpacked, Fifo("publish2.tgz")),
        (Unpacked, Fifo("author/publish2.tgz")),
        (Unpacked, File("publish2.tgz", &[0xa7; 700])),
        (Unpacked, File("publish2.zip", b"<html>403</html>")),
        (Unpacked, File("publish2/crx-quickstart/logs/x", b"")),
        (Unpacked, File("publish2", b"7z\xbc\xaf\x27\x1cxxxxxxxxxxxxxx")),
        (Unpacked, File("publish2/launchpad/felix/x", b"")),
        (Archives, File("publish2", &[0; 10_240])),
    ];
    check(&rows, (2, true));
}

#[test]
fn instance_counts_wherever_it_lies() {
    let third = gzip(&Instance::new("publish2").case().tar(Packing::Tar));
    let rows = [
        (Archives, File("publish2", &third)),
        (Archives, File("publish2.tgz.txt", &third)),
        (Archives, File("publish2.log.gz", &third)),
        (Unpacked, File("publish2.tgz", &third)),
        (Unpacked, File("author/backups/old.tgz", &third)),
        (Unpacked, File("author/backups/old.gz", &third)),
        (Unpacked, File("author/backups/old", &third)),
    ];
    check(&rows, (3, false));
}

#[test]
fn what_lies_beside_installs_as_a_rule_decides_nothing() {
    let document = zipped(&[("word/document.xml", b"<xml/>")]);
    let package = zipped(&[("META-INF/vault/filter.xml", b""), ("jcr_root/x", b"")]);
    let (text, logs) = (gzip(b"text"), gzip(&tar(&[("logs/access.log", b"GET /")])));
    let rows = [
        (Archives, File("case.docx", &document)),
        (Archives, File("bundle.jar", &document)),
        (Archives, File("dump.sql.gz", &text)),
        (Archives, File("error.log.2026-01-02.gz", &text)),
        (Archives, File("package.zip", &package)),
        (Archives, File("._author.tar.gz", b"\0\x05\x16\x07Mac OS X")),
        (Archives, File("__MACOSX/._author.tar.gz", b"\0\x05\x16\x07Mac OS X")),
        (Archives, File("README", b"see the ticket")),
        (Unpacked, File("cq-quickstart-6.5.0.jar", &document)),
        (Unpacked, File("author/cq-quickstart-6.5.0.jar", &document)),
        (Unpacked, File("author/crash.log", &[0; 10_240])),
        (Archives, File("disk.img", &[0; 10_240])),
        (Archives, File("access.log.Z", b"\x1f\x9d\x90xxxxxxxxxx")),
        (Unpacked, File("author/lib/libx.so.123", b"ELF")),
        (Unpacked, File("author/packages.zip", &document)),
        (Unpacked, File("author/package.zip", &package)),
        (Unpacked, File("author/access.log.gz", &text)),
        (Unpacked, File("author/logs/l.tar.gz", &logs)),
        (Unpacked, File("publish2.gz", b"502 Bad Gateway")),
        // A note on the sources tells of these.
        (Archives, Link("publish2", "nowhere")),
        (Unpacked, Link("publish2", "nowhere")),
        (Unpacked, Link("publish2.example.com", "nowhere")),
        (Unpacked, Link("publish2", "/nowhere/publish2")),
    ];
    check(&rows, (2, false));
}

#[test]
fn links_to_no_instance_are_told_wherever_they_lie() {
    for farm in [Unpacked, Archives] {
        let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let link = Link("publish2.example.com", "nowhere");
        lay(folder.path(), farm, &link);
        let archive = home.path().join("upload");
        fs::write(&archive, packed(folder.path(), &link)).unwrap();
        for source in [folder.path(), &archive] {
            let report = run::json(&run::scan(&[source.as_os_str().to_owned()]));
            let kinds: Vec<_> =
                run::list(&report["gaps"]).filter_map(|gap| gap["kind"].as_str()).collect();
            assert_eq!(kinds, ["link-outside"], "{farm:?} {}", source.display());
        }
    }
}
