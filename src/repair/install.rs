//! Where the crypto files of an instance belong.

use super::on_instance;
use crate::facts::{Bundle, CRYPTO, CRYPTO_FILE, CRYPTO_KEYS_PATH, KeyName, Snapshot};
use crate::farm::{Member, ONLY_FARM};

/// The paths of an instance that a repair needs, as they are on the instance.
pub(super) struct Install {
    /// The directory of `hmac` and `master`; `None` where the number of its bundle is not known, or where a setting leads out of the source.
    pub(super) keys: Option<String>,
    /// The directory of `storage`; `None` where the number of its bundle is not known.
    pub(super) storage: Option<String>,
    /// What is replaced is kept there.
    pub(super) backup: String,
}

impl Install {
    pub(super) fn of(farm: &str, member: &Member) -> Self {
        let snapshot = &member.snapshot;
        let local = |path: String| on_instance(&path).to_owned();
        // Farms may be repaired from one directory, and the name of an instance is unique in its farm alone. Two dashes, so that
        // west-author of eu and author of eu-west are two.
        let of_farm = if farm == ONLY_FARM { String::new() } else { format!("{farm}--") };
        Self {
            keys: key_directory(snapshot).map(local),
            storage: data_directory(snapshot, CRYPTO).map(local),
            backup: format!("keys-before-{}", flat(&format!("{of_farm}{}", member.name))),
        }
    }

    /// Returns the file of a key.
    pub(super) fn key(&self, name: KeyName) -> Option<String> {
        Some(format!("{}/{name}", self.keys.as_ref()?))
    }

    /// Returns the files hmac and master.
    pub(super) fn key_files(&self) -> Option<[String; 2]> {
        let [hmac, master] = KeyName::ALL.map(|name| self.key(name));
        Some([hmac?, master?])
    }

    /// Returns where a file comes to lie that is moved out of the way.
    pub(super) fn aside(&self, path: &str) -> String {
        format!("{}/{}", self.backup, flat(path))
    }

    /// Returns the file `storage`.
    pub(super) fn storage_file(&self) -> Option<String> {
        Some(format!("{}/storage", self.storage.as_ref()?))
    }
}

/// Returns the directory of the files of a crypto bundle as words of a message: its path, or what it is where its number is not known.
pub(crate) fn directory_of(member: &Member, symbolic_name: &str) -> String {
    let snapshot = &member.snapshot;
    let directory = if symbolic_name == CRYPTO_FILE {
        let moved = || Some(snapshot.setting(CRYPTO_KEYS_PATH)?.value.clone());
        key_directory(snapshot).or_else(moved)
    } else {
        data_directory(snapshot, symbolic_name)
    };
    directory.unwrap_or_else(|| format!("the data directory of {symbolic_name}"))
}

/// Returns the directory of the source in which the key files belong, where it is known. A setting decides alone: AEM reads nothing of the
/// data of the bundle then.
fn key_directory(snapshot: &Snapshot) -> Option<String> {
    if snapshot.setting(CRYPTO_KEYS_PATH).is_some() {
        snapshot.moved_directory().map(str::to_owned)
    } else {
        data_directory(snapshot, CRYPTO_FILE)
    }
}

/// Returns a path as one file name.
fn flat(path: &str) -> String {
    path.trim_matches('/').replace(['/', '\\'], "-")
}

/// Returns the data directory of a bundle, where its number is known.
fn data_directory(snapshot: &Snapshot, symbolic_name: &str) -> Option<String> {
    let bundles: Vec<&Bundle> = snapshot.bundles_named(symbolic_name).collect();
    // A copy such as bundle21.bak beside bundle21 has its number too, and goes.
    let own = |b: &&&Bundle| b.id.is_some_and(|id| b.directory == format!("bundle{id}"));
    let first = bundles.first()?;
    let bundle = match bundles.as_slice() {
        [bundle] => bundle,
        _ if bundles.iter().all(|b| b.id == first.id) => bundles.iter().find(own)?,
        _ => return None,
    };
    Some(format!("{}/data", snapshot.path_of(bundle)))
}
