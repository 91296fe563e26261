//! The command line: choices in, exit code out. It decides nothing about instances.

mod args;
mod diff;
mod exit;
mod facts_dir;
mod facts_lines;
mod finish;
mod log;
mod manual;
mod options;
mod output;
mod partitioned;
mod progress;
mod report;
mod rules;
mod scan;
mod schema;
mod stream;
mod terms;
mod topics;
mod verify;

pub use exit::Exit;

use crate::repair::shell_word;
use crate::report::Screen;
use args::{Args, ColorChoice, Command};
use clap::Parser;
use clap::error::{ContextKind, ContextValue};
use std::io::{Write, stderr};
use std::path::Path;

/// Returns what texts of the manual are written for.
fn screen() -> Screen {
    Screen {
        columns: args::columns(),
        ascii: args::is_ascii_locale(),
        color: ColorChoice::Auto.applies(),
    }
}

/// Runs the command line of this process.
pub fn run() -> Exit {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return unparsed(error),
    };
    match args.command {
        Command::Scan(scan) => {
            log::start(&scan.output);
            scan::run(&scan)
        }
        Command::Report(saved) => {
            log::start(&saved.output);
            report::run(&saved)
        }
        Command::Help { topic } => topics::run(topic.as_deref(), screen()),
        Command::Rules { id } => rules::run(id.as_deref(), screen()),
        Command::Diff(compare) => diff::run(&compare),
        Command::Verify { report, sources } => verify::run(&report, &sources),
        Command::Schema { what } => schema::run(what),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { directory } => manual::pages(&directory),
    }
}

/// Values listed where none of them was given; more, such as the ids of all rules, hide the one that was meant.
const VALUES_MAX: usize = 20;

/// Shows what clap has to say in place of arguments: help and version, which are output, or what is wrong with them.
fn unparsed(mut error: clap::Error) -> Exit {
    let typed = error.get(ContextKind::InvalidSubcommand);
    if let Some(ContextValue::String(typed)) = typed.filter(|_| error.use_stderr())
        && Path::new(typed).exists()
    {
        return complain(&format!(
            "`{typed}` is no subcommand; to scan it: aemtrix scan {}",
            shell_word(typed)
        ));
    }
    if std::env::args_os().count() < 2 {
        let _unheard: std::io::Result<()> = write!(stderr(), "{}", args::BEGIN);
        return Exit::Trouble;
    }
    if let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue)
        && values.len() > VALUES_MAX
    {
        error.remove(ContextKind::ValidValue);
    }
    // clap knows where each belongs.
    if error.print().is_ok() && !error.use_stderr() { Exit::Clean } else { Exit::Trouble }
}

/// Says one sentence on standard error.
fn tell(sentence: &str) {
    // `eprintln!` panics on a standard error that is closed or full. There is nobody to tell then; the exit code stands.
    let _unheard: std::io::Result<()> =
        writeln!(stderr(), "aemtrix: {}", crate::report::printable(sentence));
}

/// Says what is wrong, and ends the run with it.
fn complain(sentence: &str) -> Exit {
    tell(sentence);
    Exit::Trouble
}
