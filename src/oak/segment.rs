//! One segment: its header, the segments it refers to, and where its records are.
//!
//! Offsets are those in a virtual segment of 256 KiB whose end is the end of the stored one; records fill it from there. Versions
//! 12 and 13 number their records in a table; 10 and 11 name them by offset. (`SegmentDataV12`, `SegmentDataV13`, oak 1.4 `Segment`)

use super::OakError;
use super::id::{RecordId, SegmentId};
use crate::wiped::Wiped;

/// The size of the virtual segment, and the most that one can hold.
pub(super) const BYTES_MAX: u32 = 256 << 10;

const MAGIC: &[u8] = b"0aK";
/// Header of versions 12 and 13.
const HEADER_BYTES: usize = 32;
const REFERENCE_BYTES: usize = 16;
const ENTRY_BYTES: usize = 9;

/// How records are named and laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    /// Oak 1.0 to 1.0.11.
    V10,
    /// Oak 1.0.12 to 1.5.1.
    V11,
    /// Oak 1.5.2 and newer: 12 and 13 differ in what the garbage collector needs.
    V12,
}

/// One segment. Its bytes may hold keys, and are wiped when it goes.
pub(super) struct Segment {
    pub(super) id: SegmentId,
    bytes: Wiped,
    /// `None` for a bulk segment, which has no header.
    version: Option<Version>,
    references: usize,
    records: usize,
}

impl Segment {
    /// Reads the header.
    pub(super) fn new(id: SegmentId, bytes: Wiped) -> Result<Self, OakError> {
        let mut segment = Self { id, bytes, version: None, references: 0, records: 0 };
        if segment.bytes.len() > BYTES_MAX as usize {
            return Err(segment.corrupt("it is larger than 256 KiB"));
        }
        // A bulk segment is nothing but blocks of binaries, so any bytes may be at its start.
        if id.is_bulk() {
            return Ok(segment);
        }
        if !id.is_data() || !segment.bytes.starts_with(MAGIC) {
            return Err(segment.corrupt("it does not start like a segment"));
        }
        match segment.u8(3)? {
            // Byte 5 counts the references; after it are the counts of roots and blobs, which no
            // look-up needs.
            version @ (10 | 11) => {
                segment.version = Some(if version == 10 { Version::V10 } else { Version::V11 });
                segment.references = segment.u8(5)?.into();
            }
            // Bytes 4 to 13 hold generations of the garbage collector, which no look-up needs.
            12 | 13 => {
                segment.version = Some(Version::V12);
                segment.references = segment.size(14)?;
                segment.records = segment.size(18)?;
            }
            // No version after 13 is known up to Oak 1.82. Guessing at a newer one could show
            // another value.
            other => return Err(OakError::Unsupported(format!("segment version {other}"))),
        }
        Ok(segment)
    }

    /// Returns the version; a bulk segment holds no records that have one.
    pub(super) fn version(&self) -> Result<Version, OakError> {
        self.version.ok_or_else(|| self.corrupt("it holds bytes where a record should be"))
    }

    pub(super) fn corrupt(&self, problem: &'static str) -> OakError {
        OakError::Corrupt { segment: self.id, problem }
    }

    /// Returns the stored position of a record.
    pub(super) fn position(&self, number: u32) -> Result<usize, OakError> {
        let offset = match self.version {
            Some(Version::V12) => self.offset(number)?,
            // In bulk segments and in versions 10 and 11 the number is the offset itself.
            _ => number,
        };
        // The writer fills a segment from its end and cuts off what it did not need, so offsets
        // count from the end.
        let from_end = BYTES_MAX.checked_sub(offset).filter(|from_end| *from_end > 0);
        from_end
            .and_then(|from_end| self.bytes.len().checked_sub(from_end as usize))
            // Below the end of the header are ids and the table, which a forged offset would pass off as a
            // record.
            .filter(|position| *position >= self.header_bytes())
            .ok_or_else(|| self.corrupt("a record lies outside of it"))
    }

