//! What unpackers, or Felix, take for something else than it seems: names, links, lists, and what is not there.

use super::{CORRUPT, Case, SOUND};
use crate::bad_input::{HMAC, before, behind, entry, file, hmac, tar, third, without_hmac};
use crate::instance::Instance;
use crate::pack::Packing;
use crate::zip::{Entry, zip};
use std::collections::BTreeMap;
use tar::EntryType;

/// Tools disagree on where something decisive lies.
const AMBIGUOUS: &str = "2 undecided [ambiguous] kept";
/// Felix deletes the keys at the next start, or AEM cannot reach them.
const DISCARDED: &str = "1 inconsistent [] kept";
const INCREMENTAL: &str = "2 undecided [partial] none";
const BUNDLE: &str = "launchpad/felix/bundle43";

pub(super) fn cases() -> Vec<Case> {
    let all = [revisions(), jars(), links(), names(), incremental(), directories(), zips()];
    all.into_iter().flatten().collect()
}

fn packed(name: &str, instance: &Instance, said: &'static str) -> Case {
    Case::new(name, instance.case().tar(Packing::NoDirectories), said)
}

fn in_bundle(path: &str, bytes: &[u8]) -> Instance {
    third().file(&format!("{BUNDLE}/{path}"), bytes)
}

fn revisions() -> Vec<Case> {
    let location = |bytes| in_bundle("version0.0/revision.location", bytes);
    let count = |count: &str| {
        let info = format!("43\nslinginstall:x.jar\n32\n1\n1752944445820\n{count}\n");
        in_bundle("bundle.info", info.as_bytes())
    };
    vec![
        packed("revision.location of no bytes", &location(b""), DISCARDED),
        packed("revision.location of a line end", &location(b"\n"), SOUND),
        packed("revision.location of other text", &location(b"x"), SOUND),
        packed("revision.location a bad reference", &location(b"reference:x"), DISCARDED),
        packed(
            "newer revision with a library alone",
            &in_bundle("version0.1/lib/x.jar", b"x"),
            DISCARDED,
        ),
        packed(
            "newer revision with a deep file alone",
            &in_bundle("version0.1/a/b/c", b"x"),
            DISCARDED,
        ),
        packed(
            "copy of a revision with a file alone",
            &in_bundle("version0.0.bak/x", b"x"),
            DISCARDED,
        ),
        packed(
            "older revision with a library alone",
            &in_bundle("version0.-1/lib/x.jar", b"x"),
            SOUND,
        ),
        packed("file named like a revision", &in_bundle("version0.1", b"x"), SOUND),
        packed("refresh count of -1", &count("-1"), "2 undecided [malformed] kept"),
        packed("refresh count of -2", &count("-2"), DISCARDED),
        packed("refresh count of +0", &count("+0"), SOUND),
    ]
}

fn jars() -> Vec<Case> {
    let jar = |id: u32| format!("launchpad/felix/bundle{id}/version0.0/bundle.jar");
    let without = |ids: &[u32]| ids.iter().fold(third(), |i, id| i.without(&jar(*id)));
    let elsewhere = without(&[43])
        .file(&format!("{BUNDLE}/version0.0/revision.location"), b"reference:file:/opt/x.jar");
    vec![
        packed("jar of one bundle missing", &without(&[43]), DISCARDED),
        packed("jars of all bundles missing", &without(&[7, 21, 43, 502, 503]), SOUND),
        packed("jars of most bundles missing", &without(&[7, 43, 503]), SOUND),
        packed("jar of one bundle elsewhere", &elsewhere, SOUND),
        packed("jar of one bundle empty", &in_bundle("version0.0/bundle.jar", b""), DISCARDED),
    ]
}

fn link(path: &str, kind: EntryType, target: &str) -> Vec<u8> {
    entry(path, kind, b"", |header| header.set_link_name_literal(target).unwrap())
}

