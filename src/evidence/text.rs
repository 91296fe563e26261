//! Text as files hold it: decoded, cut to a bound, made fit for a message.

/// Characters quoted in a message.
const EXCERPT_CHARS_MAX: usize = 25;

/// Decodes UTF-8, or else Latin-1.
///
/// Felix writes `bundle.info` in the default charset of its JVM, which was the locale's until Java 18.
pub(super) fn decode(bytes: &[u8]) -> String {
    str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

/// Returns at most the first `chars_max` characters.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// Quotes the start of some bytes for a message: printable, on one line.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    let start = bytes.get(..EXCERPT_CHARS_MAX.saturating_mul(4)).unwrap_or(bytes);
    let text = String::from_utf8_lossy(start);
    let mut quoted: String =
        text.chars().take(EXCERPT_CHARS_MAX).flat_map(char::escape_default).collect();
    if text.chars().nth(EXCERPT_CHARS_MAX).is_some() {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_1_is_read_where_utf_8_is_not() {
        assert_eq!(decode("größe".as_bytes()), "größe");
        assert_eq!(decode(b"gr\xf6\xdfe"), "größe");
    }

    #[test]
    fn cut_counts_characters() {
        assert_eq!(cut("größe", 3), "grö");
        assert_eq!(cut("gr", 3), "gr");
    }
}
