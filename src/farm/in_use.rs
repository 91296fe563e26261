//! Which of two installs is in use, by links: `crx-quickstart -> crx-quickstart.old` after a rollback.

use super::state_name::are_marked;
use crate::facts::{Snapshot, components, is_in_realm, realm, says_idle, says_live, split_path};

/// What links say of two installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InUse<'s> {
    /// This one is in use: the link that leads to it.
    Own(&'s str),
    /// The other one is.
    Other(&'s str),
    /// Links lead to both.
    Both,
    /// No link tells.
    Untold,
}

/// Tells which of two installs of one Sling id, side by side in one source, is in use. Neither its name nor a later start counts against
/// it: what was rolled back to is the older one.
pub(crate) fn in_use<'s>(own: &'s Snapshot, other: &'s Snapshot) -> InUse<'s> {
    let id = |snapshot: &'s Snapshot| Some(snapshot.sling_id.as_ref()?.uuid.as_str());
    let is_one = own.source == other.source
        && id(own).zip(id(other)).is_some_and(|(own, other)| own == other)
        && realm(&own.root) == realm(&other.root);
    if own.links.is_empty() && other.links.is_empty() || !is_one {
        return InUse::Untold;
    }
    let Some(fork) = Fork::of(&own.root, &other.root) else { return InUse::Untold };
    match (fork.best(&own.links, &other.links), fork.best(&other.links, &own.links)) {
        (Some((own, link)), other) if other.is_none_or(|(other, _)| own > other) => {
            InUse::Own(link)
        }
        (own, Some((other, link))) if own.is_none_or(|(own, _)| other > own) => InUse::Other(link),
        (None, None) => InUse::Untold,
        _ => InUse::Both,
    }
}

/// How much a link says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// `publish -> releases/2024-01-10`
    Some,
    /// `current -> …`
    More,
}

/// Where the paths of two installs part.
struct Fork<'s> {
    /// The directory that both lie in.
    directory: &'s str,
    /// The first directory of each that is not that of the other.
    sides: [&'s str; 2],
    /// The names of those, where nothing else differs.
    names: Option<[&'s str; 2]>,
}

impl<'s> Fork<'s> {
    /// `None` where one install lies in the other one.
    fn of(own: &'s str, other: &'s str) -> Option<Self> {
        if is_in_realm(own, other) || is_in_realm(other, own) {
            return None;
        }
        let same = components(own).zip(components(other)).take_while(|(a, b)| a == b);
        let length: usize = same.map(|(part, _)| part.len().saturating_add(1)).sum();
        let side = |path: &'s str| {
            let rest = path.get(length..)?;
            let end = length.saturating_add(components(rest).next()?.len());
            Some((path.get(..end)?, path.get(end..)?))
        };
        let ((own, own_rest), (other, other_rest)) = (side(own)?, side(other)?);
        let directory = own.get(..length.saturating_sub(1))?;
        let names = [own, other].map(|side| split_path(side).1);
        Some(Self {
            directory,
            sides: [own, other],
            names: (own_rest == other_rest).then_some(names),
        })
    }

    /// Returns the link that says most, of those that lead to one and not to the other.
    fn best<'l>(&self, links: &'l [String], others: &[String]) -> Option<(Weight, &'l str)> {
        let leading = links.iter().filter(|link| !others.contains(link));
        let weighed = leading.filter_map(|link| Some((self.weight(link)?, link.as_str())));
        weighed.max_by(|(a, one), (b, other)| a.cmp(b).then_with(|| other.cmp(one)))
    }

    fn weight(&self, link: &str) -> Option<Weight> {
        // Of two hosts in one source each has links of its own.
        if says_idle(link) || self.sides.iter().any(|side| is_in_realm(link, side)) {
            return None;
        }
        let (directory, name) = split_path(link);
        let is_around = is_in_realm(self.directory, directory);
        let is_of_both = self.names.is_some_and(|[own, other]| {
            are_marked(own, other) || [own, other].iter().all(|x| is_version(x, name))
        });
        if says_live(link) {
            (is_around || is_of_both).then_some(Weight::More)
        } else {
            (is_around && is_of_both).then_some(Weight::Some)
        }
    }
}

