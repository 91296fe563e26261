//! Files of saved facts, line by line, in bounded memory.

use super::{Origin, Source, open};
use crate::limits::Limits;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// A whole line, without its line end.
    Whole(&'a [u8]),
    /// The file ends here, within a line.
    Cut(&'a [u8]),
    /// A line longer than any that holds facts; its bytes were passed over.
    TooLong,
}

/// Returns the files that operands name, sorted, each once.
pub fn facts_files(operands: &[OsString]) -> Vec<Source> {
    let mut operands = operands.to_vec();
    operands.sort();
    operands.dedup();
    let file = |text: OsString| {
        let name = super::path::text(text.as_encoded_bytes());
        let origin = if text == "-" { Origin::Stdin } else { Origin::Path(PathBuf::from(text)) };
        Source::named(name, origin)
    };
    operands.into_iter().map(file).collect()
}

/// Hands every line of a file to `visit`, which says whether to go on.
///
/// # Errors
///
/// Fails when the file is none, or cannot be opened or read on; lines before that stand.
pub fn read_lines(
    source: &Source,
    limits: &Limits,
    visit: &mut dyn FnMut(Line<'_>) -> bool,
) -> io::Result<()> {
    let path = match &source.origin {
        Origin::Stdin => return each_line(&mut io::stdin().lock(), limits.line_bytes_max, visit),
        Origin::Path(path) => path,
    };
    if std::fs::metadata(path)?.is_dir() {
        return Err(io::Error::other("is a directory; name the files of facts in it"));
    }
    each_line(&mut BufReader::new(open::named(path)?), limits.line_bytes_max, visit)
}

fn each_line(
    input: &mut dyn BufRead,
    bytes_max: usize,
    visit: &mut dyn FnMut(Line<'_>) -> bool,
) -> io::Result<()> {
    let mut line = Vec::new();
    let room = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    loop {
        line.clear();
        Read::take(&mut *input, room).read_until(b'\n', &mut line)?;
        let goes_on = match line.as_slice() {
            [] => return Ok(()),
            [text @ .., b'\n'] => visit(Line::Whole(text.strip_suffix(b"\r").unwrap_or(text))),
            text if text.len() > bytes_max => {
                skip_line(input)?;
                visit(Line::TooLong)
            }
            text => visit(Line::Cut(text)),
        };
        if !goes_on {
            return Ok(());
        }
    }
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

    fn lines(bytes: &[u8], bytes_max: usize) -> Vec<String> {
        let mut all = Vec::new();
        let mut keep = |line: Line<'_>| {
            all.push(match line {
                Line::Whole(text) => String::from_utf8_lossy(text).into_owned(),
                Line::Cut(text) => format!("cut {}", String::from_utf8_lossy(text)),
                Line::TooLong => "too long".to_owned(),
            });
            true
        };
        each_line(&mut BufReader::with_capacity(3, bytes), bytes_max, &mut keep).unwrap();
        all
    }

    #[test]
    fn lines_end_in_either_way_and_a_cut_one_is_told() {
        assert_eq!(lines(b"a\nbc\r\n\nd", 9), ["a", "bc", "", "cut d"]);
        assert_eq!(lines(b"", 9), [""; 0]);
    }

    #[test]
    fn long_line_costs_no_memory_and_no_other_line() {
        assert_eq!(lines(b"abcd\nabcde\nabcdefghij\nx\n", 5), ["abcd", "abcde", "too long", "x"]);
        assert_eq!(lines(b"abcdefghij", 5), ["too long"]);
    }

    #[test]
    fn reading_ends_when_told() {
        let mut seen = 0;
        let mut stop = |_: Line<'_>| {
            seen += 1;
            false
        };
        each_line(&mut &b"a\nb\n"[..], 9, &mut stop).unwrap();
        assert_eq!(seen, 1);
    }

    #[test]
    fn files_are_named_once_in_whatever_order() {
        let files = facts_files(&["b".into(), "-".into(), "a".into(), "b".into()]);
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["-", "a", "b"]);
    }
}
