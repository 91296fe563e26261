//! Where bytes come from: regular files, which can jump, and standard input.

use super::container::{Context, Input};
use super::depth::Stored;
use super::entry::Watch;
use super::fs::File;
use super::open::{self, FileState};
use super::read_ahead::ReadAhead;
use super::source_hash::FileHash;
use super::walk_input;
use crate::facts::GapKind;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Walks a regular file.
pub(super) fn walk(path: &Path, watch: &dyn Watch, context: &mut Context<'_>) {
    let opened =
        open::named(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    let (file, metadata) = match opened {
        Ok(opened) => opened,
        Err(error) => return context.visit.gap(None, GapKind::Unreadable, error.to_string()),
    };
    let name = path.file_name().map(|name| name.to_string_lossy());
    context.hint = name.as_deref().and_then(super::archive_name::part_hint);
    context.state = Some(FileState::of(&metadata));
    // What the source may unpack to depends on its size, which of a file is known before it is read.
    context.depth.stored.add(metadata.len());
    let ahead = ReadAhead::default();
    let hash = FileHash::wanted(context.limits);
    let mut input = FileInput { file, position: 0, length: metadata.len(), ahead, watch, hash };
    walk_input(&mut input, context);
    if let Some(hash) = input.hash.take() {
        // Of what could not be read once more there was a gap before.
        context.digest = hash.of_file(&mut input.file, metadata.len(), watch).unwrap_or_default();
    }
    // A file still being uploaded grows; one being rotated shrinks.
    if !open::is_unchanged(&input.file, &metadata) {
        context.digest = None;
        let reason = format!("changed while it was read; it had {} bytes at first", metadata.len());
        context.visit.gap(None, GapKind::Changed, reason);
    }
}

/// Walks standard input.
pub(super) fn walk_stdin(watch: &dyn Watch, context: &mut Context<'_>) {
    walk_stream(io::stdin().lock(), watch, context);
}

fn walk_stream(stream: impl Read, watch: &dyn Watch, context: &mut Context<'_>) {
    let stored = context.depth.stored.clone();
    let hash = FileHash::wanted(context.limits);
    let mut input = StreamInput { stream, watch, stored, hash };
    walk_input(&mut input, context);
    let StreamInput { mut stream, hash, .. } = input;
    context.digest = hash.and_then(|hash| hash.of_stream(&mut stream));
}

struct FileInput<'a> {
    file: File,
    position: u64,
    length: u64,
    ahead: ReadAhead,
    watch: &'a dyn Watch,
    hash: Option<FileHash>,
}

impl FileInput<'_> {
    fn advance(&mut self, bytes: u64) {
        self.position = self.position.saturating_add(bytes);
        self.watch.advanced(bytes);
    }
}

impl Read for FileInput<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // `read` and no mapping: a mapped gzip of 1.2 GB took 1,227 MB of memory instead of 3, and was no faster.
        let length = self.file.read(out)?;
        let bytes = u64::try_from(length).unwrap_or_default();
        if let Some(hash) = &mut self.hash {
            hash.take(self.position, out.get(..length).unwrap_or_default());
        }
        self.advance(bytes);
        self.ahead.read(&self.file, bytes, self.position);
        Ok(length)
    }
}

impl Input for FileInput<'_> {
    /// Never jumps after the end of the file: a seek there succeeds, and a cut archive would look whole.
    fn jump(&mut self, bytes: u64) -> io::Result<u64> {
        // All has to be read where a hash is wanted, and one pass costs less than two.
        if self.hash.is_some() {
            return Ok(0);
        }
        // The tar crate's `entries_with_seek` jumps on: it gave 4,576 of the 4,584 entries of a cut tar, and no error.
        let bytes = bytes.min(self.length.saturating_sub(self.position));
        let Ok(distance) = i64::try_from(bytes) else { return Ok(0) };
        if distance > 0 {
            self.file.seek(SeekFrom::Current(distance))?;
            self.ahead.jumped(&self.file);
            self.advance(bytes);
        }
        Ok(bytes)
    }

    fn is_plain_file(&self) -> bool {
        true
    }

    // A page has one thread, and the files that it holds stay in it.
    #[cfg(not(target_family = "wasm"))]
    fn elsewhere(&mut self) -> Option<&mut (dyn Read + Send)> {
        Some(self)
    }

    fn file(&self) -> Option<&File> {
        Some(&self.file)
    }
}

struct StreamInput<'a, R> {
    stream: R,
    watch: &'a dyn Watch,
    stored: Stored,
    hash: Option<FileHash>,
}

impl<R: Read> Read for StreamInput<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(out)?;
        let bytes = u64::try_from(length).unwrap_or_default();
        if let Some(hash) = &mut self.hash {
            hash.take(self.stored.bytes(), out.get(..length).unwrap_or_default());
        }
        self.stored.add(bytes);
        self.watch.advanced(bytes);
        Ok(length)
    }
}

