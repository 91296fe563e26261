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
/// The directory of the bundle cache.
pub const BUNDLE_CACHE: &str = "org.osgi.framework.storage";
/// When the framework empties the bundle cache: never, or at every start. (`FelixConstants.FRAMEWORK_STORAGE_CLEAN`)
pub const CACHE_CLEAN: &str = "org.osgi.framework.storage.clean";
/// The value with which it does so at every start. (`Constants.FRAMEWORK_STORAGE_CLEAN_ONFIRSTINIT`)
pub const CLEAN_AT_START: &str = "onFirstInit";
/// An older name of `org.osgi.framework.storage`, which Sling still accepts. (`Sling.migrateProp`)
pub const OLD_BUNDLE_CACHE: &str = "framework.cache.profiledir";
/// The install root, which is `crx-quickstart`.
pub const SLING_HOME: &str = "sling.home";
/// The directory of caches and configurations, usually `launchpad` in the install root.
pub const SLING_LAUNCHPAD: &str = "sling.launchpad";
/// The property file that Sling reads.
pub const SLING_PROPERTIES: &str = "sling.properties";
/// Further property files; so is each name that goes on with a dot.
pub const SLING_INCLUDE: &str = "sling.include";

/// The file that Sling logs to, as a property and in the configuration of [`LOG_MANAGER`](super::LOG_MANAGER).
pub const LOG_FILE: &str = "org.apache.sling.commons.log.file";

/// Run modes of every start. `CQ_RUNMODE` of the start script is `author` by default on publishers too, and tells nothing.
pub const SLING_RUN_MODES: &str = "sling.run.modes";
/// Run modes that a start script asks for where its caller does not.
pub const CQ_RUN_MODES: &str = "CQ_RUNMODE";
/// The launcher's option for run modes. An option of the JVM, `-Dsling.run.modes`, does the same.
pub const RUN_MODES_OPTION: &str = "-r";

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

/// Takes off what `String.trim` of Java does: characters up to U+0020. A no-break space, as copied from a web page, stays and is part of a
/// path.
pub fn java_trim(value: &str) -> &str {
    value.trim_matches(|c| c <= ' ')
}

/// Points out what nobody sees in a value: a no-break space, which no directory is called with on purpose.
pub fn no_break_space(value: &str) -> &'static str {
    if value.contains('\u{a0}') { " (with a no-break space, U+00A0, in it)" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_that_java_does_not_know_stay() {
        assert_eq!(java_trim(" \t\r\n/k\0 "), "/k");
        for text in ["/k\u{a0}", "\u{85}/k", "/k\u{3000}"] {
            assert_eq!(java_trim(text), text, "{text:?}");
        }
    }
}
