//! Sparse files: old GNU (`S`), and GNU's PAX formats 0.0, 0.1 and 1.0.
//!
//! Only the pieces that are not holes are stored. An entry whose map does not fit its body in every respect is never
//! expanded: a wrong body would be digested as a wrong key.

use super::decimal::{Malformed, decimal};
use super::header::BLOCK_BYTES;
use crate::wiped::Wiped;

/// A piece of a sparse file: offset and length in bytes.
pub(super) type Piece = (u64, u64);

/// How a sparse entry is stored.
#[derive(Debug)]
pub(super) struct Sparse {
    /// Length of the file when expanded.
    pub(super) real_size: u64,
    /// Its pieces; `None` when the map is at the head of the body (format 1.0).
    pub(super) map: Option<Vec<Piece>>,
    /// Why it cannot be expanded.
    pub(super) fault: Option<&'static str>,
}

/// The `GNU.sparse.*` records of an entry.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The real name; the header holds a made-up one with the process id of the writer.
    pub(super) name: Option<Vec<u8>>,
    real_size: Option<u64>,
    map: Option<Vec<Piece>>,
    offset: Option<u64>,
    blocks: Option<u64>,
    version: (u64, u64),
    any: bool,
}

impl Records {
    /// Takes over one record, whose key is given without `GNU.sparse.`.
    pub(super) fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), Malformed> {
        self.any = true;
        match key {
            b"name" if !value.contains(&0) && !value.is_empty() => self.name = Some(value.to_vec()),
            // Format 1.0 calls the length `realsize`, 0.0 and 0.1 call it `size`.
            b"realsize" | b"size" => self.real_size = Some(decimal(value).ok_or(Malformed)?),
            b"numblocks" => self.blocks = Some(decimal(value).ok_or(Malformed)?),
            b"major" => self.version.0 = decimal(value).ok_or(Malformed)?,
            b"minor" => self.version.1 = decimal(value).ok_or(Malformed)?,
            // Format 0.1 has the whole map in one record, 0.0 a
            // pair of `offset` and `numbytes` for each piece.
            b"map" => self.map = Some(map_text(value)?),
            b"offset" => self.offset = Some(decimal(value).ok_or(Malformed)?),
            b"numbytes" => {
                let offset = self.offset.take().ok_or(Malformed)?;
                self.map.get_or_insert_default().push((offset, decimal(value).ok_or(Malformed)?));
            }
            // A record that is not known may change the map,
            // and a wrong map gives the digest of a wrong key.
            _ => return Err(Malformed),
        }
        Ok(())
    }

    /// Returns how the entry is stored; `None` when it is not sparse.
    pub(super) fn describe(&self) -> Option<Sparse> {
        if !self.any {
            return None;
        }
        let map = self.map.clone();
        // Formats 0.0 and 0.1 announce the number of pieces in a record of its own, `numblocks`.
        let pieces = map.as_ref().map_or(0, |map| u64::try_from(map.len()).unwrap_or(u64::MAX));
        let fault = match (self.version, self.real_size) {
            (_, None) => Some("a sparse file without its real size"),
            ((1, 0), _) if map.is_some() => Some("a sparse file with two maps"),
            // In format 1.0 the header has a made-up name such as `./GNUSparseFile.14266/hmac`.
            ((1, 0), _) if self.name.is_none() => Some("a sparse file without its real name"),
            ((0, 0 | 1), _) if map.is_none() => Some("a sparse file without a map"),
            ((0, 0 | 1), _) if self.blocks.is_some_and(|blocks| blocks != pieces) => {
                Some("a sparse file whose map is not of the announced length")
            }
            ((1, 0) | (0, 0 | 1), _) => None,
            _ => Some("a sparse file of an unknown version"),
        };
        Some(Sparse { real_size: self.real_size.unwrap_or_default(), map, fault })
    }
}

impl Sparse {
    /// Returns the file with its holes as zeros.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be expanded, in words.
    pub(super) fn expand(&self, stored: &[u8]) -> Result<Wiped, &'static str> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let (map, data) = match &self.map {
            Some(map) => (map.clone(), stored),
            None => map_in_body(stored).ok_or("a sparse file whose map cannot be read")?,
        };
        let size =
            usize::try_from(self.real_size).map_err(|_| "a sparse file too large for memory")?;
        let mut out = Wiped::with_capacity(size);
        fill(&mut out, &map, data, size).ok_or("a sparse file whose map does not fit its body")?;
        Ok(out)
    }
}

