//! What fails a run.

use crate::rules::Severity;

/// From which severity on findings fail a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// From error on.
    Error,
    /// From warning on.
    Warning,
    /// Any.
    Note,
    /// From warning on, and a verdict that is open for lack of peers fails the run, too.
    Undecided,
    /// None.
    Never,
}

impl FailOn {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Error, Self::Warning, Self::Note, Self::Undecided, Self::Never];

    /// Returns its name on the command line.
    pub fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Undecided => "undecided",
            Self::Never => "never",
        }
    }

    /// Returns the severity from which findings fail the run.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning | Self::Undecided => Some(Severity::Warning),
            Self::Note => Some(Severity::Note),
            Self::Never => None,
        }
    }
}
