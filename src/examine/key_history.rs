//! Looks at `/etc/key` in older states of a repository: were there other keys, and until when?
//!
//! What a store still has of its past is shown by its journal and its checkpoints. A revision costs a few segments, a busy instance makes
//! thousands a day, and what is older than two garbage collections is gone: so a bounded number of revisions is looked at, evenly over
//! the journal, and between two that differ the change is searched by halves. So is the oldest that is still there, of a store that gave
//! segments up.

use super::jcr_keys::{KEY_NODE, below};
use super::secrets::Vault;
use crate::facts::{JcrKey, KeyHistory, PastKeys, PastState, Snapshot};
use crate::limits::Limits;
use crate::oak::{Node, OakError, Revision, Store};
use std::cell::RefCell;
use std::collections::BTreeMap;

const SAMPLES: usize = Limits::DEFAULT.revision_samples_max;
const LOOKS_MAX: usize = Limits::DEFAULT.revisions_max;
const CHECKPOINTS_MAX: usize = Limits::DEFAULT.checkpoints_max;
const GONE_MAX: usize = Limits::DEFAULT.revisions_gone_max;
const NAME_CHARS_MAX: usize = 64;

/// Reads the history after what the newest revision holds. What cannot be read of it is reported in it, and never an error.
///
/// It may cost so many segments more; what is left of the store's own budget bounds it too.
pub(super) fn read(
    store: &Store<'_>,
    head: &[JcrKey],
    segments_max: u64,
    vault: &Vault,
) -> KeyHistory {
    let mut history = KeyHistory::default();
    let revisions = match store.revisions() {
        Ok(revisions) => revisions,
        Err(error) => return KeyHistory { gap: Some(error.to_string()), ..history },
    };
    history.revisions = revisions.all.len();
    let past = Past {
        segments_max: store.segments_read().saturating_add(segments_max),
        store,
        known: RefCell::default(),
        vault,
    };
    let mut walk = Walk {
        past: &past,
        all: &revisions.all,
        seen: BTreeMap::new(),
        lost: BTreeMap::new(),
        gap: None,
    };
    // They reach further back than the journal, so they come before what it may cost to search that.
    let mut of_checkpoints = KeyHistory::default();
    let newest = walk.find_newest();
    let read = newest.map(|newest| past.checkpoints(newest, head, &mut of_checkpoints));
    walk.sample();
    walk.narrow();
    // After each garbage collection of Oak the journal
    // still names revisions whose segments are gone.
    if store.gave_up_segments() {
        walk.find_oldest();
        walk.narrow();
        history.collected = walk.collected();
    }
    history.revisions_read = walk.seen.len();
    history.oldest_ms = walk.seen.keys().next_back().and_then(|at| walk.time_ms(*at));
    history.gap = walk.why_lost(history.collected > 0).or(walk.gap.take());
    walk.tell(head, &mut history);
    history.checkpoints_read = of_checkpoints.checkpoints_read;
    history.others.append(&mut of_checkpoints.others);
    if let Some(gap) = of_checkpoints.gap {
        history.gap.get_or_insert(gap);
    }
    if let Some(Err(error)) = read {
        history.gap.get_or_insert(format!("a checkpoint cannot be read: {error}"));
    }
    // What is further back than the oldest one that is there was collected too.
    if revisions.cut && history.collected == 0 {
        history.gap.get_or_insert("the journal goes further back than is read".to_owned());
    }
    history
}

/// Takes back that revisions were collected where the source was not read whole: their segments may lie in what did not come.
pub(super) fn doubt(snapshot: &mut Snapshot) {
    let is_complete = snapshot.is_complete();
    let histories = snapshot.repository.iter_mut().map(|repository| &mut repository.history);
    for history in histories.filter(|history| !is_complete && history.collected > 0) {
        history.collected = 0;
        let why = "older revisions cannot be read, and the source is not whole".to_owned();
        history.gap.get_or_insert(why);
    }
}

/// Older states, with what is known of them.
struct Past<'s, 'f> {
    store: &'s Store<'f>,
    /// What nodes hold that were read before: a record never changes.
    known: RefCell<Vec<(Node<'s, 'f>, Vec<JcrKey>)>>,
    segments_max: u64,
    vault: &'s Vault,
}

impl<'s, 'f> Past<'s, 'f> {
    fn is_spent(&self) -> bool {
        self.store.segments_read() >= self.segments_max
    }

    fn keys(&self, root: Node<'s, 'f>) -> Result<Vec<JcrKey>, OakError> {
        let Some(node) = root.descendant(KEY_NODE)? else { return Ok(Vec::new()) };
        let mut known = self.known.borrow_mut();
        if let Some((_, keys)) = known.iter().find(|(other, _)| other.is_same_record(node)) {
            return Ok(keys.clone());
        }
        let keys = below(node, self.vault)?;
        known.push((node, keys.clone()));
        Ok(keys)
    }

