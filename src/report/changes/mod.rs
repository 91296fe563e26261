//! What changed between two states, and the formats it is written in.

mod csv;
mod html;
mod json;
mod markdown;
mod table;
mod view;

pub use json::schema as diff_schema;

use super::Screen;
use crate::custody::Custody;
use crate::diff::Diff;
use crate::facts::{Gap, SourceRecord};
use std::io::{self, Write};

/// The version of the JSON of a comparison.
pub const DIFF_SCHEMA: &str = "aemtrix.diff/1";

/// Everything that a format of a comparison may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffReport {
    /// What changed.
    pub diff: Diff,
    /// The two states, the old one first.
    pub states: [StateReport; 2],
    /// What the run was asked for.
    pub custody: Custody,
    /// How text for people is laid out.
    pub screen: Screen,
    /// Whether every bundle that changed is named where people read, and not those of the crypto support alone.
    pub bundles: bool,
}

/// One of the two states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateReport {
    /// As the user named it.
    pub name: String,
    /// Its sources.
    pub sources: Vec<SourceRecord>,
    /// What of it could not be read, and notes on how the rest was.
    pub gaps: Vec<Gap>,
}

/// One way to write a comparison.
pub struct DiffFormat {
    /// Its name on the command line.
    pub name: &'static str,
    /// The ending of output files that means it.
    pub extension: &'static str,
    /// One line for the help.
    pub summary: &'static str,
    /// Writes it.
    pub write: fn(&DiffReport, &mut dyn Write) -> io::Result<()>,
}

/// Every format of a comparison; the first is the default.
pub const DIFF_FORMATS: &[DiffFormat] =
    &[table::FORMAT, json::FORMAT, html::FORMAT, markdown::FORMAT, csv::FORMAT];

/// Words for the two states.
const STATES: [&str; 2] = ["old", "new"];

#[cfg(test)]
mod tests;
