//! What the tests of this room share: a visitor that records, and archives in one expression.

#![allow(clippy::arithmetic_side_effects, reason = "a failing test may panic")]

use super::container::{Context, Input, Opened};
use super::{
    Descend, Entry, EntryKind, Extent, NoWatch, Origin, Source, Visit, Walked, Want, walk,
};
use crate::facts::{GapKind, Owner};
use crate::limits::Limits;
use crate::wiped::Wiped;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// One call of a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    Entry {
        path: String,
        kind: EntryKind,
        size: u64,
        owner: Option<Owner>,
    },
    Body(Vec<u8>),
    /// A stream that ended.
    Streamed(Vec<u8>),
    Gap {
        path: Option<String>,
        kind: GapKind,
        reason: String,
    },
}

/// Records every call; wants up to 1 MiB of every file whose name does not say `skip`.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) events: Vec<Event>,
    pub(super) want: Option<Want>,
    /// A directory that is not listed, but for what is kept.
    pub(super) pruned: Option<&'static str>,
    pub(super) kept: Option<&'static [&'static str]>,
    /// The pieces of the stream that did not end yet.
    pub(super) pieces: Vec<u8>,
    /// What the archive says it does not hold.
    pub(super) left_out: Vec<String>,
    /// Path, length and place of every body that can be read where it lies.
    pub(super) parts: Vec<(String, u64, Extent)>,
}

impl Visit for Recorder {
    fn entry(&mut self, entry: &Entry<'_>) -> Want {
        self.pieces.clear();
        let Entry { path, kind, size, extent, owner, .. } = entry.clone();
        self.parts.extend(extent.map(|extent| (path.to_owned(), size, extent)));
        self.events.push(Event::Entry { path: path.to_owned(), kind, size, owner });
        let all = Want::Whole { bytes_max: 1 << 20 };
        if path.contains("skip") { Want::Nothing } else { self.want.unwrap_or(all) }
    }

    fn body(&mut self, bytes: &[u8]) {
        self.events.push(Event::Body(bytes.to_vec()));
    }

    fn piece(&mut self, bytes: &[u8]) {
        self.pieces.extend(bytes);
    }

    fn body_end(&mut self) {
        self.events.push(Event::Streamed(std::mem::take(&mut self.pieces)));
    }

    fn gap(&mut self, path: Option<&str>, kind: GapKind, reason: String) {
        self.events.push(Event::Gap { path: path.map(str::to_owned), kind, reason });
    }

    fn was_link(&mut self, path: &str, certain: bool, reason: &str) {
        let reason = format!("{certain}: {reason}");
        self.gap(Some(path), GapKind::LinkBroken, reason);
    }

    fn disputed(&mut self, path: &str, other: &str, reason: &str) {
        self.gap(Some(path), GapKind::Ambiguous, format!("{other}: {reason}"));
    }

    fn left_out(&mut self, path: &str) {
        self.left_out.push(path.to_owned());
    }

    fn descend(&mut self, directory: &str) -> Descend {
        match self.pruned {
            Some(pruned) if pruned == directory => {
                self.kept.map_or(Descend::Nothing, Descend::Only)
            }
            _ => Descend::All,
        }
    }
}

impl Recorder {
    /// Returns the reasons of the gaps, in order.
    pub(super) fn reasons(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(
                |event| if let Event::Gap { reason, .. } = event { Some(&**reason) } else { None },
            )
            .collect()
    }

    /// Returns the kinds of the gaps, in order.
    pub(super) fn gaps(&self) -> Vec<GapKind> {
        self.events
            .iter()
            .filter_map(
                |event| if let Event::Gap { kind, .. } = event { Some(*kind) } else { None },
            )
            .collect()
    }

    /// Returns everything but the gaps.
    pub(super) fn facts(&self) -> Vec<Event> {
        self.events.iter().filter(|event| !matches!(event, Event::Gap { .. })).cloned().collect()
    }

    /// Returns path and body of every file delivered.
    pub(super) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let mut last = String::new();
        for event in &self.events {
            match event {
                Event::Entry { path, .. } => last.clone_from(path),
                Event::Body(bytes) | Event::Streamed(bytes) => {
                    files.push((last.clone(), bytes.clone()));
                }
                Event::Gap { .. } => {}
            }
        }
        files
    }
}

