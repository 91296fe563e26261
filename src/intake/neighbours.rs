//! The uploads and homes beside a page or a note: whether one is missing, in whose place that stands.

use super::archive_name::{archive_in, stem};
use super::place_names::{is_hidden, may_be_home, shape};
use super::places::UploadPlaces;
use super::stand_in::{is_note, subject, without_ending};
use crate::facts::{QUICKSTART, components, split_path};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// Names that are looked at for one that begins like another.
const ALIKE_MAX: usize = Limits::DEFAULT.like_names_max;

/// The uploads and homes among which such a text lies.
#[derive(Debug, Default)]
pub struct Neighbours {
    /// What is in each directory and below, without the endings of archives, in small letters.
    there: BTreeMap<String, BTreeSet<String>>,
    /// What those are called that others may be missing of, by their directory.
    shapes: BTreeMap<String, BTreeSet<Vec<String>>>,
    places: UploadPlaces,
}

impl Neighbours {
    /// Takes the paths of those that another may be missing of, and of what else is there.
    pub fn of(series: &[&str], others: &[&str]) -> Self {
        let mut neighbours =
            Self { places: UploadPlaces::of(series.iter().copied()), ..Self::default() };
        for path in series.iter().chain(others) {
            neighbours.add_there(path);
        }
        for path in series.iter().filter(|path| !path.is_empty()) {
            let (directory, name) = split_path(path);
            let shapes = neighbours.shapes.entry(directory.to_owned()).or_default();
            // Homes may be called by the whole name of their host, and a file beside them by its first word: `publish2.vbk`.
            shapes.extend(starts(stem(name)).map(shape).filter(|shape| !shape.is_empty()));
        }
        neighbours
    }

    fn add_there(&mut self, path: &str) {
        // Each may lie in a directory that is called like it.
        let names = || components(path).map(|name| stem(name).to_ascii_lowercase());
        let mut above = path;
        for depth in (0..names().count()).rev() {
            above = split_path(above).0;
            self.there.entry(above.to_owned()).or_default().extend(names().skip(depth));
        }
    }

    /// Returns `true` if a text stands in the place of one that is not there.
    pub fn lack(&self, path: &str) -> bool {
        let (directory, name) = split_path(path);
        let name = name.to_ascii_lowercase();
        if !is_note(&name) {
            return self.lack_named(directory, subject(&name));
        }
        if let Some(base) = archive_in(&name) {
            // Each upload may have a directory of its own, and all the same name.
            return self.places.hold(path)
                && !self.is_there(directory, base, char::is_alphanumeric);
        }
        self.is_missing(directory, without_ending(&name))
    }

    /// Returns `true` if a file of any ending is named like one that is not there: `publish2.vbk`, `publish2.example.com`.
    pub fn lack_alike(&self, path: &str) -> bool {
        let (directory, name) = split_path(path);
        !is_hidden(name) && self.lack_named(directory, &name.to_ascii_lowercase())
    }

    fn lack_named(&self, directory: &str, name: &str) -> bool {
        // `publish1.2.vbk` beside `publish1` is a copy of that one.
        let is_known = |start| self.there.get(directory).is_some_and(|there| there.contains(start));
        // A shortcut to an install that was not sent: `crx-quickstart.lnk`.
        let is_missing = |start| start == QUICKSTART || self.is_missing(directory, start);
        self.shapes.contains_key(directory)
            && starts(name).any(is_missing)
            && !starts(name).any(is_known)
    }

    /// Returns `true` if a name without endings is like those beside it, and none of these is called so.
    fn is_missing(&self, directory: &str, stem: &str) -> bool {
        let shape = shape(stem);
        // `author.json` beside `author1` tells of that one.
        let ends_in_number = stem.ends_with(|last: char| last.is_ascii_digit());
        let makes_another = |next: char| ends_in_number && next.is_ascii_digit();
        self.shapes.get(directory).is_some_and(|shapes| shapes.contains(&shape))
            && !self.is_there(directory, stem, makes_another)
    }

