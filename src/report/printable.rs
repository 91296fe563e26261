//! Makes text from an archive harmless before a human sees it.

use crate::facts::is_harmful;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns the text with everything that a terminal obeys, or that reorders or hides text, written as `\u{…}`.
///
/// Names in archives are chosen by whoever made the archive: an escape sequence in one could retitle or clear the terminal, a
/// bidirectional override could make one path look like another.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmful(character) {
            // Writing to a string cannot fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_left_alone() {
        assert!(matches!(printable("a/b c_ü_漢.tar.gz"), Cow::Borrowed(_)));
    }

    #[test]
    fn escape_sequences_and_line_breaks_show() {
        assert_eq!(
            printable("a\x1b]0;pwn\x07\r\nb\u{9b}2J"),
            "a\\u{1b}]0;pwn\\u{7}\\u{d}\\u{a}b\\u{9b}2J"
        );
    }

    #[test]
    fn text_that_reorders_or_hides_shows() {
        for blank in "\u{115f}\u{1160}\u{3164}\u{ffa0}\u{fe00}\u{fe0f}\u{e0100}\u{e01ef}\u{34f}\u{17b4}\u{17b5}\u{180b}\u{1bca0}\u{1d173}\u{2800}\u{fdd0}\u{fffe}\u{1ffff}".chars() {
            let shown = format!("a\\u{{{:x}}}b", u32::from(blank));
            assert_eq!(printable(&format!("a{blank}b")), shown);
        }
        assert_eq!(printable("gpj.\u{202e}exe\u{200b}"), "gpj.\\u{202e}exe\\u{200b}");
    }
}
