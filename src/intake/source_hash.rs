//! The SHA-256 of a source: of a file in the pass in which it is read, of a directory over what is read of it.

use super::entry::Watch;
use super::fs::File;
use crate::facts::{Digested, Hex, SourceDigest};
use crate::limits::Limits;
use crate::wiped::Wiped;
use sha2::{Digest, Sha256};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// Bytes read at once of what nobody else had to read.
const REST_BYTES: usize = 256 << 10;

/// The hash of a file, or of standard input, as far as it was read.
pub(super) struct FileHash {
    hasher: Sha256,
    /// Bytes from the start on that are in it.
    hashed: u64,
}

impl FileHash {
    /// Begins one where it is wanted.
    pub(super) fn wanted(limits: &Limits) -> Option<Self> {
        limits.digests.then(|| Self { hasher: Sha256::new(), hashed: 0 })
    }

    /// Takes bytes that were read from `position` on. Those after what is missing do not count: they are read again at the end.
    pub(super) fn take(&mut self, position: u64, bytes: &[u8]) {
        if position == self.hashed {
            self.hasher.update(bytes);
            self.hashed =
                self.hashed.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
    }

    /// Reads the rest of a file of `length` bytes: what a zip jumps over, what is after a limit. Returns nothing of a file that is shorter.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub(super) fn of_file(
        mut self,
        file: &mut File,
        length: u64,
        watch: &dyn Watch,
    ) -> io::Result<Option<SourceDigest>> {
        file.seek(SeekFrom::Start(self.hashed))?;
        let mut buffer = Wiped::zeros(if self.hashed < length { REST_BYTES } else { 0 });
        let mut rest = file.take(length.saturating_sub(self.hashed));
        while self.hashed < length {
            let read = match rest.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.take(self.hashed, buffer.get(..read).unwrap_or_default());
            watch.advanced(u64::try_from(read).unwrap_or_default());
        }
        Ok(Some(self.end()))
    }

    /// Returns the hash of a stream that has come to its end; nothing where more comes, which a limit left there.
    pub(super) fn of_stream(self, stream: &mut dyn Read) -> Option<SourceDigest> {
        // A hash of a part would differ from what `sha256sum` says of the upload.
        let is_at_end = matches!(stream.read(&mut [0]), Ok(0));
        is_at_end.then(|| self.end())
    }

    fn end(self) -> SourceDigest {
        SourceDigest { sha256: Hex(self.hasher.finalize().into()), of: Digested::File }
    }
}

/// The hash over the list of what was read of a directory.
pub(super) struct Listing(Sha256);

/// One file of a list.
pub(super) struct ListedFile<'a> {
    path: &'a str,
    bytes: u64,
    read: u64,
    hasher: Sha256,
}

impl Listing {
    /// Begins one where it is wanted.
    pub(super) fn wanted(limits: &Limits) -> Option<Self> {
        limits.digests.then(|| Self(Sha256::new()))
    }

    /// Adds a file: [`Digested::Listing`] says how.
    pub(super) fn add(&mut self, file: ListedFile<'_>) {
        let ListedFile { path, bytes, read, hasher } = file;
        let sha256 = Hex::<32>(hasher.finalize().into());
        // No path has a NUL, so no name can be taken for the start of the next line.
        self.0.update(format!("{sha256} {read} {bytes} {path}\0"));
    }

    /// Returns the hash of the list.
    pub(super) fn end(self) -> SourceDigest {
        SourceDigest { sha256: Hex(self.0.finalize().into()), of: Digested::Listing }
    }
}

impl<'a> ListedFile<'a> {
    /// Begins a file of so many bytes, none of which was read yet.
    pub(super) fn new(path: &'a str, bytes: u64) -> Self {
        Self { path, bytes, read: 0, hasher: Sha256::new() }
    }

    /// Takes the next bytes that were read.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.read = self.read.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::Want;
    use crate::intake::testing::{Recorder, archive, gzip, member, walk_path};
    use crate::intake::zip_writer::{self, Entry};
    use std::path::Path;

    fn sha256(bytes: &[u8]) -> Hex<32> {
        Hex(Sha256::digest(bytes).into())
    }

