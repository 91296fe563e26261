//! Input that other tools take for sound, or give up on: what is said of it, and that it never passes for sound here.

use crate::instance::Instance;
use crate::pack::{Link, Packing, bzip2, gzip, xz, zstd};
use crate::run::{self, list};
use serde_json::Value;
use std::fs;
use tar::{EntryType, Header};

pub(crate) const HMAC: &str = "launchpad/felix/bundle43/data/hmac";

/// What a farm of three says when its last member comes as these bytes: verdict, kinds of gap, rules.
fn said(bytes: &[u8]) -> String {
    let report = report(bytes);
    let farm = &report["farms"][0];
    let of = |items: &Value, field: &str| {
        let names: Vec<_> =
            list(items).map(|item| item[field].as_str().unwrap().to_owned()).collect();
        names.join(",")
    };
    let verdict = farm["verdict"].as_str().unwrap();
    format!("{verdict} [{}] [{}]", of(&report["gaps"], "kind"), of(&farm["findings"], "rule"))
}

fn report(bytes: &[u8]) -> Value {
    let home = tempfile::tempdir().unwrap();
    let sound = ["author", "publish1"].map(|name| {
        Instance::new(name).case().pack_into(home.path(), Packing::TarGz, name).into_os_string()
    });
    let odd = home.path().join("publish2");
    fs::write(&odd, bytes).unwrap();
    let report = run::scan(&[sound.to_vec(), vec![odd.into_os_string()]].concat());
    let text = run::written(&report, "json");
    // What the sound ones hold stands whatever the third is.
    let json: Value = serde_json::from_str(&text).unwrap();
    for instance in list(&json["farms"][0]["instances"]).filter(|i| i["name"] != "publish2") {
        assert_eq!((&instance["complete"], &instance["verified"]), (&true.into(), &true.into()));
    }
    json
}

pub(crate) fn third() -> Instance {
    Instance::new("publish2").root("")
}

pub(crate) fn tar() -> Vec<u8> {
    third().case().tar(Packing::NoDirectories)
}

/// The third without its hmac, for entries to be put in its place.
pub(crate) fn without_hmac() -> Vec<u8> {
    third().without(HMAC).case().tar(Packing::NoDirectories)
}

pub(crate) fn hmac() -> Vec<u8> {
    third().files()[HMAC].clone()
}

/// One entry; `change` is applied to its header before the checksum is set.
pub(crate) fn entry(
    path: &str,
    kind: EntryType,
    body: &[u8],
    change: impl FnOnce(&mut Header),
) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o600);
    header.set_uid(1000);
    header.set_gid(1000);
    header.set_username("aem").unwrap();
    header.set_size(body.len() as u64);
    change(&mut header);
    header.set_cksum();
    let padding = vec![0; body.len().next_multiple_of(512) - body.len()];
    [header.as_bytes().as_slice(), body, &padding].concat()
}

pub(crate) fn file(path: &str, body: &[u8]) -> Vec<u8> {
    entry(path, EntryType::Regular, body, |_| {})
}

/// Puts entries before all others.
pub(crate) fn before(entries: &[u8], tar: &[u8]) -> Vec<u8> {
    [entries, tar].concat()
}

/// Puts entries behind all others.
pub(crate) fn behind(tar: &[u8], entries: &[u8]) -> Vec<u8> {
    [&tar[..tar.len() - 1024], entries, &[0; 1024]].concat()
}

const SOUND: &str = "consistent [] []";

#[test]
fn sound_input_is_sound_in_every_form() {
    let tar = tar();
    let half = tar.len() / 2;
    assert_eq!(said(&tar), SOUND);
    assert_eq!(said(&gzip(&tar)), SOUND);
    assert_eq!(said(&gzip(&gzip(&tar))), SOUND, "gzip in gzip");
    assert_eq!(said(&[gzip(&tar[..half]), gzip(&tar[half..])].concat()), SOUND, "members");
    assert_eq!(said(&[gzip(&tar), vec![0; 4096]].concat()), SOUND, "zeros behind a gzip");
    assert_eq!(said(&[tar.clone(), vec![0; 9 * 1024]].concat()), SOUND, "zeros behind a tar");
    let v7 =
        entry(HMAC, EntryType::Regular, &hmac(), |header| header.as_mut_bytes()[257..].fill(0));
    assert!(
        said(&before(&v7, &without_hmac())).starts_with("consistent [] ["),
        "header without a magic"
    );
}

