//! The walk of what a compression holds.

use super::codec::{Codec, INPUT_BYTES};
use super::container::{Context, Opened};
use super::fs::File;
use super::prefetch::Prefetch;
use super::reread::Reread;
use super::shared_file::Positioned;
use super::unpack::{Movable, Unpack};
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
pub(super) fn walk<C: Codec + Send + 'static>(
    codec: C,
    opened: Opened<'_>,
    context: &mut Context<'_>,
) {
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
            Ok(input) => {
                let mut unpack = Movable(unpack(codec, input, file.as_ref(), context));
                walk_input(&mut unpack, context);
                finish(unpack.0, file, context);
                None
            }
            Err(head) => Some((codec, head, file)),
        }),
    };
    if let Some((codec, head, file)) = here {
        // Stored blocks of deflate hold a key as it is, so the compressed bytes are wiped as well.
        let input = WipingReader::new(INPUT_BYTES, head.chain(input));
        let mut unpack = unpack(codec, input, file.as_ref(), context);
        walk_input(&mut unpack, context);
        finish(unpack, file, context);
    }
}

fn unpack<R: BufRead, C: Codec>(
    codec: C,
    input: R,
    file: Option<&File>,
    context: &Context<'_>,
) -> Unpack<R, C> {
    let mut unpack = Unpack::new(codec, input, context.limits, context.depth.clone());
    if file.is_some() {
        unpack.keep_places();
    }
    unpack
}

/// Takes from a walk what it came to.
fn finish<R: BufRead, C: Codec + 'static>(
    mut unpack: Unpack<R, C>,
    file: Option<File>,
    context: &mut Context<'_>,
) {
    context.unpacked = context.unpacked.saturating_add(unpack.produced());
    for (kind, reason) in std::mem::take(&mut unpack.problems) {
        context.visit.gap(None, kind, reason);
    }
    if let Some((codec, restarts)) = unpack.into_places()
        && let Some(Ok(file)) = file.map(Positioned::new)
    {
        let reread = Reread::new(file, codec, restarts, context.limits);
        context.random_access = Some(Box::new(reread));
    }
}
