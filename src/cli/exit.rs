//! Exit codes.

use std::process::ExitCode;

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: nothing found at or above `--fail-on`, and everything that came was read.
    Clean,
    /// 1: findings.
    Findings,
    /// 2: wrong usage, evidence incomplete, or output not written. It wins over 1.
    Trouble,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => Self::SUCCESS,
            Exit::Findings => Self::from(1),
            Exit::Trouble => Self::from(2),
        }
    }
}
