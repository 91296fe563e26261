//! A zip that comes as a stream, or that has no directory: entries by the headers before their bodies.
//!
//! The directory that follows must list the same entries in the same order. What it alone knows, such as links, is reported.

use super::body::{Decoded, Decoder, Fault};
use super::delivery::{Desk, Parcel};
use super::extra;
use super::record::{self, CENTRAL_BYTES, DESCRIPTOR, LOCAL_BYTES, Record};
use crate::facts::GapKind;
use crate::intake::container::Context;
use crate::intake::{EntryKind, EntryTime};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::{self, BufRead, ErrorKind, Read};

/// Walks a zip from its first byte to its last. Returns `false` where it does not come to the end of its directory.
pub(super) fn walk(bytes: Box<dyn BufRead + '_>, context: &mut Context<'_>) -> bool {
    let bytes = Counted { bytes, offset: 0 };
    let desk = Desk::new(context);
    let (entries, directory) = (Sha256::new(), Sha256::new());
    let mut walker = Walker {
        bytes,
        desk,
        decoder: Decoder::new(),
        entries,
        directory,
        listed: 0,
        maybe_links: BTreeSet::new(),
        maybe_bytes: 0,
    };
    let end = walker.walk();
    let is_whole = end.is_ok();
    if let Err(stop) = end {
        walker.say(stop);
        walker.say_maybe_links();
    }
    walker.desk.close();
    is_whole
}

/// Why reading ends early.
enum Stop {
    /// It was reported.
    Told,
    /// The stream ends here.
    Ends(&'static str),
    Failed(io::Error),
    Bad(GapKind, String),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Ends => Self::Ends("an entry"),
            Fault::Failed(error) => Self::Failed(error),
            Fault::Damaged => Self::Bad(
                GapKind::CorruptStream,
                "compressed data is damaged; the rest was not read".to_owned(),
            ),
            Fault::TooLong => Self::Bad(
                GapKind::CorruptStream,
                "an entry unpacks to more than its header says; the rest was not read".to_owned(),
            ),
        }
    }
}

struct Walker<'b, 'c, 'v> {
    bytes: Counted<'b>,
    desk: Desk<'c, 'v>,
    decoder: Decoder,
    /// Digest of what the headers before the bodies said.
    entries: Sha256,
    /// Digest of what the directory says.
    directory: Sha256,
    /// Entries in the directory.
    listed: u64,
    /// Files that may be links, which the directory has not shown yet.
    maybe_links: BTreeSet<String>,
    /// Bytes that those take.
    maybe_bytes: usize,
}

struct Counted<'b> {
    bytes: Box<dyn BufRead + 'b>,
    offset: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.bytes.read(out)?;
        self.offset = self.offset.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        Ok(length)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        self.bytes.consume(length);
        self.offset = self.offset.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
    }
}

impl Counted<'_> {
    fn exactly<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Stop> {
        let mut out = [0; N];
        self.fill_exactly(&mut out, what)?;
        Ok(out)
    }

    fn fill_exactly(&mut self, out: &mut [u8], what: &'static str) -> Result<(), Stop> {
        match self.read_exact(out) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Stop::Ends(what)),
            Err(error) => Err(Stop::Failed(error)),
        }
    }

    fn variable(&mut self, length: u16, what: &'static str) -> Result<Vec<u8>, Stop> {
        let mut out = vec![0; usize::from(length)];
        self.fill_exactly(&mut out, what)?;
        Ok(out)
    }

    fn pass(&mut self, length: u64, what: &'static str) -> Result<(), Stop> {
        let skipped = io::copy(&mut self.by_ref().take(length), &mut io::sink());
        match skipped {
            Ok(skipped) if skipped == length => Ok(()),
            Ok(_) => Err(Stop::Ends(what)),
            Err(error) => Err(Stop::Failed(error)),
        }
    }
}

