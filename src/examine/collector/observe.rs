//! What names in a source tell beside the evidence: archives, homes of installs, links.

use super::{Collector, Content, Item};
use crate::evidence::{Fact, classify};
use crate::examine::hints;
use crate::examine::paths::join;
use crate::facts::{GapKind, QUICKSTART, components, realm};
use crate::intake::{Entry, EntryKind, ImageSign, LinkTarget, Want, claims_archive, image_sign};

/// Where bundles lie below an install root.
const CACHES: [&str; 3] = ["launchpad/felix/bundle", "felix/bundle", "bundle"];

/// Items of a cache that are looked at to see whether it is one.
const LOOKED_AT_MAX: usize = 16;

impl Collector<'_> {
    pub(super) fn see_realm(&mut self, path: &str) {
        let realm = realm(path);
        let max = usize::try_from(self.limits.inner_archives_max).unwrap_or(usize::MAX);
        if !realm.is_empty() && !self.realms.contains(realm) && self.realms.len() < max {
            self.realms.insert(realm.to_owned());
        }
        let below = path.strip_prefix(realm).unwrap_or_default().trim_start_matches('/');
        // FileVault lays packages out so: content below
        // `jcr_root`, and what they are below `META-INF/vault`.
        let is_package = below.starts_with("jcr_root/") || below.starts_with("META-INF/vault/");
        match path {
            "META-INF/MANIFEST.MF" => self.content = Some(Content::Java),
            // The Open Packaging Conventions demand this
            // part at the top of every `.docx` and `.xlsx`.
            "[Content_Types].xml" => self.content = Some(Content::Document),
            _ => self.see_image(path),
        }
        if is_package && !self.packages.contains(realm) {
            self.packages.insert(realm.to_owned());
        }
    }

    /// Notes the directory or the archive of a saved image of a container.
    fn see_image(&mut self, path: &str) {
        let Some(sign) = image_sign(path) else { return };
        let (ImageSign::Image(directory)
        | ImageSign::List(directory)
        | ImageSign::Digest(directory)) = sign;
        let signs = self.images.get(directory).copied().unwrap_or_default();
        let new = match sign {
            ImageSign::Image(_) => (true, true),
            ImageSign::List(_) => (true, signs.1),
            ImageSign::Digest(_) => (signs.0, true),
        };
        // A data store has tens of thousands of directories of digests.
        if new == signs
            || self.images.len() >= self.limits.links_max
            || !hints::may_hold_install(path)
        {
            return;
        }
        if self.has_room(directory.len()) {
            self.images.insert(directory.to_owned(), new);
        }
    }

    /// Archives need not list directories, so what lies in an install names it too.
    pub(super) fn see_home(&mut self, path: &str) {
        let Some(home) = home(path) else { return };
        if self.homes.contains(home) || hints::is_in_package(home) {
            return;
        }
        let max = self.limits.links_max;
        if self.homes.len() < max {
            if self.has_room(home.len()) {
                self.homes.insert(home.to_owned());
            }
        } else {
            self.gaps.record_limit(format!(
                "holds more than {max} paths that are named like an install"
            ));
        }
    }

    /// Returns `true` if an install around a directory is proven by what came so far. Of a directory the entries come in the order of their
    /// names, so `launchpad` came before `repository`, and `bundle.info` before `data`.
    pub(super) fn is_in_install(&self, directory: &str) -> bool {
        let ends = directory.rmatch_indices('/').map(|(at, _)| at).chain([0]);
        ends.filter_map(|end| directory.get(..end)).any(|above| {
            CACHES.iter().any(|cache| {
                let bundles = join(above, cache);
                let items = self.items.range(bundles.clone()..).take(LOOKED_AT_MAX);
                let mut items = items.take_while(|(path, _)| path.starts_with(&bundles));
                // A directory of that name alone is none of a bundle yet.
                items.any(|(_, item)| !matches!(item, Item::Read { fact: Ok(Fact::Seen), .. }))
            })
        })
    }

    pub(super) fn remember_link(&mut self, path: &str, target: &LinkTarget) {
        if self.links.len() < self.limits.links_max {
            let (LinkTarget::Inside(to) | LinkTarget::Outside(to)) = target;
            self.plain_directory.clear();
            if self.has_room(path.len().saturating_add(to.len())) {
                self.link_paths.add(path);
                self.links.insert(path.to_owned(), target.clone());
            }
        } else {
            let max = self.limits.links_max;
            let reason = format!("holds more than {max} symbolic links; the rest is not followed");
            self.gaps.record_limit(reason);
        }
    }

    /// Notes what may matter although it is no evidence by its path.
    pub(super) fn hint(&mut self, path: &str, entry: &Entry<'_>) -> Want {
        if hints::is_key_in_another_case(path) {
            let reason = "is named like a crypto key file in another case, which AEM does not read, and was not compared. Rename it if it is a key";
            self.gaps.record(Some(path), GapKind::Unidentified, reason.to_owned());
        }
        if entry.kind == EntryKind::File && hints::storage_by_another_name(path).is_some() {
            let reason = "is not read by AEM, which keeps the storage mode in a file `storage` of this bundle's `data`; rename it if it is meant";
            self.gaps.record(Some(path), GapKind::Ignored, reason.to_owned());
        }
        self.see_revision(path);
        self.see_other_case(path);
        self.is_status |= hints::is_status(path);
        let may_be_opened = || entry.kind == EntryKind::File && hints::may_hold_install(path);
        if self.opens && self.aliases.is_none() && may_be_opened() {
            self.replace_archive(path);
            return Want::Archive;
        }
        // An archive inside an install is part of it; one outside of every install may hold another.
        if self.aliases.is_none() && claims_archive(path) && !hints::is_in_package(path) {
            match entry.kind {
                EntryKind::File => self.remember_archive(path),
                EntryKind::Other if hints::may_hold_install(path) => {
                    let reason = "is named like an archive, and is a FIFO, a socket or a device";
                    self.gaps.record(Some(path), GapKind::NotAnArchive, reason.to_owned());
                }
                _ => {}
            }
        }
        Want::Nothing
    }

    fn remember_archive(&mut self, path: &str) {
        let max = self.limits.evidence_max;
        if self.archives.len() < max {
            if self.has_room(path.len()) {
                self.archives.insert(path.to_owned());
            }
        } else {
            self.gaps.record_limit(format!("holds more than {max} archives that were not opened"));
        }
    }
}

