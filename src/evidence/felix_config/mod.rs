//! `launchpad/config/**/*.config`: OSGi configurations, as Felix ConfigAdmin keeps them.
//!
//! Where `felix.cm.dir` is not set, as with Sling's feature launcher, they are in `bundle<N>/data/config` of ConfigAdmin's own bundle.
//!
//! All active configurations are there, those that came from packages or the repository too. The PID in the file says what it
//! is; Felix ignores a file that does not lie where its PID says, and so does this reader. Values are secrets unless listed.

mod grammar;
mod installed;
mod pid;
mod stored;
#[cfg(test)]
mod tests;
mod wanted;

pub use grammar::{Deviation, Generation};
pub use installed::{Installed, concerns_store, is_for_run_modes, standby_pid, store_pid};
pub use stored::{StoredConfig, StoredProperty};
pub use wanted::protected_values;

pub(super) use installed::KIND as INSTALLED;

use super::{Fact, Found, Kind, Names, ParseError, Reads, path, text};
use crate::facts::{Configuration, Digest, Place, ProtectedValue, SecretState};
use crate::wiped::Wiped;
use grammar::{Dictionary, Folded, Scalar};
use pid::{Fit, SUFFIX};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub(super) const KIND: Kind = Kind {
    name: "configuration",
    names: Names::End(&[SUFFIX]),
    // The 434 files of an install have 189 KB together.
    reads: Reads::Whole(1 << 20),
    find,
    parse,
};

/// Bytes of a digest as reports show it, with what is around it.
const DIGEST_BYTES: usize = 200;
const PID_CHARS_MAX: usize = 512;
/// ConfigAdmin's own table of PIDs and locations of bundles, which is no configuration. (`DynamicBindings`)
const BINDINGS: &str = "org_apache_felix_cm_impl_DynamicBindings.config";
/// Ends the name of a file that is being written.
const LEFTOVER: &str = ".tmp";
/// Set as long as a configuration was created, but never filled; Felix then gives no values out.
const NEW: &str = "_felix_.cm.newConfiguration";

/// Returns `true` if a file may be the configuration of a component that rules ask for, by its path alone.
pub fn may_matter(path: &str) -> bool {
    // A Windows edition of Felix wrote `com` so.
    let path = path.replace("%0063om", "com");
    // Of the PIDs that matter, no other part begins like a device of Windows.
    wanted::WANTED.iter().any(|wanted| path.contains(&wanted.pid.replace('.', "/")))
}

/// What a file below `launchpad/config` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigFile {
    /// Felix does not use it.
    Ignored(IgnoredConfig),
    /// A configuration.
    Used(Box<Config>),
}

/// What the generations of ConfigAdmin take a file for. One that Felix wrote is the same to all that may be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigReadings {
    /// To the newest.
    pub newest: ConfigFile,
    /// Where the file is not what Felix writes.
    pub deviations: BTreeSet<Deviation>,
    /// To older ones, where that is something else.
    older: BTreeMap<Generation, ConfigFile>,
    /// No reader of [`Generation::Plain`] is there: only newer versions write such a file.
    is_newer: bool,
}

impl ConfigReadings {
    fn of(stem: &str, bytes: &[u8]) -> Result<Self, ParseError> {
        let dictionary = grammar::read(bytes, Generation::Blanks)?;
        let newest = file(stem, &dictionary)?;
        let mut older = BTreeMap::new();
        let read_as = |generation| {
            let read = grammar::read(bytes, generation);
            let read = read.and_then(|dictionary| file(stem, &dictionary));
            // Felix ignores a file that its reader fails on.
            read.unwrap_or(ConfigFile::Ignored(IgnoredConfig::Unreadable))
        };
        for generation in Generation::OLDER {
            let read = match (dictionary.folded, generation) {
                _ if dictionary.divides() => read_as(generation),
                // Most files have such lists: Felix writes them since 1.8.6. Reading them all again took a tenth of a scan.
                (Folded::Fatal, Generation::Plain) => {
                    ConfigFile::Ignored(IgnoredConfig::Unreadable)
                }
                (Folded::Misread, Generation::Plain) => read_as(generation),
                _ => continue,
            };
            if read != newest {
                older.insert(generation, read);
            }
        }
        let Dictionary { deviations, folded, .. } = dictionary;
        Ok(Self { newest, deviations, older, is_newer: folded != Folded::None })
    }

