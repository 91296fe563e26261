//! Text that means nothing to Markdown, nor to the trackers that read it.

use super::code_span::code_span;
use super::printable;

/// Digits of a digest that is cut short.
const DIGITS_SHORT: usize = 8;
/// From so many digits on, a word may be the number of a commit.
const COMMIT_DIGITS_MIN: usize = 7;

/// Returns text with everything in code spans but plain words.
///
/// A backslash does not keep GitHub from notifying `@name`, linking `www.example.com` or closing `#1`: that is looked for after Markdown
/// was read. A code span does, and it keeps paths and commands as they are.
pub(super) fn prose(text: &str) -> String {
    let text = printable(text);
    let mut lines = String::with_capacity(text.len());
    let mut code: Vec<&str> = Vec::new();
    for word in text.split(' ') {
        let is_first = lines.is_empty() && code.is_empty();
        if is_plain(word) && !(is_first && begins_list(word)) {
            flush(&mut code, &mut lines);
            push(&mut lines, word);
        } else {
            code.push(word);
            // Of names in a row each is a piece of code of its own; a comma in quotes is of one name.
            let in_quotes =
                code.iter().map(|word| word.matches('\'').count()).sum::<usize>() % 2 == 1;
            if word.ends_with(',') && !in_quotes {
                flush(&mut code, &mut lines);
            }
        }
    }
    flush(&mut code, &mut lines);
    lines
}

/// Returns a name as one word or one piece of code, so that it stays apart from others in a row.
pub(super) fn name(text: &str) -> String {
    if !text.contains(' ') && prose(text) == text { text.to_owned() } else { code_span(text) }
}

/// Returns text as one cell of a table.
pub(super) fn cell(text: &str) -> String {
    // Renderers disagree on what ends a cell after backslashes.
    prose(&text.replace('|', "\\u{7c}"))
}

/// Returns `true` if a word is made of letters and digits, with nothing but the marks of a sentence around it.
fn is_plain(word: &str) -> bool {
    let inner = word.strip_prefix('(').unwrap_or(word);
    let inner = inner.trim_end_matches([',', '.', ';', ':', ')', '?']);
    let is_number = is_number(inner);
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '\'');
    let starts = inner.starts_with(char::is_alphanumeric);
    starts && !is_issue(inner) && !is_digest(inner) && (is_number || inner.chars().all(fits))
}

/// Returns `true` if a word would begin a list where it stands first: `1.`, `1)`.
fn begins_list(word: &str) -> bool {
    let number = word.trim_end_matches([',', '.', ';', ':', ')', '?']);
    number != word && is_number(number)
}