    fn checkpoints(
        &self,
        newest: Revision<'s, 'f>,
        head: &[JcrKey],
        history: &mut KeyHistory,
    ) -> Result<(), OakError> {
        let (checkpoints, more) = newest.checkpoints(CHECKPOINTS_MAX)?;
        for checkpoint in checkpoints {
            // Checkpoints keep older states alive through collections.
            let Some(root) = checkpoint.root else { continue };
            if self.is_spent() {
                history.gap.get_or_insert(too_many());
                return Ok(());
            }
            let keys = self.keys(root)?;
            history.checkpoints_read = history.checkpoints_read.saturating_add(1);
            if !KeyHistory::are_same(&keys, head) {
                let name = checkpoint.name.chars().take(NAME_CHARS_MAX).collect();
                let state = PastState::Checkpoint { name, created_ms: checkpoint.created_ms };
                history.others.push(PastKeys { keys, state });
            }
        }
        if more {
            history.gap.get_or_insert(format!("there are more than {CHECKPOINTS_MAX} checkpoints"));
        }
        Ok(())
    }
}

fn too_many() -> String {
    "older states take more segments than are read for them".to_owned()
}

/// The revisions of a journal, with what was seen in some of them; numbers count from the newest.
struct Walk<'w, 's, 'f> {
    past: &'w Past<'s, 'f>,
    all: &'w [Revision<'s, 'f>],
    seen: BTreeMap<usize, Vec<JcrKey>>,
    lost: BTreeMap<usize, OakError>,
    gap: Option<String>,
}

impl<'s, 'f> Walk<'_, 's, 'f> {
    /// Looks for the newest revision that is there: a journal that was copied after the tars starts with others.
    fn find_newest(&mut self) -> Option<Revision<'s, 'f>> {
        let all = self.all;
        let mut newest = all.iter().take(GONE_MAX).enumerate();
        newest.find(|(at, _)| self.may_look() && self.look(*at)).map(|(_, revision)| *revision)
    }

    /// Looks at revisions evenly over the journal, the newest first.
    fn sample(&mut self) {
        // A live store flushes every five seconds at most,
        // so dozens of lines of a journal may be minutes.
        let last = self.all.len().saturating_sub(1);
        let steps = last.min(SAMPLES.saturating_sub(1));
        let mut gone = 0_usize;
        for step in 0..=steps {
            let at = step.saturating_mul(last).checked_div(steps).unwrap_or_default();
            if !self.may_look() || gone >= GONE_MAX && !self.look(last) {
                return;
            }
            let found = self.look(at);
            // A journal that is newer than the tars starts with revisions that were never copied.
            gone = if found || self.seen.is_empty() { 0 } else { gone.saturating_add(1) };
        }
    }

    /// Searches by halves where the keys changed, between neighbours that differ.
    fn narrow(&mut self) {
        while let Some(middle) = self.between() {
            if !self.may_look() {
                return;
            }
            self.look(middle);
        }
    }

    /// Searches by halves for the oldest revision that is still there, between those that are and those that are not.
    fn find_oldest(&mut self) {
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
    fn collected(&self) -> usize {
        let Some((_, lost)) = self.edge().filter(|_| !self.past.store.has_cut_files()) else {
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
    fn why_lost(&self, were_collected: bool) -> Option<String> {
        let (_, error) = self.lost_behind_head().next().filter(|_| !were_collected)?;
        Some(format!("an older revision cannot be read: {error}"))
    }

    /// Returns a revision between two that differ, neither looked at nor lost.
    fn between(&self) -> Option<usize> {
        let pairs = self.seen.iter().zip(self.seen.iter().skip(1));
        let differing =
            pairs.filter(|((_, newer), (_, older))| !KeyHistory::are_same(newer, older));
        differing
            .map(|((newer, _), (older, _))| newer.midpoint(*older))
            .find(|middle| !self.seen.contains_key(middle) && !self.lost.contains_key(middle))
    }

    fn may_look(&mut self) -> bool {
        if self.past.is_spent() {
            self.gap.get_or_insert(too_many());
            return false;
        }
        self.seen.len().saturating_add(self.lost.len()) < LOOKS_MAX
    }

    fn look(&mut self, at: usize) -> bool {
        let Some(revision) = self.all.get(at) else { return false };
        match revision.root().and_then(|root| self.past.keys(root)) {
            Ok(keys) => {
                self.seen.insert(at, keys);
                true
            }
            Err(error) => {
                self.lost.insert(at, error);
                false
            }
        }
    }

    fn time_ms(&self, at: usize) -> Option<u64> {
        self.all.get(at)?.time_ms
    }

    /// Puts revisions in a row together that hold the same keys.
    fn tell(&self, head: &[JcrKey], history: &mut KeyHistory) {
        let mut runs: Vec<(usize, usize, &Vec<JcrKey>)> = Vec::new();
        for (at, keys) in &self.seen {
            match runs.last_mut() {
                Some((_, oldest, same)) if KeyHistory::are_same(same, keys) => *oldest = *at,
                _ => runs.push((*at, *at, keys)),
            }
        }
        for (newest, oldest, keys) in runs {
            if !KeyHistory::are_same(keys, head) {
                let (newest_ms, oldest_ms) = (self.time_ms(newest), self.time_ms(oldest));
                let state = PastState::Revisions { newest_ms, oldest_ms };
                history.others.push(PastKeys { keys: keys.clone(), state });
            } else if history.others.is_empty() {
                history.same_since_ms = self.time_ms(oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests;
