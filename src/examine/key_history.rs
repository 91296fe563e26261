//! Looks at `/etc/key` in older states of a repository: were there other keys, and until when?
//!
//! What a store still has of its past is shown by its journal and its checkpoints. So is the oldest that is still there, of a store that
//! gave segments up.

use super::jcr_keys::{KEY_NODE, below};
use super::revision_walk::{Walk, too_many};
use super::secrets::Vault;
use crate::facts::{JcrKey, KeyHistory, PastKeys, PastState, Snapshot};
use crate::limits::Limits;
use crate::oak::{Node, OakError, Revision, Store};
use std::cell::RefCell;

const CHECKPOINTS_MAX: usize = Limits::DEFAULT.checkpoints_max;
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
    let reads = |root| past.keys(root);
    let is_same = |a: &Vec<JcrKey>, b: &Vec<JcrKey>| KeyHistory::are_same(a, b);
    let mut walk = Walk::new(store, &revisions.all, past.segments_max, &reads, is_same);
    // They reach further back than the journal, so they come before what it may cost to search that.
    let mut of_checkpoints = KeyHistory::default();
    let mut checkpoints = |newest| past.checkpoints(newest, head, &mut of_checkpoints);
    let early = walk.find_newest().map(&mut checkpoints);
    walk.sample();
    // A journal may be dozens of revisions newer than the tars; then the newest that is there is known only now.
    let read = early.or_else(|| walk.newest_seen().map(checkpoints));
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
    tell(&walk, head, &mut history);
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

/// Takes back that revisions were collected where the source was not read in full: their segments may lie in what did not come.
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

/// Puts revisions in a row together that hold the same keys.
fn tell(walk: &Walk<'_, '_, '_, Vec<JcrKey>>, head: &[JcrKey], history: &mut KeyHistory) {
    let mut runs: Vec<(usize, usize, &Vec<JcrKey>)> = Vec::new();
    for (at, keys) in &walk.seen {
        match runs.last_mut() {
            Some((_, oldest, same)) if KeyHistory::are_same(same, keys) => *oldest = *at,
            _ => runs.push((*at, *at, keys)),
        }
    }
    for (newest, oldest, keys) in runs {
        if !KeyHistory::are_same(keys, head) {
            let (newest_ms, oldest_ms) = (walk.time_ms(newest), walk.time_ms(oldest));
            let state = PastState::Revisions { newest_ms, oldest_ms };
            history.others.push(PastKeys { keys: keys.clone(), state });
        } else if history.others.is_empty() {
            history.same_since_ms = walk.time_ms(oldest);
        }
    }
}

#[cfg(test)]
mod tests;
