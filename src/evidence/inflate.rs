//! Inflates one raw deflate stream in memory, up to a bound.

use flate2::{Decompress, FlushDecompress, Status};
use std::cell::RefCell;

/// What came out of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inflated {
    /// The content, or as much of it as bound and input allow.
    pub(super) bytes: Vec<u8>,
    /// Compressed bytes used.
    pub(super) consumed: usize,
    /// The stream came to its end.
    pub(super) ended: bool,
}

/// Bytes by which the output grows.
const STEP_BYTES: usize = 16 << 10;

thread_local! {
    /// One decoder a thread: its state is 40 KiB, an install has 600 jars, and allocating it anew for each left the heap in
    /// pieces (10 MiB after 6,000 jars).
    static DECODER: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Inflates `packed` up to `bytes_max` bytes. Damage ends the content early.
pub(super) fn inflate(packed: &[u8], bytes_max: usize) -> Inflated {
    DECODER.with_borrow_mut(|decoder| {
        // Entries of a zip are raw deflate, without the header of zlib. (RFC 1951)
        decoder.reset(false);
        run(decoder, packed, bytes_max)
    })
}

fn run(decoder: &mut Decompress, packed: &[u8], bytes_max: usize) -> Inflated {
    let mut bytes = Vec::new();
    let mut consumed = 0;
    loop {
        let room = bytes_max.saturating_sub(bytes.len()).min(STEP_BYTES);
        // Manifests have tens of KiB, so room for all that is allowed is not made at once.
        bytes.reserve_exact(room);
        let before = (consumed, bytes.len());
        let input = packed.get(consumed..).unwrap_or_default();
        let status = decoder.decompress_vec(input, &mut bytes, FlushDecompress::None);
        consumed = usize::try_from(decoder.total_in()).unwrap_or(packed.len());
        // Input that is cut gives neither an error nor progress.
        let stuck = before == (consumed, bytes.len());
        match status {
            Ok(Status::StreamEnd) => return Inflated { bytes, consumed, ended: true },
            Ok(_) if !stuck && bytes.len() < bytes_max => {}
            _ => return Inflated { bytes, consumed, ended: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `abc` as one stored block.
    const ABC: &[u8] = b"\x01\x03\0\xfc\xffabc";

    #[test]
    fn a_stream_ends_where_it_says_so() {
        let behind = [ABC, b"more"].concat();
        let inflated = inflate(&behind, 100);
        assert_eq!(inflated.bytes, b"abc");
        assert_eq!((inflated.consumed, inflated.ended), (ABC.len(), true));
    }

    #[test]
    fn bound_cut_and_damage_end_it_early() {
        assert!(!inflate(ABC, 2).ended);
        assert!(inflate(ABC, 2).bytes.len() < 100 << 10);
        assert!(!inflate(&ABC[..6], 100).ended);
        assert!(!inflate(b"\xff\xff\xff", 100).ended);
        assert!(!inflate(b"", 100).ended);
        assert!(!inflate(ABC, 0).ended);
    }
}
