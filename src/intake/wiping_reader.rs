//! A buffered reader that leaves no bytes behind: what is stored uncompressed may be a key.

use crate::wiped::Wiped;
use std::io::{self, BufRead, Read};

/// Reads ahead, into memory that is wiped.
pub(super) struct WipingReader<R> {
    inner: R,
    // The `BufReader` of std frees its buffer as it is, and a stored key in it would stay in memory.
    buffer: Wiped,
    /// The bytes of the buffer that were not consumed yet.
    start: usize,
    end: usize,
}

impl<R: Read> WipingReader<R> {
    /// Reads at most `bytes` at once.
    pub(super) fn new(bytes: usize, inner: R) -> Self {
        Self { inner, buffer: Wiped::zeros(bytes), start: 0, end: 0 }
    }
}

impl<R: Read> Read for WipingReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(out)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for WipingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start >= self.end {
            (self.start, self.end) = (0, 0);
            self.end = self.inner.read(&mut self.buffer)?.min(self.buffer.len());
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    fn consume(&mut self, length: usize) {
        self.start = self.start.saturating_add(length).min(self.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_as_they_are_in_pieces_of_any_size() {
        let bytes: Vec<u8> = (0..=255).collect();
        for size in [1, 7, 255, 256, 1000] {
            let mut out = Vec::new();
            WipingReader::new(size, bytes.as_slice()).read_to_end(&mut out).unwrap();
            assert_eq!(out, bytes, "{size}");
        }
        let mut wiped = WipingReader::new(4, bytes.as_slice());
        assert_eq!(wiped.fill_buf().unwrap(), [0, 1, 2, 3]);
        wiped.consume(3);
        assert_eq!(wiped.fill_buf().unwrap(), [3]);
        wiped.consume(9);
        assert_eq!(wiped.fill_buf().unwrap(), [4, 5, 6, 7]);
    }
}
