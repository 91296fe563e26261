//! `aemtrix completions SHELL` and `aemtrix man DIR`, made of the arguments themselves.

use super::args::Args;
use super::{Exit, complain, help, output};
use crate::manual::{Block, TOPICS, Topic, blocks};
use clap::{Arg, Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};
use std::io;
use std::path::Path;

/// Prints what completes the command line in a shell.
pub(super) fn completions(shell: Shell) -> Exit {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    // It panics where writing fails, and memory never does.
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    if shell == Shell::Fish {
        script.extend(
            command.get_subcommands().filter_map(values_for_fish).collect::<String>().into_bytes(),
        );
    }
    let written = output::to_stdout(|out| out.write_all(&script));
    written.map_or_else(|error| complain(&format!("{error:#}")), |()| Exit::Clean)
}

/// Returns lines that complete what stands alone after a subcommand, such as the rule after `rules`: the script for fish has options alone.
fn values_for_fish(subcommand: &Command) -> Option<String> {
    let (program, name) = (env!("CARGO_PKG_NAME"), subcommand.get_name());
    let values =
        subcommand.get_positionals().find_map(|arg| arg.get_value_parser().possible_values())?;
    let values: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
    let values = values.join(" ");
    Some(format!(
        "complete -c {program} -n \"__fish_{program}_using_subcommand {name}\" -f -a \"{values}\"\n"
    ))
}

/// Writes a man page of the program, of each subcommand and of each topic into a directory, one below it for each section, where `man` looks for them.
pub(super) fn pages(directory: &Path) -> Exit {
    // A page has room for what a short help leaves out.
    let in_full = |arg: Arg| arg.hide_short_help(false);
    let mut command = Args::command()
        .disable_help_subcommand(true)
        .mut_subcommands(|subcommand| subcommand.mut_args(in_full));
    command.build();
    let mut see_also = Roff::new();
    see_also.control("SH", ["SEE ALSO"]).text([roman("aemtrix(1)")]);
    let subcommands =
        command.get_subcommands().cloned().map(|subcommand| page(subcommand, &see_also));
    let whole = std::iter::once_with(|| page_of_all(command.clone()));
    let of_topics = TOPICS.iter().map(page_of_topic);
    let written = whole.chain(subcommands).chain(of_topics).try_for_each(|page| {
        let (name, page) = page?;
        let section = name.rsplit('.').next().unwrap_or_default();
        let directory = directory.join(format!("man{section}"));
        output::make_directory(&directory)?;
        output::to_directory(&directory, &name, &page)
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
                page.text(spans(&text));
            }
            Block::Paragraph { text, .. } => {
                page.control("PP", []);
                page.text(spans(&text));
            }
            Block::Code(lines) => code(&lines, &mut page),
            Block::Table { rows, .. } => {
                for cells in rows {
                    let mut cells = cells.into_iter();
                    page.control("TP", []);
                    page.text([bold(cells.next().unwrap_or_default().replace('`', ""))]);
                    page.text(spans(&cells.collect::<Vec<_>>().join("; ")));
                }
            }
        }
    }
    let mut text = Vec::new();
    page.to_writer(&mut text)?;
    Ok((format!("{name}.7"), text))
}

/// Returns the page of the program.
fn page_of_all(command: Command) -> io::Result<(String, Vec<u8>)> {
    let mut end = Roff::new();
    end.control("SH", ["EXAMPLES"]);
    for (command, what) in help::RUNS {
        end.control("TP", []).text([bold(command)]).text([roman(what)]);
    }
    end.control("PP", []).text([roman(help::UPLOAD)]);
    code(&help::UPLOAD_LINES, &mut end);
    end.control("PP", []).text([roman(help::UPLOAD_MORE)]);
    end.control("SH", ["EXIT STATUS"]);
    for (code, when) in help::EXIT_CODES {
        end.control("TP", []).text([bold(code)]).text([roman(when)]);
    }
    end.control("SH", ["SEE ALSO"]);
    let topics: Vec<String> =
        TOPICS.iter().map(|topic| format!("aemtrix-{}(7)", topic.name)).collect();
    end.text([roman(topics.join(", "))]);
    page(command, &end)
}

/// Returns a page that ends as given: the name of the file and its text.
fn page(command: Command, end: &Roff) -> io::Result<(String, Vec<u8>)> {
    let manual = format!("Manual of {}", env!("CARGO_PKG_NAME"));
    let source = format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let has_subcommands = command.has_subcommands();
    // A date that is empty gets lost, and what comes after it takes its place.
    let man = Man::new(command).date(" ").manual(manual).source(source);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    Roff::new().control("SH", ["SYNOPSIS"]).text([bold(usage)]).to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    if has_subcommands {
        man.render_subcommands_section(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    end.to_writer(&mut page)?;
    Ok((man.get_filename(), page))
}

/// Adds lines that are shown as they are.
fn code(lines: &[impl AsRef<str>], page: &mut Roff) {
    page.control("RS", ["4"]).control("nf", []);
    for line in lines {
        page.text([roman(line.as_ref())]);
    }
    page.control("fi", []).control("RE", []);
}

/// Returns a text whose names and commands, which are between backticks, are bold.
fn spans(text: &str) -> Vec<Inline> {
    let is_paired = text.matches('`').count().is_multiple_of(2);
    // One alone is meant as it is, such as the quote of a shell.
    if !is_paired {
        return vec![roman(text)];
    }
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { bold(part) } else { roman(part) }).collect()
}
