//! What stands in the place of an upload: the page that a browser saves where a download fails, what a mail gateway leaves of an
//! attachment, a checksum or a shortcut whose file is not there.
//!
//! Such files lie beside uploads under any name, so one counts only where it names an archive, or is named like the uploads and homes
//! beside it, and where nothing beside it is what it names.

use super::archive_name::{
    CHECKSUMS, archive_in, claims_archive, claims_log, claims_other, kind_ending, names_archive,
};
use super::place_names::may_be_home;
use super::sniff;
use crate::facts::{GapKind, split_path};
use crate::limits::Limits;

/// Endings of pages, of notes, and of files that lead to a page.
const NOTES: [&str; 10] =
    ["html", "htm", "xhtml", "mhtml", "json", "xml", "txt", "text", "url", "webloc"];

/// Endings of programs; a page or no bytes are none.
const PROGRAMS: [&str; 4] = ["jar", "war", "ear", "exe"];

/// Endings of signatures, which lie beside what they sign as checksums do.
pub(super) const SIGNATURES: [&str; 5] = ["asc", "sig", "p7s", "minisig", "sign"];

/// Endings of which there are too many formats to know one by its content.
pub(super) const OF_ANY_CONTENT: [&str; 7] = ["dmp", "mdmp", "db", "lnk", "ttf", "woff", "woff2"];

/// What macOS calls what it notes of a file, on disks and in archives of others (`AppleDouble`).
const OF_MACOS: &str = "._";

/// What is said of a file that is named in a list of checksums.
const LISTED: &str = "is named in";

/// Names in a list of checksums that are looked at.
const LISTED_MAX: usize = Limits::DEFAULT.like_names_max;

/// What a file beside uploads is by its name, where it proves nothing that it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aside {
    /// A page, a note, or what leads to a page.
    Note,
    /// A program, which may be the page of a failed download.
    Program,
    /// A checksum or a signature.
    Checksum,
    /// What macOS notes of a file.
    OfMacos,
    /// It may have any content.
    Any,
}

impl Aside {
    fn of(name: &str) -> Option<Self> {
        let ending = kind_ending(name);
        let is_one_of = |known: &[&str]| known.iter().any(|e| ending.eq_ignore_ascii_case(e));
        if name.starts_with(OF_MACOS) {
            Some(Self::OfMacos)
        } else if is_one_of(&NOTES) {
            Some(Self::Note)
        } else if is_one_of(&PROGRAMS) {
            Some(Self::Program)
        } else if is_one_of(&CHECKSUMS) || is_one_of(&SIGNATURES) {
            Some(Self::Checksum)
        } else {
            is_one_of(&OF_ANY_CONTENT).then_some(Self::Any)
        }
    }
}

/// What is longer, and is not named like an archive, tells something of its own. The answers of object stores have about 300 bytes.
/// Of a file in a folder no more is looked at.
const NOTE_BYTES_MAX: u64 = Limits::DEFAULT.peek_bytes_max;

/// Returns `true` if a file may stand in the place of an upload, by its name in small letters and by its first bytes.
pub(super) fn may_be(name: &str, head: &[u8]) -> bool {
    match Aside::of(name) {
        None => false,
        Some(Aside::Note) => may_be_note(name, head),
        Some(Aside::Program) => head.is_empty() || sniff::page(head).is_some(),
        Some(Aside::OfMacos) => names_archive(name),
        Some(Aside::Checksum | Aside::Any) => true,
    }
}

fn may_be_note(name: &str, head: &[u8]) -> bool {
    if archive_in(name).is_some() {
        return head.is_empty() || (sniff::page(head).is_some() && !is_listing(head));
    }
    let stem = without_ending(name);
    may_be_home(stem)
        && !claims_other(stem)
        && match sniff::page(head) {
            // An error page may be long, while a long text of another kind says something of its own.
            Some(sniff::HTML) => true,
            Some(_) => u64::try_from(head.len()).is_ok_and(|length| length < NOTE_BYTES_MAX),
            // A page is never empty, a note of nothing may be.
            None => head.is_empty() && !matches!(kind_ending(name), "txt" | "text"),
        }
}

