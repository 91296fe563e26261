//! What was there more than once in a source: as in tar, the last of one path counts.

use super::{Collector, Item, Versions};
use crate::evidence::Fact;
use crate::facts::{GapKind, INSIDE};
use std::collections::{BTreeMap, BTreeSet};

/// Instances that are remembered of an archive that came again.
const SLING_IDS_MAX: usize = 100;

/// What came again.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    /// How often a path came, where it was there more than once, and whether the versions differ.
    repeats: BTreeMap<String, (u32, Versions)>,
    /// Sling ids in archives that came again, by path.
    replaced: BTreeMap<String, String>,
    /// Archives that came again, after one that does not say of which instance it is.
    nameless: BTreeSet<String>,
}

impl Collector<'_> {
    /// The last entry of a path counts, of an archive inside the source as of a file. Of what the earlier one held nothing is left.
    pub(super) fn replace_archive(&mut self, path: &str) {
        // Of several archives one after the other nobody can know which is meant; each file that differs is reported.
        if self.concatenated || self.realms.is_empty() {
            return;
        }
        let realm = format!("{path}{INSIDE}");
        if !self.realms.remove(&realm) {
            return;
        }
        // An archive may come a million times, so nothing here looks at more than the realm holds.
        // `0` follows `/` in ASCII, so this is everything below the realm and nothing beside it.
        let below = format!("{realm}/")..format!("{realm}0");
        let dropped: Vec<_> = self.items.extract_if(below.clone(), |_, _| true).collect();
        let ids = dropped.iter().filter_map(|(path, item)| Some((path.clone(), sling_id(item)?)));
        let before = self.again.replaced.len();
        for (path, id) in ids.take(SLING_IDS_MAX) {
            self.again.replaced.entry(path).or_insert(id);
        }
        if self.again.replaced.len() == before && !dropped.is_empty() {
            self.again.nameless.insert(realm.clone());
        }
        self.again.repeats.extract_if(below.clone(), |_, _| true).for_each(drop);
        self.links.extract_if(below.clone(), |_, _| true).for_each(drop);
        self.archives.extract_if(below.clone(), |_| true).for_each(drop);
        self.realms.extract_if(below, |_| true).for_each(drop);
        self.segments.drop_realm(&realm);
        self.gaps.drop_realm(&realm);
        self.count_again(path, Versions::Archive);
    }

    /// Of a file of a segment store that was there twice the last counts, as in tar; unless nobody can know which instance it is of.
    pub(super) fn take_segments_again(&mut self, store: &str, path: &str) {
        if self.concatenated {
            let reason = "is in two archives that were joined into one file, so it was not read; scan the archives separately";
            self.segments.lose(store, path, reason.to_owned());
        } else {
            self.count_again(path, Versions::Unread);
        }
    }

    pub(super) fn count_again(&mut self, path: &str, versions: Versions) {
        let again = self.again.repeats.entry(path.to_owned()).or_insert((1, versions));
        again.0 = again.0.saturating_add(1);
        again.1 = again.1.max(versions);
    }

    /// Tells of all of it, and returns what is known of the versions.
    pub(super) fn tell_again(&mut self) -> BTreeMap<String, Versions> {
        let repeats = std::mem::take(&mut self.again.repeats);
        for (path, (times, versions)) in &repeats {
            let versions = match versions {
                Versions::Equal => " (all are equal)",
                Versions::Differ | Versions::Foreign => " (versions differ)",
                Versions::Archive | Versions::Unread => "",
            };
            let reason = format!("is in the source {times} times{versions}; the last one counts");
            self.gaps.record(Some(path), GapKind::Duplicate, reason);
        }
        self.tell_replaced();
        repeats.into_iter().map(|(path, (_, versions))| (path, versions)).collect()
    }

    /// An archive that was sent twice is one; two instances under one name are not.
    fn tell_replaced(&mut self) {
        for realm in std::mem::take(&mut self.again.nameless) {
            let reason = "is in the source twice, and nothing shows that both are of one instance; only the last was judged. Give them different names";
            self.gaps.record(Some(&realm), GapKind::Ambiguous, reason.to_owned());
        }
        for (path, before) in std::mem::take(&mut self.again.replaced) {
            if Some(before) != self.items.get(&path).and_then(sling_id) {
                let reason = "is in the source twice with different Sling ids: two instances lie under one path, and only the last was judged. Give them different names";
                self.lose(path, GapKind::Ambiguous, reason);
            }
        }
    }
}

fn sling_id(item: &Item) -> Option<String> {
    match item {
        Item::Read { fact: Ok(Fact::SlingId(id)), .. } => Some(id.clone()),
        _ => None,
    }
}