impl<R: Read> Input for StreamInput<'_, R> {
    fn jump(&mut self, _: u64) -> io::Result<u64> {
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::testing::{
        Event, Recorder, archive, gzip, member, walk_path, with_context, xz, zstd,
    };
    use crate::intake::{NoWatch, Want};
    use crate::limits::Limits;
    use crate::testing::Scenes;
    use std::fs;
    use std::path::Path;

    fn walk(bytes: &[u8]) -> (String, Recorder) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.bin");
        fs::write(&path, bytes).unwrap();
        let (walked, recorder) = walk_path(&path, &Limits::default(), Recorder::default());
        (walked.container, recorder)
    }

    /// Walks bytes as a file and as standard input; returns the reasons of their gaps, which must be the same.
    fn reasons(bytes: &[u8], limits: &Limits) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.bin");
        fs::write(&path, bytes).unwrap();
        let recorder = || Recorder { want: Some(Want::Archive), ..Recorder::default() };
        let (_, of_file) = walk_path(&path, limits, recorder());
        let of_stream = with_context(limits, recorder(), |context| {
            walk_stream(bytes, &NoWatch, context);
        });
        let reasons = [of_file, of_stream].map(|recorder| {
            let reason = |event| match event {
                Event::Gap { kind: GapKind::OverLimit, reason, .. } => Some(reason),
                _ => None,
            };
            recorder.events.into_iter().filter_map(reason).collect::<Vec<String>>()
        });
        assert_eq!(reasons[0], reasons[1]);
        let [of_file, _] = reasons;
        of_file
    }

    /// A tar whose one file is nothing but zeros.
    fn hollow() -> Vec<u8> {
        archive(&[member(b'0', "skip", &vec![0; 4 << 20]), member(b'0', "hmac", b"key")])
    }

    #[test]
    fn what_unpacks_to_many_times_its_size_is_left() {
        let limits = Limits { ratio_max: 20, unratioed_bytes_max: 1 << 20, ..Limits::default() };
        let inside = archive(&[member(b'0', "a.tar.xz", &xz(&hollow()))]);
        let mut said = Vec::new();
        for (name, bomb) in [
            ("zstd", zstd(&hollow())),
            ("zstd in gzip", gzip(&zstd(&hollow()))),
            ("tar.xz in tar", inside.clone()),
            ("tar.xz in tar.gz", gzip(&inside)),
        ] {
            let mut reasons = reasons(&bomb, &limits);
            reasons.dedup();
            assert_eq!(reasons.len(), 1, "{name}");
            said.extend(reasons);
        }
        said.dedup();
        let mut scenes = Scenes::default();
        scenes.add("what unpacks to many times its size, in any packing", &said.join("\n"));
        scenes.are("bombs");
    }

    #[test]
    fn small_source_and_one_that_shrinks_little_are_read_whole() {
        let free = Limits { ratio_max: 20, unratioed_bytes_max: 5 << 20, ..Limits::default() };
        assert_eq!(reasons(&gzip(&zstd(&hollow())), &free), [""; 0]);
        let ratio = Limits { ratio_max: 20, unratioed_bytes_max: 0, ..Limits::default() };
        let random =
            (0..200_000_u64).map(|at| at.wrapping_pow(3).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let random = archive(&[member(
            b'0',
            "skip",
            &random.map(|at| at.to_be_bytes()[0]).collect::<Vec<u8>>(),
        )]);
        assert_eq!(reasons(&gzip(&gzip(&random)), &ratio), [""; 0]);
        let inside = archive(&[member(b'0', "a.tgz", &gzip(&random))]);
        assert_eq!(reasons(&gzip(&inside), &ratio), [""; 0]);
        let defaults =
            reasons(&gzip(&hollow()), &Limits { unratioed_bytes_max: 0, ..Limits::default() });
        assert_eq!(defaults, [""; 0], "no gzip reaches the ratio");
    }

    #[test]
    fn number_of_bytes_that_is_lower_than_the_ratio_is_the_one_that_is_told() {
        let limits = Limits { unpacked_bytes_max: 1 << 20, ..Limits::default() };
        let reasons = reasons(&zstd(&hollow()), &limits);
        assert!(reasons[0].starts_with("unpacks to more than 1048576 bytes"), "{reasons:?}");
    }

    fn sample() -> Vec<u8> {
        let noise: Vec<u8> =
            (0..1_000_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
        archive(&[
            member(b'0', "skip", &noise),
            member(b'0', "hmac", b"key"),
            member(b'0', "skip2", &noise),
        ])
    }

    #[test]
    fn content_decides_what_a_file_is() {
        for (bytes, container) in
            [(sample(), "tar"), (gzip(&sample()), "gzip, tar"), (b"hello".to_vec(), "")]
        {
            assert_eq!(walk(&bytes).0, container);
        }
    }

    #[test]
    fn jumping_misses_neither_entry_nor_cut() {
        let bytes = sample();
        let (_, whole) = walk(&bytes);
        assert_eq!(whole.gaps(), []);
        assert_eq!(whole.files(), [("hmac".to_owned(), b"key".to_vec())]);
        let (_, cut) = walk(&bytes[..bytes.len() - 500_000]);
        assert_eq!((cut.files(), cut.gaps()), (whole.files(), vec![GapKind::Partial]));
    }

    #[test]
    fn what_cannot_be_read_is_a_gap() {
        for (path, kind) in
            [("/dev/null", GapKind::NotAnArchive), ("/no/such/file", GapKind::Unreadable)]
        {
            let (_, recorder) = walk_path(Path::new(path), &Limits::default(), Recorder::default());
            assert_eq!(recorder.gaps(), [kind], "{path}");
        }
        assert_eq!(walk(b"").1.gaps(), [GapKind::EmptyFile]);
    }
}
