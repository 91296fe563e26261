//! Names and paths as words of PowerShell.

use super::on_instance;
use super::shell_word::raw;
use std::fmt::Write;

/// Returns the path of a file on an instance as one word of PowerShell, without the archives that it was packed in.
pub(crate) fn powershell_path(path: &str) -> String {
    match on_instance(path) {
        "" => powershell_word("."),
        path => powershell_word(path),
    }
}

/// Returns a text as one word. Windows PowerShell reads a script without a byte order mark in the code page of the machine, and takes
/// typographic quotes for quotes: all but ASCII is written as numbers.
///
/// Characters that stand in it as `\xNN` are themselves again; names that are no UTF-8, which Windows does not have, stay as they are.
pub(crate) fn powershell_word(text: &str) -> String {
    let plain = raw(text).and_then(|bytes| String::from_utf8(bytes).ok());
    let text = plain.as_deref().unwrap_or(text);
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut word = String::from("\"");
    for unit in text.encode_utf16() {
        match u8::try_from(unit).map(char::from) {
            Ok(special @ ('"' | '`' | '$')) => word.extend(['`', special]),
            Ok(shown @ ' '..='~') => word.push(shown),
            // Writing to a text cannot fail.
            _ => drop(write!(word, "$([char]{unit})")),
        }
    }
    word + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_word_of_ascii_whatever_is_in_it() {
        assert_eq!(powershell_word("it's $(id) `id` \"x\""), "'it''s $(id) `id` \"x\"'");
        // PowerShell takes a typographic quote for a plain one, so it would end the word.
        assert_eq!(powershell_word("a\nb\u{2019}$x\"`"), "\"a$([char]10)b$([char]8217)`$x`\"``\"");
        // `[char]` holds 16 bits, so this character needs two of them.
        assert_eq!(powershell_word("\u{1f511}"), "\"$([char]55357)$([char]56593)\"");
        assert_eq!(powershell_word(""), "''");
    }

    #[test]
    fn what_marks_an_archive_or_a_byte_in_a_path_is_itself_again() {
        assert_eq!(powershell_path(r"a.zip!/D:\keys\hmac"), r"'D:\keys\hmac'");
        assert_eq!(powershell_path(r"D:\x5cx41\a\x21"), r"'D:\x41\a!'");
        assert_eq!(powershell_path(r"a\xff"), r"'a\xff'");
        assert_eq!(powershell_path("a.zip!"), "'.'");
    }
}
