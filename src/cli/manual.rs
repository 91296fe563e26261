//! `aemtrix completions SHELL` and `aemtrix man DIR`, made of the arguments themselves.

use super::args::Args;
use super::{Exit, complain, output};
use crate::manual::{Block, TOPICS, Topic, blocks};
use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
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
    let of_topics = TOPICS.iter().map(page_of_topic);
    let written = all.cloned().map(page).chain(of_topics).try_for_each(|page| {
        let (name, page) = page?;
        output::to_directory(directory, &name, &page)
    });
    written.map_or_else(|error| complain(&format!("{error:#}")), |()| Exit::Clean)
}

/// Returns the page of a topic, in the section of overviews: the name of the file and its text.
fn page_of_topic(topic: &Topic) -> io::Result<(String, Vec<u8>)> {
    let name = format!("{}-{}", env!("CARGO_PKG_NAME"), topic.name);
    let mut page = Roff::new();
    page.control("TH", [name.as_str(), "7", " ", env!("CARGO_PKG_NAME")]);
    page.control("SH", ["NAME"]);
    page.text([roman(format!("{name} - {}", topic.summary))]);
    for block in blocks(topic.text) {
        match block {
            Block::Heading { text, .. } => _ = page.control("SH", [text.as_str()]),
            Block::Paragraph { is_item: true, text } => {
                page.control("IP", ["-", "2"]);
                page.text([roman(text)]);
            }
            Block::Paragraph { text, .. } => {
                page.control("PP", []);
                page.text([roman(text)]);
            }
            Block::Code(lines) => {
                page.control("RS", ["4"]).control("nf", []);
                for line in lines {
                    page.text([roman(line)]);
                }
                page.control("fi", []).control("RE", []);
            }
            Block::Table { rows, .. } => {
                for cells in rows {
                    let mut cells = cells.into_iter();
                    page.control("TP", []);
                    page.text([bold(cells.next().unwrap_or_default())]);
                    page.text([roman(cells.collect::<Vec<_>>().join("; "))]);
                }
            }
        }
    }
    let mut text = Vec::new();
    page.to_writer(&mut text)?;
    Ok((format!("{name}.7"), text))
}

/// Returns the name of the file and its text.
fn page(command: Command) -> io::Result<(String, Vec<u8>)> {
    let manual = format!("Manual of {}", env!("CARGO_PKG_NAME"));
    let source = format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    // A date that is empty gets lost, and what comes after it takes its place.
    let man = Man::new(command).date(" ").manual(manual).source(source);
    let mut page = Vec::new();
    man.render(&mut page)?;
    Ok((man.get_filename(), page))
}
