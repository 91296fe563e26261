//! The tar files of a store: which segments they hold, and where.
//!
//! `data00000a.tar`: old v7 headers; a segment is an entry named `<uuid>.<crc32>`. A closed file ends in an index, which is read from
//! the end: entries, then `crc32 | count | size | magic`, then two zero blocks. The last file of a running instance has none, and its
//! headers are walked instead. (`SegmentTarWriter`, `IndexLoader`, oak 1.4 `TarWriter`)

use super::cost::Cost;
use super::id::SegmentId;
use super::segment::BYTES_MAX;
use super::{Files, OakError};
use crate::wiped::Wiped;
use flate2::Crc;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const BLOCK: u64 = 512;
const HEADER_BYTES: usize = 512;
const FOOTER_BYTES: usize = 16;
/// The footer, and what follows it: two blocks of zeros.
const END_BYTES: u64 = 16 + 2 * BLOCK;
/// The first bytes of an index entry: the UUID, position and length.
const ENTRY_BYTES: usize = 24;
const CHUNK_BYTES: usize = 64 << 10;
/// Oak refuses larger files: its positions are signed.
const BYTES_MAX_OF_OAK: u64 = 0x7fff_ffff;

/// A file of segments.
pub(super) struct Archive {
    /// Its place in the list of files.
    file: usize,
    pub(super) name: String,
    bytes: u64,
    index: Option<Index>,
    /// Oak opens it; not so backups, and letters that another letter of the number stands for. [`choose_letters`] decides.
    pub(super) is_opened: bool,
}

enum Index {
    /// The file ends in it.
    Stored(Stored),
    /// Found by walking the headers, sorted. Behind a damaged header there may be others.
    Walked { found: Vec<(SegmentId, u32, u32)>, hole: bool },
    /// It cannot be had, now or later.
    Failed(OakError),
}

/// Sorted entries at the end of a file, whose checksum is right.
struct Stored {
    start: u64,
    count: u64,
    width: u64,
    /// The first bytes of every entry, as they were checked; `None` where there are too many. In a compressed archive each look
    /// that falls out of what is kept of it unpacks megabytes again; and a file in use may change.
    kept: Option<Entries>,
}

/// The first [`ENTRY_BYTES`] of each entry. Of the wrong width, they may be parts of segments.
type Entries = Wiped;

/// Finds the files of segments, those first that are asked first: the newest, of equal numbers the latest letter, copies last.
pub(super) fn archives(files: &dyn Files) -> Vec<Archive> {
    let list = files.list();
    let mut all: Vec<((bool, u64, u8), Archive)> = list
        .into_iter()
        .enumerate()
        .filter_map(|(file, (name, bytes))| {
            let order = order(&name)?;
            Some((order, Archive { file, name, bytes, index: None, is_opened: order.0 }))
        })
        .collect();
    // All are kept: what only a file holds that Oak does not open is shown as such.
    all.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| y.name.cmp(&x.name)));
    all.into_iter().map(|(_, archive)| archive).collect()
}

/// The letter of a tar file that was never cleaned up.
pub(super) const FIRST_LETTER: u8 = b'a';

/// Returns the numbers of the files of segments, copies aside, each with its first letter.
pub(super) fn numbers(files: &dyn Files) -> BTreeMap<u64, u8> {
    let mut numbers = BTreeMap::new();
    for (is_own, number, letter) in files.list().iter().filter_map(|(name, _)| order(name)) {
        // A backup has the number of the file that it was made of, and would hide that this one is gone.
        if is_own {
            let first = numbers.entry(number).or_insert(letter);
            *first = letter.min(*first);
        }
    }
    numbers
}

