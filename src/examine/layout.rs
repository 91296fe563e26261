//! Where an install keeps its keys, its bundle cache, its configurations and its repository: one place that decides what is in use.
//!
//! Sling reads `conf/sling.properties` or the file that `sling.properties` names, then what `sling.include*` names, which wins;
//! options of the JVM stand beside them. (`Sling.loadConfigProperties`) What two of them say differently, or in a form that is not
//! understood, leaves the verdict open: a gap names the file.

mod doubt;
mod files;
mod own_directory;
mod places;
mod properties;
mod runs;
mod services;
mod spot;

use self::files::{Files, StatementFile};
use self::own_directory::{OwnDirectory, own_directory};
use self::runs::variables_of;
use self::services::services;
pub(super) use self::spot::beside_on_host;
use self::spot::{Spot, Variables, absolute, descend, expand, is_open, of_absolute};
use super::item::Item;
use super::paths::{join, name, parent};
use crate::facts::{
    CACHE_CLEAN, CLEAN_AT_START, CONFIG_DIRECTORY, CRYPTO_FILE_DISABLE, Gap, GapKind, Place,
    QUICKSTART, REPOSITORY_HOME, RUN_MODES_OPTION, SLING_HOME, SLING_LAUNCHPAD, Setting, Shape,
    java_trim,
};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// Where an install has what matters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// What moves something and is in use; of a path that is understood, where it leads.
    pub(super) settings: Vec<Setting>,
    /// Where its bundle cache is.
    pub(super) cache: Cache,
    /// The directory of the source in which its keys are, where a setting names one.
    pub(super) keys: Option<String>,
    /// The property file in use was read.
    pub(super) properties: bool,
    /// What is not understood, and what is not in the source.
    pub(super) gaps: BTreeSet<Gap>,
    /// Run modes and options of a repository outside the install that files in use mention.
    pub(super) stores: Vec<(&'static str, Place)>,
    /// Files that count although they are no evidence by their path.
    pub(super) used: BTreeSet<String>,
}

impl Layout {
    fn add_gap(&mut self, source: &str, path: &str, kind: GapKind, reason: String) {
        let (source, path) = (source.to_owned(), Some(path.to_owned()));
        // One gap leaves the verdict open as well as thousands.
        if self.gaps.len() < GAPS_MAX {
            self.gaps.insert(Gap { source, path, kind, reason });
        }
    }
}

/// Where a bundle cache is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Cache {
    /// Where most installs have it.
    #[default]
    Usual,
    /// In another directory of the source.
    At(String),
    /// Not in the source.
    Missing,
}

/// Decides for every root; what lies outside of them is told when it is known which of them are installs.
pub(super) fn layouts<'a>(
    source: &'a str,
    items: &'a BTreeMap<String, Item>,
) -> (BTreeMap<String, Layout>, OtherFiles<'a>) {
    let mut files = Files::of(items);
    files.services = services(&files);
    let of = |root: &&str| {
        let reader = InstallReader::new(source, root, &files);
        ((*root).to_owned(), reader.layout())
    };
    let layouts = files.roots.iter().map(of).collect();
    (layouts, OtherFiles { source, files })
}

/// The files of a source that may move something of an install and are of none.
pub(super) struct OtherFiles<'a> {
    source: &'a str,
    files: Files<'a>,
}

impl OtherFiles<'_> {
    /// Tells of those that move something and that no install uses.
    pub(super) fn tell(&self, layouts: &BTreeMap<String, Layout>) -> Layout {
        let none = String::new();
        // What is usual in one install of a host need not be so in the next.
        let roots = if layouts.is_empty() { vec![&none] } else { layouts.keys().collect() };
        let readers = roots.into_iter().take(ROOTS_MAX);
        let readers = readers.map(|root| InstallReader::new(self.source, root, &self.files));
        doubt::of_others(self.source, &self.files, readers.collect(), layouts)
    }
}

/// Installs with which a file of none of them is compared.
const ROOTS_MAX: usize = Limits::DEFAULT.compared_installs_max;

/// Returns a place as a file names it, for a sentence; what is no path may be a password.
fn shown(place: &str) -> String {
    Shape::Path.shown(place)
}

const GAPS_MAX: usize = Limits::DEFAULT.setting_gaps_max;

/// What one file says of one name.
#[derive(Debug, Clone, Copy)]
struct Said<'a> {
    value: &'a str,
    path: &'a str,
}

/// Returns what files say of a name.
fn said_in<'a>(files: &[StatementFile<'a>], name: &str) -> Vec<Said<'a>> {
    let of = |file: &StatementFile<'a>| {
        let (path, statements) = (file.path, file.statements);
        let values = statements.settings.iter().filter(|(own, _)| own == name);
        values.map(move |(_, value)| Said { value, path }).collect::<Vec<_>>()
    };
    files.iter().flat_map(of).collect()
}

