//! OSGi bundles as Felix keeps them on disk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Holds the file `storage` in its data directory.
pub const CRYPTO: &str = "com.adobe.granite.crypto";
/// Holds the files `hmac` and `master` in its data directory.
pub const CRYPTO_FILE: &str = "com.adobe.granite.crypto.file";
/// Every bundle of the crypto support. Six share a prefix, so names are only ever compared whole.
pub const CRYPTO_FAMILY: [&str; 6] = [
    CRYPTO,
    CRYPTO_FILE,
    "com.adobe.granite.crypto.jcr",
    "com.adobe.granite.crypto.config",
    "com.adobe.granite.crypto.extension",
    "com.adobe.granite.crypto.keystore",
];

/// The persistent state of a bundle: what Felix intends at the next start, not what ran.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum BundleState {
    /// 1: uninstalled, files still there; Felix removes the directory at the next start.
    Uninstalled,
    /// 2: not to be started (stopped by hand, never started, or a fragment).
    Installed,
    /// 8: to be started lazily.
    Starting,
    /// 32: to be started.
    Active,
    /// Any other number; Felix treats it as not to be started.
    Other(i64),
}

impl BundleState {
    /// Returns the state that a number in `bundle.info` stands for (OSGi core, `Bundle`).
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Uninstalled,
            2 => Self::Installed,
            8 => Self::Starting,
            32 => Self::Active,
            // Felix never writes 4 or 16, and does not start a bundle with a 16 that was edited in. (run)
            other => Self::Other(other),
        }
    }

    /// Returns `true` if Felix will start the bundle, at once or lazily.
    pub fn is_started(self) -> bool {
        matches!(self, Self::Starting | Self::Active)
    }
}

impl fmt::Display for BundleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uninstalled => f.write_str("uninstalled"),
            Self::Installed => f.write_str("installed"),
            Self::Starting => f.write_str("starting"),
            Self::Active => f.write_str("active"),
            Self::Other(number) => write!(f, "state {number}"),
        }
    }
}

/// How a bundle's symbolic name and version became known.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum IdentifiedBy {
    /// Manifest of the revision that Felix would choose: exact.
    Manifest,
    /// Manifest of another revision: the name is exact, the version may be old.
    OtherRevision,
    /// File name in the location: written once at install, so the version may be stale.
    Location,
}

/// A revision directory such as `version0.1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Revision {
    /// Its directory name.
    pub directory: String,
    /// Symbolic name in its jar's manifest.
    pub symbolic_name: Option<String>,
    /// Version in its jar's manifest.
    pub version: Option<String>,
    /// This is the one Felix would choose.
    pub current: bool,
}

/// Why Felix would delete a bundle directory, `data/` included, at the next start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiscardReason {
    /// `bundle.info` cannot be read; the text says where it fails.
    Info(String),
    /// There is no `bundle.info`.
    NoInfo,
    /// The bundle is marked uninstalled.
    Uninstalled,
    /// The refresh count names revision directories that are not there.
    RefreshMismatch {
        /// The directory Felix would open.
        expected: String,
    },
    /// A directory `version…` whose name does not end in a number.
    StrayRevision(String),
    /// The current revision's `revision.location` is missing.
    NoRevisionLocation(String),
    /// The current revision's `revision.location` has no bytes.
    EmptyRevisionLocation(String),
    /// The current revision's `revision.location` is a reference to what is no file.
    BadReference(String),
    /// The current revision's `bundle.jar` is empty, cut or not a jar.
    BadJar(String),
    /// The current revision's `bundle.jar` is missing.
    NoJar(String),
    /// No revision directory at all.
    NoRevision,
}

impl fmt::Display for DiscardReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Info(problem) => write!(f, "bundle.info is unreadable ({problem})"),
            Self::NoInfo => f.write_str("bundle.info is missing"),
            Self::Uninstalled => f.write_str("it is marked uninstalled"),
            Self::RefreshMismatch { expected } => {
                write!(f, "bundle.info asks for {expected}, which is not there")
            }
            Self::StrayRevision(name) => write!(f, "the directory {name} has no revision number"),
            Self::NoRevisionLocation(name) => write!(f, "{name}/revision.location is missing"),
            Self::EmptyRevisionLocation(name) => write!(f, "{name}/revision.location is empty"),
            Self::BadReference(name) => {
                write!(f, "{name}/revision.location is a reference to what is no file")
            }
            Self::BadJar(name) => write!(f, "{name}/bundle.jar is empty, cut or not a jar"),
            Self::NoJar(name) => write!(f, "{name}/bundle.jar is missing"),
            Self::NoRevision => f.write_str("it has no version directory"),
        }
    }
}

/// One bundle directory of the Felix cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Number from the first line of `bundle.info`, never from the directory name.
    pub id: Option<u64>,
    /// Directory name, such as `bundle39` or `bundle39.bak`.
    pub directory: String,
    /// Symbolic name, where known.
    pub symbolic_name: Option<String>,
    /// Version, where known.
    pub version: Option<String>,
    /// How the two became known; `None` where they did not.
    pub identified_by: Option<IdentifiedBy>,
    /// Persistent state.
    pub state: Option<BundleState>,
    /// Where it was installed from; not changed by updates.
    pub location: Option<String>,
    /// Revision directories, sorted by name.
    pub revisions: Vec<Revision>,
    /// A fragment is never started; state 2 is normal for it.
    pub fragment: bool,
    /// Its directory was listed, or something of its `data/` was seen: what is not in `data/` is not there.
    pub data_seen: bool,
    /// Why Felix would delete the directory at the next start.
    pub discard: Option<DiscardReason>,
    /// Path of the bundle directory from the install root; from the top of the source where it starts with a slash.
    ///
    /// No source is named and no root, so that instances can share a bundle: see [`super::Snapshot::place_of`].
    pub path: String,
}

impl Bundle {
    /// Returns `true` if the bundle has exactly this symbolic name.
    pub fn is(&self, symbolic_name: &str) -> bool {
        self.symbolic_name.as_deref() == Some(symbolic_name)
    }

    /// Returns `true` if Felix has uninstalled the bundle and only its files remain.
    pub fn is_uninstalled(&self) -> bool {
        self.state == Some(BundleState::Uninstalled)
    }
}
