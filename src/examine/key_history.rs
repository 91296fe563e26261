//! Looks at `/etc/key` in older states of a repository: were there other keys, and until when?
//!
//! What a store still has of its past is shown by its journal and its checkpoints. A revision costs a few segments, a busy instance makes
//! thousands a day, and what is older than two garbage collections is gone: so a bounded number of revisions is looked at, evenly over
//! the journal, and between two that differ the change is searched by halves.

use super::jcr_keys::{KEY_NODE, below};
use crate::facts::{JcrKey, KeyHistory, PastKeys, PastState};
use crate::limits::Limits;
use crate::oak::{Node, OakError, Revision, Store};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

const SAMPLES: usize = Limits::DEFAULT.revision_samples_max;
const LOOKS_MAX: usize = Limits::DEFAULT.revisions_max;
const CHECKPOINTS_MAX: usize = Limits::DEFAULT.checkpoints_max;
const GONE_MAX: usize = Limits::DEFAULT.revisions_gone_max;
const NAME_CHARS_MAX: usize = 64;

/// Reads the history behind what the newest revision holds. What cannot be read of it is told in it, and never an error.
///
/// It may cost so many segments more; what is left of the store's own budget bounds it too.
pub(super) fn read(store: &Store<'_>, head: &[JcrKey], segments_max: u64) -> KeyHistory {
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
    };
    let mut walk = Walk {
        past: &past,
        all: &revisions.all,
        seen: BTreeMap::new(),
        lost: BTreeSet::new(),
        gap: None,
    };
    walk.sample();
    walk.narrow();
    history.revisions_read = walk.seen.len();
    history.gap = walk.gap.take();
    walk.tell(head, &mut history);
    let newest = walk.seen.keys().next().and_then(|at| revisions.all.get(*at));
    let checkpoints = newest.map(|newest| past.checkpoints(*newest, head, &mut history));
    if let Some(Err(error)) = checkpoints {
        history.gap.get_or_insert(format!("a checkpoint cannot be read: {error}"));
    }
    if revisions.cut {
        history.gap.get_or_insert("the journal goes further back than is read".to_owned());
    }
    history
}

/// Older states, with what is known of them.
struct Past<'s, 'f> {
    store: &'s Store<'f>,
    /// What nodes hold that were read before: a record never changes.
    known: RefCell<Vec<(Node<'s, 'f>, Vec<JcrKey>)>>,
    segments_max: u64,
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
        let keys = below(node)?;
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
    lost: BTreeSet<usize>,
    gap: Option<String>,
}

