//! Compressed tars, damaged in the same ways whatever compressed them.

use super::{CUT, Case, DOUBTED, NO_ARCHIVE, SOUND, TRAILING};
use crate::bad_input::{before, entry, tar, third};
use crate::instance::Instance;
use crate::pack::{Packing, bzip2, gzip, xz, zstd};
use crate::snapshot::body::{Body, Like};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use tar::EntryType;

/// A compression.
type Pack = fn(&[u8]) -> Vec<u8>;

const PACKS: [(&str, Pack); 4] = [("gz", gzip), ("zst", zstd), ("xz", xz), ("bz2", bzip2)];

/// Every compression, damaged in every way, and what only a gzip can be.
pub(super) fn cases() -> Vec<Case> {
    PACKS.iter().flat_map(|(name, pack)| packed(name, *pack)).chain(gzips()).collect()
}

/// An instance with so much noise behind its keys that damage in the middle of the archive lies in it.
pub(super) fn noisy() -> Instance {
    third().file("logs/noise.hprof", &Body::bytes(Like::Media, 1, 600_000))
}

fn packed(name: &str, pack: Pack) -> Vec<Case> {
    let whole = pack(&noisy().case().tar(Packing::NoDirectories));
    let cut = |length: usize| whole[..length].to_vec();
    let and = |tail: &[u8]| [&whole, tail].concat();
    let case = |what: &str, bytes, said| Case::new(&format!("{name} {what}"), bytes, said);
    let mut checksum = whole.clone();
    let length = whole.len();
    // What a bzip2 ends in, the padding to a byte, carries no data.
    checksum[length - 2] ^= 4;
    vec![
        case("sound", whole.clone(), SOUND),
        case("cut in the middle", cut(length / 4 * 3), CUT),
        case("last byte missing", cut(length - 1), CUT),
        case("of which only the start came", cut(20), "2 undecided [partial] none"),
        case("checksum wrong", checksum, DOUBTED),
        case("with garbage behind", and(b"garbage"), TRAILING),
        case("with HTML behind", and(b"<html>moved</html>"), TRAILING),
        case("with zeros behind", and(&[0; 4096]), SOUND),
        case("with 2 MiB of zeros behind", and(&vec![0; 2 << 20]), TRAILING),
        case("with the start of another behind", and(&cut(20)), CUT),
        case("of a file alone", pack(b"2024-01-01 a line of a log\n"), NO_ARCHIVE),
        case("of nothing", pack(b""), "2 undecided [empty-file] none"),
        case("of a zip", pack(&third().case().zip(Packing::Zip)), SOUND),
        case("of a gz", pack(&gzip(&tar())), SOUND),
        case("of a gz of a gz", pack(&gzip(&gzip(&tar()))), "2 undecided [over-limit] none"),
        case("of a 7z", pack(b"7z\xbc\xaf\x27\x1c\0\0"), "2 undecided [unsupported] none"),
    ]
}

fn gzips() -> Vec<Case> {
    let tar = tar();
    let whole = gzip(&tar);
    let (length, half) = (whole.len(), tar.len() / 2);
    let mut crc = whole.clone();
    crc[length - 8] ^= 1;
    let mut stored = GzEncoder::new(Vec::new(), Compression::none());
    stored.write_all(&tar).unwrap();
    let mut stored = stored.finish().unwrap();
    let hmac = crate::bad_input::hmac();
    let at = stored.windows(hmac.len()).position(|window| window == hmac).unwrap();
    stored[at] ^= 1;
    // Behind more problems than are listed.
    let volume = entry("v", EntryType::new(b'M'), b"", |_| {});
    let mut listless = gzip(&before(&volume.repeat(150), &tar));
    let end = listless.len() - 8;
    listless[end] ^= 1;
    let members = [gzip(&tar[..half]), gzip(&tar[half..])].concat();
    let cut_member = members[..members.len() - 9].to_vec();
    vec![
        Case::new("gz without its trailer", whole[..length - 8].to_vec(), CUT),
        Case::new("gz with a wrong CRC", crc, DOUBTED),
        Case::new(
            "gz with a wrong CRC and 150 other problems",
            listless,
            "2 undecided [corrupt,unsupported] doubted",
        ),
        Case::new("gz with a flipped bit in a stored key", stored, DOUBTED),
        Case::new("gz of two members", members, SOUND),
        Case::new("gz of two members, the second cut", cut_member, CUT),
        Case::new("tar named gz", tar, SOUND).named("publish2.tar.gz"),
        Case::new("gz named tar", whole, SOUND).named("publish2.tar"),
        Case::new("zip named gz", third().case().zip(Packing::Zip), SOUND).named("publish2.tar.gz"),
    ]
}
