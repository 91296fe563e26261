//! On what evidence a report speaks: who asked, with which options, and of which sources it is; and whether other sources are the same.
//!
//! Nothing here reads anything: `cli` says what was asked for, and what the sources are like comes with the facts.

mod claim;
mod compare;

pub use claim::{Claim, ExaminedSource, NotAReport};
pub use compare::{Likeness, SourceMatch, Verification, compare};

use crate::facts::{Date, Hex};

/// What a run was asked for, as far as it bears on what it reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Custody {
    /// The machine that this program was built for, and the build where whoever packed it named one.
    pub build: String,
    /// What the user calls the case.
    pub case: Option<String>,
    /// Who examines it.
    pub examiner: Option<String>,
    /// When the report was made, milliseconds since 1970, where that is wanted: it makes each run another.
    pub stamp_ms: Option<u64>,
    /// Options that bear on the result and are not as usual, as they stand on the command line.
    pub options: Vec<String>,
    /// The day on which suppressions were to hold, where there are any with an end.
    pub as_of: Option<Date>,
    /// The policy.
    pub policy: Option<NamedFile>,
    /// The baseline.
    pub baseline: Option<NamedFile>,
}

/// A file that the user named with an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// As it was named.
    pub name: String,
    /// The SHA-256 of its bytes.
    pub sha256: Hex<32>,
}