/// Returns `true` if an entry may be an archive with an install in it.
pub(super) fn may_be_opened(path: &str, entry: &Entry<'_>) -> bool {
    entry.kind == EntryKind::File && classify(path).is_none() && hints::may_hold_install(path)
}

/// Returns the install that a path lies in by the names above it, or the launchpad, where that has a bundle cache.
fn home(path: &str) -> Option<&str> {
    let (mut launchpad, mut before) = (None, "");
    let mut begin = 0_usize;
    for part in components(path) {
        if part == QUICKSTART {
            return path.get(..begin.saturating_add(part.len()));
        }
        if part == "felix" && before == "launchpad" && launchpad.is_none() {
            launchpad = path.get(..begin.saturating_sub(1));
        }
        before = part;
        begin = begin.saturating_add(part.len()).saturating_add(1);
    }
    launchpad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_is_known_by_whole_names() {
        for (path, at) in [
            ("a/crx-quickstart", "a/crx-quickstart"),
            ("a/crx-quickstart/app/crx-quickstart/x", "a/crx-quickstart"),
            ("launchpad/felix", "launchpad"),
            ("x/launchpad/felix/bundle2/launchpad/felix", "x/launchpad"),
            ("launchpad/felix/crx-quickstart/y", "launchpad/felix/crx-quickstart"),
        ] {
            assert_eq!(home(path), Some(at), "{path}");
        }
        for path in [
            "",
            "my-crx-quickstart/x",
            "crx-quickstart.old",
            "xlaunchpad/felix",
            "launchpad/felixx",
        ] {
            assert_eq!(home(path), None, "{path}");
        }
    }
}
