//! The words of start scripts, for a shell and for `cmd`: quotes are taken off, comments are left out.
//!
//! This is no shell: branches are not chosen and loops not run. Who asks what a script may do gets all that is in it.

use super::path;

/// How many variables are put into a text.
const EXPANSIONS_MAX: usize = 8;
/// Bytes that a text grows to, at most, when variables are put in.
const EXPANDED_BYTES_MAX: usize = 4096;

/// Whose language a script is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// A shell of Unix.
    Shell,
    /// `cmd` of Windows, where a backslash parts names.
    Batch,
}

impl Syntax {
    /// Tells it from the file's name.
    pub(super) fn of(file: &str) -> Self {
        if is_batch(file) { Self::Batch } else { Self::Shell }
    }
}

/// Returns `true` if a file's name is that of a script of Windows; names have no case there.
pub(super) fn is_batch(file: &str) -> bool {
    path::ends_in(file, &[".bat", ".cmd", ".ps1"])
}

/// Returns the commands of a script, each as its words.
pub(super) fn commands(text: &str, syntax: Syntax) -> Vec<Vec<String>> {
    let mut lexer = Lexer { syntax, ..Lexer::new() };
    // A backslash or a caret joins two lines, and takes one character: CR LF has to be one.
    let text = text.replace("\r\n", "\n");
    let mut rest = text.as_str();
    loop {
        let word = rest.bytes().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(word).unwrap_or((rest, ""));
        lexer.push_word(word);
        let mut characters = behind.chars();
        let Some(character) = characters.next() else { break };
        rest = characters.as_str();
        if lexer.take(character, characters.next()) {
            rest = characters.as_str();
        }
    }
    lexer.end_command();
    lexer.commands
}

/// Returns `true` if a byte means nothing but itself in any script, in quotes or not. Most bytes of a script do.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_./-=:,+@%~".contains(&byte)
}

/// Returns a script without its comment lines, to a shell or to `cmd`.
pub(super) fn without_comments(text: &str) -> String {
    let lines = text.split_inclusive(['\n', '\r']).filter(|line| !is_comment(line.trim()));
    lines.collect()
}

fn is_comment(line: &str) -> bool {
    let bare = line.trim_start_matches('@');
    let word = bare.split_ascii_whitespace().next().unwrap_or_default();
    line.starts_with('#') || line.starts_with("::") || word.eq_ignore_ascii_case("rem")
}

/// Splits `NAME=value` and `NAME+=value`.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, value))
}

/// Puts in the variables that have one value.
pub(super) fn expand(text: &str, variables: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for _ in 0..EXPANSIONS_MAX {
        let found = text.match_indices(['$', '%', '!']).find_map(|(at, _)| {
            let (before, from) = text.split_at_checked(at)?;
            let (name, after) = variable(from)?;
            let mut values = variables.iter().filter(|(own, _)| own == name).map(|(_, v)| v);
            let value = values.next().filter(|_| values.next().is_none())?;
            Some(format!("{before}{value}{after}"))
        });
        match found.filter(|found| found.len() <= EXPANDED_BYTES_MAX) {
            Some(found) => text = found,
            None => break,
        }
    }
    text
}

