//! A zip that can be read at any place: entries in the order of the directory at its end.

use super::body::{Decoder, Fault};
use super::delivery::{Desk, Parcel};
use super::extra;
use super::record::{self, LOCAL_BYTES, Record};
use super::second_name::second_name;
use super::{WINDOW_BYTES, stream};
use crate::facts::{FileTime, GapKind, LogTime, Owner};
use crate::intake::container::{Context, Input};
use crate::intake::fs::File;
use crate::intake::read_at::ReadAt;
use crate::intake::shared_file::Positioned;
use crate::intake::wiping_reader::WipingReader;
use crate::intake::{EntryKind, EntryTime, Extent, path};
use crate::wiped::Wiped;
use rawzip::time::ZipDateTimeKind;
use rawzip::{CreatorSystem, RangeReader, ReaderAt, ZipArchive, ZipFileHeaderRecord, ZipLocator};
use std::io::{self, BufRead, BufReader, ErrorKind};

/// Bytes of the end of the directory, without its comment.
const END_BYTES: usize = 22;

/// Set where checksum and sizes stand after the body.
const SIZES_BEHIND: u16 = 0x0008;
/// What then is there, with a signature; twice four bytes more where sizes have eight.
const SIZES_BYTES: u64 = 16;
const SIZES_BYTES_OF_ZIP64: u64 = 24;
/// The newest version of the format that an entry can ask for (6.3, APPNOTE 4.4.3.2); what asks for more is no entry.
const VERSION_MAX: u16 = 63;
/// Bytes that may lie unlisted in the whole zip.
const SLACK_BYTES: u64 = 64;

/// Bytes of compressed data read at once: most bodies that matter are small.
const BODY_WINDOW_BYTES: usize = 16 << 10;

impl ReaderAt for Positioned {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        ReadAt::read_at(self, buffer, offset)
    }
}

/// Walks a zip in a file. `input` only counts what was passed over, for progress.
pub(super) fn walk(file: File, input: &mut dyn Input, context: &mut Context<'_>) {
    let reader = match Positioned::new(file) {
        Ok(reader) => reader,
        Err(error) => return context.visit.gap(None, GapKind::Unreadable, error.to_string()),
    };
    let length = reader.length();
    // Name, extra fields and comment have 64 KiB each at most, and a record has to lie in the buffer whole.
    let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
    match ZipLocator::new().locate_in_reader(reader, &mut buffer, length) {
        // The directory may be that of a jar in it, where the end of the zip was cut off.
        Ok(archive) if !is_of_another(&archive, &mut buffer) => {
            let desk = Desk::new(context);
            let mut walker =
                Walker { archive: &archive, desk, decoder: Decoder::new(), input, spanned: 0 };
            walker.walk(&mut buffer, length);
            walker.desk.close();
        }
        // Without a directory the entries are found one by one, and reading on tells where it ends.
        Ok(archive) => walk_bodies(RangeReader::new(archive.into_inner(), 0..length), context),
        Err((reader, _)) => walk_bodies(RangeReader::new(reader, 0..length), context),
    }
}

/// Walks a zip from its start, since what is at its end is of no use.
fn walk_bodies(bytes: RangeReader<Positioned>, context: &mut Context<'_>) {
    let bytes = Box::new(WipingReader::new(WINDOW_BYTES, bytes));
    if stream::walk(bytes, context) {
        let reason = "the end of the directory of the zip is damaged; other tools may refuse it or show less";
        context.visit.gap(None, GapKind::Corrupt, reason.to_owned());
    }
}

/// Returns `true` if a directory lists nothing at the start of a file that starts with an entry.
fn is_of_another(archive: &ZipArchive<Positioned>, buffer: &mut [u8]) -> bool {
    let mut fixed = [0; LOCAL_BYTES];
    // The signature alone may begin other files; a version and a name make it an entry.
    let is_entry = |fixed: &[u8]| {
        fixed.starts_with(&record::LOCAL)
            && extra::u16_at(fixed, 4) & 0xff <= VERSION_MAX
            && extra::u16_at(fixed, 26) > 0
    };
    if read_at(archive, &mut fixed, 0).is_err() || !is_entry(&fixed) {
        return false;
    }
    let mut entries = archive.entries(buffer);
    while let Ok(Some(entry)) = entries.next_entry() {
        if entry.local_header_offset() == 0 {
            return false;
        }
    }
    true
}