/// Decides which letter of each number Oak opens: the highest with an index at its end, and all where none has one, for it then makes
/// one file of what is in them. (`TarReader.open`; so did Oak 1.22.4 with a `00002b` that was cut, and with two that were.)
pub(super) fn choose_letters(archives: &mut [Archive], files: &dyn Files, cost: &Cost) {
    let number = |archive: &Archive| archive.own_number().map(|(number, _)| number);
    // Cleaning up writes the next letter before it deletes the old file, so a copy of a running store may
    // have both. (`TarReader.sweep`)
    for group in archives.chunk_by_mut(|a, b| number(a).is_some() && number(a) == number(b)) {
        if group.len() < 2 {
            continue;
        }
        let has_index = |archive: &mut Archive| {
            archive.open(files, cost);
            // What is in one that cannot be read now may hold for Oak.
            !matches!(archive.index, Some(Index::Walked { .. }))
        };
        if let Some(chosen) = group.iter_mut().position(has_index) {
            let others = group.iter_mut().enumerate().filter(|(at, _)| *at != chosen);
            others.for_each(|(_, archive)| archive.is_opened = false);
        }
    }
}

/// Returns the highest number below the last one that no file has. Garbage collection leaves such holes, too.
pub(super) fn hole(files: &dyn Files) -> Option<u64> {
    let numbers = numbers(files);
    let below = numbers.keys().rev().map(|number| number.checked_sub(1));
    below.flatten().find(|number| !numbers.contains_key(number))
}

/// Reads a file name: whether it is no copy, its number and its letter.
fn order(name: &str) -> Option<(bool, u64, u8)> {
    let (stem, rest) = name.strip_prefix("data")?.split_once(".tar")?;
    // A name without a letter counts as `a`, and numbers above 99999 have more digits.
    // (`TarConstants`, `TarFiles`)
    let digits = stem.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let letter = stem.strip_prefix(digits)?.as_bytes();
    let is_copy = !rest.is_empty();
    // Index recovery leaves `.tar.bak`, `.tar.2.bak` and, in read-only mode, `.tar.ro.bak`. Oak
    // never reads them again. (`TarReader.backupSafely`)
    let is_known_copy = rest.rsplit('.').next() == Some("bak");
    if digits.len() < 5 || letter.len() > 1 || is_copy && !is_known_copy {
        return None;
    }
    Some((!is_copy, digits.parse().ok()?, letter.first().copied().unwrap_or(FIRST_LETTER)))
}

impl Archive {
    /// Returns its number and letter; `None` of a copy.
    pub(super) fn own_number(&self) -> Option<(u64, u8)> {
        order(&self.name).and_then(|(is_own, number, letter)| is_own.then_some((number, letter)))
    }

