//! Entries of a directory, and what the first bytes of one say.

use super::PEEK_BYTES;
use crate::facts::GapKind;
use crate::intake::fs::{self, FileType};
use crate::intake::{open, sniff};
use crate::wiped::Wiped;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// One entry of a directory.
pub(super) struct Listed {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) kind: FileType,
}

impl Listed {
    pub(super) fn of(entry: &fs::DirEntry) -> Option<Self> {
        let name = entry.file_name().to_string_lossy().into_owned();
        Some(Self { path: entry.path(), name, kind: entry.file_type().ok()? })
    }
}

pub(super) fn listing(directory: &Path) -> Vec<Listed> {
    // A directory that cannot be listed becomes a gap when it is walked.
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut entries: Vec<_> = entries.flatten().filter_map(|entry| Listed::of(&entry)).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

/// Returns `true` if a file is an archive or compressed data, by its content: of what is read, or only known.
pub fn is_packed(file: &Path) -> bool {
    let kind = head_of(file).map(|head| kind_of(&head));
    matches!(kind, Ok(Ok(()) | Err(GapKind::Unsupported)))
}

/// Says why a file is no archive, by its first bytes; `None` where it may be one, or cannot be read.
pub fn no_archive(file: &Path) -> Option<(GapKind, String)> {
    let refusal = sniff::sniff(&head_of(file).ok()?).err();
    refusal.filter(|(kind, _)| matches!(kind, GapKind::NotAnArchive | GapKind::EmptyFile))
}

pub(super) fn head_of(file: &Path) -> io::Result<Wiped> {
    start_of(file, PEEK_BYTES)
}

/// Returns the first bytes of a file.
pub(super) fn start_of(file: &Path, bytes_max: u64) -> io::Result<Wiped> {
    // The file may be a key that lies among uploads.
    let mut head = Wiped::default();
    open::named(file)?.take(bytes_max).read_to_end(&mut head)?;
    Ok(head)
}

pub(super) fn kind_of(head: &[u8]) -> Result<(), GapKind> {
    if !head.is_empty() && head.iter().all(|byte| *byte == 0) {
        // An empty tar, or what a crash leaves of a log.
        return Err(GapKind::EmptyArchive);
    }
    sniff::sniff(head).map(|_| ()).map_err(|(kind, _)| kind)
}
