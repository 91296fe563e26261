//! What `tar` and its like say of an archive while they make it, sent beside that: `publish2.tgz.err`.
//!
//! An archive that lacks the files it could not read is whole, and shows nothing of it.

/// How lines begin that such programs write.
const PROGRAMS: [&str; 8] = [
    "tar: ",
    "gtar: ",
    "bsdtar: ",
    "/bin/tar: ",
    "/usr/bin/tar: ",
    "gzip: ",
    "zip warning: ",
    "zip error: ",
];

/// What they say of files that are not in the archive, or not as they were; in small letters.
const MISSING: [&str; 8] = [
    "permission denied",
    "file changed as we read it",
    "file removed before we read it",
    "no space left",
    "input/output error",
    "broken pipe",
    "file shrank by",
    "error is not recoverable",
];

/// Directories of an install in which files come and go while it runs; no key is in them.
const BUSY: [&str; 4] = ["logs", "repository", "threaddumps", "tmp"];

/// How what is said of such a file begins.
pub(super) const ERRORS: &str = "shows errors of the program that made an archive";

/// Returns `true` if a text has lines of such a program.
pub(super) fn may_be(head: &[u8]) -> bool {
    lines(head).next().is_some()
}

/// Returns what is to be said of a text that tells of files which are missing in an archive, or may be.
pub(super) fn find(text: &[u8]) -> Option<String> {
    let said = lines(text).find_map(missing)?;
    Some(format!(
        "{ERRORS} ({said}), and what it names may be missing there; make that archive again, as a user who may read everything and where there \
         is room"
    ))
}

fn missing(line: &str) -> Option<&'static str> {
    let line = line.to_ascii_lowercase();
    let said = MISSING.into_iter().find(|said| line.contains(said))?;
    let is_busy = line.split([':', '/', ' ', '\\']).any(|part| BUSY.contains(&part));
    // Logs decide nothing, and what of a running store was written meanwhile its segments show.
    let is_idle =
        line.split([':', '/']).any(|part| part == "logs") || is_busy && said.starts_with("file ");
    (!is_idle).then_some(said)
}

fn lines(text: &[u8]) -> impl Iterator<Item = &str> {
    let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    let lines = lines.filter_map(|line| std::str::from_utf8(line).ok());
    lines.filter(|line| PROGRAMS.iter().any(|program| line.starts_with(program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_what_may_be_missing() {
        for line in [
            "tar: crx-quickstart/launchpad/felix/bundle43/data/hmac: Cannot open: Permission denied",
            "a\r\ntar: crx-quickstart/conf: file changed as we read it\r\n",
            "gzip: stdout: No space left on device",
            "tar: crx-quickstart/repository/segmentstore: Cannot open: Permission denied",
            "/usr/bin/tar: -: Cannot write: Broken pipe",
        ] {
            assert!(find(line.as_bytes()).is_some_and(|said| said.starts_with(ERRORS)), "{line}");
        }
        for line in [
            "tar: Removing leading `/' from member names",
            "tar: crx-quickstart/logs/error.log: file changed as we read it",
            "tar: crx-quickstart/repository/segmentstore/data00001a.tar: file changed as we read it",
            "tar: crx-quickstart/conf/quickstart.sock: socket ignored",
            "the tar: Permission denied",
            "",
        ] {
            assert_eq!(find(line.as_bytes()), None, "{line}");
        }
    }
}