fn links() -> Vec<Case> {
    let symbolic = |path: &str, target: &str| link(path, EntryType::Symlink, target);
    let added = |entries: &[Vec<u8>]| behind(&tar(), &entries.concat());
    let other = |path: &str| file(path, &[1; 32]);
    let hard = [
        symbolic("keys/hmac", "real"),
        file("keys/real", &hmac()),
        link(HMAC, EntryType::Link, "keys/hmac"),
    ];
    vec![
        Case::new(
            "hmac written through a link",
            added(&[symbolic("x", DATA), other("x/hmac")]),
            AMBIGUOUS,
        ),
        Case::new(
            "hmac written through a link of a directory above",
            added(&[symbolic("launchpad/x", "felix"), other("launchpad/x/bundle43/data/hmac")]),
            "2 undecided [ambiguous,unidentified] kept",
        ),
        Case::new(
            "hmac written through two links",
            added(&[symbolic("x", DATA), symbolic("y", "x"), other("y/hmac")]),
            AMBIGUOUS,
        ),
        Case::new(
            "revision made through a link",
            added(&[symbolic("x", BUNDLE), file("x/version0.1/lib/x.jar", b"x")]),
            AMBIGUOUS,
        ),
        Case::new(
            "hmac replaced through a link that a file replaces",
            added(&[symbolic("launchpad/x", "felix/bundle43/data/hmac"), other("launchpad/x")]),
            AMBIGUOUS,
        ),
        Case::new(
            "other file written through a link",
            added(&[symbolic("x", "launchpad/conf"), file("x/notes.txt", b"x")]),
            SOUND,
        ),
        Case::new(
            "hmac a hard link to a link in another directory",
            before(&hard.concat(), &without_hmac()),
            "2 undecided [ambiguous] none",
        ),
    ]
}

fn names() -> Vec<Case> {
    let named = |path: &str| before(&file(path, &hmac()), &without_hmac());
    vec![
        Case::new("hmac with /. at the end of its name", named(&format!("{HMAC}/.")), AMBIGUOUS),
        Case::new(
            "hmac with a slash at the end of its name",
            named(&format!("{HMAC}/")),
            "2 undecided [malformed] none",
        ),
        packed("bundle.info in two cases", &in_bundle("Bundle.INFO", b"x"), AMBIGUOUS),
        packed(
            "bundle.info in two directories but for case",
            &third().file("launchpad/felix/Bundle43/bundle.info", b"x"),
            AMBIGUOUS,
        ),
        packed(
            "other file in two cases",
            &in_bundle("data/Notes", b"x").file("data/notes", b"x"),
            SOUND,
        ),
    ]
}

const DATA: &str = "launchpad/felix/bundle43/data";
/// What an incremental archive lists of the keys: one had not changed.
const LEVEL_1: &str = "Nhmac\0Ymaster\0\0";

/// A directory as GNU tar stores it in an incremental archive.
fn listed(path: &str, listing: &[u8]) -> Vec<u8> {
    entry(&format!("{path}/"), EntryType::new(b'D'), listing, |header| header.set_mode(0o755))
}

/// The same in PAX form.
fn listed_in_pax(path: &str, listing: &str) -> Vec<u8> {
    let rest = format!(" GNU.dumpdir={listing}\n");
    let length = rest.len() + (rest.len() + 2).to_string().len();
    let record = format!("{length}{rest}");
    let pax = entry("pax", EntryType::XHeader, record.as_bytes(), |_| {});
    [pax, directory(path, 1000, 0o755)].concat()
}

fn directory(path: &str, uid: u64, mode: u32) -> Vec<u8> {
    entry(&format!("{path}/"), EntryType::Directory, b"", |header| {
        header.set_mode(mode);
        header.set_uid(uid);
    })
}

fn incremental() -> Vec<Case> {
    let without_info = third().without(&format!("{BUNDLE}/bundle.info"));
    let without_info = without_info.case().tar(Packing::NoDirectories);
    vec![
        Case::new(
            "incremental tar of level 1",
            before(&listed(DATA, LEVEL_1.as_bytes()), &without_hmac()),
            INCREMENTAL,
        ),
        Case::new(
            "incremental tar of level 1, PAX",
            before(&listed_in_pax(DATA, LEVEL_1), &without_hmac()),
            INCREMENTAL,
        ),
        Case::new(
            "incremental tar of level 1 without bundle.info",
            before(&listed(BUNDLE, b"Nbundle.info\0Ddata\0\0"), &without_info),
            "2 undecided [partial] kept",
        ),
        Case::new(
            "incremental tar of level 1 behind the full one",
            behind(&tar(), &listed(DATA, LEVEL_1.as_bytes())),
            SOUND,
        ),
    ]
}

