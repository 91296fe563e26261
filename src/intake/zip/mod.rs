//! Zip: read from the directory at its end where the file can be read at any place, else entry by entry as they come.
//!
//! Tools disagree on which of the two to believe: the directory, or the headers before the bodies. Here both must say the same.

mod body;
mod central;
mod delivery;
mod extra;
mod record;
mod second_name;
mod stream;
#[cfg(test)]
mod tests;

use super::container::{Container, Context, Opened};
use crate::facts::GapKind;
use crate::intake::fs::File;
use crate::intake::wiping_reader::WipingReader;
use std::io::Read;

/// The container.
pub(super) const CONTAINER: Container =
    Container { packs_programs: true, ..Container::new("zip", sniff, walk) };

/// Bytes read at once.
const WINDOW_BYTES: usize = 128 << 10;

/// Says how to get rid of a method of compression that is not read.
fn cure(method: u16) -> String {
    // Info-ZIP's `unzip` 6.0 knows of the newer ones only Deflate64 (9) and bzip2 (12).
    let command = match method {
        9 | 12 => "unzip FILE -d DIRECTORY",
        _ => "7z x FILE -oDIRECTORY",
    };
    format!(
        "unpack it with `{command}` and name the directory, or pack that with `tar -czf NAME.tar.gz DIRECTORY`"
    )
}

fn sniff(head: &[u8]) -> bool {
    // A zip without entries is its end record alone: 22 bytes.
    let first = head.strip_prefix(&record::WHOLE).unwrap_or(head);
    first.starts_with(&record::LOCAL) || head.starts_with(&record::END)
}

fn walk(opened: Opened<'_>, context: &mut Context<'_>) {
    let Opened { head, input } = opened;
    match input.file().map(File::try_clone) {
        // Only the directory knows links and modes, so it is read wherever that can be.
        Some(Ok(file)) => central::walk(file, input, context),
        Some(Err(error)) => context.visit.gap(None, GapKind::Unreadable, error.to_string()),
        None => {
            let bytes = WipingReader::new(WINDOW_BYTES, head.chain(input));
            // What is missing at its end was reported.
            let _is_whole: bool = stream::walk(Box::new(bytes), context);
        }
    }
}