fn is_number(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// Returns `true` if a word looks like a digest, or the start of one: GitHub links 7 to 40 such digits as a commit.
fn is_digest(word: &str) -> bool {
    let is_hex = word.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let has_digit = word.bytes().any(|c| c.is_ascii_digit());
    is_hex && (word.len() == DIGITS_SHORT || (word.len() >= COMMIT_DIGITS_MIN && has_digit))
}

/// Returns `true` if Jira, GitHub or GitLab would link a word as one of its issues: `PROJ-12`, and `GH-12` in any case.
fn is_issue(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let is_key = |key: &str| {
        let is_upper = key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        (is_upper && key.starts_with(|c: char| c.is_ascii_uppercase()))
            || key.eq_ignore_ascii_case("gh")
    };
    let starts_with_digit = |number: &str| number.starts_with(|c: char| c.is_ascii_digit());
    parts
        .iter()
        .zip(parts.iter().skip(1))
        .any(|(key, number)| is_key(key) && starts_with_digit(number))
}

fn push(line: &mut String, word: &str) {
    if !line.is_empty() {
        line.push(' ');
    }
    line.push_str(word);
}

/// Writes the words that wait as one code span, whose fence is longer than any row of backticks in it.
fn flush(code: &mut Vec<&str>, line: &mut String) {
    let text = code.join(" ");
    code.clear();
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    let (name, mark) = without_mark(text);
    let inside = name.strip_prefix('(').and_then(|name| name.strip_suffix(')'));
    match inside.filter(|inside| !inside.is_empty() && !inside.contains(['(', ')'])) {
        Some(inside) => push(line, &format!("({})", code_span(inside))),
        None => push(line, &code_span(name)),
    }
    line.push_str(mark);
}

/// Splits off what ends a clause: whoever copies a path wants none of it.
fn without_mark(text: &str) -> (&str, &str) {
    // A semicolon may end an entity such as `&amp;`, and is a part of it then.
    let is_mark = |c| matches!(c, ',' | ':' | '.') || c == ';' && !text.contains('&');
    let name = text.strip_suffix(is_mark).unwrap_or(text);
    // A parenthesis that was opened before is not of it.
    let name = name.strip_suffix(')').filter(|name| !name.contains('(')).unwrap_or(name);
    let is_name = name.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '\'' | '"' | ')'));
    let is_number = name.len() < COMMIT_DIGITS_MIN && name.chars().all(|c| c.is_ascii_digit());
    let at = if is_name && !is_number { name.len() } else { text.len() };
    text.split_at_checked(at).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_stay_as_they_are() {
        let text = "publish2: hmac differs from the other 2 instances (authors have one, publishers the other).";
        assert_eq!(prose(text), text);
    }

    #[test]
    fn paths_and_commands_become_code() {
        let text = "On a, version 6.5.0 (1000): printf %s Bundle > '/x/storage'";
        let code = "On a, version 6.5.0 (1000): printf `%s` Bundle `> '/x/storage'`";
        assert_eq!(prose(text), code);
    }

    #[test]
    fn mark_behind_a_path_is_none_of_it() {
        assert_eq!(prose("copy '/a/b', then /etc/key."), "copy `'/a/b'`, then `/etc/key`.");
        assert_eq!(prose("a/../.: and /x/,"), "`a/../.:` and `/x/,`");
        assert_eq!(prose("the JCR (/etc/key), (mode 0644)"), "the JCR (`/etc/key`), (mode 0644)");
        assert_eq!(prose("()() (a/b)(c)"), "`()() (a/b)(c)`");
        assert_eq!(prose("1) a 2) b"), "`1)` a 2) b");
    }

    #[test]
    fn nothing_is_markup_or_notifies_anyone() {
        for word in [
            "<script>",
            "@here",
            "#1",
            "[x](y)",
            "![x](y)",
            "www.evil.example",
            "https://x.example",
            "a|b",
            "*a*",
            "_a_",
            "~a~",
            "&lt;",
            "<!--",
            "]]>",
            "+",
            "-",
            "---",
            "1.",
            "1)",
            "$a$",
            "\\a",
            "a@b.example",
            // Trackers such as Jira and GitHub make links of these numbers, and GitHub of what may be a commit.
            "PROJ-12",
            "see-PROJ2-1",
            "gh-7",
            "12345678",
            "abcdefab",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(prose(word), format!("`{word}`"));
        }
    }

    #[test]
    fn names_in_a_row_are_pieces_of_code_of_their_own() {
        assert_eq!(prose("a/b, @c, d: md5 00112233, x"), "`a/b`, `@c`, d: md5 `00112233`, x");
        assert_eq!(prose("cp 'a/x, y/b' '/c'"), "cp `'a/x, y/b' '/c'`");
        assert_eq!(["a", "a b", "a`,", "a,"].map(name), ["a", "`a b`", "`` a`, ``", "a,"]);
    }

    #[test]
    fn backticks_never_end_a_span() {
        assert_eq!(prose("`"), "`` ` ``");
        assert_eq!(prose("a`` `x"), "``` a`` `x ```");
    }

    #[test]
    fn lines_and_cells_never_end() {
        assert_eq!(prose("a\nb"), "`a\\u{a}b`");
        assert_eq!(cell("a|b\\"), "`a\\u{7c}b\\`");
        assert_eq!(prose(" "), "");
    }
}