fn fill(out: &mut Vec<u8>, map: &[Piece], data: &[u8], size: usize) -> Option<()> {
    let mut rest = data;
    for (offset, length) in map {
        let offset = usize::try_from(*offset).ok()?;
        let length = usize::try_from(*length).ok()?;
        // Pieces that overlap, run backwards or exceed the file
        // are of no writer; tools disagree on their bytes.
        if offset < out.len() || offset.checked_add(length)? > size {
            return None;
        }
        let (piece, behind) = rest.split_at_checked(length)?;
        out.resize(offset, 0);
        out.extend_from_slice(piece);
        rest = behind;
    }
    // A file that ends in a hole has no piece for it in the PAX formats.
    out.resize(size, 0);
    // Bytes left over mean that map and body are not of one file.
    rest.is_empty().then_some(())
}

/// Reads `offset,length,offset,length…`.
fn map_text(text: &[u8]) -> Result<Vec<Piece>, Malformed> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut numbers = text.split(|byte| *byte == b',').map(decimal);
    let mut map = Vec::new();
    while let Some(offset) = numbers.next() {
        let length = numbers.next().flatten().ok_or(Malformed)?;
        map.push((offset.ok_or(Malformed)?, length));
    }
    Ok(map)
}

/// Reads the map at the head of a body: the count, then offset and length of each piece, a line each, padded to a block.
fn map_in_body(body: &[u8]) -> Option<(Vec<Piece>, &[u8])> {
    let mut rest = body;
    let count = line(&mut rest)?;
    let mut map = Vec::new();
    // A forged count ends with the body, since each number takes a line of it.
    for _ in 0..count {
        map.push((line(&mut rest)?, line(&mut rest)?));
    }
    // GNU tar pads the map to a block, so that the pieces begin at one.
    let used = body.len().checked_sub(rest.len())?.checked_next_multiple_of(BLOCK_BYTES)?;
    Some((map, body.get(used..)?))
}

fn line(rest: &mut &[u8]) -> Option<u64> {
    // A number of 64 bits has no more than 20 digits,
    // so no line end is searched for in a whole body.
    let end = rest.iter().take(32).position(|byte| *byte == b'\n')?;
    let (number, behind) = rest.split_at_checked(end)?;
    *rest = behind.split_first()?.1;
    decimal(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sparse(real_size: u64, map: &[Piece]) -> Sparse {
        Sparse { real_size, map: Some(map.to_vec()), fault: None }
    }

    #[test]
    fn holes_become_zeros() {
        let expanded = sparse(8, &[(2, 3), (8, 0)]).expand(b"abc").unwrap();
        assert_eq!(*expanded, b"\0\0abc\0\0\0");
        assert_eq!(*sparse(3, &[]).expand(b"").unwrap(), b"\0\0\0");
    }

    #[test]
    fn a_map_that_does_not_fit_is_refused() {
        for (map, data) in [
            (&[(2, 3)][..], &b"ab"[..]),
            (&[(2, 3)], b"abcd"),
            (&[(6, 3)], b"abc"),
            (&[(4, 1), (2, 1)], b"ab"),
            (&[(u64::MAX, 1)], b"a"),
            (&[(0, u64::MAX)], b"a"),
        ] {
            assert!(sparse(8, map).expand(data).is_err(), "{map:?}");
        }
    }

    #[test]
    fn map_at_the_head_of_the_body() {
        let mut body = b"2\n1\n2\n5\n0\n".to_vec();
        body.resize(512, 0);
        body.extend_from_slice(b"xy");
        let sparse = Sparse { real_size: 5, map: None, fault: None };
        assert_eq!(*sparse.expand(&body).unwrap(), b"\0xy\0\0");
        for bad in [&b"9999999999999\n1\n"[..], b"x\n", b"", b"1\n1\n"] {
            assert!(sparse.expand(bad).is_err());
        }
    }
}
