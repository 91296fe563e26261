//! Maps from names to records: the children of a node that has several. (`MapRecord`)

use super::id::RecordId;
use super::record::Record;
use super::{OakError, Store};
use std::collections::BTreeMap;

/// Marks a map that changes one entry of another.
const DIFF: u32 = 0xffff_ffff;
/// Entries from which on a map has branches, but for the deepest.
const LEAF_MAX: u32 = 32;
/// Hashes have no more bits than this many levels take.
const LEVEL_MAX: u32 = 7;
const LEVEL_BITS: u32 = 5;
/// Oak writes no more than one; forged ones could go round in a circle.
const DIFFS_MAX: usize = 64;

/// What the first bytes of a map say.
enum Shape {
    Diff,
    Branch { level: u32, bitmap: u32 },
    Leaf { size: u32 },
}

fn shape(record: &Record) -> Result<Shape, OakError> {
    let head = record.u32(0)?;
    // Oak writes a diff where one child of a large node changes, and saves a copy of the map.
    if head == DIFF {
        return Ok(Shape::Diff);
    }
    // The comments in Oak say 4 and 28 bits; its constants compute to 3 and 29.
    let (level, size) = (head >> 29, head & 0x1fff_ffff);
    // The level is that of the record: after deletions a bucket of a deeper level may be the whole
    // map.
    if size > LEAF_MAX && level < LEVEL_MAX {
        return Ok(Shape::Branch { level, bitmap: record.u32(4)? });
    }
    Ok(Shape::Leaf { size })
}

/// Returns the hash of a name: that of a Java string, over UTF-16 units, spread.
pub(super) fn hash(name: &str) -> u32 {
    let java = name
        // Java hashes UTF-16 units, so a sign beyond the Basic Multilingual Plane counts as two.
        .encode_utf16()
        .fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    (java ^ 0xdeec_e66d).wrapping_mul(0xdeec_e66d).wrapping_add(0xb)
}

impl Store<'_> {
    /// Looks one name up.
    pub(super) fn map_get(&self, map: RecordId, name: &str) -> Result<Option<RecordId>, OakError> {
        let hash = hash(name);
        let mut id = map;
        for _ in 0..DIFFS_MAX {
            let record = self.record(id)?;
            match shape(&record)? {
                Shape::Diff => {
                    // Most names differ in their hash, and the key string may lie in a segment that
                    // is not read yet.
                    if record.u32(4)? == hash && self.text_is(record.nth_id(8, 0)?, name)? {
                        return record.nth_id(8, 1).map(Some);
                    }
                    id = record.nth_id(8, 2)?;
                }
                Shape::Branch { level, bitmap } => {
                    let bit = 1_u32 << bucket(hash, level);
                    if bitmap & bit == 0 {
                        return Ok(None);
                    }
                    // Empty buckets take no room, so the place of a bucket is the number of those
                    // that are set below it.
                    let before = bitmap & bit.wrapping_sub(1);
                    id = record.nth_id(8, before.count_ones() as usize)?;
                }
                Shape::Leaf { size } => return self.leaf_get(&record, size, hash, name),
            }
        }
        Err(OakError::Budget { what: "maps on the way to a name", max: DIFFS_MAX as u64 })
    }

    fn leaf_get(
        &self,
        record: &Record,
        size: u32,
        hash: u32,
        name: &str,
    ) -> Result<Option<RecordId>, OakError> {
        self.cost.entries.spend(size.into())?;
        for index in 0..size as usize {
            // Names may share a hash: at the deepest level, a leaf holds all that do, however many
            // they are.
            if record.u32(index.saturating_mul(4).saturating_add(4))? != hash {
                continue;
            }
            let (key, value) = pair(record, size, index)?;
            if self.text_is(key, name)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Returns all entries.
    pub(super) fn map_all(&self, map: RecordId) -> Result<BTreeMap<String, RecordId>, OakError> {
        self.map_some(map, u64::MAX, u64::MAX).map(|(all, _)| all)
    }

    /// Returns entries until so many were seen, or so many segments of the store were read; says too whether there are more.
    pub(super) fn map_some(
        &self,
        map: RecordId,
        entries_max: u64,
        segments_max: u64,
    ) -> Result<(BTreeMap<String, RecordId>, bool), OakError> {
        let mut all = BTreeMap::new();
        // Those of a forged map may all have one name.
        let mut seen = 0_u64;
        // Maps to visit, those first whose entries count.
        let mut next = vec![map];
        while let Some(id) = next.pop() {
            let record = self.record(id)?;
            let entries = match shape(&record)? {
                Shape::Diff => {
                    next.push(record.nth_id(8, 2)?);
                    vec![(record.nth_id(8, 0)?, record.nth_id(8, 1)?)]
                }
                Shape::Branch { bitmap, .. } => {
                    for index in 0..bitmap.count_ones() as usize {
                        next.push(record.nth_id(8, index)?);
                    }
                    Vec::new()
                }
                Shape::Leaf { size } => {
                    self.cost.entries.spend(size.into())?;
                    let pairs = (0..size as usize).map(|index| pair(&record, size, index));
                    pairs.collect::<Result<_, _>>()?
                }
            };
            for (key, value) in entries {
                if seen >= entries_max || self.segments_read() >= segments_max {
                    return Ok((all, true));
                }
                seen = seen.saturating_add(1);
                // The entry of a diff is visited before its base, and wins over the entry of that
                // name there.
                all.entry(self.text(key)?).or_insert(value);
            }
        }
        Ok((all, false))
    }
}

/// Returns key and value of an entry of a leaf: they follow the hashes.
fn pair(record: &Record, size: u32, index: usize) -> Result<(RecordId, RecordId), OakError> {
    let hashes = (size as usize).saturating_mul(4).saturating_add(4);
    let first = index.saturating_mul(2);
    Ok((record.nth_id(hashes, first)?, record.nth_id(hashes, first.saturating_add(1))?))
}

/// Returns the place of a hash among the 32 of a level. The shift is arithmetic and takes its amount modulo 32, as in Java: level
/// 6 reads the top bits again.
pub(super) fn bucket(hash: u32, level: u32) -> u32 {
    let taken = level.saturating_add(1).saturating_mul(LEVEL_BITS);
    let shift = 32_u32.wrapping_sub(taken) & 31;
    (hash.cast_signed() >> shift).cast_unsigned() & 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_oak() {
        for (name, expected) in [
            ("root", 0xc289_24ee),
            ("checkpoints", 0xbc75_1619),
            ("etc", 0x653e_6310),
            ("key", 0x6f31_1955),
            ("jcr:system", 0x4854_3264),
            ("é中😀", 0xd888_ec6d),
        ] {
            assert_eq!(hash(name), expected, "{name}");
        }
    }

    #[test]
    fn levels_read_five_bits_each_and_the_sixth_the_top_again() {
        let hash = 0b1010_1001_1100_0011_1110_0101_0000_1111_u32;
        let buckets: Vec<u32> = (0..7).map(|level| bucket(hash, level)).collect();
        assert_eq!(&buckets[..6], [0b10101, 0b00111, 0b00001, 0b11110, 0b01010, 0b00011]);
        assert_eq!(buckets[6], (hash.cast_signed() >> 29).cast_unsigned() & 31);
    }
}
