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
    Directory(&'a str),
}

use Other::{Directory, Fifo, File, Link};

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
        Link(path, target) => {
            make_room(path);
            symlink(target, home.join(path)).unwrap();
        }
        Directory(path) => fs::create_dir(home.join(path)).unwrap(),
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
        let (File(name, _) | Link(name, _) | Fifo(name) | Directory(name)) = other;
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
    let keys = gzip(&tar(&[("hmac", &[7; 32]), ("master", &[7; 16])]));
    let rows = [
        (Unpacked, File("publish2.tgz", &empty)),
        (Unpacked, File("publish2.tgz", &keys)),
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
fn errors_of_the_program_that_packed_leave_the_verdict_open() {
    let denied =
        b"tar: crx-quickstart/launchpad/felix/bundle43/data/hmac: Cannot open: Permission denied\n";
    let full =
        b"tar: Removing leading `/' from member names\ngzip: stdout: No space left on device\n";
    for farm in [Unpacked, Archives] {
        for name in ["publish1.tgz.err", "publish1.err", "publish1.log", "tar.txt"] {
            check(&[(farm, File(name, denied)), (farm, File(name, full))], (2, true));
            let busy = b"tar: crx-quickstart/logs/error.log: file changed as we read it\n";
            check(&[(farm, File(name, busy))], (2, false));
        }
    }
}

#[test]
fn last_part_of_a_split_archive_is_no_whole_one() {
    let tar = Instance::new("publish2").case().tar(Packing::Tar);
    let packed = gzip(&tar);
    for farm in [Unpacked, Archives] {
        for name in ["tar.ab", "tar.AC", "tar.bz.ab", "tar.002", "tar.02", "tar.2", "tar.part2"] {
            check(&[(farm, File(&format!("publish2.{name}"), &tar))], (3, true));
        }
        for name in ["publish2.part2", "xab", "publish2.tarab", "publish2.part2.tar", "p_2of2.tar"]
        {
            check(&[(farm, File(name, &tar))], (3, true));
        }
        check(&[(farm, File("publish2.tar.ab.gz", &packed))], (3, true));
        for name in ["publish2.tar.aa", "publish2.tar.00", "author.2", "node1.02", "publish2.1.tar"]
        {
            check(&[(farm, File(name, &tar))], (3, false));
        }
        for name in ["publish2.tgz.ab", "publish2.tgz.2", "publish2.tgz.001"] {
            check(&[(farm, File(name, &packed))], (3, false));
        }
    }
}

#[test]
fn what_is_not_known_among_uploads_leaves_the_verdict_open() {
    let noise: Vec<u8> =
        (0..900_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let page = b"<!DOCTYPE html><html>403";
    let log = zipped(&[("error.log", b"*ERROR*")]);
    let (empty, around) = (zipped(&[]), zipped(&[("publish2.tgz", &noise)]));
    let of_install = zipped(&[("crx-quickstart/logs/error.log", b"")]);
    let mut rows = vec![
        (Archives, File("publish2.zip", &log)),
        (Archives, File("logs.zip", &log[..log.len() / 2])),
        (Archives, File("logs.zip", &empty)),
        (Archives, File("logs.zip", &of_install)),
        (Archives, File("logs.zip", &around)),
        (Archives, File("publish2", page)),
        (Archives, File("publish2", b"502 Bad Gateway")),
        (Archives, File("publish2", b"{\"error\":403}")),
        (Archives, File("publish2.tgz.html", page)),
        (Archives, File("publish2.asc", b"-----BEGIN PGP MESSAGE-----\n")),
        (Archives, File("publish2.txt", b"H4sIAAAAAAAAA+3OMQ6CMBQG4M6e")),
        (Archives, File("publish2.docx", &noise)),
        (Archives, File("publish2.cpio", b"0707010000000000000000")),
        (Archives, File("deep/er/publish2.gpg", &noise)),
    ];
    for name in [
        "publish2",
        "publish2.example.com",
        "publish2.gpg",
        "publish2.enc",
        "publish2.age",
        "publish2.iso",
        "publish2.dmg",
        "publish2.qcow2",
        "publish2.rpm",
        "publish2.bak",
        "publish2.targz",
        "publish2.tgz~",
        "publish2.tgz (1)",
        "publish2.tgz.crdownload",
        "publish2.part",
        "publish2.2024-01-02",
        "publish2.anything",
    ] {
        rows.push((Archives, File(name, b"")));
        rows.push((Archives, File(name, &noise)));
    }
    check(&rows, (2, true));
}

#[test]
fn page_or_note_in_the_place_of_an_upload_leaves_the_verdict_open() {
    let removed = b"This attachment was removed by the mail gateway.\r\n";
    let denied = b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
    let sums = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  publish2.tgz\n";
    let sums_of_these =
        b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  author.tar.gz\n";
    for farm in [Unpacked, Archives] {
        let rows = [
            ("publish2.tgz.html", &b"<!DOCTYPE html><html>403"[..]),
            ("publish2.tgz.html", b""),
            ("publish2.zip.txt", removed),
            ("publish2.tgz-Removed.txt", removed),
            ("publish2.xml", denied),
            ("publish2.html", b"<html>403"),
            ("publish2.json", b"{\"error\":403}"),
            ("publish2.txt", b"403 Forbidden\n"),
            ("author2.xml", denied),
            ("publish2", b"<html>403"),
            ("publish2.html", b""),
            ("publish2.jar", b""),
            ("publish2.war", b"<html>403"),
            ("publish2.tgz.asc", b""),
            ("publish2.tgz.sha256", sums),
            ("SHA256SUMS", sums),
            ("publish2.p7s", b"\x30\x80\x06"),
            ("publish2 - Shortcut.lnk", b"L\0\0\0\x01\x14\x02\0"),
            ("crx-quickstart.lnk", b"L\0\0\0\x01\x14\x02\0"),
            ("publish2.tgz.txt", b"\xff\xfer\0e\0m\0o\0v\0e\0d\0"),
            ("publish2.txt", b"Der Anhang wurde gel\xf6scht, da er nicht zugelassen war.\r\n"),
        ];
        check(&rows.map(|(path, bytes)| (farm, File(path, bytes))), (2, true));
        let others = [
            ("publish1.tgz.txt", &removed[..]),
            ("publish1.tar.gz.html", b"<html>"),
            ("publish1.xml", denied),
            ("author.json", b"{\"bundles\":[]}"),
            ("publish.txt", b"the publishers"),
            ("readme.txt", b"see the ticket"),
            ("publish2.notes.txt", b"see the ticket"),
            ("publish2-errors.txt", b"see the ticket"),
            ("publish2.txt", &[b'x'; 3_000]),
            ("case.tgz.txt", b"-rw-r--r-- root/root 0 2024-11-02 author/x\n"),
            ("author.tar.gz.sha256", b"e3b0c442"),
            ("docs/publish2.html", b"<html>"),
            ("publish2.txt", b""),
            ("case.tar.gz.sha256", sums_of_these),
            ("SHA256SUMS", sums_of_these),
            ("author.tar.gz.asc", b"-----BEGIN PGP SIGNATURE-----\n"),
            ("publish1.lnk", b"L\0\0\0\x01\x14\x02\0"),
            ("Thumbs.db", b"\xd0\xcf\x11\xe0"),
            ("site.war", b""),
            ("web.html", b"<html>"),
        ];
        check(&others.map(|(path, bytes)| (farm, File(path, bytes))), (2, false));
    }
}

#[test]
fn material_of_a_ticket_decides_nothing() {
    let document = zipped(&[("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")]);
    let product =
        zipped(&[("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0"), ("a/B.class", b"x")]);
    let log = zipped(&[("error.log", b"*ERROR*")]);
    let status = zipped(&[("Bundles.txt", b"Bundle information"), ("json/Bundles.json", b"{}")]);
    let rows = [
        (Archives, File("shot.png", b"\x89PNG\r\n\x1a\n\0\0")),
        (Archives, File("shot.jpg", b"\xff\xd8\xff\xe0\0")),
        (Archives, File("empty.png", b"")),
        (Archives, File("notes.txt", b"see the ticket")),
        (Archives, File("powershell.txt", b"\xff\xfea\0b\0")),
        (Archives, File("empty.log", b"")),
        (Archives, File("error.log.3", b"*ERROR*")),
        (Archives, File("spec.pdf", b"%PDF-1.7\n\0")),
        (Archives, File("mail.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0")),
        (Archives, File("mail.eml", b"From: a@example.com\n")),
        (Archives, File("author.tar.gz.md5", b"d41d8cd98f00b204e9800998ecf8427e")),
        (Archives, File("SHA256SUMS.sha256", b"e3b0c442")),
        (Archives, File("table.xlsx", &document)),
        (Archives, File("cq-quickstart-6.5.0.jar", &product)),
        (Archives, File("site.war", &product)),
        (Archives, File("logs-20261116.zip", &log)),
        (Archives, File("publish1-threaddumps.zip", &log)),
        (Archives, File("configuration-status-20261201-101500.zip", &status)),
        (Archives, File("dispatcher.zip", &zipped(&[("conf.d/aem.any", b"/0001 { }")]))),
        (Archives, File("threads1", b"2024-11-02\nFull thread dump OpenJDK 64-Bit\n")),
        (Archives, File("jstack.tdump", b"Full thread dump\n")),
        (Archives, File("heap.hprof", b"JAVA PROFILE 1.0.2\0\0")),
        (Archives, File("java_pid4711", b"JAVA PROFILE 1.0.2\0\0")),
        (Archives, File(".DS_Store", b"\0\0\0\x01Bud1")),
        (Archives, File("tools/jdk/lib/modules", b"\xda\xda\xfe\xca\0")),
        (Unpacked, File("site.war", &product)),
        (Unpacked, File("anything", b"")),
    ];
    check(&rows, (2, false));
}

#[test]
fn what_cannot_be_opened_beside_unpacked_installs_leaves_the_verdict_open() {
    let noise: Vec<u8> =
        (0..900_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let salted = [b"Salted__", noise.as_slice()].concat();
    let rows = [
        (Unpacked, File("publish2.gpg", &noise)),
        (Unpacked, File("publish2/publish2.gpg", &noise)),
        (Unpacked, File("publish2/aem/publish2.iso", &noise)),
        (Unpacked, File("publish2.iso", &noise)),
        (Unpacked, File("publish2.iso", b"")),
        (Unpacked, File("author/publish2.enc", &noise)),
        (Unpacked, File("publish2", &salted)),
        (Unpacked, File("publish2.anything", &salted)),
        (Unpacked, File("publish2", &noise)),
        (Unpacked, File("publish2/publish2", &noise)),
        (Unpacked, File("publish2", b"\xed\xab\xee\xdb\x03\0")),
        (Unpacked, File("publish2", b"\x04\x22\x4d\x18xxxx")),
    ];
    check(&rows, (2, true));
}

#[test]
fn file_that_is_named_like_a_missing_home_leaves_the_verdict_open() {
    let noise = [0xa7; 700];
    let refused = b"ssh: connect to host publish2 port 22: Connection timed out\n";
    let rows = [
        ("publish2.vbk", &noise[..]),
        ("publish2.1.dar", &noise),
        ("publish2.bak", &noise),
        ("publish2.zpaq", b""),
        ("publish2.vbk", refused),
        ("publish2.raw", &[0; 10_240]),
        ("publish2-6.5.0", &noise),
        ("publish2/disk0.vbk", &noise),
    ];
    check(&rows.map(|(path, bytes)| (Unpacked, File(path, bytes))), (2, true));
    let others =
        ["publish1.vbk", "author.keystore", "publish1.1.dar", "publish-cache.bin", "web.bin"];
    for name in others {
        check(&[(Unpacked, File(name, &noise)), (Unpacked, File(name, b""))], (2, false));
    }
}

#[test]
fn what_an_install_has_beside_it_decides_nothing() {
    let noise = [0xa7; 700];
    let rows = [
        (Unpacked, File("README", b"see the ticket")),
        (Unpacked, File("author/license.properties", b"license.customer.name=x")),
        (Unpacked, File("author/cq5.pid", b"4711")),
        (Unpacked, File("author/cq5.lock", b"")),
        (Unpacked, File("author/start", b"#!/bin/sh\n")),
        (Unpacked, File("author/.DS_Store", b"\0\0\0\x01Bud1")),
        (Unpacked, File(".DS_Store", b"\0\0\0\x01Bud1")),
        (Unpacked, File("author/keys/release.gpg", &noise)),
        (Unpacked, File("author/unknown", &noise)),
        (Unpacked, File("usr/share/keyrings/release.gpg", &noise)),
        (Unpacked, File("tools/bin/tool", &noise)),
        (Unpacked, File("launcher", b"\x7fELF\x02\x01\x01\0")),
        (Unpacked, File("data.bin", &noise)),
    ];
    check(&rows, (2, false));
}

#[test]
fn empty_directory_beside_homes_leaves_the_verdict_open() {
    for (name, is_open) in
        [("publish2", true), ("stage.example.com", true), ("logs", false), ("lost+found", false)]
    {
        for farm in [Unpacked, Archives] {
            check(&[(farm, Directory(name))], (2, is_open));
        }
    }
}

#[test]
fn too_little_in_the_place_of_an_instance_leaves_the_verdict_open() {
    for farm in [Unpacked, Archives] {
        let rows = [
            ("web/hmac", &[7; 32][..]),
            ("web/launchpad/config/x.config", b"a=\"b\""),
            ("web/repository/segmentstore/journal.log", b"x"),
            ("web/ERROR.txt", b"scp: Connection refused"),
            ("publish2/logs/error.log", b"x"),
        ];
        check(&rows.map(|(path, bytes)| (farm, File(path, bytes))), (2, true));
        let others = [
            ("docs/ERROR.txt", &b"x"[..]),
            ("publish-logs/error.log", b"x"),
            ("author-backup/notes", b"x"),
            ("web/a.css", b"x"),
            ("tools/bin/start", b"x"),
        ];
        check(&others.map(|(path, bytes)| (farm, File(path, bytes))), (2, false));
    }
}

#[test]
fn archive_in_a_file_of_another_kind_leaves_the_verdict_open() {
    let files = Instance::new("publish2").files();
    let files: Vec<_> = files.iter().map(|(path, body)| (path.as_str(), body.as_slice())).collect();
    let program = |start: &[u8]| [start, &[0xa7; 9_000], &zipped(&files)].concat();
    let (windows, linux) = (program(b"MZ"), program(b"\x7fELF\x02\x01\x01\0"));
    let base64 = format!("{}\n", "Ab3+".repeat(19)).repeat(9);
    let mail =
        format!("From: a@b\nContent-Type: application/gzip; name=\"publish2.tgz\"\n\n{base64}");
    let zeros = vec![0; 40_000];
    let iso = [&zeros[..32_768], b"\x01CD001\x01", &[0xa7; 9_000]].concat();
    let ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    let outlook = [&ole[..], &[0xa7; 9_000], &gzip(b"text")].concat();
    let embedding = zipped(&[("[Content_Types].xml", b"x"), ("xl/embeddings/o1.bin", &outlook)]);
    for farm in [Unpacked, Archives] {
        let rows = [
            ("RE AEM keys.msg", outlook.as_slice()),
            ("keys.doc", &outlook),
            ("keys.xlsx", &embedding),
            ("publish2.exe", windows.as_slice()),
            ("publish2", &linux),
            ("publish2.run", b"#!/bin/sh\nexit\n\x1f\x8b\x08\0\0\0\0\0\0\x03\x01"),
            ("publish2.txt", base64.as_bytes()),
            ("publish2.txt", b"/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj"),
            ("publish2.txt", b"begin 644 publish2.tgz\nM'XL(`````````^T]^7/"),
            ("publish2.txt", b"-----BEGIN CERTIFICATE-----\r\nH4sIAAAAAAAAA+3OMQ6CMBQG4M6e\r\n"),
            ("out.cer", b"-----BEGIN CERTIFICATE-----\nYXV0aG9yL2NyeC1xdWlja3N0YXJ0\n"),
            ("publish2.log", b" 1f 8b 08 00 00 00 00 00 00 03 ed cf\n"),
            (
                "publish2.out",
                b"#!/bin/sh\n# This is a shell archive (produced by GNU sharutils).\n",
            ),
            ("publish2.eml", mail.as_bytes()),
            ("publish2.img", zeros.as_slice()),
            ("publish2.gpg", &zeros),
            ("publish2.iso", &iso),
        ];
        check(&rows.map(|(path, bytes)| (farm, File(path, bytes))), (2, true));
    }
}

#[test]
fn archive_that_came_through_a_pipe_for_text_leaves_the_verdict_open() {
    let packed = gzip(&Instance::new("publish2").case().tar(Packing::Tar));
    let wide = packed.iter().flat_map(|byte| u16::from(*byte).to_le_bytes());
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(wide).collect();
    let lossy = String::from_utf8_lossy(&packed).into_owned();
    let banner = [b"Authorized use only.\n", packed.as_slice()].concat();
    for farm in [Unpacked, Archives] {
        for name in ["publish2.tgz", "publish2", "publish2.txt", "publish2.anything"] {
            for bytes in [wide.as_slice(), lossy.as_bytes(), &banner] {
                check(&[(farm, File(name, bytes))], (2, true));
            }
        }
        check(&[(farm, File("powershell.txt", b"\xff\xfeu\0s\0t\0a\0r\0"))], (2, false));
    }
}

#[test]
fn lists_beside_uploads_decide_nothing() {
    let sums = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a.tgz\n";
    let names = [
        "SHA256SUMS",
        "SHA256SUM",
        "MD5SUMS",
        "CHECKSUMS",
        "checksums",
        "md5sums.lst",
        "uname",
        "hosts",
    ];
    check(&names.map(|name| (Archives, File(name, sums))), (2, false));
    let noise = [0xa7; 160];
    check(&["~$notes.docx", ".nfs00a1"].map(|name| (Archives, File(name, &noise))), (2, false));
}

#[test]
fn packed_log_that_is_an_archive_is_read_however_it_begins() {
    let case = Instance::new("publish2").case();
    let dot = gzip(&dotted(&case.tar(Packing::Tar)));
    check(&[(Archives, File("aem-publish2.core.gz", &dot))], (3, false));
}

/// The tar behind an entry `./`, as `tar -C DIR .` begins.
fn dotted(tar: &[u8]) -> Vec<u8> {
    let mut header = ::tar::Header::new_gnu();
    header.set_entry_type(::tar::EntryType::Directory);
    header.set_size(0);
    header.set_mode(0o755);
    header.as_mut_bytes()[..2].copy_from_slice(b"./");
    header.set_cksum();
    [header.as_bytes(), tar].concat()
}

#[test]
fn instance_counts_wherever_it_lies() {
    let publish2 = Instance::new("publish2");
    let third = gzip(&publish2.case().tar(Packing::Tar));
    let files = publish2.files();
    let manifest = ("META-INF/MANIFEST.MF", &b"Manifest-Version: 1.0"[..]);
    let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    let jar = zipped(&std::iter::once(manifest).chain(files).collect::<Vec<_>>());
    let rows = [
        (Archives, File("publish2.jar", &jar)),
        (Archives, File("publish2.war", &third)),
        (Archives, File("publish2.docx", &third)),
        (Archives, File("publish2.bak", &third)),
        (Archives, File("publish2.tgz.crdownload", &third)),
        (Archives, File("publish2.tgz (1)", &third)),
        (Unpacked, File("publish2.jar", &jar)),
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
fn archive_in_a_program_or_a_document_is_opened_or_leaves_the_verdict_open() {
    let case = Instance::new("publish2").case();
    let third = gzip(&case.tar(Packing::Tar));
    let manifest = ("META-INF/MANIFEST.MF", &b"Manifest-Version: 1.0"[..]);
    let files = Instance::new("publish2").files();
    let files: Vec<_> = files.iter().map(|(path, body)| (path.as_str(), body.as_slice())).collect();
    let mut state = 1_u64;
    let mut noise = vec![0; 300_000];
    for byte in &mut noise {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = state.to_be_bytes()[0];
    }
    let holding = zipped(&[manifest, ("publish2.tgz", &third)]);
    let zip_in_jar = zipped(&[manifest, ("up/publish2.zip", &zipped(&files))]);
    let installed = [&[manifest, ("opt/aem/cq-publish.jar", &noise)][..], &files].concat();
    let behind = zipped(&installed);
    for (name, bytes) in [
        ("case.jar", &holding),
        ("case.docx", &holding),
        ("publish2.war", &zip_in_jar),
        ("p/publish2.jar", &behind),
    ] {
        for farm in [Unpacked, Archives] {
            let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let other = File(name, bytes);
            lay(folder.path(), farm, &other);
            assert_eq!(outcome(folder.path()), (3, false), "{name} {farm:?}");
            let archive = home.path().join("upload");
            fs::write(&archive, packed(folder.path(), &other)).unwrap();
            // What is found behind the first bytes of a stream cannot be read again.
            assert_eq!(outcome(&archive), (2, true), "{name} in an archive, {farm:?}");
        }
    }
    let package = zipped(&[manifest, ("META-INF/vault/filter.xml", b""), ("jcr_root/x", b"")]);
    let jar = zipped(&[manifest, ("a/B.class", b"x"), ("libs/p.zip", &package)]);
    let class = ("org/apache/felix/framework/Felix.class", &b"x"[..]);
    let product = [manifest, class, ("static/app/q.jar", &jar), ("install/p.zip", &package)];
    let product = zipped(&[&product[..], &[("LICENSE", b"x"), ("logs/a.log.gz", &noise)]].concat());
    let war = zipped(&[manifest, ("WEB-INF/lib/a.jar", &jar), ("WEB-INF/p.zip", &package)]);
    for farm in [Unpacked, Archives] {
        check(&[(farm, File("cq-quickstart.jar", &product))], (2, false));
        check(&[(farm, File("site.war", &war))], (2, false));
    }
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
        (Archives, File("access.log.Z", b"\x1f\x9d\x90xxxxxxxxxx")),
        (Unpacked, File("author/lib/libx.so.123", b"ELF")),
        (Unpacked, File("author/packages.zip", &document)),
        (Unpacked, File("author/package.zip", &package)),
        (Unpacked, File("author/access.log.gz", &text)),
        (Unpacked, File("author/logs/l.tar.gz", &logs)),
        (Unpacked, File("publish2.gz", b"502 Bad Gateway")),
        // A note on the sources tells of these.
        (Unpacked, File("publish-logs.tgz", &logs)),
        (Archives, Link("logs", "nowhere")),
        (Unpacked, Link("java", "/nowhere/jdk")),
        (Unpacked, Link("author/aem.log", "/nowhere/aem.log")),
    ];
    check(&rows, (2, false));
}

#[test]
fn more_links_beside_installs_than_are_looked_at_are_told() {
    let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let link = Link("publish2", "/mnt/publish2");
    lay(folder.path(), Unpacked, &link);
    // They lead to what is no instance, so that of none of them is anything to be told.
    for index in 0..100 {
        symlink("author", folder.path().join(format!("a{index}"))).unwrap();
    }
    let archive = home.path().join("upload");
    fs::write(&archive, packed(folder.path(), &link)).unwrap();
    let report = run::json(&run::scan(&[archive.into_os_string()]));
    let gaps: Vec<_> = run::list(&report["gaps"]).map(|gap| gap["path"].as_str()).collect();
    assert_eq!(gaps, [Some("case/publish2")]);
}

#[test]
fn link_in_the_place_of_an_instance_leaves_the_verdict_open() {
    for farm in [Unpacked, Archives] {
        let links = [
            ("publish2", "nowhere"),
            ("publish2.example.com", "/nowhere/publish2"),
            ("publish2/aem", "/nowhere/publish2"),
            ("publish2/launchpad", "../nowhere"),
        ];
        check(&links.map(|(path, to)| (farm, Link(path, to))), (2, true));
        let kept = b"XSym\n0010\nabc\n../disk2/p2\n";
        check(&[(farm, File("publish2", kept))], (2, true));
    }
}

#[test]
fn links_to_no_instance_are_told_wherever_they_lie() {
    for farm in [Unpacked, Archives] {
        let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let link = Link("logs", "nowhere");
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
