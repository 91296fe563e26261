//! Where an install keeps its keys, its bundle cache, its configurations and its repository: one place that decides what is in use.
//!
//! Sling reads `conf/sling.properties` or the file that `sling.properties` names, then what `sling.include*` names, which wins;
//! options of the JVM stand beside them. (`Sling.loadConfigProperties`) What two of them say differently, or in a form that is not
//! understood, leaves the verdict open: a gap names the file.

mod files;
mod spot;

use self::files::{File, Files};
use self::spot::{Spot, Variables, absolute, descend, expand, is_open, of_absolute};
use super::collector::Item;
use super::paths::join;
use crate::evidence::{HOME_OPTION, LAUNCHPAD_OPTION, mover};
use crate::facts::{
    BUNDLE_CACHE, CONFIG_DIRECTORY, CRYPTO_FILE_DISABLE, CRYPTO_KEYS_PATH, Gap, GapKind, KeyName,
    OLD_BUNDLE_CACHE, Place, REPOSITORY_HOME, SLING_HOME, SLING_INCLUDE, SLING_LAUNCHPAD,
    SLING_PROPERTIES, Setting, Shape,
};
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
    /// Files that count although they are no evidence by their path.
    pub(super) used: BTreeSet<String>,
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

/// Decides for every root.
pub(super) fn layouts(source: &str, items: &BTreeMap<String, Item>) -> BTreeMap<String, Layout> {
    let files = Files::of(items);
    let of = |root: &&str| {
        let reader = Reader::new(source, root, &files);
        ((*root).to_owned(), reader.layout())
    };
    let mut layouts: BTreeMap<String, Layout> = files.roots.iter().map(of).collect();
    let used: BTreeSet<String> = layouts.values().flat_map(|layout| layout.used.clone()).collect();
    if let Some((root, layout)) = layouts.iter_mut().next() {
        let of_host = Reader::new(source, root, &files).of_host(&used);
        layout.used.extend(of_host.used);
        layout.gaps.extend(of_host.gaps);
    }
    layouts
}

/// Returns a place as a file names it, for a sentence; what is no path may be a password.
fn shown(place: &str) -> String {
    Shape::Path.shown(place)
}

/// Gaps that the settings of one install give at most.
const GAPS_MAX: usize = 100;

/// What one file says of one name.
#[derive(Debug, Clone, Copy)]
struct Said<'a> {
    value: &'a str,
    path: &'a str,
}