struct Walker<'a, 'c, 'v> {
    archive: &'a ZipArchive<Positioned>,
    desk: Desk<'c, 'v>,
    decoder: Decoder,
    input: &'a mut dyn Input,
    /// Bytes that the entries take so far, headers and all.
    spanned: u64,
}

/// What the directory says of an entry.
struct Listed {
    record: Record,
    start: u64,
    /// The type bits of a Unix mode, zero where there are none.
    kind: u32,
    owner: Option<Owner>,
    written: EntryTime,
}

impl Walker<'_, '_, '_> {
    fn walk(&mut self, buffer: &mut [u8], length: u64) {
        if !self.check_end(length) {
            return;
        }
        let archive = self.archive;
        let mut entries = archive.entries(buffer);
        let mut first = u64::MAX;
        let mut stored = 0_u64;
        loop {
            // The directory is what `unzip`, Java's `ZipFile`
            // and Windows go by, so it is what is announced.
            let listed = match entries.next_entry() {
                Ok(Some(entry)) => listed(&entry),
                Ok(None) => break,
                Err(_) => {
                    let reason =
                        "the directory at the end of the zip is damaged; the rest was not read";
                    self.desk.gap(GapKind::Corrupt, reason.to_owned());
                    break;
                }
            };
            first = first.min(listed.start);
            stored = stored.saturating_add(listed.record.stored);
            // No honest zip stores more than lies before its directory.
            // In Fifield's bomb of 2019 all entries share one body: 10 MB of it unpack to 281 TB.
            if stored > archive.directory_offset() {
                let reason = "entries lie one on the other, as in a bomb; the rest was not read";
                self.desk.gap(GapKind::Corrupt, reason.to_owned());
                break;
            }
            if !self.desk.has_room() || !self.take(&listed) {
                return;
            }
        }
        // A limit returns before this, for what was not read would seem to be missing.
        self.check_counts(first);
        let between = archive.directory_offset().saturating_sub(first);
        if first < u64::MAX && between > self.spanned.saturating_add(SLACK_BYTES) {
            let reason = format!(
                "{} bytes between the entries that the directory does not list; they may be entries that other tools show",
                between.saturating_sub(self.spanned)
            );
            self.desk.gap(GapKind::TrailingData, reason);
        }
    }

    /// Checks what is at the end of the directory and behind it. `false` where the rest of the zip is elsewhere.
    fn check_end(&mut self, length: u64) -> bool {
        let mut end = [0; END_BYTES];
        if let Err(error) = read_at(self.archive, &mut end, self.archive.eocd_offset()) {
            self.desk.say_fault(error);
            return false;
        }
        let disk = extra::u16_at(&end, 4);
        // All ones mean that the number is in the zip64 record
        // (APPNOTE 4.4.1.4), which whole zips have too.
        if disk != 0 && disk != u16::MAX {
            let reason = "the last part of a split zip; join all parts with `zip -s 0 FILE.zip --out WHOLE.zip`";
            self.desk.gap(GapKind::Unsupported, reason.to_owned());
            return false;
        }
        let behind = self.archive.end_offset();
        // Storage systems and tapes pad a file with zeros to a block; that is no harm.
        if behind < length && !self.is_padding(behind, length) {
            let bytes = length.saturating_sub(behind);
            let reason = format!("{bytes} unknown bytes after the end of the zip");
            self.desk.gap(GapKind::TrailingData, reason);
        }
        true
    }

    fn is_padding(&self, from: u64, to: u64) -> bool {
        if to.saturating_sub(from) > self.desk.context.limits.padding_bytes_max {
            return false;
        }
        let mut bytes = BufReader::new(RangeReader::new(self.archive.get_ref(), from..to));
        loop {
            match bytes.fill_buf() {
                Ok([]) => return true,
                Ok(piece) if piece.iter().all(|byte| *byte == 0) => {
                    let length = piece.len();
                    bytes.consume(length);
                }
                _ => return false,
            }
        }
    }

    /// Returns `true` if all before the first entry is the mark of a zip that was to be split.
    fn begins_with_mark(&self, first: u64) -> bool {
        let mut mark = [0; record::WHOLE.len()];
        first == 4 && read_at(self.archive, &mut mark, 0).is_ok() && mark == record::WHOLE
    }

    fn check_counts(&mut self, first: u64) {
        let announced = self.archive.entries_hint();
        let entries = self.desk.entries;
        // The count has two bytes, and packers without zip64 let it run over.
        if announced != entries && announced != entries & 0xffff {
            let reason =
                format!("the zip announces {announced} entries, its directory lists {entries}");
            self.desk.gap(GapKind::Corrupt, reason);
        } else if entries == 0 {
            self.desk.gap(GapKind::EmptyArchive, "an archive without any entry".to_owned());
        } else if first > 0 && !self.begins_with_mark(first) {
            let reason =
                format!("{first} bytes before the first entry that the directory does not list");
            self.desk.gap(GapKind::TrailingData, reason);
        }
    }

    /// Takes one entry. `false` at a limit.
    fn take(&mut self, listed: &Listed) -> bool {
        let Listed { record, start, kind, owner, written } = listed;
        let named = self.desk.take_name(record);
        // Only the header before the body says where the
        // body begins: its extra fields may be longer.
        let (body, is_zip64) = match self.body_start(listed) {
            Ok(Some(found)) => found,
            Ok(None) => {
                let reason = format!(
                    "the directory of the zip and the header at byte {start} differ; tools disagree on what it holds"
                );
                self.desk.path_gap(GapKind::Corrupt, reason);
                // Nothing shows how long it is.
                self.spanned = u64::MAX;
                return true;
            }
            Err(fault) => {
                self.desk.say_fault(fault);
                self.spanned = u64::MAX;
                return true;
            }
        };
        let behind = match (record.flags & SIZES_BEHIND, is_zip64) {
            (0, _) => 0,
            (_, false) => SIZES_BYTES,
            (_, true) => SIZES_BYTES_OF_ZIP64,
        };
        let takes = body.saturating_sub(*start).saturating_add(record.stored);
        self.spanned = self.spanned.saturating_add(takes).saturating_add(behind);
        // Only so much is known of how far the reading went; the entries may lie in any order.
        let _passed: io::Result<u64> = self.input.jump(record.stored);
        if !named {
            return true;
        }
        let kind = match kind {
            // Zips of Windows have no mode, so the name decides first.
            _ if record.is_directory() => EntryKind::Directory,
            0o040_000 => EntryKind::Directory,
            0o120_000 => return self.take_link(record, body, owner.as_ref()),
            // Packers such as `jar` set no type at all.
            0 | 0o100_000 => EntryKind::File,
            _ => EntryKind::Other,
        };
        match self.desk.announce(record, kind, extent(record, body), owner.clone(), *written) {
            Some(parcel) => self.deliver(record, body, parcel),
            None => true,
        }
    }

    /// The target of a link is its body.
    fn take_link(&mut self, record: &Record, body: u64, owner: Option<&Owner>) -> bool {
        let target_max = u64::try_from(self.desk.context.limits.path_bytes_max).unwrap_or(u64::MAX);
        if !self.desk.can_decode(record) {
            return true;
        }
        let mut target = Wiped::default();
        // A forged link may announce gigabytes, and its target would be kept in memory.
        let size_max = record.size.min(target_max);
        let decoded = self.decode(record, body, size_max, &mut |_, piece| target.extend(piece));
        match decoded {
            Ok(decoded) => self.desk.check(record, decoded),
            Err(fault) => {
                self.desk.say_fault(fault);
                return true;
            }
        }
        let link = EntryKind::SymbolicLink(path::symbolic_link(&self.desk.path, &target));
        self.desk.announce(record, link, None, owner.cloned(), EntryTime::Unknown);
        self.desk.count_unpacked(record.size)
    }

    fn deliver(&mut self, record: &Record, body: u64, mut parcel: Parcel) -> bool {
        if !self.desk.has_bytes(record.size) {
            return false;
        }
        if parcel.is_archive() {
            let range = body..body.saturating_add(record.stored);
            let reader = RangeReader::new(self.archive.get_ref(), range);
            let mut input = WipingReader::new(WINDOW_BYTES, reader);
            let walked = self.desk.walk_inner(record, &mut self.decoder, &mut input);
            self.desk.check_inner(record, &walked);
            return true;
        }
        let decoded = self.decode(record, body, record.size, &mut |desk, piece| {
            desk.push(&mut parcel, piece);
        });
        match decoded {
            Ok(decoded) => {
                self.desk.end(&parcel, decoded);
                self.desk.check(record, decoded);
                self.desk.count_unpacked(decoded.size)
            }
            Err(fault) => {
                self.desk.say_fault(fault);
                true
            }
        }
    }

    fn decode(
        &mut self,
        record: &Record,
        body: u64,
        size_max: u64,
        take: &mut dyn FnMut(&mut Desk<'_, '_>, &[u8]),
    ) -> Result<super::body::Decoded, Fault> {
        let range = body..body.saturating_add(record.stored);
        let window = usize::try_from(record.stored)
            .map_or(BODY_WINDOW_BYTES, |stored| stored.clamp(1, BODY_WINDOW_BYTES));
        let reader = RangeReader::new(self.archive.get_ref(), range);
        let mut input = WipingReader::new(window, reader);
        let desk = &mut self.desk;
        self.decoder.decode(record.method, &mut input, size_max, &mut |piece| take(desk, piece))
    }

    /// Returns where the body of an entry starts and whether its sizes have eight bytes, `None` when the header before it says another thing than the directory.
    fn body_start(&self, listed: &Listed) -> Result<Option<(u64, bool)>, Fault> {
        let Listed { record, start, .. } = listed;
        let mut fixed = [0; LOCAL_BYTES];
        read_at(self.archive, &mut fixed, *start)?;
        // Where an offset leads to something else, the directory is one of other bytes.
        if !fixed.starts_with(&record::LOCAL) {
            return Ok(None);
        }
        let (name, extra) = (extra::u16_at(&fixed, 26), extra::u16_at(&fixed, 28));
        let (name, extra) = (usize::from(name), usize::from(extra));
        if name != record.name.len() {
            return Ok(None);
        }
        let mut rest = vec![0; name.saturating_add(extra)];
        let fixed_bytes = u64::try_from(LOCAL_BYTES).unwrap_or(u64::MAX);
        let rest_start = start.saturating_add(fixed_bytes);
        read_at(self.archive, &mut rest, rest_start)?;
        let (name, extra) = rest.split_at_checked(name).unwrap_or((&rest, &[]));
        let local = Record::local(&fixed, name, extra);
        let rest_bytes = u64::try_from(rest.len()).unwrap_or(u64::MAX);
        let found = (rest_start.saturating_add(rest_bytes), local.is_zip64);
        Ok(local.agrees_with(record).then_some(found))
    }
}