/// Directories that take nothing away, and one that does.
fn directories() -> Vec<Case> {
    let without_jar = third().without(&format!("{BUNDLE}/version0.0/bundle.jar"));
    let without_jar = without_jar.case().tar(Packing::NoDirectories);
    let lists = [
        listed("logs", b"Nerror.log\0\0"),
        listed(&format!("{BUNDLE}/version0.0"), b"Nbundle.jar\0\0"),
    ];
    vec![
        Case::new(
            "incremental tar of level 0",
            before(&listed(DATA, b"Yhmac\0Ymaster\0\0"), &tar()),
            SOUND,
        ),
        Case::new(
            "incremental tar of level 0 without logs and jars",
            before(&lists.concat(), &without_jar),
            SOUND,
        ),
        Case::new(
            "tar whose data directory another user owns",
            before(&directory(DATA, 0, 0o755), &tar()),
            SOUND,
        ),
        Case::new(
            "tar whose data directory another user alone may enter",
            before(&directory(DATA, 0, 0o700), &tar()),
            DISCARDED,
        ),
    ]
}

/// A zip whose hmac is changed.
fn changed(
    files: &BTreeMap<String, Vec<u8>>,
    path: &str,
    change: impl Fn(&mut Entry<'_>),
) -> Vec<u8> {
    let entries = files.iter().map(|(name, bytes)| {
        let mut entry = Entry::file(name, bytes);
        if name == path {
            change(&mut entry);
        }
        entry
    });
    zip(&entries.collect::<Vec<_>>())
}

fn zips() -> Vec<Case> {
    let files = third().files();
    let more = third().file("launchpad/notes", &[1; 32]).files();
    let unicode =
        |unicode: &'static [u8]| changed(&files, HMAC, |entry| entry.unicode_name = Some(unicode));
    let umlaut = third().file("gr??e.txt", b"x").files();
    let master = HMAC.replace("hmac", "master");
    vec![
        Case::new(
            "zip with another Unicode Path",
            unicode(b"launchpad/felix/bundle43/data/hmac.old"),
            AMBIGUOUS,
        ),
        Case::new("zip with the same Unicode Path", unicode(HMAC.as_bytes()), SOUND),
        Case::new(
            "zip with another file whose Unicode Path is hmac",
            changed(&more, "launchpad/notes", |entry| entry.unicode_name = Some(HMAC.as_bytes())),
            AMBIGUOUS,
        ),
        Case::new(
            "zip with a Unicode Path of another file",
            changed(&more, "launchpad/notes", |entry| {
                entry.unicode_name = Some(b"launchpad/other");
            }),
            SOUND,
        ),
        Case::new(
            "zip with a Unicode Path that the name stands in for",
            changed(&umlaut, "gr??e.txt", |entry| {
                entry.unicode_name = Some("gr\u{f6}\u{df}e.txt".as_bytes());
            }),
            SOUND,
        ),
        Case::new(
            "zip with a NUL in a name",
            changed(&more, "launchpad/notes", |entry| {
                entry.name = b"launchpad/felix/bundle43/data/hmac\0.old";
            }),
            AMBIGUOUS,
        ),
        Case::new(
            "zip whose two headers differ in case",
            changed(&files, &master, |entry| {
                entry.listed_name = Some(b"launchpad/felix/bundle43/data/MASTER");
            }),
            CORRUPT,
        ),
        Case::new(
            "zip whose two headers differ in slashes",
            changed(&files, &master, |entry| {
                entry.listed_name = Some(b"launchpad/felix/bundle43/data\\master");
            }),
            CORRUPT,
        ),
    ]
}
