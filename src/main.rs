//! The binary: runs the command line, and is the one place that exits.

use std::process::ExitCode;

fn main() -> ExitCode {
    aemtrix::cli::run().into()
}
