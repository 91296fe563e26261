//! Files of saved facts, line by line, in bounded memory.

use super::codec::{self, Codec};
use super::depth::Depth;
use super::fs::{self, File, Metadata};
use super::gzip::Gunzip;
use super::open::FileState;
use super::unpack::Unpack;
use super::zstd::Unzstd;
use super::{Origin, Source, mapped, open};
use crate::facts::GapKind;
use crate::limits::Limits;
use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// A whole line, without its line end.
    Whole(Cow<'a, [u8]>),
    /// The file ends here, within a line.
    Cut(Cow<'a, [u8]>),
    /// A line longer than any that holds facts; its bytes were passed over.
    TooLong,
}

/// Is handed lines, and says whether to go on.
type Visit<'v> = dyn FnMut(&[Line<'_>]) -> bool + 'v;

/// How the names of files of facts end that are taken from a folder.
const ENDINGS: [&str; 3] = [".ndjson", ".ndjson.gz", ".ndjson.zst"];
/// How those of other files of lines end.
const OTHER_ENDING: &str = ".summary";

/// Returns the files that operands name, sorted, each once; of a folder the files of facts in it, by their names.
pub fn facts_files(operands: &[OsString]) -> Vec<Source> {
    let mut operands: Vec<OsString> = operands.iter().flat_map(in_folder).collect();
    operands.sort();
    operands.dedup();
    let file = |text: OsString| {
        let name = super::path::text(text.as_encoded_bytes());
        let origin = if text == "-" { Origin::Stdin } else { Origin::Path(PathBuf::from(text)) };
        Source::named(name, origin)
    };
    operands.into_iter().map(file).collect()
}

/// Returns the files of facts in a folder; what is none, or holds none, itself.
fn in_folder(operand: &OsString) -> Vec<OsString> {
    let of_facts = |name: &str| {
        let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
        // macOS leaves `._facts.ndjson` beside a file on a disk of another system.
        stem.is_some_and(|stem| !stem.ends_with(OTHER_ENDING) && !stem.starts_with('.'))
    };
    let entries = fs::read_dir(operand).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_name().to_str().is_some_and(of_facts));
    let files: Vec<OsString> = files.map(|entry| entry.path().into_os_string()).collect();
    if files.is_empty() { vec![operand.clone()] } else { files }
}

/// Returns what files are like that are to be read more than once; `None` for one that is not there.
///
/// # Errors
///
/// Fails on what can be read once alone; the message is one sentence without a full stop.
pub fn file_states(files: &[Source]) -> Result<Vec<Option<FileState>>, String> {
    let state = |file: &Source| {
        let Origin::Path(path) = &file.origin else {
            return Err("standard input can be read once; save it in a file".to_owned());
        };
        let seen = fs::metadata(path).ok();
        if seen.as_ref().is_some_and(|seen| !seen.is_file() && !seen.is_dir()) {
            return Err(format!("{}: is no file, and can be read once", file.name));
        }
        Ok(seen.as_ref().map(FileState::of))
    };
    files.iter().map(state).collect()
}

/// Hands every line of a file to `visit`, in order and some at once, which says whether to go on.
///
/// # Errors
///
/// Fails when the file is none, cannot be opened or read on, or changes meanwhile; lines before that stand.
pub fn read_lines(
    source: &Source,
    limits: &Limits,
    visit: &mut Visit<'_>,
) -> Result<(), (GapKind, String)> {
    match &source.origin {
        Origin::Stdin => each_line(&mut io::stdin().lock(), limits, visit).map(drop),
        Origin::Path(path) => read_file(path, limits, visit),
    }
}

