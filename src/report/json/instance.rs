//! An instance, on the wire.

use super::config::{self, WireConfiguration, WireToken};
use super::log::WireLog;
use super::repository::{WireNodeStore, WireRepository, WireUsers};
use super::secrets::WireSecret;
use crate::facts::{
    Bundle, CRYPTO_FILE, Hex, IdentifiedBy, JcrKey, KeyFile, KeyName, LineEnd, Repository, Role,
    Snapshot, StorageMode,
};
use crate::farm::{Holders, KeyState, Member};
use schemars::JsonSchema;
use serde::Serialize;

/// One AEM installation, as its snapshot shows it. What is null is not in the snapshot.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Instance")]
pub(super) struct WireInstance<'a> {
    name: &'a str,
    /// The source it came in.
    source: &'a str,
    /// The path of its install root in the source; empty where the source starts there.
    root: &'a str,
    /// Everything that was packed of it was read.
    complete: bool,
    /// No checksum over what was read failed.
    verified: bool,
    #[schemars(with = "Option<Role>")]
    role: Option<String>,
    /// Install run modes.
    run_modes: &'a [String],
    /// The base version; service packs do not show.
    aem_version: Option<&'a str>,
    sling_id: Option<&'a str>,
    port: Option<u16>,
    java_version: Option<u32>,
    /// Milliseconds since 1970.
    last_start_ms: Option<u64>,
    storage: WireStorage<'a>,
    keys: WireKeys<'a>,
    /// By number; those without one come first.
    bundles: Vec<WireBundle<'a>>,
    token: WireToken<'a>,
    configurations: Vec<WireConfiguration<'a>>,
    log: Option<WireLog<'a>>,
    repository: Option<WireRepository<'a>>,
    node_store: Option<WireNodeStore<'a>>,
    /// Every protected value, and which keys open it.
    secrets: Vec<WireSecret<'a>>,
    /// The users in its repository; null where they were not read.
    users: Option<WireUsers>,
}

/// Where it keeps its keys, by its file `storage`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Storage")]
struct WireStorage<'a> {
    #[schemars(extend("enum" = ["bundle", "jcr", "unknown", "absent"]))]
    mode: &'static str,
    /// The file ends in a line end, which it must not have.
    trailing_newline: bool,
    /// The length of the file.
    bytes: Option<u64>,
    place: Option<&'a str>,
}

/// Every file of a key's name in a bundle's data directory, and the keys in the repository.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Keys")]
struct WireKeys<'a> {
    hmac: Vec<WireKey<'a>>,
    master: Vec<WireKey<'a>>,
}

/// A key: its length and digests.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Key")]
struct WireKey<'a> {
    /// In the bundle where it belongs, in another one, in the directory that a setting names, or in the repository.
    #[schemars(extend("enum" = ["bundle", "misplaced", "moved", "jcr"]))]
    origin: &'static str,
    bytes: u64,
    #[schemars(with = "Hex<16>")]
    md5: String,
    #[schemars(with = "Hex<32>")]
    sha256: String,
    /// It ends in a line end that is no part of the key.
    trailing_newline: bool,
    place: &'a str,
    /// Its property in the repository; null for a file.
    jcr_path: Option<String>,
}

/// An OSGi bundle, as Felix would see it at the next start.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Bundle")]
struct WireBundle<'a> {
    id: Option<u64>,
    symbolic_name: Option<&'a str>,
    version: Option<&'a str>,
    /// What Felix intends: `uninstalled`, `installed`, `starting`, `active`, or `state` and a number.
    state: Option<String>,
    /// Where it was installed from.
    location: Option<&'a str>,
    place: String,
    /// What tells its name and version.
    #[schemars(with = "Option<IdentifiedBy>")]
    identified_by: Option<&'static str>,
    /// The directory of the revision that Felix would choose.
    revision: Option<&'a str>,
    fragment: bool,
    /// Why Felix would delete its directory at the next start.
    discard: Option<String>,
}