/// Bytes in memory that can jump, or hand out so many bytes a read.
struct Memory<'a> {
    bytes: Cursor<&'a [u8]>,
    read_bytes_max: usize,
    jumps: bool,
}

impl Read for Memory<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = out.len().min(self.read_bytes_max);
        self.bytes.read(&mut out[..length])
    }
}

impl Input for Memory<'_> {
    fn jump(&mut self, bytes: u64) -> io::Result<u64> {
        if !self.jumps {
            return Ok(0);
        }
        let left = self.bytes.get_ref().len() as u64 - self.bytes.position();
        self.bytes.seek(SeekFrom::Current(i64::try_from(bytes.min(left)).unwrap()))?;
        Ok(bytes.min(left))
    }

    fn is_plain_file(&self) -> bool {
        true
    }
}

/// How bytes are handed to a walk.
#[derive(Debug, Clone, Copy)]
pub(super) enum Feed {
    Whole,
    ByByte,
    Jumping,
}

/// Walks bytes as one container, or after sniffing when none is given.
pub(super) fn scan(
    bytes: &[u8],
    feed: Feed,
    limits: &Limits,
    recorder: Recorder,
    sniff: bool,
) -> Recorder {
    let (read_bytes_max, jumps) = match feed {
        Feed::Whole => (usize::MAX, false),
        Feed::ByByte => (1, false),
        Feed::Jumping => (700, true),
    };
    let limits = Limits { jump_bytes_min: 1, ..*limits };
    let mut input = Memory { bytes: Cursor::new(bytes), read_bytes_max, jumps };
    with_context(&limits, recorder, |context| {
        if sniff {
            super::walk_input(&mut input, context);
        } else {
            let opened = Opened { head: Wiped::default(), input: &mut input };
            (super::tar::CONTAINER.walk)(opened, context);
        }
    })
}

/// Walks something into a recorder.
pub(super) fn with_context(
    limits: &Limits,
    mut recorder: Recorder,
    walk: impl FnOnce(&mut Context<'_>),
) -> Recorder {
    walk(&mut Context {
        limits,
        visit: &mut recorder,
        names: Vec::new(),
        entries: 0,
        unpacked: 0,
        nesting: 0,
        hint: None,
        depth: super::depth::Depth::default(),
        state: None,
        digest: None,
        listing: None,
        random_access: None,
    });
    recorder
}

/// Scans a tar in every way of feeding; they must agree in every event.
pub(super) fn scan_tar(bytes: &[u8]) -> Recorder {
    let limits = Limits::default();
    let whole = scan(bytes, Feed::Whole, &limits, Recorder::default(), false);
    for feed in [Feed::ByByte, Feed::Jumping] {
        let fed = scan(bytes, feed, &limits, Recorder::default(), false);
        assert_eq!(fed.events, whole.events, "{feed:?}");
        assert_eq!(fed.left_out, whole.left_out, "{feed:?}");
    }
    whole
}

/// Sniffs and scans bytes.
pub(super) fn sniff_and_scan(bytes: &[u8]) -> Recorder {
    scan(bytes, Feed::Whole, &Limits::default(), Recorder::default(), true)
}

/// Walks a path with a recorder.
pub(super) fn walk_path(
    path: &Path,
    limits: &Limits,
    mut recorder: Recorder,
) -> (Walked, Recorder) {
    let source = Source::named("s".to_owned(), Origin::Path(path.to_owned()));
    let walked = walk(&source, limits, &NoWatch, &mut recorder);
    (walked, recorder)
}

/// Returns one tar member, header and padded body.
pub(super) fn member(kind: u8, name: &str, body: &[u8]) -> Vec<u8> {
    member_of(kind, name, body, |_| {})
}

/// Returns one tar member whose header is changed before its checksum is made.
pub(super) fn member_of(
    kind: u8,
    name: &str,
    body: &[u8],
    change: impl Fn(&mut ::tar::Header),
) -> Vec<u8> {
    let mut header = ::tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(::tar::EntryType::new(kind));
    header.set_size(body.len() as u64);
    header.set_mode(0o640);
    header.set_uid(7);
    header.set_gid(8);
    header.set_username("aem").unwrap();
    change(&mut header);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// Returns the two zero blocks that end an archive.
pub(super) fn end() -> Vec<u8> {
    vec![0; 1024]
}

/// Returns the members one after the other and the end of the archive.
pub(super) fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    [members.concat(), end()].concat()
}

/// Returns a PAX record.
pub(super) fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len() + 1;
    while length != rest.len() + length.to_string().len() {
        length += 1;
    }
    format!("{length}{rest}").into_bytes()
}

