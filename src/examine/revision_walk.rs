//! Looks at older revisions of a repository: a bounded number, evenly over the journal, and by halves where two differ.
//!
//! A revision costs a few segments, a busy instance makes thousands a day, and what is older than two garbage collections is gone.

use crate::limits::Limits;
use crate::oak::{Node, OakError, Revision, Store};
use std::collections::BTreeMap;

const SAMPLES: usize = Limits::DEFAULT.revision_samples_max;
const LOOKS_MAX: usize = Limits::DEFAULT.revisions_max;
const GONE_MAX: usize = Limits::DEFAULT.revisions_gone_max;

/// Says that the segments did not suffice.
pub(super) fn too_many() -> String {
    "older states take more segments than are read for them".to_owned()
}

/// The revisions of a journal, with what was seen in some of them; numbers count from the newest.
pub(super) struct Walk<'w, 's, 'f, T> {
    store: &'s Store<'f>,
    all: &'w [Revision<'s, 'f>],
    /// Segments that the store may have read when this is done.
    segments_max: u64,
    /// Reads what is looked for below the root of a revision.
    reads: &'w dyn Fn(Node<'s, 'f>) -> Result<T, OakError>,
    is_same: fn(&T, &T) -> bool,
    pub(super) seen: BTreeMap<usize, T>,
    lost: BTreeMap<usize, OakError>,
    /// Why it ended early.
    pub(super) gap: Option<String>,
}

impl<'w, 's, 'f, T> Walk<'w, 's, 'f, T> {
    pub(super) fn new(
        store: &'s Store<'f>,
        all: &'w [Revision<'s, 'f>],
        segments_max: u64,
        reads: &'w dyn Fn(Node<'s, 'f>) -> Result<T, OakError>,
        is_same: fn(&T, &T) -> bool,
    ) -> Self {
        let (seen, lost, gap) = (BTreeMap::new(), BTreeMap::new(), None);
        Self { store, all, segments_max, reads, is_same, seen, lost, gap }
    }

    /// Looks for the newest revision that is there: a journal that was copied after the tars starts with others.
    pub(super) fn find_newest(&mut self) -> Option<Revision<'s, 'f>> {
        let all = self.all;
        let mut newest = all.iter().take(GONE_MAX).enumerate();
        newest.find(|(at, _)| self.may_look() && self.look(*at)).map(|(_, revision)| *revision)
    }

    /// Returns the newest revision that was there of those looked at.
    pub(super) fn newest_seen(&self) -> Option<Revision<'s, 'f>> {
        self.all.get(*self.seen.keys().next()?).copied()
    }

    /// Looks at revisions evenly over the journal, the newest first.
    pub(super) fn sample(&mut self) {
        // A live store flushes every five seconds at most,
        // so dozens of lines of a journal may be minutes.
        let last = self.all.len().saturating_sub(1);
        let steps = last.min(SAMPLES.saturating_sub(1));
        let mut gone = 0_usize;
        for step in 0..=steps {
            let at = step.saturating_mul(last).checked_div(steps).unwrap_or_default();
            // Three in a row may be a hole; only where the oldest is gone, too, are all of them.
            if !self.may_look() || gone >= GONE_MAX && !self.look(last) {
                return;
            }
            let found = self.look(at);
            // A journal that is newer than the tars starts with revisions that were never copied.
            gone = if found || self.seen.is_empty() { 0 } else { gone.saturating_add(1) };
        }
    }

    /// Searches by halves where the keys changed, between neighbours that differ.
    pub(super) fn narrow(&mut self) {
        while let Some(middle) = self.between() {
            if !self.may_look() {
                return;
            }
            self.look(middle);
        }
    }

    /// Searches by halves for the oldest revision that is still there, between those that are and those that are not.
    pub(super) fn find_oldest(&mut self) {
        while let Some((oldest, lost)) = self.edge().filter(|(a, b)| a.abs_diff(*b) > 1) {
            if !self.may_look() {
                return;
            }
            self.look(oldest.midpoint(lost));
        }
    }

    /// Returns the oldest revision that is there, and the first behind it that is not.
    fn edge(&self) -> Option<(usize, usize)> {
        let oldest = *self.seen.keys().next_back()?;
        Some((oldest, *self.lost.range(oldest..).next()?.0))
    }

    /// Counts the revisions that were given up: those behind all that are there, if none is lost before, and none for another reason
    /// than that a segment is in none of the files, each of which is whole.
    pub(super) fn collected(&self) -> usize {
        let Some((_, lost)) = self.edge().filter(|_| !self.store.has_cut_files()) else {
            return 0;
        };
        // Damage is no collection: Oak removes whole segments, and what is left keeps its checksum.
        let is_missing = |error: &OakError| matches!(error, OakError::Missing(_));
        let is_whole = self.lost_behind_head().all(|(at, error)| *at >= lost && is_missing(error));
        if is_whole { self.all.len().saturating_sub(lost) } else { 0 }
    }

    /// Returns what is lost; what is passed over before the head is reported with the head.
    fn lost_behind_head(&self) -> impl Iterator<Item = (&usize, &OakError)> {
        let head = self.seen.keys().next().copied();
        self.lost.iter().filter(move |(at, _)| head.is_some_and(|head| **at > head))
    }

    /// Says why a revision cannot be read, unless they were collected.
    pub(super) fn why_lost(&self, were_collected: bool) -> Option<String> {
        let (_, error) = self.lost_behind_head().next().filter(|_| !were_collected)?;
        Some(format!("an older revision cannot be read: {error}"))
    }

    /// Returns a revision between two that differ, neither looked at nor lost.
    fn between(&self) -> Option<usize> {
        let pairs = self.seen.iter().zip(self.seen.iter().skip(1));
        let differing = pairs.filter(|((_, newer), (_, older))| !(self.is_same)(newer, older));
        differing
            .map(|((newer, _), (older, _))| newer.midpoint(*older))
            .find(|middle| !self.seen.contains_key(middle) && !self.lost.contains_key(middle))
    }

    fn may_look(&mut self) -> bool {
        if self.store.segments_read() >= self.segments_max {
            self.gap.get_or_insert(too_many());
            return false;
        }
        self.seen.len().saturating_add(self.lost.len()) < LOOKS_MAX
    }

    fn look(&mut self, at: usize) -> bool {
        let Some(revision) = self.all.get(at) else { return false };
        match revision.root().and_then(self.reads) {
            Ok(found) => {
                self.seen.insert(at, found);
                true
            }
            Err(error) => {
                self.lost.insert(at, error);
                false
            }
        }
    }

    pub(super) fn time_ms(&self, at: usize) -> Option<u64> {
        self.all.get(at)?.time_ms
    }
}
