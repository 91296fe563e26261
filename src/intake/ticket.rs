//! What lies beside uploads as a rule: screenshots, notes, logs, dumps. Known by name and content, it cannot have been an instance.
//!
//! Everything else may: `publish2` of no bytes, `publish2.gpg`, `publish2.tgz.crdownload`. So there is no list of what is suspect.

use super::archive_name::{CHECKSUMS, claims_archive, claims_other, kind_ending};
use super::packed_text::is_packed_text;
use super::place_names::may_be_home;
use super::spoiled::is_rewritten;
use super::stand_in::{self, OF_ANY_CONTENT, SIGNATURES};

/// What the content of a kind of file is.
enum Content {
    /// Text in any encoding.
    Text,
    /// It begins with one of these.
    Begins(&'static [&'static [u8]]),
    /// Anything: there are too many formats of it.
    Any,
}

use Content::{Any, Begins, Text};

/// Pictures, films and sound. Names mix them up: many a `.png` is a JPEG.
const MEDIA: &[&[u8]] = &[
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"RIFF",
    // MP4, MOV and HEIC begin with the length of their first box, which is small.
    b"\0\0\0",
    b"\0\0\x01\0",
    // This is the start of Matroska, and so of WebM.
    b"\x1a\x45\xdf\xa3",
    b"OggS",
    b"ID3",
    b"\xff\xfb",
    b"8BPS",
];

/// Documents of Office, packed or not, and of Acrobat.
const DOCUMENTS: &[&[u8]] = &[b"%PDF", b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"{\\rtf"];

// HotSpot writes the first (`.hprof`), IBM J9 the second (`.phd`).
const HEAP_DUMPS: &[&[u8]] = &[b"JAVA PROFILE", b"\0\x15portable heap dump"];

/// Programs of Linux and macOS.
const PROGRAMS: &[&[u8]] = &[b"\x7fELF", b"\xcf\xfa\xed\xfe"];