fn read_file(path: &Path, limits: &Limits, visit: &mut Visit<'_>) -> Result<(), (GapKind, String)> {
    if fs::metadata(path).map_err(unreadable)?.is_dir() {
        let reason = "is a directory without files of facts (.ndjson, .ndjson.gz, .ndjson.zst)";
        return Err((GapKind::Unreadable, reason.to_owned()));
    }
    let file = open::named(path).map_err(unreadable)?;
    let before = file.metadata().map_err(unreadable)?;
    let mut is_changed = false;
    // Before lines are parsed and before the next are split: what is after the new end of a mapped file must not be read.
    let mut visit = |batch: &[Line<'_>]| {
        let is_same = || open::is_unchanged(&file, &before);
        let goes_on = is_same() && visit(batch);
        is_changed = !is_same();
        goes_on && !is_changed
    };
    let mut input = BufReader::with_capacity(codec::INPUT_BYTES, &file);
    let head = input.fill_buf().map_err(unreadable)?;
    // By content, as with sources: a packed file may have lost its ending on the way.
    let is_read = if head.starts_with(&GZIP) {
        each_unpacked(
            Unpack::new(Gunzip::new(), input, limits, Depth::default()),
            limits,
            &mut visit,
        )?
    } else if head.starts_with(&ZSTD) {
        let codec = Unzstd::new(limits);
        each_unpacked(Unpack::new(codec, input, limits, Depth::default()), limits, &mut visit)?
    } else {
        match mapped::map(&file, &before, 0, window_bytes(limits)) {
            Some(first) => each_window(first, &file, &before, limits, &mut visit)?,
            None => each_line(&mut input, limits, &mut visit)?,
        }
    };
    if is_changed || is_read && !open::is_unchanged(&file, &before) {
        let reason = format!("changed while it was read; it had {} bytes at first", before.len());
        return Err((GapKind::Changed, reason));
    }
    Ok(())
}

/// How files begin that hold packed lines.
const GZIP: [u8; 2] = [0x1F, 0x8B];
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Returns whether everything was read. Lines before damage stand.
fn each_unpacked<R: BufRead, C: Codec>(
    mut unpack: Unpack<R, C>,
    limits: &Limits,
    visit: &mut Visit<'_>,
) -> Result<bool, (GapKind, String)> {
    let is_read = each_line(&mut BufReader::new(&mut unpack), limits, visit)?;
    unpack.problems().first().map_or(Ok(is_read), |problem| Err(problem.clone()))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unreadable(error: io::Error) -> (GapKind, String) {
    (GapKind::Unreadable, error.to_string())
}

/// Returns whether everything was read.
fn each_line(
    input: &mut dyn BufRead,
    limits: &Limits,
    visit: &mut Visit<'_>,
) -> Result<bool, (GapKind, String)> {
    let mut trouble = None;
    let lines = std::iter::from_fn(|| {
        next_line(input, limits.line_bytes_max).unwrap_or_else(|error| {
            trouble = Some(unreadable(error));
            None
        })
    });
    let is_read = in_batches(lines, limits.lines_bytes_max, visit);
    trouble.map_or(Ok(is_read), Err)
}

/// Batches of lines in what is mapped of a file at once. Mapped bytes count as memory of the program until they are given back: a file of
/// 739 MB was a fifth of what merging it took.
const WINDOW_BATCHES: usize = 4;

/// Reads a file through one window after the other; returns whether everything was read.
fn each_window(
    first: mapped::MappedPart,
    file: &File,
    seen: &Metadata,
    limits: &Limits,
    visit: &mut Visit<'_>,
) -> Result<bool, (GapKind, String)> {
    let (mut start, mut window, mut bytes_max) = (0_u64, first, window_bytes(limits));
    let mut is_in_long_line = false;
    loop {
        // Before any byte of the window is read: there may be no line in it, before which that is looked at too.
        if !open::is_unchanged(file, seen) {
            return Ok(true);
        }
        let is_last = start.saturating_add(as_u64(window.len())) >= seen.len();
        // Inside a long line the first line end matters, which ends it. Else it is the last one, before which all lines are whole.
        let line_ends = if is_in_long_line {
            memchr::memchr(b'\n', &window)
        } else {
            memchr::memrchr(b'\n', &window)
        };
        let is_too_long = window.len() > limits.line_bytes_max;
        let end = match line_ends {
            Some(at) if is_in_long_line || !is_last => at.saturating_add(1),
            None if !is_in_long_line && !is_last && !is_too_long => 0,
            _ => window.len(),
        };
        let text = window.get(..end).filter(|_| !is_in_long_line).unwrap_or_default();
        if !each_mapped(text, limits, visit) {
            return Ok(false);
        }
        start = start.saturating_add(as_u64(end));
        if start >= seen.len() {
            return Ok(true);
        }
        is_in_long_line = line_ends.is_none() && end > 0;
        // A line that is longer than the window needs a larger one.
        bytes_max = if end == 0 { bytes_max.saturating_mul(2) } else { window_bytes(limits) };
        window = mapped::map(file, seen, start, bytes_max)
            .ok_or_else(|| unreadable(io::Error::other("no more of it could be mapped")))?;
    }
}

fn window_bytes(limits: &Limits) -> usize {
    limits.lines_bytes_max.saturating_mul(WINDOW_BATCHES)
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Returns whether everything was read.
fn each_mapped(bytes: &[u8], limits: &Limits, visit: &mut Visit<'_>) -> bool {
    let mut rest = bytes;
    let lines = std::iter::from_fn(|| {
        let (line, behind) = first_line(rest, limits.line_bytes_max)?;
        rest = behind;
        Some(line)
    });
    in_batches(lines, limits.lines_bytes_max, visit)
}

/// Returns whether all lines were visited.
fn in_batches<'a>(
    lines: impl Iterator<Item = Line<'a>>,
    bytes_max: usize,
    visit: &mut Visit<'_>,
) -> bool {
    let (mut batch, mut bytes) = (Vec::new(), 0_usize);
    for line in lines {
        bytes = bytes.saturating_add(line.cost());
        batch.push(line);
        if bytes >= bytes_max {
            if !visit(&batch) {
                return false;
            }
            batch.clear();
            bytes = 0;
        }
    }
    batch.is_empty() || visit(&batch)
}

impl<'a> Line<'a> {
    /// Bytes of memory that it takes at most, together with what is made of an empty one.
    fn cost(&self) -> usize {
        let text = match self {
            Self::Whole(text) | Self::Cut(text) => text.len(),
            Self::TooLong => 0,
        };
        text.saturating_add(256)
    }

    /// Makes a whole line of what is before the `\n`.
    fn whole(text: &'a [u8]) -> Self {
        // Facts that passed through Git or an editor on Windows end their lines with CR LF.
        Self::Whole(Cow::Borrowed(text.strip_suffix(b"\r").unwrap_or(text)))
    }

    fn into_owned(self) -> Line<'static> {
        match self {
            Self::Whole(text) => Line::Whole(Cow::Owned(text.into_owned())),
            Self::Cut(text) => Line::Cut(Cow::Owned(text.into_owned())),
            Self::TooLong => Line::TooLong,
        }
    }
}

