//! Links of a source that tell its installs apart: `current -> releases/2024-01-10` names the one in use.

use super::links::{Follower, Links, Resolved};
use super::paths::{has_at_or_below, name, parent};
use super::roots::owner;
use crate::facts::{Gap, GapKind, Snapshot, says_idle, says_live};
use crate::intake::LinkTarget;
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

const LOOKED_AT_MAX: usize = Limits::DEFAULT.root_links_max;

const KEPT_MAX: usize = Limits::DEFAULT.root_links_kept_max;

/// Gives each install the links that lead to it, or to what is around it, and not to all installs of the source.
pub(super) fn add(source: &str, snapshots: &mut [Snapshot], links: &Links) -> Option<Gap> {
    if snapshots.len() < 2 || links.is_empty() {
        return None;
    }
    let roots: BTreeSet<&str> = snapshots.iter().map(|snapshot| snapshot.root.as_str()).collect();
    // Most links of a disk are those of the system, far from any install. A link in an install, as to its logs, is its own.
    let may_tell = |path: &str| {
        let is_around = || parent(path).is_empty() || has_at_or_below(&roots, parent(path));
        !says_idle(path) && (says_live(path) || is_around()) && owner(path, &roots).is_none()
    };
    let mut told = links.iter().filter(|(path, _)| may_tell(path));
    let follower = Follower::new(links);
    let mut by_target: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for (path, target) in told.by_ref().take(LOOKED_AT_MAX) {
        let Some(target) = lead(path, target, &follower, &roots) else { continue };
        let leading = by_target.entry(target).or_default();
        if leading.len() < KEPT_MAX {
            leading.push(path);
        }
    }
    let beyond = told.next().map(|(path, _)| Gap {
        source: source.to_owned(),
        path: Some(path.clone()),
        kind: GapKind::OverLimit,
        reason: format!(
            "is one of more than {LOOKED_AT_MAX} links around installs; the rest was not looked at. Name the directory of the install in use as a source"
        ),
    });
    let mut of_root: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (target, paths) in &by_target {
        // As many as the target has parts above each root, whatever is linked to.
        let below: Vec<&&str> = at_or_below(&roots, target).collect();
        for root in below.iter().filter(|_| below.len() < roots.len()) {
            let kept = of_root.entry((**root).to_owned()).or_default();
            kept.extend(paths.iter().map(|path| (*path).clone()));
        }
    }
    for snapshot in snapshots {
        let mut kept = of_root.remove(&snapshot.root).unwrap_or_default();
        // What is called as what is in use tells most.
        kept.sort_by(|a, b| (says_live(b), a).cmp(&(says_live(a), b)));
        kept.truncate(KEPT_MAX);
        kept.sort();
        snapshot.links = kept;
    }
    beyond
}

/// Returns where a link leads that leads to an install or around one.
fn lead(
    path: &str,
    target: &LinkTarget,
    follower: &Follower<'_>,
    roots: &BTreeSet<&str>,
) -> Option<String> {
    let near = |target: &LinkTarget| match follower.follow(target) {
        Resolved::Inside(target) if !target.is_empty() && has_at_or_below(roots, &target) => {
            Some(target)
        }
        _ => None,
    };
    match target {
        LinkTarget::Inside(_) => near(target),
        // `/opt/aem/releases/1` is `aem/releases/1` of a source that was packed in `/opt`; the link lies in `aem`, too, or at the top.
        LinkTarget::Outside(absolute) if absolute.starts_with('/') => {
            let first = path.split('/').next().filter(|_| !parent(path).is_empty());
            let below = absolute.match_indices('/').filter_map(|(at, _)| absolute.get(at..));
            let mut below = below.map(|rest| rest.trim_matches('/'));
            below.find_map(|rest| {
                let fits = first.is_none_or(|first| rest.split('/').next() == Some(first));
                (fits && !rest.is_empty() && name(rest) != "..")
                    .then(|| near(&LinkTarget::Inside(rest.to_owned())))?
            })
        }
        LinkTarget::Outside(_) => None,
    }
}

