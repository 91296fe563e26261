//! The tar state machine: bytes in, in pieces of any size; entries, bodies and gaps out.

use super::header::{self, BLOCK_BYTES, Block, Header, OwnerFields};
use super::pax::Extensions;
use super::sparse::Sparse;
use super::state::{Extension, Run, SkipPlan, State};
use crate::facts::{GapKind, Owner};
use crate::intake::container::Repeats;
use crate::intake::depth::Depth;
use crate::intake::path::EntryPath;
use crate::intake::{Extent, Visit, Want, ticket};
use crate::limits::Limits;
use crate::wiped::Wiped;
use std::collections::BTreeSet;
use std::io;

const BLOCK: u64 = BLOCK_BYTES as u64;

/// Scans a tar that is pushed into it.
pub(super) struct Scanner<'v> {
    pub(super) visit: &'v mut dyn Visit,
    pub(super) limits: &'v Limits,
    /// What other archives of the source came to.
    pub(super) before: Depth,
    /// Bytes consumed.
    pub(super) position: u64,
    pub(super) entries: u64,
    pub(super) state: State,
    /// Bytes that the state still needs.
    pub(super) left: u64,
    /// Bytes to skip after the body.
    pub(super) tail: u64,
    /// A header block of which a part has come.
    pub(super) block: Block,
    pub(super) filled: usize,
    /// A body or extension of which a part has come.
    pub(super) buffer: Wiped,
    /// The body being read may be key material: keys are always asked for whole. Wiping the start of every jar as well
    /// took as long as finding it.
    pub(super) secret: bool,
    /// What was asked of the body being read.
    pub(super) want: Want,
    /// Whether bodies can be read again at their positions.
    pub(super) repeats: Repeats,
    pub(super) extensions: Extensions,
    pub(super) sparse: Option<Sparse>,
    /// Path of the entry being read; reused, since a source may have millions.
    pub(super) path: EntryPath,
    /// The owner announced last; most entries have one and the same.
    pub(super) owner: Option<Owner>,
    /// What the headers of its entries say of it; `None` where extensions say more.
    pub(super) owner_fields: Option<OwnerFields>,
    pub(super) run: Run,
    /// Kinds of gap that are reported once a source, and were.
    said: BTreeSet<GapKind>,
}

impl<'v> Scanner<'v> {
    /// Returns a scanner at the start of an archive.
    ///
    /// `repeats`: whether what is pushed, from the first byte on, can be read again.
    /// `before`: what other archives of the source came to.
    pub(super) fn new(
        limits: &'v Limits,
        visit: &'v mut dyn Visit,
        repeats: Repeats,
        before: Depth,
    ) -> Self {
        Self {
            visit,
            limits,
            before,
            position: 0,
            entries: 0,
            state: State::Header,
            left: 0,
            tail: 0,
            block: [0; BLOCK_BYTES],
            filled: 0,
            buffer: Wiped::default(),
            secret: true,
            want: Want::Nothing,
            repeats,
            extensions: Extensions::default(),
            sparse: None,
            path: EntryPath::default(),
            owner: None,
            owner_fields: None,
            run: Run::default(),
            said: BTreeSet::new(),
        }
    }

    /// Returns `true` if a limit ended the scan.
    pub(super) fn stopped(&self) -> bool {
        self.state == State::Stopped
    }

    /// Returns how many of the next bytes do not matter.
    pub(super) fn skippable(&self) -> u64 {
        if self.state == State::Skip { self.left } else { 0 }
    }

    /// Returns how many more bytes a body needs behind which so many do not matter that they are jumped over.
    pub(super) fn wanted_before_jump(&self, jump_bytes_min: u64) -> Option<usize> {
        let is_last = self.state == State::Body && self.tail >= jump_bytes_min;
        usize::try_from(self.left).ok().filter(|left| is_last && *left > 0)
    }

    /// Passes over bytes that were jumped; at most [`Self::skippable`].
    pub(super) fn skip(&mut self, bytes: u64) {
        self.position = self.position.saturating_add(bytes);
        self.left = self.left.saturating_sub(bytes);
        if self.left == 0 {
            self.state = State::Header;
        }
        self.check_unpacked();
    }

    /// Returns how many of the next bytes are an archive to be walked, when they are.
    pub(super) fn inner(&self) -> Option<u64> {
        (self.state == State::Inner).then_some(self.left)
    }

    /// Goes on behind so many bytes of an archive that was walked.
    pub(super) fn leave_inner(&mut self, read: u64) {
        self.position = self.position.saturating_add(read);
        self.left = self.left.saturating_sub(read).saturating_add(self.tail);
        self.state = if self.left == 0 { State::Header } else { State::Skip };
        self.check_unpacked();
    }