/// Splits off the first line; `None` where there is none.
fn first_line(bytes: &[u8], bytes_max: usize) -> Option<(Line<'_>, &[u8])> {
    // A line end may stand behind as many bytes as a line may have, and no further.
    let head = bytes.get(..=bytes_max).unwrap_or(bytes);
    if let Some((text, _)) = memchr::memchr(b'\n', head).and_then(|at| head.split_at_checked(at)) {
        let behind = bytes.get(text.len().saturating_add(1)..).unwrap_or_default();
        return Some((Line::whole(text), behind));
    }
    match bytes {
        [] => None,
        _ if bytes.len() > bytes_max => {
            let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at.saturating_add(1));
            Some((Line::TooLong, bytes.get(end..).unwrap_or_default()))
        }
        _ => Some((Line::Cut(Cow::Borrowed(bytes)), &[])),
    }
}

fn next_line(input: &mut dyn BufRead, bytes_max: usize) -> io::Result<Option<Line<'static>>> {
    let mut line = Vec::new();
    // A line end may stand behind the longest line that is taken.
    let room = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    Read::take(&mut *input, room).read_until(b'\n', &mut line)?;
    let first = first_line(&line, bytes_max).map(|(line, _)| line.into_owned());
    if first == Some(Line::TooLong) {
        skip_line(input)?;
    }
    Ok(first)
}

