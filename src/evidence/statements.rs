//! What property files and start scripts state: settings that matter, and names of such that stand in a form nobody understands.

use crate::facts::{
    BUNDLE_CACHE, CACHE_CLEAN, CONFIG_DIRECTORY, CRYPTO_FILE_DISABLE, CRYPTO_KEYS_PATH,
    OLD_BUNDLE_CACHE, REPOSITORY_HOME, SLING_HOME, SLING_INCLUDE, SLING_LAUNCHPAD,
    SLING_PROPERTIES,
};
use crate::limits::Limits;
use std::collections::BTreeSet;

/// What one property file or start script states.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statements {
    /// Settings that matter, as name and value, in file order.
    pub settings: Vec<(String, String)>,
    /// Names that move something, mentioned in a form that is not understood.
    pub unclear: BTreeSet<&'static str>,
    /// Why it may state more than is known, each the end of a sentence on the file.
    pub unseen: BTreeSet<&'static str>,
    /// Variables that a script assigns, for the values that name them.
    pub variables: Vec<(String, String)>,
    /// Other files that a script runs as a part of itself.
    pub sources: Vec<String>,
    /// Those of them without which it goes on.
    pub optional: BTreeSet<String>,
    /// Programs that a script runs, and that may be scripts.
    pub runs: Vec<String>,
    /// Run modes and options of a repository outside the install that it mentions.
    pub stores: Stores,
    /// It names AEM or Java: of other programs, a host has many such files.
    pub names_aem: bool,
}

impl Statements {
    /// Returns `true` if it neither sets nor mentions a name that moves something.
    pub fn moves_nothing(&self) -> bool {
        self.unclear.is_empty() && self.settings.iter().all(|(name, _)| mover(name).is_none())
    }

    /// Returns `true` if there is nothing in it that may move something of an install outside of which it lies, known or not.
    pub fn is_idle(&self) -> bool {
        let names_none = self.unseen.is_empty() && self.needed().next().is_none();
        self.moves_nothing() && (names_none || !self.names_aem)
    }

    /// Returns the other files without which it does not go on.
    pub fn needed(&self) -> impl Iterator<Item = &String> {
        self.sources.iter().filter(|file| !self.optional.contains(*file))
    }

    /// Returns the bytes of text in it, with what it takes to keep them.
    pub fn text_bytes(&self) -> usize {
        let pairs = self.settings.iter().chain(&self.variables);
        let pairs = pairs.map(|(name, value)| pair_bytes(name, value));
        let files = self.sources.iter().chain(&self.optional).chain(&self.runs);
        let files = files.map(|file| pair_bytes(file, ""));
        pairs.chain(files).fold(0, usize::saturating_add)
    }
}

/// It has more than is kept of a file.
pub(super) const TOO_MUCH: &str = "has more settings, variables or names of files than are read";
/// A name is made of variables that are not known.
pub(super) const OPEN_NAME: &str = "gives the JVM an option whose name is only known at the start";
/// Options come from a program.
pub(super) const BY_PROGRAM: &str = "gives the JVM options that a program prints";
/// It cannot be read as text.
pub(super) const ENCODING: &str = "is in an encoding that is not known";

/// Variables come from a cluster of Kubernetes.
pub(super) const BY_CLUSTER: &str =
    "gives the JVM variables of a ConfigMap or Secret, which is not in the file";
/// It is an export of the registry, and not all of its text can be read.
pub(super) const IN_HEX: &str = "has a text of the registry in hex that cannot be read";

/// The launcher's option for the install root, as a name of a setting.
pub const HOME_OPTION: &str = "-c";
/// The launcher's option for the launchpad.
pub const LAUNCHPAD_OPTION: &str = "-i";

/// Names that say where something lies, whether key files are used at all, and whether they outlive a start.
const MOVERS: [&str; 11] = [
    CRYPTO_KEYS_PATH,
    CRYPTO_FILE_DISABLE,
    CONFIG_DIRECTORY,
    BUNDLE_CACHE,
    CACHE_CLEAN,
    OLD_BUNDLE_CACHE,
    SLING_HOME,
    SLING_LAUNCHPAD,
    SLING_PROPERTIES,
    SLING_INCLUDE,
    REPOSITORY_HOME,
];

/// Run modes and beginnings of options with which AEM keeps its repository in a database. The options may come without the run mode:
/// `-r author,crx3,crx3mongo -Doak.mongo.uri=…` is what Adobe writes. (AEM 6.5, Running AEM in Production Ready Mode)
const STORES: [&str; 4] = [CRX3_MONGO, CRX3_RDB, OAK_MONGO, OAK_RDB];
/// The run mode of `MongoDB`.
pub const CRX3_MONGO: &str = "crx3mongo";
/// The run mode of a relational database.
pub const CRX3_RDB: &str = "crx3rdb";
/// How the options of Oak begin that name a `MongoDB`. (`DocumentNodeStoreService`)
pub const OAK_MONGO: &str = "oak.mongo.";
/// How options begin that name a relational database.
pub const OAK_RDB: &str = "oak.rdb.";

/// Which of those a file mentions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stores([bool; STORES.len()]);

impl Stores {
    /// Adds what a text mentions.
    pub(super) fn add(&mut self, text: &str) {
        for (name, is_mentioned) in STORES.iter().zip(&mut self.0) {
            *is_mentioned |= text.contains(name);
        }
    }

