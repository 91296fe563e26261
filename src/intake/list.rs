//! Operands that stand in a file, one a line.

use crate::limits::Limits;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

const LIST_BYTES_MAX: u64 = Limits::DEFAULT.list_bytes_max;

/// Returns the operands in a file, or in standard input for `-`. They end in a newline, with `nul` in a zero byte; empty ones
/// are left out.
///
/// # Errors
///
/// The file cannot be read, or is no list.
pub fn operands_in(path: &Path, nul: bool) -> io::Result<Vec<OsString>> {
    let mut bytes = Vec::new();
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path)?)
    };
    let length = input.take(LIST_BYTES_MAX).read_to_end(&mut bytes)?;
    if u64::try_from(length).is_ok_and(|length| length >= LIST_BYTES_MAX) {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "is too long for a list of sources"));
    }
    split(&bytes, nul)
}

fn split(bytes: &[u8], nul: bool) -> io::Result<Vec<OsString>> {
    if !nul && bytes.contains(&0) {
        let reason = "is no list with one source a line; is it ended by zero bytes (-0)?";
        return Err(io::Error::new(ErrorKind::InvalidData, reason));
    }
    let end = if nul { 0 } else { b'\n' };
    let items = bytes.split(|byte| *byte == end);
    // Editors on Windows end lines in two characters.
    let items = items.map(|item| if nul { item } else { item.strip_suffix(b"\r").unwrap_or(item) });
    items.filter(|item| !item.is_empty()).map(operand).collect()
}

#[cfg(unix)]
fn operand(bytes: &[u8]) -> io::Result<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Ok(OsString::from_vec(bytes.to_vec()))
}

#[cfg(not(unix))]
fn operand(bytes: &[u8]) -> io::Result<OsString> {
    let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
    Ok(OsString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_stand_on_lines_or_before_zero_bytes() {
        let lines = split(b"a b\n\nprod=/x/c\r\nlast", false).unwrap();
        assert_eq!(lines, ["a b", "prod=/x/c", "last"]);
        assert_eq!(split(b"a\nb\0c\r\0", true).unwrap(), ["a\nb", "c\r"]);
        assert!(split(b"a\0b\0", false).is_err());
        assert!(split(b"", false).unwrap().is_empty());
    }
}