fn skip_line(input: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (length, ends) = match memchr::memchr(b'\n', buffer) {
            Some(at) => (at.saturating_add(1), true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(length);
        if ends {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn shown(line: &Line<'_>) -> String {
        match line {
            Line::Whole(text) => String::from_utf8_lossy(text).into_owned(),
            Line::Cut(text) => format!("cut {}", String::from_utf8_lossy(text)),
            Line::TooLong => "too long".to_owned(),
        }
    }

    /// Lines, as they are read from a pipe and from a mapping.
    fn lines(bytes: &[u8], line_bytes_max: usize) -> Vec<String> {
        let mut all = [Vec::new(), Vec::new()];
        let mut file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file, bytes).unwrap();
        let source = Source::named("a".to_owned(), Origin::Path(file.path().to_owned()));
        for lines_bytes_max in [1, 600, 1 << 20] {
            let limits = Limits { line_bytes_max, lines_bytes_max, ..Limits::default() };
            all = [Vec::new(), Vec::new()];
            let mut keep = |batch: &[Line<'_>]| {
                all[0].extend(batch.iter().map(shown));
                true
            };
            each_line(&mut BufReader::with_capacity(3, bytes), &limits, &mut keep).unwrap();
            let mut keep = |batch: &[Line<'_>]| {
                all[1].extend(batch.iter().map(shown));
                true
            };
            read_lines(&source, &limits, &mut keep).unwrap();
            assert_eq!(all[0], all[1], "{lines_bytes_max}");
        }
        let [lines, _] = all;
        lines
    }

    #[test]
    fn lines_end_in_either_way_and_a_cut_one_is_told() {
        assert_eq!(lines(b"a\nbc\r\n\nd", 9), ["a", "bc", "", "cut d"]);
        assert_eq!(lines(b"", 9), [""; 0]);
    }

    #[test]
    fn long_line_costs_no_memory_and_no_other_line() {
        assert_eq!(lines(b"abcd\nabcde\nabcdefghij\nx\n", 5), ["abcd", "abcde", "too long", "x"]);
        assert_eq!(lines(b"abcde\r\nabcd\r\n", 5), ["too long", "abcd"]);
        assert_eq!(lines(b"abcdefghij", 5), ["too long"]);
        assert_eq!(lines(b"abcde", 5), ["cut abcde"]);
    }

    #[test]
    fn reading_ends_when_told() {
        let mut seen = 0;
        let mut stop = |_: &[Line<'_>]| {
            seen += 1;
            false
        };
        let limits = Limits { lines_bytes_max: 1, ..Limits::default() };
        assert!(!each_line(&mut &b"a\nb\n"[..], &limits, &mut stop).unwrap());
        assert!(!each_mapped(b"a\nb\n", &limits, &mut stop));
        assert_eq!(seen, 2);
    }

    #[test]
    fn lines_before_an_error_stand() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let mut input = BufReader::new(b"a\nb".chain(Broken));
        let mut seen = Vec::new();
        let mut keep = |batch: &[Line<'_>]| {
            seen.extend(batch.iter().map(shown));
            true
        };
        let error = each_line(&mut input, &Limits::default(), &mut keep).unwrap_err();
        assert_eq!(error, (GapKind::Unreadable, "broken".to_owned()));
        assert_eq!(seen, ["a"]);
    }

    #[test]
    fn file_that_changes_while_it_is_read_is_told_and_one_that_shrinks_ends_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        let source = Source::named("a".to_owned(), Origin::Path(path.clone()));
        let limits = Limits { lines_bytes_max: 1, ..Limits::default() };
        // More than a page: what is after the new end of a file cannot be read.
        let text = "0123456789abcde\n".repeat(4096);
        for (first, length) in [(1, 0), (1, 70_000), (4096, 10)] {
            fs::write(&path, &text).unwrap();
            let mut seen = 0;
            let mut change = |_: &[Line<'_>]| {
                seen += 1;
                if seen == first {
                    File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
                }
                true
            };
            let error = read_lines(&source, &limits, &mut change).unwrap_err();
            let reason = "changed while it was read; it had 65536 bytes at first".to_owned();
            assert_eq!(error, (GapKind::Changed, reason));
            assert_eq!(seen, first);
        }
    }

    #[test]
    fn files_are_named_once_in_whatever_order() {
        let files = facts_files(&["b".into(), "-".into(), "a".into(), "b".into()]);
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["-", "a", "b"]);
    }
}
