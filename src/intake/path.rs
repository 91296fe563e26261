//! Names as archives write them, made comparable: `/`-separated, relative, without `.`, `..` and empty parts.

use super::entry::LinkTarget;
use std::fmt::Write;
use std::ops::Deref;

/// Directories of an install before a backslash, which no name of Unix has.
const OF_WINDOWS: [&[u8]; 3] = [b"crx-quickstart\\", b"launchpad\\", b"felix\\bundle"];

/// Normalises `raw` into `out`, whose old content is dropped. Returns `true` when the name was absolute or climbed.
///
/// A `..` is taken lexically and never leads above the top. Zip tools on Windows write `a\b`; a backslash separates
/// only in a name without any `/`, since `a\b` is a fair file name on Unix, or beside the directories of an install.
pub(super) fn normalise(raw: &[u8], out: &mut String) -> bool {
    out.clear();
    if let Some(plain) = plain(raw) {
        out.push_str(plain);
        return false;
    }
    let separators = separators(raw);
    let is_separator = |byte: &u8| separators.contains(byte);
    let mut unsafe_name = raw.first().is_some_and(is_separator);
    for part in raw.split(is_separator) {
        match part {
            b"" | b"." => {}
            b".." => {
                unsafe_name = true;
                climb(out);
            }
            part => join(out, part),
        }
    }
    unsafe_name
}

/// The path of the entry at hand, made from its name in the archive.
///
/// Entries that follow each other mostly lie in one directory. Its bytes are compared, and no more than the last part is looked at:
/// making each path anew took a sixth of a scan of many small files.
#[derive(Debug, Default)]
pub(super) struct EntryPath {
    text: String,
    /// A directory as the archive writes it, with the slash behind it.
    raw_directory: Vec<u8>,
    /// The same, normalised.
    directory: String,
    /// It was absolute or climbed.
    is_unsafe: bool,
}

impl EntryPath {
    /// Takes the name of another entry. Returns `true` when it was absolute or climbed, as [`normalise`] does.
    pub(super) fn set(&mut self, raw: &[u8]) -> bool {
        let named = raw.strip_suffix(b"/").unwrap_or(raw);
        if let Some(name) = named.strip_prefix(&*self.raw_directory).and_then(plain_part) {
            self.text.clone_from(&self.directory);
            self.text.push_str(name);
            return self.is_unsafe;
        }
        let is_unsafe = normalise(raw, &mut self.text);
        let (directory, name) = split(named);
        let name = plain_part(name);
        // What is no plain part may change those before it, as `..` does. Without a directory every plain name is a path.
        let directory = if name.is_some() { directory } else { &[] };
        self.is_unsafe = is_unsafe && name.is_some();
        self.raw_directory.clear();
        self.raw_directory.extend_from_slice(directory);
        let bytes = name.and_then(|name| self.text.len().checked_sub(name.len()));
        let directory = self.text.get(..bytes.unwrap_or_default()).unwrap_or_default();
        directory.clone_into(&mut self.directory);
        is_unsafe
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
    }
}

impl Deref for EntryPath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// Splits a name behind its last slash.
fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let slash = raw.iter().rposition(|byte| *byte == b'/');
    raw.split_at_checked(slash.map_or(0, |at| at.saturating_add(1))).unwrap_or((raw, b""))
}

/// Returns the last part of a name when it is one part, and normal as it is.
fn plain_part(part: &[u8]) -> Option<&str> {
    let is_split = part.iter().fold(false, |is, byte| is | matches!(byte, b'/' | b'\\'));
    (is_normal(part) && !is_split).then(|| std::str::from_utf8(part).ok())?
}

/// Returns a name that is normal as it is, as nearly all are; directories end in a slash.
fn plain(raw: &[u8]) -> Option<&str> {
    // GNU tar and zip mark directories so, and the mark is no part of the path.
    let raw = raw.strip_suffix(b"/").unwrap_or(raw);
    if raw.contains(&b'\\') {
        return None;
    }
    let mut parts = raw.split(|byte| *byte == b'/');
    let is_plain = is_surely_normal(raw) || parts.all(is_normal);
    is_plain.then(|| std::str::from_utf8(raw).ok())?
}

/// Returns `true` if no part of a name is empty, begins with a dot or ends in the mark of an archive. No byte ends the loop, so that
/// sixteen are looked at at once.
fn is_surely_normal(raw: &[u8]) -> bool {
    let behind = raw.get(1..).unwrap_or_default();
    let is_odd =
        |before: u8, byte: u8| matches!((before, byte), (b'/', b'/' | b'.') | (b'!', b'/'));
    let odd = raw.iter().zip(behind).fold(false, |odd, (a, b)| odd | is_odd(*a, *b));
    !odd && !matches!(raw.first(), None | Some(b'/' | b'.'))
        && !matches!(raw.last(), Some(b'!' | b'/'))
}

/// Returns `true` if a part of a name is one of its path as it is, backslashes and bytes that are no text apart.
fn is_normal(part: &[u8]) -> bool {
    !matches!(part, b"" | b"." | b".." | [.., b'!'])
}

