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
    Screen { columns: args::columns(), ascii: false, color: ColorChoice::Auto.applies() }
}

/// Runs the command line of this process.
pub fn run() -> Exit {
    let args = match Args::try_parse() {
        Ok(args) => args,
        // Help and version are output, not errors; clap knows where each belongs.
        Err(error) => {
            let typed = error.get(ContextKind::InvalidSubcommand);
            if let Some(ContextValue::String(typed)) = typed.filter(|_| error.use_stderr())
                && Path::new(typed).exists()
            {
                return complain(&format!(
                    "`{typed}` is no subcommand; to scan it: aemtrix scan {}",
                    shell_word(typed)
                ));
            }
            return if error.print().is_ok() && !error.use_stderr() {
                Exit::Clean
            } else {
                Exit::Trouble
            };
        }
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
