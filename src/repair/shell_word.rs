//! Names and paths as words of a POSIX shell.

use crate::facts::realm;

/// Returns the path of a file on an instance as one word of a shell, as [`shell_word`] does.
///
/// The archives inside a source in which it was packed are not on the instance, so what leads into them is left out. A path
/// that starts with `-` would be taken for an option.
pub(super) fn shell_path(path: &str) -> String {
    match on_instance(path) {
        "" => shell_word("."),
        path if path.starts_with('-') => shell_word(&format!("./{path}")),
        path => shell_word(path),
    }
}

/// Returns a path below the archives inside the source that it leads into: as it is on the instance.
pub(crate) fn on_instance(path: &str) -> &str {
    match realm(path) {
        "" => path,
        realm => path.strip_prefix(realm).unwrap_or(path).trim_start_matches('/'),
    }
}

/// Returns a text as one word of a shell: names in archives are chosen by others, and commands are pasted.
///
/// Bytes that are no UTF-8, which stand in it as `\xNN`, are bytes again. One with those, with control characters or others that do not show is printed by the shell itself, for text that people paste cannot
/// hold them.
pub fn shell_word(text: &str) -> String {
    if let Some(bytes) = raw(text) {
        return print(&bytes);
    }
    // U+202E, which turns the text behind it around, would show another command than the one that is pasted.
    let shows = |c: char| !c.is_control() && (c.is_ascii() || c.is_alphanumeric());
    if text.chars().all(shows) {
        // Between single quotes only a single quote has a meaning (POSIX, Shell Command Language, 2.2.2).
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    print(text.as_bytes())
}

/// Returns bytes as one word that the shell prints itself. What a command prints loses the line ends behind it, so those are taken from
/// `IFS`, which holds a blank, a tab and a line end unless somebody changed it.
fn print(bytes: &[u8]) -> String {
    let line_ends = bytes.iter().rev().take_while(|byte| **byte == b'\n').count();
    let (bytes, line_ends) = bytes.split_at(bytes.len().saturating_sub(line_ends));
    let line_ends = "${IFS#??}".repeat(line_ends.len());
    let printed = bytes.iter().fold(String::new(), |printed, byte| match byte {
        // The text is the format of `printf`, in which a percent sign begins a conversion.
        b'%' => printed + "%%",
        b' '..=b'~' if *byte != b'\\' && *byte != b'\'' => {
            printed + char::from(*byte).encode_utf8(&mut [0])
        }
        // POSIX `printf` reads at most three octal digits, so a digit may follow; `\x` is not in POSIX.
        _ => printed + &format!("\\{byte:03o}"),
    });
    format!("\"$(printf '{printed}'){line_ends}\"")
}

/// Returns the bytes of a name in which some stand as `\xNN`; `None` where none do. Only bytes that are no UTF-8 are written so, a `!`
/// at the end of a part, and a backslash that such letters follow, so a name that would be UTF-8 with them has these letters itself.
pub(super) fn raw(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next()?.as_bytes().to_vec();
    let mut is_escaped = false;
    for part in parts {
        let escaped = part.split_at_checked(2).and_then(|(digits, rest)| {
            // `from_str_radix` reads `+f` as 15.
            let is_lower = !digits.bytes().any(|digit| digit.is_ascii_uppercase() || digit == b'+');
            let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_lower)?;
            let ends = rest.is_empty() || rest.starts_with('/');
            let is_written = byte >= 0x80 || byte == b'\\' || (byte == b'!' && ends);
            is_written.then_some((byte, rest))
        });
        if let Some((byte, rest)) = escaped {
            is_escaped |= byte < 0x80;
            bytes.push(byte);
            bytes.extend(rest.bytes());
        } else {
            bytes.extend(b"\\x");
            bytes.extend(part.bytes());
        }
    }
    (is_escaped || std::str::from_utf8(&bytes).is_err()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_one_word_of_a_shell_whatever_its_name_is() {
        assert_eq!(shell_path("a b/$(id)`id`"), "'a b/$(id)`id`'");
        assert_eq!(shell_path("it's"), r"'it'\''s'");
        assert_eq!(shell_path("-rf"), "'./-rf'");
        assert_eq!(shell_path("a\n\x1b%'\\b"), r#""$(printf 'a\012\033%%\047\134b')""#);
        assert_eq!(shell_path(r"a\xff\xc3/b"), r#""$(printf 'a\377\303/b')""#);
        assert_eq!(shell_path(r"a.tar\x21/b"), r#""$(printf 'a.tar!/b')""#);
        // These letters are in the name.
        for name in [r"a\xc3\xa9", r"a\xFF", r"a\x", r"a\x41", r"a\x21b", r"a\x+f", r"\xé"] {
            assert_eq!(shell_path(name), format!("'{name}'"));
        }
        // `$(…)` drops newlines at the end; the default `IFS` is space, tab and newline.
        assert_eq!(shell_path("a\nb\n\n"), r#""$(printf 'a\012b')${IFS#??}${IFS#??}""#);
        assert_eq!(shell_path("\u{202e}"), r#""$(printf '\342\200\256')""#);
    }

    #[test]
    fn archives_inside_a_source_are_not_on_the_instance() {
        let inside = "case/author.tar.gz!/crx-quickstart/launchpad/felix/bundle2";
        assert_eq!(shell_path(inside), "'crx-quickstart/launchpad/felix/bundle2'");
        assert_eq!(shell_path("a.zip!/b.tar!/-x"), "'./-x'");
        assert_eq!(shell_path("b.tar!"), "'.'");
        assert_eq!(shell_path("/etc/aem/keys"), "'/etc/aem/keys'");
        assert_eq!(shell_path(""), "'.'");
        assert_eq!(shell_word("a.zip!/x"), "'a.zip!/x'");
    }
}
