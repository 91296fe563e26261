//! Records other than maps and nodes: values and lists. (`SegmentBlob`, `RecordWriters`, `ListRecord`)

use super::id::RecordId;
use super::segment::{Segment, Version};
use super::{OakError, Store};
use std::rc::Rc;
use zeroize::Zeroizing;

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

    /// Reads the record id with this many others before it, behind a head of so many bytes.
    pub(super) fn nth_id(&self, head: usize, index: usize) -> Result<RecordId, OakError> {
        self.id(self.id_bytes()?.saturating_mul(index).saturating_add(head))
    }
}

/// A value, as far as the store itself holds it.
pub(super) enum Value {
    /// Its bytes. They may be those of a key.
    Inline(Zeroizing<Vec<u8>>),
    /// It is in a data store, under this name.
    External(String),
}

impl Store<'_> {
    /// Reads the value in a record, decided by its first bits.
    pub(super) fn value(&self, id: RecordId) -> Result<Value, OakError> {
        let record = self.record(id)?;
        let head = record.u8(0)?;
        let inline = |at: usize, length: usize| {
            Ok(Value::Inline(Zeroizing::new(record.slice(at, length)?.to_vec())))
        };
        match head {
            0..=0x7f => inline(1, head.into()),
            0x80..=0xbf => inline(2, usize::from(record.u16(0)? & 0x3fff).saturating_add(128)),
            0xc0..=0xdf => {
                let length = (record.u64(0)? & 0x1fff_ffff_ffff_ffff).saturating_add(LONG_BYTES);
                self.blocks(record.id(8)?, length).map(Value::Inline)
            }
            0xe0..=0xef => {
                let name = record.slice(2, (record.u16(0)? & 0x0fff).into())?;
                Ok(Value::External(String::from_utf8_lossy(name).into_owned()))
            }
            0xf0..=0xf7 => Ok(Value::External(self.text(record.id(1)?)?)),
            0xf8..=0xff => Err(record.corrupt("a value has no known form")),
        }
    }

    /// Reads a string.
    pub(super) fn text(&self, id: RecordId) -> Result<String, OakError> {
        let corrupt = |problem| OakError::Corrupt { segment: id.segment, problem };
        match self.value(id)? {
            Value::Inline(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => Ok(text.to_owned()),
                Err(_) => Err(corrupt("a string is not UTF-8")),
            },
            Value::External(_) => Err(corrupt("a string lies outside of the store")),
        }
    }

    fn blocks(&self, list: RecordId, length: u64) -> Result<Zeroizing<Vec<u8>>, OakError> {
        self.value_bytes(length)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0)));
        let mut left = length;
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
        let mut all = Vec::new();
        self.collect(id, self.entries(count)?, &mut all)?;
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
        while stride.saturating_mul(BUCKET) < count {
            stride = stride.saturating_mul(BUCKET);
        }
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
