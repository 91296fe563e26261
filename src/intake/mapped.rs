//! Files of saved facts as memory: all cores parse one at once, and no byte is copied first.
//!
//! For files that `aemtrix` wrote, never for uploads.

#![allow(unsafe_code, reason = "a mapped file may change while it is read; see SAFETY below")]

use memmap2::Mmap;
use std::fs::{File, Metadata};

/// A part of a file as memory.
pub(super) type MappedPart = Mmap;

/// Maps a part of a file, from `start` on and no further than the file reached when it was looked at; `None` where that cannot be, such as
/// of a file of `/proc`, which has no length, or of a file system that maps nothing.
pub(super) fn map(
    file: &File,
    seen: &Metadata,
    start: u64,
    bytes_max: usize,
) -> Option<MappedPart> {
    let rest = usize::try_from(seen.len().checked_sub(start)?).unwrap_or(usize::MAX);
    let bytes = rest.min(bytes_max);
    if bytes == 0 {
        return None;
    }
    // SAFETY: the mapping is of a regular file, and read only. What nobody can rule out is another program that changes the file
    // meanwhile:
    // - It shrinks. Pages behind its new end are gone, and the system ends a program that reads one (SIGBUS on Unix; Windows does not let
    //   a mapped file shrink). Nothing false is reported then, and no file is half written, since outputs are renamed when they are
    //   whole. The reader looks at the length and the time before and after each batch, and gives up what changed with a gap.
    // - It is written to. Bytes may then differ between two reads. Lines are only split, parsed and copied; that is the risk every
    //   reader of a mapping takes, and the gap says that the file changed.
    unsafe { memmap2::MmapOptions::new().offset(start).len(bytes).map(file).ok() }
}
