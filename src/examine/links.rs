//! Where links inside a source lead, decided from names alone.

use super::paths::{join, name, parent};
use super::prefixes::Prefixes;
use crate::intake::LinkTarget;
use crate::limits::Limits;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

const HOPS_MAX: usize = Limits::DEFAULT.link_hops_max;

const KNOWN_MAX: usize = Limits::DEFAULT.known_links_max;

/// A path that is longer on the way than this many times what an entry may have leads nowhere.
const DETOUR_MAX: usize = 16;

/// Symbolic links of one source: the link's own path, and where it leads.
pub(super) type Links = BTreeMap<String, LinkTarget>;

/// Where a path ends up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolved {
    /// At this path of the same source.
    Inside(String),
    /// Outside of it.
    Outside,
    /// Nowhere: the links go round in a circle.
    Loop,
    /// Nowhere: no entry has so long a path.
    TooLong,
}

/// Follows the links of one source, each once: thousands may lead through the same ones.
pub(super) struct Follower<'l> {
    links: &'l Links,
    paths: Prefixes,
    /// Where links lead that were on the way, and how many are followed for each.
    known: RefCell<BTreeMap<&'l str, (Resolved, usize)>>,
}

impl<'l> Follower<'l> {
    pub(super) fn new(links: &'l Links) -> Self {
        let paths = links.keys().map(String::as_str).collect();
        Self { links, paths, known: RefCell::default() }
    }

    /// Returns all links.
    pub(super) fn links(&self) -> &'l Links {
        self.links
    }

    /// Follows a link, and every one on the way from there.
    pub(super) fn follow(&self, target: &LinkTarget) -> Resolved {
        match target {
            LinkTarget::Outside(_) => Resolved::Outside,
            LinkTarget::Inside(inside) => self.resolve(inside, HOPS_MAX).0,
        }
    }

    /// Follows every symbolic link on the way along `path`, as the operating system would; counts them.
    fn resolve(&self, path: &str, hops_max: usize) -> (Resolved, usize) {
        let mut path = path.to_owned();
        // Up to here no directory is a link.
        let mut done = 0;
        let mut hops = 0_usize;
        let bytes_max = Limits::DEFAULT.path_bytes_max;
        while let Some((link, rest)) = self.first_link(&path, done) {
            // Linux gives up after 40 links in one path, nested ones counted (`ELOOP`).
            let (target, more) = self.link(link, hops_max.saturating_sub(hops));
            hops = hops.saturating_add(more);
            match target {
                Resolved::Inside(_) if hops > hops_max => return (Resolved::Loop, hops),
                Resolved::Inside(target) => {
                    done = target.len();
                    path = join(&target, rest);
                }
                nowhere => return (nowhere, hops),
            }
            if path.len() > bytes_max.saturating_mul(DETOUR_MAX) {
                return (Resolved::TooLong, hops);
            }
        }
        let is_entry = path.len() <= bytes_max;
        (if is_entry { Resolved::Inside(path) } else { Resolved::TooLong }, hops)
    }

    /// Returns where a link leads, and how many are followed for it, itself among them.
    fn link(&self, link: &'l str, hops_max: usize) -> (Resolved, usize) {
        if let Some(known) = self.known.borrow().get(link) {
            return known.clone();
        }
        let found = match self.links.get(link) {
            _ if hops_max == 0 => (Resolved::Loop, 1),
            Some(LinkTarget::Inside(target)) => {
                let (found, hops) = self.resolve(target, hops_max.saturating_sub(1));
                (found, hops.saturating_add(1))
            }
            Some(LinkTarget::Outside(_)) | None => (Resolved::Outside, 1),
        };
        // Another way here may have fewer links before it.
        let mut known = self.known.borrow_mut();
        if found.0 != Resolved::Loop && known.len() < KNOWN_MAX {
            known.insert(link, found.clone());
        }
        found
    }

    /// Finds the shortest directory on the way along `path`, of more than `done` bytes, that is a link, and what follows it.
    fn first_link<'p>(&self, path: &'p str, done: usize) -> Option<(&'l str, &'p str)> {
        let above = self.paths.of(path).filter(|(above, _)| above.len() > done);
        let mut links = above
            .filter_map(|(above, rest)| Some((self.links.get_key_value(above)?.0.as_str(), rest)));
        links.next()
    }
}

