//! Parts of split archives that can be opened: what their names say, and what lies beside them.

use super::archive_name::{LaterPart, later_part};
use super::{fs, open};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// A tar ends with two blocks of zeros at least.
const END_BYTES: u64 = 1 << 10;

const BLOCK_BYTES: usize = 512;

/// Says of a file that was opened that it is a part of an archive, and not the first one.
///
/// `name`: what the source is called, which of one from elsewhere is not its path.
pub(super) fn later(path: &Path, name: &str, is_tar: bool) -> Option<&'static str> {
    let LaterPart { hint, number } = later_part(name, is_tar)?;
    let is_copy = number.is_some_and(|(whole, number)| is_copy(path, whole, number));
    (!is_copy).then_some(hint)
}

/// Returns `true` if the number of an archive counts copies or days. What lies beside it may show that: the archive of that name itself, as
/// `wget` leaves it, the one before, where that is whole, or one behind it. So does a tar that is whole: `x.tar.1` of logrotate.
fn is_copy(path: &Path, whole: &str, number: &str) -> bool {
    let Ok(count) = number.parse::<usize>() else { return false };
    let width = number.len();
    let numbered = |count: usize| path.with_file_name(format!("{whole}.{count:0width$}"));
    let before = count.checked_sub(1).map(numbered);
    let is_there = |path: &Path| fs::metadata(path).is_ok();
    // Where `a.tar` is there already, `wget` calls the next download of it `a.tar.1`.
    is_there(&path.with_file_name(whole))
        || before.is_some_and(|before| ends_like_tar(&before))
        // Only the last part ends as a tar does.
        || is_there(&numbered(count.saturating_add(1)))
        || number == "1" && is_whole_tar(path)
}

/// Returns `true` if a tar begins with the directory that all of it lies in, and ends as it should. The last part of a split one ends so, too,
/// but begins in the middle.
fn is_whole_tar(path: &Path) -> bool {
    let mut block = [0; BLOCK_BYTES];
    let read = open::named(path).and_then(|mut file| file.read_exact(&mut block));
    let is_top = |name: &str| {
        let name = name.strip_prefix("./").unwrap_or(name).trim_matches('/');
        !name.contains('/') || name.ends_with("/crx-quickstart")
    };
    let header = ::tar::Header::from_byte_slice(&block);
    let name = header.path_bytes();
    read.is_ok()
        && header.entry_type().is_dir()
        && std::str::from_utf8(&name).is_ok_and(is_top)
        && ends_like_tar(path)
}

fn ends_like_tar(path: &Path) -> bool {
    let end = || {
        let mut file = open::named(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(END_BYTES)))?;
        let mut end = Vec::new();
        file.take(END_BYTES).read_to_end(&mut end).map(|_| end)
    };
    // POSIX ends a tar with two blocks of zeros; a part that was cut elsewhere ends in the middle of a file.
    end().is_ok_and(|end| end.len() >= 1 << 10 && end.iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::testing::{archive, member};

    #[test]
    fn number_behind_an_archive_counts_parts_unless_others_beside_it_are_whole() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(home.path().join(name), bytes);
        let told = |name: &str| later(&home.path().join(name), name, true).is_some();
        let tar = archive(&[member(b'0', "a", &[b'x'; 2_000])]);
        write("p.tar.02", &tar).unwrap();
        assert!(told("p.tar.02") && told("p.tar.ab"));
        write("p.tar.01", &tar[..2_048]).unwrap();
        assert!(told("p.tar.02"), "the part before it is cut");
        write("p.tar.01", &tar).unwrap();
        assert!(!told("p.tar.02"), "a backup of each day");
        write("q.tar.1", &tar).unwrap();
        assert!(told("q.tar.1"), "it may begin in the middle");
        let whole = archive(&[member(b'5', "./crx-quickstart/", b""), member(b'0', "a", b"x")]);
        write("w.tar.1", &whole).unwrap();
        write("w.tar.3", &whole).unwrap();
        assert!(!told("w.tar.1"), "it is whole");
        assert!(told("w.tar.3"), "nobody counts from there");
        write("w.tar.1", &whole[..whole.len() - 600]).unwrap();
        assert!(told("w.tar.1"), "it is cut");
        let inside = archive(&[member(b'5', "crx-quickstart/launchpad/", b"")]);
        write("w.tar.1", &inside).unwrap();
        assert!(told("w.tar.1"), "it begins in the middle");
        write("q.tar.2", &tar).unwrap();
        assert!(!told("q.tar.1") && !told("q.tar.2"), "backups that rotate");
        fs::remove_file(home.path().join("q.tar.2")).unwrap();
        write("q.tar", &tar).unwrap();
        assert!(!told("q.tar.1"), "a second download");
        assert!(later(&home.path().join("copied"), "s3://up/q.tar.ab", true).is_some());
        assert!(!told("author.2") && !told("node1.02"));
    }
}
