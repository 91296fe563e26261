//! The files that matter: how each kind is found by its path, how much of it is read, and what it says.
//!
//! One kind of evidence is one file: a value of [`Kind`] with a path pattern, a size bound and a parser from complete bytes
//! to one [`Fact`]. [`KINDS`] lists them all.

mod bundle_cache;
mod bundle_dir;
mod bundle_info;
mod bundle_values;
mod container;
mod cursor;
mod data_dir;
mod feature;
mod felix_config;
mod inflate;
mod jar;
mod java_object;
mod java_version;
mod kept_text;
mod key;
mod key_alterations;
mod key_decodings;
mod key_masters;
mod key_spellings;
mod key_text;
mod key_traces;
mod log;
mod manifest;
mod path;
mod properties;
mod registry;
mod revision;
#[cfg(test)]
mod samples;
mod script;
mod server;
mod sling_id;
mod sling_options;
mod sources;
mod start_script;
mod statements;
mod storage;
mod stray_key;
mod text;
mod timestamp;

pub use bundle_cache::{BundleParts, Packing, RevisionParts, assemble};
pub use bundle_info::{BundleInfo, LastModified};
pub use cursor::{ParseError, Problem};
pub use feature::FEATURE_MODEL;
pub use felix_config::{
    Config, ConfigFile, ConfigReadings, Deviation, Generation, IgnoredConfig, Installed,
    StoredConfig, StoredProperty, concerns_store, is_for_run_modes, may_matter, protected_values,
    standby_pid, store_pid,
};
pub use jar::Jar;
pub use key::{Fingerprint, KEY_COPY, copied_key, digest_key, fingerprint, is_key};
pub use key_masters::masters;
pub use key_text::digest;
pub use key_traces::KeyTraces;
pub use log::{SIGNATURES, Signature, is_of_requests};
pub use path::{
    Holds, SEGMENT_STORE, SPLIT_STORE, STORE_DIRECTORIES, holds, implied_revision, is_aside,
    is_barren, is_in_barren, is_repository, is_segment_store, is_stored, may_hold, segment_store,
};
pub use properties::settings as named_settings;
pub use revision::RevisionLocation;
pub use statements::{
    CRX3_MONGO, CRX3_RDB, HOME_OPTION, LAUNCHPAD_OPTION, OAK_MONGO, OAK_RDB, Statements, mover,
};

use crate::facts::{KeyDigest, KeyName, LogFile, Storage};
use std::sync::LazyLock;

/// Every kind of evidence.
pub const KINDS: &[Kind] = &[
    bundle_info::KIND,
    bundle_values::KIND,
    bundle_dir::KIND,
    revision::DIRECTORY,
    revision::LOCATION,
    jar::KIND,
    data_dir::KIND,
    storage::KIND,
    key::KIND,
    sling_id::KIND,
    sling_options::KIND,
    properties::KIND,
    feature::KIND,
    start_script::KIND,
    timestamp::KIND,
    java_version::KIND,
    felix_config::KIND,
    felix_config::INSTALLED,
    log::KIND,
];

/// Returns the kind of evidence that a path is, if any. `path` is normalised: relative, `/`-separated.
///
/// Finds nothing below a directory for which [`may_hold`] is false. Nearly all paths are rejected by their last component.
pub fn classify(path: &str) -> Option<(&'static Kind, Found<'_>)> {
    let (directory, name) = path::split(path);
    let begins_so = BY_FIRST_BYTE.get(usize::from(*name.as_bytes().first()?))?;
    let mut kinds = begins_so.iter().filter(|kind| kind.names.may_be(name));
    let (kind, found) = kinds.find_map(|kind| Some((*kind, (kind.find)(path)?)))?;
    // Asked last, since it looks at every part of a path, and nearly all paths are no evidence.
    (holds(directory) == Holds::Evidence).then_some((kind, found))
}

/// For each byte that a name may begin with, the kinds that have names of that beginning, in the order of [`KINDS`].
static BY_FIRST_BYTE: LazyLock<Vec<Vec<&Kind>>> = LazyLock::new(|| {
    let kinds = |byte| KINDS.iter().filter(|kind| kind.names.may_begin(byte)).collect();
    (0..=u8::MAX).map(kinds).collect()
});

