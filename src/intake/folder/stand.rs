//! Where a directory stands to installs: it is one, holds one, or has nothing to do with any.

use super::INSTALL;
use super::listed::Listed;
use crate::intake::{claims_archive, fs, is_like_home, stem};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Names that only an install holds.
pub(super) const INSTALL_PARTS: &[&str] = &["launchpad", "felix", "repository"];

/// Directories beside an install that may have millions of files, none of them an upload.
const STORES: &[&str] = &["datastore", "segmentstore"];

/// Where a directory stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// It has nothing to do with an install.
    Apart,
    /// It holds `crx-quickstart`.
    Above,
    /// It lies below the home of an install.
    Below,
    /// It is an install, or inside one.
    Inside,
}

pub(super) fn stand(directory: &Path, entries: &[Listed]) -> Stand {
    let own = directory.file_name().map(|name| name.to_string_lossy().into_owned());
    let holds = |known: &str| entries.iter().any(|entry| entry.name == known);
    let names = || entries.iter().map(|entry| entry.name.as_str());
    let is_bundle_itself = |own: &str| is_bundle(own) && names().any(is_of_bundle);
    if own.as_deref().is_some_and(|own| own == INSTALL || is_bundle_itself(own)) {
        Stand::Inside
    } else if holds(INSTALL) {
        Stand::Above
    } else if entries.iter().any(is_part) {
        Stand::Inside
    } else {
        Stand::Apart
    }
}

/// Returns `true` if an entry is a directory that only an install holds, by its name and by what is in it: `repository` beside uploads may be
/// one of source code, and `bundle2024` a folder of them. One that cannot be listed may be an install's.
fn is_part(entry: &Listed) -> bool {
    let is_inside = match entry.name.as_str() {
        "launchpad" => is_of_launchpad,
        "felix" => is_of_cache,
        "repository" => is_of_repository,
        name if is_bundle(name) => is_of_bundle,
        _ => return false,
    };
    if !entry.kind.is_dir() {
        // `repository` and `launchpad` may be links to another disk, of which nothing but the name is looked at.
        return entry.kind.is_symlink() && INSTALL_PARTS.contains(&entry.name.as_str());
    }
    let Ok(entries) = fs::read_dir(&entry.path) else { return true };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    names.any(|name| is_inside(&name.to_string_lossy()))
}

fn is_of_launchpad(name: &str) -> bool {
    let known = ["felix", "config", "conf", "startup", "installer", "ext", "resources"];
    // `sling_bootstrap.txt`, `sling.properties`: what
    // Sling's launcher keeps there beside the directories.
    known.contains(&name) || name.starts_with("sling")
}

fn is_of_cache(name: &str) -> bool {
    // Felix never deletes `cache.lock`, so an empty cache has it as well.
    is_bundle(name) || name == "cache.lock"
}

fn is_of_repository(name: &str) -> bool {
    // `workspaces` and `version` are of Jackrabbit 2, on which CRX 2 was built, before Oak.
    let known = ["segmentstore", "datastore", "blobstore", "index", "workspaces", "version"];
    known.contains(&name)
}

fn is_of_bundle(name: &str) -> bool {
    // Felix before 4.0 (CQ 5) kept one value a file,
    // `bundle.id` and so on; newer ones write `bundle.info`.
    name == "data" || name.starts_with("bundle.") || name.starts_with("version")
}

fn is_bundle(name: &str) -> bool {
    name.strip_prefix("bundle")
        .is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns the directory that holds an install; that of one of another name is itself.
pub(super) fn home_of(directory: &Path) -> PathBuf {
    let is_install = directory.file_name().is_some_and(|name| name == INSTALL);
    let home = directory.parent().filter(|_| is_install);
    home.unwrap_or(directory).to_owned()
}

/// Returns the uploads that are named like homes of installs beside them: `publish2.tgz` beside `publish1`.
pub(super) fn named_like_homes(uploads: &[PathBuf], homes: &[PathBuf]) -> BTreeSet<PathBuf> {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut names: BTreeMap<&Path, BTreeSet<String>> = BTreeMap::new();
    for home in homes {
        if let (Some(directory), Some(name)) = (home.parent(), name(home)) {
            names.entry(directory).or_default().insert(name);
        }
    }
    let is_like = |upload: &&PathBuf| {
        let homes = upload.parent().and_then(|directory| names.get(directory));
        name(upload).is_some_and(|name| {
            claims_archive(&name)
                && homes.into_iter().flatten().any(|home| is_like_home(stem(&name), home))
        })
    };
    uploads.iter().filter(is_like).cloned().collect()
}

/// Returns `true` if a directory in the home of an install is the install, or one of its stores.
pub(super) fn is_store(name: &str) -> bool {
    name == INSTALL || STORES.contains(&name)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use crate::intake::folder::tests::{folder, uploads};
    use crate::intake::folder::{Installs, look};

    #[test]
    fn installs_are_not_entered() {
        for inside in [
            "s/launchpad/felix/x",
            "s/felix/bundle0/x",
            "s/felix/cache.lock",
            "s/repository/segmentstore/x",
            "s/bundle7/data/x",
        ] {
            let root = folder(&["a.tar", inside, "s/b.tar", "s/sub/c.tar"]);
            assert_eq!(uploads(&root), ["a.tar"], "{inside}");
        }
        let root = folder(&["crx-quickstart/x.tar", "a.tar", "datastore/b.tar"]);
        assert_eq!(uploads(&root), ["a.tar"]);
        let root = folder(&[
            "s/crx-quickstart/x",
            "s/old/b.tar",
            "s/o/felix/bundle0/x",
            "s/o/felix/c.tar",
            "s/old/notes",
        ]);
        assert_eq!(uploads(&root), ["s/old/b.tar"]);
        let root = folder(&["crx-quickstart/x.tar", "a.tar", "datastore/b.tar"]);
        assert_eq!(look(root.path()).installs, Installs::Here);
        assert!(look(&root.path().join("crx-quickstart")).uploads.is_empty());
    }

    #[test]
    fn folder_with_the_name_of_a_part_of_an_install_hides_no_uploads() {
        for inside in ["repository/.git/x", "launchpad/notes.txt", "felix/x", "bundle2024/b.tar"] {
            let root = folder(&["a.tar", inside]);
            assert_eq!(uploads(&root)[0], "a.tar", "{inside}");
        }
        let root = folder(&["bundle2024/b.tar"]);
        assert_eq!(look(&root.path().join("bundle2024")).uploads.len(), 1);
    }
}
