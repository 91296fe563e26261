//! Tar: a push-style scanner, fed alike from plain files, pipes and decompressors.
//!
//! The tar crate's `Archive` is not used: it stops at the first zero block, takes a cut at a header for the end, reads
//! long names of any length into memory and gives sparse maps out as file content.

mod announce;
mod extension;
mod header;
mod pax;
mod scanner;
mod sparse;
#[cfg(test)]
mod tests;

use super::container::{Container, Context, Input, Opened};
use header::{Block, checksum_holds, is_zero};
use scanner::Scanner;
use std::io::{self, ErrorKind};
use zeroize::Zeroizing;

/// The container.
pub(super) const CONTAINER: Container = Container { name: "tar", sniff, walk };

/// Bytes read at once. Between 64 and 256 KiB all sizes cost the same; 32 KiB costs 2.5 % more on top of inflate.
const WINDOW_BYTES: usize = 128 << 10;

/// Bytes read first behind a jump, where often no more than a header is wanted before the next one. Each read that follows is
/// twice as long.
const LANDING_BYTES: usize = 8 << 10;

/// Says whether `head` begins a tar: its first block is a valid header, names itself one, or is all zero.
fn sniff(head: &[u8]) -> bool {
    head.first_chunk::<{ header::BLOCK_BYTES }>()
        .is_some_and(|block| checksum_holds(block) || names_itself(block) || is_zero(block))
}

/// Says whether a header follows somewhere in `head`: a tar whose first header is damaged.
pub(super) fn is_damaged(head: &[u8]) -> bool {
    head.as_chunks::<{ header::BLOCK_BYTES }>().0.iter().any(checksum_holds)
}

fn names_itself(block: &Block) -> bool {
    block.get(257..262) == Some(b"ustar")
}

fn walk(opened: Opened<'_>, context: &mut Context<'_>) {
    let Opened { head, input } = opened;
    let mut scanner = Scanner::new(context.limits, context.visit, input.is_repeatable());
    scanner.push(&head);
    drop(head);
    let fed = feed(&mut scanner, input, context.limits.jump_bytes_min);
    let entries = match fed {
        Ok(()) => scanner.finish(),
        Err(error) => scanner.fail(&error),
    };
    context.entries = context.entries.saturating_add(entries);
}

/// Feeds the scanner to the end of the input, jumping over what does not matter where the input can jump.
fn feed(scanner: &mut Scanner<'_>, input: &mut dyn Input, jump_bytes_min: u64) -> io::Result<()> {
    let mut window = Zeroizing::new(vec![0; WINDOW_BYTES]);
    let mut reach = WINDOW_BYTES;
    while !scanner.stopped() {
        let skippable = scanner.skippable();
        if skippable >= jump_bytes_min {
            let jumped = input.jump(skippable)?;
            scanner.skip(jumped);
            if jumped == skippable {
                reach = LANDING_BYTES;
                continue;
            }
        }
        match input.read(window.get_mut(..reach).unwrap_or_default()) {
            Ok(0) => break,
            Ok(length) => {
                scanner.push(window.get(..length).unwrap_or_default());
                reach = reach.saturating_mul(2).min(WINDOW_BYTES);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