/// Returns `true` if a link of this name may stand for a directory that holds evidence.
pub(super) fn is_stem(path: &str, roots: &BTreeSet<String>) -> bool {
    let (stem, directory) = (name(path), parent(path));
    let parent_name = name(directory);
    match stem {
        "launchpad" | "felix" => true,
        // `felix.cm.dir` is `${sling.launchpad}/config`.
        "config" => parent_name == "launchpad",
        "data" => parent_name.starts_with("bundle"),
        // Common names: only beside the rest of an install.
        "conf" | "bin" => roots.contains(directory),
        _ if format!("/{directory}/").contains("/launchpad/config/") => true,
        _ => stem.starts_with("bundle") && (parent_name == "felix" || roots.contains(directory)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(pairs: &[(&str, &str)]) -> Links {
        let inside = |(from, to): &(&str, &str)| ((*from).into(), LinkTarget::Inside((*to).into()));
        pairs.iter().map(inside).collect()
    }

    fn resolve(path: &str, links: &Links) -> Resolved {
        Follower::new(links).follow(&LinkTarget::Inside(path.to_owned()))
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
    fn circle_ends() {
        assert_eq!(resolve("a/x", &links(&[("a", "b"), ("b", "a")])), Resolved::Loop);
        assert_eq!(resolve("a/x", &links(&[("a", "a/b")])), Resolved::Loop);
    }

    #[test]
    fn way_out_is_not_taken() {
        let links = Links::from([("a".into(), LinkTarget::Outside("/mnt".into()))]);
        assert_eq!(resolve("a/x", &links), Resolved::Outside);
    }

    #[test]
    fn as_many_links_are_followed_as_linux_allows() {
        let chain = |count: usize| -> Links {
            let link =
                |index: usize| (format!("l{index}"), LinkTarget::Inside(format!("l{}", index + 1)));
            (0..count).map(link).collect()
        };
        assert_eq!(resolve("l0/x", &chain(40)), Resolved::Inside("l40/x".into()));
        assert_eq!(resolve("l0/x", &chain(41)), Resolved::Loop);
        // What was found out on one way holds on another one, however many came before.
        let chain = chain(41);
        let follower = Follower::new(&chain);
        for (path, end) in [("l20/x", true), ("l1/x", true), ("l0/x", false), ("l5/l6", true)] {
            let found = follower.follow(&LinkTarget::Inside(path.to_owned()));
            assert_eq!(matches!(found, Resolved::Inside(_)), end, "{path}");
        }
    }

    #[test]
    fn path_that_grows_with_each_link_leads_nowhere() {
        let long = "x/".repeat(1_000);
        let link = |index: usize| {
            (format!("l{index}"), LinkTarget::Inside(format!("l{}/{long}", index + 1)))
        };
        let links: Links = (0..39).map(link).collect();
        assert_eq!(resolve("l0", &links), Resolved::TooLong);
    }

    #[test]
    fn each_link_is_followed_once_however_many_lead_through_it() {
        let link =
            |index: usize| (format!("l{index}"), LinkTarget::Inside(format!("l{}", index + 1)));
        let links: Links = (0..39).map(link).collect();
        let follower = Follower::new(&links);
        for index in 0..2_000 {
            let target = LinkTarget::Inside(format!("l0/f{index}"));
            assert_eq!(follower.follow(&target), Resolved::Inside(format!("l39/f{index}")));
            assert_eq!(follower.known.borrow().len(), 39);
        }
    }
}
