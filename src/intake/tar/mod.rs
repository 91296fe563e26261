//! Tar: a push-style scanner, fed alike from plain files, pipes and decompressors.
//!
//! The tar crate's `Archive` is not used: it stops at the first zero block, takes a cut at a header for the end, reads
//! long names of any length into memory and gives sparse maps out as file content.

mod announce;
mod between;
mod decimal;
mod extension;
mod header;
mod listing;
mod pax;
mod scanner;
mod sparse;
mod state;
#[cfg(test)]
mod tests;

use super::container::{Container, Context, Input, Opened};
use super::depth::Depth;
use super::nested;
use super::prefetch::{Behind, Prefetch};
use crate::wiped::Wiped;
use header::{Block, checksum_holds, is_zero};
use scanner::Scanner;
use std::io::{self, ErrorKind, Read};
use std::thread;

/// The container.
pub(super) const CONTAINER: Container =
    Container { is_damaged, ..Container::new("tar", sniff, walk) };

/// Bytes read at once. Between 64 and 256 KiB all sizes cost the same; 32 KiB costs 2.5 % more on top of inflate.
const WINDOW_BYTES: usize = 128 << 10;

/// Bytes read first after a jump, where often no more than a header is wanted before the next one. Each read that follows is
/// twice as long.
const LANDING_BYTES: usize = 4 << 10;

/// Bytes read without a jump from which on a tar is taken for dense, and read, or unpacked, in a thread of its own.
const DENSE_BYTES: u64 = 4 << 20;

/// Returns `true` if `head` begins a tar: its first block is a valid header, names itself one, or is all zero.
fn sniff(head: &[u8]) -> bool {
    head.first_chunk::<{ header::BLOCK_BYTES }>()
        // Oak's own writer and v7 tar leave the magic out, so a checksum that holds is enough.
        .is_some_and(|block| checksum_holds(block) || names_itself(block) || is_zero(block))
}

/// Returns `true` if a header follows somewhere in `head`: a tar whose first header is damaged.
fn is_damaged(head: &[u8]) -> bool {
    head.as_chunks::<{ header::BLOCK_BYTES }>().0.iter().any(checksum_holds)
}

fn names_itself(block: &Block) -> bool {
    block.get(257..262) == Some(b"ustar")
}

fn walk(opened: Opened<'_>, context: &mut Context<'_>) {
    let Opened { head, input } = opened;
    let (limits, depth) = (context.limits, &mut context.depth);
    let mut scanner = Scanner::new(limits, context.visit, input.repeats(), depth.clone());
    let fed = push(&mut scanner, &head, input, depth);
    drop(head);
    let fed = fed.and_then(|()| feed(&mut scanner, input, depth));
    let entries = match fed {
        Ok(()) => scanner.finish(),
        Err(error) => scanner.fail(&error),
    };
    context.entries = context.entries.saturating_add(entries);
}

/// Pushes bytes into the scanner. An archive among them is walked, with more from `input`.
fn push(
    scanner: &mut Scanner<'_>,
    bytes: &[u8],
    input: &mut dyn Input,
    depth: &mut Depth,
) -> io::Result<()> {
    let mut rest = scanner.push(bytes);
    while let Some(length) = scanner.inner() {
        // The walk inside reads from the same input, so nothing of it is read into memory first.
        let mut member = Member { ready: rest, input, left: length, failed: None };
        let path = scanner.path.to_owned();
        let (limits, visit) = (scanner.limits, &mut *scanner.visit);
        let member_of = nested::Member { path: &path, size: length, entries: scanner.entries };
        nested::walk(&mut member, member_of, limits, visit, depth);
        // Many small bombs inside one tar share one bound of bytes and of entries.
        scanner.before.clone_from(depth);
        let Member { ready, left, failed, .. } = member;
        // The walk may end before its body does, at a limit or where nothing is known; the rest is skipped from there.
        scanner.leave_inner(length.saturating_sub(left));
        if let Some(error) = failed {
            return Err(error);
        }
        rest = scanner.push(ready);
    }
    Ok(())
}

