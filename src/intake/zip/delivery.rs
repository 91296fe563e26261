//! Announces entries, and hands their bodies over as they were asked for.

use super::body::{Decoded, Decoder, Fault};
use super::cure;
use super::record::Record;
use crate::facts::{GapKind, INSIDE, Owner};
use crate::intake::container::Context;
use crate::intake::{Entry, EntryKind, EntryTime, Extent, Want, nested, path};
use crate::wiped::Wiped;
use std::collections::BTreeSet;
use std::io::{self, BufRead};

/// What the walks of a zip share.
pub(super) struct Desk<'c, 'v> {
    pub(super) context: &'c mut Context<'v>,
    pub(super) entries: u64,
    /// Bytes unpacked so far.
    pub(super) unpacked: u64,
    /// Path of the entry at hand.
    pub(super) path: String,
    /// What is said once a zip, and was.
    said: BTreeSet<String>,
}

/// A body on its way.
pub(super) struct Parcel {
    want: Want,
    buffer: Wiped,
    /// Longer than was asked for.
    too_long: bool,
}

impl Parcel {
    /// Returns `true` if the body is to be walked as an archive.
    pub(super) fn is_archive(&self) -> bool {
        self.want == Want::Archive
    }

    /// Returns `true` if the body may be the target of a link: a line of text. The directory of the zip tells.
    pub(super) fn may_be_link(&self) -> bool {
        let text = std::str::from_utf8(&self.buffer);
        text.is_ok_and(|text| !text.is_empty() && !text.contains(char::is_control))
    }
}

impl<'c, 'v> Desk<'c, 'v> {
    pub(super) fn new(context: &'c mut Context<'v>) -> Self {
        Self { context, entries: 0, unpacked: 0, path: String::new(), said: BTreeSet::new() }
    }

    /// Ends the zip: what it came to counts for the source.
    pub(super) fn close(self) {
        self.context.entries = self.context.entries.saturating_add(self.entries);
        self.context.unpacked = self.context.unpacked.saturating_add(self.unpacked);
    }

    /// Reports a gap of the zip as a whole.
    pub(super) fn gap(&mut self, kind: GapKind, reason: String) {
        self.context.visit.gap(None, kind, reason);
    }

    /// Reports a gap of the zip as a whole, once.
    pub(super) fn gap_once(&mut self, kind: GapKind, reason: String) {
        if self.said.insert(reason.clone()) {
            self.gap(kind, reason);
        }
    }

    /// Reports a gap of the entry at hand.
    pub(super) fn path_gap(&mut self, kind: GapKind, reason: String) {
        let path = (!self.path.is_empty()).then_some(self.path.as_str());
        self.context.visit.gap(path, kind, reason);
    }

    /// Counts an entry and takes its name. `false` where it cannot be announced.
    pub(super) fn take_name(&mut self, record: &Record) -> bool {
        let limits = self.context.limits;
        self.entries = self.entries.saturating_add(1);
        if record.name.len() > limits.path_bytes_max {
            let (length, limit) = (record.name.len(), limits.path_bytes_max);
            let reason = format!(
                "a path of {length} bytes, over the limit of {limit}; its entry was skipped"
            );
            self.path.clear();
            self.gap(GapKind::OverLimit, reason);
            return false;
        }
        let unsafe_name = path::normalise(&record.name, &mut self.path);
        if unsafe_name {
            let reason =
                "names are absolute or climb with `..`; read as relative to the source".to_owned();
            if self.said.insert(reason.clone()) {
                self.path_gap(GapKind::UnsafeName, reason);
            }
        }
        self.dispute(record);
        if self.path.is_empty() && !record.is_directory() {
            self.gap(GapKind::Corrupt, "an entry without a name".to_owned());
        }
        !self.path.is_empty()
    }

    /// Tells of another name that some tools give the entry at hand.
    fn dispute(&mut self, record: &Record) {
        if let Some(second) = &record.second_name {
            let mut other = String::new();
            path::normalise(&second.name, &mut other);
            self.context.visit.disputed(&self.path, &other, second.reason);
        }
    }

