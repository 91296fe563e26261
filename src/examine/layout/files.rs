//! The property files and scripts of a source, by where they lie.

use crate::evidence::{Fact, Statements, classify, classify_small, is_script};
use crate::examine::hints::is_in_package;
use crate::examine::item::Item;
use crate::examine::paths::{has_at_or_below, join, name, parent};
use crate::facts::{GapKind, INSIDE, QUICKSTART, has_old_word, realm, says_old};
use crate::intake::LinkTarget;
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const INCLUDES_MAX: usize = Limits::DEFAULT.includes_max;

/// A property file or a script that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatementFile<'a> {
    pub(super) path: &'a str,
    pub(super) statements: &'a Statements,
}

/// What of a source may say where something is.
pub(super) struct Files<'a> {
    items: &'a BTreeMap<String, Item>,
    /// Every directory that stands for an install.
    pub(super) roots: BTreeSet<&'a str>,
    /// Files that were read, by directory; each with whether it is a script.
    directories: BTreeMap<&'a str, Vec<(bool, StatementFile<'a>)>>,
    /// Files outside of installs that start one of them, by its root: units of systemd, init scripts.
    pub(super) services: BTreeMap<&'a str, Vec<StatementFile<'a>>>,
    /// What of such names was not read, by directory; each with whether it is named like a script.
    links: BTreeMap<&'a str, Vec<(bool, &'a str)>>,
}

impl<'a> Files<'a> {
    pub(super) fn of(items: &'a BTreeMap<String, Item>) -> Self {
        let mut files = Self {
            items,
            roots: BTreeSet::new(),
            directories: BTreeMap::new(),
            services: BTreeMap::new(),
            links: BTreeMap::new(),
        };
        for (path, item) in items {
            let firm = classify(path);
            files.roots.extend(firm.map(|(_, found)| found.root));
            let Some((kind, _)) = firm.or_else(|| classify_small(path)) else { continue };
            if is_backup(path) || is_copy_beside(items, path) {
                continue;
            }
            let (directory, is_script) = (parent(path), is_script(kind));
            match files.read(path) {
                Some(file) => {
                    files.directories.entry(directory).or_default().push((is_script, file));
                }
                None if matches!(item, Item::Link(_) | Item::Lost) && classify(path).is_none()
                    || matches!(item, Item::Link(_)) =>
                {
                    files.links.entry(directory).or_default().push((is_script, path));
                }
                None => {}
            }
        }
        files
    }

    /// Returns the files outside of installs that start an install.
    pub(super) fn services(&self, root: &str) -> Vec<StatementFile<'a>> {
        self.services.get(root).cloned().unwrap_or_default()
    }

    /// Returns `true` if a file outside of an install starts it.
    pub(super) fn is_service(&self, root: &str, path: &str) -> bool {
        self.services.get(root).is_some_and(|all| all.iter().any(|file| file.path == path))
    }

    /// Returns what stands where a script or a property file of an install may, and was not read: links, and files that are too large.
    pub(super) fn unread_links(&self, root: &str) -> Vec<&'a str> {
        let in_use = [(join(root, "bin"), false), (join(root, "conf"), false)];
        let places = in_use.into_iter().chain(script_places(root).map(|place| (place, true)));
        let links = places.flat_map(|(place, scripts_only)| {
            let links = self.links.get(place.as_str()).into_iter().flatten();
            links.filter(move |(is_script, _)| *is_script || !scripts_only)
        });
        links.map(|(_, path)| *path).collect()
    }

    /// Returns `true` if a path is that of a link whose target was not read.
    pub(super) fn is_unread_link(&self, path: &str) -> bool {
        matches!(self.items.get(path), Some(Item::Link(_))) && self.read(path).is_none()
    }

    /// Returns `true` if the source has something at a path or below.
    pub(super) fn has(&self, path: &str) -> bool {
        has_at_or_below(self.items, path)
    }

    /// Returns the file at a path, where it is a property file or a script and was read, or is a link to one.
    pub(super) fn read(&self, path: &str) -> Option<StatementFile<'a>> {
        let (path, item) = self.items.get_key_value(path)?;
        match item {
            Item::Link(LinkTarget::Inside(target)) => read(path, self.items.get(target)?),
            item => read(path, item),
        }
    }

    /// Returns the files directly in a directory, but for those that were put aside.
    pub(super) fn in_directory(
        &self,
        directory: &str,
    ) -> impl Iterator<Item = StatementFile<'a>> + use<'_, 'a> {
        self.directories.get(directory).into_iter().flatten().map(|(_, file)| *file)
    }

    /// Returns all files that may be read by more than an install, wherever they lie.
    pub(super) fn outside_installs(&self) -> impl Iterator<Item = StatementFile<'a>> {
        self.outside().map(|(_, file)| file)
    }

    /// Returns those of them that are scripts, or units of systemd.
    pub(super) fn scripts_outside(&self) -> impl Iterator<Item = StatementFile<'a>> {
        self.outside().filter(|(is_script, _)| *is_script).map(|(_, file)| file)
    }

    fn outside(&self) -> impl Iterator<Item = (bool, StatementFile<'a>)> {
        // A content package or a library of Java holds such files too, and nothing reads them there.
        let counts = |directory: &str| {
            let is_library = || {
                let archive = realm(directory).trim_end_matches(INSIDE);
                archive.rsplit('.').next().is_some_and(|end| end.eq_ignore_ascii_case("jar"))
            };
            !is_library() && !is_in_package(directory) && !directory.split('/').any(is_backup)
        };
        let files = self.directories.iter().filter(move |(directory, _)| counts(directory));
        files.flat_map(|(_, files)| files).copied()
    }

    /// Returns the scripts that may start an install: in its `bin`, in it, and beside it.
    pub(super) fn scripts(&self, root: &str) -> Vec<StatementFile<'a>> {
        let bin = join(root, "bin");
        let bin = self.in_directory(&bin).map(|file| (true, file));
        let places: Vec<String> = script_places(root).collect();
        let others = places.iter().filter_map(|place| self.directories.get(place.as_str()));
        let scripts = bin.chain(others.flatten().copied()).filter(|(is_script, _)| *is_script);
        scripts.map(|(_, file)| file).collect()
    }

    /// Returns `true` if something is at a path, and was not read.
    pub(super) fn is_unread(&self, path: &str) -> bool {
        self.is_unread_link(path) || matches!(self.items.get(path), Some(Item::Lost))
    }

    /// Says why a file that may be a script or a property file was not read.
    pub(super) fn why_unread(&self, path: &str) -> (GapKind, &'static str) {
        if matches!(self.items.get(path), Some(Item::Lost)) {
            let reason = "was not read, for it is too large or no plain file, and such a file can move the keys; look into it";
            return (GapKind::TooLarge, reason);
        }
        let reason = "is a link that was not followed, and such a file can move the keys; pack the install with tar -h";
        (GapKind::Elsewhere, reason)
    }
}

