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

#[test]
fn folder_and_an_archive_of_it_decide_the_same() {
    let document = zipped(&[("word/document.xml", b"<xml/>")]);
    let package = zipped(&[("META-INF/vault/filter.xml", b""), ("jcr_root/x", b"")]);
    let third = gzip(&Instance::new("publish2").case().tar(Packing::Tar));
    let logs = gzip(&tar(&[("logs/access.log", b"GET /")]));
    let text = gzip(b"text");
    let (open, agreed) = ((2, true), (2, false));
    let rows = [
        // What is meant for an instance, and is none.
        (Archives, File("publish2.gz", b"502 Bad Gateway"), open),
        (Archives, File("publish2.gz", &text), open),
        (Archives, File("publish2", &text), open),
        (Archives, File("publish2.tgz", b""), open),
        (Archives, File("publish2.tgz", &logs), open),
        (Archives, File("publish2.z01", &[0xa7; 700]), open),
        (Archives, File("publish2.part02", &[0xa7; 700]), open),
        (Archives, File("xab", &[0xa7; 700]), open),
        (Archives, Fifo("publish2.tgz"), open),
        (Unpacked, Fifo("publish2.tgz"), open),
        (Unpacked, Fifo("author/publish2.tgz"), open),
        (Unpacked, File("publish2.tgz", &[0xa7; 700]), open),
        (Unpacked, File("publish2.zip", b"<html>403</html>"), open),
        (Unpacked, File("publish2/crx-quickstart/logs/x", b""), open),
        (Unpacked, File("publish2", b"7z\xbc\xaf\x27\x1cxxxxxxxxxxxxxx"), open),
        (Unpacked, File("publish2/launchpad/felix/x", b""), open),
        (Archives, File("publish2", &[0; 20_000]), open),
        // Another instance.
        (Archives, File("publish2", &third), (3, false)),
        (Archives, File("publish2.tgz.txt", &third), (3, false)),
        (Archives, File("publish2.log.gz", &third), (3, false)),
        (Unpacked, File("publish2.tgz", &third), (3, false)),
        (Unpacked, File("author/backups/old.tgz", &third), (3, false)),
        // What lies beside installs.
        (Archives, File("case.docx", &document), agreed),
        (Archives, File("bundle.jar", &document), agreed),
        (Archives, File("dump.sql.gz", &text), agreed),
        (Archives, File("error.log.2026-01-02.gz", &text), agreed),
        (Archives, File("package.zip", &package), agreed),
        (Archives, File("._author.tar.gz", b"\0\x05\x16\x07Mac OS X"), agreed),
        (Archives, File("__MACOSX/._author.tar.gz", b"\0\x05\x16\x07Mac OS X"), agreed),
        (Archives, File("README", b"see the ticket"), agreed),
        (Unpacked, File("cq-quickstart-6.5.0.jar", &document), agreed),
        (Unpacked, File("author/cq-quickstart-6.5.0.jar", &document), agreed),
        (Unpacked, File("author/crash.log", &[0; 20_000]), agreed),
        (Archives, File("disk.img", &[0; 20_000]), agreed),
        (Archives, File("access.log.Z", b"\x1f\x9d\x90xxxxxxxxxx"), agreed),
        (Unpacked, File("author/packages.zip", &document), agreed),
        (Unpacked, File("author/package.zip", &package), agreed),
        (Unpacked, File("author/access.log.gz", &text), agreed),
        (Unpacked, File("author/logs/l.tar.gz", &logs), agreed),
        (Unpacked, File("publish2.gz", b"502 Bad Gateway"), agreed),
        // A note on the sources tells of these.
        (Archives, Link("publish2", "nowhere"), agreed),
        (Unpacked, Link("publish2", "nowhere"), agreed),
        (Unpacked, Link("publish2", "/nowhere/publish2"), agreed),
    ];
    for (farm, other, expected) in rows {
        let folder = tempfile::tempdir().unwrap();
        lay(folder.path(), farm, &other);
        let (File(name, _) | Link(name, _) | Fifo(name)) = other;
        assert_eq!(outcome(folder.path()), expected, "{name} in a folder, {farm:?}");
        let home = tempfile::tempdir().unwrap();
        let archive = home.path().join("upload");
        fs::write(&archive, packed(folder.path(), &other)).unwrap();
        assert_eq!(outcome(&archive), expected, "{name} in an archive, {farm:?}");
    }
}

#[test]
fn links_to_no_instance_are_told_wherever_they_lie() {
    for farm in [Unpacked, Archives] {
        let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let link = Link("publish2", "nowhere");
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
