//! Plain tars: their ends, their headers, their names and their links.

use super::{CORRUPT, CUT, Case, SOUND, TRAILING};
use crate::bad_input::{HMAC, before, behind, entry, file, hmac, tar, third, without_hmac};
use crate::damage::body;
use crate::pack::{Link, Packing};
use tar::{EntryType, Header};

/// Key unknown, and one gap that says why.
const UNKNOWN: &str = "2 undecided [malformed] none";

/// Every tar of the corpus.
pub(super) fn cases() -> Vec<Case> {
    let all = [ends(), headers(), sizes(), sparse(), names(), links(), versions(), kinds()];
    all.into_iter().flatten().collect()
}

fn ends() -> Vec<Case> {
    let tar = tar();
    let length = tar.len();
    let master = body(&tar, "data/master");
    let two = [without_hmac(), file(HMAC, &hmac()), vec![0; 1024]].concat();
    vec![
        Case::new("tar sound", tar.clone(), SOUND),
        Case::new("tar cut inside a file", tar[..master.start + 7].to_vec(), CUT),
        Case::new("tar cut inside a header", tar[..master.start - 300].to_vec(), CUT),
        Case::new(
            "tar cut between two entries",
            tar[..master.start - 512].to_vec(),
            "2 undecided [no-eoa] kept",
        ),
        Case::new(
            "tar without its end",
            tar[..length - 1024].to_vec(),
            "2 undecided [no-eoa] kept",
        ),
        Case::new(
            "tar with one block of its end",
            tar[..length - 512].to_vec(),
            "2 undecided [no-eoa] kept",
        ),
        Case::new("tar with garbage behind", [&tar, &b"garbage"[..]].concat(), TRAILING),
        Case::new("tar with HTML behind", [&tar, &b"<html></html>"[..]].concat(), TRAILING),
        Case::new("tar with zeros behind", [tar.clone(), vec![0; 9 << 10]].concat(), SOUND),
        Case::new("two tars, the second with hmac", two, "0 consistent [concatenated] kept"),
        Case::new(
            "zero block before a tar",
            [vec![0; 512], tar.clone()].concat(),
            "0 consistent [concatenated] kept",
        ),
        Case::new(
            "two zero blocks before a tar",
            [vec![0; 1024], tar].concat(),
            "0 consistent [concatenated] kept",
        ),
        Case::new("tar of nothing", vec![0; 1024], "2 undecided [empty-archive] none"),
        Case::new(
            "tar of a record of zeros",
            vec![0; 10 << 10],
            "2 undecided [empty-archive] none",
        ),
    ]
}

/// A PAX record.
fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let length =
        (rest.len() + 1..rest.len() + 9).find(|n| *n == rest.len() + n.to_string().len()).unwrap();
    format!("{length}{rest}").into_bytes()
}

fn pax(kind: EntryType, records: &[(&str, &str)]) -> Vec<u8> {
    let records: Vec<_> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
    entry("pax", kind, &records, |_| {})
}

/// A tar whose hmac is this.
fn with(entries: &[u8]) -> Vec<u8> {
    before(entries, &without_hmac())
}

fn headers() -> Vec<Case> {
    let global = pax(EntryType::XGlobalHeader, &[("path", "launchpad/felix/bundle9/x")]);
    let comment = pax(EntryType::XGlobalHeader, &[("comment", "0123456789abcdef")]);
    let broken = entry("pax", EntryType::XHeader, b"999 path=elsewhere\n", |_| {});
    let v7 = entry(HMAC, EntryType::Regular, &hmac(), |h| h.as_mut_bytes()[257..].fill(0));
    let flipped = |at: usize| {
        let mut bytes = tar();
        bytes[at] ^= 4;
        bytes
    };
    let hmac_header = body(&tar(), HMAC).start - 512;
    vec![
        Case::new(
            "global header with a path",
            before(&global, &tar()),
            "2 undecided [global-path] doubted",
        ),
        Case::new("global header of git archive", before(&comment, &tar()), SOUND),
        Case::new(
            "malformed PAX record",
            with(&[broken, file(HMAC, &hmac())].concat()),
            "2 undecided [corrupt] none",
        ),
        Case::new("header without a magic", with(&v7), SOUND),
        Case::new("first header damaged", flipped(3), CORRUPT),
        Case::new("header of hmac damaged", flipped(hmac_header + 3), "2 undecided [corrupt] none"),
    ]
}

