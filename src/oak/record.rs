//! Records other than maps and nodes: values and lists. (`SegmentBlob`, `RecordWriters`, `ListRecord`)

use super::id::RecordId;
use super::segment::{Segment, Version};
use super::{OakError, Store};
use crate::wiped::Wiped;
use std::ops::RangeInclusive;
use std::rc::Rc;

/// Values shorter than this stand in one record.
const LONG_BYTES: u64 = 16_512;
const BLOCK_BYTES: u64 = 4096;
/// Entries of one bucket of a list.
const BUCKET: u64 = 255;

/// A record: a position in a segment.
pub(super) struct Record {
    segment: Rc<Segment>,
    position: usize,
}

impl Store<'_> {
    /// Returns a record.
    pub(super) fn record(&self, id: RecordId) -> Result<Record, OakError> {
        self.cost.records.spend(1)?;
        Record::new(self.segment(id.segment)?, id.number)
    }
}

impl Record {
    pub(super) fn new(segment: Rc<Segment>, number: u32) -> Result<Self, OakError> {
        let position = segment.position(number)?;
        Ok(Self { segment, position })
    }

    pub(super) fn version(&self) -> Result<Version, OakError> {
        self.segment.version()
    }

    /// Returns the bytes that a record id takes in it.
    pub(super) fn id_bytes(&self) -> Result<usize, OakError> {
        self.segment.id_bytes()
    }

    pub(super) fn corrupt(&self, problem: &'static str) -> OakError {
        self.segment.corrupt(problem)
    }

    pub(super) fn u8(&self, at: usize) -> Result<u8, OakError> {
        self.segment.u8(self.position.saturating_add(at))
    }

    pub(super) fn u16(&self, at: usize) -> Result<u16, OakError> {
        self.segment.u16(self.position.saturating_add(at))
    }

    pub(super) fn u32(&self, at: usize) -> Result<u32, OakError> {
        self.segment.u32(self.position.saturating_add(at))
    }

    pub(super) fn u64(&self, at: usize) -> Result<u64, OakError> {
        self.segment.u64(self.position.saturating_add(at))
    }

    pub(super) fn slice(&self, at: usize, length: usize) -> Result<&[u8], OakError> {
        self.segment.slice(self.position.saturating_add(at), length)
    }

    /// Reads a record id that is this many bytes into the record.
    pub(super) fn id(&self, at: usize) -> Result<RecordId, OakError> {
        self.segment.record_id(self.position.saturating_add(at))
    }

    /// Reads the record id with this many others before it, after a head of so many bytes.
    pub(super) fn nth_id(&self, head: usize, index: usize) -> Result<RecordId, OakError> {
        self.id(self.id_bytes()?.saturating_mul(index).saturating_add(head))
    }
}

/// A value, as far as the store itself holds it. Its bytes may be those of a key.
pub(super) enum Value {
    /// Its bytes.
    Inline(Wiped),
    /// It is in a data store, under this name; some names hold the value itself.
    External(Wiped),
}

