//! Settings from `sling.properties`, `quickstart.properties` and the start scripts.

use super::Place;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keeps the keys in the repository when given at the first start.
pub const CRYPTO_FILE_DISABLE: &str = "com.adobe.granite.crypto.file.disable";
/// Moves the key files out of the bundle's data directory.
pub const CRYPTO_KEYS_PATH: &str = "com.adobe.granite.crypto.keys.path";

/// The directory of the OSGi configurations.
pub const CONFIG_DIRECTORY: &str = "felix.cm.dir";

/// One setting that matters, as some file of the instance states it.
///
/// Values of other settings are never kept: property files hold passwords.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// Property name.
    pub name: String,
    /// Its value, trimmed.
    pub value: String,
    /// Where it was read.
    pub place: Place,
}
