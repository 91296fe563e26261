//! Reads sources: sniffs what they are and walks their entries, without extracting anything.

mod archive_name;
mod beside;
mod bzip2;
mod codec;
mod compound;
mod compressed;
mod container;
mod deflate;
mod depth;
mod directory;
mod discover;
mod entry;
mod file;
mod filter;
mod folder;
mod gzip;
mod image_name;
mod inflater;
mod lines;
mod list;
mod missing;
mod neighbours;
mod nested;
mod open;
mod pack_errors;
mod packed_text;
mod parts;
mod path;
mod place_names;
mod places;
mod prefetch;
mod probe;
mod random_access;
mod read_ahead;
mod read_at;
mod reread;
mod restarts;
mod saved_facts;
mod shared_file;
mod sniff;
mod source_hash;
mod spoiled;
mod stand_in;
mod tar;
#[cfg(test)]
mod testing;
mod ticket;
mod unpack;
mod wiping_reader;
mod wrapped;
mod xz;
mod zip;
#[cfg(test)]
#[path = "../../tests/suite/zip.rs"]
mod zip_writer;
mod zstd;

// Sources are read from the file system; a browser has none, only files that its page was given. Nothing else in the crate knows of that.
#[cfg(any(test, target_family = "wasm"))]
#[cfg_attr(
    test,
    allow(dead_code, reason = "of all that it has, only its tests use some elsewhere")
)]
pub mod held;
#[cfg(not(target_family = "wasm"))]
mod mapped;
#[cfg(target_family = "wasm")]
use held::{self as fs, mapped};
#[cfg(not(target_family = "wasm"))]
use std::fs;

pub use archive_name::{claims_archive, claims_closed, claims_other, claims_program, stem};
pub use beside::BesideInstalls;
pub use discover::{Discovered, Operand, discover, discover_chosen, is_any_there};
pub use entry::{
    Descend, Entry, EntryKind, EntryTime, Extent, LinkTarget, NoWatch, Visit, Want, Watch,
};
pub use filter::Choice;
pub use folder::{is_packed, no_archive};
pub use image_name::{ImageSign, image_sign};
pub use lines::{Line, facts_files, file_states, read_lines};
pub use list::operands_in;
pub use neighbours::Neighbours;
pub use open::FileState;
pub use place_names::{is_hidden, is_like_home, is_of_material, is_of_status, may_be_home};
pub use places::UploadPlaces;
pub use random_access::{Part, Parts};
pub use read_at::ReadAt;
pub use saved_facts::saved_facts;
pub use stand_in::{is_stand_in, names_upload};
pub use ticket::may_link_home;

use crate::facts::{GapKind, SourceDigest};
use crate::limits::Limits;
use crate::wiped::Wiped;
use container::{Container, Context, Input, Opened};
use read_at::RandomAccess;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The containers that are read. To add one, write its file and add its two lines here.
const CONTAINERS: &[Container] = &[
    gzip::CONTAINER,
    zstd::CONTAINER,
    xz::CONTAINER,
    bzip2::CONTAINER,
    zip::CONTAINER,
    // Last: a v7 tar has no magic bytes, and a block of zeros passes for an empty one.
    tar::CONTAINER,
];

/// Something the user named to be examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As the user named it; `-` for standard input.
    pub name: String,
    /// The instance name the user gave with it.
    pub label: Option<String>,
    /// Where its bytes come from.
    pub origin: Origin,
    /// Why it is one.
    pub standing: Standing,
    /// Paths below a folder that are sources of their own.
    pub apart: Vec<String>,
}

/// Why something is a source, and so whether it has to hold an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The user named it.
    Named,
    /// It lies in a folder of uploads.
    Upload,
    /// It lies in a folder where installs lie unpacked, as packages and backups do.
    Beside,
    /// It lies there too, and is named like the homes of those beside it.
    InPlace,
    /// It is a folder whose uploads are sources of their own.
    Folder,
}

impl Source {
    /// Makes one that the user named.
    pub(crate) fn named(name: String, origin: Origin) -> Self {
        Self { name, label: None, origin, standing: Standing::Named, apart: Vec::new() }
    }

    /// Returns the stored size in bytes, 0 where it is not known; the largest should be read first.
    pub fn stored_bytes(&self) -> u64 {
        match &self.origin {
            // A farm of five archives took 1.41 times as long when the largest was read last.
            Origin::Path(path) => fs::metadata(path)
                .ok()
                .filter(fs::Metadata::is_file)
                .map_or(0, |metadata| metadata.len()),
            Origin::Stdin => 0,
        }
    }

    /// Returns what its file is like; `None` of what is none.
    pub fn file_state(&self) -> Option<FileState> {
        let Origin::Path(path) = &self.origin else { return None };
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(FileState::of(&metadata))
    }

    /// Returns `true` if the source can be walked a second time.
    pub fn can_reread(&self) -> bool {
        matches!(self.origin, Origin::Path(_))
    }
}