/// Returns where a body lies, when it can be read again.
fn extent(record: &Record, start: u64) -> Option<Extent> {
    let bytes = record.stored;
    let is_stored = Decoder::is_stored(record.method);
    let extent =
        if is_stored { Extent::Plain { start } } else { Extent::Deflated { start, bytes } };
    // A stored entry of two lengths has a wrong one,
    // and none can be trusted for reading at a place.
    Some(extent).filter(|_| !record.is_encrypted() && (!is_stored || bytes == record.size))
}

fn listed(entry: &ZipFileHeaderRecord<'_>) -> Listed {
    let extra = entry.extra_fields();
    let fields = extra.remaining_bytes();
    let mode = entry.external_attributes() >> 16;
    // Elsewhere the upper half of the attributes is not a Unix mode (APPNOTE 4.4.15).
    let is_unix = matches!(
        entry.version_made_by().creator_system(),
        CreatorSystem::UNIX | CreatorSystem::MACOS
    );
    // Without a mode nothing can be said of who may read a key, and an owner alone misleads.
    let owner = record::owner(fields).filter(|_| is_unix && mode != 0);
    let owner = owner.map(|(uid, gid)| Owner { uid, gid, user: None, mode: mode & 0o7777 });
    let name = entry.file_path().as_bytes().to_vec();
    let record = Record {
        second_name: second_name(&name, fields),
        name,
        flags: entry.flags().bits(),
        method: entry.compression_method().as_u16(),
        crc: entry.crc32(),
        stored: entry.compressed_size_hint(),
        size: entry.uncompressed_size_hint(),
        is_zip64: false,
    };
    let kind = if is_unix { mode & 0o170_000 } else { 0 };
    let written = EntryTime::Known(written(&entry.last_modified()));
    Listed { record, start: entry.local_header_offset(), kind, owner, written }
}

/// Packers on Unix keep the time in UTC beside the local one of the format.
fn written(time: &ZipDateTimeKind) -> FileTime {
    let ms = |year, month, day, hour, minute, second| {
        LogTime { year, month, day, hour, minute, second, millisecond: 0 }.as_if_utc_ms()
    };
    match time {
        ZipDateTimeKind::Utc(t) => {
            FileTime::UtcMs(ms(t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second()))
        }
        ZipDateTimeKind::Local(t) => {
            FileTime::LocalMs(ms(t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second()))
        }
    }
}

fn read_at(archive: &ZipArchive<Positioned>, out: &mut [u8], at: u64) -> Result<(), Fault> {
    archive.get_ref().fill(out, at).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Fault::Ends,
        _ => Fault::Failed(error),
    })
}