/// Returns where scripts of an install may lie beside its `bin`, among other files.
fn script_places(root: &str) -> impl Iterator<Item = String> {
    let beside = (name(root) == QUICKSTART).then(|| parent(root).to_owned());
    // `opt/helpers/instsrv.bat` sets the options of AEM as a service of Windows.
    [Some(join(root, "opt/helpers")), Some(root.to_owned()), beside].into_iter().flatten()
}

fn read<'a>(path: &'a str, item: &'a Item) -> Option<StatementFile<'a>> {
    match item {
        Item::Read { fact: Ok(Fact::Settings(statements)), .. } => {
            Some(StatementFile { path, statements })
        }
        _ => None,
    }
}

/// Returns `true` if a file is one that nothing reads any more, or not yet: editors and package managers put them aside.
fn is_backup(path: &str) -> bool {
    const ENDS: [&str; 17] = [
        "~", ".bak", ".orig", ".old", ".save", ".rpmsave", ".rpmnew", ".dist", ".sample",
        ".example", ".swp", ".diff", ".patch", ".j2", ".erb", ".md", ".html",
    ];
    let path = path.to_ascii_lowercase();
    ENDS.iter().any(|end| path.ends_with(end)) || name(&path).starts_with("readme")
}

/// Returns `true` if a file is an older copy of one beside it, by its name: `start.20240101`, `sling.properties_old`, `Copy of start`.
///
/// Somebody copied the file before changing it. What nothing is beside may be in use whatever it is called.
fn is_copy_beside(items: &BTreeMap<String, Item>, path: &str) -> bool {
    let (directory, file) = (parent(path), name(path));
    let is_there =
        |other: &str| matches!(items.get(&join(directory, other)), Some(Item::Read { .. }));
    let is_number =
        |rest: &str| rest.strip_prefix('.').is_some_and(|rest| rest.parse::<u16>().is_ok());
    let is_old = |rest: &str| {
        let is_pre = rest.get(1..).is_some_and(|rest| rest.starts_with("pre"));
        is_number(rest) || is_pre || says_old(rest) || has_old_word(rest)
    };
    let mut parts = file.match_indices(['.', '_', '-', ' ', '(']);
    file.strip_prefix("Copy of ").is_some_and(is_there)
        || parts.any(|(at, _)| {
            let (base, rest) = file.split_at_checked(at).unwrap_or_default();
            is_there(base) && is_old(rest)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_copies_of_a_file_beside_them_do_not_count() {
        let seen = || Item::Read { fact: Ok(Fact::Seen), owner: None };
        let items: BTreeMap<String, Item> =
            ["bin/start", "conf/sling.properties"].map(|path| (path.to_owned(), seen())).into();
        for path in [
            "bin/start.20240101",
            "bin/start-2024-01-01",
            "bin/start_old",
            "bin/start.1",
            "bin/start.pre-sp22",
            "bin/start.bak.sh",
            "bin/start - Copy",
            "bin/start (copy)",
            "bin/Copy of start",
            "bin/start.disabled",
            "conf/sling.properties.backup",
            "conf/sling.properties_old",
        ] {
            assert!(is_copy_beside(&items, path), "{path}");
        }
        for path in [
            "bin/start",
            "bin/start-publish.sh",
            "bin/start-4502.sh",
            "bin/start.sh",
            "other/start.20240101",
            "bin/quickstart.1",
            "conf/sling.properties",
        ] {
            assert!(!is_copy_beside(&items, path), "{path}");
        }
        for path in
            ["bin/README", "bin/readme.txt", "bin/start.j2", "conf/CHANGES.md", "bin/.start.swp"]
        {
            assert!(is_backup(path), "{path}");
        }
    }

    #[test]
    fn files_that_were_put_aside_do_not_count() {
        for path in ["conf/sling.properties.bak", "bin/start~", "bin/start.SH.orig", "x.rpmsave"] {
            assert!(is_backup(path), "{path}");
        }
        assert!(!is_backup("conf/backup.properties"));
    }
}