    fn header_bytes(&self) -> usize {
        let references = self.references.saturating_mul(REFERENCE_BYTES);
        match self.version {
            None => 0,
            // The header takes the place of reference 0.
            Some(Version::V10 | Version::V11) => references.saturating_add(REFERENCE_BYTES),
            Some(Version::V12) => HEADER_BYTES
                .saturating_add(references)
                .saturating_add(self.records.saturating_mul(ENTRY_BYTES)),
        }
    }

    /// Looks a record number up. Numbers ascend; a table in which they do not was never written by Oak.
    fn offset(&self, number: u32) -> Result<u32, OakError> {
        let table = self.references.saturating_mul(REFERENCE_BYTES).saturating_add(HEADER_BYTES);
        let entry = |index: usize| table.saturating_add(index.saturating_mul(ENTRY_BYTES));
        let (mut low, mut high) = (0, self.records);
        while low < high {
            let middle = low.midpoint(high);
            let here = self.u32(entry(middle))?;
            match here.cmp(&number) {
                // An entry is the number, one byte for the type of the record, and the offset, not
                // aligned.
                std::cmp::Ordering::Equal => return self.u32(entry(middle).saturating_add(5)),
                std::cmp::Ordering::Less => low = middle.saturating_add(1),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(self.corrupt("it has no record of a number that is referred to"))
    }

    /// Returns the bytes that a record id takes.
    pub(super) fn id_bytes(&self) -> Result<usize, OakError> {
        Ok(if self.version()? == Version::V12 { 6 } else { 3 })
    }

    /// Reads a record id.
    pub(super) fn record_id(&self, position: usize) -> Result<RecordId, OakError> {
        let (reference, number) = if self.version()? == Version::V12 {
            // The number is one of the table of the segment that is referred to, not of this one.
            (usize::from(self.u16(position)?), self.u32(position.saturating_add(2))?)
        } else {
            // A third of the bytes: offsets are multiples of four.
            let number = u32::from(self.u16(position.saturating_add(1))?) << 2;
            (usize::from(self.u8(position)?), number)
        };
        Ok(RecordId { segment: self.reference(reference)?, number })
    }

    fn reference(&self, index: usize) -> Result<SegmentId, OakError> {
        // Reference 0 is the segment itself and is not in the table; the first in it is number 1.
        if index == 0 {
            return Ok(self.id);
        }
        if index > self.references {
            return Err(self.corrupt("it refers to a segment that it does not list"));
        }
        let start = if self.version()? == Version::V12 {
            index.saturating_sub(1).saturating_mul(REFERENCE_BYTES).saturating_add(HEADER_BYTES)
        } else {
            index.saturating_mul(REFERENCE_BYTES)
        };
        Ok(SegmentId::from_bytes(self.array(start)?))
    }

    /// Returns bytes of it.
    pub(super) fn slice(&self, position: usize, length: usize) -> Result<&[u8], OakError> {
        let end = position.checked_add(length);
        end.and_then(|end| self.bytes.get(position..end))
            .ok_or_else(|| self.corrupt("a record goes beyond its end"))
    }

    fn array<const N: usize>(&self, position: usize) -> Result<[u8; N], OakError> {
        let slice = self.slice(position, N)?;
        slice.try_into().map_err(|_| self.corrupt("a record goes beyond its end"))
    }

    pub(super) fn u8(&self, position: usize) -> Result<u8, OakError> {
        self.array::<1>(position).map(|[byte]| byte)
    }

    pub(super) fn u16(&self, position: usize) -> Result<u16, OakError> {
        self.array(position).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&self, position: usize) -> Result<u32, OakError> {
        self.array(position).map(u32::from_be_bytes)
    }

    pub(super) fn u64(&self, position: usize) -> Result<u64, OakError> {
        self.array(position).map(u64::from_be_bytes)
    }

    fn size(&self, position: usize) -> Result<usize, OakError> {
        let size = self.u32(position)?;
        // No segment has room for more, whatever the header says.
        if size > BYTES_MAX {
            return Err(self.corrupt("its header counts more than fits"));
        }
        Ok(size as usize)
    }
}
