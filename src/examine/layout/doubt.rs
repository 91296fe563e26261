//! What is mentioned and not understood, and what moves something in a file of which nobody knows who reads it.

use super::files::StatementFile;
use super::{InstallReader, Layout};
use crate::evidence::mover;
use crate::examine::paths::join;
use crate::facts::{CACHE_CLEAN, CLEAN_AT_START, CRYPTO_FILE_DISABLE, SLING_HOME, SLING_LAUNCHPAD};
use std::collections::BTreeSet;

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
                self.unclear(
                    file.path,
                    format!("{unseen}, and such an option can move the keys; see how its JVM is called (ps -ef)"),
                );
            }
        }
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

    /// Tells of files outside of installs, such as a unit of systemd, that move something and that nothing in the source names.
    pub(super) fn of_others(mut self, used: &BTreeSet<String>) -> Layout {
        for file in self.files.outside_installs() {
            let unclear = || file.statements.unclear.first().copied();
            if let Some(name) = self.moves(&file).or_else(unclear)
                && !used.contains(file.path)
            {
                let reason = format!(
                    "mentions {name}, and nothing in the source shows which install it is for"
                );
                self.layout.used.insert(file.path.to_owned());
                self.unclear(file.path, reason);
            }
        }
        self.layout
    }

    /// Returns a name to which a file gives another value than the usual one.
    fn moves(&self, file: &StatementFile<'a>) -> Option<&'static str> {
        let mut settings = file.statements.settings.iter();
        settings.find_map(|(name, value)| {
            let found = mover(name).filter(|found| *found != CRYPTO_FILE_DISABLE)?;
            let base = matches!(found, SLING_HOME | SLING_LAUNCHPAD).then_some(self.root);
            let is_kept = found == CACHE_CLEAN && value != CLEAN_AT_START;
            let is_quiet =
                value.is_empty() || is_kept || self.is_usual(found, &self.spot(value, base));
            (!is_quiet).then_some(found)
        })
    }
}
