//! What options of a start move, as the starts in one log say it. A later start that does not repeat an option was made without it.

use super::startup::{SETTING, StartupText};
use crate::facts::{LogStatement, LogTopic};
use std::collections::{BTreeMap, BTreeSet};

/// Options of one start that are remembered, at most.
const NAMES_MAX: usize = 256;

/// The options of the last start, by who says them.
#[derive(Default)]
pub(super) struct Options {
    /// By the text before them: the line of the log, and what it says.
    said: BTreeMap<(&'static str, LogTopic), (u64, LogStatement)>,
    /// Those that the launcher has named since it was started.
    names: BTreeSet<String>,
}

impl Options {
    /// Takes a line that names options. `line` is what is behind the text.
    pub(super) fn take(
        &mut self,
        text: &StartupText,
        line: &str,
        at: u64,
        statements: impl Iterator<Item = (LogTopic, LogStatement)>,
    ) {
        // The launcher has a line for each option, and names none twice; the JVM has one for all that are in a variable.
        let name = line.split_once('\'').map_or(line, |(name, _)| name);
        let goes_on = text.text == SETTING && !self.names.contains(name);
        if !goes_on {
            self.said.retain(|(by, _), _| *by != text.text);
        }
        if text.text == SETTING {
            if !goes_on {
                self.names.clear();
            }
            if self.names.len() < NAMES_MAX {
                self.names.insert(name.to_owned());
            }
        }
        let said = statements.map(|(topic, said)| ((text.text, topic), (at, said)));
        self.said.extend(said);
    }

    /// Returns what the last starts say, what was said last at the end.
    pub(super) fn statements(self) -> impl Iterator<Item = (LogTopic, LogStatement)> {
        let mut all: Vec<_> = self.said.into_iter().collect();
        all.sort_by_key(|(_, (at, _))| *at);
        all.into_iter().map(|((_, topic), (_, said))| (topic, said))
    }
}