fn sizes() -> Vec<Case> {
    let sized =
        |change: &dyn Fn(&mut Header)| with(&entry(HMAC, EntryType::Regular, &hmac(), change));
    let raw = |bytes: [u8; 12]| sized(&move |header| header.as_old_mut().size = bytes);
    let pax = pax(EntryType::XHeader, &[("size", "100000000000000000")]);
    vec![
        Case::new("size of 8 GiB", raw(*b"77777777777\0"), "2 undecided [partial,too-large] none"),
        Case::new(
            "size of 2^62",
            sized(&|header| header.set_size(1 << 62)),
            "2 undecided [partial,too-large] none",
        ),
        Case::new("size of -1", raw([0xff; 12]), "2 undecided [corrupt] none"),
        Case::new("size in letters", raw(*b"thirty-two!!"), "2 undecided [corrupt] none"),
        Case::new(
            "size of 10^17 in PAX",
            with(&[pax, file(HMAC, &hmac())].concat()),
            "2 undecided [partial,too-large] none",
        ),
        Case::new(
            "hmac of 2 MiB",
            with(&file(HMAC, &vec![7; 2 << 20])),
            "2 undecided [too-large] none",
        ),
    ]
}

fn sparse() -> Vec<Case> {
    let gnu = entry(HMAC, EntryType::GNUSparse, &hmac(), |header| {
        let gnu = header.as_gnu_mut().unwrap();
        gnu.sparse[0].set_offset(0);
        gnu.sparse[0].set_length(32);
        gnu.set_real_size(32);
    });
    let lying = entry(HMAC, EntryType::GNUSparse, &hmac(), |header| {
        let gnu = header.as_gnu_mut().unwrap();
        gnu.sparse[0].offset = *b"nonsense1234";
        gnu.set_real_size(32);
    });
    let records = |records: &[(&str, &str)], body: &[u8]| {
        let named: Vec<_> =
            records.iter().map(|(key, value)| (format!("GNU.sparse.{key}"), *value)).collect();
        let named: Vec<_> = named.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        with(&[pax(EntryType::XHeader, &named), file("GNUSparseFile.1/hmac", body)].concat())
    };
    let map = [b"1\n0\n32\n".to_vec(), vec![0; 505], hmac()].concat();
    let one = [("major", "1"), ("minor", "0"), ("name", HMAC), ("realsize", "32")];
    let large = [("major", "1"), ("minor", "0"), ("name", HMAC), ("realsize", "1099511627776")];
    let old = [("size", "32"), ("numblocks", "1"), ("name", HMAC), ("map", "0,32")];
    let new = [("major", "2"), ("minor", "0"), ("name", HMAC), ("realsize", "32")];
    vec![
        Case::new("sparse hmac, old GNU", with(&gnu), SOUND),
        Case::new(
            "sparse hmac, old GNU, map of nonsense",
            with(&lying),
            "2 undecided [unsupported] none",
        ),
        Case::new("sparse hmac, PAX 0.1", records(&old, &hmac()), SOUND),
        Case::new("sparse hmac, PAX 1.0", records(&one, &map), SOUND),
        Case::new(
            "sparse hmac, PAX 1.0, of a TiB",
            records(&large, &map),
            "2 undecided [too-large] none",
        ),
        Case::new("sparse hmac, PAX 2.0", records(&new, &map), "2 undecided [unsupported] none"),
    ]
}

