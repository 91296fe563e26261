//! The property files and scripts of a source, by where they lie.

use crate::evidence::{Fact, Statements, classify, classify_small};
use crate::examine::collector::Item;
use crate::examine::paths::{join, name, parent};
use std::collections::{BTreeMap, BTreeSet};

/// Files that one setting may include.
pub(super) const INCLUDES_MAX: usize = 64;
/// Directories of one path that a script may name.
const PARTS_MAX: usize = 64;

/// A property file or a script that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) statements: &'a Statements,
}

/// What of a source may say where something is.
pub(super) struct Files<'a> {
    items: &'a BTreeMap<String, Item>,
    /// Every directory that stands for an install.
    pub(super) roots: BTreeSet<&'a str>,
    /// Files that were read, by directory; each with whether it is a script.
    directories: BTreeMap<&'a str, Vec<(bool, File<'a>)>>,
}

impl<'a> Files<'a> {
    pub(super) fn of(items: &'a BTreeMap<String, Item>) -> Self {
        let mut files = Self { items, roots: BTreeSet::new(), directories: BTreeMap::new() };
        for (path, item) in items {
            let firm = classify(path);
            files.roots.extend(firm.map(|(_, found)| found.root));
            let Some((kind, _)) = firm.or_else(|| classify_small(path)) else { continue };
            if let (Some(file), false) = (read(path, item), is_backup(path)) {
                let is_script = kind.name.ends_with("script");
                files.directories.entry(parent(path)).or_default().push((is_script, file));
            }
        }
        files
    }

    /// Says whether the source has something at a path or below.
    pub(super) fn has(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let next = || self.items.range(below.clone()..).next();
        self.items.contains_key(path) || next().is_some_and(|(path, _)| path.starts_with(&below))
    }

    /// Returns the file at a path, where it is a property file or a script and was read.
    pub(super) fn read(&self, path: &str) -> Option<File<'a>> {
        let (path, item) = self.items.get_key_value(path)?;
        read(path, item)
    }

    /// Returns the files directly in a directory, but for those that were put aside.
    pub(super) fn in_directory(
        &self,
        directory: &str,
    ) -> impl Iterator<Item = File<'a>> + use<'_, 'a> {
        self.directories.get(directory).into_iter().flatten().map(|(_, file)| *file)
    }

    /// Returns the scripts that may start an install: in its `bin`, in it, and beside it.
    pub(super) fn scripts(&self, root: &str) -> Vec<File<'a>> {
        let bin = join(root, "bin");
        let bin = self.in_directory(&bin).map(|file| (true, file));
        let beside = (name(root) == "crx-quickstart").then(|| parent(root).to_owned());
        let places = [Some(join(root, "opt/helpers")), Some(root.to_owned()), beside];
        let others =
            places.iter().flatten().filter_map(|place| self.directories.get(place.as_str()));
        let scripts = bin.chain(others.flatten().copied()).filter(|(is_script, _)| *is_script);
        scripts.map(|(_, file)| file).collect()
    }

    /// Returns the file that a script runs, which may be named from several directories.
    pub(super) fn sourced(&self, root: &str, text: &str) -> Option<File<'a>> {
        let text = text.replace('\\', "/");
        let is_known = |part: &&str| !part.contains(['$', '`', '%', ')', '~']);
        let mut known: Vec<&str> = text.rsplit('/').take(PARTS_MAX).take_while(is_known).collect();
        known.reverse();
        let path = known.join("/");
        let bases = [join(root, "bin"), root.to_owned(), parent(root).to_owned()];
        let mut found = bases.iter().filter_map(|base| super::spot::descend(base, &path));
        found.find_map(|path| self.read(&path))
    }
}

fn read<'a>(path: &'a str, item: &'a Item) -> Option<File<'a>> {
    match item {
        Item::Read { fact: Ok(Fact::Settings(statements)), .. } => Some(File { path, statements }),
        _ => None,
    }
}

/// Says whether a file is one that nothing reads any more, or not yet: editors and package managers put them aside.
fn is_backup(path: &str) -> bool {
    const ENDS: [&str; 10] = [
        "~", ".bak", ".orig", ".old", ".save", ".rpmsave", ".rpmnew", ".dist", ".sample",
        ".example",
    ];
    let path = path.to_ascii_lowercase();
    ENDS.iter().any(|end| path.ends_with(end))
}

/// Says whether a script runs a file that every host has, and that no install puts options into.
pub(super) fn is_of_system(text: &str) -> bool {
    let name = name(text);
    ["profile", "bashrc", "functions", "bash_profile", "init-functions", "nvm.sh", "sdkman-init.sh"]
        .iter()
        .any(|end| name.trim_start_matches('.') == *end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_were_put_aside_do_not_count() {
        for path in ["conf/sling.properties.bak", "bin/start~", "bin/start.SH.orig", "x.rpmsave"] {
            assert!(is_backup(path), "{path}");
        }
        assert!(!is_backup("conf/backup.properties"));
    }

    #[test]
    fn files_of_every_host_are_known() {
        for path in ["/etc/profile", "~/.bashrc", "/etc/rc.d/init.d/functions", "$HOME/.nvm/nvm.sh"]
        {
            assert!(is_of_system(path), "{path}");
        }
        assert!(!is_of_system("/etc/default/aem"));
    }
}