impl Walker<'_, '_, '_> {
    fn walk(&mut self) -> Result<(), Stop> {
        loop {
            let signature = self.bytes.exactly("the list of its entries")?;
            match signature {
                // No entry may follow the directory: it would be of another zip, which tools that
                // go by the end hide.
                record::LOCAL if self.listed == 0 => self.take_entry()?,
                record::WHOLE if self.bytes.offset == 4 => {}
                record::CENTRAL => self.take_listed()?,
                record::END => return self.take_end(),
                // The zip64 records repeat in eight bytes what the end record says, and sizes were taken from each entry.
                record::END_64 => {
                    // The zip64 record counts its length without the
                    // signature and this field (APPNOTE 4.3.14.1).
                    let length = u64::from_le_bytes(self.bytes.exactly("its directory")?);
                    self.bytes.pass(length, "its directory")?;
                }
                // Of 20 bytes, the signature was read already.
                record::LOCATOR_64 => self.bytes.pass(16, "its directory")?,
                _ => {
                    let at = self.bytes.offset.saturating_sub(4);
                    let reason = format!("no valid header at byte {at}; the rest was not read");
                    return Err(Stop::Bad(GapKind::Corrupt, reason));
                }
            }
        }
    }

    fn take_entry(&mut self) -> Result<(), Stop> {
        if !self.desk.has_room() {
            return Err(Stop::Told);
        }
        let mut fixed = [0; LOCAL_BYTES];
        if let Some(rest) = fixed.get_mut(4..) {
            self.bytes.fill_exactly(rest, "a header")?;
        }
        let name = self.bytes.variable(extra::u16_at(&fixed, 26), "a header")?;
        let extra = self.bytes.variable(extra::u16_at(&fixed, 28), "a header")?;
        let mut record = Record::local(&fixed, &name, &extra);
        // Without the stored size nothing says where the
        // body ends: both sizes are known, or neither is.
        if record.has_sizes_behind() && record.stored == 0 {
            record.size = 0;
        }
        let named = self.desk.take_name(&record);
        let kind = if record.is_directory() { EntryKind::Directory } else { EntryKind::File };
        let parcel = if named {
            self.desk.announce(&record, kind, None, None, EntryTime::Unknown)
        } else {
            None
        };
        self.take_body(&mut record, parcel)?;
        // Behind the body: checksum and sizes may be known only now.
        add(&mut self.entries, &record);
        if self.desk.count_unpacked(0) { Ok(()) } else { Err(Stop::Told) }
    }

    /// Reads a body, and into `record` what is after it.
    fn take_body(&mut self, record: &mut Record, parcel: Option<Parcel>) -> Result<(), Stop> {
        let sizes_known = !record.has_sizes_behind() || record.stored > 0;
        if parcel.is_none() && sizes_known {
            self.bytes.pass(record.stored, "an entry")?;
            if record.has_sizes_behind() {
                let decoded = Decoded { stored: record.stored, size: record.size, crc: record.crc };
                self.take_sizes(record, decoded)?;
            }
            return Ok(());
        }
        // A directory has no body, stored or not, and some packers write even its sizes behind that.
        if !sizes_known && record.is_directory() && !Decoder::ends_itself(record.method) {
            self.take_sizes(record, Decoded::default())?;
            self.desk.check(record, Decoded::default());
            return Ok(());
        }
        // Only deflate marks its end. A signature that is
        // searched for may as well be a part of the body.
        if !sizes_known && (!Decoder::ends_itself(record.method) || record.is_encrypted()) {
            let reason = "a stream of zip does not say where this entry ends; name the zip as a file instead";
            self.desk.path_gap(GapKind::Unsupported, reason.to_owned());
            return Err(Stop::Bad(GapKind::Unsupported, "the rest was not read".to_owned()));
        }
        if sizes_known && !self.desk.has_bytes(record.size) {
            return Err(Stop::Told);
        }
        if parcel.as_ref().is_some_and(Parcel::is_archive) {
            return self.take_inner(record, sizes_known);
        }
        let decoded = self.decode(record, sizes_known, parcel)?;
        if record.has_sizes_behind() {
            self.take_sizes(record, decoded)?;
        }
        self.desk.check(record, decoded);
        Ok(())
    }

    /// Walks a body as an archive of its own.
    fn take_inner(&mut self, record: &mut Record, sizes_known: bool) -> Result<(), Stop> {
        let start = self.bytes.offset;
        // Without a known size only the deflate stream itself says where it ends; the budget bounds what comes out of it.
        let stored_max = if sizes_known { record.stored } else { u64::MAX };
        let mut input = self.bytes.by_ref().take(stored_max);
        let walked = self.desk.walk_inner(record, &mut self.decoder, &mut input);
        let left = input.limit();
        if walked.is_over_limit {
            return Err(self.over_limit());
        }
        if sizes_known {
            self.bytes.pass(left, "an entry")?;
        }
        if record.has_sizes_behind() {
            let stored = self.bytes.offset.saturating_sub(start);
            let decoded = Decoded { stored, ..walked.decoded };
            self.take_sizes(record, decoded)?;
        }
        self.desk.check_inner(record, &walked);
        Ok(())
    }

    fn decode(
        &mut self,
        record: &Record,
        sizes_known: bool,
        mut parcel: Option<Parcel>,
    ) -> Result<Decoded, Stop> {
        let size_max = if sizes_known { record.size } else { self.desk.left() };
        let stored_max = if sizes_known { record.stored } else { u64::MAX };
        let (desk, bytes) = (&mut self.desk, &mut self.bytes);
        let mut input = bytes.by_ref().take(stored_max);
        let mut take = |piece: &[u8]| {
            if let Some(parcel) = &mut parcel {
                desk.push(parcel, piece);
            }
        };
        let decoded = self.decoder.decode(record.method, &mut input, size_max, &mut take);
        let left = input.limit();
        let decoded = match decoded {
            Ok(decoded) => decoded,
            // The stream goes on where its header says that the entry ends.
            Err(Fault::Ends) if sizes_known && left == 0 => return Err(Fault::Damaged.into()),
            Err(Fault::TooLong) if !sizes_known => return Err(self.over_limit()),
            Err(fault) => return Err(fault.into()),
        };
        // A stored body that ends before its size does was cut, for nothing else ends it.
        if sizes_known && left > 0 && Decoder::is_stored(record.method) {
            return Err(Stop::Ends("an entry"));
        }
        if let Some(parcel) = &parcel {
            self.desk.end(parcel, decoded);
            if Decoder::is_stored(record.method) && parcel.may_be_link() {
                self.remember_maybe_link();
            }
        }
        if sizes_known {
            self.bytes.pass(left, "an entry")?;
        }
        self.desk.unpacked = self.desk.unpacked.saturating_add(decoded.size);
        Ok(decoded)
    }

    /// Reads checksum and sizes after a body: with or without a signature, in four bytes each or in eight.
    fn take_sizes(&mut self, record: &mut Record, decoded: Decoded) -> Result<(), Stop> {
        let mut first = self.bytes.exactly::<4>("an entry")?;
        // APPNOTE 4.3.9.3: the signature is optional and commonly there, so both must be read.
        if first == DESCRIPTOR {
            first = self.bytes.exactly("an entry")?;
        }
        record.crc = u32::from_le_bytes(first);
        let narrow = self.bytes.exactly::<8>("an entry")?;
        let pair = (extra::u32_at(&narrow, 0), extra::u32_at(&narrow, 4));
        (record.stored, record.size) = (u64::from(pair.0), u64::from(pair.1));
        // Java writes eight bytes for each where they are needed, and does not say so before.
        let fits = (record.stored, record.size) == (decoded.stored, decoded.size);
        if record.is_zip64 || (!fits && u64::from_le_bytes(narrow) == decoded.stored) {
            record.stored = u64::from_le_bytes(narrow);
            record.size = u64::from_le_bytes(self.bytes.exactly("an entry")?);
        }
        Ok(())
    }

    fn take_listed(&mut self) -> Result<(), Stop> {
        let what = "its directory";
        let mut fixed = [0; CENTRAL_BYTES];
        if let Some(rest) = fixed.get_mut(4..) {
            self.bytes.fill_exactly(rest, what)?;
        }
        let name = self.bytes.variable(extra::u16_at(&fixed, 28), what)?;
        let extra = self.bytes.variable(extra::u16_at(&fixed, 30), what)?;
        // The comment of the entry.
        self.bytes.pass(u64::from(extra::u16_at(&fixed, 32)), what)?;
        let record = Record::central(&fixed, &name, &extra);
        self.listed = self.listed.saturating_add(1);
        add(&mut self.directory, &record);
        let mut path = String::new();
        crate::intake::path::normalise(&record.name, &mut path);
        // What the directory lists as a file is one; only where it is missing the doubt stays.
        self.maybe_links.remove(&path);
        // Unix and OS X (APPNOTE 4.4.2.2): only these keep
        // a mode, and so links, in the upper attributes.
        let made_on_unix = matches!(fixed.get(5), Some(3 | 19));
        // The upper four bits of a Unix mode are the type, and 0o12 is a symbolic link.
        if made_on_unix && extra::u32_at(&fixed, 38) >> 28 == 0o12 {
            self.desk.context.visit.was_link(&path, true, "is a link, which only the end of a stream of zip shows; name the zip as a file instead");
        }
        Ok(())
    }

    fn over_limit(&self) -> Stop {
        Stop::Bad(GapKind::OverLimit, self.desk.unpacks_to_more())
    }

    fn remember_maybe_link(&mut self) {
        let max = self.desk.context.limits.names_bytes_max;
        // A set keeps a name and what it takes to find it.
        let bytes = self.maybe_bytes.saturating_add(self.desk.path.len()).saturating_add(64);
        if bytes <= max {
            self.maybe_bytes = bytes;
            self.maybe_links.insert(self.desk.path.clone());
        } else {
            let reason = format!("more than {max} bytes of names of files that may be links");
            self.desk.gap_once(GapKind::OverLimit, reason);
        }
    }

    fn say_maybe_links(&mut self) {
        for path in std::mem::take(&mut self.maybe_links) {
            let reason =
                "may be a link or a file; the end of the zip, which would show it, is missing";
            self.desk.context.visit.was_link(&path, false, reason);
        }
    }

    fn take_end(&mut self) -> Result<(), Stop> {
        let rest = self.bytes.exactly::<18>("its directory")?;
        let comment = self.bytes.variable(extra::u16_at(&rest, 16), "its comment")?;
        // Tools search the end record from the end of the file,
        // so one inside the comment wins for some of them.
        if comment.windows(record::END.len()).any(|bytes| bytes == record::END) {
            let reason = "the comment of the zip holds the end of another one; tools disagree on what it holds";
            self.desk.gap(GapKind::Corrupt, reason.to_owned());
        }
        // Digests rather than lists: a zip of millions
        // of entries has to be compared in fixed memory.
        let same = self.entries.clone().finalize() == self.directory.clone().finalize();
        if !same {
            let reason = "the directory of the zip and the headers of its entries differ; tools disagree on what it holds";
            self.desk.gap(GapKind::Corrupt, reason.to_owned());
        } else if self.desk.entries == 0 {
            self.desk.gap(GapKind::EmptyArchive, "an archive without any entry".to_owned());
        }
        self.take_padding()
    }

    fn take_padding(&mut self) -> Result<(), Stop> {
        let start = self.bytes.offset;
        loop {
            let bytes = self.bytes.fill_buf().map_err(Stop::Failed)?;
            let (length, is_zero) = (bytes.len(), bytes.iter().all(|byte| *byte == 0));
            let padded = self.bytes.offset.saturating_sub(start);
            let is_long = padded > self.desk.context.limits.padding_bytes_max;
            if length == 0 && !is_long {
                return Ok(());
            }
            if is_long || !is_zero {
                let reason = "unknown bytes after the end of the zip".to_owned();
                return Err(Stop::Bad(GapKind::TrailingData, reason));
            }
            self.bytes.consume(length);
        }
    }

    fn say(&mut self, stop: Stop) {
        let at = self.bytes.offset;
        match stop {
            Stop::Told => {}
            Stop::Ends(what) => {
                let reason = format!(
                    "cut: ends inside {what} at byte {at}; the directory at the end of the zip is missing"
                );
                self.desk.gap(GapKind::Partial, reason);
            }
            Stop::Failed(error) => {
                let reason = format!("{error} at byte {at}; the rest was not read");
                self.desk.gap(GapKind::Unreadable, reason);
            }
            Stop::Bad(GapKind::OverLimit, reason) => self.desk.gap(GapKind::OverLimit, reason),
            Stop::Bad(kind, reason) => self.desk.gap(kind, format!("{reason}, at byte {at}")),
        }
    }
}

/// Adds to a digest what both headers of an entry must agree on.
fn add(digest: &mut Sha256, record: &Record) {
    // With its length, so that no name can run into the fields behind it and make another entry of them.
    let length = u64::try_from(record.name.len()).unwrap_or(u64::MAX);
    digest.update(length.to_le_bytes());
    digest.update(&record.name);
    let second = record.second_name.as_ref().map_or(&[][..], |second| &second.name);
    digest.update(u64::try_from(second.len()).unwrap_or(u64::MAX).to_le_bytes());
    digest.update(second);
    digest.update(record.method.to_le_bytes());
    digest.update(record.crc.to_le_bytes());
    digest.update(record.stored.to_le_bytes());
    digest.update(record.size.to_le_bytes());
}
