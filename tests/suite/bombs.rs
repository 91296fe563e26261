//! Archives that announce, or unpack to, far more than they are.

#![allow(dead_code, reason = "what a process takes is measured on Linux alone")]

use crate::bad_input::{HMAC, entry, third};
use crate::damage::name_of_a_gibibyte;
use crate::instance::Instance;
use crate::nested;
use crate::pack::{Packing, bzip2, gzip, zstd};
use crate::zip::{Entry, zip};
use std::iter::repeat_n;
use std::sync::LazyLock;
use tar::{EntryType, Header};

/// A bomb: its name, its bytes, the exit code, and a kind of gap that tells of it, where there is one.
pub(crate) struct Bomb {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) code: i32,
    pub(crate) gap: Option<&'static str>,
}

impl Bomb {
    fn new(name: &'static str, bytes: Vec<u8>, gap: &'static str) -> Self {
        Self { name, bytes, code: 2, gap: Some(gap) }
    }

    /// One that is only large, and hides nothing.
    fn harmless(name: &'static str, bytes: Vec<u8>) -> Self {
        Self { name, bytes, code: 0, gap: None }
    }
}

/// All of them, each of a few megabytes at most. Two tests want them, and making them takes seconds.
pub(crate) static BOMBS: LazyLock<Vec<Bomb>> = LazyLock::new(|| {
    [tars(), compressions(), zips(), archives_inside(), stores()].into_iter().flatten().collect()
});

const GIBIBYTE: u64 = 1 << 30;

fn sized(path: &str, kind: EntryType, bytes: u64) -> Vec<u8> {
    entry(path, kind, b"", |header: &mut Header| header.set_size(bytes))
}

/// Packs these bytes, and behind them so many times 16 MiB of zeros, with a compression that may go on in another stream.
fn filled(pack: fn(&[u8]) -> Vec<u8>, head: &[u8], times: usize) -> Vec<u8> {
    let zeros = pack(&vec![0; 16 << 20]);
    [pack(head), zeros.repeat(times)].concat()
}

fn tars() -> Vec<Bomb> {
    let sound = third().case().tar(Packing::NoDirectories);
    let fill = |header: &[u8], times: usize| [filled(gzip, header, times), gzip(&sound)].concat();
    let empty = entry("e", EntryType::Regular, b"", |_| {});
    let entries = gzip(&[empty.repeat(200_000), sound.clone()].concat());
    let links = |target: &str| {
        let link = entry("e", EntryType::Symlink, b"", |header| {
            header.set_link_name_literal(target).unwrap();
        });
        gzip(&[link.repeat(50_000), sound.clone()].concat())
    };
    let long = "d".repeat(40);
    let installs: Vec<u8> = (0..4000)
        .flat_map(|index| {
            let path = format!("{long}/{index}/crx-quickstart/felix/bundle7/bundle.info");
            entry(&path, EntryType::Regular, b"7\nx\n2\n1\n1\n", |_| {})
        })
        .collect();
    let records = repeat_n("9 path=x\n", 100_000).collect::<String>();
    let records = entry("pax", EntryType::XHeader, records.as_bytes(), |_| {});
    let inside = sized(&format!("crx-quickstart/{HMAC}"), EntryType::Regular, u64::MAX >> 1);
    vec![
        Bomb::new("name-of-a-gibibyte.tar.gz", name_of_a_gibibyte(), "over-limit"),
        Bomb::new(
            "pax-of-a-gibibyte.tar.gz",
            fill(&sized("pax", EntryType::XHeader, GIBIBYTE), 64),
            "over-limit",
        ),
        Bomb::new(
            "hmac-of-2-gibibytes.tar.gz",
            fill(&sized(HMAC, EntryType::Regular, 2 * GIBIBYTE), 128),
            "too-large",
        ),
        Bomb::new("hmac-of-8-exbibytes.tar", [inside, vec![0; 1024]].concat(), "too-large"),
        Bomb::harmless("200000-entries.tar.gz", entries),
        Bomb::harmless("50000-links.tar.gz", links("e")),
        Bomb::harmless("100000-records.tar.gz", gzip(&[records, sound.clone()].concat())),
        Bomb::new("4000-installs.tar.gz", gzip(&installs), "over-limit"),
        Bomb::new("hollow.tar.gz", fill(&[0; 1024], 16), "concatenated"),
    ]
}

/// An xz whose block header asks for a dictionary of 4 GiB.
fn xz_of_a_large_dictionary() -> Vec<u8> {
    let mut bytes = crate::pack::xz(&third().case().tar(Packing::NoDirectories));
    // Behind the 12 bytes of the stream header: size, flags, filter, length of its properties, dictionary; at the end a CRC.
    let header = 12..12 + (usize::from(bytes[12]) + 1) * 4;
    let filter = header.clone().find(|at| bytes[*at..*at + 2] == [0x21, 1]).unwrap();
    bytes[filter + 2] = 40;
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[header.start..header.end - 4]);
    bytes[header.end - 4..header.end].copy_from_slice(&crc.sum().to_le_bytes());
    bytes
}

