//! What is at a path of a source.

use crate::evidence::{Fact, ParseError};
use crate::facts::Owner;
use crate::intake::LinkTarget;

/// What is at one evidence path. The last entry of a path counts, as in tar.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// It was read.
    Read {
        /// What it says, or where it fails to follow its format.
        fact: Result<Fact, ParseError>,
        /// Owner and mode, where the container keeps them.
        owner: Option<Owner>,
    },
    /// It is a link that was not resolved (yet).
    Link(LinkTarget),
    /// It is there, but could not be read; a gap says why.
    Lost,
    /// Something else is there: a directory instead of a file, a device.
    Odd,
}

/// What is known of the versions of what was there several times; of several pairs the last of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Versions {
    /// They are equal.
    Equal,
    /// Those of an archive inside the source, of which it is reported by what it holds.
    Archive,
    /// Those of a file of a segment store; they were not compared.
    Unread,
    /// They differ.
    Differ,
    /// They are of two bundles, or of two instances.
    Foreign,
}