    /// Returns `true` if it is known to end in its index, as Oak leaves every file that it no longer writes to.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.index, Some(Index::Stored(_)))
    }

    /// Returns a segment's bytes, checked; `None` where this file does not have it.
    pub(super) fn segment(
        &mut self,
        id: SegmentId,
        files: &dyn Files,
        cost: &Cost,
    ) -> Result<Option<Wiped>, OakError> {
        self.open(files, cost);
        let Some((position, length)) = self.locate(id, files)? else { return Ok(None) };
        self.checked(id, position, length, files).map(Some)
    }

    fn open(&mut self, files: &dyn Files, cost: &Cost) {
        if self.index.is_none() {
            self.index = Some(self.read_index(files, cost).unwrap_or_else(Index::Failed));
        }
    }

    fn read_index(&self, files: &dyn Files, cost: &Cost) -> Result<Index, OakError> {
        // Files grow past the 256 MiB of `tarmk.size` by one segment and the trailers, so 270 MB is
        // usual; 2 GiB is not.
        if self.bytes > BYTES_MAX_OF_OAK {
            return Err(OakError::Unsupported("a tar file of more than 2 GiB".to_owned()));
        }
        match self.stored_index(files, cost)? {
            Some(index) => Ok(index),
            // Oak recovers in this way, too, and leaves a `.ro.bak` beside the file even in read-only mode.
            // (`TarReader.openRO`)
            None => self.walk(files, cost),
        }
    }

    fn locate(&self, id: SegmentId, files: &dyn Files) -> Result<Option<(u64, u32)>, OakError> {
        let stored = match &self.index {
            Some(Index::Stored(stored)) => stored,
            Some(Index::Walked { found, hole }) => {
                let at = found.binary_search_by(|(known, ..)| known.cmp(&id)).ok();
                let found = at.and_then(|at| found.get(at));
                let place = found.map(|(_, position, length)| (u64::from(*position), *length));
                // Without this, a segment with a damaged header would count as missing, and an
                // older revision would be taken for the newest.
                if place.is_none() && *hole {
                    let problem = "a header that may be its own cannot be read";
                    return Err(OakError::Corrupt { segment: id, problem });
                }
                return Ok(place);
            }
            Some(Index::Failed(error)) => return Err(error.clone()),
            None => return Ok(None),
        };
        let (mut low, mut high) = (0, stored.count);
        while low < high {
            let middle = low.midpoint(high);
            let entry = self.entry(stored, middle, files)?;
            let (uuid, place) = entry.split_first_chunk().unwrap_or((&[0; 16], &[]));
            match SegmentId::from_bytes(*uuid).cmp(&id) {
                std::cmp::Ordering::Equal => return Ok(two_numbers(place)),
                std::cmp::Ordering::Less => low = middle.saturating_add(1),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    fn entry(
        &self,
        stored: &Stored,
        number: u64,
        files: &dyn Files,
    ) -> Result<[u8; ENTRY_BYTES], OakError> {
        let kept = stored
            .kept
            .as_ref()
            .and_then(|kept| kept.as_chunks().0.get(usize::try_from(number).ok()?));
        if let Some(entry) = kept {
            return Ok(*entry);
        }
        let mut entry = [0; ENTRY_BYTES];
        let at = stored.start.saturating_add(number.saturating_mul(stored.width));
        self.read(files, at, &mut entry)?;
        Ok(entry)
    }

    /// Reads a segment, and checks it against the header in front of it and the CRC in its name.
    fn checked(
        &self,
        id: SegmentId,
        position: u64,
        length: u32,
        files: &dyn Files,
    ) -> Result<Wiped, OakError> {
        let corrupt = |problem| OakError::Corrupt { segment: id, problem };
        // An index has the position of the content, whose header is one block before it.
        let before = position.checked_sub(BLOCK).ok_or(corrupt("its index entry is wrong"))?;
        let mut header = Zeroizing::new([0; HEADER_BYTES]);
        self.read(files, before, header.as_mut())?;
        let entry = Header::read(&header).ok_or(corrupt("its header is damaged"))?;
        if entry.segment != Some(id) || entry.size != u64::from(length) || length > BYTES_MAX {
            // A wrong index may point into the middle of another segment, whose bytes could be
            // those of a header.
            return Err(corrupt("its header belongs to another entry"));
        }
        // A segment may hold keys: Oak keeps binaries below 16,512 bytes inline, whatever the blob store.
        // (`DefaultSegmentWriter`)
        let mut bytes = Wiped::zeros(usize::try_from(length).unwrap_or_default());
        self.read(files, position, &mut bytes)?;
        let mut crc = Crc::new();
        crc.update(&bytes);
        match entry.crc {
            Some(expected) if expected == crc.sum() => Ok(bytes),
            Some(_) => Err(corrupt("its checksum does not match")),
            // Oak accepts such a name, but nothing then shows that the bytes are those that were
            // written. (`SegmentTarManager.NAME_PATTERN`)
            None => Err(corrupt("its name has no checksum")),
        }
    }

    /// Finds the index at the end; `None` where there is none, or a damaged one.
    fn stored_index(&self, files: &dyn Files, cost: &Cost) -> Result<Option<Index>, OakError> {
        // A closed file is whole blocks; one that a truncated copy cut elsewhere has no index at
        // its end.
        let whole = self.bytes.is_multiple_of(BLOCK);
        let footer_at = self.bytes.checked_sub(END_BYTES);
        let Some(end) = footer_at.filter(|_| whole) else { return Ok(None) };
        let mut footer = [0; FOOTER_BYTES];
        self.read(files, end, &mut footer)?;
        let [c0, c1, c2, c3, n0, n1, n2, n3, s0, s1, s2, s3, magic @ ..] = footer;
        let widths: &[u64] = match &magic {
            // Oak 1.6 (AEM 6.3) writes 28 bytes, with a generation; Oak up to 1.4 (AEM 6.0 to 6.2)
            // writes 24.
            b"\n0K\n" => &[28, 24],
            // Oak 1.8 and newer (AEM 6.4 and newer) add the full generation and a flag for
            // compacted segments.
            b"\n1K\n" => &[33],
            // Oak writes the index when it rotates or closes a file, so the last file of a running
            // instance ends in segments.
            _ => return Ok(None),
        };
        // Trailers and segments are big-endian, as Java's `ByteBuffer` is; only the tar headers around them
        // are octal text.
        let count = u64::from(u32::from_be_bytes([n0, n1, n2, n3]));
        let size = u64::from(u32::from_be_bytes([s0, s1, s2, s3]));
        let expected = u32::from_be_bytes([c0, c1, c2, c3]);
        // Every segment has a header of its own.
        if !size.is_multiple_of(BLOCK) || size > self.bytes || count > self.bytes / BLOCK {
            return Ok(None);
        }
        for &width in widths {
            // The first two kinds share their magic; only the checksum distinguishes them.
            // Padding is in front of the entries, not after them, so they are found from the footer
            // backwards.
            let Some(start) = end.checked_sub(count.saturating_mul(width)) else { continue };
            // A store of many small flushes has segments of about 5 KB, so the indexes of 50 GB
            // take about 300 MB.
            cost.index_bytes.spend(end.saturating_sub(start))?;
            let mut stored = Stored { start, count, width, kept: None };
            let keep = count <= cost.kept_entries.left();
            let (sum, entries) = self.entries(&stored, keep, files)?;
            if sum == expected {
                if keep {
                    cost.kept_entries.spend(count)?;
                    stored.kept = Some(entries);
                }
                return Ok(Some(Index::Stored(stored)));
            }
        }
        Ok(None)
    }

    /// Reads an index through. Returns its checksum and, if they are to be kept, its entries.
    fn entries(
        &self,
        index: &Stored,
        keep: bool,
        files: &dyn Files,
    ) -> Result<(u32, Entries), OakError> {
        let width = usize::try_from(index.width).unwrap_or(CHUNK_BYTES);
        let mut left = usize::try_from(index.count).unwrap_or(usize::MAX);
        // Of the right size at once: what grows leaves copies behind.
        let room = if keep { left.saturating_mul(ENTRY_BYTES) } else { 0 };
        let mut kept = Wiped::with_capacity(room);
        let mut crc = Crc::new();
        let mut at = index.start;
        let many = CHUNK_BYTES.checked_div(width).unwrap_or_default().max(1);
        let mut chunk = Wiped::zeros(many.saturating_mul(width));
        while left > 0 {
            chunk.truncate(left.saturating_mul(width));
            self.read(files, at, &mut chunk)?;
            crc.update(&chunk);
            if keep {
                let entries =
                    chunk.chunks_exact(width).filter_map(|entry| entry.get(..ENTRY_BYTES));
                entries.for_each(|entry| kept.extend_from_slice(entry));
            }
            left = left.saturating_sub(many);
            at = at.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        }
        Ok((crc.sum(), kept))
    }

    /// Walks the headers. What is none is stepped over by blocks; an entry that the end cuts off is none.
    fn walk(&self, files: &dyn Files, cost: &Cost) -> Result<Index, OakError> {
        // Checksums of segments are left for `checked`: here only headers are read, and not the 256
        // MB between them.
        let (mut found, mut hole, mut skipped) = (Vec::new(), false, false);
        let mut at = 0_u64;
        while at.saturating_add(BLOCK) <= self.bytes {
            // It may be a part of a segment.
            let mut header = Zeroizing::new([0; HEADER_BYTES]);
            self.read(files, at, header.as_mut())?;
            let position = at.saturating_add(BLOCK);
            at = position;
            if header.iter().all(|byte| *byte == 0) {
                // Zeros cost bytes and not headers: a tar of 270 MB that was filled up has half a million
                // blocks of them.
                cost.index_bytes.spend(BLOCK)?;
                // GNU tar fills a file that shrank while it was read with zeros, so zeros do not
                // prove that the file ends here.
                skipped = true;
                continue;
            }
            cost.headers.spend(1)?;
            let entry = Header::read(&header).filter(|entry| {
                // Oak's own recovery stops at an entry that the end cuts off, too.
                entry.size > 0 && position.saturating_add(entry.size) <= self.bytes
            });
            // Oak logs a wrong checksum and goes on with the damaged size; here the next header is searched
            // for block by block.
            let Some(entry) = entry else {
                skipped = true;
                continue;
            };
            let numbers = u32::try_from(position).ok().zip(u32::try_from(entry.size).ok());
            if let (Some(id), Some((position, length))) = (entry.segment, numbers) {
                hole |= skipped;
                found.push((id, position, length));
            }
            // The trailers `.brf` and `.gph` are entries with headers of their own, whose names are
            // no UUIDs.
            at = position.saturating_add(entry.size).next_multiple_of(BLOCK);
        }
        // Segments lie in the order in which they were written, and are looked for by id.
        found.sort_unstable();
        Ok(Index::Walked { found, hole })
    }

    fn read(&self, files: &dyn Files, at: u64, buffer: &mut [u8]) -> Result<(), OakError> {
        files
            .read(self.file, at, buffer)
            .map_err(|error| OakError::Io { file: self.name.clone(), reason: error.to_string() })
    }
}

/// Reads position and length from an index entry.
fn two_numbers(bytes: &[u8]) -> Option<(u64, u32)> {
    let (position, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*position).into(), u32::from_be_bytes(*rest.first_chunk()?)))
}

