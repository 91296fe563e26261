//! Operands that stand in a file, one a line.

use super::fs::File;
use crate::limits::Limits;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

/// Returns the operands in a file, or in standard input for `-`, each with the number of its line. They end in a newline, with `nul` in a
/// zero byte; empty ones are left out.
///
/// # Errors
///
/// The file cannot be read, or is no list. The message says the line, and no word of it: a key may have been named by mistake.
pub fn operands_in(path: &Path, nul: bool) -> io::Result<Vec<(usize, OsString)>> {
    if path == Path::new("-") {
        return split(&mut io::stdin().lock(), nul, &Limits::DEFAULT);
    }
    split(&mut BufReader::new(File::open(path)?), nul, &Limits::DEFAULT)
}

fn split(
    input: &mut dyn BufRead,
    nul: bool,
    limits: &Limits,
) -> io::Result<Vec<(usize, OsString)>> {
    // `find -print0` and `git ls-files -z` end names so, since a name may hold a newline.
    let end = if nul { 0 } else { b'\n' };
    // A name may stand before the path.
    let line_max = limits.path_bytes_max.saturating_mul(2);
    let room = u64::try_from(line_max).unwrap_or(u64::MAX).saturating_add(1);
    // A list may be a device or an endless pipe by mistake.
    let mut input = input.take(limits.list_bytes_max);
    let mut operands = Vec::new();
    let mut bytes = Vec::new();
    for number in 1..=limits.list_lines_max {
        bytes.clear();
        if input.by_ref().take(room).read_until(end, &mut bytes)? == 0 && input.limit() > 0 {
            return Ok(operands);
        }
        if input.limit() == 0 {
            break;
        }
        let line = bytes.strip_suffix(&[end]).unwrap_or(&bytes);
        // Editors on Windows end lines in two characters.
        let line = if nul { line } else { line.strip_suffix(b"\r").unwrap_or(line) };
        if number == 1 && (line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff")) {
            // So `>` of Windows PowerShell writes it.
            let reason = "line 1: is UTF-16; save the list as UTF-8";
            return Err(io::Error::new(ErrorKind::InvalidData, reason));
        }
        // Notepad writes a byte order mark, which is no part of the first path.
        let mark = if number == 1 { b"\xef\xbb\xbf".as_slice() } else { b"" };
        let line = line.strip_prefix(mark).unwrap_or(line);
        // No path has a NUL, so this is `find -print0` without `-0`, or no list at all.
        if !nul && line.contains(&0) {
            let reason = "is no list with one source a line; is it ended by zero bytes (-0)?";
            return Err(io::Error::new(ErrorKind::InvalidData, format!("line {number}: {reason}")));
        }
        if line.len() > line_max {
            let reason = format!("line {number}: is longer than any path");
            return Err(io::Error::new(ErrorKind::InvalidData, reason));
        }
        if !line.is_empty() {
            operands.push((number, operand(line)?));
        }
    }
    if input.fill_buf()?.is_empty() && input.limit() > 0 {
        return Ok(operands);
    }
    Err(io::Error::new(ErrorKind::FileTooLarge, "is too long for a list of sources"))
}

#[cfg(unix)]
fn operand(bytes: &[u8]) -> io::Result<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Ok(OsString::from_vec(bytes.to_vec()))
}

#[cfg(not(unix))]
fn operand(bytes: &[u8]) -> io::Result<OsString> {
    // Paths of Windows are UTF-16, so only text can be one.
    let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
    Ok(OsString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], nul: bool) -> io::Result<Vec<OsString>> {
        let limits =
            Limits { list_bytes_max: 64, list_lines_max: 8, path_bytes_max: 8, ..Limits::DEFAULT };
        let listed = split(&mut &*bytes, nul, &limits)?;
        Ok(listed.into_iter().map(|(_, operand)| operand).collect())
    }

    #[test]
    fn operands_stand_on_lines_or_before_zero_bytes() {
        let lines = read(b"a b\n\nprod=/x/c\r\nlast", false).unwrap();
        assert_eq!(lines, ["a b", "prod=/x/c", "last"]);
        assert_eq!(read(b"a\nb\0c\r\0", true).unwrap(), ["a\nb", "c\r"]);
        assert!(read(b"a\0b\0", false).is_err());
        assert_eq!(read(b"\xef\xbb\xbfa\r\nb", false).unwrap(), ["a", "b"]);
        let error = read(b"\xff\xfea\0\n\0", false).unwrap_err();
        assert_eq!(error.to_string(), "line 1: is UTF-16; save the list as UTF-8");
        assert!(read(b"", false).unwrap().is_empty());
        let numbered = split(&mut &b"\na\n\nb"[..], false, &Limits::DEFAULT).unwrap();
        assert_eq!(numbered.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn list_without_an_end_is_refused_at_its_bounds() {
        let told = |bytes: &[u8], nul| read(bytes, nul).unwrap_err().to_string();
        assert_eq!(told(&[b'a'; 18], false), "line 1: is longer than any path");
        assert!(read(&[b'a'; 16], false).is_ok());
        assert!(read(&[b'\n'; 8], false).is_ok());
        assert_eq!(told(&[b'\n'; 9], false), "is too long for a list of sources");
        assert_eq!(told(&[0; 9], true), "is too long for a list of sources");
        assert_eq!(
            told(&b"aaaaaaaaaaaaaaa\n".repeat(4), false),
            "is too long for a list of sources"
        );
        assert!(told(&[0; 9], false).starts_with("line 1: is no list"));
    }
}
