//! Looking something up in the newest revision that can be read.

use super::archive::hole;
use super::journal::{Journal, Revision};
use super::segment::Version;
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
    /// Why what was read may not be the state of the instance when it was copied; one clause without a full stop. `None`, too, where the
    /// journal is only newer than the tar files, as in most copies of a running instance: Oak opens the same revision of them.
    pub doubt: Option<String>,
    /// Oak would not start with this revision: it would with a newer one, a segment of which is missing, or with none.
    pub is_broken: bool,
    /// It was written by Oak 1.5.2 or newer, which opens no store without a manifest.
    pub needs_manifest: bool,
}

/// How much newer the journal of a running instance may be than the last of its tar files, which `tar` copies just before it. Of 87 copies of
/// one at work 27 were behind, by up to five of its revisions, and Oak opened all of them with what was read here.
const JOURNAL_AHEAD_MAX_MS: u64 = 10 * 60 * 1000;

impl<'f> Store<'f> {
    /// Looks something up from the root of the newest revision that has all its segments.
    ///
    /// A copy of a running instance may have a journal that is newer than its tar files. Only for a missing segment an older
    /// revision is tried; a damaged one proves nothing of what it held. Files that Oak does not open are asked last, and from then
    /// on: backups, and letters that another letter stands for.
    ///
    /// # Errors
    ///
    /// That of the newest revision, when no older one can be read either.
    pub fn newest<T>(
        &self,
        look: impl Fn(Node<'_, 'f>) -> Result<T, OakError>,
    ) -> Result<Found<T>, OakError> {
        let (journal, _) = self.journal()?;
        let found = self.newest_of(&journal, &look);
        // Other errors are of the format, the budget or the journal, which no backup of a tar file changes.
        let Err(error @ (OakError::Missing(_) | OakError::Corrupt { .. } | OakError::Io { .. })) =
            found
        else {
            return found;
        };
        if self.asks_all.get() || self.archives.borrow().iter().all(|archive| archive.is_opened) {
            return Err(error);
        }
        self.asks_all.set(true);
        let mut found = self.newest_of(&journal, &look).map_err(|_| error.clone())?;
        found.is_broken = true;
        found.doubt = Some(format!("{error}, but for files that Oak does not open"));
        Ok(found)
    }

    fn newest_of<T>(
        &self,
        journal: &Journal,
        look: impl Fn(Node<'_, 'f>) -> Result<T, OakError>,
    ) -> Result<Found<T>, OakError> {
        let (mut first, mut is_broken) = (None, false);
        let revisions = journal.revisions.iter().take(self.budget.revisions_max);
        for (older, revision) in revisions.enumerate() {
            let needs_manifest = || {
                let segment = self.segment(revision.root.segment)?;
                segment.version().map(|version| version >= Version::V12)
            };
            let read = needs_manifest().and_then(|needs| Ok((look(self.root(*revision)?)?, needs)));
            match read {
                Ok((value, needs_manifest)) => {
                    let behind = journal.torn.saturating_add(older);
                    let time_ms = revision.time_ms;
                    let newest_ms = journal.revisions.first().and_then(|newest| newest.time_ms);
                    // Oak up to 1.4 writes no times into its journal, so how far it is ahead is not known
                    // there.
                    let is_recent = newest_ms.zip(time_ms).is_some_and(|(newest, read)| {
                        newest.saturating_sub(read) <= JOURNAL_AHEAD_MAX_MS
                    });
                    let is_usual = !is_broken && is_recent && !self.is_spared(first.as_ref());
                    let doubt =
                        (behind > 0 && !is_usual).then(|| self.why_behind(behind, first.as_ref()));
                    return Ok(Found { value, time_ms, behind, doubt, is_broken, needs_manifest });
                }
                // Oak syncs segments before it writes the journal line that needs them, so the
                // journal was copied after the tar files. (`TarRevisions.doFlush`)
                Err(error @ OakError::Missing(id)) => {
                    // Oak asks no more of a revision than that the segment of its root is there.
                    // (`FileStoreUtil.findPersistedRecordId`)
                    is_broken |= id != revision.root.segment;
                    first.get_or_insert(error);
                }
                Err(error) => return Err(first.unwrap_or(error)),
            }
        }
        Err(first.unwrap_or(OakError::NoHead("its journal names no revision")))
    }

    /// Returns `true` if a file that Oak does not open has the segment that was missed.
    fn is_spared(&self, first: Option<&OakError>) -> bool {
        matches!(first, Some(OakError::Missing(id)) if self.spare_with(*id).is_some())
    }

    /// Says why revisions were passed over: Oak itself would start with an older one, or fail.
    fn why_behind(&self, behind: usize, first: Option<&OakError>) -> String {
        let revisions = match behind {
            1 => "1 newer revision".to_owned(),
            count => format!("{count} newer revisions"),
        };
        let Some(error) = first else {
            return format!("{revisions} cannot be read: the end of its journal is torn");
        };
        let spare = match error {
            OakError::Missing(id) => self.spare_with(*id),
            _ => None,
        };
        let more = match (spare, hole(self.files)) {
            (Some(spare), _) => format!("; {spare} has it, which Oak does not open"),
            (None, Some(number)) => {
                format!("; there is no data{number:05}a.tar, nor a later letter")
            }
            (None, None) => String::new(),
        };
        format!("{revisions} cannot be read: {error}{more}")
    }

    /// Returns the root of the content: the child `root` of the record that the journal names.
    fn root(&self, revision: Revision) -> Result<Node<'_, 'f>, OakError> {
        let root = Node::new(self, revision.root).child("root")?;
        root.ok_or(OakError::NoHead("its journal names a record that is no revision"))
    }
}