/// Returns the roots that are a path or lie below it.
fn at_or_below<'r>(roots: &'r BTreeSet<&str>, path: &str) -> impl Iterator<Item = &'r &'r str> {
    let below = format!("{path}/");
    let here = roots.get(path);
    let behind = roots.range::<str, _>((Bound::Included(below.as_str()), Bound::Unbounded));
    here.into_iter().chain(behind.take_while(move |root| root.starts_with(&below)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The links that each root gets.
    fn told(roots: &[&str], links: &[(&str, &str)]) -> Vec<Vec<String>> {
        let root = |root: &&str| Snapshot { root: (*root).to_owned(), ..Snapshot::default() };
        let mut snapshots: Vec<Snapshot> = roots.iter().map(root).collect();
        let link = |(from, to): &(&str, &str)| {
            let kind = if to.starts_with('/') { LinkTarget::Outside } else { LinkTarget::Inside };
            let target = kind((*to).to_owned());
            ((*from).to_owned(), target)
        };
        assert_eq!(add("s", &mut snapshots, &links.iter().map(link).collect()), None);
        snapshots.into_iter().map(|snapshot| snapshot.links).collect()
    }

    const TWO: [&str; 2] = ["aem/releases/1/crx-quickstart", "aem/releases/2/crx-quickstart"];

    #[test]
    fn link_to_one_of_several_installs_or_around_it_is_kept() {
        for (link, target) in [
            ("aem/current", "aem/releases/1"),
            ("aem/crx-quickstart", "aem/releases/1/crx-quickstart"),
            ("aem/current", "/opt/aem/releases/1"),
            ("aem/current", "/aem/releases/1/crx-quickstart"),
            ("srv/current", "aem/releases/1"),
        ] {
            assert_eq!(told(&TWO, &[(link, target)]), [vec![link.to_owned()], vec![]], "{target}");
        }
        let chain = [("aem/live", "aem/current"), ("aem/current", "aem/releases/2")];
        let both = ["aem/current", "aem/live"].map(str::to_owned).to_vec();
        assert_eq!(told(&TWO, &chain), [vec![], both]);
    }

    #[test]
    fn link_that_tells_nothing_is_not_kept() {
        for (link, target) in [
            ("aem/current", "aem/releases"),
            ("aem/current", "aem/releases/10"),
            ("aem/previous", "aem/releases/1"),
            ("home/bob/aem", "aem/releases/1"),
            ("aem/releases/2/crx-quickstart/current", "aem/releases/1"),
            ("aem/current", "/opt/releases/1"),
            ("aem/current", "/releases/1"),
        ] {
            assert_eq!(told(&TWO, &[(link, target)]), [[""; 0], []], "{link} {target}");
        }
        assert_eq!(told(&TWO[..1], &[("aem/current", "aem/releases/1")]), [[""; 0]]);
    }

    #[test]
    fn install_beside_one_of_a_longer_name_is_another_one() {
        let roots = ["a/crx-quickstart", "a/crx-quickstart-2", "a/crx-quickstart/b"];
        let one = vec!["a/current".to_owned()];
        let links = told(&roots, &[("a/current", "a/crx-quickstart")]);
        assert_eq!(links, [one.clone(), vec![], one]);
    }

    #[test]
    fn more_links_than_are_looked_at_are_told() {
        let root = |root: &&str| Snapshot { root: (*root).to_owned(), ..Snapshot::default() };
        let mut snapshots: Vec<Snapshot> = TWO.iter().map(root).collect();
        let link = |index: usize| {
            (format!("aem/x{index:04}"), LinkTarget::Inside("aem/releases/1".to_owned()))
        };
        let links: Links = (0..=LOOKED_AT_MAX).map(link).collect();
        let gap = add("s", &mut snapshots, &links).expect("a gap");
        assert_eq!(gap.path.as_deref(), Some(&*format!("aem/x{LOOKED_AT_MAX:04}")));
        assert_eq!(snapshots[0].links.len(), KEPT_MAX);
    }
}