    /// Announces the entry at hand; returns where its body goes, when it is wanted and can be read.
    pub(super) fn announce(
        &mut self,
        record: &Record,
        kind: EntryKind,
        extent: Option<Extent>,
        owner: Option<Owner>,
        written: EntryTime,
    ) -> Option<Parcel> {
        let is_file = kind == EntryKind::File;
        let size = if is_file { record.size } else { 0 };
        let extent = extent.filter(|_| is_file && Decoder::knows(record.method));
        let entry = Entry { path: &self.path, kind, size, extent, owner, written };
        let want = self.context.visit.entry(&entry);
        let is_wanted = match want {
            Want::Nothing => false,
            // What cannot be decoded is reported when it is read.
            Want::Later { checked } => checked && extent.is_some(),
            _ => self.can_decode(record),
        };
        if !is_file || !is_wanted {
            return None;
        }
        let parcel = Parcel { want, buffer: Wiped::default(), too_long: false };
        match want {
            // The announced size decides where it is known; one that comes behind the body is checked as the pieces come.
            Want::Whole { bytes_max } if record.size > bytes_max => {
                self.say_too_large(record.size, bytes_max);
                None
            }
            _ => Some(parcel),
        }
    }

    /// Returns `true` if a body can be decoded. A gap tells when not.
    pub(super) fn can_decode(&mut self, record: &Record) -> bool {
        // Sizes and names of encrypted entries are readable,
        // so the instance is seen and the gap is known.
        if record.is_encrypted() {
            let reason = "entries are encrypted; unpack it with the password, `7z x FILE` or \
                `unzip FILE`, and name the directory";
            self.gap_once(GapKind::Encrypted, reason.to_owned());
            return false;
        }
        if !Decoder::knows(record.method) {
            let name = rawzip::CompressionMethod::new(record.method).name().unwrap_or("unknown");
            let reason = format!(
                "entries are compressed in a way that is not supported (method {}, {name}); {}",
                record.method,
                cure(record.method)
            );
            self.gap_once(GapKind::Unsupported, reason);
            return false;
        }
        true
    }

    fn say_too_large(&mut self, size: u64, bytes_max: u64) {
        let reason = format!("{size} bytes, more than the {bytes_max} of any real one");
        self.path_gap(GapKind::TooLarge, reason);
    }

    /// Hands on the next bytes of a body.
    pub(super) fn push(&mut self, parcel: &mut Parcel, piece: &[u8]) {
        let bytes_max = match parcel.want {
            Want::Stream => return self.context.visit.piece(piece),
            Want::Nothing | Want::Later { .. } | Want::Archive => return,
            Want::Whole { bytes_max } | Want::Prefix { bytes_max } => bytes_max,
        };
        let room = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let left = room.saturating_sub(parcel.buffer.len());
        parcel.too_long |= piece.len() > left;
        let piece = piece.get(..left).unwrap_or(piece);
        reserve(&mut parcel.buffer, piece.len());
        parcel.buffer.extend_from_slice(piece);
    }

    /// Ends a body that was decoded to its end, whatever its checksum says.
    pub(super) fn end(&mut self, parcel: &Parcel, decoded: Decoded) {
        match parcel.want {
            Want::Stream => self.context.visit.body_end(),
            Want::Whole { bytes_max } if parcel.too_long => {
                self.say_too_large(decoded.size, bytes_max);
            }
            Want::Whole { .. } | Want::Prefix { .. } => self.context.visit.body(&parcel.buffer),
            Want::Nothing | Want::Later { .. } | Want::Archive => {}
        }
    }

    /// Walks a body as an archive of its own, if it is one, to the end of the body.
    pub(super) fn walk_inner(
        &mut self,
        record: &Record,
        decoder: &mut Decoder,
        input: &mut dyn BufRead,
    ) -> Walked {
        // What comes through a pipe is announced without its size.
        let is_unknown = record.size == 0 && record.has_sizes_behind();
        // Of a stream, neither the length nor the sum are known
        // before the body ends, and the budget bounds it.
        let size_max = if is_unknown { self.left() } else { record.size };
        let mut body = decoder.reader(record.method, input, size_max);
        let Context { limits, visit, depth, .. } = &mut *self.context;
        let member = nested::Member { path: &self.path, size: size_max, entries: self.entries };
        nested::walk(&mut body, member, limits, *visit, depth);
        // A tar may end before its entry does; without the
        // rest there is neither a checksum nor a length.
        let is_drained = io::copy(&mut body, &mut io::sink()).is_ok();
        let came = body.decoded();
        self.unpacked = self.unpacked.saturating_add(came.size);
        let is_over_limit = is_unknown && came.size > size_max;
        Walked { decoded: came, is_drained, is_over_limit }
    }