/// Decides for one root.
struct Reader<'a> {
    source: &'a str,
    root: &'a str,
    files: &'a Files<'a>,
    /// Start scripts, and what they run.
    scripts: Vec<File<'a>>,
    variables: Variables<'a>,
    /// Property files in use.
    properties: Vec<File<'a>>,
    /// Property files that those include, the last one of which wins.
    includes: Vec<File<'a>>,
    launchpad: Spot,
    /// The file that names the launchpad.
    launchpad_by: Option<&'a str>,
    layout: Layout,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str, root: &'a str, files: &'a Files<'a>) -> Self {
        Self {
            source,
            root,
            files,
            scripts: files.scripts(root),
            variables: Variables::new(),
            properties: Vec::new(),
            includes: Vec::new(),
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
        self.place_launchpad();
        self.include();
        self.place_cache();
        self.place_keys();
        for name in [CONFIG_DIRECTORY, REPOSITORY_HOME] {
            self.place(name);
        }
        for said in self.said(&[CRYPTO_FILE_DISABLE]) {
            let value = self.expand(said.value);
            self.set(CRYPTO_FILE_DISABLE, value, said.path);
        }
        self.doubt();
        self.layout
    }

    fn gap(&mut self, path: &str, kind: GapKind, reason: String) {
        let (source, path) = (self.source.to_owned(), Some(path.to_owned()));
        // One gap leaves the verdict open as well as thousands.
        if self.layout.gaps.len() < GAPS_MAX {
            self.layout.gaps.insert(Gap { source, path, kind, reason });
        }
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
        expand(value.trim(), &self.variables)
    }

    /// Says where a value leads; a relative one, from `base`.
    fn spot(&self, value: &str, base: Option<&str>) -> Spot {
        let value = self.expand(value);
        let path = value.replace('\\', "/");
        let unknown = || Spot::Unknown(value.clone());
        let home = Spot::Inside(self.root.to_owned());
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

    /// Adds the files that scripts run, and what those run.
    fn run_sources(&mut self) {
        let mut known: BTreeSet<&str> = self.scripts.iter().map(|file| file.path).collect();
        let mut variables = Variables::new();
        self.scripts.iter().for_each(|file| files::add_variables(&mut variables, *file));
        let mut next = 0;
        while let Some(file) = self.scripts.get(next).copied() {
            next = next.saturating_add(1);
            for run in self.files.run_by(self.root, file, &variables) {
                if let Some(found) = run.file.filter(|found| known.insert(found.path)) {
                    files::add_variables(&mut variables, found);
                    self.scripts.push(found);
                }
                if let Some((kind, reason)) = run.gap {
                    self.gap(file.path, kind, reason);
                }
            }
        }
    }

    /// Returns what scripts say of a name.
    fn said_by_scripts(&self, name: &str) -> Vec<Said<'a>> {
        let of = |file: &File<'a>| {
            let (path, statements) = (file.path, file.statements);
            let values = statements.settings.iter().filter(|(own, _)| own == name);
            values.map(move |(_, value)| Said { value, path }).collect::<Vec<_>>()
        };
        self.scripts.iter().flat_map(of).collect()
    }

    /// Returns what is said of something in all files in use, by any of its names.
    fn said(&self, names: &[&str]) -> Vec<Said<'a>> {
        let of = |file: &File<'a>| {
            let (path, statements) = (file.path, file.statements);
            let settings = statements.settings.iter();
            let own = settings.filter(|(own, _)| names.contains(&own.as_str()));
            own.map(move |(_, value)| Said { value, path }).collect::<Vec<_>>()
        };
        let included = self.includes.iter().rev().map(of).find(|said| !said.is_empty());
        included
            .unwrap_or_else(|| self.properties.iter().chain(&self.scripts).flat_map(of).collect())
    }

    /// Returns the one place that is meant. Two are none, and so is one that another branch of a script takes away.
    fn one(
        &mut self,
        name: &str,
        said: &[Said<'a>],
        base: Option<&str>,
    ) -> Option<(Spot, &'a str)> {
        let of = |said: &Said<'a>| (self.spot(said.value, base), said.path);
        let is_set = |said: &&Said<'a>| !said.value.trim().is_empty();
        let spots: Vec<(Spot, &str)> = said.iter().filter(is_set).map(of).collect();
        let (first, path) = spots.first()?.clone();
        let other = spots.iter().find(|(spot, _)| *spot != first).map(|(_, path)| *path);
        if let Some(other) = other {
            self.unclear(other, format!("gives {name} another value than {path}, or two of them; which one is in use is not known"));
            return Some((Spot::Unknown(first.text().to_owned()), path));
        }
        if let Some(empty) = said.iter().find(|said| said.value.trim().is_empty()) {
            self.unclear(empty.path, format!("leaves {name} empty in one place and sets it in another; which one is in use is not known"));
            return Some((Spot::Unknown(first.text().to_owned()), path));
        }
        Some((first, path))
    }

    /// Chooses the property file that Sling reads.
    fn choose_properties(&mut self) {
        let usual = self.usual_properties();
        let said = self.said_by_scripts(SLING_PROPERTIES);
        let root = self.root;
        let file = match self.one(SLING_PROPERTIES, &said, Some(root)) {
            None => usual,
            Some((Spot::Inside(path), _)) if self.files.read(&path).is_some() => {
                self.files.read(&path)
            }
            Some((Spot::Inside(path), _)) if self.files.is_unread_link(&path) => {
                self.unread_link(&path);
                None
            }
            // A gap tells of one that is no property file.
            Some((Spot::Inside(path), _)) if self.files.has(&path) => None,
            Some((spot, place)) => {
                let reason = format!(
                    "names {} as the property file, which is not in the source; send it too",
                    shown(spot.text())
                );
                self.gap(place, GapKind::Elsewhere, reason);
                usual
            }
        };
        self.layout.properties = file.is_some();
        self.properties.extend(file);
    }

    /// Returns the file in `conf`; or the one in `launchpad`, where an install of a web container has it. What else is in `conf` or in
    /// `bin` shows that the install is none of those.
    fn usual_properties(&self) -> Option<File<'a>> {
        let path = |directory: &str| join(self.root, &format!("{directory}/{SLING_PROPERTIES}"));
        let is_quickstart =
            || ["conf", "bin"].iter().any(|part| self.files.has(&join(self.root, part)));
        self.files
            .read(&path("conf"))
            .or_else(|| self.files.read(&path("launchpad")).filter(|_| !is_quickstart()))
    }

    /// What is started from here should be this install.
    fn check_home(&mut self) {
        let name = self.root.rsplit('/').next().unwrap_or_default();
        let mut all = self.said_by_scripts(HOME_OPTION);
        let options = all.len();
        all.extend(self.said(&[SLING_HOME]));
        for (index, said) in all.into_iter().enumerate() {
            let value = self.expand(said.value).replace('\\', "/");
            let last = value.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            // The script of AEM finds out by itself in which directory it is.
            let is_own = index < options && is_open(last)
                || matches!(last, "" | "." | "crx-quickstart")
                || !is_open(last) && (last == name || name.is_empty());
            if !is_own {
                let reason = format!(
                    "starts the install in {}, which may be another one than this",
                    shown(said.value)
                );
                self.unclear(said.path, reason);
            }
        }
    }

    fn place_launchpad(&mut self) {
        let mut said = self.said_by_scripts(LAUNCHPAD_OPTION);
        said.extend(self.said(&[SLING_LAUNCHPAD]));
        let root = self.root;
        if let Some((spot, path)) = self.one(SLING_LAUNCHPAD, &said, Some(root)) {
            if let Spot::Unknown(value) = &spot {
                self.unclear(
                    path,
                    format!("names {} as the launchpad, which is not understood", shown(value)),
                );
            }
            (self.launchpad, self.launchpad_by) = (spot, Some(path));
        }
    }

    /// Finds the files that others include, in the order of the names. (`Sling.loadIncludes`)
    fn include(&mut self) {
        let files = self.properties.iter().chain(&self.scripts);
        let settings = files.flat_map(|file| {
            let path = file.path;
            file.statements.settings.iter().map(move |(name, value)| (name, value, path))
        });
        let mut all: Vec<_> =
            settings.filter(|(name, ..)| mover(name) == Some(SLING_INCLUDE)).collect();
        all.sort();
        for (_, value, path) in all {
            let mut names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
            for name in names.by_ref().take(files::INCLUDES_MAX) {
                self.include_one(name, path);
            }
            if names.next().is_some() {
                let max = files::INCLUDES_MAX;
                self.unclear(path, format!("includes more than {max} files; only those were read"));
            }
        }
    }

    fn include_one(&mut self, name: &str, by: &'a str) {
        let spot = self.spot(name, Some(self.root));
        let read = match &spot {
            Spot::Inside(path) => self.files.read(path),
            Spot::Outside(_) | Spot::Unknown(_) => None,
        };
        // It is looked for in the launchpad's jar first, which has this one.
        let is_in_jar = name == "sling_install.properties";
        match read {
            Some(file) => self.includes.push(file),
            None if is_in_jar => {}
            None => {
                let reason = format!(
                    "includes {}, which is not in the source and can move the keys; send it too",
                    shown(spot.text())
                );
                self.gap(by, GapKind::Elsewhere, reason);
            }
        }
    }

    fn place_cache(&mut self) {
        let usual = Spot::Inside(join(self.root, "launchpad/felix"));
        let said = self.said(&[BUNDLE_CACHE, OLD_BUNDLE_CACHE]);
        let (spot, path) = match self.one(BUNDLE_CACHE, &said, None) {
            Some(found) => found,
            None => match (&self.launchpad, self.launchpad_by) {
                (Spot::Inside(launchpad), Some(path)) => {
                    (Spot::Inside(join(launchpad, "felix")), path)
                }
                (Spot::Outside(launchpad), Some(path)) => {
                    (Spot::Outside(format!("{launchpad}/felix")), path)
                }
                _ => return,
            },
        };
        match spot {
            spot if spot == usual => {}
            Spot::Unknown(value) => {
                self.unclear(
                    path,
                    format!(
                        "names {} as the directory of the bundle cache, which is not understood",
                        shown(&value)
                    ),
                );
            }
            Spot::Inside(cache) if self.files.has(&cache) => {
                self.set(BUNDLE_CACHE, cache.clone(), path);
                self.layout.cache = Cache::At(cache);
            }
            spot => {
                self.layout.cache = Cache::Missing;
                let reason = format!(
                    "says that the bundle cache, and storage and keys with it, is in {}, which is not in the source; pack that directory and the install into one archive, with full paths",
                    shown(spot.text())
                );
                self.set(BUNDLE_CACHE, spot.text().to_owned(), path);
                self.gap(path, GapKind::Elsewhere, reason);
            }
        }
    }

    fn place_keys(&mut self) {
        let said = self.said(&[CRYPTO_KEYS_PATH]);
        let Some((spot, path)) = self.one(CRYPTO_KEYS_PATH, &said, None) else { return };
        self.set(CRYPTO_KEYS_PATH, spot.text().to_owned(), path);
        if let Spot::Inside(directory) = spot {
            self.layout.used.extend(KeyName::ALL.map(|name| join(&directory, name.file_name())));
            self.layout.keys = Some(directory);
        }
    }

    fn place(&mut self, name: &str) {
        let said = self.said(&[name]);
        if let Some((spot, path)) = self.one(name, &said, None)
            && !self.is_usual(name, &spot)
        {
            self.set(name, spot.text().to_owned(), path);
        }
    }

    /// Says whether something lies where most installs have it.
    fn is_usual(&self, name: &str, spot: &Spot) -> bool {
        let usual = match name {
            BUNDLE_CACHE | OLD_BUNDLE_CACHE => "launchpad/felix",
            CONFIG_DIRECTORY => "launchpad/config",
            REPOSITORY_HOME => "repository",
            SLING_LAUNCHPAD => "launchpad",
            SLING_HOME => "",
            _ => return false,
        };
        *spot == Spot::Inside(join(self.root, usual))
    }

    fn unread_link(&mut self, path: &str) {
        let (kind, reason) = self.files.why_unread(path);
        self.layout.used.insert(path.to_owned());
        self.gap(path, kind, reason.to_owned());
    }

    /// Tells what is mentioned and not understood, in use or not: nobody knows who else reads a file in `conf`.
    fn doubt(&mut self) {
        let in_use: Vec<File<'a>> =
            self.scripts.iter().chain(&self.properties).chain(&self.includes).copied().collect();
        let paths: BTreeSet<&str> = in_use.iter().map(|file| file.path).collect();
        let is_in_use = |file: &File<'a>| paths.contains(file.path);
        let others = self.files.in_directory(&join(self.root, "conf"));
        let others: Vec<File<'a>> = others.filter(|file| !is_in_use(file)).collect();
        self.layout.used.extend(in_use.iter().chain(&others).map(|file| file.path.to_owned()));
        for path in self.files.unread_links(self.root) {
            self.unread_link(path);
        }
        for file in in_use.iter().chain(&others) {
            let names: Vec<&str> = file.statements.unclear.iter().copied().collect();
            if !names.is_empty() {
                self.unclear(
                    file.path,
                    format!("mentions {} in a form that is not understood", names.join(" and ")),
                );
            }
        }
        let is_known_unused = |file: &File<'a>| {
            file.path.ends_with("conf/sling.properties") && self.layout.properties
        };
        let idle: Vec<File<'a>> = others.into_iter().filter(|f| !is_known_unused(f)).collect();
        for file in idle {
            if let Some(name) = self.moves(&file) {
                self.unclear(
                    file.path,
                    format!("sets {name}, and nothing in the source tells whether it is in use"),
                );
            }
        }
    }

    /// Tells of files of the host, such as a unit of systemd, that move something and that nothing in the source names.
    fn of_host(mut self, used: &BTreeSet<String>) -> Layout {
        for file in self.files.of_host() {
            let unclear = || file.statements.unclear.first().copied();
            if let Some(name) = self.moves(&file).or_else(unclear)
                && !used.contains(file.path)
            {
                let reason = format!(
                    "mentions {name}, and nothing in the source tells which install it is for"
                );
                self.layout.used.insert(file.path.to_owned());
                self.unclear(file.path, reason);
            }
        }
        self.layout
    }

    /// Returns a name to which a file gives another value than the usual one.
    fn moves(&self, file: &File<'a>) -> Option<&'static str> {
        let mut settings = file.statements.settings.iter();
        settings.find_map(|(name, value)| {
            let found = mover(name).filter(|found| *found != CRYPTO_FILE_DISABLE)?;
            let base = matches!(found, SLING_HOME | SLING_LAUNCHPAD).then_some(self.root);
            let is_quiet = value.is_empty() || self.is_usual(found, &self.spot(value, base));
            (!is_quiet).then_some(found)
        })
    }
}

#[cfg(test)]
mod tests;
