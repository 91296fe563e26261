//! What the name of a file claims: that it is an archive, a part of one, or something else altogether.

use crate::facts::split_path;

/// Endings of archives of several files.
const ARCHIVES: [&str; 13] =
    ["tar", "tgz", "targz", "taz", "tbz", "tbz2", "txz", "tlz", "tzst", "zip", "zipx", "7z", "rar"];

/// Endings of what is no archive of installs, packed or not: what lies beside one and tells of it, logs, dumps.
const OTHERS: [&str; 24] = [
    "asc",
    "sig",
    "txt",
    "log",
    "out",
    "err",
    "json",
    "html",
    "xml",
    "csv",
    "md",
    "pdf",
    "sql",
    "ldif",
    "hprof",
    "phd",
    "dmp",
    "core",
    "trace",
    "pcap",
    "jfr",
    "conf",
    "cfg",
    "properties",
];

/// Endings of the checksums of a file, and of lists of them.
pub(super) const CHECKSUMS: [&str; 17] = [
    "md5",
    "sha",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "md5sum",
    "sha1sum",
    "sha224sum",
    "sha256sum",
    "sha384sum",
    "sha512sum",
    "b2",
    "b3",
    "sfv",
    "crc",
];

/// Endings of archives of programs, and of files that are packed by their nature.
const PROGRAMS: [&str; 8] = ["jar", "war", "ear", "docx", "xlsx", "pptx", "apk", "class"];

/// Endings of a compression, of an archive or of anything else.
const COMPRESSIONS: [&str; 7] = ["gz", "xz", "bz2", "zst", "z", "lz4", "lzma"];

/// Returns `true` if a name claims an archive of several files, or a part of one; `.gz` alone may be anything.
///
/// Encrypted, split or kept copies have another ending behind it: `.tgz.gpg`, `.zip.001`, `.tar.gz.bak`.
pub fn claims_archive(path: &str) -> bool {
    // Hardly a name does, so that is asked first.
    let name = name(path);
    may_claim(name) && (names_archive(name) || part_hint(name).is_some()) && !claims_other(name)
}

/// Returns `true` if some ending of a name begins like one of archives or of their parts, or if it has no ending and is that of a part.
fn may_claim(name: &str) -> bool {
    let begins = |first: &u8, second: &u8| match first.to_ascii_lowercase() {
        b'a' | b'p' | b'r' | b't' | b'z' | b'0'..=b'9' => true,
        // Parts of a compression, `a.gzab` and `a.bz2ab`. A `.xml` is none, and there are many.
        b'b' | b'g' | b'l' | b'x' => second.eq_ignore_ascii_case(&b'z'),
        _ => false,
    };
    let name = name.as_bytes();
    let behind = name.get(1..).unwrap_or_default();
    let second = name.iter().skip(2).chain([&0]);
    // Three letters without an ending may be `xaa` of `split`.
    name.len() == 3
        || name
            .iter()
            .zip(behind.iter().zip(second))
            .any(|(dot, (first, second))| *dot == b'.' && begins(first, second))
}

/// Returns `true` if a name claims anything packed that may be an archive: a file of no bytes is none.
pub(super) fn claims_content(path: &str) -> bool {
    claims_archive(path) || (claims_compression(path) && !claims_other(path))
}

/// Endings of what holds files and is not read: encrypted, images of disks, packages of systems.
const CLOSED: [&str; 16] = [
    "gpg", "pgp", "age", "enc", "aes", "cpio", "iso", "dmg", "img", "qcow2", "vmdk", "vhd", "vhdx",
    "ova", "rpm", "deb",
];

/// Returns `true` if a name claims something that holds files and cannot be opened here.
pub fn claims_closed(path: &str) -> bool {
    endings(path).any(|ending| is_one_of(ending, &CLOSED)) && !claims_other(path)
}

/// Returns `true` if any ending of a name is one of archives, also where another one says that it is none: `a.tgz.html`.
pub(super) fn names_archive(path: &str) -> bool {
    endings(path).any(|ending| is_one_of(ending, &ARCHIVES))
}

