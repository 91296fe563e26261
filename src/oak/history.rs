//! Older states of a store: the revisions of its journal, and checkpoints.
//!
//! A checkpoint is a whole older tree that Oak keeps until a time, for its indexes. They are children of `checkpoints`, beside the
//! `root` of a revision: each has a `root` of its own and, but in old versions, the time it was `created`. (`SegmentNodeStore`,
//! `LockBasedScheduler`)

use super::archive::{self, Archive, FIRST_LETTER};
use super::{Node, OakError, Store};

/// A state that the journal names.
#[derive(Clone, Copy)]
pub struct Revision<'s, 'f> {
    /// When it was made, milliseconds since 1970, where the journal says so.
    pub time_ms: Option<u64>,
    node: Node<'s, 'f>,
}

/// What the end of a journal names.
pub struct Revisions<'s, 'f> {
    /// The revisions, newest first.
    pub all: Vec<Revision<'s, 'f>>,
    /// The journal is longer than what is read of it.
    pub cut: bool,
}

/// A state that is kept under a name.
pub struct Checkpoint<'s, 'f> {
    /// Its name, most often a UUID.
    pub name: String,
    /// When it was made, milliseconds since 1970, where it says so.
    pub created_ms: Option<u64>,
    /// The root of its content; none where it is no checkpoint.
    pub root: Option<Node<'s, 'f>>,
}

impl<'f> Store<'f> {
    /// Returns the revisions of the journal. Whether their segments are there shows when one is looked at.
    ///
    /// # Errors
    ///
    /// Fails where the journal cannot be read.
    pub fn revisions(&self) -> Result<Revisions<'_, 'f>, OakError> {
        let (journal, cut) = self.journal()?;
        let revision = |revision: super::journal::Revision| Revision {
            time_ms: revision.time_ms,
            node: Node::new(self, revision.root),
        };
        Ok(Revisions { all: journal.revisions.into_iter().map(revision).collect(), cut })
    }
}

impl Store<'_> {
    /// Returns `true` if its tar files show that segments were given up.
    ///
    /// Cleaning up leaves a tar file out, or writes what is left of it to one with the next letter. So a number is missing, or a
    /// letter is not the first: of ten files of Oak 1.6.20, `00000b`, `00001c` and `00004a` to `00009a` were left after three
    /// collections. A store of `00000a`, `00001a` … still has every segment that was written to it. (`TarFiles.cleanup`)
    pub fn gave_up_segments(&self) -> bool {
        let numbers = archive::numbers(self.files);
        let count = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
        // Oak numbers its files from 0, so there is one more than the last number says, where none
        // is missing.
        let is_dense =
            numbers.last_key_value().is_none_or(|(last, _)| last.saturating_add(1) == count);
        // Cleaning up rewrites a file only where that saves a quarter of it, so one collection need
        // not show here. (`TarReader.sweep`)
        !is_dense || numbers.values().any(|letter| *letter != FIRST_LETTER)
    }

    /// Returns `true` if one of its tar files, the newest apart, does not end in its index, as far as was looked. It may have been
    /// cut, and what is missing may have been in it.
    pub fn has_cut_files(&self) -> bool {
        let archives = self.archives.borrow();
        let archives = || archives.iter().filter(|archive| archive.is_opened);
        let newest = archives().filter_map(Archive::own_number).max();
        // Oak writes to the newest file only, so that one alone may lack its index on a running
        // instance.
        let is_older = |archive: &&Archive| archive.own_number().is_some_and(|n| Some(n) < newest);
        archives().filter(is_older).any(|archive| !archive.is_closed())
    }
}

impl<'s, 'f> Revision<'s, 'f> {
    /// Returns the root of its content.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be read.
    pub fn root(self) -> Result<Node<'s, 'f>, OakError> {
        let root = self.node.child("root")?;
        root.ok_or(OakError::NoHead("its journal names a record that is no revision"))
    }

    /// Returns its first checkpoints, by name, and whether there are more than `count_max`.
    ///
    /// # Errors
    ///
    /// Fails where they cannot be listed, or one cannot be read.
    pub fn checkpoints(
        self,
        count_max: usize,
    ) -> Result<(Vec<Checkpoint<'s, 'f>>, bool), OakError> {
        let Some(all) = self.node.child("checkpoints")? else { return Ok((Vec::new(), false)) };
        let children = all.children()?;
        let more = children.len() > count_max;
        let first = children.into_iter().take(count_max);
        let checkpoint = |(name, node): (String, Node<'s, 'f>)| {
            // `timestamp`, beside it, is when the checkpoint expires.
            // (`LockBasedScheduler.CPCreator`)
            let created_ms = match node.property("created")? {
                Some(created) => number(&created.value()?),
                None => None,
            };
            Ok(Checkpoint { name, created_ms, root: node.child("root")? })
        };
        Ok((first.map(checkpoint).collect::<Result<_, OakError>>()?, more))
    }
}

/// Numbers are stored as their digits.
fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
