//! The inflater of gzip and zip: that of flate2, but one that can be copied in the middle of a stream, so that unpacking can start there
//! again.
//!
//! One of two modules with `unsafe`, beside `mapped`: no safe crate hands out copies of a fast inflater. `libz-rs-sys` is written in Rust and has the
//! interface of zlib.

#![allow(unsafe_code, reason = "the interface of zlib is one of C")]

// On what an install holds zlib-rs is as fast as ISA-L; miniz_oxide, the default of flate2, takes a third more cycles.
use libz_rs_sys::{
    Z_BUF_ERROR, Z_NO_FLUSH, Z_OK, Z_STREAM_END, inflate, inflateCopy, inflateEnd, inflateInit2_,
    inflateReset, inflateSetDictionary, uInt, z_stream, zlibVersion,
};

/// Bits of the window, negative where the stream has neither header nor trailer.
const RAW_WINDOW_BITS: i32 = -15;

/// As many as the window holds.
static ZEROS: [u8; 32 << 10] = [0; 32 << 10];

/// Inflates raw deflate streams, one after the other.
pub(super) struct Inflater {
    /// Boxed, since zlib itself forbids to move it.
    stream: Box<z_stream>,
}

/// What one call inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inflation {
    /// Compressed bytes used.
    pub(super) consumed: usize,
    /// Bytes that came out.
    pub(super) produced: usize,
    /// How the stream goes on.
    pub(super) course: Course,
}

/// How a deflate stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It needs more input, or more room.
    On,
    /// It has ended.
    Ended,
    /// It breaks its format; what came out before stands.
    Damaged,
}

// SAFETY: nothing of a stream belongs to a thread: its memory is of the allocator of Rust, and there is no second pointer to it.
unsafe impl Send for Inflater {}

impl Inflater {
    /// Bytes of memory that one takes: the window, the tables and what is around them.
    pub(super) const MEMORY_BYTES: usize = 48 << 10;

    /// Makes one at the start of a stream.
    pub(super) fn new() -> Self {
        let mut stream = Box::new(z_stream::default());
        // zlib compares this with its own size, and refuses a caller with another layout (`Z_VERSION_ERROR`).
        let bytes = i32::try_from(size_of::<z_stream>()).unwrap_or_default();
        // SAFETY: `stream` is valid and has the allocator that its default names; the version is that of the library itself. Where it
        // fails for want of memory, the stream has no state, which every other function takes for an error.
        unsafe { inflateInit2_(&raw mut *stream, RAW_WINDOW_BITS, zlibVersion(), bytes) };
        Self { stream }
    }

    /// Goes back to the start of a stream.
    pub(super) fn reset(&mut self) {
        // SAFETY: the stream was initialised, or has no state.
        unsafe { inflateReset(&raw mut *self.stream) };
    }

    /// Inflates from `input` into `out`, as far as both go.
    pub(super) fn inflate(&mut self, input: &[u8], out: &mut [u8]) -> Inflation {
        let (given, room) = (clamped(input.len()), clamped(out.len()));
        self.stream.next_in = input.as_ptr();
        self.stream.avail_in = given;
        self.stream.next_out = out.as_mut_ptr();
        self.stream.avail_out = room;
        // SAFETY: the stream was initialised, or has no state. It reads and writes no more than the bytes that were set, of slices that
        // outlive the call; what it keeps of their addresses is set anew before it is used.
        let status = unsafe { inflate(&raw mut *self.stream, Z_NO_FLUSH) };
        let count = |before: uInt, after| usize::try_from(before.saturating_sub(after));
        Inflation {
            consumed: count(given, self.stream.avail_in).unwrap_or_default(),
            produced: count(room, self.stream.avail_out).unwrap_or_default(),
            course: match status {
                Z_STREAM_END => Course::Ended,
                // `Z_BUF_ERROR` is no fault: zlib gives it where there is neither input nor room left (zlib.h).
                Z_OK | Z_BUF_ERROR => Course::On,
                // `Z_NEED_DICT` is not among the others: only the header of zlib can ask for a dictionary, and a raw stream has none.
                _ => Course::Damaged,
            },
        }
    }

    /// Returns another that goes on from the same place; `None` where nothing was inflated yet, or memory is out.
    pub(super) fn copy(&self) -> Option<Self> {
        let mut stream = Box::new(z_stream::default());
        // SAFETY: both are valid and not the same, and the source was initialised or has no state.
        let status = unsafe { inflateCopy(&raw mut *stream, &raw const *self.stream) };
        // Where it failed the copy may share its state with the source, and must not be ended.
        if status == Z_OK { Some(Self { stream }) } else { None }
    }

    /// Overwrites what was inflated last: a key may be among it.
    fn wipe(&mut self) {
        // zlib has no call that clears its window, and `inflateReset` leaves the bytes in it.
        // A dictionary of 32 KiB of zeros, which a raw stream takes at any time, overwrites all of it.
        self.reset();
        // SAFETY: the stream was initialised, or has no state; the bytes are copied from an array of this length.
        unsafe {
            inflateSetDictionary(&raw mut *self.stream, ZEROS.as_ptr(), clamped(ZEROS.len()))
        };
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        self.wipe();
        // SAFETY: the stream was initialised, or has no state, and is not used again.
        unsafe { inflateEnd(&raw mut *self.stream) };
    }
}