/// What a tar header says.
struct Header {
    segment: Option<SegmentId>,
    crc: Option<u32>,
    size: u64,
}

impl Header {
    /// Reads one; `None` where its checksum is wrong.
    fn read(block: &[u8; HEADER_BYTES]) -> Option<Self> {
        // Oak writes neither the magic `ustar` nor a prefix nor pax records, so only three fields
        // count. (`SegmentTarWriter`)
        let field = |from: usize, length: usize| {
            let text = block.get(from..)?.get(..length)?;
            let end = text.iter().position(|byte| *byte == 0).unwrap_or(length);
            std::str::from_utf8(text.get(..end)?).ok().map(str::trim)
        };
        // Sizes in base 256 need no reader: they are for 8 GiB and more, and a segment has 256 KiB at most.
        let octal = |text: &str| u64::from_str_radix(text, 8).ok();
        // The checksum counts itself as blanks.
        let sum = block.iter().enumerate().fold(0_u64, |sum, (index, byte)| {
            sum.saturating_add(if (148..156).contains(&index) { 32 } else { (*byte).into() })
        });
        if octal(field(148, 8)?)? != sum {
            return None;
        }
        let name = field(0, 100)?;
        // The name is `<uuid>.<crc>`, and Oak allows more groups after that.
        // (`SegmentTarManager.NAME_PATTERN`)
        let mut groups = name.split('.');
        let segment = groups.next().and_then(SegmentId::parse);
        let crc = groups.next().filter(|group| group.len() == 8);
        let crc = crc.and_then(|group| u32::from_str_radix(group, 16).ok());
        Some(Self { segment, crc, size: octal(field(124, 12)?)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_asked_newest_first_and_copies_last() {
        let mut names = [
            "data00000a.tar",
            "data00001a.tar.bak",
            "data00001c.tar",
            "data00001b.tar",
            "data100000a.tar",
            "data00002.tar",
        ];
        names.sort_by_key(|name| std::cmp::Reverse(order(name)));
        assert_eq!(
            names,
            [
                "data100000a.tar",
                "data00002.tar",
                "data00001c.tar",
                "data00001b.tar",
                "data00000a.tar",
                "data00001a.tar.bak"
            ]
        );
        for other in [
            "data0000a.tar",
            "data00000ab.tar",
            "data00000a.tar.tmp",
            "bulk00000a.tar",
            "journal.log",
            "data00000a.tarx",
        ] {
            assert_eq!(order(other), None, "{other}");
        }
    }
}
