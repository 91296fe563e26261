//! A row of the matrix: a kind of fact.

use super::{Cell, Member};

/// What is expected of the cells of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// All equal.
    Equal,
    /// All different.
    Distinct,
    /// Nothing: the fact differs by nature.
    Any,
}

impl Expect {
    /// Returns the name used in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Distinct => "distinct",
            Self::Any => "any",
        }
    }
}

/// One kind of fact that the matrix shows.
pub struct Row {
    /// Its name for programs, as in JSON.
    pub fact: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What is expected of its cells.
    pub expect: Expect,
    /// Reads it from an instance.
    pub cell: fn(&Member) -> Cell,
}