#[test]
fn ends_of_a_gzip_are_checked() {
    let whole = gzip(&tar());
    let length = whole.len();
    let end = |bytes: &[u8]| said(bytes);
    assert_eq!(end(&whole[..length - 8]), "undecided [partial] []", "no trailer");
    assert_eq!(
        end(&whole[..length - 1]),
        "undecided [partial] []",
        "a byte of the trailer missing"
    );
    for tail in [&b"garbage"[..], b"<html>moved</html>"] {
        assert_eq!(end(&[&whole, tail].concat()), "undecided [trailing-data] []");
    }
    let second = gzip(b"another");
    assert!(end(&[&whole, &second[..second.len() / 2]].concat()).starts_with("undecided ["));
    let three = gzip(&gzip(&whole));
    assert_eq!(end(&three), "undecided [over-limit] []", "one gzip too many");
}

#[test]
fn ends_of_a_tar_are_checked() {
    let whole = tar();
    let without_end = &whole[..whole.len() - 1024];
    assert_eq!(said(without_end), "undecided [no-eoa] []");
    assert!(
        said(&[&whole, &b"garbage behind the end"[..]].concat())
            .starts_with("undecided [trailing-data")
    );
    let concatenated = [without_hmac(), [file(HMAC, &hmac()), vec![0; 1024]].concat()].concat();
    assert_eq!(said(&concatenated), "consistent [concatenated] []");
    let empty = said(&[0; 1024]);
    assert_eq!(empty, "undecided [empty-archive] []");
    let late = said(&[vec![0; 512], whole].concat());
    assert!(
        late.starts_with("undecided [") || late.starts_with("consistent [concatenated]"),
        "{late}"
    );
}

#[test]
fn every_compression_is_checked_to_its_end() {
    for pack in [zstd, xz, bzip2] {
        let whole = pack(&tar());
        let length = whole.len();
        assert_eq!(said(&whole), SOUND);
        assert_eq!(said(&pack(&gzip(&tar()))), SOUND, "one around the other");
        assert_eq!(said(&[whole.clone(), vec![0; 4096]].concat()), SOUND, "zeros behind");
        assert_eq!(said(&whole[..length - 1]), "undecided [partial] []");
        assert_eq!(said(&[&whole, &b"garbage"[..]].concat()), "undecided [trailing-data] []");
        let mut checksum = whole.clone();
        // What a bzip2 ends in, the padding to a byte, carries no data.
        checksum[length - 2] ^= 4;
        assert_eq!(said(&checksum), "undecided [corrupt] []");
        assert_eq!(said(&pack(b"2024 a line of a log")), "undecided [not-an-archive] []");
    }
}

#[test]
fn headers_that_tools_read_differently_decide_nothing() {
    let global =
        entry("pax", EntryType::XGlobalHeader, b"34 path=launchpad/felix/bundle9/x\n", |_| {});
    assert!(said(&before(&global, &tar())).starts_with("undecided [global-path"));
    for record in ["17 path=elsewhere", "x path=elsewhere\n", "999 path=elsewhere\n", "9 nothing\n"]
    {
        let pax = entry("pax", EntryType::XHeader, record.as_bytes(), |_| {});
        let said = said(&before(&[pax, file(HMAC, &hmac())].concat(), &without_hmac()));
        assert!(said.starts_with("undecided [corrupt"), "{record:?}: {said}");
    }
}

#[test]
fn sizes_that_cannot_be_are_damage() {
    let sized = |change: &dyn Fn(&mut Header)| {
        said(&before(&entry(HMAC, EntryType::Regular, &hmac(), change), &without_hmac()))
    };
    for said in [
        sized(&|header| header.as_old_mut().size.fill(0xff)),
        sized(&|header| header.as_old_mut().size.copy_from_slice(b"thirty-two!!")),
        sized(&|header| header.set_size(1 << 62)),
        sized(&|header| header.as_old_mut().size.copy_from_slice(b"77777777777\0")),
    ] {
        assert!(said.starts_with("undecided [") && said.ends_with(" []"), "{said}");
        assert!(said.contains("corrupt") || said.contains("partial"), "{said}");
    }
}

#[test]
fn damaged_header_costs_one_entry() {
    let mut bytes = tar();
    let at = bytes.windows(HMAC.len()).position(|window| window == HMAC.as_bytes()).unwrap();
    bytes[at + 3] ^= 4;
    let report = report(&bytes);
    assert_eq!(report["gaps"][0]["kind"], "corrupt");
    assert_eq!(report["farms"][0]["verdict"], "undecided");
    let third = list(&report["farms"][0]["instances"]).find(|i| i["name"] == "publish2").unwrap();
    assert_eq!(third["keys"]["master"][0]["bytes"], 16, "what follows is read");
}

#[test]
fn last_of_several_versions_counts_and_that_is_told() {
    let other = file(HMAC, &[1; 32]);
    assert_eq!(said(&before(&other, &tar())), "consistent [duplicate] []");
    let last = said(&behind(&tar(), &other));
    assert!(
        last.starts_with("inconsistent [duplicate] [") && last.contains("hmac-differs"),
        "{last}"
    );
    assert_eq!(said(&behind(&tar(), &file(HMAC, &hmac()))), "consistent [duplicate] []");
    let directory = entry(HMAC, EntryType::Directory, b"", |_| {});
    assert!(said(&behind(&tar(), &directory)).starts_with("undecided ["));
}

