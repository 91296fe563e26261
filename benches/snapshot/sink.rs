//! Where a snapshot goes: into a tar or into a directory.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// 1 January 2024, for every entry.
const MTIME: u64 = 1_704_067_200;

/// Takes files in the order in which they are to be stored.
pub(crate) trait Sink {
    /// Stores a file of `bytes` bytes, after the directories above it.
    fn file(&mut self, path: &str, mode: u32, bytes: u64, content: &mut dyn Read)
    -> io::Result<()>;
}

/// A plain tar as GNU tar writes it.
pub(crate) struct TarSink<W: Write> {
    builder: tar::Builder<W>,
    directories: BTreeSet<String>,
}

impl<W: Write> TarSink<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { builder: tar::Builder::new(out), directories: BTreeSet::new() }
    }

    /// Ends the archive with its zero blocks.
    pub(crate) fn finish(self) -> io::Result<W> {
        self.builder.into_inner()
    }

    fn entry(
        &mut self,
        path: &str,
        kind: tar::EntryType,
        mode: u32,
        bytes: u64,
        content: &mut dyn Read,
    ) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(bytes);
        header.set_mtime(MTIME);
        header.set_uid(1000);
        header.set_gid(1000);
        header.set_username("aem")?;
        header.set_groupname("aem")?;
        self.builder.append_data(&mut header, path, content)
    }
}

impl<W: Write> Sink for TarSink<W> {
    fn file(
        &mut self,
        path: &str,
        mode: u32,
        bytes: u64,
        content: &mut dyn Read,
    ) -> io::Result<()> {
        for (end, _) in path.match_indices('/') {
            let directory = &path[..=end];
            if self.directories.insert(directory.to_owned()) {
                self.entry(directory, tar::EntryType::Directory, 0o755, 0, &mut io::empty())?;
            }
        }
        self.entry(path, tar::EntryType::Regular, mode, bytes, content)
    }
}

/// A directory.
pub(crate) struct DirectorySink(PathBuf);

impl DirectorySink {
    pub(crate) fn new(root: &Path) -> Self {
        Self(root.to_owned())
    }
}

impl Sink for DirectorySink {
    fn file(&mut self, path: &str, _: u32, _: u64, content: &mut dyn Read) -> io::Result<()> {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap())?;
        io::copy(content, &mut File::create(path)?)?;
        Ok(())
    }
}
