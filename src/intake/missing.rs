//! Sources that do not exist: what was meant, as far as the files beside tell.

use super::archive_name::stem;
use super::fs;
use crate::limits::Limits;
use globset::Glob;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

const LOOKED_AT_MAX: usize = Limits::DEFAULT.like_names_max;

const NAME_CHARS_MAX: usize = Limits::DEFAULT.like_name_chars_max;

/// Names that are given.
const GIVEN_MAX: usize = 3;

/// Sources that do not exist for which names like theirs are looked for.
const ASKED_MAX: usize = 20;

/// Says why sources are not there, and what was meant by the first ones: a list may name 1,000,000 that are all elsewhere.
#[derive(Debug, Default)]
pub(super) struct Missing {
    asked: usize,
}

impl Missing {
    /// Says why nothing is at a path; `None` where something is, or where that cannot be known.
    pub(super) fn why(&mut self, path: &Path) -> Option<String> {
        let error = fs::symlink_metadata(path).err()?;
        let is_gone = matches!(
            error.kind(),
            // Windows has no file of a name with a `*`, and says so; its shells hand patterns over as they are.
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename
        );
        is_gone.then(|| {
            self.asked = self.asked.saturating_add(1);
            why(path, self.asked <= ASKED_MAX)
        })
    }
}

fn why(path: &Path, asks: bool) -> String {
    let text = path.to_string_lossy();
    if text.is_empty() {
        return "a source without a name".to_owned();
    }
    if text.contains(['*', '?', '[', '{']) {
        return of_pattern(path, asks);
    }
    let near = if asks { near(path) } else { Vec::new() };
    match near.as_slice() {
        [] => "No such file or directory".to_owned(),
        near => format!("No such file or directory; did you mean {}?", near.join(" or ")),
    }
}

/// Says why a pattern names no file. Where files match it, it was in quotes, or the shell is one of Windows, which expands none.
fn of_pattern(path: &Path, asks: bool) -> String {
    let name = path.file_name().and_then(|name| Glob::new(name.to_str()?).ok());
    let matcher = name.filter(|_| asks).map(|glob| glob.compile_matcher());
    if matcher.is_some_and(|matcher| names_beside(path).any(|other| matcher.is_match(other))) {
        return "No such file, but files match this pattern: leave out the quotes around it, or name the folder and --include"
            .to_owned();
    }
    "No such file: no file matches, so the shell did not expand it".to_owned()
}

/// Returns the names of what is in the same directory, as far as it is looked at.
fn names_beside(path: &Path) -> impl Iterator<Item = OsString> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = fs::read_dir(directory.unwrap_or(Path::new("."))).into_iter().flatten();
    entries.take(LOOKED_AT_MAX).flatten().map(|entry| entry.file_name())
}

/// Returns the names in the same directory that are most like the one of a path.
fn near(path: &Path) -> Vec<String> {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy().to_lowercase()) else {
        return Vec::new();
    };
    let mut near: Vec<(usize, String)> = names_beside(path)
        .filter_map(|other| {
            let other = other.to_str()?.to_owned();
            let lower = other.to_lowercase();
            // `author.tgz` for `author.tar.gz` is one slip, though it takes three letters.
            let edits = if stem(&lower) == stem(&name) { 1 } else { edits(&name, &lower) };
            // Two edits make any name of two letters out of any other, so a short name has to share a letter.
            (edits <= 2 && edits < name.chars().count()).then_some((edits, other))
        })
        .collect();
    near.sort();
    near.into_iter().take(GIVEN_MAX).map(|(_, name)| name).collect()
}

/// Counts the letters that have to be put in, taken out or changed to make one name of another.
fn edits(a: &str, b: &str) -> usize {
    let letters = |name: &str| name.chars().take(NAME_CHARS_MAX).collect::<Vec<_>>();
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, letter) in a.iter().enumerate() {
        let mut diagonal = index;
        let mut left = index.saturating_add(1);
        let mut next = vec![left];
        for (other, above) in b.iter().zip(row.iter().skip(1)) {
            let changed = diagonal.saturating_add(usize::from(letter != other));
            left = changed.min(above.saturating_add(1)).min(left.saturating_add(1));
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (a, b, count) in [
            ("a", "a", 0),
            ("publsh3", "publish3", 1),
            ("ab", "ba", 2),
            ("", "abc", 3),
            ("abc", "", 3),
        ] {
            assert_eq!(edits(a, b), count, "{a} {b}");
        }
    }

    #[test]
    fn missing_file_names_those_like_it() {
        let home = tempfile::tempdir().unwrap();
        for name in ["publish3.tar.gz", "author.tgz", "x"] {
            fs::write(home.path().join(name), b"").unwrap();
        }
        let said = |name: &str| Missing::default().why(&home.path().join(name));
        assert_eq!(said("author.tgz"), None);
        for (name, words) in [
            ("publsh3.tar.gz", "did you mean publish3.tar.gz?"),
            ("author.tar.gz", "did you mean author.tgz?"),
            ("other.zip", "No such file or directory"),
            ("author.tgz/x", "No such file or directory"),
            ("*.tar", "so the shell did not expand it"),
            ("*.tgz", "name the folder and --include"),
            ("[.tgz", "so the shell did not expand it"),
            ("y", "No such file or directory"),
        ] {
            let why = said(name).unwrap();
            assert!(why.ends_with(words), "{name}: {why}");
        }
    }

    #[test]
    fn names_like_theirs_are_looked_for_of_the_first_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("publish3.tar.gz"), b"").unwrap();
        let mut missing = Missing::default();
        let said = (0..ASKED_MAX + 5).map(|_| missing.why(&home.path().join("publsh3.tar.gz")));
        let near = said.filter(|said| said.as_ref().unwrap().contains("did you mean"));
        assert_eq!(near.count(), ASKED_MAX);
    }
}