    /// Returns what the file is to this generation; `None` where that is not known, and it matters which one it is.
    pub fn to(&self, generation: Option<Generation>) -> Option<&ConfigFile> {
        match generation {
            Some(generation) => Some(self.older.get(&generation).unwrap_or(&self.newest)),
            None => self.since(Generation::Plain),
        }
    }

    /// Returns what the file is to this generation or a newer one; `None` where it matters which of them it is.
    pub fn since(&self, oldest: Generation) -> Option<&ConfigFile> {
        let is_open = |(older, file): (&Generation, &ConfigFile)| {
            let is_possible = *older >= oldest && (!self.is_newer || *older != Generation::Plain);
            is_possible && (file.matters() || self.newest.matters())
        };
        (!self.older.iter().any(is_open)).then_some(&self.newest)
    }

    /// Returns `true` if some generation takes the file for a configuration.
    pub fn may_be_used(&self) -> bool {
        let mut files = std::iter::once(&self.newest).chain(self.older.values());
        files.any(|file| matches!(file, ConfigFile::Used(_)))
    }

    /// Takes out the protected values of all: see [`Config::take_ciphertexts`].
    pub fn take_ciphertexts(&mut self) -> Vec<(Digest, Wiped)> {
        let files = std::iter::once(&mut self.newest).chain(self.older.values_mut());
        let used = files.filter_map(|file| match file {
            ConfigFile::Used(config) => Some(config.take_ciphertexts()),
            ConfigFile::Ignored(_) => None,
        });
        used.flatten().collect()
    }

    /// Returns the bytes of what is kept of all.
    pub(in crate::evidence) fn kept_bytes(&self) -> usize {
        let files = std::iter::once(&self.newest).chain(self.older.values());
        let used = files.map(|file| match file {
            ConfigFile::Used(config) => config.kept_bytes(),
            ConfigFile::Ignored(_) => 0,
        });
        used.sum()
    }
}

impl ConfigFile {
    fn matters(&self) -> bool {
        matches!(self, Self::Used(config) if config.matters())
    }
}

impl From<IgnoredConfig> for ConfigReadings {
    fn from(why: IgnoredConfig) -> Self {
        let newest = ConfigFile::Ignored(why);
        let (deviations, older) = (BTreeSet::new(), BTreeMap::new());
        Self { newest, deviations, older, is_newer: false }
    }
}

/// Why Felix does not use a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IgnoredConfig {
    /// What an interrupted write left behind.
    Leftover,
    /// A name that does not end in `.config`.
    OtherName,
    /// The index of a factory, which ConfigAdmin up to 1.8 kept.
    FactoryIndex,
    /// No PID in it.
    NoPid,
    /// Its PID belongs at another path.
    OtherPlace,
    /// A name that other versions of ConfigAdmin give its PID.
    OtherEncoding,
    /// It lies in the data of a bundle, where ConfigAdmin does not keep them here.
    OtherBundle,
    /// `felix.cm.dir` in `sling.properties` names another directory.
    OtherDirectory,
    /// The reader of its ConfigAdmin fails on it.
    Unreadable,
}

impl fmt::Display for IgnoredConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leftover => "is what an interrupted write left behind",
            Self::OtherName => "is named like a configuration, but does not end in .config",
            Self::FactoryIndex => "is the index of a factory, not a configuration",
            Self::NoPid => "has no service.pid",
            Self::OtherPlace => "has a service.pid that belongs at another path",
            Self::OtherEncoding => {
                "is a configuration under a file name that Felix does not look for here"
            }
            Self::OtherBundle => {
                "lies in the data of a bundle that is not ConfigAdmin's, or beside configurations in launchpad/config"
            }
            Self::OtherDirectory => {
                "lies in launchpad/config, while felix.cm.dir in sling.properties names another directory, which is not read"
            }
            Self::Unreadable => "cannot be read by the ConfigAdmin of this instance",
        })
    }
}

/// What is kept of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Its PID.
    pub pid: String,
    /// Its place is the one that Felix on Windows gives it.
    pub windows: bool,
    /// It is for a component that matters.
    pub wanted: bool,
    factory_pid: Option<String>,
    properties: BTreeMap<String, Vec<String>>,
    secrets: BTreeMap<String, SecretState>,
    protected: Vec<ProtectedValue>,
    ciphertexts: Vec<(Digest, Wiped)>,
}

