//! Markdown that says what it says, whatever the names in it are.

pub(super) use super::super::code_span::code_span as code;
use super::super::printable;
pub(super) use super::super::prose::{name, prose};
use crate::rules::Step;
use std::io::{self, Write};

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
        item(index.saturating_add(1), step, out)?;
    }
    writeln!(out)
}

/// Writes a step as an item of a numbered list.
pub(super) fn item(number: usize, step: &Step, out: &mut dyn Write) -> io::Result<()> {
    match step.parts() {
        (lead, Some(command)) => {
            writeln!(out, "{number}. {}:", prose(lead))?;
            commands(&indent(number), &[command.to_owned()], out)
        }
        (text, None) => writeln!(out, "{number}. {}", prose(text)),
    }
}

/// Returns what is written before each line that belongs to an item of a numbered list.
pub(super) fn indent(number: usize) -> String {
    " ".repeat(format!("{number}. ").len())
}