/// Kinds of small files that may matter wherever they lie: a property file or a script of the install may name them.
const SMALL_KINDS: [&Kind; 5] =
    [&stray_key::SMALL, &key::SMALL, &properties::SMALL, &start_script::SMALL, &server::SMALL];

/// Returns the kind of small file that a path is for which [`classify`] finds none.
pub fn classify_small(path: &str) -> Option<(&'static Kind, Found<'_>)> {
    let (kind, found) =
        SMALL_KINDS.into_iter().find_map(|kind| Some((kind, (kind.find)(path)?)))?;
    let directory = path::split(path).0;
    let holds = holds(directory);
    // Bundles keep thousands of files of any name, and configurations have directories of any name.
    let is_of_any_name = found.bundle.is_empty() && kind.name != key::SMALL.name;
    let is_apart = is_of_any_name && path::split(directory).1 == path::DATA
        || path::below_config(path).is_some()
        || path::below_bundle_config(path).is_some()
        || kind.name != key::SMALL.name && holds == Holds::MisplacedKeys;
    (!is_apart && holds != Holds::Nothing).then_some((kind, found))
}

/// Returns `true` if files of a kind are scripts.
pub fn is_script(kind: &Kind) -> bool {
    [start_script::KIND.name, start_script::SMALL.name].contains(&kind.name)
}

/// Returns `true` if files of a kind are of other programs: they count where they mention what moves something, and nowhere else.
pub fn is_of_server(kind: &Kind) -> bool {
    kind.name == server::SMALL.name
}

/// One kind of evidence.
pub struct Kind {
    /// Its name, for messages.
    pub name: &'static str,
    /// What the last part of its path is.
    pub names: Names,
    /// How much of an entry is read.
    pub reads: Reads,
    /// Recognises a path whose last part is one of `names`.
    pub find: fn(&str) -> Option<Found<'_>>,
    /// Says what the bytes mean.
    pub parse: fn(&Found<'_>, &[u8]) -> Result<Fact, ParseError>,
}

/// What the last part of a path must be to be looked at further. Of every entry of every source it is asked first.
#[derive(Debug, Clone, Copy)]
pub enum Names {
    /// One of these.
    Are(&'static [&'static str]),
    /// It begins with one of these; case does not matter.
    Begin(&'static [&'static str]),
    /// One of these, each with its dot, is an ending of it, the last one or not; case does not matter.
    End(&'static [&'static str]),
    /// Anything.
    Any,
}

impl Names {
    /// Returns `true` if some name of these may begin with this byte.
    fn may_begin(self, byte: u8) -> bool {
        let begins =
            |name: &str| name.as_bytes().first().is_some_and(|b| b.eq_ignore_ascii_case(&byte));
        match self {
            Self::Are(names) | Self::Begin(names) => names.iter().any(|name| begins(name)),
            Self::End(_) | Self::Any => true,
        }
    }

    fn may_be(self, name: &str) -> bool {
        let begins = |start: &str| {
            let head = name.as_bytes().get(..start.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
        };
        match self {
            Self::Are(names) => names.contains(&name),
            Self::Begin(starts) => starts.iter().any(|start| begins(start)),
            Self::End(ends) => name.char_indices().any(|(at, c)| {
                let behind = |end: &str| name.as_bytes().get(at..at.saturating_add(end.len()));
                let is_end = |end: &&str| {
                    behind(end).is_some_and(|own| own.eq_ignore_ascii_case(end.as_bytes()))
                };
                c == '.' && ends.iter().any(is_end)
            }),
            Self::Any => true,
        }
    }
}

/// How much of an entry is read.
#[derive(Debug, Clone, Copy)]
pub enum Reads {
    /// A directory: that it is there is all that counts; `parse` gets no bytes.
    Presence,
    /// All of a file of at most so many bytes; a larger one is no real one.
    Whole(u64),
    /// The first bytes of a file; fewer than this means that the parser sees all of it.
    Prefix(u64),
    /// All of a file of at most so many bytes, which may be one of the install's; a larger one, or anything but a file, is not.
    Small(u64),
    /// All of a file of any length, as it comes, by what this makes. `parse` does the same with bytes that are there already.
    Stream(fn() -> Box<dyn Scan>),
}

/// Reads one file piece by piece.
pub trait Scan {
    /// Takes the next bytes; pieces may be of any size.
    fn push(&mut self, bytes: &[u8]);

