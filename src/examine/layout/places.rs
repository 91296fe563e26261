//! Where the install, its launchpad, its bundle cache, its keys, its configurations and its repository are.

use super::runs::names_own_directory;
use super::spot::{Spot, absolute, is_elsewhere_on_host, is_open};
use super::{Cache, InstallReader, Said, said_in, shown};
use crate::evidence::{HOME_OPTION, LAUNCHPAD_OPTION};
use crate::examine::paths::join;
use crate::facts::{
    BUNDLE_CACHE, CONFIG_DIRECTORY, CRYPTO_KEYS_PATH, GapKind, KeyName, OLD_BUNDLE_CACHE,
    QUICKSTART, REPOSITORY_HOME, SLING_HOME, SLING_LAUNCHPAD, SLING_PROPERTIES, java_trim,
};

impl<'a> InstallReader<'a> {
    /// What is started from here should be this install.
    pub(super) fn check_home(&mut self) {
        let name = self.root.rsplit('/').next().unwrap_or_default();
        let mut all = self.said_by_scripts(HOME_OPTION);
        let options = all.len();
        all.extend(self.said(SLING_HOME));
        for (index, said) in all.into_iter().enumerate() {
            let value = self.expand(said.value).replace('\\', "/");
            let last = value.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            // The script of AEM finds out by itself in which directory it is.
            let is_own = index < options && (is_open(last) || names_itself(&value, name))
                || matches!(last, "" | "." | QUICKSTART)
                || !is_open(last) && (last == name || name.is_empty());
            let is_other =
                absolute(&value).is_some_and(|path| is_elsewhere_on_host(path, self.root));
            if !is_own || is_other {
                let reason = format!(
                    "starts the install in {}, which may be another one than this",
                    shown(said.value)
                );
                self.unclear(said.path, reason);
            }
        }
    }

    pub(super) fn place_launchpad(&mut self) {
        let mut said = self.said_by_scripts(LAUNCHPAD_OPTION);
        said.extend(self.said(SLING_LAUNCHPAD));
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

    pub(super) fn place_cache(&mut self) {
        let usual = Spot::Inside(join(self.root, "launchpad/felix"));
        let said = self.said_of_cache(&usual);
        let (spot, path) = match self.one(BUNDLE_CACHE, &said, None) {
            Some(found) => found,
            None => match (&self.launchpad, self.launchpad_by) {
                (Spot::Inside(launchpad), Some(path)) => {
                    // The default of `org.osgi.framework.storage` is `${sling.launchpad}/felix`.
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

    /// Returns what is said of the bundle cache, by its older name too.
    fn said_of_cache(&mut self, usual: &Spot) -> Vec<Said<'a>> {
        // `Sling.migrateProp` gives the value of `framework.cache.profiledir` to
        // `org.osgi.framework.storage`, also where both are set. It runs when the property file and
        // the options of the launcher are read, and before those of the JVM and included files are.
        for old in self.said_by_scripts(OLD_BUNDLE_CACHE) {
            if !java_trim(old.value).is_empty() && self.spot(old.value, None) != *usual {
                self.unclear(old.path, format!("sets {OLD_BUNDLE_CACHE}, which Sling reads as an option of its launcher and not as one of the JVM; which of the two it is here is not known"));
            }
        }
        if let Some(included) = self.said_by_includes(BUNDLE_CACHE) {
            return included;
        }
        let old = said_in(&self.properties, OLD_BUNDLE_CACHE);
        let is_set = old.iter().any(|said| !java_trim(said.value).is_empty());
        let own = if is_set { old } else { said_in(&self.properties, BUNDLE_CACHE) };
        [own, self.said_by_scripts(BUNDLE_CACHE)].concat()
    }

    pub(super) fn place_keys(&mut self) {
        // Where it is set, `crypto.file` reads `hmac` and
        // `master` there and not in the data of its bundle.
        let said = self.said(CRYPTO_KEYS_PATH);
        let Some((spot, path)) = self.one(CRYPTO_KEYS_PATH, &said, None) else { return };
        self.set(CRYPTO_KEYS_PATH, spot.text().to_owned(), path);
        if let Spot::Inside(directory) = spot {
            self.layout.used.extend(KeyName::ALL.map(|name| join(&directory, name.file_name())));
            self.layout.keys = Some(directory);
        }
    }

    pub(super) fn place(&mut self, name: &str) {
        let said = self.said(name);
        if let Some((spot, path)) = self.one(name, &said, None)
            && !self.is_usual(name, &spot)
        {
            self.set(name, spot.text().to_owned(), path);
        }
    }

    /// Returns `true` if something lies where most installs have it.
    pub(super) fn is_usual(&self, name: &str, spot: &Spot) -> bool {
        let usual = match name {
            BUNDLE_CACHE | OLD_BUNDLE_CACHE => "launchpad/felix",
            CONFIG_DIRECTORY => "launchpad/config",
            REPOSITORY_HOME => "repository",
            SLING_LAUNCHPAD => "launchpad",
            SLING_HOME => "",
            SLING_PROPERTIES => "conf/sling.properties",
            _ => return false,
        };
        *spot == Spot::Inside(join(self.root, usual))
    }
}

/// Returns `true` if a value is the directory of the script, or the one above that: `$(cd "$(dirname "$0")/.." && pwd)`, `..`.
fn names_itself(value: &str, name: &str) -> bool {
    let (open, rest) = match value.rfind([')', '`']) {
        Some(at) => value.split_at_checked(at.saturating_add(1)).unwrap_or((value, "")),
        None => ("", value),
    };
    let is_near = |part: &str| matches!(part, "" | "." | ".." | QUICKSTART) || part == name;
    let parts = rest.trim_matches('/').split('/');
    let is_known = open.is_empty() || names_own_directory(open);
    is_known && (!open.is_empty() || !rest.starts_with('/')) && parts.into_iter().all(is_near)
}