    fn digest(path: &Path, limits: &Limits) -> Option<SourceDigest> {
        walk_path(path, limits, Recorder::default()).0.digest
    }

    fn wanted() -> Limits {
        Limits { digests: true, ..Limits::default() }
    }

    /// A tar with a body that is jumped over where nobody wants a hash.
    fn tar() -> Vec<u8> {
        let body: Vec<u8> =
            (0..900_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
        archive(&[member(b'0', "skip", &body), member(b'0', "hmac", b"key")])
    }

    #[test]
    fn hash_of_a_file_is_that_of_all_its_bytes_however_it_is_read() {
        let home = tempfile::tempdir().unwrap();
        let behind = [tar(), vec![7; 3_000_000]].concat();
        for bytes in [
            tar(),
            gzip(&tar()),
            [gzip(&tar()), vec![0; 5000]].concat(),
            behind,
            b"PK\x05\x06 no zip".to_vec(),
            b"no archive".to_vec(),
            Vec::new(),
        ] {
            let path = home.path().join("x");
            std::fs::write(&path, &bytes).unwrap();
            let found = digest(&path, &wanted()).unwrap();
            assert_eq!((found.sha256, found.of), (sha256(&bytes), Digested::File));
            assert_eq!(digest(&path, &Limits::default()), None);
            let limits = Limits { entries_max: 1, unpacked_bytes_max: 1000, ..wanted() };
            assert_eq!(digest(&path, &limits).unwrap().sha256, sha256(&bytes), "behind a limit");
        }
    }

    #[test]
    fn hash_wanted_or_not_the_same_is_found() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x");
        for bytes in [tar(), gzip(&tar())] {
            std::fs::write(&path, bytes).unwrap();
            let events = |limits: &Limits| walk_path(&path, limits, Recorder::default()).1.events;
            assert_eq!(events(&wanted()), events(&Limits::default()));
        }
    }

    #[test]
    fn stream_has_a_hash_where_it_was_read_to_its_end() {
        let taken = |bytes: &[u8], rest: &[u8]| {
            let mut hash = FileHash::wanted(&wanted()).unwrap();
            hash.take(0, bytes);
            hash.of_stream(&mut &*rest).map(|digest| digest.sha256)
        };
        assert_eq!(taken(b"abc", b""), Some(sha256(b"abc")));
        assert_eq!(taken(b"abc", b"d"), None);
    }

    #[test]
    fn hash_of_a_directory_is_over_the_list_of_what_was_read() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("d")).unwrap();
        let write = |path: &str, text: &str| std::fs::write(home.path().join(path), text).unwrap();
        write("d/hmac", "key");
        write("a", "1");
        write("skip", "2");
        let found = digest(home.path(), &wanted()).unwrap();
        let line = |path: &str, text: &str| {
            format!("{} {} {} {path}\0", sha256(text.as_bytes()), text.len(), text.len())
        };
        let list = [line("a", "1"), line("d/hmac", "key")].concat();
        assert_eq!((found.sha256, found.of), (sha256(list.as_bytes()), Digested::Listing));
        write("skip", "3");
        assert_eq!(digest(home.path(), &wanted()), Some(found), "it is not read");
        let of = |want| {
            let recorder = Recorder { want: Some(want), ..Recorder::default() };
            walk_path(home.path(), &wanted(), recorder).0.digest.unwrap().sha256
        };
        assert_eq!(of(Want::Stream), found.sha256);
        write("d/hmac", "kez");
        assert_ne!(digest(home.path(), &wanted()), Some(found));
        let later = Want::Later { checked: false };
        let unread = |path: &str, bytes: u64| format!("{} 0 {bytes} {path}\0", sha256(b""));
        assert_eq!(of(later), sha256([unread("a", 1), unread("d/hmac", 3)].concat().as_bytes()));
    }

    #[test]
    fn hash_of_a_zip_is_that_of_its_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("x.zip");
        let bytes =
            zip_writer::zip(&[Entry::file("hmac", b"key"), Entry::file("skip", &vec![9; 100_000])]);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(digest(&path, &wanted()).unwrap().sha256, sha256(&bytes));
    }
}
