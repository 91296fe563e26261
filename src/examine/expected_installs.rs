//! Where an instance should be, by the names of things, and is not.
//!
//! Three instances that agree say nothing of a fourth that did not come: an empty mount, an archive of logs alone, a link.

use super::hints::may_hold_install;
use super::hollow::{Hollow, Places};
use super::links::{Follower, Resolved};
use super::paths::{has_at_or_below, join, name, parent};
use super::roots::owner;
use crate::facts::{Gap, GapKind, INSIDE, realm};
use crate::intake::{
    LinkTarget, claims_archive, claims_other, claims_program, is_of_material, is_of_status,
    may_be_home, may_link_home, stem,
};
use crate::limits::Limits;
use std::collections::BTreeSet;

const LINKS_MAX: usize = Limits::DEFAULT.claiming_links_max;

/// What an install may reach through a link.
const OF_INSTALLS: [&str; 6] = ["launchpad", "felix", "conf", "bin", "config", "repository"];

/// What is said of a link in the place of an instance.
const NOT_SENT: &str = "is a link beside instances, and no instance of this source is where it leads; send what it leads to, or take it out";

/// What the names in a source claim.
pub(super) struct Claims<'a> {
    pub(super) source: &'a str,
    /// Roots of the installs that were found.
    pub(super) roots: &'a BTreeSet<&'a str>,
    /// Archives that those lie in.
    pub(super) installs: BTreeSet<&'a str>,
    pub(super) links: Follower<'a>,
    /// Archives inside the source that were opened.
    pub(super) realms: &'a BTreeSet<String>,
    /// Paths that are named like an install.
    pub(super) homes: &'a BTreeSet<String>,
    /// Directories that hold several instances.
    pub(super) places: Places,
    /// Archives that are sources of their own.
    pub(super) apart: &'a [String],
    /// Paths that are used by the settings of an install.
    pub(super) used: BTreeSet<String>,
}