/// Returns what stands before the first ending of archives or compressions in a name, whatever stands behind it: `a.tgz-removed.txt`.
pub(super) fn archive_in(name: &str) -> Option<&str> {
    name.match_indices('.').find_map(|(at, _)| {
        let (base, rest) = (name.get(..at)?, name.get(at.saturating_add(1)..)?);
        let ending = rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
        // `error.log.gz.txt` is of a log.
        let is_packed = || is_one_of(ending, &COMPRESSIONS) && !claims_other(base);
        (is_one_of(ending, &ARCHIVES) || is_packed()).then_some(base)
    })
}

/// Returns the ending that shows the kind of a file: not that of a compression, a number or a day. Empty where there is none.
pub(super) fn kind_ending(path: &str) -> &str {
    let is_count = |ending: &str| {
        !ending.is_empty() && ending.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    // `error.log.2024-01-31.gz` is a log: rotation and packing put their endings behind that of its kind.
    let mut kinds = endings(path).rev().skip_while(|e| is_one_of(e, &COMPRESSIONS) || is_count(e));
    kinds.next().unwrap_or_default()
}

/// Returns `true` if a name is that of a log in which an install says what is wrong, packed or not: `publish2-error.log.2024-01-31.gz`.
pub(super) fn claims_log(path: &str) -> bool {
    let name = name(path).to_ascii_lowercase();
    kind_ending(&name) == "log" && ["error", "stdout"].iter().any(|log| name.contains(log))
}

/// Returns `true` if a name ends in that of a compression.
pub(super) fn claims_compression(path: &str) -> bool {
    endings(path).next_back().is_some_and(|last| is_one_of(last, &COMPRESSIONS))
}

/// Returns `true` if a name claims nothing at all, as that of an upload may.
pub(super) fn claims_nothing(path: &str) -> bool {
    endings(path).next().is_none_or(str::is_empty)
}

/// Returns `true` if a name claims what no install lies in: a log, packed or not and kept by number or day, a program, a checksum,
/// or what macOS notes of a file (`._author.tgz`).
pub fn claims_other(path: &str) -> bool {
    let ending = kind_ending(path);
    is_one_of(ending, &OTHERS)
        || is_one_of(ending, &CHECKSUMS)
        || claims_program(path)
        || name(path).starts_with("._")
}

/// Returns `true` if a name claims an archive of programs, or a document.
pub fn claims_program(path: &str) -> bool {
    endings(path).next_back().is_some_and(|last| is_one_of(last, &PROGRAMS))
}

/// Says what an archive of programs or a document is, that no install is in.
pub(super) fn program(path: &str) -> String {
    format!("is {}, and no install is in it", kind_of_program(path))
}

/// Says what an archive of programs or a document is.
pub(super) fn kind_of_program(path: &str) -> &'static str {
    let is_java = |last| is_one_of(last, &["jar", "war", "ear", "class"]);
    match endings(path).next_back() {
        Some(last) if is_java(last) => "a Java archive",
        Some("apk") => "an Android package",
        _ => "a document",
    }
}

/// Says of a name that it is one of a part of a split archive, and how to join the parts.
pub(super) fn part_hint(path: &str) -> Option<&'static str> {
    let name = name(path);
    let (stem, ending) = name.rsplit_once(is_dot).unwrap_or((name, ""));
    // WinZip and `zip -s` name parts `.z01`, old WinRAR `.r00`, 7-Zip `.001`.
    let numbered = |start: &str, digits: std::ops::RangeInclusive<usize>| {
        let (letters, number) = ending.split_at_checked(start.len()).unwrap_or_default();
        letters.eq_ignore_ascii_case(start)
            && digits.contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    // `split` calls its parts `xaa`, `xab` and so on, where it is given no name.
    let is_unnamed = || matches!(name.as_bytes(), [b'x' | b'X', b'a' | b'A', letter] if letter.is_ascii_alphabetic());
    // Libraries and sources end so too: `libfoo.so.123`, `configure.ac`.
    let is_of_archive = || {
        endings(stem).any(|ending| is_one_of(ending, &ARCHIVES) || is_one_of(ending, &COMPRESSIONS))
    };
    // `error.log.2.gz` and `error.log.gz.2` are logs that were kept, `a.tar.2` and `a.tar.gz.02` are of an archive.
    let is_behind_archive = || names_archive(stem) && !claims_other(stem);
    // WinRAR names volumes `name.part1.rar`; a rar without that is whole.
    let is_rar = is_one_of(ending, &["rar"]) && stem.to_ascii_lowercase().contains(".part");
    if numbered("z", 2..=2) {
        Some(
            "by its name a part of a split zip; join all parts with `zip -s 0 FILE.zip --out WHOLE.zip`",
        )
    } else if is_rar || numbered("r", 2..=2) {
        Some("by its name a part of a split rar; unpack all with `unrar x FIRST_PART DIRECTORY/`")
    } else if numbered("part", 1..=3)
        || is_unnamed()
        || letters_of_part(stem, ending).is_some()
        || ((numbered("", 3..=3) || is_one_of(ending, &["aa", "ab", "ac", "ad"]))
            && is_of_archive())
        || ((numbered("", 1..=2) || is_of_split(ending)) && is_behind_archive())
    {
        Some(PART)
    } else {
        None
    }
}

