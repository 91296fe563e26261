//! Parts of a text that may be a key, which is pasted into paths, addresses and settings.

/// Bytes from which on a part of a text is looked up. A key of fewer, which is none that AEM makes, is known where it is the whole text.
const PART_BYTES_MIN: usize = 8;

/// Returns the parts of a text that may be a key: words, and parts of paths and addresses.
pub fn key_parts(text: &str) -> impl Iterator<Item = &str> {
    const AROUND: &[char] =
        &['"', '\'', ',', ';', '(', ')', '{', '}', '[', ']', '<', '>', '`', '&', '?', '@'];
    // Base64 has slashes and an equals sign; what is before a colon or an equals sign names what comes after it.
    let words = text.split(|c: char| c.is_whitespace() || AROUND.contains(&c));
    let values =
        words.flat_map(|word| [Some(word), behind(word, ':'), behind(word, '=')]).flatten();
    let all =
        values.flat_map(|value| std::iter::once(value).chain(value.split(['/', '\\', ':', '='])));
    all.filter(|part| part.len() >= PART_BYTES_MIN)
}

fn behind(word: &str, mark: char) -> Option<&str> {
    word.split_once(mark).map(|(_, value)| value)
}
