//! `aemtrix completions SHELL` and `aemtrix man DIR`, made of the arguments themselves.

use super::args::Args;
use super::{Exit, complain, output};
use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use std::io;
use std::path::Path;

/// Prints what completes the command line in a shell.
pub(super) fn completions(shell: Shell) -> Exit {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    // It panics where writing fails, and memory never does.
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    let written = output::to_stdout(|out| out.write_all(&script));
    written.map_or_else(|error| complain(&format!("{error:#}")), |()| Exit::Clean)
}

/// Writes a man page of the program and of each subcommand into a directory.
pub(super) fn pages(directory: &Path) -> Exit {
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    let all = std::iter::once(&command).chain(shown);
    let written = all.cloned().try_for_each(|command| {
        let (name, page) = page(command)?;
        output::to_directory(directory, &name, &page)
    });
    written.map_or_else(|error| complain(&format!("{error:#}")), |()| Exit::Clean)
}

/// Returns the name of the file and its text.
fn page(command: Command) -> io::Result<(String, Vec<u8>)> {
    let manual = format!("Manual of {}", env!("CARGO_PKG_NAME"));
    let source = format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    // A date that is empty gets lost, and what is behind it takes its place.
    let man = Man::new(command).date(" ").manual(manual).source(source);
    let mut page = Vec::new();
    man.render(&mut page)?;
    Ok((man.get_filename(), page))
}