    /// Returns `true` if something is called so, or so and more that does not begin with such a character.
    fn is_there(&self, directory: &str, base: &str, makes_another: impl Fn(char) -> bool) -> bool {
        // A list of what came lies elsewhere: in `docs`, and no instance does.
        let is_apart = !directory.is_empty() && !may_be_home(split_path(directory).1);
        let there = self.there.get(if is_apart { "" } else { directory });
        there.into_iter().any(|there| {
            let from = there.range(base.to_owned()..);
            let alike = from.map_while(|name| name.strip_prefix(base));
            // Beyond so many the answer is the careful one.
            let mut alike = alike.take(ALIKE_MAX);
            alike.any(|rest| !rest.starts_with(&makes_another))
        })
    }
}

/// Returns a name, and what of it stands before each of its dots: which of them begins an ending is not known.
fn starts(name: &str) -> impl Iterator<Item = &str> {
    std::iter::once(name).chain(name.match_indices('.').filter_map(|(at, _)| name.get(..at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_is_lacking() {
        let uploads = ["up/author.tgz", "up/publish1.tgz", "up/publish10.tgz"];
        let beside = Neighbours::of(&uploads, &["up/extra.zip"]);
        for path in [
            "up/publish2.xml",
            "up/publish2.zip.txt",
            "up/other.zip.txt",
            "up/Publish3.json",
            "up/author2.html",
            "up/publish.tgz.html",
            "up/publish2.tgz.sha256",
            "up/._publish2.tgz",
            "up/publish2 - Shortcut.lnk",
            "up/crx-quickstart.lnk",
            "up/publish2.tgz",
        ] {
            assert!(beside.lack(path), "{path}");
        }
        for path in [
            "up/publish1.xml",
            "up/publish1.tgz.html",
            "up/AUTHOR.TGZ.txt",
            "up/extra.zip.txt",
            "up/publish.json",
            "up/publish2.notes.txt",
            "up/publish-errors.txt",
            "up/readme.txt",
            "up/publish1.tgz.sha256",
            "up/._publish1.tgz",
            "up/other.zip.md5",
            "up/notes.lnk",
            "publish2.xml",
            "up/author/publish2.xml",
        ] {
            assert!(!beside.lack(path), "{path}");
        }
        assert!(Neighbours::of(&["publish1"], &[]).lack("author.html"));
        assert!(Neighbours::of(&["p10"], &[]).lack("p1.txt"));
        let each_in_one = Neighbours::of(&["up/author/aem.tgz", "up/publish1/aem.tgz"], &[]);
        for (path, lacks) in [
            ("up/publish2/aem.tgz.html", true),
            ("up/publish1/aem.tgz.html", false),
            ("up/docs/aem.tgz.html", false),
            ("up/aem.tgz.html", false),
            ("aem2.tgz.html", false),
        ] {
            assert_eq!(each_in_one.lack(path), lacks, "{path}");
        }
    }
    #[test]
    fn file_of_any_ending_may_be_named_like_one_that_is_not_there() {
        let homes = ["up/author1", "up/publish1", "x/author.example.com", "x/publish1.example.com"];
        let beside = Neighbours::of(&homes, &[]);
        for path in [
            "up/publish2.vbk",
            "up/publish2.1.dar",
            "up/Publish2.bak",
            "up/publish2-6.5.0",
            "up/author2",
            "x/publish2.example.com",
            "x/publish2.example.com.vbk",
            "x/publish2.vbk",
        ] {
            assert!(beside.lack_alike(path), "{path}");
        }
        for path in [
            "up/publish1.vbk",
            "up/publish1.2.vbk",
            "up/author.lock",
            "up/publish-errors.bin",
            "up/data.bin",
            "up/.publish2.swp",
            "up/docs/publish2.vbk",
            "x/publish1.vbk",
            "x/example.com",
            "publish2.vbk",
        ] {
            assert!(!beside.lack_alike(path), "{path}");
        }
    }
}
