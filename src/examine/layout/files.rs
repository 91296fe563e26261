//! The property files and scripts of a source, by where they lie.

use super::spot::{Spot, Variables, absolute, descend, expand, of_absolute};
use crate::evidence::{Fact, Statements, classify, classify_small, is_script};
use crate::examine::collector::Item;
use crate::examine::paths::{join, name, parent};
use crate::facts::{GapKind, Shape};
use crate::intake::LinkTarget;
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
    /// What of such names was not read, by directory; each with whether it is named like a script.
    links: BTreeMap<&'a str, Vec<(bool, &'a str)>>,
}

impl<'a> Files<'a> {
    pub(super) fn of(items: &'a BTreeMap<String, Item>) -> Self {
        let mut files = Self {
            items,
            roots: BTreeSet::new(),
            directories: BTreeMap::new(),
            links: BTreeMap::new(),
        };
        for (path, item) in items {
            let firm = classify(path);
            files.roots.extend(firm.map(|(_, found)| found.root));
            let Some((kind, _)) = firm.or_else(|| classify_small(path)) else { continue };
            if is_backup(path) {
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

    /// Says whether a path is that of a link whose target was not read.
    pub(super) fn is_unread_link(&self, path: &str) -> bool {
        matches!(self.items.get(path), Some(Item::Link(_))) && self.read(path).is_none()
    }

    /// Says whether the source has something at a path or below.
    pub(super) fn has(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let next = || self.items.range(below.clone()..).next();
        self.items.contains_key(path) || next().is_some_and(|(path, _)| path.starts_with(&below))
    }

    /// Returns the file at a path, where it is a property file or a script and was read, or is a link to one.
    pub(super) fn read(&self, path: &str) -> Option<File<'a>> {
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
    ) -> impl Iterator<Item = File<'a>> + use<'_, 'a> {
        self.directories.get(directory).into_iter().flatten().map(|(_, file)| *file)
    }

    /// Returns the files below an `etc` of a host.
    pub(super) fn of_host(&self) -> Vec<File<'a>> {
        let is_of_host = |directory: &str| directory.split('/').any(|part| part == "etc");
        let directories = self.directories.iter().filter(|(directory, _)| is_of_host(directory));
        directories.flat_map(|(_, files)| files).map(|(_, file)| *file).collect()
    }

    /// Returns the scripts that may start an install: in its `bin`, in it, and beside it.
    pub(super) fn scripts(&self, root: &str) -> Vec<File<'a>> {
        let bin = join(root, "bin");
        let bin = self.in_directory(&bin).map(|file| (true, file));
        let places: Vec<String> = script_places(root).collect();
        let others = places.iter().filter_map(|place| self.directories.get(place.as_str()));
        let scripts = bin.chain(others.flatten().copied()).filter(|(is_script, _)| *is_script);
        scripts.map(|(_, file)| file).collect()
    }

    /// Returns what the files come to that a script names. `all`: what variables are in any script.
    pub(super) fn run_by(&self, root: &str, script: File<'a>, all: &Variables<'a>) -> Vec<Run<'a>> {
        let mut own = Variables::new();
        add_variables(&mut own, script);
        let target = |text: &String| self.target(root, text, &own, all);
        let part = |text: &String| {
            let target = target(text);
            let is_known = target.file.is_some() && target.is_certain || is_of_system(text);
            Run { file: target.file, gap: (!is_known).then(|| gap_of(text, target.file)) }
        };
        let program = |text: &String| {
            let target = target(text);
            let is_known = target.file.is_some() && target.is_certain;
            let is_quiet = is_known || !target.is_unread && !target.may_be_script();
            Run { file: target.file, gap: (!is_quiet).then(|| gap_of(text, target.file)) }
        };
        let Statements { sources, runs, .. } = script.statements;
        let runs = runs.iter().filter(|text| !sources.contains(text));
        sources.iter().map(part).chain(runs.map(program)).collect()
    }

    /// Finds a file that a script names. One that is relative may be named from several directories.
    fn target(
        &self,
        root: &str,
        text: &str,
        own: &Variables<'a>,
        all: &Variables<'a>,
    ) -> Target<'a> {
        // The directory of a script of Windows ends with a backslash.
        let text = expand(&expand(text, own), all).replace("%~dp0", "%~dp0/").replace('\\', "/");
        let is_open_part = |part: &str| part.contains(['$', '`', '%', ')', '~']);
        let known: Vec<&str> =
            text.rsplit('/').take(PARTS_MAX).take_while(|part| !is_open_part(part)).collect();
        let path = known.into_iter().rev().collect::<Vec<_>>().join("/");
        let open = text.get(..text.len().saturating_sub(path.len())).unwrap_or_default();
        let (mut is_certain, mut is_outside) = (true, false);
        let inside = |path: &str| match of_absolute(path, root, &|path| self.has(path)) {
            Spot::Inside(path) => Some(path),
            _ => None,
        };
        let mut places = Vec::new();
        if let Some(path) = absolute(&text).filter(|_| open.is_empty()) {
            let at_top = || descend("", path).filter(|path| self.has(path));
            let place = inside(path).or_else(at_top);
            is_outside = place.is_none();
            places.extend(place);
        } else {
            let of_install = inside(&format!("/{path}")).filter(|_| !open.is_empty());
            is_certain = open.is_empty() || of_install.is_some() || is_of_script(open, [own, all]);
            places.extend(of_install);
            let bases = [join(root, "bin"), root.to_owned(), parent(root).to_owned()];
            places.extend(bases.iter().filter_map(|base| descend(base, &path)));
        }
        let read = |place: &String| {
            let ends = ["", ".bat", ".cmd"].iter().take(if is_batch(place) { 1 } else { 3 });
            ends.into_iter().find_map(|end| self.read(&format!("{place}{end}")))
        };
        let file = places.iter().filter(|_| !path.is_empty()).find_map(read);
        let is_unread = file.is_none() && places.iter().any(|path| self.is_unread(path));
        Target { file, is_certain, is_outside, is_unread, path }
    }

    /// Says whether something stands at a path, and was not read.
    fn is_unread(&self, path: &str) -> bool {
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

/// What a file that a script names comes to.
pub(super) struct Run<'a> {
    /// The file, or one that may be it.
    pub(super) file: Option<File<'a>>,
    /// Why it is not known what is run.
    pub(super) gap: Option<(GapKind, String)>,
}

