//! Zstandard: frames one after the other, skippable ones among them.

use super::codec::{self, Codec, Compressed, Flow, Head, Stop};
use super::compressed;
use super::container::{Container, Context, Opened};
use crate::facts::GapKind;
use crate::limits::Limits;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, ErrorKind, Read};

/// The container.
pub(super) const CONTAINER: Container = Container::new(
    Unzstd::NAME,
    |head| head.get(..Unzstd::MAGIC_BYTES).is_some_and(Unzstd::may_start),
    walk,
);

const MAGIC: [u8; 4] = *b"\x28\xb5\x2f\xfd";

/// The magic of a skippable frame but for the lower half of its first byte.
const SKIPPABLE: [u8; 4] = *b"\x50\x2a\x4d\x18";

/// A last block of nothing and room for a checksum: the decoder hands out the window it keeps only at the end of a frame.
const END_OF_FRAME: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

fn walk(opened: Opened<'_>, context: &mut Context<'_>) {
    compressed::walk(Unzstd::new(context.limits), opened, context);
}

pub(super) struct Unzstd {
    decoder: FrameDecoder,
    /// Bytes that came out of the frame.
    produced: u64,
    /// Why the frame cannot be read on, once what it kept is handed out.
    stop: Option<Stop>,
}

impl Unzstd {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut decoder = FrameDecoder::new();
        // A frame may ask for a window of 3.75 TB (RFC 8878 §3.1.1.1.2), and the decoder keeps the window in memory.
        decoder.set_max_window_size(limits.window_bytes_max);
        Self { decoder, produced: 0, stop: None }
    }

    fn decode(&mut self, input: &mut dyn Compressed) {
        // The decoder reports whatever ends its input as damage; the reader remembers whether it was a cut or the disk.
        let mut reader = Reader { input, stop: None };
        // A block at a time, so that no more than a window and one block are held at once.
        let decoded = self.decoder.decode_blocks(&mut reader, BlockDecodingStrategy::UptoBlocks(1));
        if decoded.is_err() {
            self.stop = Some(reader.stop.unwrap_or_else(|| Stop::damaged(Self::NAME)));
            // What it answers does not matter: there is nothing more to be had of this frame.
            let strategy = BlockDecodingStrategy::UptoBlocks(1);
            drop(self.decoder.decode_blocks(END_OF_FRAME.as_slice(), strategy));
        }
    }

    fn finish(&mut self) -> Result<Flow, Stop> {
        if let Some(stop) = self.stop.take() {
            return Err(stop);
        }
        let stored = self.decoder.get_checksum_from_data();
        let size = self.decoder.content_size();
        // The checksum of a frame is optional, and so is its
        // size (RFC 8878 §3.1.1): 0 is one that is not said.
        Ok(if stored.is_some() && stored != self.decoder.get_calculated_checksum() {
            Flow::Wrong("checksum does not fit the content")
        } else if size != 0 && size != self.produced {
            Flow::Wrong("content is not as long as its header says")
        } else {
            Flow::End
        })
    }
}

impl Codec for Unzstd {
    const NAME: &'static str = "zstd";
    const MAGIC_BYTES: usize = 4;

    fn may_start(start: &[u8]) -> bool {
        let mut skippable = SKIPPABLE;
        if let (Some(known), Some(first)) = (skippable.first_mut(), start.first()) {
            // Sixteen magic numbers, 0x184D2A50 to 0x184D2A5F,
            // are of skippable frames (RFC 8878 §3.1.2).
            *known |= first & 0x0f;
        }
        MAGIC.starts_with(start) || skippable.starts_with(start)
    }

    fn start(&mut self, magic: &[u8], input: &mut dyn Compressed) -> Result<Head, Stop> {
        (self.produced, self.stop) = (0, None);
        let mut reader = Reader { input, stop: None };
        let error = match self.decoder.reset(magic.chain(&mut reader)) {
            Ok(()) => return Ok(Head::Data),
            Err(error) => error,
        };
        if let Some(stop) = reader.stop {
            return Err(stop);
        }
        match error {
            // pzstd writes a skippable frame before each other one, and the seekable format keeps a table of places in one.
            FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            }) => skip(input, u64::from(length)).map(|()| Head::Nothing),
            FrameDecoderError::WindowSizeTooBig { requested, .. } => {
                let cure = "pack it again with `zstd -dc --long=31 FILE | zstd -19 > NAME.tar.zst`";
                let reason = codec::window_too_large(Self::NAME, requested, cure);
                Err(Stop::Bad(GapKind::OverLimit, reason))
            }
            // A dictionary is a file of its own (`zstd -D`) and no part of the archive.
            FrameDecoderError::DictNotProvided { .. } => {
                let reason = "zstd that needs a dictionary; pack it again without one";
                Err(Stop::Bad(GapKind::Unsupported, reason.to_owned()))
            }
            _ => Err(Stop::damaged(Self::NAME)),
        }
    }

    fn step(&mut self, input: &mut dyn Compressed, out: &mut [u8]) -> (usize, Result<Flow, Stop>) {
        if self.decoder.can_collect() == 0 {
            if self.stop.is_some() || self.decoder.is_finished() {
                return (0, self.finish());
            }
            self.decode(input);
        }
        // Reading from the decoder's own memory cannot fail.
        let length = self.decoder.read(out).unwrap_or_default();
        self.produced = self.produced.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        (length, Ok(Flow::On))
    }
}