/// What is said of a part of an archive that was cut into pieces.
const PART: &str = "by its name a part of a split archive; join all parts in their order, as with \
    `cat FILE.aa FILE.ab > WHOLE`, or unpack them with `7z x FIRST_PART`";

/// Returns `true` if an ending is one that `split` gives to up to 130 parts, from `aa` on; `br` and `bz` are compressions.
fn is_of_split(ending: &str) -> bool {
    let is_known = is_one_of(ending, &["br", "bz"]) || is_one_of(ending, &CHECKSUMS);
    let [first, second] = ending.as_bytes() else { return false };
    matches!(first.to_ascii_lowercase(), b'a'..=b'e') && second.is_ascii_alphabetic() && !is_known
}

/// Returns the letters that `split` added to a name that was given with no dot at its end: `a.tar.partab`, `a.tar.part_ab`, `a.tar-ab`, `a.tarab`.
fn letters_of_part<'n>(stem: &str, ending: &'n str) -> Option<&'n str> {
    let (start, letters) = ending.split_at_checked(ending.len().checked_sub(2)?)?;
    let word = start.trim_end_matches(['-', '_']);
    // `x.zab` is no part of a `x.z`.
    let is_archive =
        word.len() > 1 && (is_one_of(word, &ARCHIVES) || is_one_of(word, &COMPRESSIONS));
    // Of other names with these letters there are words: `a.parted`.
    let is_first_of_many = || letters.starts_with(['a', 'A']);
    let is_part = || {
        is_one_of(word, &["part"])
            && (is_first_of_many() || names_archive(stem) && !claims_other(stem))
    };
    (is_of_split(letters) && (is_archive || is_part())).then_some(letters)
}

/// How a part of an archive is called, behind which no other may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LaterPart<'n> {
    /// What is said of it.
    pub(super) hint: &'static str,
    /// The name without its number, and the number, where copies and rotated backups end so too: `a.tar.2`.
    pub(super) number: Option<(&'n str, &'n str)>,
}

/// Tells a part that is not the first one by its name, although it can be opened and ends as it should. `is_tar`: nothing is packed around it.
///
/// `split` cuts a tar at multiples of its blocks, so that the last part may begin with a header. A compression with a part
/// missing cannot be opened at all.
pub(super) fn later_part(path: &str, is_tar: bool) -> Option<LaterPart<'_>> {
    let name = name(path);
    // Parts may be packed one by one: `a.tar.ab.gz`.
    let unpacked = match name.rsplit_once(is_dot) {
        Some((shorter, ending)) if is_one_of(ending, &COMPRESSIONS) => Some(shorter),
        _ => is_tar.then_some(name),
    }?;
    if part_hint(unpacked) == Some(PART) {
        let (stem, ending) = unpacked.rsplit_once(is_dot).unwrap_or(("", unpacked));
        let ending = letters_of_part(stem, ending).unwrap_or(ending);
        let digits = ending.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        // `split -d` counts from 0, `split` from `aa`.
        let is_first = match digits {
            "" => ending.to_ascii_lowercase().trim_start_matches('x').bytes().all(|b| b == b'a'),
            "1" => digits != ending,
            digits => digits.bytes().all(|digit| digit == b'0'),
        };
        let number = (digits == ending).then_some((stem, digits));
        return (!is_first).then_some(LaterPart { hint: PART, number });
    }
    // Others count before the ending: `a.part2.tar`, `a_2of3.tar`, `a.part-ab.tar`.
    let (whole, last) = unpacked.rsplit_once(is_dot)?;
    let mut words = whole.rsplit(|c: char| !c.is_ascii_alphanumeric());
    let (word, before) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_later =
        is_later_of_several(word) || before.eq_ignore_ascii_case("part") && is_later_letters(word);
    (last.eq_ignore_ascii_case("tar") && is_later).then_some(LaterPart { hint: PART, number: None })
}

