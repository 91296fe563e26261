//! Links of a folder: those to what would be an upload or an install are reported, and none is followed.

use super::listed::Listed;
use super::stand::{INSTALL_PARTS, Stand, stand};
use super::{Folder, INSTALL, LINKED_MAX, LINKS_MAX, LeftOut};
use crate::intake::archive_name::{claims_content, claims_nothing};
use crate::intake::{fs, may_link_home};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Takes a link that would be an upload or an install were it followed. One that leads nowhere may have led to one.
///
/// Links are not followed, so nothing is opened there: names tell.
pub(super) fn take_link(link: &Listed, folder: &mut Folder) {
    let is_install = match fs::metadata(&link.path) {
        // Behind the link names alone are looked at, and no file is opened: it may be one of the machine that examines.
        Ok(target) if target.is_dir() => may_hold_install(&link.path),
        // What the link is called, or what it leads to.
        _ => {
            claims_content(&link.name)
                || fs::read_link(&link.path).is_ok_and(|to| claims_content(&to.to_string_lossy()))
        }
    };
    let links = if is_install { &mut folder.links } else { &mut folder.other_links };
    if links.len() < LINKS_MAX {
        links.push(link.path.clone());
    } else {
        folder.left_out.insert(LeftOut::Links);
    }
}

/// Directories that hold several instances: homes, or archives of them.
pub(super) struct Places(BTreeSet<PathBuf>);

impl Places {
    pub(super) fn of(homes: &[PathBuf], uploads: &[PathBuf]) -> Self {
        let mut counts: BTreeMap<&Path, usize> = BTreeMap::new();
        for directory in homes.iter().chain(uploads).filter_map(|path| path.parent()) {
            let count = counts.entry(directory).or_default();
            *count = count.saturating_add(1);
        }
        let several = counts.into_iter().filter(|(_, count)| *count > 1);
        Self(several.map(|(directory, _)| directory.to_owned()).collect())
    }

    fn hold(&self, link: &Path) -> bool {
        let name = link.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| may_link_home(&name))
            && link.parent().is_some_and(|directory| self.0.contains(directory))
    }
}

/// Sets the links apart that stand in the place of an instance and lead to nothing, or to an empty directory: a mount that is down.
pub(super) fn part_links(places: &Places, folder: &mut Folder) {
    let is_hole = |link: &PathBuf| {
        let is_empty = || fs::read_dir(link).is_ok_and(|mut entries| entries.next().is_none());
        places.hold(link) && (fs::metadata(link).is_err() || is_empty())
    };
    let (holes, others) = std::mem::take(&mut folder.other_links).into_iter().partition(is_hole);
    folder.links_in_place = holes;
    folder.other_links = others;
}

/// A link to what is read anyway hides nothing.
pub(super) fn drop_links_inside(root: &Path, folder: &mut Folder) {
    let Folder { uploads, links, other_links, .. } = folder;
    if links.is_empty() && other_links.is_empty() {
        return;
    }
    let read: Vec<_> = uploads.iter().filter_map(|file| fs::canonicalize(file).ok()).collect();
    let root = fs::canonicalize(root).ok();
    let leads_out = |link: &PathBuf| {
        let Ok(target) = fs::canonicalize(link) else { return true };
        let is_walked = || {
            let related = |root: &PathBuf| target.starts_with(root) || root.starts_with(&target);
            is_directory(&target) && root.as_ref().is_some_and(related)
        };
        !read.contains(&target) && !is_walked()
    };
    links.retain(leads_out);
    other_links.retain(leads_out);
    // A file elsewhere that is named like something else is nobody's upload.
    other_links.retain(|link| !is_file(link) || claims_nothing(&link.to_string_lossy()));
}

fn is_directory(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Returns `true` if a directory is an install, the home of one, or holds homes or uploads, as far as is known: where it cannot, it may.
/// Looks no deeper, since it is not in the folder.
fn may_hold_install(directory: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(directory) else { return true };
    let listed: Vec<_> = entries
        .by_ref()
        .take(LINKED_MAX)
        .flatten()
        .filter_map(|entry| Listed::of(&entry))
        .collect();
    let is_install = |directory: &Path| {
        let has = |name: &&str| fs::symlink_metadata(directory.join(name)).is_ok();
        INSTALL_PARTS.iter().chain(&[INSTALL]).any(has)
    };
    let holds = |entry: &Listed| match entry.kind {
        kind if kind.is_dir() => is_install(&entry.path),
        _ => claims_content(&entry.name),
    };
    stand(directory, &listed) != Stand::Apart
        || listed.iter().any(holds)
        // What is behind the entries that were looked at is not known, and may be an install.
        || entries.next().is_some()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::intake::folder::look;
    use crate::intake::folder::tests::folder;
    use std::ffi::OsStr;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_cannot_be_looked_through_may_hold_an_install() {
        let (root, other) = (folder(&["a.tar"]), tempfile::tempdir().unwrap());
        symlink(other.path(), root.path().join("homes")).unwrap();
        let fill = |homes: std::ops::Range<usize>| {
            homes.for_each(|home| {
                fs::create_dir(other.path().join(format!("home{home}"))).unwrap();
            });
            look(root.path()).links.len()
        };
        assert_eq!(fill(0..LINKED_MAX), 0);
        assert_eq!(fill(LINKED_MAX..LINKED_MAX + 1), 1);
    }

    #[test]
    fn links_are_told_unless_what_they_lead_to_is_read() {
        let root = folder(&["a.tar", "x.txt", "own/crx-quickstart/x"]);
        let other = folder(&[
            "b.tar",
            "y.txt",
            "s/c.tar",
            "t/crx-quickstart/x",
            "u/publish/launchpad/x",
            "v/notes.txt",
        ]);
        for (target, link) in [
            (root.path().join("a.tar"), "latest"),
            (other.path().join("b.tar"), "b"),
            (other.path().join("gone"), "gone.tgz"),
            (other.path().join("y.txt"), "y"),
            (other.path().join("s"), "s"),
            (other.path().join("t"), "t"),
            (other.path().join("u"), "u"),
            (other.path().join("v"), "v"),
            (root.path().join("own"), "w"),
            (root.path().join(".."), "x"),
            (other.path().join("gone"), "z"),
        ] {
            symlink(target, root.path().join(link)).unwrap();
        }
        let found = look(root.path());
        let links: Vec<_> = found.links.iter().filter_map(|link| link.file_name()).collect();
        assert_eq!(
            (found.uploads.len(), links),
            (1, ["b", "gone.tgz", "s", "t", "u"].map(OsStr::new).to_vec())
        );
    }
}
