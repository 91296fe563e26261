//! The walk of what a compression holds.

use super::codec::{Codec, INPUT_BYTES};
use super::container::{Context, Opened};
use super::fs::File;
use super::prefetch::Prefetch;
use super::reread::Reread;
use super::restarts::Restarts;
use super::shared_file::Positioned;
use super::unpack::Unpack;
use super::walk_input;
use super::wiping_reader::WipingReader;
use crate::facts::GapKind;
use std::io::{BufRead, Read};
use std::thread;

/// Returns `true` if one more compression may be opened, and counts it. A gap tells when not.
fn may_open(context: &mut Context<'_>) -> bool {
    // A gzip can unpack to itself (`r.gz` by Russ Cox), so without a limit this would never end.
    // Two let a tar.gz through that was packed once more.
    if context.nesting >= context.limits.nesting_max {
        let limit = context.limits.nesting_max;
        let reason = format!("more than {limit} compressions around each other; not opened");
        context.visit.gap(None, GapKind::OverLimit, reason);
        return false;
    }
    context.nesting = context.nesting.saturating_add(1);
    true
}

/// Walks what a compression holds.
pub(super) fn walk<C: Codec + 'static>(codec: C, opened: Opened<'_>, context: &mut Context<'_>) {
    if !may_open(context) {
        return;
    }
    let Opened { head, input } = opened;
    // A place in what is compressed twice would take a copy of both decoders, so that is not read again.
    let file = input.file().filter(|_| input.is_plain_file());
    let file = file.and_then(|file| file.try_clone().ok());
    let is_free = context.limits.source_threads_max > 1;
    let here = match input.elsewhere().filter(|_| is_free) {
        None => Some((codec, head, file)),
        Some(input) => thread::scope(|scope| match Prefetch::start(scope, head, input) {
            Ok(mut input) => {
                walk_bytes(codec, &mut input, file, context);
                None
            }
            Err(head) => Some((codec, head, file)),
        }),
    };
    if let Some((codec, head, file)) = here {
        // Stored blocks of deflate hold a key as it is, so the compressed bytes are wiped as well.
        let mut input = WipingReader::new(INPUT_BYTES, head.chain(input));
        walk_bytes(codec, &mut input, file, context);
    }
}

fn walk_bytes<C: Codec + 'static>(
    codec: C,
    input: &mut dyn BufRead,
    file: Option<File>,
    context: &mut Context<'_>,
) {
    let mut unpack = Unpack::new(codec, input, context.limits, context.depth.clone());
    unpack.restarts = file.is_some().then(|| Restarts::new(context.limits));
    walk_input(&mut unpack, context);
    context.unpacked = context.unpacked.saturating_add(unpack.produced());
    for (kind, reason) in std::mem::take(&mut unpack.problems) {
        context.visit.gap(None, kind, reason);
    }
    let Unpack { codec, restarts, .. } = unpack;
    if let (Some(file), Some(restarts)) = (file, restarts)
        && restarts.is_wanted()
        && let Ok(file) = Positioned::new(file)
    {
        let reread = Reread::new(file, codec, restarts, context.limits);
        context.random_access = Some(Box::new(reread));
    }
}
