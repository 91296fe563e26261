//! Which property files are in use: the one that Sling reads, and those that it includes.

use super::files::{self, StatementFile};
use super::spot::Spot;
use super::{InstallReader, shown};
use crate::evidence::{FEATURE_MODEL, mover};
use crate::examine::paths::join;
use crate::facts::{GapKind, SLING_INCLUDE, SLING_PROPERTIES, java_trim};

impl<'a> InstallReader<'a> {
    /// Chooses the property file that Sling reads.
    pub(super) fn choose_properties(&mut self) {
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

    /// Returns the file in `conf`; or the one in `launchpad`, where an install of a web container has it, unless `conf` or `bin` show that
    /// the install is none; or the feature model, with whose framework properties Sling's feature launcher starts instead.
    fn usual_properties(&self) -> Option<StatementFile<'a>> {
        let path = |directory: &str| join(self.root, &format!("{directory}/{SLING_PROPERTIES}"));
        let is_quickstart =
            || ["conf", "bin"].iter().any(|part| self.files.has(&join(self.root, part)));
        self.files
            .read(&path("conf"))
            // Adobe's page on upgrading application servers names
            // `crx-quickstart/launchpad/sling.properties` for a WAR.
            .or_else(|| self.files.read(&path("launchpad")).filter(|_| !is_quickstart()))
            .or_else(|| self.files.read(&join(self.root, FEATURE_MODEL)))
    }

    /// Finds the files that others include, in the order of the names. (`Sling.loadIncludes`)
    pub(super) fn include(&mut self) {
        let files = self.properties.iter().chain(&self.scripts);
        let settings = files.flat_map(|file| {
            let path = file.path;
            file.statements.settings.iter().map(move |(name, value)| (name, value, path))
        });
        // A file that is included cannot include others:
        // `Sling.loadIncludes` collects the names before it reads.
        let mut all: Vec<_> =
            settings.filter(|(name, ..)| mover(name) == Some(SLING_INCLUDE)).collect();
        all.sort();
        for (_, value, path) in all {
            let mut names = value.split(',').map(java_trim).filter(|name| !name.is_empty());
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
        // Relative to `sling.home`, not to the directory of the file that names it.
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
}
