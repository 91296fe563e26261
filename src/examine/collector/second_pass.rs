//! Links of a source: which of them a second pass follows, and what is found through them.

use super::{Collector, Item, below};
use crate::evidence::{Fact, classify};
use crate::examine::hints;
use crate::examine::layout::beside_on_host;
use crate::examine::link_alias::Aliases;
use crate::examine::links::{Follower, Links, Resolved, is_stem};
use crate::examine::paths::{name, parent};
use crate::examine::roots::owner;
use crate::facts::{GapKind, QUICKSTART};
use crate::intake::{LinkTarget, claims_archive};
use std::collections::{BTreeMap, BTreeSet};

impl Collector<'_> {
    /// Returns what a second pass has to look for. Links that cannot be followed become gaps here.
    pub(in crate::examine) fn aliases(&mut self) -> Aliases {
        self.settle();
        self.see_behind_links();
        self.see_key_links();
        // Most sources have no links, and roots tell of nothing else here.
        let paths = self.items.keys().filter(|_| !self.links.is_empty());
        let roots: BTreeSet<&str> = paths.filter_map(|path| Some(classify(path)?.1.root)).collect();
        let roots: BTreeSet<String> = roots.into_iter().map(str::to_owned).collect();
        let mut links = std::mem::take(&mut self.links);
        let follower = Follower::new(&links);
        let stands_for_more = |path: &str, target: &LinkTarget| {
            is_stem(path, &roots) || misses_install(path, target, &follower)
        };
        let stems = links.iter().filter(|(path, target)| stands_for_more(path, target));
        let mut wanted: Links =
            stems.map(|(path, target)| (path.clone(), target.clone())).collect();
        wanted.extend(self.items.iter().filter_map(|(path, item)| match item {
            Item::Link(target) if classify(path).is_some() => Some((path.clone(), target.clone())),
            _ => None,
        }));
        let mut lead_inside = Links::new();
        let mut targets: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, link) in wanted {
            let on_host = self.on_host(&path, &link, &follower);
            if let Some(target) = &on_host {
                lead_inside.insert(path.clone(), LinkTarget::Inside(target.clone()));
                // `home/aem/crx-quickstart -> /srv/aem-data/crx-quickstart`: what is found where it lies is no second install.
                if !is_stem(&path, &roots) && classify(&path).is_none() {
                    continue;
                }
            }
            let target = on_host.or_else(|| self.target(&path, &link, &follower));
            let Some(target) = target else { continue };
            // Short names may lead to long ones.
            if targets.contains_key(&target) || self.has_room(target.len()) {
                targets.entry(target).or_default().push(path);
            }
        }
        self.leave_short_ways(&mut targets);
        let logs = self.log_links(&roots, &follower);
        links.extend(lead_inside);
        self.links = links;
        self.aliases_to(targets, logs)
    }

    /// Leaves out links to a part of an install that are of no install themselves: `root/felix -> /opt/aem/crx-quickstart/launchpad/felix` is a
    /// short way there, and makes no second one.
    fn leave_short_ways(&mut self, targets: &mut BTreeMap<String, Vec<String>>) {
        let items = self.items.iter().filter(|(_, item)| !matches!(item, Item::Link(_)));
        let paths = items.map(|(path, _)| path).filter(|_| !targets.is_empty());
        let roots: BTreeSet<&str> = paths.filter_map(|path| Some(classify(path)?.1.root)).collect();
        let is_of_install =
            |target: &str| owner(target, &roots).is_some_and(|root| name(root) == QUICKSTART);
        let mut left = Vec::new();
        for (_, links) in targets.iter_mut().filter(|(target, _)| is_of_install(target)) {
            left.extend(links.extract_if(.., |link| owner(link, &roots).is_none()));
        }
        for link in left {
            self.items.remove(&link);
        }
    }

    /// Targets are sorted, so what is above others comes before them; logs, which decide nothing, come last.
    fn aliases_to(
        &mut self,
        targets: BTreeMap<String, Vec<String>>,
        logs: Vec<(String, String)>,
    ) -> Aliases {
        let mut aliases = Aliases::default();
        for (target, path) in targets
            .into_iter()
            .flat_map(|(target, paths)| paths.into_iter().map(move |path| (target.clone(), path)))
        {
            if !aliases.add(target, path) {
                self.gaps.record_limit(
                    "one place is linked to from more places than any install needs; not all of these links were followed".to_owned(),
                );
            }
        }
        for (target, link) in logs {
            if aliases.add(target, link.clone()) {
                self.log_links.insert(link);
            }
        }
        aliases
    }

    fn target(
        &mut self,
        path: &str,
        target: &LinkTarget,
        follower: &Follower<'_>,
    ) -> Option<String> {
        if is_hard_link_to_a_link(path, target, follower.links()) {
            let reason = "is a hard link to a symbolic link, so tools disagree on where it leads; pack the instance again";
            self.lose(path.to_owned(), GapKind::Ambiguous, reason);
            return None;
        }
        let (kind, reason) = match follower.follow(target) {
            Resolved::Inside(target) => return Some(target),
            // It stays a link whose target is not in the source.
            Resolved::TooLong => return None,
            Resolved::Outside => (
                GapKind::LinkOutside,
                "is a link that leads out of the source, where nothing is read; send what it leads to as well",
            ),
            Resolved::Loop => (
                GapKind::LinkLoop,
                "is a link that leads to itself; look on the instance what is there",
            ),
        };
        self.lose(path.to_owned(), kind, reason);
        None
    }

    /// Returns what an absolute link leads to in a source that was packed with full paths, where evidence lies there:
    /// `opt/aem/crx-quickstart/launchpad -> /mnt/ssd/launchpad` comes with `mnt/ssd/launchpad`.
    fn on_host(&self, path: &str, target: &LinkTarget, follower: &Follower<'_>) -> Option<String> {
        let LinkTarget::Outside(absolute) = target else { return None };
        let absolute = absolute.strip_prefix('/')?.trim_end_matches('/');
        if absolute.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return None;
        }
        let found = |there: &str| match follower.follow(&LinkTarget::Inside(there.to_owned())) {
            Resolved::Inside(found) => Some(found),
            Resolved::Outside | Resolved::Loop | Resolved::TooLong => None,
        };
        let has = |there: &str| {
            found(there).is_some_and(|found| {
                self.items.contains_key(&found) || below(&self.items, &found).is_some()
            })
        };
        found(&beside_on_host(absolute, parent(path), &has)?)
    }

    /// Turns to the second pass.
    pub(in crate::examine) fn follow(&mut self, aliases: Aliases) {
        self.pending.clear();
        self.aliases = Some(aliases);
    }

    /// What an install reaches through a link to its launchpad or cache is its own, and no install or copy beside it.
    pub(super) fn leave_to_links(&mut self) {
        let Some(aliases) = &self.aliases else { return };
        // A link of a bundle or its data shares them with another bundle, which keeps what is its own.
        let is_part = |link: &str| {
            let name = link.rsplit('/').next().unwrap_or(link);
            matches!(name, "launchpad" | "felix" | "conf" | "bin" | "config")
        };
        let items = &self.items;
        let reached = |path: &str| {
            let mut through = aliases.through(path).into_iter();
            through.any(|(link, at)| at != path && is_part(link) && items.contains_key(&at))
        };
        let by_directory = |path: &&String| reached(path) && !aliases.is_target(path);
        let left: Vec<String> = items.keys().filter(by_directory).cloned().collect();
        for path in left {
            self.items.remove(&path);
        }
    }

    /// A link to a directory is followed when something was found through it; archives need not list the directory.
    pub(super) fn see_linked_directories(&mut self) {
        let is_followed = |path: &String| below(&self.items, path).is_some();
        let links = self.items.iter().filter(|(_, item)| matches!(item, Item::Link(_)));
        let followed: Vec<String> =
            links.map(|(path, _)| path).filter(|p| is_followed(p)).cloned().collect();
        for path in followed {
            self.items.insert(path, Item::Read { fact: Ok(Fact::Seen), owner: None });
        }
    }
}

