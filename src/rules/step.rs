//! One step of a repair.

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
}

/// What stands between a sentence and its command.
const COLON: &str = ": ";

impl Step {
    /// Makes a step that ends in a command: `lead` says where and what for, without a colon.
    pub(super) fn command(lead: &str, command: &str) -> Self {
        let text = format!("{lead}{COLON}{command}");
        Self { command_at: text.len().checked_sub(command.len()), text }
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

impl From<String> for Step {
    fn from(text: String) -> Self {
        Self { text, command_at: None }
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
        assert_eq!(Step::from("Stop a.").parts(), ("Stop a.", None));
    }
}