/// Returns the name of the variable that a text begins with, and what follows.
fn variable(text: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(text) = text.strip_prefix("${") {
        return text.split_once('}');
    }
    // `cmd` has a sign on both sides: `%NAME%`, or `!NAME!` with delayed expansion.
    for sign in ['%', '!'] {
        if let Some(text) = text.strip_prefix(sign) {
            return text.split_once(sign);
        }
    }
    let text = text.strip_prefix('$')?;
    text.split_at_checked(text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

struct Lexer {
    syntax: Syntax,
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    /// The word that is being read; an empty one in quotes is a word too.
    word: Option<String>,
    quote: Option<char>,
    /// Parentheses of `$(…)` that are open.
    depth: usize,
    /// The rest of the line is a comment.
    comment: bool,
}

impl Lexer {
    fn new() -> Self {
        Self {
            syntax: Syntax::Shell,
            commands: Vec::new(),
            words: Vec::new(),
            word: None,
            quote: None,
            depth: 0,
            comment: false,
        }
    }

    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn push_word(&mut self, word: &str) {
        if !self.comment && !word.is_empty() {
            self.word.get_or_insert_default().push_str(word);
        }
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_command(&mut self) {
        self.end_word();
        (self.quote, self.depth, self.comment) = (None, 0, false);
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }

    /// Takes a character; returns `true` where the next one goes with it.
    fn take(&mut self, character: char, next: Option<char>) -> bool {
        let is_line_end = matches!(character, '\n' | '\r');
        if self.comment && !is_line_end {
            return false;
        }
        if let Some(escaped) = next.filter(|next| self.is_escape(character, *next)) {
            // One at the end of a line joins it with the next.
            if !matches!(escaped, '\n' | '\r') {
                self.push(escaped);
            }
            return true;
        }
        match (self.quote, character) {
            (Some(quote), _) if quote == character => self.quote = None,
            // A quote of `cmd` ends with its line, a shell's goes on.
            (Some(_), '\n' | '\r') if self.syntax == Syntax::Batch => self.end_command(),
            (Some(_), '\n' | '\r') => self.push(' '),
            (Some(_), _) => self.push(character),
            (None, '"' | '`') => self.open_quote(character),
            // To `cmd` a single quote is a character like any other.
            (None, '\'') if self.syntax == Syntax::Shell => self.open_quote(character),
            (None, _) => self.plain(character, is_line_end),
        }
        false
    }

    /// What is between backticks is not known; they stay, to show that.
    fn open_quote(&mut self, character: char) {
        if character == '`' {
            self.push(character);
        } else {
            self.word.get_or_insert_default();
            self.quote = Some(character);
        }
    }

    fn plain(&mut self, character: char, is_line_end: bool) {
        match character {
            _ if is_line_end => self.end_command(),
            '(' if self.depth > 0 || self.word.as_ref().is_some_and(|w| w.ends_with('$')) => {
                self.depth = self.depth.saturating_add(1);
                self.push(character);
            }
            ')' if self.depth > 0 => {
                self.depth = self.depth.saturating_sub(1);
                self.push(character);
            }
            _ if self.depth > 0 => self.push(character),
            // `cmd` parts words at a semicolon, as at a blank; a shell ends the command there.
            ';' if self.syntax == Syntax::Batch => self.end_word(),
            ';' | '&' | '|' | '(' | ')' => self.end_command(),
            // What is read is a word of its own, for a file of options may be.
            '<' => {
                self.end_word();
                self.words.push("<".to_owned());
            }
            '>' => self.end_word(),
            // Within a word it begins no comment. (POSIX, Shell Command Language, 2.3)
            '#' if self.syntax == Syntax::Shell && self.word.is_none() => self.comment = true,
            // A no-break space is a part of the word, to a shell and to `cmd`.
            _ if character.is_ascii_whitespace() => self.end_word(),
            _ => self.push(character),
        }
    }

    /// Returns `true` if a character takes its meaning from the next one.
    fn is_escape(&self, character: char, next: char) -> bool {
        match (self.syntax, self.quote) {
            // In double quotes, `cmd` takes a caret as it is.
            (Syntax::Batch, None) => character == '^',
            (Syntax::Shell, None) => character == '\\',
            // Before other characters a backslash in double quotes stays. (POSIX, Shell Command
            // Language, 2.2.3)
            (Syntax::Shell, Some('"')) => {
                character == '\\' && matches!(next, '\n' | '\r' | '"' | '\\' | '$' | '`')
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Vec<Vec<String>> {
        commands(text, Syntax::Shell)
    }

    #[test]
    fn quotes_are_taken_off_in_every_form() {
        for text in ["-D\"a=b\"", "\"-Da=b\"", "-D'a'=b", "-Da=\"b\"", "-D\\a=b", "-D\\\na=b"] {
            assert_eq!(shell(text), [["-Da=b"]], "{text}");
        }
        assert_eq!(shell("X='a b' Y=\"c\nd\""), [["X=a b", "Y=c d"]]);
        assert_eq!(shell("a '' b"), [["a", "", "b"]]);
    }

    #[test]
    fn commands_end_and_comments_do_not_count() {
        assert_eq!(shell("a; b && c | d # e"), [["a"], ["b"], ["c"], ["d"]]);
        assert_eq!(shell("a#b\n# c 'd\ne"), [["a#b"], ["e"]]);
        assert_eq!(shell("done <a >b"), [["done", "<", "a", "b"]]);
        assert_eq!(shell(". \"$(dirname $0)/x\""), [[".", "$(dirname $0)/x"]]);
        assert_eq!(shell(". $(dirname $0)/x"), [[".", "$(dirname $0)/x"]]);
        assert_eq!(without_comments("a\n # b\n@rem c\r\n::d\nREM e\nremark"), "a\n\nremark");
    }

    #[test]
    fn backslash_is_a_part_of_names_on_windows() {
        let batch = |text| commands(text, Syntax::Batch);
        assert_eq!(batch("set X=-Da=D:\\keys\r\n"), [["set", "X=-Da=D:\\keys"]]);
        assert_eq!(batch("set \"X=a b\" ^\r\n"), [["set", "X=a b"]]);
        assert_eq!(batch("echo it's\r\nset Y=1"), [["echo", "it's"], ["set", "Y=1"]]);
        assert_eq!(batch("a^&b & c"), [["a&b"], ["c"]]);
    }
}
