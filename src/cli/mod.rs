//! The command line: choices in, exit code out. It decides nothing about instances.

mod args;
mod diff;
mod exit;
mod facts_dir;
mod facts_lines;
mod farm_by_farm;
mod finish;
mod help;
mod log;
mod manual;
mod output;
mod palette;
mod partitioned;
mod progress;
mod read_facts;
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
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsStr;
use std::io::{Write, stderr};
use std::path::Path;

/// Returns what texts of the manual are written for.
fn screen() -> Screen {
    Screen {
        columns: args::columns(),
        ascii: args::is_ascii_locale(),
        palette: palette::palette(ColorChoice::Auto.applies()),
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
            log::start(scan.output.quiet, scan.output.verbose);
            scan::run(&scan)
        }
        Command::Report(saved) => {
            log::start(saved.output.quiet, saved.output.verbose);
            report::run(&saved)
        }
        Command::Help { topic } => topics::run(topic.as_deref(), screen()),
        Command::Rules { id } => rules::run(id.as_deref(), screen()),
        Command::Diff(compare) => {
            log::start(compare.quiet, compare.verbose);
            diff::run(&compare)
        }
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
    if let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand)
        && let Some(sentence) = no_subcommand(typed)
    {
        return complain(&sentence);
    }
    let Some(subcommand) = std::env::args_os().nth(1) else {
        let _unheard: std::io::Result<()> = write!(stderr(), "{}", help::BEGIN);
        return Exit::Trouble;
    };
    if let (ErrorKind::MissingRequiredArgument, Some(tip)) =
        (error.kind(), tip(&subcommand, &error))
    {
        let tip = vec![tip.into()];
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tip));
    }
    if let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue)
        && values.len() > VALUES_MAX
    {
        error.remove(ContextKind::ValidValue);
    }
    // clap knows where each belongs.
    if error.print().is_ok() && !error.use_stderr() { Exit::Clean } else { Exit::Trouble }
}

/// Says how a run that lacks an argument goes.
fn tip(subcommand: &OsStr, error: &clap::Error) -> Option<String> {
    let lacks_policy = |lacking: &String| lacking.contains("--policy");
    if let Some(ContextValue::Strings(lacking)) = error.get(ContextKind::InvalidArg)
        && lacking.iter().any(lacks_policy)
    {
        // Only these have days: without them, no result depends on one.
        return Some("leave --as-of out, or add one of these: it counts only where suppressions of a policy end or a baseline is written".to_owned());
    }
    let example = subcommand.to_str().and_then(help::example)?;
    Some(format!("for example, {example}"))
}

/// Says what is wrong with a path in place of a subcommand.
fn no_subcommand(typed: &str) -> Option<String> {
    if Path::new(typed).exists() {
        // With the signs of a Windows path, since cmd.exe takes single quotes for a part of the name.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:\\".contains(c);
        let word = if typed.chars().all(is_plain) { typed.to_owned() } else { shell_word(typed) };
        return Some(format!("`{typed}` is not a subcommand; to scan it: aemtrix scan {word}"));
    }
    let is_path = typed.contains(['.', '/', '\\']);
    is_path.then(|| {
        format!(
            "`{typed}` is neither a subcommand nor a file; to scan sources: aemtrix scan SOURCE..."
        )
    })
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