fn is_later_letters(letters: &str) -> bool {
    is_of_split(letters) && !letters.eq_ignore_ascii_case("aa")
}

/// Returns `true` if a word counts a part that is not the first: `part2`, `2of3`, `partab`.
fn is_later_of_several(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    if word
        .strip_prefix("part")
        .is_some_and(|letters| letters.starts_with('a') && is_later_letters(letters))
    {
        return true;
    }
    let number = match (word.strip_prefix("part"), word.split_once("of")) {
        (Some(number), _) => number,
        (None, Some((number, of))) if of.parse::<u16>().is_ok() => number,
        _ => return false,
    };
    number.len() <= 3 && number.parse::<u16>().is_ok_and(|number| number > 1)
}

/// Returns a path without the endings of archives and compressions.
pub fn stem(path: &str) -> &str {
    let mut stem = path;
    // `author.tar.gz` has two endings, and a version such as `author-6.5.23` must keep its own.
    while let Some((shorter, ending)) = stem.rsplit_once('.')
        && (is_one_of(ending, &ARCHIVES) || is_one_of(ending, &COMPRESSIONS))
    {
        stem = shorter;
    }
    stem
}

fn endings(path: &str) -> impl DoubleEndedIterator<Item = &str> + Clone {
    let (_, endings) = name(path).split_once(is_dot).unwrap_or_default();
    // Browsers and editors keep another copy as `a.tgz (1)` and `a.tgz~`.
    let is_behind = |c: char| matches!(c, ' ' | '(' | '~');
    endings.split(is_dot).map(move |ending| ending.split(is_behind).next().unwrap_or_default())
}

/// Names are short, and setting up a search for a character in them takes longer than to look at each.
fn is_dot(c: char) -> bool {
    c == '.'
}

fn name(path: &str) -> &str {
    split_path(path).1
}