/// Compresses bytes as one gzip member.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Compresses bytes as one zstd frame.
pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Compresses bytes as one bzip2 stream.
pub(super) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Compresses bytes as one xz stream.
pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    xz_of_window(bytes, 1 << 20)
}

/// Compresses bytes as one xz stream whose dictionary is so large.
pub(super) fn xz_of_window(bytes: &[u8], window: u32) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(1);
    options.lzma_options.dict_size = window;
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// A tar of two files, the second without rhyme.
fn two_files() -> Vec<u8> {
    let noise: Vec<u8> =
        (0..700_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    archive(&[member(b'0', "b/hmac", b"key"), member(b'0', "z", &noise)])
}

fn said(bytes: &[u8]) -> (Vec<GapKind>, usize) {
    let recorder = sniff_and_scan(bytes);
    (recorder.gaps(), recorder.files().len())
}

/// Checks what every compression has to read, and to say of its ends.
pub(super) fn scan_packed(pack: fn(&[u8]) -> Vec<u8>) {
    let tar = two_files();
    let packed = pack(&tar);
    assert_eq!(said(&packed), (vec![], 2));
    assert_eq!(said(&[packed.clone(), vec![0; 4000]].concat()), (vec![], 2));
    for at in [0, 1, 511, 513, 514, 1500, tar.len()] {
        assert_eq!(said(&[pack(&tar[..at]), pack(&tar[at..])].concat()), (vec![], 2), "{at}");
    }
    assert_eq!(said(&[&packed, &b"<html>"[..]].concat()), (vec![GapKind::TrailingData], 2));
    let hollow = [packed.clone(), vec![0; (1 << 20) + 1]].concat();
    assert_eq!(said(&hollow), (vec![GapKind::TrailingData], 2));
    let second = [packed.clone(), packed[..30].to_vec()].concat();
    assert_eq!(said(&second), (vec![GapKind::Partial], 2));
    assert_eq!(said(&[packed.clone(), packed[..2].to_vec()].concat()), (vec![GapKind::Partial], 2));
    assert_eq!(said(&pack(&packed)), (vec![], 2));
    assert_eq!(said(&pack(&gzip(&packed))), (vec![GapKind::OverLimit], 0));
    assert_eq!(said(&pack(b"<html>403</html>")), (vec![GapKind::NotAnArchive], 0));
    assert_eq!(said(&pack(b"")), (vec![GapKind::EmptyFile], 0));
    let limits = Limits { unpacked_bytes_max: 1 << 20, ..Limits::default() };
    let bomb = pack(&pack(&vec![0; 8 << 20]));
    let recorder = scan(&bomb, Feed::Whole, &limits, Recorder::default(), true);
    assert_eq!(recorder.gaps(), [GapKind::OverLimit]);
    for feed in [Feed::ByByte, Feed::Jumping] {
        let recorder = scan(&packed, feed, &Limits::default(), Recorder::default(), true);
        assert_eq!(recorder.events, sniff_and_scan(&packed).events);
    }
}

/// Cuts a small archive at every `step`th byte, and flips that byte.
pub(super) fn damage_leaves_a_gap_and_keeps_what_came_before(
    pack: fn(&[u8]) -> Vec<u8>,
    step: usize,
) {
    let bytes = pack(&two_files());
    let whole = sniff_and_scan(&bytes).facts();
    for at in (0..bytes.len()).step_by(step) {
        let recorder = sniff_and_scan(&bytes[..at]);
        assert!(whole.starts_with(&recorder.facts()), "{at}: {:?}", recorder.events);
        assert!(!recorder.gaps().is_empty(), "{at}");
        for flip in [0x01, 0x10, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let recorder = sniff_and_scan(&damaged);
            let same = recorder.facts() == whole;
            assert!(!recorder.gaps().is_empty() || same, "byte {at} ^ {flip:#x}");
        }
    }
}
