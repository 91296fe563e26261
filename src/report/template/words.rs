//! The size of a template: the words and signs in its tags.
//!
//! The engine parses, compiles and drops what is nested by calling itself, and bounds that only for some of it: `1+1+1+…` of 20,000 terms,
//! a row of minus signs or of `elif` overflowed the stack. All of these are words and signs in tags, which are distinguished here as the
//! engine distinguishes them. Text, comments and what is raw costs nothing.

/// Counts the words and signs in the tags of a template.
pub(super) fn words(template: &str) -> usize {
    let mut tags = Tags::default();
    let mut rest = template;
    while let Some((_, marked)) = rest.find('{').and_then(|at| rest.split_at_checked(at)) {
        rest = if let Some(comment) = marked.strip_prefix("{#") {
            behind(without_control(comment), "#}")
        } else if let Some(tag) = marked.strip_prefix("{{") {
            tags.tag(without_control(tag), "}}")
        } else if let Some(tag) = marked.strip_prefix("{%") {
            match basic_tag(without_control(tag), "raw") {
                Some(raw) => behind_raw(raw),
                None => tags.tag(without_control(tag), "%}"),
            }
        } else {
            marked.strip_prefix('{').unwrap_or_default()
        };
    }
    tags.words
}

/// Returns what follows an end; nothing where there is none.
fn behind<'t>(text: &'t str, end: &str) -> &'t str {
    text.split_once(end).map_or("", |(_, behind)| behind)
}

/// Leaves out the sign that says what becomes of white space around a tag.
fn without_control(tag: &str) -> &str {
    tag.strip_prefix(['-', '+']).unwrap_or(tag)
}

/// Returns what follows a tag of one word.
fn basic_tag<'t>(tag: &'t str, word: &str) -> Option<&'t str> {
    let is_space = |c: char| c.is_ascii_whitespace();
    let behind = tag.trim_start_matches(is_space).strip_prefix(word)?.trim_start_matches(is_space);
    without_control(behind).strip_prefix("%}")
}

fn behind_raw(mut rest: &str) -> &str {
    while let Some((_, tag)) = rest.split_once("{%") {
        if let Some(behind) = basic_tag(without_control(tag), "endraw") {
            return behind;
        }
        rest = tag;
    }
    ""
}

/// What was seen in tags so far.
#[derive(Default)]
struct Tags {
    words: usize,
    /// Brackets that are open: no tag ends in them. The engine counts on from one tag to the next, too.
    open: isize,
}

impl Tags {
    /// Counts what is in a tag, and returns what follows it.
    fn tag<'t>(&mut self, tag: &'t str, end: &str) -> &'t str {
        let mut rest = tag;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
            if self.open == 0
                && let Some(behind) = rest
                    .strip_prefix(end)
                    .or_else(|| rest.strip_prefix(['-', '+'])?.strip_prefix(end))
            {
                return behind;
            }
            let Some(first) = rest.chars().next() else { return "" };
            self.words = self.words.saturating_add(1);
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let behind = rest.strip_prefix(first).unwrap_or_default();
            rest = match first {
                '\'' | '"' => behind_string(behind, first),
                _ if is_word(first) => rest.trim_start_matches(is_word),
                _ => behind,
            };
            self.open = self.open.saturating_add(match first {
                '(' | '[' | '{' => 1,
                ')' | ']' | '}' => -1,
                _ => 0,
            });
        }
    }
}

/// Returns what follows the quote that ends a string; nothing where there is none.
fn behind_string(text: &str, quote: char) -> &str {
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c == '\\' {
            characters.next();
        } else if c == quote {
            return characters.as_str();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_signs_in_tags_count_and_nothing_else() {
        for (template, count) in [
            ("", 0),
            ("a + b { c } # d", 0),
            ("{{ a }} and {{- b.c -}}", 4),
            ("{% if a %}x{% elif b %}y{% endif %}", 5),
            ("{# {{ a }} '#}{{ a }}", 1),
            ("{% raw %}{{ ' {% endraw %}{{ a }}", 1),
            ("{%- raw -%}{{ a {%- endraw -%}{{ a }}", 1),
            ("{{ '}}' ~ \"%}\\\"}}\" }}a", 3),
            ("{{ {'a': {'b': 1}} + 1 + 1 }}", 13),
            ("{{ --a }}{{ a--}}", 5),
            ("{{ a", 1),
            ("{{ 'a", 1),
            ("{{{ 1 }}", 4),
            ("{{ ] }} + 1 [ }}", 8),
        ] {
            assert_eq!(words(template), count, "{template}");
        }
    }
}