    /// Returns their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        STORES.into_iter().zip(self.0).filter(|(_, is)| *is).map(|(name, _)| name)
    }
}

/// Bytes of the shortest name that moves something, `sling.home`.
const NAME_BYTES_MIN: usize = SLING_HOME.len();

pub(super) const KEPT_BYTES_MAX: usize = Limits::DEFAULT.settings_bytes_max;
pub(super) const SETTINGS_MAX: usize = Limits::DEFAULT.settings_max;
/// Bytes that a pair of texts takes beside its characters.
const PAIR_BYTES: usize = 64;
/// Characters of a value that are kept.
pub(super) const VALUE_CHARS_MAX: usize = 1024;

/// Returns the bytes that a pair of texts takes.
pub(super) fn pair_bytes(name: &str, value: &str) -> usize {
    name.len().saturating_add(value.len()).saturating_add(PAIR_BYTES)
}

/// Returns `true` if a text names AEM, what it was called before, or Java.
pub(super) fn names_aem(text: &str) -> bool {
    const NAMES: [&str; 7] = ["cq", "cq5", "cq6", "crx", "java", "javaw", "quickstart"];
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let is = |name: &&str| word.eq_ignore_ascii_case(name);
        word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("aem")) || NAMES.iter().any(is)
    })
}

/// Returns the name that a property has among those that move something.
pub fn mover(name: &str) -> Option<&'static str> {
    let is_include = |mover: &str| {
        mover == SLING_INCLUDE && name.strip_prefix(mover).is_some_and(|rest| rest.starts_with('.'))
    };
    MOVERS.into_iter().find(|mover| *mover == name || is_include(mover))
}

/// Returns the names in a text, each as often as it is mentioned. `${sling.home}` is a use of a setting, and no mention.
pub(super) fn mentions(text: &str) -> impl Iterator<Item = &'static str> {
    // Most words of a script are shorter than any name: to look for each in all of them took most of the time.
    let names = if text.len() < NAME_BYTES_MIN { &[] } else { MOVERS.as_slice() };
    names.iter().copied().flat_map(move |name| {
        text.match_indices(name)
            .filter(move |(at, _)| is_mention(text, *at, name))
            .map(move |_| name)
    })
}

fn is_mention(text: &str, at: usize, name: &str) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let after = text.get(at.saturating_add(name.len())..).unwrap_or_default();
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let begins = before.ends_with("-D") || !before.ends_with(is_part) && !before.ends_with("${");
    let ends = match after.strip_prefix('.') {
        Some(more) => name == SLING_INCLUDE || !more.starts_with(is_part),
        None => !after.starts_with(is_part),
    };
    // It is the name of a file, too.
    let is_file = name == SLING_PROPERTIES && !after.trim_start().starts_with(['=', ':']);
    begins && ends && !is_file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<&'static str> {
        mentions(text).collect()
    }

    #[test]
    fn names_are_mentioned_as_a_whole() {
        assert_eq!(all("x=-Dsling.home=/x sling.home"), [SLING_HOME, SLING_HOME]);
        assert_eq!(all("<p name=\"org.osgi.framework.storage\"/>"), [BUNDLE_CACHE]);
        assert_eq!(all("sling.include.a sling.include=b"), [SLING_INCLUDE, SLING_INCLUDE]);
        for text in [
            "${sling.home}/x",
            "xsling.home sling.home.url sling.homes my.sling.home",
            "org.osgi.framework.storage.cleaner sling.includes",
            "cp conf/sling.properties sling.properties",
            "com.adobe.granite.crypto.file.disabled",
        ] {
            assert_eq!(all(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn stores_are_mentioned_anywhere() {
        let all = |text| {
            let mut stores = Stores::default();
            stores.add(text);
            stores.names().collect::<Vec<_>>()
        };
        assert_eq!(all("-r publish,crx3,crx3mongo"), [CRX3_MONGO]);
        assert_eq!(all("-Doak.mongo.uri=mongodb://h crx3rdb"), [CRX3_RDB, OAK_MONGO]);
        assert_eq!(all("-Doak.rdb.url=jdbc:oracle:x"), [OAK_RDB]);
        assert_eq!(all("-r publish,crx3,crx3tar -Doak.queryLimitReads=1"), [""; 0]);
    }

    #[test]
    fn aem_is_named_by_a_word() {
        for text in ["aem.service", "/opt/AEM65/x", "CQ_JVM_OPTS=", "/usr/bin/java $O", "a/crx-q"] {
            assert!(names_aem(text), "{text}");
        }
        for text in ["", "httpd", "javascript", "acquire", "ae m"] {
            assert!(!names_aem(text), "{text}");
        }
    }

    #[test]
    fn every_include_moves_something() {
        assert_eq!(mover("sling.include.a"), Some(SLING_INCLUDE));
        assert_eq!(mover("sling.include"), Some(SLING_INCLUDE));
        assert_eq!(mover("sling.includes"), None);
        assert_eq!(mover(CRYPTO_KEYS_PATH), Some(CRYPTO_KEYS_PATH));
        assert!(MOVERS.iter().all(|name| name.len() >= NAME_BYTES_MIN));
    }
}
