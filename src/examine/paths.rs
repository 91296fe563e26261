//! Paths of a source, which are normalised: `/`-separated and relative.

use crate::facts::{QUICKSTART, split_path};
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Returns the directory that holds a path; empty for a path of one part.
pub(super) fn parent(path: &str) -> &str {
    split_path(path).0
}

/// Returns the last part of a path.
pub(super) fn name(path: &str) -> &str {
    split_path(path).1
}

/// Returns the home of an install: what holds its `crx-quickstart`, or itself under another name.
pub(super) fn home_of(root: &str) -> &str {
    if name(root) == QUICKSTART { parent(root) } else { root }
}

/// Returns a path and those above it, up to the empty one.
pub(super) fn with_those_above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| (!path.is_empty()).then(|| parent(path)))
}

/// Paths in order.
pub(super) trait Sorted {
    /// Returns the first one that does not come before this one.
    fn first_from(&self, path: &str) -> Option<&str>;
}

impl<K: Borrow<str> + Ord> Sorted for BTreeSet<K> {
    fn first_from(&self, path: &str) -> Option<&str> {
        self.range::<str, _>((Bound::Included(path), Bound::Unbounded)).next().map(Borrow::borrow)
    }
}

impl<K: Borrow<str> + Ord, V> Sorted for BTreeMap<K, V> {
    fn first_from(&self, path: &str) -> Option<&str> {
        let mut behind = self.range::<str, _>((Bound::Included(path), Bound::Unbounded));
        behind.next().map(|(path, _)| path.borrow())
    }
}

/// Returns the first of some paths that lies below this one.
pub(super) fn first_below<'s>(paths: &'s impl Sorted, path: &str) -> Option<&'s str> {
    let below = format!("{path}/");
    paths.first_from(&below).filter(|found| found.starts_with(&below))
}

/// Returns `true` if one of some paths is this one or lies below it.
pub(super) fn has_at_or_below(paths: &impl Sorted, path: &str) -> bool {
    // What sorts between a path and what lies below it, such as `a-b` between `a` and `a/b`, is passed over.
    paths.first_from(path) == Some(path) || first_below(paths, path).is_some()
}

/// Joins two paths, either of which may be empty.
pub(super) fn join(path: &str, rest: &str) -> String {
    format!("{path}/{}", rest.trim_start_matches('/')).trim_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_found_at_or_above_others_and_not_beside_them() {
        let set: BTreeSet<&str> = ["a-b", "a/b/c", "b", "c.d/e"].into();
        let map: BTreeMap<String, u8> = set.iter().map(|path| ((*path).to_owned(), 0)).collect();
        for (path, at, below) in [
            ("a", true, Some("a/b/c")),
            ("a/b", true, Some("a/b/c")),
            ("a/b/c", true, None),
            ("a-", false, None),
            ("b", true, None),
            ("c", false, None),
            ("d", false, None),
        ] {
            assert_eq!(
                (has_at_or_below(&set, path), first_below(&set, path)),
                (at, below),
                "{path}"
            );
            assert_eq!(
                (has_at_or_below(&map, path), first_below(&map, path)),
                (at, below),
                "{path}"
            );
        }
    }

    #[test]
    fn those_above_end_with_the_source() {
        assert_eq!(with_those_above("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(with_those_above("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn home_holds_an_install_or_is_one() {
        assert_eq!(home_of("a/crx-quickstart"), "a");
        assert_eq!(home_of("a/publish1"), "a/publish1");
    }
}