    /// Says what the bytes meant.
    fn finish(self: Box<Self>) -> Scanned;
}

/// What a file that was read piece by piece says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The fact, from all that could be read.
    pub fact: Fact,
    /// Why not all of it could be read: one sentence without a full stop.
    pub problem: Option<String>,
}

/// A path that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'p> {
    /// The install root: the directory that stands for `crx-quickstart`, empty when the source starts inside it.
    pub root: &'p str,
    /// The bundle directory's name, such as `bundle39`; empty for what belongs to no bundle.
    pub bundle: &'p str,
    /// The part that distinguishes entries of one kind: the file name, or the revision directory's name.
    pub name: &'p str,
}

/// What one piece of evidence says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A directory is there.
    Seen,
    /// `bundle.info`.
    BundleInfo(Box<BundleInfo>),
    /// One of the single-value files that Felix wrote before 4.0; trimmed text.
    BundleValue(String),
    /// `revision.location`.
    RevisionLocation(RevisionLocation),
    /// The manifest of a `bundle.jar`.
    Jar(Jar),
    /// `storage`.
    Storage(Storage),
    /// `hmac` or `master`, digested.
    Key(KeyName, Box<KeyDigest>),
    /// What may be one of them by its name, and is not in its place.
    StrayKey(KeyName, Box<KeyDigest>),
    /// `sling.id.file`: canonical lower-case UUID.
    SlingId(String),
    /// `sling.options.file`: the selected mode of each group.
    RunModes(Vec<String>),
    /// What a property file or a start script states.
    Settings(Box<Statements>),
    /// `launchpad-timestamp.txt`, milliseconds since 1970.
    LastStart(u64),
    /// `last.java.version`.
    JavaMajor(u32),
    /// A file below `launchpad/config`.
    Config(ConfigReadings),
    /// A configuration of a node store in `install`.
    Installed(Installed),
    /// A log file.
    Log(Box<LogFile>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn screen_of_names_lets_all_evidence_pass(parts in prop::collection::vec(part(), 1..7)) {
            let path = parts.join("/");
            let name = path::split(&path).1;
            for kind in KINDS.iter().filter(|kind| (kind.find)(&path).is_some()) {
                prop_assert!(kind.names.may_be(name), "{}: {path}", kind.name);
            }
        }

        #[test]
        fn kind_is_the_first_of_all_that_finds_a_path(parts in prop::collection::vec(part(), 1..7)) {
            let path = parts.join("/");
            let mut kinds = KINDS.iter().map(|kind| (kind, (kind.find)(&path)));
            let first = kinds.find_map(|(kind, found)| Some((kind.name, found?)));
            let directory = path::split(&path).0;
            let first = first.filter(|_| holds(directory) == Holds::Evidence);
            prop_assert_eq!(classify(&path).map(|(kind, found)| (kind.name, found)), first, "{}", path);
        }
    }

    const ENDS: [&str; 10] =
        ["", "", "", "7", "0.0", ".bat", ".1.gz", ".config", ".config.json", "-a.cfg"];

    fn part() -> impl Strategy<Value = String> {
        let exact = KINDS.iter().flat_map(|kind| match kind.names {
            Names::Are(names) | Names::Begin(names) | Names::End(names) => names,
            Names::Any => &[],
        });
        let around = [
            "crx-quickstart",
            "launchpad",
            "felix",
            "conf",
            "bin",
            "opt",
            "helpers",
            "install",
            "config",
            "logs",
            "bundle0",
            "bundle7",
        ];
        let known: Vec<&'static str> = exact.copied().chain(around).collect();
        (prop::sample::select(known), prop::sample::select(&ENDS[..]), any::<bool>()).prop_map(
            |(name, end, is_upper)| {
                let name = format!("{name}{end}");
                if is_upper && name.starts_with(['s', 'q', 'i']) {
                    name.to_uppercase()
                } else {
                    name
                }
            },
        )
    }
}