/// Returns a length as zlib wants it; of a longer slice the front is used.
fn clamped(length: usize) -> uInt {
    uInt::try_from(length).unwrap_or(uInt::MAX)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};
    use proptest::prelude::*;
    use std::io::Write;

    fn deflated(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Inflates the rest of a stream in pieces of these lengths.
    fn rest(inflater: &mut Inflater, packed: &[u8], pieces: (usize, usize)) -> (Vec<u8>, Course) {
        let (mut bytes, mut at) = (Vec::new(), 0);
        let mut out = vec![0; pieces.1];
        loop {
            let input = &packed[at..packed.len().min(at + pieces.0)];
            let inflation = inflater.inflate(input, &mut out);
            at += inflation.consumed;
            bytes.extend(&out[..inflation.produced]);
            let stuck = inflation.consumed == 0 && inflation.produced == 0;
            if inflation.course != Course::On || stuck {
                return (bytes, inflation.course);
            }
        }
    }

    fn plain() -> impl Strategy<Value = Vec<u8>> {
        let block = (0..4_u8, any::<u8>(), 1..20_000_usize);
        let fill = |(kind, seed, length): (u8, u8, usize)| {
            let mut state = u32::from(seed);
            let byte = move |at: usize| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = state.to_be_bytes()[0];
                match kind {
                    0 => noise,
                    1 => b'a' + noise % 8,
                    2 => seed,
                    _ => u8::try_from(at % 251).unwrap(),
                }
            };
            (0..length).map(byte).collect::<Vec<u8>>()
        };
        proptest::collection::vec(block.prop_map(fill), 0..6).prop_map(|blocks| blocks.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 200 }))]

        #[test]
        fn copy_goes_on_by_itself_as_often_as_wanted(
            plain in plain(),
            level in 0..10_u32,
            cut in 0.0..1.0_f64,
            pieces in (1..40_000_usize, 1..40_000_usize),
        ) {
            let packed = deflated(&plain, level);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "any place will do")]
            let cut = (packed.len() as f64 * cut) as usize;
            let mut inflater = Inflater::new();
            let mut head = vec![0; plain.len()];
            let inflation = inflater.inflate(&packed[..cut], &mut head);
            head.truncate(inflation.produced);
            let tail = &packed[inflation.consumed..];
            let expected = (plain[head.len()..].to_vec(), Course::Ended);
            prop_assert!(plain.starts_with(&head));
            let copy = inflater.copy().unwrap();
            for mut again in [copy.copy().unwrap(), copy, inflater] {
                prop_assert_eq!(&rest(&mut again, tail, pieces), &expected);
            }
            let other = miniz_oxide::inflate::decompress_to_vec(&packed).unwrap();
            prop_assert_eq!(other, plain);
        }

        #[test]
        fn what_is_no_stream_ends_as_elsewhere(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (mut ours, course) = rest(&mut Inflater::new(), &bytes, (7, 1_000));
            match miniz_oxide::inflate::decompress_to_vec_with_limit(&bytes, 1 << 20) {
                Ok(other) => prop_assert_eq!((ours, course), (other, Course::Ended)),
                Err(error) => {
                    prop_assert_ne!(course, Course::Ended);
                    ours.truncate(error.output.len());
                    prop_assert!(error.output.starts_with(&ours));
                }
            }
        }
    }

    #[test]
    fn nothing_can_be_copied_before_the_start() {
        assert!(Inflater::new().copy().is_none());
    }

    #[test]
    fn one_serves_for_many_streams_and_survives_damage() {
        let mut inflater = Inflater::new();
        for level in [0, 6] {
            let packed = deflated(b"the same again", level);
            assert_eq!(rest(&mut inflater, b"\xff\xff\xff", (9, 9)).1, Course::Damaged);
            inflater.reset();
            let (bytes, course) = rest(&mut inflater, &packed, (3, 5));
            assert_eq!((bytes.as_slice(), course), (b"the same again".as_slice(), Course::Ended));
            inflater.reset();
        }
    }

    #[test]
    fn nothing_is_left_of_what_was_inflated() {
        let packed = deflated(&vec![0xa5; 70_000], 6);
        let mut inflater = Inflater::new();
        rest(&mut inflater, &packed, (9_000, 9_000));
        inflater.wipe();
        let mut window = vec![1; 32 << 10];
        let mut length: uInt = 0;
        // SAFETY: the stream was initialised, and the window has at most as many bytes as there is room for.
        unsafe {
            libz_rs_sys::inflateGetDictionary(
                &raw const *inflater.stream,
                window.as_mut_ptr(),
                &raw mut length,
            )
        };
        assert_eq!((length, window), (32 << 10, vec![0; 32 << 10]));
    }
}