    /// Returns how many more bytes may be unpacked.
    pub(super) fn left(&self) -> u64 {
        self.context.depth.unpacked_left(self.context.limits).saturating_sub(self.unpacked)
    }

    /// Says that no more bytes may be unpacked.
    pub(super) fn unpacks_to_more(&self) -> String {
        self.context.depth.unpacks_to_more(self.context.limits)
    }

    /// Reports what is wrong with a body that was walked.
    pub(super) fn check_inner(&mut self, record: &Record, walked: &Walked) {
        let Decoded { size, crc, .. } = walked.decoded;
        if !walked.is_drained || (crc, size) != (record.crc, record.size) {
            // The gap is of the archive inside: damage in one upload is no gap of the others in the zip.
            let path = format!("{}{INSIDE}", self.path);
            let reason = "checksum or length does not fit the content".to_owned();
            self.context.visit.gap(Some(&path), GapKind::CorruptStream, reason);
        }
    }

    /// Compares what came with what was announced.
    pub(super) fn check(&mut self, record: &Record, decoded: Decoded) {
        // The stored length too: bytes behind the end of a deflate stream are under no checksum.
        if (record.crc, record.size, record.stored) != (decoded.crc, decoded.size, decoded.stored) {
            let reason = "checksum or length does not fit the content".to_owned();
            self.path_gap(GapKind::CorruptStream, reason);
        }
    }

    /// Returns `true` if so many bytes may still be unpacked. A gap tells when not.
    pub(super) fn has_bytes(&mut self, bytes: u64) -> bool {
        let has_bytes = bytes <= self.left();
        if !has_bytes {
            let reason = self.unpacks_to_more();
            self.gap_once(GapKind::OverLimit, reason);
        }
        has_bytes
    }

    /// Counts unpacked bytes. `false` over the limit, which a gap tells.
    pub(super) fn count_unpacked(&mut self, bytes: u64) -> bool {
        let has_bytes = self.has_bytes(bytes);
        self.unpacked = self.unpacked.saturating_add(bytes);
        has_bytes
    }

    /// Returns `true` if another entry may come. A gap tells when not.
    pub(super) fn has_room(&mut self) -> bool {
        let limit = self.context.limits.entries_max;
        let has_room = self.entries.saturating_add(self.context.depth.entries_elsewhere()) < limit;
        if !has_room {
            let reason = format!("more than {limit} entries; the rest was not read");
            self.gap(GapKind::OverLimit, reason);
        }
        has_room
    }

    /// Reports why a body was not read to its end.
    pub(super) fn say_fault(&mut self, fault: Fault) {
        let (kind, reason) = match fault {
            Fault::Ends => (GapKind::Partial, "ends inside the entry".to_owned()),
            Fault::Damaged => (GapKind::CorruptStream, "compressed data is damaged".to_owned()),
            Fault::TooLong => {
                (GapKind::CorruptStream, "unpacks to more than its header says".to_owned())
            }
            Fault::Failed(error) => (GapKind::Unreadable, error.to_string()),
        };
        self.path_gap(kind, reason);
    }
}

/// What became of a body that was walked as an archive.
pub(super) struct Walked {
    pub(super) decoded: Decoded,
    is_drained: bool,
    /// It was not read to its end, which nobody knew.
    pub(super) is_over_limit: bool,
}

/// Makes room for more, leaving no copy of a key where the bytes were before.
fn reserve(buffer: &mut Wiped, more: usize) {
    if buffer.capacity().saturating_sub(buffer.len()) >= more {
        return;
    }
    let room = buffer.len().saturating_mul(2).max(buffer.len().saturating_add(more));
    let mut larger = Wiped::with_capacity(room);
    larger.extend_from_slice(buffer);
    *buffer = larger;
}
