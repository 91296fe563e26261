//! Text as code within a line of Markdown.

use super::printable;

/// Returns text between more backticks than it has in a row.
pub(super) fn code_span(text: &str) -> String {
    let text = printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.saturating_add(1));
    // CommonMark strips one blank on either side, and a
    // backtick at an end would join the fence without it.
    let blank = if longest > 0 { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fence_is_longer_than_any_in_the_text() {
        assert_eq!(code_span("a``b"), "``` a``b ```");
        assert_eq!(code_span("a"), "`a`");
    }
}