fn names() -> Vec<Case> {
    let named = |prefix: &str| with(&file(&format!("{prefix}{HMAC}"), &hmac()));
    let unsafe_name = "0 consistent [unsafe-name] kept";
    let odd = |name: &[u8]| {
        before(
            &entry("", EntryType::Regular, b"x", |header| {
                header.as_old_mut().name[..name.len()].copy_from_slice(name);
            }),
            &tar(),
        )
    };
    let long = format!("{}/x", "long/".repeat(2000));
    let long =
        [entry("././@LongLink", EntryType::GNULongName, long.as_bytes(), |_| {}), file("x", b"x")];
    let shouted = file("Launchpad/Felix/Bundle43/DATA/HMAC", &hmac());
    let shouted_file = file("launchpad/felix/bundle43/data/HMAC", &hmac());
    vec![
        Case::new("PAX names", third().case().tar(Packing::Pax), SOUND),
        Case::new("GNU long names", third().case().tar(Packing::GnuLongName), SOUND),
        Case::new(
            "name of 10,000 bytes",
            before(&long.concat(), &tar()),
            "2 undecided [over-limit] kept",
        ),
        Case::new("absolute name", named("/"), unsafe_name),
        Case::new("name that climbs", named("../"), unsafe_name),
        Case::new("name that climbs further", named("a/../../"), unsafe_name),
        Case::new("name with ./", named("./"), SOUND),
        Case::new("name with .// and /./", named(".//./"), SOUND),
        Case::new("name that is not UTF-8", odd(b"launchpad/\xff\xfe"), SOUND),
        Case::new("name with ESC", odd(b"launchpad/\x1b[2Jx"), SOUND),
        Case::new("name with a line feed", odd(b"launchpad/a\nb"), SOUND),
        Case::new("name of nothing", odd(b""), CORRUPT),
        Case::new("path in another case", with(&shouted), "2 undecided [unidentified] none"),
        Case::new("HMAC for hmac", with(&shouted_file), "2 undecided [unidentified] none"),
    ]
}

fn links() -> Vec<Case> {
    let linked = |link: Link, at: &str| {
        let mut case = third().without(HMAC).file(at, &hmac()).case();
        case.links.insert(HMAC.to_owned(), link);
        case.tar(Packing::NoDirectories)
    };
    let symbolic = |target: &str| linked(Link::Symbolic(target.to_owned()), "keys/hmac");
    let hard = |target: &str| linked(Link::Hard(target.to_owned()), target);
    let astray = |target: &str| linked(Link::Hard(target.to_owned()), "keys/hmac");
    // The target is open to others, which a rule warns of.
    let followed = "1 consistent [] kept";
    let outside = "2 undecided [link-outside] none";
    vec![
        Case::new("hmac a hard link back", hard("keys/hmac"), followed),
        Case::new("hmac a hard link forward", hard("zzz/hmac"), followed),
        Case::new("hmac a symbolic link inside", symbolic("../../../../keys/hmac"), followed),
        Case::new("hmac a link to an absolute path", symbolic("/etc/aem/hmac"), outside),
        Case::new("hmac a link that climbs out", symbolic("../../../../../../etc/hmac"), outside),
        Case::new("hmac a link to itself", symbolic("hmac"), "2 undecided [link-loop] none"),
        Case::new("hmac a link to nothing", symbolic("nowhere"), "2 undecided [link-broken] none"),
        Case::new("hmac a hard link to /etc/passwd", astray("/etc/passwd"), outside),
        Case::new(
            "hmac a hard link to nothing",
            astray("nowhere"),
            "2 undecided [link-broken] none",
        ),
    ]
}

fn versions() -> Vec<Case> {
    let other = file(HMAC, &[1; 32]);
    let directory = entry(HMAC, EntryType::Directory, b"", |_| {});
    vec![
        Case::new(
            "other hmac before the right one",
            before(&other, &tar()),
            "0 consistent [duplicate] kept",
        ),
        Case::new(
            "other hmac behind the right one",
            behind(&tar(), &other),
            "1 inconsistent [duplicate] kept",
        ),
        Case::new(
            "same hmac twice",
            behind(&tar(), &file(HMAC, &hmac())),
            "0 consistent [duplicate] kept",
        ),
        Case::new(
            "directory behind hmac",
            behind(&tar(), &directory),
            "2 undecided [duplicate,malformed] none",
        ),
    ]
}

fn kinds() -> Vec<Case> {
    let odd = |kind| with(&entry(HMAC, kind, b"", |_| {}));
    let beside = |kind| before(&entry("dev/x", kind, b"", |_| {}), &tar());
    vec![
        Case::new("hmac a character device", odd(EntryType::Char), UNKNOWN),
        Case::new("hmac a block device", odd(EntryType::Block), UNKNOWN),
        Case::new("hmac a FIFO", odd(EntryType::Fifo), UNKNOWN),
        Case::new("hmac a directory", odd(EntryType::Directory), "1 inconsistent [] none"),
        Case::new("device beside the install", beside(EntryType::Char), SOUND),
        Case::new("FIFO beside the install", beside(EntryType::Fifo), SOUND),
        Case::new("entry of an unknown type", beside(EntryType::new(b'?')), SOUND),
    ]
}