#[test]
fn key_that_is_no_plain_small_file_is_unknown() {
    for kind in [EntryType::Char, EntryType::Block, EntryType::Fifo] {
        let odd = said(&before(&entry(HMAC, kind, b"", |_| {}), &without_hmac()));
        assert_eq!(odd, "undecided [malformed] []", "{kind:?}");
    }
    // In a directory of that name there may be one, which AEM does not read.
    let directory = entry(HMAC, EntryType::Directory, b"", |_| {});
    assert_eq!(said(&before(&directory, &without_hmac())), "inconsistent [] [key-missing]");
    let inside = [directory, file(&format!("{HMAC}/hmac"), &hmac())].concat();
    let misplaced = said(&before(&inside, &without_hmac()));
    assert_eq!(misplaced, "inconsistent [] [key-missing,key-misplaced]");
    let large = file(HMAC, &vec![7; 2 << 20]);
    assert_eq!(said(&before(&large, &without_hmac())), "undecided [too-large] []");
    let shouted = file("launchpad/felix/bundle43/data/HMAC", &hmac());
    assert!(said(&before(&shouted, &without_hmac())).starts_with("undecided [unidentified"));
}

#[test]
fn sparse_key_is_never_digested_as_it_lies() {
    let map = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n29 GNU.sparse.realsize=65536\n";
    let pax = entry("pax", EntryType::XHeader, map, |_| {});
    let body = [b"1\n0\n32\n".to_vec(), vec![0; 505], hmac()].concat();
    let said = said(&before(&[pax, file(HMAC, &body)].concat(), &without_hmac()));
    assert!(said.starts_with("undecided [") && said.ends_with(" []"), "{said}");
}

#[test]
fn links_are_followed_inside_and_never_out() {
    let linked = |link: Link| {
        let mut case = third().without(HMAC).file("keys/hmac", &hmac()).case();
        case.links.insert(HMAC.to_owned(), link);
        // The target is open to others, which a rule tells; here only what was read counts.
        let said = said(&case.tar(Packing::NoDirectories));
        said.replace("key-permissions", "")
    };
    let symbolic = |target: &str| linked(Link::Symbolic(target.to_owned()));
    assert_eq!(linked(Link::Hard("keys/hmac".to_owned())), SOUND);
    assert_eq!(symbolic("../../../../keys/hmac"), SOUND);
    assert_eq!(symbolic("/etc/aem/hmac"), "undecided [link-outside] []");
    assert_eq!(symbolic("../../../../../../etc/hmac"), "undecided [link-outside] []");
    assert_eq!(symbolic("hmac"), "undecided [link-loop] []");
    assert_eq!(symbolic("nowhere"), "undecided [link-broken] []");
    assert_eq!(linked(Link::Hard("nowhere".to_owned())), "undecided [link-broken] []");
}

#[test]
fn analyst_s_own_files_are_never_read_for_a_link() {
    let home = tempfile::tempdir().unwrap();
    let secret = home.path().join("hmac");
    fs::write(&secret, hmac()).unwrap();
    for target in [
        secret.to_str().unwrap().to_owned(),
        format!("../../../../../../../..{}", secret.display()),
    ] {
        let mut case = third().without(HMAC).case();
        case.links.insert(HMAC.to_owned(), Link::Symbolic(target));
        for packing in [Packing::Tar, Packing::Directory] {
            let packed = case.pack(packing, "publish2");
            let report = run::json(&run::scan(&[packed.path().as_os_str().to_owned()]));
            assert_eq!(
                report["farms"][0]["instances"][0]["keys"]["hmac"],
                Value::Array(vec![]),
                "{packing:?}"
            );
        }
    }
}

#[test]
fn names_that_climb_or_start_at_the_root_are_read_as_if_they_did_not() {
    for prefix in ["/", "../", "a/../../", "./", ".//"] {
        let path = format!("{prefix}{HMAC}");
        let said = said(&before(&file(&path, &hmac()), &without_hmac()));
        assert!(said == SOUND || said == "consistent [unsafe-name] []", "{prefix}: {said}");
    }
}

#[test]
fn other_formats_leave_it_open() {
    for (magic, name) in [
        (&b"PK\x07\x08PK\x03\x04"[..], "split zip"),
        (b"Rar!\x1a\x07\x01\0", "rar"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
    ] {
        let report = report(&[magic, &[0x55; 600]].concat());
        let gap = &report["gaps"][0];
        assert!(
            ["unsupported", "not-an-archive"].contains(&gap["kind"].as_str().unwrap()),
            "{gap}"
        );
        assert_eq!(report["farms"][0]["verdict"], "undecided", "{name}");
    }
}