fn compressions() -> Vec<Bomb> {
    let header = sized(HMAC, EntryType::Regular, GIBIBYTE);
    let zeros = filled(gzip, &[0; 512], 64);
    // A window of 2 TiB, the largest that a header can name, and a raw last block.
    let window = [&b"\x28\xb5\x2f\xfd\0\xf8\x01\x10\0"[..], &[0; 512]].concat();
    vec![
        Bomb::new("gz-in-gz-in-gz.gz", gzip(&gzip(&zeros)), "over-limit"),
        Bomb::new("zeros.gz", zeros, "over-limit"),
        Bomb::new("window.tar.zst", window, "over-limit"),
        Bomb::new("zeros.tar.zst", filled(zstd, &header, 64), "too-large"),
        Bomb::new("dictionary.tar.xz", xz_of_a_large_dictionary(), "over-limit"),
        Bomb::new(
            "zeros.tar.xz",
            filled(crate::pack::xz, &sized(HMAC, EntryType::Regular, GIBIBYTE / 4), 16),
            "too-large",
        ),
        Bomb::new("zeros.tar.bz2", filled(bzip2, &header, 64), "too-large"),
    ]
}

/// A zip whose directory lists its only entry so many times.
fn overlapping(times: u16) -> Vec<u8> {
    let once = zip(&[Entry::file(HMAC, &vec![0; 1 << 20])]);
    let at = once.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    let end = once.len() - 22;
    let directory = once[at..end].repeat(usize::from(times));
    let mut bytes = [&once[..at], &directory, &once[end..]].concat();
    let end = bytes.len() - 22;
    for place in [8, 10] {
        bytes[end + place..end + place + 2].copy_from_slice(&times.to_le_bytes());
    }
    let length = u32::try_from(directory.len()).unwrap();
    bytes[end + 12..end + 16].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// A zip whose only entry claims to unpack to an exbibyte.
fn huge_in_name(path: &str) -> Vec<u8> {
    let mut entry = Entry::file(path, b"key");
    entry.zip64 = true;
    let mut bytes = zip(&[entry]);
    let extra = [&[1, 0, 16, 0][..], &3_u64.to_le_bytes()].concat();
    let places: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&extra)).collect();
    assert_eq!(places.len(), 2, "before the body and in the directory");
    for at in places {
        bytes[at + 4..at + 12].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    }
    bytes
}

fn zips() -> Vec<Bomb> {
    let sound = third().files();
    let body = vec![0; 256 << 20];
    let mut entries: Vec<_> = sound.iter().map(|(path, bytes)| Entry::file(path, bytes)).collect();
    entries.retain(|entry| entry.name != HMAC.as_bytes());
    entries.push(Entry::file(HMAC, &body));
    let many = vec![Entry::file("e", b""); 50_000];
    vec![
        Bomb::new("overlapping.zip", overlapping(5000), "corrupt"),
        Bomb::new("exbibyte.zip", huge_in_name(HMAC), "too-large"),
        Bomb::new("exbibyte-inside.zip", huge_in_name("publish2.tar.gz"), "over-limit"),
        Bomb::new("hmac-of-256-mebibytes.zip", zip(&entries), "too-large"),
        Bomb::new("hmac-of-256-mebibytes.zip.gz", gzip(&zip(&entries)), "too-large"),
        Bomb::new("50000-entries.zip", zip(&many), "no-instance"),
    ]
}

fn archives_inside() -> Vec<Bomb> {
    let deep = |wrap: &dyn Fn(&[u8]) -> Vec<u8>| {
        (0..100).fold(third().case().tar(Packing::Tar), |inner, _| wrap(&inner))
    };
    let small = nested::tar(&[("notes.txt", b"x")]);
    let names: Vec<_> = (0..2000).map(|index| format!("{index}.tar")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), small.as_slice())).collect();
    let zeros = filled(gzip, &[0; 512], 16);
    let quines: Vec<_> = names.iter().take(3).map(|name| (name.as_str(), &zeros[..])).collect();
    vec![
        Bomb::new("100-deep.tar", deep(&|inner| nested::tar(&[("a.tar", inner)])), "nested"),
        Bomb::new(
            "100-deep.tar.gz",
            deep(&|inner| gzip(&nested::tar(&[("a.tar.gz", inner)]))),
            "nested",
        ),
        Bomb::new("100-deep.zip", deep(&|inner| nested::zipped(&[("a.zip", inner)])), "nested"),
        Bomb::new("2000-inside.tar.gz", gzip(&nested::tar(&many)), "nested"),
        Bomb::new("2000-inside.zip", nested::zipped(&many), "nested"),
        Bomb::new("zeros-inside.tar", nested::tar(&quines), "empty-archive"),
    ]
}

/// Segment stores with keys in them, whose numbers are as large as can be.
fn stores() -> Vec<Bomb> {
    let store = "crx-quickstart/repository/segmentstore";
    let forged = |change: &dyn Fn(&str, &mut Vec<u8>)| {
        let mut case = Instance::new("publish2").storage(b"JCR").case();
        case.add_store(&format!("{store} v13-closed"));
        for (path, bytes) in case.files.range_mut(store.to_owned()..) {
            change(path, bytes);
        }
        case.tar(Packing::Tar)
    };
    let counts = |path: &str, bytes: &mut Vec<u8>| {
        let places: Vec<_> =
            (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"0aK")).collect();
        for at in places.into_iter().filter(|_| path.contains("/data0")) {
            bytes[at + 14..at + 22].fill(0xff);
        }
    };
    let journal = |path: &str, bytes: &mut Vec<u8>| {
        if path.ends_with("/journal.log") {
            *bytes = vec![b'a'; 64 << 20];
        }
    };
    vec![
        Bomb::new("counts-of-segments.tar", forged(&counts), "unreadable"),
        Bomb::new("journal-of-one-line.tar.gz", gzip(&forged(&journal)), "unreadable"),
    ]
}