/// Returns `true` if what was said of a file is said of one that may be such a file.
pub fn is_stand_in(path: &str, kind: GapKind, reason: &str) -> bool {
    let is_page = || kind == GapKind::EmptyFile || sniff::tells_page(reason);
    match Aside::of(split_path(path).1) {
        Some(Aside::Note | Aside::Program) => is_page(),
        Some(Aside::Checksum | Aside::OfMacos | Aside::Any) => !sniff::tells_closed(reason),
        None => reason.starts_with(LISTED),
    }
}

/// Returns `true` if a file is no upload itself, and shows by its name that one is missing.
pub(super) fn is_sign(path: &str, reason: &str) -> bool {
    let aside = Aside::of(split_path(path).1);
    let is_sign = matches!(aside, Some(Aside::Checksum | Aside::OfMacos | Aside::Any));
    is_sign || reason.starts_with(LISTED)
}

/// What is to be done with a log for it to be read.
pub(super) const LOG: &str =
    "is a log, which is read where it lies in crx-quickstart/logs of its install; put it there";

/// Returns what is to be said of a file for which there is a reason that it is no archive.
pub(super) fn said(path: &str, reason: String) -> String {
    let what = match Aside::of(split_path(path).1) {
        _ if sniff::tells_closed(&reason) => return reason,
        Some(Aside::Checksum) => "is a checksum or a signature, and what it is of is not there",
        Some(Aside::OfMacos) => "is what macOS notes of a file, and that is not there",
        Some(Aside::Any) if kind_ending(path).eq_ignore_ascii_case("lnk") => {
            "is a shortcut of Windows; send what it leads to"
        }
        // It would be sent again as it is, however often it is asked for.
        _ if claims_log(path) => LOG,
        _ => return reason,
    };
    what.to_owned()
}

/// Returns the name in small letters whose file such a file stands for.
pub(super) fn subject(name: &str) -> &str {
    let name = name.strip_prefix(OF_MACOS).unwrap_or(name);
    // The shell of Windows calls a shortcut `publish2 - Shortcut.lnk`, in the language of its user.
    name.split_once(" - ").map_or(name, |(before, _)| before)
}

/// Returns `true` if a name is one of a list of checksums, and not of the checksum of one archive.
pub(super) fn is_list(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    (name.contains("sum") || Aside::of(&name) == Some(Aside::Checksum))
        && archive_in(&name).is_none()
}

/// Returns the archives that a list of checksums names, and what is to be said of one that is not there.
pub(super) fn listed(name: &str, head: &[u8]) -> Vec<(String, String)> {
    if !is_list(name) {
        return Vec::new();
    }
    let lines = head.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let names = lines.filter_map(|line| {
        // `sha256sum` writes a digest, a blank or `*` and the name; `shasum --tag` and BSD write `SHA256 (name) = digest`.
        let (first, rest) = line.trim().split_once(' ')?;
        let is_digest = first.len() >= 32 && first.bytes().all(|byte| byte.is_ascii_hexdigit());
        let tagged = || Some(rest.strip_prefix('(')?.rsplit_once(") = ")?.0);
        let named = if is_digest { Some(rest.trim_start_matches([' ', '*'])) } else { tagged() }?;
        let named = named.strip_prefix("./").unwrap_or(named);
        let is_beside = claims_archive(named) && !named.contains(['/', '\\', '!']);
        is_beside.then(|| named.to_owned())
    });
    let reason = format!("{LISTED} {name}, and is not there");
    names.take(LISTED_MAX).map(|named| (named, reason.clone())).collect()
}

/// Returns `true` if a text is named after an archive: `publish2.tgz.txt`.
pub fn names_upload(path: &str) -> bool {
    let name = split_path(path).1;
    is_note(name) && archive_in(name).is_some()
}