impl<'a> WireInstance<'a> {
    /// Shows an instance of a farm whose keys lie there.
    pub(super) fn new(member: &'a Member, holders: &Holders<'a>) -> Self {
        let snapshot = &member.snapshot;
        Self {
            name: &member.name,
            source: &snapshot.source,
            root: &snapshot.root,
            complete: snapshot.is_complete(),
            verified: snapshot.is_verified(),
            role: snapshot.role().map(|role| role.to_string()),
            run_modes: snapshot.run_modes.as_ref().map_or(&[], |modes| &modes.selected),
            aem_version: snapshot.aem_version(),
            sling_id: snapshot.sling_id.as_ref().map(|id| id.uuid.as_str()),
            port: port(snapshot),
            java_version: snapshot.java_major,
            last_start_ms: snapshot.last_start_ms,
            storage: storage(member),
            keys: WireKeys {
                hmac: keys(member, KeyName::Hmac),
                master: keys(member, KeyName::Master),
            },
            bundles: bundles(snapshot),
            token: WireToken::from(snapshot),
            configurations: config::configurations(snapshot),
            log: snapshot.log.as_ref().map(WireLog::from),
            repository: snapshot.repository.as_ref().map(WireRepository::from),
            node_store: snapshot.node_store.as_ref().map(WireNodeStore::from),
            users: snapshot.repository.as_ref().and_then(WireUsers::of),
            secrets: holders.secrets(member).iter().map(WireSecret::from).collect(),
        }
    }
}

/// Returns the bundles by number; those without one come first.
fn bundles(snapshot: &Snapshot) -> Vec<WireBundle<'_>> {
    let mut bundles: Vec<&Bundle> = snapshot.bundles.iter().collect();
    bundles.sort_by_key(|bundle| bundle.id);
    bundles.into_iter().map(|bundle| WireBundle::of(snapshot, bundle)).collect()
}

/// The port of `sling.properties` is the same default everywhere; a start script names the one in use.
fn port(snapshot: &Snapshot) -> Option<u16> {
    snapshot.setting("CQ_PORT")?.value.parse().ok()
}

fn storage(member: &Member) -> WireStorage<'_> {
    let Some(file) = member.storage() else {
        let cell_absent = member.is_storage_absent();
        let mode = if cell_absent { "absent" } else { "unknown" };
        return WireStorage { mode, trailing_newline: false, bytes: None, place: None };
    };
    WireStorage {
        mode: match file.storage.mode {
            StorageMode::Bundle => "bundle",
            StorageMode::Jcr => "jcr",
            StorageMode::Unknown => "unknown",
        },
        trailing_newline: file.storage.line_end.is_some(),
        bytes: Some(file.storage.bytes),
        place: Some(&file.place.path),
    }
}

fn keys(member: &Member, name: KeyName) -> Vec<WireKey<'_>> {
    let snapshot = &member.snapshot;
    let files = snapshot.all_key_files().filter(|file| file.name == name);
    let jcr = member.snapshot.repository.iter().filter_map(|r| Some((r, r.key(name)?)));
    let jcr = jcr.map(|(repository, key)| jcr_key(repository, key));
    files.map(|file| key(member, file)).chain(jcr).collect()
}

fn key<'a>(member: &'a Member, file: &'a KeyFile) -> WireKey<'a> {
    let stray: Option<LineEnd> = match member.key(file.name) {
        KeyState::Known(key) if *key.place() == file.place => key.line_end(),
        _ => None,
    };
    WireKey {
        origin: if member.snapshot.is_misplaced(&file.directory, CRYPTO_FILE) {
            "misplaced"
        } else if file.directory.is_empty() {
            "moved"
        } else {
            "bundle"
        },
        bytes: file.digest.whole.bytes,
        md5: file.digest.whole.md5.to_string(),
        sha256: file.digest.whole.sha256.to_string(),
        trailing_newline: stray.is_some(),
        place: &file.place.path,
        jcr_path: None,
    }
}

/// A key in the repository, whether the instance works with it or not.
fn jcr_key<'a>(repository: &'a Repository, key: &JcrKey) -> WireKey<'a> {
    WireKey {
        origin: "jcr",
        bytes: key.digest.whole.bytes,
        md5: key.digest.whole.md5.to_string(),
        sha256: key.digest.whole.sha256.to_string(),
        trailing_newline: false,
        place: &repository.place.path,
        jcr_path: Some(key.path()),
    }
}

impl<'a> WireBundle<'a> {
    fn of(snapshot: &Snapshot, bundle: &'a Bundle) -> Self {
        Self {
            id: bundle.id,
            symbolic_name: bundle.symbolic_name.as_deref(),
            version: bundle.version.as_deref(),
            state: bundle.state.map(|state| state.to_string()),
            location: bundle.location.as_deref(),
            place: snapshot.path_of(bundle),
            identified_by: bundle.identified_by.map(|by| match by {
                IdentifiedBy::Manifest => "manifest",
                IdentifiedBy::OtherRevision => "other-revision",
                IdentifiedBy::Location => "location",
            }),
            revision: bundle.revisions.iter().find(|r| r.current).map(|r| r.directory.as_str()),
            fragment: bundle.fragment,
            discard: bundle.discard.as_ref().map(ToString::to_string),
        }
    }
}