impl Walk<'_, '_, '_> {
    /// Looks at revisions evenly over the journal, the newest first.
    fn sample(&mut self) {
        let last = self.all.len().saturating_sub(1);
        let steps = last.min(SAMPLES.saturating_sub(1));
        let mut gone = 0_usize;
        for step in 0..=steps {
            let at = step.saturating_mul(last).checked_div(steps).unwrap_or_default();
            if gone >= GONE_MAX || !self.may_look() {
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

    /// Returns a revision between two that differ, neither looked at nor lost.
    fn between(&self) -> Option<usize> {
        let pairs = self.seen.iter().zip(self.seen.iter().skip(1));
        let differing =
            pairs.filter(|((_, newer), (_, older))| !KeyHistory::are_same(newer, older));
        differing
            .map(|((newer, _), (older, _))| newer.midpoint(*older))
            .find(|middle| !self.seen.contains_key(middle) && !self.lost.contains(middle))
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
                self.lost.insert(at);
                // What is passed over before the head is told with the head.
                if !self.seen.is_empty() {
                    self.gap.get_or_insert(format!("an older revision cannot be read: {error}"));
                }
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
mod tests {
    use super::*;
    use crate::examine::jcr_keys::keys;
    use crate::facts::KeyName;
    use crate::oak::Budget;
    use crate::oak::testing::{Memory, Tree};

    fn key(hmac: &[u8]) -> Tree {
        Tree::default().with("hmac", 2, hmac).with("master", 2, &hmac[..hmac.len().min(16)])
    }

    fn holding(hmac: &[u8]) -> Tree {
        Tree::default().at("root/etc/key", key(hmac)).at("root/content", Tree::default())
    }

    fn history(files: &Memory) -> KeyHistory {
        let store = Store::new(files, Budget::default());
        let head = store.newest(keys).unwrap();
        read(&store, &head.value, 512)
    }

    fn of(revisions: &[(Tree, u64)]) -> KeyHistory {
        history(&Memory::written(revisions))
    }

    fn told(history: &KeyHistory) -> Vec<(usize, PastState)> {
        history.others.iter().map(|past| (past.keys.len(), past.state.clone())).collect()
    }

    fn revisions(newest: u64, oldest: u64) -> PastState {
        PastState::Revisions { newest_ms: Some(newest), oldest_ms: Some(oldest) }
    }

    const NEW: &[u8] = &[1; 32];
    const OLD: &[u8] = &[2; 32];

    #[test]
    fn keys_that_never_changed_have_no_past() {
        let history = of(&[(holding(NEW), 3), (holding(NEW), 5), (holding(NEW), 7)]);
        assert_eq!(told(&history), []);
        assert_eq!((history.same_since_ms, history.gap.as_deref()), (Some(3), None));
        assert_eq!((history.revisions, history.revisions_read), (3, 3));
    }

    #[test]
    fn replaced_keys_are_told_with_the_times_they_were_seen() {
        let none = Tree::default().at("root/etc", Tree::default());
        let history = of(&[
            (none, 1),
            (holding(OLD), 3),
            (holding(OLD), 5),
            (holding(NEW), 7),
            (holding(NEW), 9),
        ]);
        assert_eq!(told(&history), [(2, revisions(5, 3)), (0, revisions(1, 1))]);
        assert_eq!(history.same_since_ms, Some(7));
        let hmac = history.others[0].key(KeyName::Hmac).unwrap();
        assert_eq!(hmac.digest, crate::evidence::digest_key(OLD));
    }

    #[test]
    fn keys_that_came_back_are_told_from_those_that_stayed() {
        let history = of(&[(holding(NEW), 1), (holding(OLD), 3), (holding(NEW), 5)]);
        assert_eq!(told(&history), [(2, revisions(3, 3))]);
        assert_eq!(history.same_since_ms, Some(5));
    }

    #[test]
    fn change_is_found_to_the_revision_in_a_long_journal() {
        let two = [(holding(OLD), 0), (holding(OLD), 0), (holding(NEW), 0), (holding(NEW), 0)];
        let files = Memory::written(&two).change("journal.log", |text| {
            let lines = String::from_utf8(text.clone()).unwrap();
            let roots: Vec<_> = lines.lines().map(|line| line.split(' ').next().unwrap()).collect();
            // Lines in a row that are alike count once, so that two records take turns.
            let root = |time: usize| roots[time % 2 + if time < 777 { 0 } else { 2 }];
            let long = (0..1000).map(|time| format!("{} root {time}\n", root(time)));
            *text = long.collect::<String>().into_bytes();
        });
        let history = history(&files);
        assert_eq!(told(&history), [(2, revisions(776, 0))]);
        assert_eq!(history.same_since_ms, Some(777));
        assert!(history.revisions_read <= 72, "{}", history.revisions_read);
    }

    #[test]
    fn checkpoint_with_other_keys_is_told() {
        let checkpoint =
            |hmac| Tree::default().with("created", 3, b"5").at("root/etc/key", key(hmac));
        let tree = holding(NEW)
            .at("checkpoints/a", checkpoint(NEW))
            .at("checkpoints/b", checkpoint(OLD))
            .at("checkpoints/c", Tree::default());
        let history = of(&[(tree, 9)]);
        let state = PastState::Checkpoint { name: "b".to_owned(), created_ms: Some(5) };
        assert_eq!(told(&history), [(2, state)]);
        assert_eq!(history.checkpoints_read, 2);
    }

    #[test]
    fn revisions_without_their_segments_leave_a_gap_and_the_rest_stands() {
        let files = Memory::written(&[(holding(OLD), 3), (holding(NEW), 5)]);
        let gone = |number: usize| format!("{number:08x}-1ab5-4b44-ae81-d59174bd06ee:1 root 1\n");
        let older = files.change("journal.log", |text| {
            *text = [(0..100).map(gone).collect::<String>().into_bytes(), text.clone()].concat();
        });
        let history = history(&older);
        assert_eq!(told(&history), [(2, revisions(3, 3))]);
        let gap = history.gap.unwrap();
        assert!(gap.starts_with("an older revision cannot be read: segment "), "{gap}");
        assert!(gap.ends_with(" is missing"), "{gap}");
        assert_eq!(history.revisions_read, 2);
    }

    #[test]
    fn samples_hold_no_other_keys() {
        for name in ["v10-closed", "v11-hot", "v12-closed", "v13-closed", "v13-gc"] {
            let history = history(&Memory::sample(name).0);
            assert!(history.others.iter().all(|past| past.keys.is_empty()), "{name}: {history:?}");
            assert_eq!(history.gap, None, "{name}");
            assert_eq!(history.revisions, history.revisions_read, "{name}");
        }
    }
}
