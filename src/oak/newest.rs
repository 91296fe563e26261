//! Looking something up in the newest revision that can be read.

use super::journal::{Journal, Revision};
use super::{Node, OakError, Store};

/// What was found in a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// What was looked for.
    pub value: T,
    /// When the revision was made, milliseconds since 1970, where the journal says so.
    pub time_ms: Option<u64>,
    /// How many newer revisions were passed over, because a segment of them is missing or their line in the journal is torn.
    pub behind: usize,
}

impl<'f> Store<'f> {
    /// Looks something up from the root of the newest revision that has all its segments.
    ///
    /// A copy of a running instance may have a journal that is newer than its tar files. Only for a missing segment an older
    /// revision is tried; a damaged one proves nothing of what it held.
    ///
    /// # Errors
    ///
    /// That of the newest revision, when no older one can be read either.
    pub fn newest<T>(
        &self,
        look: impl Fn(Node<'_, 'f>) -> Result<T, OakError>,
    ) -> Result<Found<T>, OakError> {
        let (Journal { revisions, torn }, _) = self.journal()?;
        let mut first = None;
        for (older, revision) in revisions.iter().take(self.budget.revisions_max).enumerate() {
            match self.root(*revision).and_then(&look) {
                Ok(value) => {
                    let behind = torn.saturating_add(older);
                    return Ok(Found { value, time_ms: revision.time_ms, behind });
                }
                // Oak syncs segments before it writes the journal line that needs them, so the
                // journal was copied after the tar files. (`TarRevisions.doFlush`)
                Err(error @ OakError::Missing(_)) => drop(first.get_or_insert(error)),
                Err(error) => return Err(first.unwrap_or(error)),
            }
        }
        Err(first.unwrap_or(OakError::NoHead("its journal names no revision")))
    }

    /// Returns the root of the content: the child `root` of the record that the journal names.
    fn root(&self, revision: Revision) -> Result<Node<'_, 'f>, OakError> {
        let root = Node::new(self, revision.root).child("root")?;
        root.ok_or(OakError::NoHead("its journal names a record that is no revision"))
    }
}
