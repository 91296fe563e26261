//! Markdown that says what it says, whatever the names in it are.

pub(super) use super::super::code_span::code_span as code;
pub(super) use super::super::markdown_text::{name, prose};
use super::super::printable;
use std::io::{self, Write};

/// Writes commands, one a line, under a list item when `indent` is not empty. They hold no line breaks, so none ends the block early.
pub(super) fn commands(indent: &str, commands: &[String], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{indent}```sh")?;
    for command in commands {
        writeln!(out, "{indent}{}", printable(command))?;
    }
    writeln!(out, "{indent}```\n")
}