/// Where a file is that a script names.
struct Target<'a> {
    file: Option<File<'a>>,
    /// Nothing in its name is known only where the script runs, but for the directory of the script.
    is_certain: bool,
    /// It is not in the source.
    is_outside: bool,
    /// It is in the source, and was not read.
    is_unread: bool,
    /// The end of its path, as far as that is known.
    path: String,
}

impl Target<'_> {
    /// Says whether it is named like a script that may start an install. That one of the install's own scripts is left out of a
    /// source is no news.
    fn may_be_script(&self) -> bool {
        const OWN: [&str; 4] = ["start", "start.bat", "quickstart", "quickstart.bat"];
        const ENDS: [&str; 6] = [".sh", ".bat", ".cmd", ".ps1", ".ksh", ".bash"];
        const OTHERS: [&str; 8] =
            [".log", ".pid", ".out", ".err", ".txt", ".jar", ".lock", ".html"];
        let name = name(&self.path).to_ascii_lowercase();
        let is_own = !self.is_outside && OWN.contains(&name.as_str()) && name_is_in_bin(&self.path);
        let is_other = OTHERS.iter().any(|end| name.ends_with(end))
            || ["stop", "status"].iter().any(|part| name.contains(part))
            || name.contains(char::is_whitespace);
        let is_script = ENDS.iter().any(|end| name.ends_with(end))
            || ["start", "aem"].iter().any(|start| name.starts_with(start))
            || ["-start", "_start"].iter().any(|end| name.ends_with(end));
        is_script && !is_other && !is_own
    }
}

fn name_is_in_bin(path: &str) -> bool {
    matches!(name(parent(path)), "bin" | "." | "")
}

fn gap_of(text: &str, found: Option<File<'_>>) -> (GapKind, String) {
    let shown = Shape::Path.shown(text);
    let reason = if let Some(file) = found {
        format!(
            "runs {shown}, which may be another file than {} and can move the keys; send it too",
            file.path
        )
    } else {
        format!("runs {shown}, which is not in the source and can move the keys; send it too")
    };
    (GapKind::Elsewhere, reason)
}

/// Says whether the open part of a path is the directory of the script, or leads there.
fn is_of_script(open: &str, variables: [&Variables<'_>; 2]) -> bool {
    const OWN: [&str; 11] = [
        "dirname",
        "basename",
        "readlink",
        "realpath",
        "pwd",
        "PWD",
        "BASH_SOURCE",
        "$0",
        "%~dp0",
        "%cd%",
        "PSScriptRoot",
    ];
    let is_own = |text: &str| OWN.iter().any(|part| text.contains(part));
    let mut names = open.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    is_own(&open.replace("%CD%", "%cd%"))
        || names.any(|name| {
            let values = variables.iter().filter_map(|variables| variables.get(name));
            values.flatten().any(|value| is_own(value))
        })
}

/// Adds the variables that a script assigns.
pub(super) fn add_variables<'a>(variables: &mut Variables<'a>, file: File<'a>) {
    for (name, value) in file.statements.variables.iter().filter(|(_, value)| !value.is_empty()) {
        variables.entry(name).or_default().insert(value);
    }
}

fn is_batch(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".bat", ".cmd", ".ps1"].iter().any(|end| path.ends_with(end))
}

/// Returns where scripts of an install may lie beside its `bin`, among other files.
fn script_places(root: &str) -> impl Iterator<Item = String> {
    let beside = (name(root) == "crx-quickstart").then(|| parent(root).to_owned());
    [Some(join(root, "opt/helpers")), Some(root.to_owned()), beside].into_iter().flatten()
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
    const ANYWHERE: [&str; 2] = ["nvm.sh", "sdkman-init.sh"];
    const NAMES: [&str; 5] = ["profile", "bashrc", "functions", "bash_profile", "init-functions"];
    const PLACES: [&str; 7] = ["/etc/", "/lib/", "/usr/lib/", "~/", "~", "$HOME/", "${HOME}/"];
    let name = name(text);
    let is_in_place = PLACES.iter().any(|place| text.starts_with(place));
    ANYWHERE.contains(&name) || is_in_place && NAMES.contains(&name.trim_start_matches('.'))
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
        for path in ["/etc/default/aem", "/opt/aem/.bash_profile", "profile", "./functions"] {
            assert!(!is_of_system(path), "{path}");
        }
    }
}
