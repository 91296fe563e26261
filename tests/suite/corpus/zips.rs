//! Zips, and archives inside archives.

use super::streams::noisy;
use super::{CORRUPT, CUT, Case, DOUBTED, NO_ARCHIVE, SOUND, TRAILING, UNSUPPORTED};
use crate::bad_input::{HMAC, hmac, third};
use crate::nested;
use crate::pack::{Packing, gzip};
use crate::zip::{Entry, zip};
use std::collections::BTreeMap;

/// A zip whose entries are changed.
fn changed(change: impl Fn(&mut Entry<'_>)) -> Vec<u8> {
    let files = third().files();
    zipped(&files, change)
}

fn zipped(files: &BTreeMap<String, Vec<u8>>, change: impl Fn(&mut Entry<'_>)) -> Vec<u8> {
    let entries = files.iter().map(|(path, bytes)| {
        let mut entry = Entry::file(path, bytes);
        change(&mut entry);
        entry
    });
    zip(&entries.collect::<Vec<_>>())
}

/// A zip whose hmac is changed.
fn changed_hmac(change: impl Fn(&mut Entry<'_>)) -> Vec<u8> {
    changed(|entry| {
        if entry.name == HMAC.as_bytes() {
            change(entry);
        }
    })
}

pub(super) fn cases() -> Vec<Case> {
    [packings(), damage(), features()].into_iter().flatten().collect()
}

fn packings() -> Vec<Case> {
    let case = third().case();
    let renamed = |prefix: &str| {
        let mut files = third().files();
        let hmac = files.remove(HMAC).unwrap();
        files.insert(format!("{prefix}{HMAC}"), hmac);
        zipped(&files, |_| {})
    };
    let unsafe_name = "0 consistent [unsafe-name] kept";
    let drive = third().root("C:/aem/crx-quickstart").case().zip(Packing::ZipBackslashes);
    vec![
        Case::new("zip sound", case.zip(Packing::Zip), SOUND),
        Case::new("zip with sizes behind", case.zip(Packing::ZipSizesBehind), SOUND),
        Case::new("zip with backslashes", case.zip(Packing::ZipBackslashes), SOUND),
        Case::new("zip stored", changed(|entry| entry.deflate = false), SOUND),
        Case::new("zip64", changed(|entry| entry.zip64 = true), SOUND),
        Case::new("zip with a name that climbs", renamed("../"), unsafe_name),
        Case::new("zip with an absolute name", renamed("/"), unsafe_name),
        Case::new("zip with a drive", drive, SOUND),
    ]
}

fn damage() -> Vec<Case> {
    let whole = noisy().case().zip(Packing::Zip);
    let length = whole.len();
    let cut = |length: usize| whole[..length].to_vec();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        bytes
    };
    let stored = changed_hmac(|entry| entry.deflate = false);
    let at = stored.windows(32).position(|window| window == hmac()).unwrap();
    let mut wrong = stored;
    wrong[at] ^= 1;
    let disk = length - 22 + 4;
    let count = length - 22 + 10;
    vec![
        Case::new("zip cut in the middle", cut(length / 4 * 3), CUT),
        Case::new("zip of which only the start came", cut(20), "2 undecided [partial] none"),
        Case::new("zip without its directory", cut(length - 3000), CUT),
        Case::new("zip last byte missing", cut(length - 1), CUT),
        Case::new(
            "zip with a flipped bit in what may have been an archive",
            flipped(length / 4 * 3),
            CORRUPT,
        ),
        Case::new("zip with a flipped bit in hmac", wrong, DOUBTED),
        Case::new("zip with garbage behind", [&whole, &b"garbage"[..]].concat(), TRAILING),
        Case::new("zip with zeros behind", [whole.clone(), vec![0; 4096]].concat(), SOUND),
        Case::new("zip with a stub before", [&b"PK\x03\x04stub"[..], &whole].concat(), TRAILING),
        Case::new("zip that announces other entries", flipped(count), CORRUPT),
        Case::new("last part of a split zip", flipped(disk), UNSUPPORTED),
        Case::new("first part of a split zip", [b"PK\x07\x08", &whole[..]].concat(), UNSUPPORTED),
        Case::new("second part of a split zip", whole[9000..20_000].to_vec(), NO_ARCHIVE)
            .named("publish2.z02"),
    ]
}

fn features() -> Vec<Case> {
    vec![
        Case::new("zip encrypted", changed(|e| e.flags = 1), "2 undecided [encrypted] none"),
        Case::new(
            "zip with hmac encrypted",
            changed_hmac(|e| e.flags = 1),
            "2 undecided [encrypted] none",
        ),
        Case::new("zip with hmac in deflate64", changed_hmac(|e| e.method = Some(9)), UNSUPPORTED),
        Case::new(
            "zip with AES",
            changed(|e| (e.flags, e.method) = (1, Some(99))),
            "2 undecided [encrypted] none",
        ),
        Case::new(
            "zip whose two headers differ",
            changed_hmac(|e| e.listed_name = Some(b"launchpad/felix/bundle44/data/hmac")),
            "2 undecided [corrupt] none",
        ),
        Case::new("zip of nothing", zip(&[]), "2 undecided [empty-archive] none"),
        Case::new(
            "zip of an HTML page",
            zip(&[Entry::file("index.html", b"<html>")]),
            "2 undecided [no-instance] none",
        ),
        Case::new(
            "status zip of the console",
            zip(&[Entry::file("timestamp.txt", b"Date"), Entry::file("Bundles.txt", b"Bundles")]),
            "2 undecided [no-instance] none",
        ),
    ]
}

/// A name of a container, and one that holds a file of this name and these bytes.
type Outer = (&'static str, fn(&str, &[u8]) -> Vec<u8>);

const OUTER: [Outer; 3] = [
    ("tar", |name, bytes| nested::tar(&[(name, bytes)])),
    ("tar.gz", |name, bytes| gzip(&nested::tar(&[(name, bytes)]))),
    ("zip", |name, bytes| nested::zipped(&[(name, bytes)])),
];

/// An archive with one archive, damaged in every way.
pub(super) fn nested_cases() -> Vec<Case> {
    OUTER.iter().flat_map(|(name, outer)| inside(name, *outer)).collect()
}

fn inside(outer: &str, wrap: fn(&str, &[u8]) -> Vec<u8>) -> Vec<Case> {
    let whole = gzip(&noisy().case().tar(Packing::NoDirectories));
    let length = whole.len();
    let mut crc = whole.clone();
    crc[length - 8] ^= 1;
    let case = |what: &str, name: &str, bytes: &[u8], said| {
        Case::new(&format!("{what} in a {outer}"), wrap(name, bytes), said).named("case")
    };
    let tgz = "publish2.tar.gz";
    let zip = third().case().zip(Packing::Zip);
    let two = wrap("two", &wrap("three", &whole));
    vec![
        case("tar.gz", tgz, &whole, SOUND),
        case("tar.gz of any name", "upload", &whole, SOUND),
        case("zip", "publish2.zip", &zip, SOUND),
        case("tar.gz cut", tgz, &whole[..length / 4 * 3], CUT),
        case("tar.gz without its last byte", tgz, &whole[..length - 1], CUT),
        case("tar.gz with a wrong CRC", tgz, &crc, DOUBTED),
        case("tar.gz with garbage behind", tgz, &[&whole, &b"garbage"[..]].concat(), TRAILING),
        case("empty tar.gz", tgz, b"", "2 undecided [empty-file,no-instance] none"),
        case(
            "HTML page named tar.gz",
            tgz,
            b"<html>403</html>",
            "2 undecided [no-instance,not-an-archive] none",
        ),
        case(
            "7z",
            "publish2.7z",
            b"7z\xbc\xaf\x27\x1c\0\0",
            "2 undecided [no-instance,unsupported] none",
        ),
        case(
            "encrypted zip",
            "publish2.zip",
            &changed(|e| e.flags = 1),
            "2 undecided [encrypted] none",
        ),
        case("archive two deep", "one", &wrap("two", &whole), SOUND),
        case("archive three deep", "one", &two, "2 undecided [nested,no-instance] none"),
    ]
}
