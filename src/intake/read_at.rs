//! What is read at any place.

use std::fmt;
use std::io::{self, ErrorKind};
use std::ops::Range;

/// Bytes that can be read at any place.
pub trait ReadAt {
    /// Reads some bytes from `offset` on and returns how many; 0 at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Returns `true` if the bytes are not those any more that were there when it was opened.
    fn is_changed(&self) -> bool;

    /// Fills `buffer` from `offset` on; fails with `UnexpectedEof` when there are not so many bytes.
    fn fill(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let (mut rest, mut offset) = (buffer, offset);
        while !rest.is_empty() {
            match self.read_at(rest, offset) {
                // A file may be shorter by now than it was announced: an upload that is replaced, a
                // log that was rotated.
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => {
                    rest = std::mem::take(&mut rest).get_mut(length..).unwrap_or_default();
                    let length = u64::try_from(length).map_err(io::Error::other)?;
                    offset = offset.checked_add(length).ok_or(ErrorKind::UnexpectedEof)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Bytes that can be read at any place, in any order, at a cost.
pub(super) trait RandomAccess: fmt::Debug {
    /// Says which ranges will be read, so that what is passed of them on the way to others is kept.
    fn expect(&mut self, parts: &mut dyn Iterator<Item = Range<u64>>);

    /// Fills `buffer` from `offset` of the stream.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` where the stream or its file ends before, `InvalidData` where it is damaged before or is not any more what
    /// was opened, `FileTooLarge` after the limit of bytes unpacked, `QuotaExceeded` when too much was unpacked again.
    fn fill(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}
