//! Pages and notes in the place of an upload: what a browser saves where a download fails, what a mail gateway leaves of an attachment.
//!
//! Texts of any name lie beside uploads, so one counts only where it names an archive, or is named like the uploads and homes beside it,
//! and where nothing beside it is what it names.

use super::archive_name::{archive_in, claims_other, kind_ending};
use super::place_names::may_be_home;
use super::sniff;
use crate::facts::{GapKind, split_path};
use crate::limits::Limits;

/// Endings of pages, of notes, and of files that lead to a page.
const NOTES: [&str; 10] =
    ["html", "htm", "xhtml", "mhtml", "json", "xml", "txt", "text", "url", "webloc"];

/// What is longer, and is not named like an archive, tells something of its own. The answers of object stores have about 300 bytes.
/// Of a file in a folder no more is looked at.
const NOTE_BYTES_MAX: u64 = Limits::DEFAULT.peek_bytes_max;

/// Returns `true` if a text may stand in the place of an upload, by its name in small letters and by its first bytes.
pub(super) fn may_be(name: &str, head: &[u8]) -> bool {
    if !is_note(name) {
        return false;
    }
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
            None => false,
        }
}

/// Returns `true` if what was said of a file is said of one that may be such a text.
pub fn is_stand_in(path: &str, kind: GapKind, reason: &str) -> bool {
    is_note(path) && (kind == GapKind::EmptyFile || sniff::tells_page(reason))
}

/// Returns `true` if such a text is named after an archive: `publish2.tgz.txt`.
pub fn names_upload(path: &str) -> bool {
    archive_in(split_path(path).1).is_some()
}

fn is_note(path: &str) -> bool {
    let ending = kind_ending(path);
    NOTES.iter().any(|known| ending.eq_ignore_ascii_case(known))
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
            ("publish2.tgz.sha256", sum),
            ("publish2.txt", &long),
            ("publish2.txt", b""),
            ("notes.txt", b"see the ticket"),
            ("error.log.txt", b"x"),
            ("publish2", b"<html>403"),
        ] {
            assert!(!may_be(name, head), "{name}");
        }
    }
}