fn is_one_of(ending: &str, known: &[&str]) -> bool {
    known.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scenes;
    use proptest::prelude::*;

    #[test]
    fn archives_are_claimed_in_many_ways() {
        for name in [
            "a/publish3.TAR.GZ",
            "b.zip",
            "c.txz",
            "d.tar.gz.gpg",
            "e.zip.001",
            "f.tgz.bak",
            "g.log.tar.gz",
            "h.z01",
            "i.part02",
            "x/xab",
            "j.tgz (1)",
            "k.tar.gz~",
            "l.targz",
        ] {
            assert!(claims_archive(name), "{name}");
        }
        for name in [
            "a.tar.gz/notes",
            "tar",
            "x.gz",
            "error.log.1.gz",
            "p.tar.gz.md5",
            "p.tar.gz.sha384",
            "p.tar.gz.sha256sum",
            "q.zip.txt",
            "error.log.001",
            "._a.tgz",
            "xabc",
        ] {
            assert!(!claims_archive(name), "{name}");
        }
        assert!(claims_compression("x.XZ") && !claims_compression("gz"));
    }

    proptest! {
        #[test]
        fn no_name_that_claims_an_archive_is_screened_out(parts in prop::collection::vec(ending(), 1..5)) {
            let name = parts.concat();
            let claims = names_archive(&name) || part_hint(&name).is_some();
            prop_assert!(may_claim(&name) || !claims, "{name}");
        }
    }

    fn ending() -> impl Strategy<Value = String> {
        let known = ARCHIVES.into_iter().chain(COMPRESSIONS).chain(CHECKSUMS);
        let known =
            known.chain(["x", "xaa", "z01", "r7", "part", "1", "001", "ab", "~", " (1)", "", "_"]);
        let known: Vec<&'static str> = known.collect();
        (prop::sample::select(known), any::<bool>(), any::<bool>()).prop_map(
            |(part, is_upper, has_dot)| {
                let part = if is_upper { part.to_uppercase() } else { part.to_owned() };
                if has_dot { format!(".{part}") } else { part }
            },
        )
    }

    #[test]
    fn what_no_install_lies_in_is_known_by_its_name() {
        for name in [
            "error.log.gz",
            "a/error.log.2024-11-02.gz",
            "dump.SQL.xz",
            "cq-quickstart-6.5.0.jar",
            "case.docx",
            "a/._b.tar.gz",
        ] {
            assert!(claims_other(name) && !claims_content(name), "{name}");
        }
        for name in ["publish2.gz", "publish2", "case.2024.gz", "log.tar.gz", "a.b.example.com.xz"]
        {
            assert!(!claims_other(name), "{name}");
        }
        assert!(claims_nothing("a.b/publish2") && claims_nothing("x.") && !claims_nothing("a.gz"));
    }

    #[test]
    fn parts_of_split_archives_are_known_by_their_names() {
        let mut scenes = Scenes::default();
        for names in [
            &["case.z01"][..],
            &["case.part2.RAR", "case.r00"],
            &[
                "case.tar.gz.002",
                "case.tgz.ab",
                "case.part1",
                "xaa",
                "case.tar.aa",
                "case.tar.cg",
                "case.tar.gz.02",
                "case.tar.2",
            ],
        ] {
            let hint = part_hint(names[0]).expect("a part");
            assert!(names.iter().all(|name| part_hint(name) == Some(hint)), "{names:?}");
            scenes.add(&names.join(", "), hint);
        }
        scenes.are("parts-of-archives");
        for name in [
            "case.zip",
            "case.rar",
            "case.tar.gz",
            "case.2024",
            "case.7z",
            "002",
            "x.zab",
            "lib/libfoo.so.123",
            "configure.ac",
            "error.log.2",
            "error.log.gz.02",
            "author.2",
            "node1.02",
            "case.tar.br",
            "case.tar.gz",
            "case.tar.2024",
        ] {
            assert_eq!(part_hint(name), None, "{name}");
        }
    }

    #[test]
    fn part_that_is_not_the_first_is_known_by_its_name() {
        for name in [
            "p.tar.ab",
            "p.tar.AC",
            "p.tar.part2",
            "p.part02",
            "p.tar.002",
            "p.tar.02",
            "p.tar.1",
            "xab",
            "p.tarab",
            "p.tar-ab",
            "p.tar_ab",
            "p.tar.partab",
            "p.tar.part_ab",
            "p.tar.part-ba",
            "p.partab",
            "p.partab.tar",
            "p.part-ab.tar",
            "p.part2.tar",
            "p_2of2.tar",
            "p.tar.ab.gz",
        ] {
            assert!(later_part(name, true).is_some(), "{name}");
        }
        for name in [
            "p.tar.aa",
            "p.tar.000",
            "p.part1",
            "p.part1.tar",
            "p_1of2.tar",
            "xaa",
            "p.tar",
            "p.tar.bak",
            "author.2",
            "node1.02",
            "department2.tar",
            "9of.tar",
            "p.taraa",
            "p.tar-aa",
            "p.tar.partaa",
            "p.tar.part_aa",
            "p.part-aa.tar",
            "p.parted",
            "p.party",
            "p.parted.tar",
            "p.r02",
            "p.z02",
        ] {
            assert_eq!(later_part(name, true), None, "{name}");
        }
        // What is packed as a whole shows its end itself.
        assert_eq!(later_part("p.tgz.ab", false), None);
        for name in ["p.tgz.partaa", "p.tgz.part_ab", "p.tgz-aa", "p.tgzab", "p.tar.gzac"] {
            assert_eq!(part_hint(name), Some(PART), "{name}");
        }
        assert!(later_part("p.tar.ab.gz", false).is_some());
        assert_eq!(later_part("p.tar.2", true).unwrap().number, Some(("p.tar", "2")));
        assert_eq!(later_part("p.tar.part2", true).unwrap().number, None);
    }

    #[test]
    fn stem_has_no_ending_of_archives() {
        for (name, short) in [("a.tar.gz", "a"), ("s/a.tgz", "s/a"), ("a.b", "a.b"), ("a.TXZ", "a")]
        {
            assert_eq!(stem(name), short);
        }
    }
}
