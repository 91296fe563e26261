//! What a person reads of a repair, with what is a command in it distinguished.

use super::ManualCommand;
use std::fmt;

/// A sentence for people, in parts: no format has to search prose for commands.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Vec<Span>);

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Span {
    /// Words.
    Say(String),
    /// A command, which is alone on its line.
    Command(ManualCommand),
}

impl Text {
    /// Makes a sentence that ends in a command: `lead` says where and what for, without a colon.
    pub fn command(lead: &str, command: ManualCommand) -> Self {
        Self::commands_after(lead, [command])
    }

    /// Makes a sentence that ends in commands, each run where the one before went right.
    pub fn commands_after(lead: &str, commands: impl IntoIterator<Item = ManualCommand>) -> Self {
        let commands = commands.into_iter().map(Span::Command);
        Self([Span::Say(lead.to_owned())].into_iter().chain(commands).collect())
    }

    /// Returns the words in it, without its commands.
    pub fn words(&self) -> String {
        let words = self.0.iter().filter_map(|span| match span {
            Span::Say(words) => Some(words.as_str()),
            Span::Command(_) => None,
        });
        words.collect()
    }

    /// Returns the commands in it.
    pub fn commands(&self) -> impl Iterator<Item = &ManualCommand> {
        self.0.iter().filter_map(|span| match span {
            Span::Command(command) => Some(command),
            Span::Say(_) => None,
        })
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = ": ";
        self.0.iter().try_for_each(|span| match span {
            Span::Say(words) => f.write_str(words),
            Span::Command(command) => {
                write!(f, "{}{command}", std::mem::replace(&mut before, " && "))
            }
        })
    }
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        Self(vec![Span::Say(words)])
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}