/// Returns the path of a file by its name in a directory, whose path is normalised.
pub(super) fn below(directory: &str, name: &[u8]) -> String {
    let mut path = directory.to_owned();
    join(&mut path, name);
    path
}

/// Resolves the target of a hard link, which is a path of the archive.
///
/// An absolute target is inside only when the link's own name is absolute too: `tar -P` writes both that way, while
/// `etc -> /etc/passwd` in an archive of relative names means the file of the machine.
pub(super) fn hard_link(link: &[u8], target: &[u8]) -> LinkTarget {
    if target.starts_with(b"/") && !link.starts_with(b"/") {
        return LinkTarget::Outside(text(target));
    }
    resolve("", target)
}

/// Resolves the target of a symbolic link in an archive, where the link has this name.
///
/// `tar -P` keeps the names of all entries absolute, and where an absolute target leads lies below the same top as they do.
pub(super) fn symbolic_link_named(name: &[u8], link: &str, target: &[u8]) -> LinkTarget {
    if name.starts_with(b"/") && target.starts_with(b"/") {
        return resolve("", target);
    }
    symbolic_link(link, target)
}

/// Resolves the target of a symbolic link against the directory of the (normalised) link.
pub(super) fn symbolic_link(link: &str, target: &[u8]) -> LinkTarget {
    if target.first().is_some_and(|first| separators(target).contains(first)) {
        return LinkTarget::Outside(text(target));
    }
    resolve(link.rsplit_once('/').map_or("", |(parent, _)| parent), target)
}

/// Resolves a target that is known to begin at the top of the source.
pub(super) fn from_top(target: &[u8]) -> LinkTarget {
    resolve("", target)
}

/// Returns `raw` as text; bytes that are not UTF-8 become `\xNN`, so that different names stay different.
pub(super) fn text(raw: &[u8]) -> String {
    let mut out = String::with_capacity(raw.len());
    push(&mut out, raw);
    out
}

/// Appends `raw` as text, as [`text`] does.
pub(super) fn push(out: &mut String, raw: &[u8]) {
    for chunk in raw.utf8_chunks() {
        push_valid(out, chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _: std::fmt::Result = write!(out, "\\x{byte:02x}");
        }
    }
}

/// Appends text; a `\xNN` in it becomes `\x5cxNN`, or it would be taken for a byte that is not UTF-8.
fn push_valid(out: &mut String, text: &str) {
    let mut rest = text;
    // Setting up a search for two characters takes longer than one for one, and hardly a name has it.
    if !text.contains('\\') {
        return out.push_str(text);
    }
    while let Some((before, after)) = rest.split_once("\\x") {
        let is_byte = after
            .as_bytes()
            .first_chunk::<2>()
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        out.push_str(before);
        out.push_str(if is_byte { "\\x5cx" } else { "\\x" });
        rest = after;
    }
    out.push_str(rest);
}

fn resolve(base: &str, target: &[u8]) -> LinkTarget {
    let mut out = base.to_owned();
    let separators = separators(target);
    for part in target.split(|byte| separators.contains(byte)) {
        match part {
            b"" | b"." => {}
            // A name that climbs is read below the top, but a link that climbs means a file of the machine it was packed on.
            b".." if out.is_empty() => return LinkTarget::Outside(text(target)),
            b".." => climb(&mut out),
            part => join(&mut out, part),
        }
    }
    LinkTarget::Inside(out)
}

/// Returns `true` if a name is one of a directory, by the separator at its end.
pub(super) fn ends_in_separator(raw: &[u8]) -> bool {
    raw.last().is_some_and(|last| separators(raw).contains(last))
}

/// Returns what separates the parts of a name.
///
/// A tool that puts a directory of its own before the names that Windows gave it writes `publish2/crx-quickstart\conf\x`.
fn separators(raw: &[u8]) -> &'static [u8] {
    let holds = |part: &&[u8]| raw.windows(part.len()).any(|at| at == *part);
    match (raw.contains(&b'\\'), raw.contains(&b'/')) {
        (true, false) => b"\\",
        (true, true) if OF_WINDOWS.iter().any(holds) => b"/\\",
        _ => b"/",
    }
}

fn climb(out: &mut String) {
    out.truncate(out.rfind('/').unwrap_or(0));
}