/// Decides for one root.
struct InstallReader<'a> {
    source: &'a str,
    root: &'a str,
    files: &'a Files<'a>,
    /// Start scripts, and what they run.
    scripts: Vec<StatementFile<'a>>,
    variables: Variables<'a>,
    /// Property files in use.
    properties: Vec<StatementFile<'a>>,
    /// Property files that those include, the last one of which wins.
    includes: Vec<StatementFile<'a>>,
    launchpad: Spot,
    /// The file that names the launchpad.
    launchpad_by: Option<&'a str>,
    layout: Layout,
}

impl<'a> InstallReader<'a> {
    fn new(source: &'a str, root: &'a str, files: &'a Files<'a>) -> Self {
        Self {
            source,
            root,
            files,
            scripts: files.scripts(root).into_iter().chain(files.services(root)).collect(),
            variables: Variables::new(),
            properties: Vec::new(),
            includes: Vec::new(),
            // `sling.home` is `crx-quickstart`, and AEM starts
            // Sling with `-i launchpad`, which is relative to it.
            launchpad: Spot::Inside(join(root, "launchpad")),
            launchpad_by: None,
            layout: Layout::default(),
        }
    }

    fn layout(mut self) -> Layout {
        self.run_sources();
        for (name, value) in self.scripts.iter().flat_map(|file| &file.statements.variables) {
            if !value.is_empty() {
                self.variables.entry(name).or_default().insert(value);
            }
        }
        self.choose_properties();
        self.check_home();
        // What is included may name the launchpad, and the cache lies in it unless a setting says otherwise.
        self.place_launchpad();
        self.include();
        self.place_cache();
        self.place_keys();
        for name in [CONFIG_DIRECTORY, REPOSITORY_HOME] {
            self.place(name);
        }
        for name in [CRYPTO_FILE_DISABLE, CACHE_CLEAN] {
            for said in self.said(name) {
                let value = self.expand(said.value);
                // Felix empties the cache for the value `onFirstInit` alone; any other keeps it.
                if name == CRYPTO_FILE_DISABLE || value == CLEAN_AT_START {
                    self.set(name, value, said.path);
                }
            }
        }
        for said in self.said_by_scripts(RUN_MODES_OPTION) {
            let modes = self.expand(said.value);
            // The script of AEM has `-Dsling.run.modes=${CQ_RUNMODE}`, and its caller may set that.
            if !is_open(&modes) {
                self.set(RUN_MODES_OPTION, modes, said.path);
            }
        }
        self.find_stores();
        self.doubt();
        self.layout
    }

    /// Takes what files in use mention of a repository in a database.
    fn find_stores(&mut self) {
        for file in self.scripts.iter().chain(&self.properties).chain(&self.includes) {
            let place = || Place { source: self.source.to_owned(), path: file.path.to_owned() };
            let named = file.statements.stores.names().map(|name| (name, place()));
            self.layout.stores.extend(named);
        }
    }

    fn gap(&mut self, path: &str, kind: GapKind, reason: String) {
        self.layout.add_gap(self.source, path, kind, reason);
    }

    fn unclear(&mut self, path: &str, reason: String) {
        self.gap(path, GapKind::Unclear, reason);
    }

    fn set(&mut self, name: &str, value: String, path: &str) {
        let place = Place { source: self.source.to_owned(), path: path.to_owned() };
        let setting = Setting { name: name.to_owned(), value, place };
        if !self.layout.settings.contains(&setting) {
            self.layout.settings.push(setting);
        }
    }

    fn expand(&self, value: &str) -> String {
        expand(java_trim(value), &self.variables)
    }

    /// Says where a value leads; a relative one, from `base`.
    fn spot(&self, value: &str, base: Option<&str>) -> Spot {
        let value = self.expand(value);
        // A script of Windows writes `%CD%\crx-quickstart`, and the source has slashes.
        let path = value.replace('\\', "/");
        let unknown = || Spot::Unknown(value.clone());
        let home = Spot::Inside(self.root.to_owned());
        // Sling substitutes `${sling.home}` and `${sling.launchpad}`:
        // its own default of the cache names the latter.
        for (name, directory) in [(SLING_HOME, &home), (SLING_LAUNCHPAD, &self.launchpad)] {
            let Some(rest) = path.strip_prefix(&format!("${{{name}}}")) else { continue };
            return match directory {
                _ if is_open(rest) => unknown(),
                Spot::Inside(directory) => {
                    descend(directory, rest).map_or_else(unknown, Spot::Inside)
                }
                Spot::Outside(directory) => Spot::Outside(format!("{directory}{rest}")),
                Spot::Unknown(_) => unknown(),
            };
        }
        if is_open(&path) {
            return unknown();
        }
        if let Some(absolute) = absolute(&path) {
            return match of_absolute(absolute, self.root, &|path| self.files.has(path)) {
                // With the drive, and the backslashes of Windows.
                Spot::Outside(_) => Spot::Outside(value),
                other => other,
            };
        }
        base.and_then(|base| descend(base, &path)).map_or_else(unknown, Spot::Inside)
    }