impl Store<'_> {
    /// Reads the value in a record, decided by its first bits.
    pub(super) fn value(&self, id: RecordId) -> Result<Value, OakError> {
        let record = self.record(id)?;
        match record.u8(0)? {
            0..=0xdf => self.inline(&record).map(Value::Inline),
            // The name of a value in a data store, such as `<digest>#<length>`, if its length fits
            // 12 bits.
            0xe0..=0xef => {
                let length = record.u16(0)? & 0x0fff;
                self.value_bytes(length.into())?;
                let name = record.slice(2, length.into())?;
                Ok(Value::External(Wiped::new(name.to_vec())))
            }
            // A longer name is a string of its own. Its id follows the first byte at once, not
            // aligned to four.
            0xf0..=0xf7 => self.inline(&self.record(record.id(1)?)?).map(Value::External),
            0xf8..=0xff => Err(record.corrupt("a value has no known form")),
        }
    }

    /// Reads a string.
    pub(super) fn text(&self, id: RecordId) -> Result<String, OakError> {
        let record = self.record(id)?;
        let bytes = self.inline(&record)?;
        let text =
            std::str::from_utf8(&bytes).map_err(|_| record.corrupt("a string is not UTF-8"))?;
        Ok(text.to_owned())
    }

    /// Returns `true` if a string is this one. Another length is seen without reading it.
    pub(super) fn text_is(&self, id: RecordId, text: &str) -> Result<bool, OakError> {
        let record = self.record(id)?;
        let (at, length) = match record.u8(0)? {
            head @ 0..=0x7f => (1, usize::from(head)),
            0x80..=0xbf => (2, medium_bytes(&record)?),
            // No name that is looked for is that long.
            _ => return Ok(false),
        };
        Ok(length == text.len() && record.slice(at, length)? == text.as_bytes())
    }

    /// Returns `true` if a value in the store itself has so many bytes, and this one first.
    pub(super) fn begins(
        &self,
        id: RecordId,
        first: u8,
        bytes: &RangeInclusive<usize>,
    ) -> Result<bool, OakError> {
        let record = self.record(id)?;
        let (at, length) = match record.u8(0)? {
            head @ 0..=0x7f => (1, usize::from(head)),
            0x80..=0xbf => (2, medium_bytes(&record)?),
            _ => return Ok(false),
        };
        Ok(bytes.contains(&length) && length > 0 && record.u8(at)? == first)
    }

    /// Returns how many bytes a value has, without reading it; `None` where it is in a data store.
    pub(super) fn length(&self, id: RecordId) -> Result<Option<u64>, OakError> {
        let record = self.record(id)?;
        Ok(match record.u8(0)? {
            head @ 0..=0x7f => Some(head.into()),
            0x80..=0xbf => u64::try_from(medium_bytes(&record)?).ok(),
            0xc0..=0xdf => Some(long_bytes(&record)?),
            0xe0..=0xff => None,
        })
    }

    /// Reads a value that is no name of another.
    fn inline(&self, record: &Record) -> Result<Wiped, OakError> {
        let (at, length) = match record.u8(0)? {
            head @ 0..=0x7f => (1, usize::from(head)),
            0x80..=0xbf => (2, medium_bytes(record)?),
            0xc0..=0xdf => {
                return self.blocks(record.id(8)?, long_bytes(record)?);
            }
            0xe0..=0xff => return Err(record.corrupt("a string lies outside of the store")),
        };
        self.value_bytes(u64::try_from(length).unwrap_or(u64::MAX))?;
        Ok(record.slice(at, length)?.into())
    }

    fn blocks(&self, list: RecordId, length: u64) -> Result<Wiped, OakError> {
        self.value_bytes(length)?;
        // A value may be a key, and a buffer that grows leaves copies of its bytes behind.
        let mut bytes = Wiped::with_capacity(usize::try_from(length).unwrap_or(0));
        let mut left = length;
        // The list has no length of its own, and neither has a block: both follow from that of the
        // value.
        for block in self.list(list, length.div_ceil(BLOCK_BYTES))? {
            let here = left.min(BLOCK_BYTES);
            let record = self.record(block)?;
            bytes.extend_from_slice(record.slice(0, usize::try_from(here).unwrap_or(0))?);
            left = left.saturating_sub(here);
        }
        Ok(bytes)
    }

    /// Reads a list of so many entries.
    pub(super) fn list(&self, id: RecordId, count: u64) -> Result<Vec<RecordId>, OakError> {
        // Before room is made: the count of a forged list may be that of 100 GB of record ids.
        self.cost.entries.spend(count)?;
        let mut all = Vec::with_capacity(usize::try_from(count).unwrap_or_default());
        self.collect(id, count, &mut all)?;
        Ok(all)
    }

    /// A list of one entry is that entry; a longer one is a bucket of shorter ones, as long as powers of 255 allow.
    fn collect(&self, id: RecordId, count: u64, all: &mut Vec<RecordId>) -> Result<(), OakError> {
        match count {
            0 => return Ok(()),
            1 => {
                all.push(id);
                return Ok(());
            }
            _ => {}
        }
        let mut stride = 1_u64;
        // Oak fills all buckets but the last, so which element is where follows from the count
        // alone. (`ListRecord`)
        while stride.saturating_mul(BUCKET) < count {
            stride = stride.saturating_mul(BUCKET);
        }
        // The count shrinks with each level, so a forged list that holds itself ends as well.
        let bucket = self.record(id)?;
        let (mut left, mut index) = (count, 0);
        while left > 0 {
            let here = left.min(stride);
            self.collect(bucket.nth_id(0, index)?, here, all)?;
            left = left.saturating_sub(here);
            index = index.saturating_add(1);
        }
        Ok(())
    }
}

/// Returns the length of a value that stands in blocks.
fn long_bytes(record: &Record) -> Result<u64, OakError> {
    // Three bits mark the kind; 61 remain for the length, counted from the shortest long value.
    Ok((record.u64(0)? & 0x1fff_ffff_ffff_ffff).saturating_add(LONG_BYTES))
}

/// Returns the length of a value of 128 bytes and more.
fn medium_bytes(record: &Record) -> Result<usize, OakError> {
    Ok(usize::from(record.u16(0)? & 0x3fff).saturating_add(128))
}
