//! Opens files of a directory that may be in use: what was looked at must be what is read.
//!
//! Between the listing and the reading a file may have been replaced. A link in its place could lead to the analyst's own files, and
//! opening a FIFO waits for a writer.

use super::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

/// What a file was like when it was looked at: its length, and when it was written to last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl FileState {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok() }
    }

    /// Returns its length in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns when it was written to last, in milliseconds since 1970, where the system keeps that.
    pub fn modified_ms(&self) -> Option<u64> {
        let since = self.modified?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        u64::try_from(since.as_millis()).ok()
    }
}

/// Opens the regular file that `seen` describes, through no link; `None` when something else lies there by now.
///
/// # Errors
///
/// Those of the operating system, that it is gone among them.
pub(super) fn seen(path: &Path, seen: &Metadata) -> io::Result<Option<File>> {
    let file = match options().open(path) {
        Ok(file) => file,
        // What a link gives that must not be followed, and a socket.
        Err(error) if is_other(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    // Of the open file and not of its name, which may lead to another one by now.
    let metadata = file.metadata()?;
    Ok((metadata.is_file() && is_same(seen, &metadata)).then_some(file))
}

/// What is said of a name that leads to no regular file.
pub(super) const NOT_A_FILE: &str = "is a device, FIFO or socket; use `-` to read from a pipe";

/// Opens the regular file that the user named, through links if need be.
///
/// # Errors
///
/// Those of the operating system; and anything else than a regular file is refused: opening a FIFO waits for a writer, and reading a
/// device may never end.
pub(super) fn named(path: &Path) -> io::Result<File> {
    let is_file = |metadata: Metadata| {
        metadata.is_file().then_some(()).ok_or_else(|| io::Error::other(NOT_A_FILE))
    };
    // Some devices act on being opened, so it is looked at before, and again as it is then.
    is_file(fs::metadata(path)?)?;
    let file = following().open(path)?;
    is_file(file.metadata()?)?;
    Ok(file)
}

/// Returns `true` if a file is as it was: of the same length, and not written to since.
pub(super) fn is_unchanged(file: &File, before: &Metadata) -> bool {
    file.metadata().is_ok_and(|after| FileState::of(&after) == FileState::of(before))
}

#[cfg(unix)]
fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    // With `O_NONBLOCK` a FIFO opens at once, and is refused then. It changes nothing for regular files.
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options
}

#[cfg(unix)]
fn following() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    // Opening a FIFO without this waits for a writer, which may never come.
    options.read(true).custom_flags(libc::O_NONBLOCK);
    options
}

#[cfg(not(unix))]
fn following() -> OpenOptions {
    options()
}

#[cfg(not(unix))]
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

#[cfg(unix)]
fn is_other(error: &io::Error) -> bool {
    error.kind() == ErrorKind::IsADirectory
        // Linux and macOS answer `ELOOP` for a link with `O_NOFOLLOW`, FreeBSD `EMLINK`; Linux
        // gives `ENXIO` for a socket.
        || matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENXIO | libc::EMLINK))
}

#[cfg(not(unix))]
fn is_other(error: &io::Error) -> bool {
    error.kind() == ErrorKind::IsADirectory
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    // A name may lead to another file from one call to the next; device and inode are of the file itself.
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    // The number of a file on Windows has no stable call in std (`windows_by_handle`).
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    fn opened(path: &Path, metadata: &Metadata) -> bool {
        seen(path, metadata).unwrap().is_some()
    }

    #[test]
    fn what_took_the_place_of_a_file_is_not_opened() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("file"), "1").unwrap();
        let metadata = fs::symlink_metadata(at("file")).unwrap();
        assert!(opened(&at("file"), &metadata));
        fs::rename(at("file"), at("kept")).unwrap();
        assert_eq!(seen(&at("file"), &metadata).unwrap_err().kind(), ErrorKind::NotFound);

        symlink(at("kept"), at("file")).unwrap();
        assert!(!opened(&at("file"), &metadata), "a link, even to the file itself");
        fs::remove_file(at("file")).unwrap();
        assert!(Command::new("mkfifo").arg(at("file")).status().unwrap().success());
        assert!(!opened(&at("file"), &metadata), "a FIFO, which nobody writes to");
        fs::remove_file(at("file")).unwrap();
        let _socket = UnixListener::bind(at("file")).unwrap();
        assert!(!opened(&at("file"), &metadata), "a socket");
        fs::remove_file(at("file")).unwrap();
        fs::create_dir(at("file")).unwrap();
        assert!(!opened(&at("file"), &metadata), "a directory");
        fs::remove_dir(at("file")).unwrap();
        fs::write(at("file"), "1").unwrap();
        assert!(!opened(&at("file"), &metadata), "another file");
    }

    #[test]
    fn named_file_may_be_a_link_and_nothing_else_than_a_file() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("file"), "1").unwrap();
        symlink(at("file"), at("link")).unwrap();
        assert!(named(&at("file")).is_ok() && named(&at("link")).is_ok());
        assert!(Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        symlink(at("fifo"), at("link to fifo")).unwrap();
        for other in [at("fifo"), at("link to fifo"), "/dev/zero".into(), home.path().to_owned()] {
            assert_eq!(named(&other).unwrap_err().to_string(), NOT_A_FILE, "{}", other.display());
        }
        assert_eq!(named(&at("none")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn directory_that_became_a_link_leads_nowhere() {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(home.path().join("d")).unwrap();
        fs::write(home.path().join("d/hmac"), "1").unwrap();
        fs::write(other.path().join("hmac"), "2").unwrap();
        let metadata = fs::symlink_metadata(home.path().join("d/hmac")).unwrap();
        fs::rename(home.path().join("d"), home.path().join("e")).unwrap();
        symlink(other.path(), home.path().join("d")).unwrap();
        assert!(!opened(&home.path().join("d/hmac"), &metadata));
    }

    #[test]
    fn file_that_was_written_to_is_changed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        fs::write(&path, "1").unwrap();
        let file = File::open(&path).unwrap();
        let metadata = file.metadata().unwrap();
        assert!(is_unchanged(&file, &metadata));
        let later = metadata.modified().unwrap() + std::time::Duration::from_secs(1);
        File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        assert!(!is_unchanged(&file, &metadata));
    }
}