impl Config {
    /// Returns the protected values in it.
    pub fn protected(&self) -> &[ProtectedValue] {
        &self.protected
    }

    /// Takes out the protected values themselves, each with its digest: they are tried, and are no fact.
    pub fn take_ciphertexts(&mut self) -> Vec<(Digest, Wiped)> {
        std::mem::take(&mut self.ciphertexts)
    }

    /// Returns `true` if there is anything to report of it.
    pub fn matters(&self) -> bool {
        self.wanted || !self.secrets.is_empty() || !self.protected.is_empty()
    }

    /// Returns the bytes of its values and of the digests of those that are protected.
    pub(in crate::evidence) fn kept_bytes(&self) -> usize {
        let values = self.properties.values().flatten().map(String::len);
        let digests =
            self.protected.iter().map(|value| value.property.len().saturating_add(DIGEST_BYTES));
        values.chain(digests).sum()
    }

    /// Makes the fact of it.
    pub fn at(&self, place: Place) -> Configuration {
        Configuration {
            pid: self.pid.clone(),
            factory_pid: self.factory_pid.clone(),
            properties: self.properties.clone(),
            secrets: self.secrets.clone(),
            protected: self.protected.clone(),
            jcr_path: None,
            same_since_ms: None,
            place,
        }
    }
}

fn find(path: &str) -> Option<Found<'_>> {
    // ConfigAdmin writes `X.config<number>.tmp` first and then renames it; a crash leaves that
    // file.
    if !path::split(path).1.contains(SUFFIX) {
        return None;
    }
    let central = path::below_config(path).map(|(root, name)| Found { root, bundle: "", name });
    let of_bundle = || {
        let (directory, name) = path::below_bundle_config(path)?;
        Some(Found { root: directory.root, bundle: directory.name, name })
    };
    let found = central.or_else(of_bundle)?;
    (found.name != BINDINGS).then_some(found)
}

fn parse(found: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let readings = match found.name.strip_suffix(SUFFIX) {
        Some(stem) => ConfigReadings::of(stem, bytes)?,
        None if found.name.ends_with(LEFTOVER) => IgnoredConfig::Leftover.into(),
        None => IgnoredConfig::OtherName.into(),
    };
    Ok(Fact::Config(readings))
}

/// Says what a file is by its entries.
fn file(stem: &str, dictionary: &Dictionary) -> Result<ConfigFile, ParseError> {
    let ignored = |why| Ok(ConfigFile::Ignored(why));
    let Some(pid) = dictionary.text("service.pid") else {
        // ConfigAdmin up to 1.8.16 kept such an index, and newer versions leave the old file where
        // it is.
        let is_index = dictionary.get("factory.pid").is_some();
        return ignored(if is_index { IgnoredConfig::FactoryIndex } else { IgnoredConfig::NoPid });
    };
    match pid::fit(stem, pid) {
        Fit::None => ignored(IgnoredConfig::OtherPlace),
        fit => {
            let factory_pid = dictionary.text("service.factoryPid");
            let config = config(pid, factory_pid, fit == Fit::Windows, dictionary)?;
            Ok(ConfigFile::Used(Box::new(config)))
        }
    }
}

fn config(
    pid: &str,
    factory_pid: Option<&str>,
    windows: bool,
    dictionary: &Dictionary,
) -> Result<Config, ParseError> {
    let wanted = wanted::wanted(pid, factory_pid);
    let mut config = Config {
        pid: text::cut(pid, PID_CHARS_MAX),
        windows,
        wanted: wanted.is_some(),
        factory_pid: factory_pid.map(|pid| text::cut(pid, PID_CHARS_MAX)),
        properties: BTreeMap::new(),
        secrets: BTreeMap::new(),
        protected: Vec::new(),
        ciphertexts: Vec::new(),
    };
    if is_new(dictionary) {
        config.wanted = false;
        return Ok(config);
    }
    config.properties =
        wanted.map(|wanted| wanted::properties(wanted, dictionary)).unwrap_or_default();
    config.secrets = wanted::secrets(wanted, dictionary);
    (config.protected, config.ciphertexts) = wanted::protected(dictionary)?;
    Ok(config)
}

fn is_new(dictionary: &Dictionary) -> bool {
    let entry = dictionary.get(NEW);
    entry.is_some_and(|entry| entry.values.contains(&Scalar::Boolean(true)))
}