/// Returns `true` if a name is one of a page or a note.
pub(super) fn is_note(name: &str) -> bool {
    Aside::of(name) == Some(Aside::Note)
}

/// Returns a name without its last ending.
pub(super) fn without_ending(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Returns `true` if a text lists what is in an archive, or its checksum.
fn is_listing(head: &[u8]) -> bool {
    let is_digest = |line: &[u8]| {
        let word = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        word.len() >= 32 && word.iter().all(u8::is_ascii_hexdigit)
    };
    // `tar -tvf`, `ls -l`, `unzip -l`, `7z l`.
    let starts: [&[u8]; 6] = [b"-r", b"drw", b"lrw", b"Archive:", b"total ", b"7-Zip"];
    let lists = |line: &[u8]| {
        starts.iter().any(|start| line.starts_with(start))
            || line.ends_with(b"/")
            || line.windows(14).any(|at| at == b"crx-quickstart")
            || is_digest(line)
    };
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    // The index page of a server lists names too, but is what a failed download leaves.
    !head.starts_with(b"<") && lines.filter(|line| !line.is_empty()).take(3).any(lists)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_or_note_in_the_place_of_an_upload_is_told_from_material() {
        let denied = b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
        for (name, head) in [
            ("publish2.tgz.html", &b"<html>403"[..]),
            ("publish2.tgz.html", b""),
            ("publish2.zip.txt", b"This attachment was removed.\r\n"),
            ("publish2.tgz-removed.txt", b"This attachment was removed.\r\n"),
            ("publish2.gz.txt", b"removed"),
            ("publish2.tgz.url", b"[InternetShortcut]\r\nURL=https://example.com"),
            ("publish2.xml", denied),
            ("publish2.json", b"{\"error\":403}"),
            ("publish2.txt", b"403 Forbidden"),
            ("publish2.html", b""),
            ("publish2.xml", b""),
            ("publish2.jar", b""),
            ("publish2.war", b"<html>403"),
            ("publish2.tgz.asc", b""),
            ("publish2.tgz.sha256", b"e3b0"),
            ("._publish2.tgz", b"\0\x05\x16\x07"),
            ("publish2.lnk", b"L\0\0\0"),
        ] {
            assert!(may_be(name, head), "{name}");
        }
        let (long, sum) = ([b'x'; 2_000], b"d41d8cd98f00b204e9800998ecf8427e  publish2.tgz\n");
        for (name, head) in [
            ("publish2.tgz.txt", &b"-rw-r--r-- root/root 0 a"[..]),
            ("publish2.tgz.txt", b"drwxr-xr-x 0 0 crx-quickstart/"),
            ("publish2.tgz.txt", b"author/\nauthor/crx-quickstart/"),
            ("publish2.tgz.txt", sum),
            ("publish2.tgz.log", b"text"),
            ("publish2.jar", b"PK\x03\x04"),
            ("._notes.txt", b"\0\x05\x16\x07"),
            ("publish2.txt", &long),
            ("publish2.txt", b""),
            ("notes.txt", b"see the ticket"),
            ("error.log.txt", b"x"),
            ("publish2", b"<html>403"),
        ] {
            assert!(!may_be(name, head), "{name}");
        }
    }

    #[test]
    fn list_of_checksums_names_archives() {
        let sums =
            b"d41d8cd98f00b204e9800998ecf8427e *a.tgz\nd41d8cd98f00b204e9800998ecf8427e  ./b.zip\n\
            SHA256 (c.tar.gz) = e3b0\nd41d8cd98f00b204e9800998ecf8427e  d/e.tgz\nsee f.tgz\n\
            d41d8cd98f00b204e9800998ecf8427e  notes.txt\n";
        let names = |name| listed(name, sums).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names("SHA256SUMS"), ["a.tgz", "b.zip", "c.tar.gz"]);
        assert_eq!(names("all.md5").len(), 3);
        assert_eq!(names("notes").len() + names("a.tgz.md5").len(), 0);
    }
}
