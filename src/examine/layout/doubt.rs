//! What is mentioned and not understood, and what moves something in a file of which nobody knows who reads it.

use super::files::{Files, StatementFile};
use super::runs::variables_of;
use super::spot::absolute;
use super::{InstallReader, Layout};
use crate::evidence::{classify, mover};
use crate::examine::paths::join;
use crate::facts::{
    CACHE_CLEAN, CLEAN_AT_START, CRYPTO_FILE_DISABLE, GapKind, QUICKSTART, REPOSITORY_HOME,
    SLING_HOME, SLING_LAUNCHPAD, SLING_PROPERTIES, java_trim,
};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> InstallReader<'a> {
    pub(super) fn unread_link(&mut self, path: &str) {
        let (kind, reason) = self.files.why_unread(path);
        self.layout.used.insert(path.to_owned());
        self.gap(path, kind, reason.to_owned());
    }

    /// Tells what is mentioned and not understood, in use or not: nobody knows who else reads a file in `conf`.
    pub(super) fn doubt(&mut self) {
        let in_use: Vec<StatementFile<'a>> =
            self.scripts.iter().chain(&self.properties).chain(&self.includes).copied().collect();
        let paths: BTreeSet<&str> = in_use.iter().map(|file| file.path).collect();
        let is_in_use = |file: &StatementFile<'a>| paths.contains(file.path);
        let others = self.files.in_directory(&join(self.root, "conf"));
        let others: Vec<StatementFile<'a>> = others.filter(|file| !is_in_use(file)).collect();
        self.layout.used.extend(in_use.iter().chain(&others).map(|file| file.path.to_owned()));
        for path in self.files.unread_links(self.root) {
            self.unread_link(path);
        }
        for file in in_use.iter().chain(&others) {
            let names: Vec<&str> = file.statements.unclear.iter().copied().collect();
            if !names.is_empty() {
                self.unclear(
                    file.path,
                    format!("mentions {} in a form that is not understood", names.join(" and ")),
                );
            }
            for unseen in &file.statements.unseen {
                self.unclear(file.path, why_unseen(unseen));
            }
        }
        // Sling reads one property file; where that is another one and was read, the one in `conf` is not in
        // use.
        let is_known_unused = |file: &StatementFile<'a>| {
            file.path.ends_with("conf/sling.properties") && self.layout.properties
        };
        let idle: Vec<StatementFile<'a>> =
            others.into_iter().filter(|f| !is_known_unused(f)).collect();
        for file in idle {
            if let Some(name) = self.moves(&file) {
                self.unclear(
                    file.path,
                    format!("sets {name}, and nothing in the source shows whether it is in use"),
                );
            }
        }
    }

    /// Returns a name to which a file gives another value than the usual one.
    fn moves(&self, file: &StatementFile<'a>) -> Option<&'static str> {
        let mut settings = file.statements.settings.iter();
        settings.find_map(|(name, value)| {
            let found = mover(name).filter(|found| *found != CRYPTO_FILE_DISABLE)?;
            (!self.is_quiet(found, value)).then_some(found)
        })
    }

    /// Returns `true` if what a file says of a name changes nothing.
    fn is_quiet(&self, name: &str, value: &str) -> bool {
        let is_relative = matches!(name, SLING_HOME | SLING_LAUNCHPAD | SLING_PROPERTIES);
        let base = is_relative.then_some(self.root);
        let is_kept = name == CACHE_CLEAN && value != CLEAN_AT_START;
        value.is_empty() || is_kept || self.is_usual(name, &self.spot(value, base))
    }

    /// Returns `true` if what a file outside of installs says of a name would change nothing of this one.
    fn is_quiet_outside(&self, name: &str, value: &str) -> bool {
        // Relative to where the server starts, which is beside the install then.
        let is_named_so = || value.trim_start_matches("./").trim_end_matches('/') == QUICKSTART;
        let is_named =
            |value: &str, name| value.trim_end_matches('/').rsplit('/').next() == Some(name);
        match name {
            CRYPTO_FILE_DISABLE => !value.eq_ignore_ascii_case("true"),
            SLING_HOME if is_named_so() => true,
            // The web console shows it as the instance has it: `crx-quickstart/repository`.
            REPOSITORY_HOME if absolute(value).is_none() && is_named(value, "repository") => true,
            _ => self.is_quiet(name, value),
        }
    }
}

/// Says what of a file is not known.
fn why_unseen(unseen: &str) -> String {
    format!("{unseen}, and such an option can move the keys; see how its JVM is called (ps -ef)")
}

/// Tells of files outside of installs, such as a unit of systemd, that move something and that nothing in the source names.
pub(super) fn of_others<'a>(
    source: &str,
    files: &Files<'a>,
    mut readers: Vec<InstallReader<'a>>,
    layouts: &BTreeMap<String, Layout>,
) -> Layout {
    let used: BTreeSet<&str> =
        layouts.values().flat_map(|layout| &layout.used).map(String::as_str).collect();
    let mut layout = Layout::default();
    for file in files.outside_installs() {
        let StatementFile { path, statements } = file;
        // `launchpad/sling.properties` is read where `conf` has none; its install has decided on it.
        let is_own = || {
            let root = classify(path).map(|(_, found)| found.root);
            root.is_some_and(|root| layouts.contains_key(root))
        };
        if used.contains(path) || statements.is_idle() || is_own() {
            continue;
        }
        for reader in &mut readers {
            reader.variables = variables_of(file);
        }
        let mut settings =
            statements.settings.iter().filter_map(|(name, value)| Some((mover(name)?, value)));
        let moved = settings.find(|(name, value)| {
            let value = java_trim(value);
            !readers.iter().any(|reader| reader.is_quiet_outside(name, value))
        });
        let unclear = || statements.unclear.first().copied();
        let mentioned = moved.map(|(name, _)| name).or_else(unclear);
        let mentioned = mentioned.map(|name| {
            format!("mentions {name}, and nothing in the source shows which install it is for")
        });
        let unseen = || statements.unseen.first().filter(|_| statements.names_aem);
        if let Some(reason) = mentioned.or_else(|| unseen().map(|unseen| why_unseen(unseen))) {
            layout.used.insert(path.to_owned());
            layout.add_gap(source, path, GapKind::Unclear, reason);
        } else if let Some((kind, reason)) = files.why_incomplete(file) {
            layout.used.insert(path.to_owned());
            layout.add_gap(source, path, kind, reason);
        }
    }
    layout
}
