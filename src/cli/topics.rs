//! `aemtrix help [TOPIC]`: the manual on the terminal.

use super::args::Args;
use super::{Exit, complain, output};
use crate::manual::topic;
use crate::report::{Screen, list_topics, show_topic};
use clap::CommandFactory;
use std::io::{self, Write};

/// Shows a topic or the help of a subcommand, or lists both. That the name is known was checked with the arguments.
pub(super) fn run(name: Option<&str>, screen: Screen) -> Exit {
    let written = output::to_stdout(|out| match name {
        None => list(out),
        Some(name) => match topic(name) {
            Some(topic) => show_topic(topic, screen, out),
            None => subcommand(name, out),
        },
    });
    written.map_or_else(|error| complain(&format!("{error:#}")), |()| Exit::Clean)
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    let mut command = Args::command();
    write!(out, "{}", command.render_help())?;
    writeln!(out, "\nTopics of aemtrix help:")?;
    list_topics(out)
}

fn subcommand(name: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut command = Args::command();
    command.build();
    let found = command.find_subcommand_mut(name);
    found.map_or(Ok(()), |found| write!(out, "{}", found.render_long_help()))
}
