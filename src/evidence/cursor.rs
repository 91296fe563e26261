//! A bounds-checked cursor over complete bytes, and the error it reports.

use super::text;
use crate::facts::Shape;
use std::str::FromStr;

/// Why some bytes do not follow their format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}: {problem}")]
pub struct ParseError {
    /// The field being read.
    pub what: &'static str,
    /// Byte offset of that field in the file.
    pub offset: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

impl ParseError {
    /// Reports a file whose content is that of a crypto key.
    pub fn key() -> Self {
        Self { what: "content", offset: 0, problem: Problem::Key }
    }

    /// Reports a field that holds something else than `expected`; of `found` no byte is shown.
    pub(super) fn unexpected(
        what: &'static str,
        offset: usize,
        expected: &'static str,
        found: &[u8],
    ) -> Self {
        let found = text::described(found);
        Self { what, offset, problem: Problem::Unexpected { expected, found } }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file ends where the field should be.
    #[error("file ends here")]
    Ends,
    /// The bytes are not what the field allows.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What the format asks for.
        expected: &'static str,
        /// The class and the length of what is there; never its content, which may be a key.
        found: String,
    },
    /// Something else is there, which may be a secret and is not quoted.
    #[error("expected {0}")]
    Expected(&'static str),
    /// The file is a copy of a crypto key, or a link to one, so that nothing of it is kept.
    #[error("these are the bytes of a crypto key")]
    Key,
    /// The structure is deeper or longer than any real one.
    #[error("exceeds the limit of {0}")]
    Limit(usize),
}

/// Reads complete bytes from front to back; every read names the field it is for. Numbers are big-endian, as Java writes.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the first byte.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Starts at `offset`, which may lie after the end.
    pub(super) fn at(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset }
    }

    /// Returns the offset of the next byte.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// Returns what was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }

    /// Reads `count` bytes.
    pub(super) fn take(
        &mut self,
        count: usize,
        what: &'static str,
    ) -> Result<&'a [u8], ParseError> {
        let taken = self.rest().get(..count).ok_or_else(|| self.ends(what))?;
        self.offset = self.offset.saturating_add(count);
        Ok(taken)
    }

    /// Reads a fixed number of bytes.
    pub(super) fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], ParseError> {
        let taken = *self.rest().first_chunk().ok_or_else(|| self.ends(what))?;
        self.offset = self.offset.saturating_add(N);
        Ok(taken)
    }

    /// Reads one byte.
    pub(super) fn byte(&mut self, what: &'static str) -> Result<u8, ParseError> {
        self.array::<1>(what).map(u8::from_be_bytes)
    }

    /// Reads two bytes as a number.
    pub(super) fn u16(&mut self, what: &'static str) -> Result<u16, ParseError> {
        self.array(what).map(u16::from_be_bytes)
    }

    /// Reads four bytes as a number.
    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, ParseError> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// Reads a line and its end, as Java's `BufferedReader.readLine` does: LF, CR LF, CR, or the end of the file.
    pub(super) fn line(&mut self, what: &'static str) -> Result<Line<'a>, ParseError> {
        let rest = self.rest();
        // Felix reads the last line with or without an end, and `readLine` gives null only where no
        // byte is left.
        if rest.is_empty() {
            return Err(self.ends(what));
        }
        let length = rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
        let (bytes, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let end = if behind.starts_with(b"\r\n") { 2 } else { behind.len().min(1) };
        let line = Line { what, offset: self.offset, bytes };
        self.offset = self.offset.saturating_add(length).saturating_add(end);
        Ok(line)
    }

    fn ends(&self, what: &'static str) -> ParseError {
        ParseError { what, offset: self.offset, problem: Problem::Ends }
    }
}

/// One line without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    what: &'static str,
    offset: usize,
    bytes: &'a [u8],
}

impl Line<'_> {
    /// Returns the text, UTF-8 or else Latin-1, as far as its shape allows.
    pub(super) fn kept(&self, shape: Shape) -> String {
        shape.kept(&text::decode(self.bytes), self.bytes.len())
    }

    /// Returns the number that fills the line, as Java's `parseLong` reads it: a sign and digits, no blanks.
    pub(super) fn number<T: FromStr>(&self) -> Result<T, ParseError> {
        // Like Java since version 7, Rust takes a `+` in front of the digits.
        let number = str::from_utf8(self.bytes).ok().and_then(|text| text.parse().ok());
        number.ok_or_else(|| ParseError::unexpected(self.what, self.offset, "a number", self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_is_read() {
        let mut cursor = Cursor::new(b"a\nb\r\nc\rd");
        let mut next = || cursor.line("line").map(|line| text::decode(line.bytes));
        assert_eq!(next().unwrap(), "a");
        assert_eq!(next().unwrap(), "b");
        assert_eq!(next().unwrap(), "c");
        assert_eq!(next().unwrap(), "d");
        assert_eq!(next().unwrap_err().to_string(), "line at byte 8: file ends here");
    }

    #[test]
    fn reading_behind_the_end_is_an_error_and_moves_nothing() {
        let mut cursor = Cursor::new(b"abc");
        assert_eq!(cursor.u32("word").unwrap_err().to_string(), "word at byte 0: file ends here");
        assert_eq!(cursor.take(usize::MAX, "word").unwrap_err().offset, 0);
        assert_eq!(cursor.u16("half").unwrap(), 0x6162);
        assert_eq!(cursor.byte("last").unwrap(), b'c');
        assert_eq!(Cursor::at(b"abc", 9).rest(), b"");
    }

    #[test]
    fn what_is_no_number_is_not_shown() {
        let mut cursor = Cursor::new(b"\x1b[31m0123456789012345678901234567890123456789");
        let error = cursor.line("bundle id").unwrap().number::<i64>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "bundle id at byte 0: expected a number, found 45 binary bytes"
        );
    }
}
