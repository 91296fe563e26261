//! One step of a repair.

use crate::repair::Text;
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

/// A step of a repair: a sentence, or a sentence that ends in a command to paste into a shell.
///
/// It reads as its whole text; formats that can set a command apart ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    text: String,
    /// Where in the text the command starts.
    command_at: Option<usize>,
    /// The instance that it stops or starts.
    turn: Option<Turn>,
    /// What becomes of it where an instance gets the keys of another one.
    at_copy: Option<AtCopy>,
    /// Whether it comes after all else that is done while an instance is stopped, or when it runs again.
    is_last: bool,
    /// Whether it is of the repair that makes the keys of a farm equal.
    is_of_key_repair: bool,
}

/// What becomes of a step where an instance gets the keys of another one, which does what the step does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AtCopy {
    /// The name of the instance.
    instance: String,
    /// What is done in its place.
    instead: Option<Box<Step>>,
}

/// A step that stops or starts an instance, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// What follows is done while it is stopped.
    Stop(String),
    /// What was done while it was stopped ends here.
    Start(String),
}

/// What stands between a sentence and its command.
const COLON: &str = ": ";

impl Step {
    /// What the directories have in their names in which a step keeps what is replaced.
    pub const KEPT: &str = "-before-";

    /// Makes a step that ends in a command: `lead` says where and what for, without a colon.
    pub(super) fn command(lead: &str, command: &str) -> Self {
        let text = format!("{lead}{COLON}{command}");
        Self { command_at: text.len().checked_sub(command.len()), ..text.into() }
    }

    /// Stops an instance.
    pub(super) fn stop(name: &str) -> Self {
        Self { turn: Some(Turn::Stop(name.to_owned())), ..format!("Stop {name}.").into() }
    }

    /// Starts an instance.
    pub(super) fn start(name: &str) -> Self {
        Self { turn: Some(Turn::Start(name.to_owned())), ..format!("Start {name}.").into() }
    }

    /// Marks a step that is done where an instance gets the keys of another one.
    pub(super) fn settled_by_copy(self, name: &str) -> Self {
        Self { at_copy: Some(AtCopy { instance: name.to_owned(), instead: None }), ..self }
    }

    /// Marks a step in whose place another one is done where an instance gets the keys of another one.
    pub(super) fn replaced_by_copy(self, name: &str, instead: Self) -> Self {
        let instead = Some(Box::new(instead));
        Self { at_copy: Some(AtCopy { instance: name.to_owned(), instead }), ..self }
    }

    /// Returns what is done where an instance that fits gets the keys of another one: the step, another one in its place, or nothing.
    pub(super) fn where_copied(mut self, is_target: impl Fn(&str) -> bool) -> Option<Self> {
        match self.at_copy.take() {
            Some(copy) if is_target(&copy.instance) => copy.instead.map(|step| *step),
            at_copy => Some(Self { at_copy, ..self }),
        }
    }

    /// Returns the instance at which it is done, or replaced, where that gets the keys of another one.
    pub(super) fn settled_at(&self) -> Option<&str> {
        self.at_copy.as_ref().map(|copy| copy.instance.as_str())
    }

    /// Marks a step that comes after all else that is done while an instance is stopped, or when it runs again.
    pub(super) fn last(self) -> Self {
        Self { is_last: true, ..self }
    }

    /// Returns `true` if it comes after all else.
    pub(super) fn is_last(&self) -> bool {
        self.is_last
    }

    /// Marks a step of the repair that makes the keys of a farm equal.
    pub(super) fn of_key_repair(self) -> Self {
        Self { is_of_key_repair: true, ..self }
    }

    /// Returns `true` if it is of the repair that makes the keys of a farm equal, which the findings that ask for it share.
    pub fn is_of_key_repair(&self) -> bool {
        self.is_of_key_repair
    }

    /// Returns the instance that it stops or starts.
    pub(super) fn turn(&self) -> Option<&Turn> {
        self.turn.as_ref()
    }

    /// Returns it as a text of a plan.
    pub(super) fn text(&self) -> Text {
        match self.parts() {
            (lead, Some(command)) => Text::command(lead, command),
            (words, None) => words.into(),
        }
    }

    /// Returns the whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the text without the command, and the command where there is one.
    pub fn parts(&self) -> (&str, Option<&str>) {
        let parts = self.command_at.and_then(|at| self.text.split_at_checked(at));
        match parts {
            Some((lead, command)) => (lead.trim_end_matches(COLON), Some(command)),
            None => (&self.text, None),
        }
    }
}

impl Deref for Step {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Borrow<str> for Step {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Step {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<Text> for Step {
    fn from(text: Text) -> Self {
        let words = text.to_string();
        let command_at =
            text.commands().next().and_then(|command| words.len().checked_sub(command.len()));
        Self { command_at, ..words.into() }
    }
}

impl From<String> for Step {
    fn from(text: String) -> Self {
        Self {
            text,
            command_at: None,
            turn: None,
            at_copy: None,
            is_last: false,
            is_of_key_repair: false,
        }
    }
}

impl From<&str> for Step {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl PartialEq<&str> for Step {
    fn eq(&self, other: &&str) -> bool {
        self.text == *other
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_reads_as_a_sentence_and_gives_its_command_apart() {
        let step = Step::command("On a, look", "ls -l 'x: y'");
        assert_eq!(step.as_str(), "On a, look: ls -l 'x: y'");
        assert_eq!(step.parts(), ("On a, look", Some("ls -l 'x: y'")));
        assert_eq!(Step::stop("a").parts(), ("Stop a.", None));
    }
}
