//! Xz: streams one after the other, each block checked as it says.

use super::codec::{self, Codec, Compressed, Flow, Head, Stop};
use super::compressed;
use super::container::{Container, Context, Opened};
use crate::facts::GapKind;
use crate::limits::Limits;
use lzma_rust2::{Action, Status, XzStream};
use std::io::{Error, ErrorKind};

/// The container.
pub(super) const CONTAINER: Container =
    Container::new(Unxz::NAME, |head| head.starts_with(MAGIC), walk);

const MAGIC: &[u8] = b"\xfd7zXZ\0";

/// KiB that the decoder counts beside the dictionary.
// `get_stream_memory_usage` of lzma-rust2 adds 40 KiB, so without them a dictionary of just the limit would be refused.
const OVERHEAD_KIB: u64 = 40;

fn walk(opened: Opened<'_>, context: &mut Context<'_>) {
    compressed::walk(Unxz::new(context.limits), opened, context);
}

/// Unpacks streams.
pub(super) struct Unxz {
    stream: XzStream,
    memory_kib: u32,
}

impl Unxz {
    pub(super) fn new(limits: &Limits) -> Self {
        // `xz -9` has a dictionary of 64 MiB, and the format allows 4 GiB: the decoder makes room for it at the first block.
        let kibibytes = (limits.window_bytes_max >> 10).saturating_add(OVERHEAD_KIB);
        let memory_kib = u32::try_from(kibibytes).unwrap_or(u32::MAX);
        Self { stream: XzStream::new(false), memory_kib }
    }

    fn stop(&self, error: &Error) -> Stop {
        match error.kind() {
            // lzma-rust2 answers a dictionary over the limit with this kind, before it makes room for it.
            ErrorKind::OutOfMemory => {
                let needed = u64::from(self.stream.memory_usage().unwrap_or(u32::MAX));
                let window = needed.saturating_sub(OVERHEAD_KIB) << 10;
                let cure = "pack it again with `xz -dc FILE | xz -6 > NAME.tar.xz`";
                Stop::Bad(GapKind::OverLimit, codec::window_too_large(Self::NAME, window, cure))
            }
            ErrorKind::Unsupported => {
                let reason = "xz with filters that are not supported; pack it again with \
                    `xz -dc FILE | gzip > NAME.tar.gz`";
                Stop::Bad(GapKind::Unsupported, reason.to_owned())
            }
            _ => Stop::damaged(Self::NAME),
        }
    }
}

impl Codec for Unxz {
    const NAME: &'static str = "xz";
    const MAGIC_BYTES: usize = MAGIC.len();

    fn may_start(start: &[u8]) -> bool {
        MAGIC.starts_with(start)
    }

    fn start(&mut self, magic: &[u8], _: &mut dyn Compressed) -> Result<Head, Stop> {
        // `false`: streams that follow are begun by `Unpack`, which also looks for zeros and unknown bytes between them.
        self.stream = XzStream::new_mem_limit(false, self.memory_kib);
        let started = self.stream.process(magic, &mut [], Action::Run);
        started.map(|_| Head::Data).map_err(|error| self.stop(&error))
    }

    fn step(&mut self, input: &mut dyn Compressed, out: &mut [u8]) -> (usize, Result<Flow, Stop>) {
        let bytes = match input.fill() {
            Ok(bytes) => bytes,
            Err(stop) => return (0, Err(stop)),
        };
        let ends = bytes.is_empty();
        let (in_before, out_before) = (self.stream.total_in(), self.stream.total_out());
        let result = self.stream.process(bytes, out, Action::Run);
        let count = |after: u64, before| usize::try_from(after.saturating_sub(before));
        let length = count(self.stream.total_out(), out_before).unwrap_or_default();
        input.consume(count(self.stream.total_in(), in_before).unwrap_or_default());
        let flow = match result {
            Ok(result) if result.status == Status::StreamEnd => Ok(Flow::End),
            // With its input at an end the decoder may still
            // hand out what it holds, so both are asked for.
            Ok(_) if ends && length == 0 => Err(Stop::Ends),
            Ok(_) => Ok(Flow::On),
            Err(error) => Err(self.stop(&error)),
        };
        (length, flow)
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::GapKind;
    use crate::intake::testing::{
        Feed, Recorder, archive, damage_leaves_a_gap_and_keeps_what_came_before, member, scan,
        scan_packed, xz, xz_of_window,
    };
    use crate::limits::Limits;
    use crate::testing::Scenes;

    #[test]
    fn streams_may_follow_each_other_and_zeros_behind_them() {
        scan_packed(xz);
    }

    #[test]
    fn damage_leaves_a_gap() {
        damage_leaves_a_gap_and_keeps_what_came_before(xz, 23);
    }

    #[test]
    #[ignore = "sweep"]
    fn damage_to_any_byte_leaves_a_gap() {
        damage_leaves_a_gap_and_keeps_what_came_before(xz, 1);
    }

    #[test]
    fn dictionary_over_the_limit_is_refused_with_a_way_out() {
        let tar = archive(&[member(b'0', "a", b"1")]);
        let gaps = |window: u32, limits: &Limits| {
            let bytes = xz_of_window(&tar, window);
            scan(&bytes, Feed::Whole, limits, Recorder::default(), true)
        };
        let limits = Limits::default();
        assert_eq!(gaps(8 << 20, &limits).gaps(), []);
        let refused = gaps(64 << 20, &limits);
        assert_eq!(refused.gaps(), [GapKind::OverLimit]);
        let mut scenes = Scenes::default();
        scenes.add("dictionary of 64 MiB", refused.reasons()[0]);
        scenes.are("window-xz");
        let raised = Limits { window_bytes_max: 64 << 20, ..limits };
        assert_eq!(gaps(64 << 20, &raised).gaps(), []);
    }
}
