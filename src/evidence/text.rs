//! Text as files hold it: decoded, cut to a bound, made fit for a message.

/// Decodes UTF-16 that says so, UTF-8, or else Latin-1.
///
/// PowerShell writes UTF-16 with a mark at its begin.
/// Felix writes `bundle.info` in the default charset of its JVM, which was the locale's until Java 18.
pub(super) fn decode(bytes: &[u8]) -> String {
    let units = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.as_chunks().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => return units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return units(rest, u16::from_be_bytes),
        _ => {}
    }
    str::from_utf8(bytes)
        // Latin-1 has a character for every byte, so this cannot fail, and ASCII in it is right in
        // any case.
        .map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

/// Takes the next line of a file of Java, without its end: a line feed, a carriage return, or both.
pub(super) fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    let (line, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
    let line_end = if behind.starts_with(b"\r\n") { 2 } else { 1 };
    *rest = behind.get(line_end..).unwrap_or_default();
    Some(line)
}

/// Returns at most the first `chars_max` characters.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// Describes some bytes for a message, and shows none of them: a key may lie anywhere, by mistake or through a link.
pub(super) fn described(bytes: &[u8]) -> String {
    let is_text = str::from_utf8(bytes)
        .is_ok_and(|text| text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace()));
    let unit = if bytes.len() == 1 { "byte" } else { "bytes" };
    match bytes.len() {
        0 => "nothing".to_owned(),
        count if is_text => format!("{count} {unit} of text"),
        count => format!("{count} binary {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_1_is_read_where_utf_8_is_not() {
        assert_eq!(decode("größe".as_bytes()), "größe");
        assert_eq!(decode(b"gr\xf6\xdfe"), "größe");
        assert_eq!(decode(b"\xff\xfea\0b\0"), "ab");
        assert_eq!(decode(b"\xfe\xff\0a\0b\0"), "ab");
    }

    #[test]
    fn bytes_are_described_and_not_shown() {
        for (bytes, said) in [
            (&b""[..], "nothing"),
            (b"x", "1 byte of text"),
            ("größe\n".as_bytes(), "8 bytes of text"),
            (b"\x1b[31m", "5 binary bytes"),
            (&[0xff], "1 binary byte"),
        ] {
            assert_eq!(described(bytes), said);
        }
    }

    #[test]
    fn cut_counts_characters() {
        assert_eq!(cut("größe", 3), "grö");
        assert_eq!(cut("gr", 3), "gr");
    }
}
