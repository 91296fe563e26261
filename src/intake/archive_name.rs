//! What the name of a file claims: that it is an archive, and what of.

/// Endings of archives of several files.
const ARCHIVES: [&str; 11] =
    ["tar", "tgz", "taz", "tbz", "tbz2", "txz", "tlz", "tzst", "zip", "7z", "rar"];

/// Endings of what lies beside an archive and tells of it.
const COMPANIONS: [&str; 10] =
    ["md5", "sha1", "sha256", "sha512", "asc", "sig", "txt", "log", "json", "html"];

/// Endings of a compression, of an archive or of anything else.
const COMPRESSIONS: [&str; 4] = ["gz", "xz", "bz2", "zst"];

/// Says whether a name claims an archive of several files; `.gz` alone may be anything.
///
/// Encrypted, split or kept copies have another ending behind it: `.tgz.gpg`, `.zip.001`, `.tar.gz.bak`.
pub fn claims_archive(path: &str) -> bool {
    let mut endings = endings(path);
    let is_companion = endings.clone().next_back().is_some_and(|last| is_one_of(last, &COMPANIONS));
    !is_companion && endings.any(|ending| is_one_of(ending, &ARCHIVES))
}

/// Says whether a name claims anything packed: a file of no bytes is none.
pub(super) fn claims_content(path: &str) -> bool {
    claims_archive(path) || claims_compression(path)
}

/// Says whether a name ends in that of a compression.
pub(super) fn claims_compression(path: &str) -> bool {
    endings(path).next_back().is_some_and(|last| is_one_of(last, &COMPRESSIONS))
}

/// Returns a path without the endings of archives and compressions.
pub(super) fn stem(path: &str) -> &str {
    let mut stem = path;
    while let Some((shorter, ending)) = stem.rsplit_once('.')
        && (is_one_of(ending, &ARCHIVES) || is_one_of(ending, &COMPRESSIONS))
    {
        stem = shorter;
    }
    stem
}

fn endings(path: &str) -> impl DoubleEndedIterator<Item = &str> + Clone {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (_, endings) = name.split_once('.').unwrap_or((name, ""));
    endings.split('.')
}

fn is_one_of(ending: &str, known: &[&str]) -> bool {
    known.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_claimed_in_many_ways() {
        for name in
            ["a/publish3.TAR.GZ", "b.zip", "c.txz", "d.tar.gz.gpg", "e.zip.001", "f.tgz.bak"]
        {
            assert!(claims_archive(name), "{name}");
        }
        for name in ["a.tar.gz/notes", "tar", "x.gz", "error.log.1.gz", "p.tar.gz.md5", "q.zip.txt"]
        {
            assert!(!claims_archive(name), "{name}");
        }
        assert!(claims_compression("x.XZ") && !claims_compression("gz"));
    }

    #[test]
    fn stem_has_no_ending_of_archives() {
        for (name, short) in [("a.tar.gz", "a"), ("s/a.tgz", "s/a"), ("a.b", "a.b"), ("a.TXZ", "a")]
        {
            assert_eq!(stem(name), short);
        }
    }
}
