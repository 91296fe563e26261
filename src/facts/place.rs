//! Where a fact was read, and whom the file belonged to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A path inside a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The source as the user named it.
    pub source: String,
    /// The normalised path inside it, `/`-separated and relative to the source.
    pub path: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", spoken(&self.source), self.path)
    }
}

/// What ends the path of an archive inside a source, where what it holds is below it: `case/author.tar.gz!/crx-quickstart`.
pub const INSIDE: char = '!';

/// The directory of an install, as AEM names it.
pub const QUICKSTART: &str = "crx-quickstart";

/// Returns the innermost archive inside the source that a path leads into, with its mark; empty where it leads into none.
pub fn realm(path: &str) -> &str {
    // Hardly a path has the mark, and every path is asked.
    if !path.contains(INSIDE) {
        return "";
    }
    let mut marked = path.rmatch_indices(INSIDE).filter_map(|(at, mark)| {
        let (realm, rest) = path.split_at_checked(at.saturating_add(mark.len()))?;
        (rest.is_empty() || rest.starts_with('/')).then_some(realm)
    });
    marked.next().unwrap_or_default()
}

/// Splits a normalised path into the directory that holds it and its last part; the first is empty for a path of one part.
///
/// Bytes are compared one by one. Parts are short, and what `str` sets up to search for a character took a fifth of a scan.
pub fn split_path(path: &str) -> (&str, &str) {
    let slash = path.bytes().rposition(|byte| byte == b'/');
    let split = slash.and_then(|at| Some((path.get(..at)?, path.get(at.saturating_add(1)..)?)));
    split.unwrap_or(("", path))
}

/// Returns the parts of a normalised path, as `split('/')` does, and faster.
pub fn components(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let text = rest?;
        let slash = text.bytes().position(|byte| byte == b'/');
        let split = slash.and_then(|at| Some((text.get(..at)?, text.get(at.saturating_add(1)..)?)));
        rest = split.map(|(_, behind)| behind);
        Some(split.map_or(text, |(part, _)| part))
    })
}

/// Returns the parts of a path, with separators of Unix and of Windows.
pub fn path_parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    let mut start = 0_usize;
    let mut parts = Vec::new();
    for (at, separator) in path.match_indices(['/', '\\']) {
        let rest = path.get(at..).unwrap_or_default();
        if separator == "/" || !is_escape(rest) {
            parts.extend(path.get(start..at));
            start = at.saturating_add(separator.len());
        }
    }
    parts.extend(path.get(start..));
    parts.into_iter()
}

/// Returns `true` if a byte that is no UTF-8 is at the start of a text, as `\xNN`.
fn is_escape(text: &str) -> bool {
    let digits = text.strip_prefix("\\x").and_then(|rest| rest.get(..2));
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    digits.is_some_and(|digits| digits.bytes().all(is_digit))
}

/// Returns `true` if `path` lies in the archive `realm`, which is empty for the source itself.
pub fn is_in_realm(path: &str, realm: &str) -> bool {
    let below = path.strip_prefix(realm);
    realm.is_empty() || below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// Returns what to call a source in a sentence: `-` is no word.
pub fn spoken(source: &str) -> &str {
    if source == "-" { "standard input" } else { source }
}

/// Owner and permissions of an entry, where its container keeps them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// Numeric user id.
    pub uid: u64,
    /// Numeric group id.
    pub gid: u64,
    /// User name, where the container has one.
    pub user: Option<String>,
    /// Unix permission bits (`0o777` and the three above).
    pub mode: u32,
}

/// A user, by what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// Numeric user id.
    pub uid: u64,
    /// Numeric id of the group that its files have.
    pub gid: u64,
    /// User name, where the container has one.
    pub user: Option<String>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_user(f, self.user.as_deref(), self.uid)
    }
}

/// A directory, and whom it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnedDirectory {
    /// The directory.
    pub place: Place,
    /// Owner and mode.
    pub owner: Owner,
}

/// What a user may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read a file.
    Read,
    /// Reach what is in a directory.
    Enter,
}

impl Owner {
    /// Returns `true` if a user surely has no such right. Of the three classes of permission only one counts for a user, and root
    /// needs none.
    ///
    /// A user may be in more groups than its files tell.
    pub fn refuses(&self, account: &Account, right: Right) -> bool {
        let bit = match right {
            Right::Read => 0o4,
            Right::Enter => 0o1,
        };
        let allowing = match account {
            Account { uid: 0, .. } => return false,
            Account { uid, .. } if *uid == self.uid => bit << 6,
            Account { gid, .. } if *gid == self.gid => bit << 3,
            _ => bit << 3 | bit,
        };
        self.mode & allowing == 0
    }

    /// Returns `true` if users outside owner and group may read or write the file.
    pub fn open_to_others(&self) -> bool {
        self.mode & 0o006 != 0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_user(f, self.user.as_deref(), self.uid)
    }
}

fn write_user(f: &mut fmt::Formatter<'_>, user: Option<&str>, uid: u64) -> fmt::Result {
    match user {
        Some(user) => write!(f, "{user} ({uid})"),
        None => write!(f, "uid {uid}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn paths_are_split_as_the_standard_library_does(path in "[aé/!]{0,12}") {
            prop_assert_eq!(split_path(&path), path.rsplit_once('/').unwrap_or(("", &path)));
            prop_assert_eq!(components(&path).collect::<Vec<_>>(), path.split('/').collect::<Vec<_>>());
        }
    }
}