impl Claims<'_> {
    /// Returns a gap for each claim that nothing was found for.
    ///
    /// `directory`: discovery tells of its links. `is_status`: a status of the web console is among its files.
    pub(super) fn gaps(&self, directory: bool, is_status: bool, hollow: &Hollow) -> Vec<Gap> {
        let reached = self.reached();
        // Of a launchpad on another disk it may be the cache alone: `felix -> /mnt/ssd/launchpad/felix`.
        let is_reached =
            |home: &str| is_at_or_below(home, &reached) || reached.contains(&join(home, "felix"));
        let homes = self.homes.iter().filter(|home| self.is_claim(home) && !is_reached(home));
        let homes = homes.map(|home| {
            let reason = "is named like an install, and no instance is in it; look whether the archive is complete";
            self.gap(home, GapKind::NoInstance, reason)
        });
        let mut gaps: Vec<Gap> = homes.collect();
        let empty = self.realms.iter().filter(|realm| !self.holds_root(realm));
        gaps.extend(empty.map(|realm| self.empty_archive(realm, is_status)));
        let claimed: BTreeSet<String> = gaps.iter().filter_map(|gap| gap.path.clone()).collect();
        let is_told = |path: &str| {
            let inside = format!("{path}/");
            claimed.range(inside.clone()..).next().is_some_and(|claim| claim.starts_with(&inside))
        };
        let hollows = hollow.in_place(&self.places);
        let hollows = hollows.filter(|(path, _)| !is_told(path) && self.is_missing(path, &reached));
        gaps.extend(hollows.map(|(path, reason)| self.gap(path, GapKind::NoInstance, reason)));
        if let Some(reason) = hollow.over_limit().filter(|_| !self.places.is_empty()) {
            let source = self.source.to_owned();
            gaps.push(Gap { source, path: None, kind: GapKind::OverLimit, reason });
        }
        if !directory {
            let placed: Vec<Gap> = self.placed().collect();
            let of_place: BTreeSet<_> = placed.iter().filter_map(|gap| gap.path.clone()).collect();
            let is_other =
                |gap: &Gap| gap.path.as_ref().is_none_or(|path| !of_place.contains(path));
            gaps.extend(self.links_beside().into_iter().filter(is_other));
            gaps.extend(placed);
            gaps.extend(self.broken());
        }
        gaps
    }

    fn gap(&self, path: &str, kind: GapKind, reason: &str) -> Gap {
        let (source, path) = (self.source.to_owned(), Some(path.to_owned()));
        Gap { source, path, kind, reason: reason.to_owned() }
    }

    /// Returns `true` if an install is at a path or below.
    fn holds_root(&self, path: &str) -> bool {
        has_at_or_below(self.roots, path)
    }

    fn is_claim(&self, home: &str) -> bool {
        let is_elsewhere = || {
            let target = self.links.links().get(home).map(|target| self.links.follow(target));
            matches!(target, Some(Resolved::Inside(target)) if self.holds_root(&target))
        };
        owner(home, self.roots).is_none() && !self.holds_root(home) && !is_elsewhere()
    }

    /// Returns where the links of installs to their parts lead: `launchpad -> ../../../data/launchpad`.
    fn reached(&self) -> BTreeSet<String> {
        let is_part = |path: &str| OF_INSTALLS.contains(&name(path));
        let links = self.links.links().iter().filter(|(path, _)| is_part(path));
        let own = links.filter(|(path, _)| owner(path, self.roots).is_some());
        own.filter_map(|(_, target)| match self.links.follow(target) {
            Resolved::Inside(target) => Some(target),
            Resolved::Outside | Resolved::Loop | Resolved::TooLong => None,
        })
        .collect()
    }

    /// Returns `true` if no instance is in a directory, and none is reached through it, nor uses it.
    fn is_missing(&self, directory: &str, reached: &BTreeSet<String>) -> bool {
        let inside = format!("{directory}/");
        let is_within = |path: &str| path == directory || path.starts_with(&inside);
        let links = self.links.links().range(inside.clone()..);
        let mut links = links.take_while(|(path, _)| path.starts_with(&inside)).take(LINKS_MAX);
        let leads_to_one = links.any(|(_, target)| match self.links.follow(target) {
            Resolved::Inside(target) => {
                self.holds_root(&target) || owner(&target, self.roots).is_some()
            }
            Resolved::Outside | Resolved::Loop | Resolved::TooLong => false,
        });
        let is_used =
            || reached.iter().chain(&self.used).chain(self.apart).any(|path| is_within(path));
        !self.holds_root(directory)
            && owner(directory, self.roots).is_none_or(str::is_empty)
            && !leads_to_one
            && !is_used()
            && self.realms.range(inside.clone()..).next().is_none_or(|realm| !is_within(realm))
    }

    /// In a case of archives each is meant to hold an instance; what lies beside an install need not.
    fn empty_archive(&self, inside: &str, is_status: bool) -> Gap {
        let file = inside.strip_suffix(INSIDE).unwrap_or(inside);
        // The quickstart is a jar, and a WAR or a package
        // may lie beside installs; none of them holds one.
        if claims_program(file) {
            return self.gap(
                inside,
                GapKind::Package,
                "is an archive of programs or a document, and no instance is in it",
            );
        }
        // Damage to it, an archive in it and a home in it have gaps of their own.
        if is_of_material(name(file)) {
            let reason = "is an archive of logs, dumps or the like by its name, and no instance is in it; logs in it were not read";
            return self.gap(inside, GapKind::Package, reason);
        }
        if is_of_status(name(file)) {
            let reason = "is a status of the web console by its name, and no instance is in it";
            return self.gap(inside, GapKind::Package, reason);
        }
        if is_beside_install(inside, &self.installs) && !self.is_in_place(file) {
            return self.gap(
                inside,
                GapKind::Package,
                "lies beside an install, and no instance is in it",
            );
        }
        let reason = if is_status {
            "no AEM instance in it: a status of the web console holds no key files; send an archive of crx-quickstart"
        } else {
            "no AEM instance in it; if it is meant to hold none, leave it out"
        };
        self.gap(inside, GapKind::NoInstance, reason)
    }

    /// Returns `true` if an archive is named like the homes of installs beside it.
    fn is_in_place(&self, file: &str) -> bool {
        claims_archive(file) && self.places.name_like_home(stem(file))
    }

    /// Links in the place of an instance, among the homes of others, that lead to none.
    fn placed(&self) -> impl Iterator<Item = Gap> {
        let is_placed = |path: &str| self.places.hold(path) && may_link_home(name(path));
        let links = self.links.links().iter().filter(move |(path, _)| is_placed(path));
        links.filter_map(|(path, target)| {
            let kind = match self.links.follow(target) {
                Resolved::Inside(target) if self.is_near(&target) => return None,
                // Of those named like archives that is distinguished.
                Resolved::Inside(target) if claims_archive(path) || !may_be_home(name(&target)) => {
                    return None;
                }
                Resolved::Inside(_) => GapKind::LinkBroken,
                Resolved::Outside => GapKind::LinkOutside,
                Resolved::Loop | Resolved::TooLong => GapKind::LinkLoop,
            };
            Some(self.gap(path, kind, NOT_SENT))
        })
    }

    /// Links in the home of an install, or next to that, that may lead to another instance. What those lead to that lead out of the source
    /// may as well be a JDK.
    fn links_beside(&self) -> Vec<Gap> {
        let roots = || self.roots.iter().filter(|root| !root.is_empty());
        let archives = roots().filter_map(|root| realm(root).strip_suffix(INSIDE));
        let farms: BTreeSet<&str> =
            roots().map(|root| parent(parent(root))).chain(archives.map(parent)).collect();
        let homes: BTreeSet<&str> = roots().map(|root| parent(root)).collect();
        let is_beside = |path: &str| {
            let directory = parent(path);
            (homes.contains(directory) || farms.contains(directory))
                && owner(path, self.roots).is_none()
        };
        let mut links = self.links.links().iter().filter(|(path, _)| is_beside(path));
        let gap = |(path, target): (&String, &LinkTarget)| {
            let reason = match self.links.follow(target) {
                Resolved::Outside => {
                    "is a link that leads out of the source, and was not followed; if an instance is there, name it as a source"
                }
                // Whether it leads to anything the names of what was kept do not show. Of those named like archives that is distinguished.
                Resolved::Inside(target)
                    if farms.contains(parent(path))
                        && !claims_other(path)
                        && !claims_archive(path)
                        && !self.is_near(&target) =>
                {
                    "is a link, and no instance of this source is where it leads; if one is meant to be there, send it too"
                }
                Resolved::Inside(_) | Resolved::Loop | Resolved::TooLong => return None,
            };
            Some(self.gap(path, GapKind::LinkBeside, reason))
        };
        let mut gaps: Vec<Gap> = links.by_ref().take(LINKS_MAX).filter_map(gap).collect();
        if let Some((path, _)) = links.next() {
            let reason = "is one of more links beside installs than are looked at";
            gaps.push(self.gap(path, GapKind::LinkBeside, reason));
        }
        gaps
    }

    /// Returns `true` if an install is at a path, below or around it, or in the archive of that path.
    fn is_near(&self, path: &str) -> bool {
        self.holds_root(path)
            || owner(path, self.roots).is_some()
            || self.realms.contains(&format!("{path}{INSIDE}"))
    }

    /// Links named like archives to what is no archive of the source.
    fn broken(&self) -> Vec<Gap> {
        let is_archive = |path: &str| claims_archive(path) && may_hold_install(path);
        let mut links = self.links.links().iter().filter(|(path, _)| is_archive(path));
        let looked_at = links.by_ref().take(LINKS_MAX).filter(|(_, target)| self.is_broken(target));
        let mut gaps: Vec<Gap> = looked_at
            .map(|(path, _)| {
                let reason =
                    "is a link to an archive that is not in the source; send that archive too";
                self.gap(path, GapKind::LinkBroken, reason)
            })
            .collect();
        if let Some((path, _)) = links.next() {
            let reason = format!(
                "is one of more than {LINKS_MAX} links named like archives; the rest was not looked at. Send the archives themselves"
            );
            gaps.push(self.gap(path, GapKind::OverLimit, &reason));
        }
        gaps
    }

    fn is_broken(&self, target: &LinkTarget) -> bool {
        match self.links.follow(target) {
            Resolved::Inside(target) => !self.realms.contains(&format!("{target}{INSIDE}")),
            // Of those that lead out it was reported.
            Resolved::Outside => false,
            Resolved::Loop | Resolved::TooLong => true,
        }
    }
}

fn is_at_or_below(path: &str, directories: &BTreeSet<String>) -> bool {
    let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
    above.chain([path]).any(|directory| directories.contains(directory))
}

/// Returns the archives in which an install lies; the source itself is the empty one.
pub(super) fn realms_of<'r>(roots: &BTreeSet<&'r str>) -> BTreeSet<&'r str> {
    roots.iter().map(|root| realm(root)).collect()
}

/// Returns `true` if an install lies unpacked in one of the archives around a path, or in the source itself.
pub(super) fn is_beside_install(path: &str, realms: &BTreeSet<&str>) -> bool {
    let around = |path: &str| realm(path.strip_suffix(INSIDE).unwrap_or(path)).to_owned();
    let mut archives = std::iter::successors(Some(around(path)), |outer| {
        (!outer.is_empty()).then(|| around(outer))
    });
    archives.any(|outer| realms.contains(outer.as_str()))
}