fn join(out: &mut String, part: &[u8]) {
    if !out.is_empty() {
        out.push('/');
    }
    // This marks what lies in an archive inside the source; no name may claim that.
    match part.strip_suffix(b"!") {
        Some(start) => {
            push(out, start);
            out.push_str("\\x21");
        }
        None => push(out, part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(raw: &[u8]) -> (String, bool) {
        let mut out = "old".to_owned();
        let unsafe_name = normalise(raw, &mut out);
        (out, unsafe_name)
    }

    #[test]
    fn backslash_separates_beside_the_directories_of_an_install() {
        let name = b"p/crx-quickstart\\conf\\sling.properties";
        assert_eq!(normal(name), ("p/crx-quickstart/conf/sling.properties".to_owned(), false));
        assert_eq!(normal(b"p/launchpad\\..\\x"), ("p/x".to_owned(), true));
        assert_eq!(normal(b"p/dev\\x2d"), ("p/dev\\x5cx2d".to_owned(), false));
        assert!(ends_in_separator(b"p/crx-quickstart\\conf\\") && !ends_in_separator(b"p/a\\"));
    }

    #[test]
    fn harmless_spellings_become_one() {
        for raw in ["a/b", "./a/b", "a//b", "a/./b", "./a/b/", "a\\b", ".\\a\\b"] {
            assert_eq!(normal(raw.as_bytes()), ("a/b".to_owned(), false), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn name_that_is_normal_stays_as_it_is(raw in "[a./!é]{1,12}".prop_filter("relative", |raw| !raw.starts_with('/'))) {
            let (name, climbs) = normal(raw.as_bytes());
            // Behind this no name is taken as it is.
            prop_assert_eq!(normal(format!("./{raw}").as_bytes()), (name, climbs));
        }
    }

    proptest! {
        #[test]
        fn name_makes_the_same_path_whatever_came_before(raw in prop::collection::vec(r"(\PC|[a./!\\é]|felix\\bundle|\.\./|a/|\./){0,9}", 1..9)) {
            let mut path = EntryPath::default();
            for raw in raw {
                let is_unsafe = path.set(raw.as_bytes());
                prop_assert_eq!((path.to_owned(), is_unsafe), normal(raw.as_bytes()), "{}", raw);
            }
        }

        #[test]
        fn name_of_any_bytes_makes_the_same_path(names in prop::collection::vec(prop::collection::vec(odd_byte(), 0..9), 1..9)) {
            let mut path = EntryPath::default();
            for raw in names {
                let is_unsafe = path.set(&raw);
                prop_assert_eq!((path.to_owned(), is_unsafe), normal(&raw));
            }
        }
    }

    fn odd_byte() -> impl Strategy<Value = u8> {
        prop::sample::select(&b"aab.././/\\!\xc3\xa9\xff"[..])
    }

    #[test]
    fn absolute_and_climbing_names_are_relative_to_the_top() {
        for raw in ["/a/b", "../a/b", "../../a/b", "x/../a/b", "//a/b", "a/c/../b", "\\a\\b"] {
            assert_eq!(normal(raw.as_bytes()), ("a/b".to_owned(), true), "{raw}");
        }
        assert_eq!(normal(b"..").0, "");
        assert_eq!(normal(b"./"), (String::new(), false));
    }

    #[test]
    fn backslash_beside_a_slash_is_part_of_the_name() {
        assert_eq!(normal(b"a/b\\c").0, "a/b\\c");
    }

    #[test]
    fn mark_of_inner_archives_is_never_part_of_a_name() {
        assert_eq!(normal(b"a.tar!/b!c/d!").0, "a.tar\\x21/b!c/d\\x21");
    }

    #[test]
    fn bytes_that_are_not_utf8_stay_distinct() {
        assert_eq!(normal(b"a/\xff\xc3").0, "a/\\xff\\xc3");
        assert_ne!(normal(b"a\xff").0, normal(b"a\xfe").0);
        assert_eq!(normal(b"a/\\xff").0, "a/\\x5cxff", "no byte, but what stands for one");
        assert_eq!(normal(b"a/b\\xy\\x").0, "a/b\\xy\\x");
        assert_eq!(normal("ä/\u{1b}\n".as_bytes()).0, "ä/\u{1b}\n");
    }

    #[test]
    fn hard_link_targets_are_archive_paths() {
        assert_eq!(hard_link(b"d/l", b"./a/b"), LinkTarget::Inside("a/b".to_owned()));
        assert_eq!(
            hard_link(b"d/l", b"/etc/passwd"),
            LinkTarget::Outside("/etc/passwd".to_owned())
        );
        assert_eq!(hard_link(b"/d/l", b"/d/a"), LinkTarget::Inside("d/a".to_owned()));
        assert_eq!(hard_link(b"l", b"../a"), LinkTarget::Outside("../a".to_owned()));
    }

    #[test]
    fn symbolic_link_targets_start_at_the_link() {
        assert_eq!(symbolic_link("d/e/l", b"../a"), LinkTarget::Inside("d/a".to_owned()));
        assert_eq!(symbolic_link("l", b"a"), LinkTarget::Inside("a".to_owned()));
        assert_eq!(symbolic_link("d/l", b"../../a"), LinkTarget::Outside("../../a".to_owned()));
        let named = |name: &[u8]| symbolic_link_named(name, "d/l", b"/a");
        assert_eq!(named(b"/d/l"), LinkTarget::Inside("a".to_owned()), "`tar -P`");
        assert_eq!(named(b"d/l"), LinkTarget::Outside("/a".to_owned()));
        assert_eq!(symbolic_link("d/l", b"/a"), LinkTarget::Outside("/a".to_owned()));
    }
}
