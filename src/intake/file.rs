//! Where bytes come from: regular files, which can jump, and standard input.

use super::container::{Context, Input};
use super::entry::Watch;
use super::open::{self, State};
use super::walk_input;
use crate::facts::GapKind;
use std::fs::File;
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
    context.state = Some(State::of(&metadata));
    let mut input = FileInput { file, position: 0, length: metadata.len(), watch };
    walk_input(&mut input, context);
    // A file still being uploaded grows; one being rotated shrinks.
    if !open::is_unchanged(&input.file, &metadata) {
        let reason = format!("changed while it was read; it had {} bytes at first", metadata.len());
        context.visit.gap(None, GapKind::Changed, reason);
    }
}

/// Walks standard input.
pub(super) fn walk_stdin(watch: &dyn Watch, context: &mut Context<'_>) {
    walk_input(&mut StreamInput { stream: io::stdin().lock(), watch }, context);
}

struct FileInput<'a> {
    file: File,
    position: u64,
    length: u64,
    watch: &'a dyn Watch,
}

impl FileInput<'_> {
    fn advance(&mut self, bytes: u64) {
        self.position = self.position.saturating_add(bytes);
        self.watch.advanced(bytes);
    }
}

impl Read for FileInput<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(out)?;
        self.advance(u64::try_from(length).unwrap_or_default());
        Ok(length)
    }
}

impl Input for FileInput<'_> {
    /// Never jumps behind the end of the file: a seek there succeeds, and a cut archive would look whole.
    fn jump(&mut self, bytes: u64) -> io::Result<u64> {
        let bytes = bytes.min(self.length.saturating_sub(self.position));
        let Ok(distance) = i64::try_from(bytes) else { return Ok(0) };
        if distance > 0 {
            self.file.seek(SeekFrom::Current(distance))?;
            self.advance(bytes);
        }
        Ok(bytes)
    }

    fn is_plain_file(&self) -> bool {
        true
    }

    fn file(&self) -> Option<&File> {
        Some(&self.file)
    }
}

struct StreamInput<'a, R> {
    stream: R,
    watch: &'a dyn Watch,
}

impl<R: Read> Read for StreamInput<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(out)?;
        self.watch.advanced(u64::try_from(length).unwrap_or_default());
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
    use crate::facts::GapKind;
    use crate::intake::testing::{Recorder, archive, gzip, member, walk_path};
    use crate::limits::Limits;
    use std::fs;
    use std::path::Path;

    fn walk(bytes: &[u8]) -> (String, Recorder) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.bin");
        fs::write(&path, bytes).unwrap();
        let (walked, recorder) = walk_path(&path, &Limits::default(), Recorder::default());
        (walked.container, recorder)
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
