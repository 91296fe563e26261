//! A store: finds segments and revisions, and keeps count of what that costs.

use super::archive::{Archive, archives, choose_letters};
use super::cost::Cost;
use super::id::SegmentId;
use super::journal::Journal;
use super::segment::Segment;
use super::{Budget, Files, OakError};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

const JOURNAL: &str = "journal.log";
/// Read of a journal from its end; a line has about 70 bytes.
const JOURNAL_BYTES: u64 = 256 << 10;

/// A segment store, opened for reading.
pub struct Store<'f> {
    pub(super) files: &'f dyn Files,
    pub(super) budget: Budget,
    pub(super) archives: RefCell<Vec<Archive>>,
    has_chosen_letters: Cell<bool>,
    /// Files are asked, too, that Oak does not open.
    pub(super) asks_all: Cell<bool>,
    /// The segments read last, the latest at the back.
    cache: RefCell<VecDeque<Rc<Segment>>>,
    pub(super) cost: Cost,
}

impl<'f> Store<'f> {
    /// Opens a store. Nothing is read yet.
    pub fn new(files: &'f dyn Files, budget: Budget) -> Self {
        Self {
            files,
            budget,
            archives: RefCell::new(archives(files)),
            has_chosen_letters: Cell::new(false),
            asks_all: Cell::new(false),
            cache: RefCell::default(),
            cost: Cost::new(&budget),
        }
    }

    /// Returns how many segments were read so far.
    pub fn segments_read(&self) -> u64 {
        self.cost.segments.spent()
    }

    /// Reads the end of the journal; says too whether that is not all of it.
    pub(super) fn journal(&self) -> Result<(Journal, bool), OakError> {
        let files = self.files.list();
        // Oak never reads `journal.log.bak.000` and the like, which `recover-journal` leaves behind.
        let found = files.iter().enumerate().find(|(_, (name, _))| name == JOURNAL);
        let (index, (_, bytes)) = found.ok_or(OakError::NoHead("it has no journal.log"))?;
        // A store in use adds a line at most every five seconds, so these are five hours at least.
        let length = (*bytes).min(JOURNAL_BYTES);
        let mut text = vec![0; usize::try_from(length).unwrap_or_default()];
        self.files.read(index, bytes.saturating_sub(length), &mut text).map_err(|error| {
            OakError::Io { file: JOURNAL.to_owned(), reason: error.to_string() }
        })?;
        Ok((Journal::read(&text), length < *bytes))
    }

    /// Checks the length that a value states before it is read.
    pub(super) fn value_bytes(&self, length: u64) -> Result<(), OakError> {
        let max = self.budget.value_bytes_max;
        if length > max {
            return Err(OakError::Budget { what: "bytes of one value", max });
        }
        self.cost.bytes.spend(length)
    }

    /// Returns a segment, from memory where it was read before.
    pub(super) fn segment(&self, id: SegmentId) -> Result<Rc<Segment>, OakError> {
        let mut cache = self.cache.borrow_mut();
        if let Some(at) = cache.iter().position(|segment| segment.id == id) {
            let segment = cache.remove(at).ok_or(OakError::Missing(id))?;
            cache.push_back(Rc::clone(&segment));
            return Ok(segment);
        }
        self.cost.segments.spend(1)?;
        let segment = Rc::new(self.load(id)?);
        if cache.len() >= self.budget.cached_max {
            cache.pop_front();
        }
        cache.push_back(Rc::clone(&segment));
        Ok(segment)
    }

    /// Reads a segment from the first file that has a good copy of it. It never changes under its UUID, so it is the same in all.
    fn load(&self, id: SegmentId) -> Result<Segment, OakError> {
        let own = self.load_from(id, true);
        match own {
            Err(OakError::Missing(_) | OakError::Corrupt { .. } | OakError::Io { .. })
                if self.asks_all.get() =>
            {
                self.load_from(id, false).or(own)
            }
            own => own,
        }
    }

    /// Returns the first file that has a segment and is not opened by Oak.
    pub(super) fn spare_with(&self, id: SegmentId) -> Option<String> {
        self.load_from(id, false).ok()?;
        // It was put first.
        self.archives.borrow().first().map(|archive| archive.name.clone())
    }

    /// Reads a segment from the files that Oak opens, or from the others.
    fn load_from(&self, id: SegmentId, opened: bool) -> Result<Segment, OakError> {
        let mut archives = self.archives.borrow_mut();
        // Only now, since it opens indexes, and many a store is never asked for a segment.
        if !self.has_chosen_letters.replace(true) {
            choose_letters(&mut archives, self.files, &self.cost);
        }
        let mut failed = None;
        for at in 0..archives.len() {
            let Some(archive) = archives.get_mut(at) else { break };
            if archive.is_opened != opened {
                continue;
            }
            // Each missing segment asks every file, and a forged store may have thousands of both.
            self.cost.asked.spend(1)?;
            match archive.segment(id, self.files, &self.cost) {
                Ok(Some(bytes)) => {
                    // The next segment is most likely in the same file.
                    if let Some(start) = archives.get_mut(..=at) {
                        start.rotate_right(1);
                    }
                    return Segment::new(id, bytes);
                }
                Ok(None) => {}
                // Damage is an error only where no later file has a good copy.
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        Err(failed.unwrap_or(OakError::Missing(id)))
    }
}
