//! Where links inside a source lead, decided from names alone.

use crate::intake::LinkTarget;
use std::collections::{BTreeMap, BTreeSet};

/// Links are followed this many times before they count as a loop; Linux allows 40.
const HOPS_MAX: usize = 40;

/// Symbolic links of one source: the link's own path, and where it leads.
pub(super) type Links = BTreeMap<String, LinkTarget>;

/// Where a path ends up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// At this path of the same source.
    Inside(String),
    /// Outside of it.
    Outside,
    /// Nowhere: the links go round in a circle.
    Loop,
}

/// Follows a link, and every one on the way from there.
pub(super) fn follow(target: &LinkTarget, links: &Links) -> Resolved {
    match target {
        LinkTarget::Outside(_) => Resolved::Outside,
        LinkTarget::Inside(inside) => resolve(inside, links),
    }
}

/// Follows every symbolic link on the way along `path`, as the operating system would.
fn resolve(path: &str, links: &Links) -> Resolved {
    let mut path = path.to_owned();
    for _ in 0..HOPS_MAX {
        match first_link(&path, links) {
            None => return Resolved::Inside(path),
            Some((_, LinkTarget::Outside(_))) => return Resolved::Outside,
            Some((rest, LinkTarget::Inside(target))) => path = join(target, rest),
        }
    }
    Resolved::Loop
}

/// Finds the shortest prefix of `path` that is a link; returns what follows it, and its target.
fn first_link<'a>(path: &'a str, links: &'a Links) -> Option<(&'a str, &'a LinkTarget)> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.filter_map(|end| path.split_at_checked(end))
        .find_map(|(prefix, rest)| Some((rest, links.get(prefix)?)))
}

/// Returns where an entry comes to lie that is unpacked through links, `None` where none is on its way. The path is empty where that is
/// outside of the source.
pub(super) fn written_to(path: &str, links: &Links) -> Option<String> {
    let (directory, name) = path.rsplit_once('/')?;
    first_link(directory, links)?;
    Some(match resolve(directory, links) {
        Resolved::Inside(directory) => join(&directory, name),
        Resolved::Outside | Resolved::Loop => String::new(),
    })
}

/// Joins two paths, either of which may be empty.
pub(super) fn join(path: &str, rest: &str) -> String {
    format!("{path}/{}", rest.trim_start_matches('/')).trim_matches('/').to_owned()
}

/// Says whether a link of this name may stand for a directory that holds evidence.
pub(super) fn is_stem(path: &str, roots: &BTreeSet<String>) -> bool {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    let parent_name = parent.rsplit('/').next().unwrap_or_default();
    match name {
        "launchpad" | "felix" => true,
        "config" => parent_name == "launchpad",
        "data" => parent_name.starts_with("bundle"),
        // Common names: only beside the rest of an install.
        "conf" | "bin" => roots.contains(parent),
        _ if format!("/{parent}/").contains("/launchpad/config/") => true,
        _ => name.starts_with("bundle") && (parent_name == "felix" || roots.contains(parent)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(pairs: &[(&str, &str)]) -> Links {
        let inside = |(from, to): &(&str, &str)| ((*from).into(), LinkTarget::Inside((*to).into()));
        pairs.iter().map(inside).collect()
    }

    #[test]
    fn path_without_links_is_itself() {
        assert_eq!(resolve("a/b", &links(&[("a/c", "x")])), Resolved::Inside("a/b".into()));
    }

    #[test]
    fn links_are_followed_at_any_part_of_the_path() {
        let links = links(&[("a", "b"), ("b/c", "d/e"), ("d/e/f", "g")]);
        assert_eq!(resolve("a/c/f", &links), Resolved::Inside("g".into()));
    }

    #[test]
    fn link_to_the_top_keeps_the_rest() {
        assert_eq!(resolve("a/b", &links(&[("a", "")])), Resolved::Inside("b".into()));
    }

    #[test]
    fn entry_behind_a_link_is_written_to_where_that_leads() {
        let mut links = links(&[("x", "felix/bundle6/data"), ("y", "x"), ("z", "z")]);
        links.insert("o".into(), LinkTarget::Outside("/mnt".into()));
        let to = |path| written_to(path, &links);
        assert_eq!(to("x/hmac").as_deref(), Some("felix/bundle6/data/hmac"));
        assert_eq!(to("y/a/hmac").as_deref(), Some("felix/bundle6/data/a/hmac"));
        assert_eq!((to("o/hmac").as_deref(), to("z/hmac").as_deref()), (Some(""), Some("")));
        assert_eq!((to("x"), to("xx/hmac"), to("a/x/hmac")), (None, None, None));
    }

    #[test]
    fn circle_ends() {
        assert_eq!(resolve("a/x", &links(&[("a", "b"), ("b", "a")])), Resolved::Loop);
        assert_eq!(resolve("a/x", &links(&[("a", "a/b")])), Resolved::Loop);
    }

    #[test]
    fn way_out_is_not_taken() {
        let links = Links::from([("a".into(), LinkTarget::Outside("/mnt".into()))]);
        assert_eq!(resolve("a/x", &links), Resolved::Outside);
    }
}