/// Where the bytes of a source come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file or directory.
    Path(PathBuf),
    /// Standard input; can be read only once.
    Stdin,
}

/// What a walk learned about the source as a whole.
#[derive(Debug, Default)]
pub struct Walked {
    /// How it is packed, outermost first, such as `gzip, tar`; empty when that is not known.
    pub container: String,
    /// Entries seen, with those of archives inside it.
    pub entries: u64,
    /// What its name says of it where it is cut: that it is one part of several.
    pub part_hint: Option<&'static str>,
    /// What its name says of it although it is not cut: that it is the end of something cut.
    pub later_part: Option<&'static str>,
    /// What its file was like at the start; `None` of standard input and directories.
    pub state: Option<FileState>,
    /// What the bytes of the source come to, where that was wanted and all of them could be read.
    pub digest: Option<SourceDigest>,
    /// How many compressions there are around the archive.
    pub compressions: u32,
    /// Reads again what it unpacks to.
    random_access: Option<Box<dyn RandomAccess>>,
}

/// Walks every entry of a source in stored order.
///
/// Never fails: what cannot be read is reported to `visit` as a gap, and what was read before it stands.
pub fn walk(source: &Source, limits: &Limits, watch: &dyn Watch, visit: &mut dyn Visit) -> Walked {
    let mut context = Context {
        limits,
        visit,
        names: Vec::new(),
        entries: 0,
        unpacked: 0,
        nesting: 0,
        hint: None,
        depth: depth::Depth::default(),
        state: None,
        digest: None,
        listing: None,
        random_access: None,
    };
    match &source.origin {
        Origin::Stdin => file::walk_stdin(watch, &mut context),
        Origin::Path(path) => walk_path(path, watch, &mut context),
    }
    let Context { names, entries, nesting: compressions, depth, state, digest, .. } = context;
    let random_access = context.random_access;
    let entries = entries.saturating_add(depth.entries_inside());
    let part_hint = context.hint;
    let later_part = match &source.origin {
        Origin::Path(path) if !names.is_empty() => {
            parts::later(path, &source.name, names == ["tar"])
        }
        _ => None,
    };
    let container = names.join(", ");
    Walked { container, entries, part_hint, later_part, state, digest, compressions, random_access }
}

fn walk_path(path: &Path, watch: &dyn Watch, context: &mut Context<'_>) {
    match fs::metadata(path) {
        Err(error) => context.visit.gap(None, GapKind::Unreadable, error.to_string()),
        Ok(metadata) if metadata.is_dir() => directory::walk(path, watch, context),
        Ok(metadata) if metadata.is_file() => file::walk(path, watch, context),
        // Opening a FIFO waits for a writer, and reading a device may never end.
        Ok(_) => {
            context.visit.gap(None, GapKind::NotAnArchive, open::NOT_A_FILE.to_owned());
        }
    }
}

/// Sniffs what `input` holds, and walks it.
fn walk_input(input: &mut dyn Input, context: &mut Context<'_>) {
    let head = match read_head(input) {
        Ok(head) => head,
        Err(error) => return context.visit.gap(None, GapKind::Unreadable, error.to_string()),
    };
    // That nothing came of what cannot be unpacked says nothing of its content.
    if head.is_empty() && input.has_failed() {
        return;
    }
    match sniff::sniff(&head) {
        Ok(container) => {
            context.names.push(container.name);
            (container.walk)(Opened { head, input }, context);
        }
        Err((kind, reason)) => {
            let wrapped = wrapped::find("", &head, input).ok().flatten();
            let reason = wrapped.map_or(reason, |(_, reason)| reason);
            let reason = match context.names.last() {
                Some(outer) => format!("the {outer} holds no archive: {reason}"),
                None => match context.hint.filter(|_| kind == GapKind::NotAnArchive) {
                    Some(hint) => format!("{reason}; {hint}"),
                    None => reason,
                },
            };
            context.visit.gap(None, kind, reason);
        }
    }
}

fn read_head(input: &mut (impl Read + ?Sized)) -> std::io::Result<Wiped> {
    read_head_of(input, sniff::HEAD_BYTES)
}

/// Reads the head of what has `bytes` bytes. Of a small file no more room is made, and wiped, than it needs.
fn read_head_of(input: &mut (impl Read + ?Sized), bytes: usize) -> std::io::Result<Wiped> {
    let mut head = Wiped::zeros(bytes.min(sniff::HEAD_BYTES));
    let mut filled = 0_usize;
    while let Some(room) = head.get_mut(filled..).filter(|room| !room.is_empty()) {
        // A pipe gives what has arrived so far, often less than a header, so one read is not enough to judge by.
        match input.read(room) {
            Ok(0) => break,
            Ok(length) => filled = filled.saturating_add(length),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(filled);
    Ok(head)
}