    /// Says where what a file says leads.
    fn spot_of(&self, said: &Said<'a>, base: Option<&str>) -> Spot {
        let by_start = || self.by_start(said).filter(|_| base.is_none());
        by_start().map_or_else(|| self.spot(said.value, base), Spot::Inside)
    }

    /// Says where a value leads by what the start scripts of AEM do: they change into the directory around the install, and those of
    /// Windows name the install `%CurrDirName%`.
    fn by_start(&self, said: &Said<'a>) -> Option<String> {
        let written = java_trim(said.value).replace('\\', "/");
        let behind = |start: &str| {
            let (own, rest) = written.split_at_checked(start.len())?;
            (own.eq_ignore_ascii_case(start) && !is_open(rest)).then_some(rest)
        };
        if let Some(rest) = behind("%~dp0") {
            return descend(parent(said.path), rest);
        }
        if let Some(rest) = behind("%CurrDirName%/") {
            return descend(self.root, rest);
        }
        if let Some(rest) = behind("%CD%/") {
            return self.below_current(rest);
        }
        self.by_own_directory(said, &written).or_else(|| self.named_install(&self.expand(&written)))
    }

    /// Goes down from the directory in which a script is at some line: which one that is nothing shows, but where one of the install is
    /// there, it is meant.
    fn below_current(&self, rest: &str) -> Option<String> {
        let around = descend(parent(self.root), rest).filter(|path| self.files.has(path));
        let inside = descend(self.root, rest).filter(|path| self.files.has(path));
        inside.filter(|_| around.is_none()).or_else(|| self.named_install(rest))
    }

    /// Says where a value leads that begins with what a shell script finds out by where it lies, itself or in a variable of its own.
    fn by_own_directory(&self, said: &Said<'a>, written: &str) -> Option<String> {
        let script = self.scripts.iter().find(|file| file.path == said.path)?;
        match own_directory(&expand(written, &variables_of(*script)))? {
            OwnDirectory::OfScript(rest) => descend(parent(said.path), &rest),
            OwnDirectory::Current(rest) => self.below_current(rest.trim_start_matches('/')),
            // Another script may be called from anywhere.
            OwnDirectory::OfInstall(rest) => {
                let is_own = join(self.root, "bin") == parent(said.path);
                descend(self.root, &rest).filter(|_| is_own)
            }
        }
    }

    /// Goes down from the install, where a relative path begins with its name.
    fn named_install(&self, path: &str) -> Option<String> {
        let (first, rest) = path.trim_start_matches("./").split_once('/')?;
        let is_own = first == QUICKSTART || !first.is_empty() && first == name(self.root);
        if is_own && !is_open(rest) { descend(self.root, rest) } else { None }
    }

    /// Returns what scripts say of a name.
    fn said_by_scripts(&self, name: &str) -> Vec<Said<'a>> {
        said_in(&self.scripts, name)
    }

    /// Returns what the last one of the included files that say something of a name says of it.
    fn said_by_includes(&self, name: &str) -> Option<Vec<Said<'a>>> {
        let said = |file| said_in(std::slice::from_ref(file), name);
        self.includes.iter().rev().map(said).find(|said| !said.is_empty())
    }

    /// Returns what is said of a name in all files in use.
    fn said(&self, name: &str) -> Vec<Said<'a>> {
        // Includes are read last, after the options of the JVM,
        // and replace both (`Sling.loadConfigProperties`).
        self.said_by_includes(name).unwrap_or_else(|| {
            [said_in(&self.properties, name), self.said_by_scripts(name)].concat()
        })
    }

    /// Returns the one place that is meant. Two are none, and so is one that another branch of a script takes away.
    fn one(
        &mut self,
        name: &str,
        said: &[Said<'a>],
        base: Option<&str>,
    ) -> Option<(Spot, &'a str)> {
        let of = |said: &Said<'a>| (self.spot_of(said, base), said.path);
        let is_set = |said: &&Said<'a>| !java_trim(said.value).is_empty();
        let spots: Vec<(Spot, &str)> = said.iter().filter(is_set).map(of).collect();
        // Which of several scripts starts the instance is not known, so two values are a doubt. Nor
        // is it for a file and a script: an option of the JVM replaces what the property file says,
        // one of the launcher does not, and another branch may take either away.
        let (first, path) = spots.first()?.clone();
        let other = spots.iter().find(|(spot, _)| *spot != first).map(|(_, path)| *path);
        if let Some(other) = other {
            self.unclear(other, format!("gives {name} another value than {path}, or two of them; which one is in use is not known"));
            return Some((Spot::Unknown(first.text().to_owned()), path));
        }
        if let Some(empty) = said.iter().find(|said| java_trim(said.value).is_empty()) {
            self.unclear(empty.path, format!("leaves {name} empty in one place and sets it in another; which one is in use is not known"));
            return Some((Spot::Unknown(first.text().to_owned()), path));
        }
        Some((first, path))
    }
}

#[cfg(test)]
mod tests;
