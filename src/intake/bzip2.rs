//! Bzip2: streams one after the other, as parallel packers write them.

use super::codec::{Codec, Compressed, Flow, Head, Stop};
use super::compressed;
use super::container::{Container, Context, Opened};
use crate::facts::GapKind;
use ::bzip2::{Decompress, Status};

/// The container.
pub(super) const CONTAINER: Container = Container::new(
    Bunzip::NAME,
    |head| head.get(..Bunzip::MAGIC_BYTES).is_some_and(Bunzip::may_start),
    walk,
);

const MAGIC: &[u8] = b"BZh";

fn walk(opened: Opened<'_>, context: &mut Context<'_>) {
    // There is no window to bound: a block has 900 kB at most, and unpacking one takes 3.7 MB (bzip2 manual).
    // The small mode takes 2.3 MB and twice the time.
    compressed::walk(Bunzip(Decompress::new(false)), opened, context);
}

struct Bunzip(Decompress);

impl Codec for Bunzip {
    const NAME: &'static str = "bzip2";
    // `BZh` and a digit begin many a text, so the magic of the first block is looked at too.
    const MAGIC_BYTES: usize = 10;

    /// A stream begins with its magic, the size of its blocks, and the magic of a block or of its end.
    fn may_start(start: &[u8]) -> bool {
        let (magic, rest) = start.split_at_checked(MAGIC.len()).unwrap_or((start, &[]));
        let (level, block) =
            rest.split_first().map_or((b'1', rest), |(level, rest)| (*level, rest));
        MAGIC.starts_with(magic)
            && matches!(level, b'1'..=b'9')
            // The digits of pi begin a block, those of its square
            // root the end: an empty stream has only the latter.
            && [*b"\x31\x41\x59\x26\x53\x59", *b"\x17\x72\x45\x38\x50\x90"]
                .iter()
                .any(|known| known.starts_with(block))
    }

    fn start(&mut self, magic: &[u8], _: &mut dyn Compressed) -> Result<Head, Stop> {
        // pbzip2 writes a stream for each block, and a `Decompress` has no way to begin another one.
        self.0 = Decompress::new(false);
        self.0.decompress(magic, &mut []).map(|_| Head::Data).map_err(|_| Stop::damaged(Self::NAME))
    }

    fn step(&mut self, input: &mut dyn Compressed, out: &mut [u8]) -> (usize, Result<Flow, Stop>) {
        let bytes = match input.fill() {
            Ok(bytes) => bytes,
            Err(stop) => return (0, Err(stop)),
        };
        let ends = bytes.is_empty();
        let (in_before, out_before) = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(bytes, out);
        let count = |after: u64, before| usize::try_from(after.saturating_sub(before));
        let length = count(self.0.total_out(), out_before).unwrap_or_default();
        input.consume(count(self.0.total_in(), in_before).unwrap_or_default());
        let flow = match status {
            Ok(Status::StreamEnd) => Ok(Flow::End),
            Ok(Status::MemNeeded) => Err(Stop::Bad(
                GapKind::OverLimit,
                "bzip2 needs more memory than there is".to_owned(),
            )),
            Ok(_) if ends && length == 0 => Err(Stop::Ends),
            Ok(_) => Ok(Flow::On),
            Err(_) => Err(Stop::damaged(Self::NAME)),
        };
        (length, flow)
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::GapKind;
    use crate::intake::testing::{
        bzip2, damage_leaves_a_gap_and_keeps_what_came_before, scan_packed,
    };

    #[test]
    fn streams_may_follow_each_other_and_zeros_behind_them() {
        scan_packed(bzip2);
    }

    #[test]
    fn damage_leaves_a_gap() {
        damage_leaves_a_gap_and_keeps_what_came_before(bzip2, 23);
    }

    #[test]
    #[ignore = "sweep"]
    fn damage_to_any_byte_leaves_a_gap() {
        damage_leaves_a_gap_and_keeps_what_came_before(bzip2, 1);
    }

    #[test]
    fn text_that_begins_like_bzip2_is_none() {
        let recorder = crate::intake::testing::sniff_and_scan(b"BZh is how a bzip2 begins\n");
        assert_eq!(recorder.gaps(), [GapKind::NotAnArchive]);
    }
}
