//! A file that is read at any place.

use super::fs::{File, Metadata};
use super::open;
use super::read_at::ReadAt;
use std::io;

/// A file that several threads can read at any place.
#[derive(Debug)]
pub(super) struct Positioned {
    file: File,
    opened: Metadata,
    /// Where seeking and reading are two steps, nobody else may come in between.
    #[cfg(not(unix))]
    turn: std::sync::Mutex<()>,
}

impl Positioned {
    pub(super) fn new(file: File) -> io::Result<Self> {
        Ok(Self {
            opened: file.metadata()?,
            file,
            #[cfg(not(unix))]
            turn: std::sync::Mutex::default(),
        })
    }

    /// Returns the length that the file had when it was opened.
    pub(super) fn length(&self) -> u64 {
        self.opened.len()
    }
}

impl ReadAt for Positioned {
    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        // `pread` moves no position, so that readers of one file need no lock.
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
    }

    #[cfg(not(unix))]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        use std::io::{Read, Seek, SeekFrom};
        let _turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        file.read(buffer)
    }

    fn is_changed(&self) -> bool {
        !open::is_unchanged(&self.file, &self.opened)
    }
}