    /// Takes the next bytes, up to an archive that is to be walked; returns those from there on.
    pub(super) fn push<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match self.state {
                State::Header | State::SparseMap(_) => self.push_block(rest),
                State::Extension(kind) => self.push_extension(kind, rest),
                State::Body => self.push_body(rest),
                State::Stream => self.push_stream(rest),
                State::Listing => self.push_listing(rest),
                State::Skip => {
                    let (_, behind) = cut(rest, self.left);
                    let skipped = rest.len().saturating_sub(behind.len());
                    self.skip(to_u64(skipped));
                    behind
                }
                State::Stopped => return &[],
                State::Inner => break,
            };
        }
        self.check_unpacked();
        rest
    }

    /// Ends the scan: the input has no more bytes. Returns the number of entries.
    pub(super) fn finish(mut self) -> u64 {
        self.say_damage();
        // `position` counts whole blocks and bodies, and a gap names the byte at which the file really ends.
        let partial = to_u64(self.filled).saturating_add(to_u64(self.buffer.len()));
        let offset = self.position.saturating_add(partial);
        match self.state {
            State::Stopped => {}
            State::Header => self.finish_between(offset),
            State::Extension(_) => {
                self.gap(
                    GapKind::Partial,
                    format!("ends inside an extension header at byte {offset}"),
                );
            }
            State::SparseMap(_)
            | State::Body
            | State::Stream
            | State::Inner
            | State::Listing
            | State::Skip => {
                let reason = format!("ends inside the entry at byte {offset}");
                self.path_gap(GapKind::Partial, reason);
            }
        }
        self.entries
    }

    /// Ends the scan because the input failed. Every entry behind is lost too, so the gap names none.
    pub(super) fn fail(mut self, error: &io::Error) -> u64 {
        self.say_damage();
        let reason = format!("{error} at byte {}; the rest was not read", self.position);
        self.gap(GapKind::Unreadable, reason);
        self.entries
    }

    /// Reports a gap of the source as a whole.
    pub(super) fn gap(&mut self, kind: GapKind, reason: String) {
        self.visit.gap(None, kind, reason);
    }

    /// Reports a gap of the entry being read.
    pub(super) fn path_gap(&mut self, kind: GapKind, reason: String) {
        let path = Some(&*self.path).filter(|path| !path.is_empty());
        self.visit.gap(path, kind, reason);
    }

    /// Returns `true` if no gap of this kind was reported yet, and remembers that one is now.
    pub(super) fn is_first(&mut self, kind: GapKind) -> bool {
        self.said.insert(kind)
    }

    /// Returns `true` if another entry may come.
    pub(super) fn has_room(&self) -> bool {
        self.entries.saturating_add(self.before.entries_elsewhere()) < self.limits.entries_max
    }

    /// Ends the scan at a limit.
    pub(super) fn stop(&mut self, reason: String) {
        self.say_damage();
        self.state = State::Stopped;
        self.gap(GapKind::OverLimit, reason);
    }

    /// Returns the byte offset of the header block read last.
    pub(super) fn header_offset(&self) -> u64 {
        self.position.saturating_sub(BLOCK)
    }

    /// Returns where the body of the header read last lies, when it lies there in one piece and can be read again.
    pub(super) fn body_extent(&self) -> Option<Extent> {
        let start = self.position;
        let is_repeatable = !matches!(self.repeats, Repeats::Never);
        (is_repeatable && self.sparse.is_none()).then_some(Extent::Plain { start })
    }

    /// Arranges for what follows the header.
    pub(super) fn follow(&mut self, plan: SkipPlan) {
        self.left = plan.need.unwrap_or_default();
        self.tail = plan.stored.saturating_sub(self.left);
        if plan.map_follows {
            self.state = State::SparseMap(plan.need.is_some());
        } else {
            self.enter_body(plan.need.is_some());
        }
    }

    fn enter_body(&mut self, wanted: bool) {
        if !wanted {
            self.enter_skip();
        } else if self.want == Want::Archive
            && (self.left > 0 || !ticket::is_known(&self.path, &[]))
        {
            // A file of no bytes may be a failed upload.
            self.state = State::Inner;
        } else if self.want == Want::Archive {
            self.enter_skip();
        } else if self.want == Want::Stream {
            self.state = State::Stream;
            self.end_stream();
        } else if self.left == 0 {
            // No byte of an empty body will come, so nothing else would deliver it.
            self.deliver(&[]);
            self.enter_skip();
        } else {
            self.state = State::Body;
        }
    }

    /// Arranges for what follows a body or extension: its tail, then a header.
    pub(super) fn enter_skip(&mut self) {
        self.left = self.tail;
        self.state = if self.left == 0 { State::Header } else { State::Skip };
    }

    fn push_block<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        if self.filled == 0
            && let Some((block, rest)) = bytes.split_first_chunk::<BLOCK_BYTES>()
        {
            self.take_block(block);
            return rest;
        }
        let (piece, rest) = cut(bytes, to_u64(BLOCK_BYTES.saturating_sub(self.filled)));
        let end = self.filled.saturating_add(piece.len());
        // Pieces of a decompressor end anywhere, and most headers lie whole in one; only the others are copied.
        if let Some(room) = self.block.get_mut(self.filled..end) {
            room.copy_from_slice(piece);
        }
        self.filled = end;
        if self.filled == BLOCK_BYTES {
            self.filled = 0;
            let block = self.block;
            self.take_block(&block);
        }
        rest
    }

    fn take_block(&mut self, block: &Block) {
        self.position = self.position.saturating_add(BLOCK);
        // A block of a sparse map has no checksum, so it is taken for one before it can be taken for damage.
        if let State::SparseMap(wanted) = self.state {
            self.take_sparse_map(block, wanted);
        } else if let Some(header) = Header::checked(block) {
            self.take_header(header);
        } else if header::is_zero(block) {
            self.take_zeros();
        } else {
            self.take_unknown(block);
        }
    }

    fn take_header(&mut self, header: Header<'_>) {
        // GNU tar, bsdtar and Python stop at zeros, so what
        // follows them has to be reported as well as read.
        self.say_damage();
        self.note_zeros();
        self.run = Run::default();
        match header.kind() {
            b'L' => self.enter_extension(header, Extension::LongName),
            b'K' => self.enter_extension(header, Extension::LongLink),
            b'x' | b'X' => self.enter_extension(header, Extension::Records),
            b'g' => self.enter_extension(header, Extension::Global),
            _ => self.announce(header),
        }
    }

    fn take_sparse_map(&mut self, block: &Block, wanted: bool) {
        let (pairs, more) = header::sparse_extension(block);
        // An old GNU map may go on in any number of blocks; a pair of it has 24 bytes there.
        let pairs_max = usize::try_from(self.limits.extension_bytes_max / 24).unwrap_or(usize::MAX);
        if let Some(sparse) = &mut self.sparse
            && sparse.fault.is_none()
        {
            match (pairs, &mut sparse.map) {
                (Ok(pairs), Some(map)) if map.len().saturating_add(pairs.len()) <= pairs_max => {
                    map.extend(pairs);
                }
                _ => sparse.fault = Some("a sparse file whose map cannot be read"),
            }
        }
        if !more {
            self.enter_body(wanted);
        }
    }

    fn push_body<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (piece, rest) = cut(bytes, self.left);
        if self.buffer.is_empty() && to_u64(piece.len()) == self.left {
            self.position = self.position.saturating_add(self.left);
            self.deliver(piece);
            self.enter_skip();
            return rest;
        }
        if self.buffer.is_empty() {
            // Once, so that no copy of a key stays behind where the vector was before it grew. The caller bounded it.
            // Bodies of earlier entries were wiped or hold no keys.
            self.buffer.reserve_exact(usize::try_from(self.left).unwrap_or_default());
        }
        self.buffer.extend_from_slice(piece);
        self.left = self.left.saturating_sub(to_u64(piece.len()));
        if self.left == 0 {
            let mut body = std::mem::take(&mut self.buffer);
            self.position = self.position.saturating_add(to_u64(body.len()));
            self.deliver(&body);
            if self.secret {
                body.wipe();
            }
            body.clear();
            self.buffer = body;
            self.enter_skip();
        }
        rest
    }

    fn push_stream<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (piece, rest) = cut(bytes, self.left);
        let length = to_u64(piece.len());
        self.position = self.position.saturating_add(length);
        self.left = self.left.saturating_sub(length);
        self.visit.piece(piece);
        self.end_stream();
        rest
    }

    fn end_stream(&mut self) {
        if self.left == 0 {
            self.visit.body_end();
            self.enter_skip();
        }
    }

    fn deliver(&mut self, stored: &[u8]) {
        match self.sparse.take().map(|sparse| sparse.expand(stored)) {
            None => self.visit.body(stored),
            Some(Ok(whole)) => self.visit.body(&whole),
            Some(Err(reason)) => self.path_gap(GapKind::Unsupported, reason.to_owned()),
        }
    }

    fn check_unpacked(&mut self) {
        // Bytes that were jumped over count as well, for
        // they are part of what the source unpacks to.
        if self.position > self.before.unpacked_left(self.limits) && !self.stopped() {
            let reason = self.before.unpacks_to_more(self.limits);
            self.visit.gap(None, GapKind::OverLimit, reason);
            self.state = State::Stopped;
        }
    }
}

/// Returns `size` rounded up to whole blocks.
pub(super) fn padded(size: u64) -> u64 {
    // A forged size near 2^64 ends as a cut archive; nothing is allocated for it.
    size.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX)
}

/// Splits off at most so many bytes.
pub(super) fn cut(bytes: &[u8], at_most: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(at_most).map_or(bytes.len(), |at| at.min(bytes.len()));
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

/// Returns a length as the type of file offsets.
pub(super) fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
