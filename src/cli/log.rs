//! Messages on standard error.

use super::args::Output;
use crate::report::printable;
use log::LevelFilter;
use std::io::Write;

/// Sends messages of the chosen level to standard error.
pub(super) fn start(output: &Output) {
    let level = match (output.quiet, output.verbose) {
        (true, _) => LevelFilter::Error,
        (false, 0) => LevelFilter::Warn,
        (false, 1) => LevelFilter::Info,
        (false, _) => LevelFilter::Debug,
    };
    let plain = |out: &mut env_logger::fmt::Formatter, record: &log::Record<'_>| {
        let text = record.args().to_string();
        writeln!(out, "aemtrix: {}", printable(&text))
    };
    // A second call, as in tests, keeps the first logger.
    let _already_set =
        env_logger::Builder::new().filter_level(level).format(plain).try_init().is_err();
}
