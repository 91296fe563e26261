//! Markdown that says what it says, whatever the names in it are.

use super::super::printable;
use crate::rules::Step;
use std::io::{self, Write};

/// Returns text with everything that Markdown or HTML would act on escaped.
pub(super) fn prose(text: &str) -> String {
    let text = printable(text);
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        if matches!(
            character,
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '#' | '!' | '$'
        ) {
            escaped.push('\\');
        }
        escaped.push(character);
        escaped
    })
}

/// Writes commands, one a line, under a list item when `indent` is not empty. They hold no line breaks, so none ends the block early.
pub(super) fn commands(indent: &str, commands: &[String], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{indent}```sh")?;
    for command in commands {
        writeln!(out, "{indent}{}", printable(command))?;
    }
    writeln!(out, "{indent}```\n")
}

/// Writes steps as a numbered list, with their commands set apart.
pub(super) fn steps(steps: &[Step], out: &mut dyn Write) -> io::Result<()> {
    for (index, step) in steps.iter().enumerate() {
        let number = index.saturating_add(1);
        let (lead, command) = step.parts();
        match command {
            Some(command) => {
                writeln!(out, "{number}. {}:", prose(lead))?;
                commands("   ", &[command.to_owned()], out)?;
            }
            None => writeln!(out, "{number}. {}", prose(lead))?,
        }
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup() {
        assert_eq!(prose("a_b-1.tar"), "a_b-1.tar");
        assert_eq!(prose("<b>[x](y)`\n"), r"\<b\>\[x\](y)\`\\u{a}");
    }
}