/// Returns `true` if a whole install is missing: one that is linked to from outside is, one that is linked to inside is found where it lies.
fn misses_install(path: &str, target: &LinkTarget, follower: &Follower<'_>) -> bool {
    let is_archive = || claims_archive(path) && hints::may_hold_install(path);
    (path.rsplit('/').next() == Some(QUICKSTART) || is_archive())
        && follower.follow(target) == Resolved::Outside
}

/// A hard link to a symbolic link is that link in another directory, and where it leads starts there. Of where it leads no more is
/// known than the place that it means in its own directory.
fn is_hard_link_to_a_link(path: &str, target: &LinkTarget, links: &Links) -> bool {
    let LinkTarget::Inside(target) = target else { return false };
    !links.contains_key(path)
        && matches!(links.get(target), Some(LinkTarget::Inside(_)))
        && parent(path) != parent(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{Entry, EntryKind, EntryTime, Visit, Want};
    use crate::limits::Limits;

    const ROOT: &str = "opt/aem/crx-quickstart";

    /// Walks an install with a link and these files; returns the paths of all evidence, and how many gaps there are.
    fn found(link: &str, target: &str, files: &[&str]) -> (Vec<String>, usize) {
        let (link, conf) = (format!("{ROOT}/{link}"), format!("{ROOT}/conf/sling.properties"));
        let limits = Limits::default();
        let mut collector = Collector::new("s", &limits);
        let entry = |path, kind| Entry {
            path,
            kind,
            size: 9,
            extent: None,
            owner: None,
            written: EntryTime::Unknown,
        };
        for pass in 0..2 {
            for path in files.iter().copied().chain([conf.as_str()]) {
                if collector.entry(&entry(path, EntryKind::File)) != Want::Nothing {
                    collector.body(b"1\nx\n");
                }
            }
            let target = LinkTarget::Outside(target.to_owned());
            collector.entry(&entry(&link, EntryKind::SymbolicLink(target)));
            if pass == 0 {
                let aliases = collector.aliases();
                collector.follow(aliases);
            }
        }
        let collected = collector.finish(true, false);
        let items = collected.items.into_keys().filter(|path| *path != conf).collect();
        (items, collected.gaps.len())
    }

    #[test]
    fn absolute_link_is_followed_where_its_target_came_too() {
        let info = "mnt/ssd/launchpad/felix/bundle1/bundle.info";
        for (link, target, at) in [
            ("launchpad", "/mnt/ssd/launchpad", "launchpad/felix/bundle1/bundle.info"),
            ("launchpad/felix", "/mnt/ssd/launchpad/felix/", "launchpad/felix/bundle1/bundle.info"),
        ] {
            assert_eq!(found(link, target, &[info]), (vec![format!("{ROOT}/{at}")], 0), "{link}");
        }
        let key = "mnt/ssd/keys/hmac";
        let at = "launchpad/felix/bundle1/data";
        let (items, gaps) = found(at, "/mnt/ssd/keys", &[key]);
        assert!(items.contains(&format!("{ROOT}/{at}/hmac")) && gaps == 0, "{items:?}");
    }

    #[test]
    fn absolute_link_leads_out_where_its_target_did_not_come() {
        let info = "mnt/ssd/launchpad/felix/bundle1/bundle.info";
        for target in ["/mnt/hdd/launchpad", "/mnt/../mnt/ssd/launchpad", "/launchpad", "/"] {
            assert_eq!(found("launchpad", target, &[info]).1, 1, "{target}");
        }
    }
}