/// The body of one entry, of which the first bytes were read already.
struct Member<'b, 'i> {
    ready: &'b [u8],
    input: &'i mut dyn Input,
    left: u64,
    failed: Option<io::Error>,
}

impl Read for Member<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).map_or(out.len(), |left| left.min(out.len()));
        let out = out.get_mut(..room).unwrap_or_default();
        let result =
            if self.ready.is_empty() { self.input.read(out) } else { self.ready.read(out) };
        match result {
            Ok(length) => {
                self.left = self.left.saturating_sub(scanner::to_u64(length));
                Ok(length)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            // Both the archive and the one around it end here.
            Err(error) => {
                let told = io::Error::new(error.kind(), error.to_string());
                self.failed = Some(error);
                Err(told)
            }
        }
    }
}

/// Feeds the scanner to the end of the input, jumping over what does not matter where the input can jump.
fn feed(scanner: &mut Scanner<'_>, input: &mut dyn Input, depth: &mut Depth) -> io::Result<()> {
    let jump_bytes_min = scanner.limits.jump_bytes_min;
    let mut window = Wiped::zeros(WINDOW_BYTES);
    let mut reach = WINDOW_BYTES;
    let mut run = 0_u64;
    // To the end of the input: what stops at the end of the archive, as Python does, misses a gzip cut in its trailer.
    // Nor does it end with the keys that are found, since of entries of one name the last one counts.
    while !scanner.stopped() {
        let skippable = scanner.skippable();
        if skippable >= jump_bytes_min {
            let jumped = input.jump(skippable)?;
            scanner.skip(jumped);
            // A shorter jump ended at the end of the file, or the input cannot jump; a read shows
            // whether the archive is cut.
            if jumped == skippable {
                (reach, run) = (LANDING_BYTES, 0);
                continue;
            }
        }
        if run >= DENSE_BYTES {
            feed_ahead(scanner, input, depth)?;
            run = 0;
            continue;
        }
        // Nothing is read beyond a body behind which is a jump: it would be of what is jumped over.
        let wanted = scanner.wanted_before_jump(jump_bytes_min);
        let length = wanted.map_or(reach, |wanted| wanted.min(WINDOW_BYTES));
        match input.read(window.get_mut(..length).unwrap_or_default()) {
            Ok(0) => break,
            Ok(length) => {
                push(scanner, window.get(..length).unwrap_or_default(), input, depth)?;
                run = run.saturating_add(scanner::to_u64(length));
                reach = reach.saturating_mul(2).min(WINDOW_BYTES);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Feeds the scanner while there is nothing to jump over, with what another thread reads meanwhile.
fn feed_ahead(
    scanner: &mut Scanner<'_>,
    input: &mut dyn Input,
    depth: &mut Depth,
) -> io::Result<()> {
    let is_free = scanner.limits.source_threads_max > 1;
    // What is unpacked cannot be jumped over.
    let jump_bytes_min =
        if input.is_plain_file() { scanner.limits.jump_bytes_min } else { u64::MAX };
    let Some(file) = input.elsewhere().filter(|_| is_free) else { return Ok(()) };
    let ahead = thread::scope(|scope| {
        let Ok(mut ahead) = Prefetch::start(scope, Wiped::default(), file) else {
            return Ok(None);
        };
        while !scanner.stopped() && scanner.skippable() < jump_bytes_min {
            let Some(piece) = ahead.take_piece()? else { break };
            push(scanner, &piece, &mut ahead, depth)?;
            ahead.give_back(piece);
        }
        ahead.stop();
        Ok::<_, io::Error>(Some(ahead))
    })?;
    // So that the input stands where the scanner does.
    let Some(mut before) = ahead else { return Ok(()) };
    while let Some(piece) = before.take_piece()? {
        push(scanner, &piece, &mut Behind { before: &mut before, input }, depth)?;
    }
    Ok(())
}