fn skip(input: &mut dyn Compressed, mut bytes: u64) -> Result<(), Stop> {
    while bytes > 0 {
        let filled = input.fill()?.len();
        if filled == 0 {
            return Err(Stop::Ends);
        }
        let length = usize::try_from(bytes).map_or(filled, |bytes| bytes.min(filled));
        input.consume(length);
        bytes = bytes.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
    }
    Ok(())
}

/// The compressed bytes as the decoder wants them; remembers what it cannot pass on.
struct Reader<'a> {
    input: &'a mut dyn Compressed,
    stop: Option<Stop>,
}

impl Read for Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // Nothing was asked for, which must not pass for the end of the input below.
        if out.is_empty() {
            return Ok(0);
        }
        let length = match self.input.fill() {
            Ok(bytes) => {
                let length = bytes.len().min(out.len());
                if let (Some(to), Some(from)) = (out.get_mut(..length), bytes.get(..length)) {
                    to.copy_from_slice(from);
                }
                length
            }
            Err(stop) => {
                self.stop = Some(stop);
                return Err(ErrorKind::Other.into());
            }
        };
        if length == 0 {
            self.stop = Some(Stop::Ends);
        }
        self.input.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::GapKind;
    use crate::intake::testing::{
        Feed, Recorder, archive, damage_leaves_a_gap_and_keeps_what_came_before, member, scan,
        scan_packed, sniff_and_scan, zstd,
    };
    use crate::limits::Limits;
    use crate::testing::Scenes;

    #[test]
    fn frames_may_follow_each_other_and_zeros_behind_them() {
        scan_packed(zstd);
    }

    #[test]
    fn damage_leaves_a_gap() {
        damage_leaves_a_gap_and_keeps_what_came_before(zstd, 23);
    }

    #[test]
    #[ignore = "sweep"]
    fn damage_to_any_byte_leaves_a_gap() {
        damage_leaves_a_gap_and_keeps_what_came_before(zstd, 1);
    }

    #[test]
    fn skippable_frames_are_passed_over() {
        let tar = archive(&[member(b'0', "a", b"1")]);
        let frame = [b"\x5e\x2a\x4d\x18\x04\0\0\0".to_vec(), vec![9; 4]].concat();
        let bytes = [frame.clone(), zstd(&tar[..700]), frame.clone(), zstd(&tar[700..])].concat();
        let recorder = sniff_and_scan(&bytes);
        assert_eq!((recorder.gaps(), recorder.files().len()), (vec![], 1));
        let cut = sniff_and_scan(&[zstd(&tar), frame[..9].to_vec()].concat());
        assert_eq!((cut.gaps(), cut.files().len()), (vec![GapKind::Partial], 1));
    }

    /// The header of a frame: no checksum, a window of `2 ^ (10 + exponent)` bytes; then a raw last block.
    fn frame_of_window(exponent: u8, content: &[u8]) -> Vec<u8> {
        let header = (u32::try_from(content.len()).unwrap() << 3 | 1).to_le_bytes();
        [&super::MAGIC[..], &[0, exponent << 3], &header[..3], content].concat()
    }

    #[test]
    fn window_over_the_limit_is_refused_with_a_way_out() {
        let tar = archive(&[member(b'0', "a", b"1")]);
        let limits = Limits::default();
        let walk = |exponent, limits: &Limits| {
            let bytes = frame_of_window(exponent, &tar);
            scan(&bytes, Feed::Whole, limits, Recorder::default(), true)
        };
        assert_eq!(walk(13, &limits).gaps(), []);
        let refused = walk(17, &limits);
        assert_eq!(refused.gaps(), [GapKind::OverLimit], "and not that it has no bytes");
        let mut scenes = Scenes::default();
        scenes.add("window of 128 MiB", refused.reasons()[0]);
        scenes.are("window-zstd");
        let raised = Limits { window_bytes_max: 128 << 20, ..limits };
        assert_eq!(walk(17, &raised).gaps(), []);
    }
}