/// Endings, and what their content is.
const KINDS: &[(&[&str], Content)] = &[
    (
        &[
            "txt",
            "text",
            "log",
            "out",
            "err",
            "md",
            "rst",
            "adoc",
            "csv",
            "tsv",
            "json",
            "ndjson",
            "jsonl",
            "sarif",
            "html",
            "htm",
            "mhtml",
            "xml",
            "xhtml",
            "yaml",
            "yml",
            "toml",
            "ini",
            "conf",
            "cfg",
            "config",
            "properties",
            "sql",
            "ldif",
            "lst",
            "list",
            "svg",
            "eml",
            "ics",
            "url",
            "webloc",
            "sh",
            "bat",
            "cmd",
            "ps1",
            "py",
            "pl",
            "js",
            "css",
            "java",
            "jsp",
            "diff",
            "patch",
            "har",
            "tdump",
            "threads",
            "stack",
            "trace",
            "nfo",
            "pem",
            "crt",
            "csr",
            "rtf",
            // Units, and what sets machines up.
            "service",
            "timer",
            "socket",
            "env",
            "reg",
            "vbs",
            "groovy",
            "rb",
            "erb",
            "pp",
            "epp",
            "tf",
            "tfvars",
            "hcl",
            "j2",
            "tpl",
        ],
        Text,
    ),
    (
        &[
            "png", "jpg", "jpeg", "jpe", "jfif", "gif", "bmp", "tif", "tiff", "webp", "heic",
            "heif", "avif", "ico", "psd", "mp4", "m4v", "mov", "avi", "mkv", "webm", "mp3", "m4a",
            "wav", "ogg",
        ],
        Begins(MEDIA),
    ),
    (
        &[
            "pdf", "doc", "xls", "ppt", "msg", "oft", "vsd", "docx", "docm", "xlsx", "xlsm",
            "pptx", "vsdx", "odt", "ods", "odp",
        ],
        Begins(DOCUMENTS),
    ),
    (&CHECKSUMS, Text),
    (&["hprof", "phd"], Begins(HEAP_DUMPS)),
    (&["jar", "war", "ear", "apk", "class"], Begins(&[b"PK\x03\x04", b"\xca\xfe\xba\xbe"])),
    (&["jfr"], Begins(&[b"FLR\0"])),
    (
        &["pcap", "pcapng", "cap"],
        Begins(&[b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x0a\x0d\x0d\x0a"]),
    ),
    (&["core"], Begins(&[b"\x7fELF"])),
    (
        &["exe", "dll", "msi", "so", "dylib"],
        Begins(&[b"MZ", b"\x7fELF", b"\xd0\xcf\x11\xe0", b"\xcf\xfa\xed\xfe"]),
    ),
    // A certificate is a sequence in DER, or text.
    (&["cer", "der"], Begins(&[b"\x30\x80", b"\x30\x81", b"\x30\x82"])),
    (&OF_ANY_CONTENT, Any),
    (&SIGNATURES, Any),
];

/// Names of texts without an ending.
const TEXTS: [&str; 34] = [
    // Of checksums.
    "checksum",
    "checksums",
    "md5sum",
    "md5sums",
    "sha1sum",
    "sha1sums",
    "sha256sum",
    "sha256sums",
    "sha512sum",
    "sha512sums",
    // Of a machine.
    "uname",
    "hosts",
    "hostname",
    "fstab",
    "crontab",
    "os-release",
    // Of images of containers.
    "repositories",
    "oci-layout",
    "json",
    "index",
    "readme",
    "license",
    "notice",
    "copying",
    "changelog",
    "changes",
    "authors",
    "version",
    "release",
    "notes",
    "todo",
    "manifest",
    "description",
    "howto",
];

/// Names of what operating systems and tools put into folders.
const OF_SYSTEMS: [&str; 8] = [
    ".ds_store",
    "thumbs.db",
    "desktop.ini",
    ".directory",
    ".gitignore",
    ".gitattributes",
    ".localized",
    ".htaccess",
];

/// Bytes of what Office leaves beside a document that is open.
const NOTE_BYTES_MAX: usize = 1_000;

/// Returns `true` if a link of this name may stand for the home of an instance: it is not named like a file.
pub fn may_link_home(name: &str) -> bool {
    may_be_home(name) && !claims_other(name) && !is_ending(name)
}

/// Returns `true` if a name has the ending of a file that lies beside uploads as a rule.
fn is_ending(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ending = kind_ending(&name);
    KINDS.iter().any(|(endings, _)| endings.contains(&ending))
}

/// Says of a file that is no archive whether it is known to be none of an instance, by its name and the first bytes of it.
pub(super) fn is_known(path: &str, head: &[u8]) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    // `publish2.tgz.html` is what a browser makes of an error page.
    if stand_in::may_be(&name, head) {
        return false;
    }
    // What a run of this tool that was killed leaves of its reports.
    if name.starts_with("._")
        || name.starts_with(".aemtrix-")
        || OF_SYSTEMS.contains(&name.as_str())
        || is_deleted(&name)
        || is_leftover(&name, head)
    {
        return true;
    }
    if claims_archive(&name) {
        return false;
    }
    let ending = kind_ending(&name);
    match KINDS.iter().find(|(endings, _)| endings.contains(&ending)) {
        Some((_, Text)) => is_text(head),
        // A picture that failed to come is still none of an instance.
        Some((_, Begins(known))) => begins(head, known) || begins(head, MEDIA) || is_text(head),
        Some((_, Any)) => true,
        None => is_known_text(&name, ending, head) || is_known_content(head),
    }
}

/// Returns `true` if a file is what Office keeps beside a document that is open (`~$notes.docx`, 162 bytes).
fn is_leftover(name: &str, head: &[u8]) -> bool {
    (name.starts_with("~$") || name.starts_with(".~lock.")) && head.len() <= NOTE_BYTES_MAX
}

/// Returns `true` if a name is that of a file which was deleted on NFS while it was open.
fn is_deleted(name: &str) -> bool {
    // The client of NFS renames it so, to `.nfs` and
    // digits, since the server knows nothing of open files.
    let number = name.strip_prefix(".nfs");
    number.is_some_and(|number| number.len() >= 4 && number.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn begins(head: &[u8], known: &[&[u8]]) -> bool {
    known.iter().any(|known| head.starts_with(known))
}

/// What a file is whatever it is called.
fn is_known_content(head: &[u8]) -> bool {
    let is_picture =
        begins(head, &[b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"\xd0\xcf\x11\xe0"]);
    is_picture || begins(head, HEAP_DUMPS) || begins(head, PROGRAMS) || is_thread_dump(head)
}

fn is_thread_dump(head: &[u8]) -> bool {
    const STARTS: [&[u8]; 2] = [b"Full thread dump", b"\n\"main\" "];
    is_text(head) && STARTS.iter().any(|start| head.windows(start.len()).any(|at| at == *start))
}

fn is_known_text(name: &str, ending: &str, head: &[u8]) -> bool {
    let begins = |text: &str| {
        let rest = name.strip_prefix(text);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
    };
    // The configuration of an image of a container is called by its digest.
    let is_digest = || name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_configuration = || is_digest() && head.starts_with(b"{");
    ending.is_empty()
        && is_text(head)
        && (is_configuration() || TEXTS.iter().any(|text| begins(text)))
}

/// Returns `true` if bytes are text, in whatever encoding; none are.
fn is_text(head: &[u8]) -> bool {
    if is_rewritten(head) {
        return false;
    }
    // UTF-16, as Notepad and `>` of Windows PowerShell write it: half of its bytes are NUL.
    if begins(head, &[b"\xff\xfe", b"\xfe\xff"]) {
        return true;
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    // Logs of consoles hold bells, tabs, line ends and escape sequences for colours.
    let is_control = |byte: &u8| *byte < b' ' && !matches!(*byte, 7..=13 | 27);
    !head.iter().any(is_control) && !is_packed_text(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn material_of_a_ticket_is_known() {
        for (name, head) in [
            ("shot.png", &b"\x89PNG\r\n\x1a\n\0"[..]),
            ("shot.PNG", b"\xff\xd8\xff\xe0\0"),
            ("shot.jpg", b""),
            ("case/notes.txt", b"see the ticket\r\n"),
            ("notes-of-powershell.txt", b"\xff\xfea\0b\0"),
            ("latin.log", b"M\xfcller\n"),
            ("aem.service", b"[Unit]\nDescription=AEM\n"),
            ("cq5.reg", b"\xff\xfeW\0i\0"),
            ("error.log.1", b"x"),
            ("access.log.2024-11-02", b"GET /"),
            ("spec.pdf", b"%PDF-1.7\n\0"),
            ("mail.msg", b"\xd0\xcf\x11\xe0\0"),
            ("mail.eml", b"From: a@example.com\n"),
            ("ca.cer", b"-----BEGIN CERTIFICATE-----\nMIIDdzCC\n"),
            ("ca.der", b"\x30\x82\x03\x77\0"),
            ("table.xlsx", b"PK\x03\x04\0"),
            ("locked.docx", b"\xd0\xcf\x11\xe0\0"),
            ("heap.hprof", b"JAVA PROFILE 1.0.2\0"),
            ("java_pid1", b"JAVA PROFILE 1.0.2\0"),
            ("publish1-threads", b"2024-11-02 10:00:00\nFull thread dump OpenJDK\n"),
            ("td.tdump", b"Full thread dump\n"),
            ("README", b"see the ticket"),
            ("README.first", b"x"),
            ("._notes.txt", b"\0\x05\x16\x07"),
            (".DS_Store", b"\0\0\0\x01Bud1"),
            ("scan", b"%PDF-1.4\n\0"),
        ] {
            let known = is_known(name, head);
            assert_eq!(known, name != "README.first", "{name}");
        }
    }

    #[test]
    fn link_that_is_named_like_a_file_is_none_to_a_home() {
        for name in ["publish2", "stage.example.com", "p", "author-prod", "2"] {
            assert!(may_link_home(name), "{name}");
        }
        for name in ["notes.txt", "start.sh", "license.properties", "quickstart.jar", "logs"] {
            assert!(!may_link_home(name), "{name}");
        }
    }

    #[test]
    fn what_may_have_been_an_instance_is_not_known() {
        for (name, head) in [
            ("publish2", &b""[..]),
            ("publish2", b"<html>403"),
            ("publish2", b"502 Bad Gateway"),
            ("publish2.example.com", b""),
            ("publish2.gpg", b"\x85\x02\x0c\x03"),
            ("publish2.enc", b"Salted__"),
            ("publish2.bak", b""),
            ("publish2.targz", b""),
            ("publish2.tgz~", b""),
            ("publish2.tgz (1)", b"<html>"),
            ("publish2.tgz.crdownload", b""),
            ("publish2.part", b"\xa7\0\x01"),
            ("publish2.tgz", b"\x89PNG\r\n"),
            ("publish2.tgz.html", b"<html>"),
            ("publish2.tgz.md5", b"d41d8cd98f00b204e9800998ecf8427e  publish2.tgz\n"),
            ("publish2.tgz.asc", b"-----BEGIN PGP SIGNATURE-----\n"),
            ("publish2.lnk", b"L\0\0\0"),
            ("publish2.war", b""),
            ("publish2.asc", b"-----BEGIN PGP MESSAGE-----\n"),
            ("publish2.txt", b"H4sIAAAAAAAAA+3OMQ"),
            ("publish2.txt", b"\x85\x02\x0c\x03\0"),
            ("publish2.jar", b"\x85\x02\x0c\x03\0"),
            ("publish2.cer", b"-----BEGIN CERTIFICATE-----\nH4sIAAAA"),
            ("publish2.der", b"\x1f\x8b\x08\0"),
            ("publish2.xyz", b"text"),
            ("publish2.2024", b"text"),
        ] {
            assert!(!is_known(name, head), "{name}");
        }
    }
}
