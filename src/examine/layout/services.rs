//! Files outside of installs that start one: what a unit of systemd or an init script sets is set for the install that it names.

use super::ROOTS_MAX;
use super::files::{Files, StatementFile};
use super::runs::variables_of;
use super::spot::{Spot, Variables, absolute, descend, expand, is_open, of_absolute};
use crate::evidence::HOME_OPTION;
use crate::examine::paths::{name, parent};
use crate::facts::java_trim;
use std::collections::{BTreeMap, BTreeSet};

/// What a unit of systemd calls the directory in which it starts a program.
const WORKING_DIRECTORY: &str = "WorkingDirectory";
/// Directories of an install in which lies what starts it.
const STARTS: [&str; 3] = ["app", "bin", "conf"];

/// Returns the files that move something and start exactly one install, by its root. One of those that several start may be meant for
/// any of them.
pub(super) fn services<'a>(files: &Files<'a>) -> BTreeMap<&'a str, Vec<StatementFile<'a>>> {
    let mut services: BTreeMap<&'a str, Vec<StatementFile<'a>>> = BTreeMap::new();
    if files.roots.len() > ROOTS_MAX {
        return services;
    }
    for file in files.scripts_outside().filter(|file| file.statements.names_aem) {
        let Some(root) = started_by(files, file) else { continue };
        // What an administrator adds to a unit lies in a directory beside it. (systemd.unit)
        let more: Vec<_> = files.in_directory(&format!("{}.d", file.path)).collect();
        let all: Vec<_> = [file].into_iter().chain(more).collect();
        let moves = |file: &StatementFile<'_>| !file.statements.moves_nothing();
        if all.iter().any(|file| moves(file) || files.parts(*file).iter().any(moves)) {
            services.entry(root).or_default().extend(all);
        }
    }
    services
}

/// Returns the one install that a file starts.
fn started_by<'a>(files: &Files<'a>, file: StatementFile<'a>) -> Option<&'a str> {
    let variables = variables_of(file);
    let paths = started(file, &variables);
    let is_started = |root: &&str| paths.iter().any(|path| is_of(files, root, file.path, path));
    let mut roots = files.roots.iter().copied().filter(is_started);
    let root = roots.next().filter(|_| roots.next().is_none())?;
    // Those of the install itself are known already.
    let is_own = files.scripts(root).iter().any(|script| script.path == file.path);
    (!is_own).then_some(root)
}

/// Returns the full paths of what a file starts, and of where it does.
fn started(file: StatementFile<'_>, variables: &Variables<'_>) -> BTreeSet<String> {
    let statements = file.statements;
    let of = |pairs: &[(String, String)], own: &str| {
        let values = pairs.iter().filter(|(name, _)| name == own);
        values.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let homes = of(&statements.settings, HOME_OPTION);
    let directories = of(&statements.variables, WORKING_DIRECTORY);
    let all = statements.runs.iter().cloned().chain(homes).chain(directories);
    let all = all.map(|text| expand(java_trim(&text), variables).replace('\\', "/"));
    all.filter(|text| !is_open(text) && absolute(text).is_some()).collect()
}

/// Returns `true` if a path that a file names is that of an install, of the directory around it, or of what starts it.
fn is_of(files: &Files<'_>, root: &str, file: &str, path: &str) -> bool {
    let Some(path) = absolute(path).and_then(|path| descend("", path)) else { return false };
    let Spot::Inside(there) = of_absolute(&format!("/{path}"), root, &|path| files.has(path))
    else {
        return false;
    };
    let around = parent(root);
    if !around.is_empty() && there == around {
        return true;
    }
    let Some(behind) = there.strip_prefix(root) else { return false };
    let first = behind.trim_start_matches('/').split('/').next().unwrap_or_default();
    // `author/crx-quickstart` is not what `/opt/aem/publish/crx-quickstart` names, unless both are of one upload.
    let is_same = |install: &str| {
        around.is_empty()
            || name(parent(install)) == name(around)
            || file.strip_prefix(around).is_some_and(|rest| rest.starts_with('/'))
    };
    (behind.is_empty() || STARTS.contains(&first)) && path.strip_suffix(behind).is_some_and(is_same)
}

impl<'a> Files<'a> {
    /// Returns the files of a host that are parts of a file there, as far as the source has them.
    fn parts(&self, file: StatementFile<'a>) -> Vec<StatementFile<'a>> {
        let variables = variables_of(file);
        let named = file.statements.sources.iter().map(|text| expand(text, &variables));
        named.filter_map(|text| self.on_host_of(file.path, &text)).collect()
    }
}
