//! Patterns of names: globs, and names themselves, which take no more memory than their text.

use globset::{Glob, GlobMatcher};
use std::fmt;

/// Bytes of a pattern. The crate panics on one that is too large to be compiled, which takes megabytes.
const BYTES_MAX: usize = 4096;

/// Characters that mean something in a glob.
// On Windows globset takes a backslash for a separator, elsewhere for an escape.
const WILD: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// A glob over names: `*` and `?` stand for anything, `[ab]` for one of several, `{a,b}` for either.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    /// What matches; the text itself when `None`.
    matcher: Option<GlobMatcher>,
}

impl Pattern {
    /// Reads a glob.
    ///
    /// # Errors
    ///
    /// Fails where it is no glob; the message is one sentence without a full stop.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.len() > BYTES_MAX {
            return Err(format!("is longer than {BYTES_MAX} bytes"));
        }
        if !Self::is_glob(text) {
            return Self::exactly(text);
        }
        // In globset `*` matches slashes too, so `uploads/*` means what lies deeper as well.
        let glob = Glob::new(text).map_err(|error| format!("{text:?}: {}", error.kind()))?;
        Ok(Self { text: text.to_owned(), matcher: Some(glob.compile_matcher()) })
    }

    /// Returns `true` if a text is more than a name: it becomes a program, which takes memory.
    pub fn is_glob(text: &str) -> bool {
        text.contains(WILD)
    }

    /// Makes a pattern that matches this very name.
    ///
    /// # Errors
    ///
    /// Fails where the name is longer than a pattern may be.
    pub fn exactly(name: &str) -> Result<Self, String> {
        if name.len() > BYTES_MAX {
            return Err(format!("is longer than {BYTES_MAX} bytes"));
        }
        Ok(Self { text: name.to_owned(), matcher: None })
    }

    /// Returns the only name that matches; `None` where a glob tells.
    pub fn only_name(&self) -> Option<&str> {
        self.matcher.is_none().then_some(self.text.as_str())
    }

    /// Returns `true` if a name matches.
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.as_ref().map_or(self.text == name, |matcher| matcher.is_match(name))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.matcher.is_some() == other.matcher.is_some()
    }
}

impl Eq for Pattern {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_stands_for_anything_in_a_path_too() {
        let pattern = Pattern::new("*/prod-author*").unwrap();
        assert!(pattern.matches("up/loads/prod-author-1.tar.gz"));
        assert!(!pattern.matches("up/stage-author.tar.gz"));
    }

    #[test]
    fn exact_name_is_no_glob() {
        let pattern = Pattern::exactly("a*[b]").unwrap();
        assert!(pattern.matches("a*[b]") && !pattern.matches("axb"));
        assert_eq!(pattern.to_string(), "a*[b]");
    }

    #[test]
    fn name_without_wildcards_matches_itself_alone() {
        let pattern = Pattern::new("up/a.tar").unwrap();
        assert!(pattern.matches("up/a.tar") && !pattern.matches("up/axtar"));
        assert_eq!(pattern, Pattern::exactly("up/a.tar").unwrap());
        assert_ne!(Pattern::new("a*").unwrap(), Pattern::exactly("a*").unwrap());
        // An escaped wildcard is still a glob.
        assert!(Pattern::new(r"a\*").unwrap().matches("a*"));
    }

    #[test]
    fn largest_patterns_can_be_compiled_and_larger_ones_are_refused() {
        for part in ["?", "*", "[!a]", "{a,*}", "**/", "\u{1F600}"] {
            let most = part.repeat(BYTES_MAX / part.len());
            assert!(Pattern::new(&most).is_ok(), "{part}");
            assert!(Pattern::new(&format!("{most}{part}")).is_err(), "{part}");
        }
    }

    #[test]
    fn broken_glob_says_what_is_wrong() {
        assert!(Pattern::new("a[b").unwrap_err().starts_with("\"a[b\": "));
    }
}