/// Returns `true` if a directory is called like a link to it and a version: `aem-6.5.20` of `aem`, and not `publish2` of `publish`.
fn is_version(directory: &str, link: &str) -> bool {
    let version = directory.strip_prefix(link).and_then(|rest| rest.strip_prefix(['-', '_', '.']));
    version.is_some_and(|version| {
        let mut numbers = version.split('.');
        let is_number = |part: Option<&str>| {
            part.is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()))
        };
        // Two numbers, since `publish-2` is another instance than `publish`.
        is_number(numbers.next()) && is_number(numbers.next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::farm;

    const ID: &str = "00000000-0000-4000-8000-000000000001";

    fn install(root: &str, id: &str, links: &[&str]) -> Snapshot {
        let mut built = farm().with("a", |i| i.sling_id(id)).build();
        let mut snapshot = built.members.remove(0).snapshot;
        root.clone_into(&mut snapshot.root);
        snapshot.links = links.iter().map(|link| (*link).to_owned()).collect();
        snapshot
    }

    /// What links to the first root and to the second one say.
    fn said(roots: [&str; 2], own: &[&str], other: &[&str]) -> &'static str {
        let (one, two) = (install(roots[0], ID, own), install(roots[1], ID, other));
        let told = in_use(&one, &two);
        let turned = in_use(&two, &one);
        match (told, turned) {
            (InUse::Own(a), InUse::Other(b)) if a == b => "own",
            (InUse::Other(a), InUse::Own(b)) if a == b => "other",
            (InUse::Both, InUse::Both) => "both",
            (InUse::Untold, InUse::Untold) => "untold",
            _ => panic!("{told:?} {turned:?}"),
        }
    }

    const RELEASES: [&str; 2] =
        ["aem/releases/2024-01-10/crx-quickstart", "aem/releases/2024-05-20/crx-quickstart"];

    #[test]
    fn link_beside_or_above_names_the_one_in_use() {
        for link in ["aem/current", "aem/crx-quickstart", "current", "srv/current", "aem/publish"] {
            assert_eq!(said(RELEASES, &[link], &[]), "own", "{link}");
        }
        let versions = ["aem/crx-quickstart-6.5.15", "aem/crx-quickstart-6.5.20"];
        assert_eq!(said(versions, &[], &["aem/crx-quickstart"]), "other");
        assert_eq!(said(["aem-6.5.15", "aem-6.5.20"], &[], &["aem"]), "other");
        let rolled_back = ["aem/crx-quickstart.old", "aem/crx-quickstart.new"];
        assert_eq!(said(rolled_back, &["aem/crx-quickstart"], &[]), "own");
    }

    #[test]
    fn links_to_both_leave_it_open_unless_one_says_more() {
        assert_eq!(said(RELEASES, &["aem/current"], &["aem/live"]), "both");
        assert_eq!(said(RELEASES, &["aem/latest"], &["aem/current"]), "other");
        assert_eq!(said(RELEASES, &["aem/current"], &["aem/current"]), "untold");
    }

    #[test]
    fn link_that_is_not_for_both_tells_nothing() {
        let hosts = ["host1/aem/crx-quickstart", "host2/aem/crx-quickstart"];
        assert_eq!(said(hosts, &["host1/current"], &[]), "untold");
        // Such a link leads back to the release before, which is not in use.
        assert_eq!(said(RELEASES, &["aem/previous"], &[]), "untold");
        assert_eq!(said(["aem/publish1", "aem/publish2"], &["aem/publish"], &[]), "untold");
        assert_eq!(said(["data/aem1", "data/aem2"], &["opt/crx-quickstart"], &[]), "untold");
        let inside = ["aem/crx-quickstart", "aem/crx-quickstart/launchpad.old"];
        assert_eq!(said(inside, &["aem/current"], &[]), "untold");
    }

    #[test]
    fn another_sling_id_is_another_instance() {
        let other = "00000000-0000-4000-8000-000000000002";
        let one = install(RELEASES[0], ID, &["aem/current"]);
        assert_eq!(in_use(&one, &install(RELEASES[1], other, &[])), InUse::Untold);
        let nameless = Snapshot { sling_id: None, ..install(RELEASES[1], ID, &[]) };
        assert_eq!(in_use(&one, &nameless), InUse::Untold);
    }
}
