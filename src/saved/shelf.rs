//! Bundles of many instances: taken apart to be written once, and put together again.
//!
//! Two instances of a farm mostly have the same bundles, and often under other numbers. So an instance names lines of bundles and a
//! line of numbers. Bundles are spread over a few lines by their names: of instances that differ in one bundle only that line differs.

use super::known_keys::KnownKeys;
use super::wire::{SavedBundle, SavedBundles, USUAL_CACHE};
use super::{LineId, SavedLine};
use crate::facts::{Bundle, Bundles};
use crate::limits::Limits;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Lines over which the bundles of an instance are spread. Of 600 bundles a line has 40, which are 5 KB.
const LINES: u8 = 16;

/// A line that instances share, as it is read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shared {
    Bundles(Vec<SavedBundle<'static>>),
    Numbers(Vec<u64>),
}

impl Shared {
    pub(super) fn line(&self) -> SavedLine<'_> {
        match self {
            Self::Bundles(bundles) => SavedLine::bundles(bundles.as_slice()),
            Self::Numbers(numbers) => SavedLine::numbers(numbers.as_slice()),
        }
    }
}

/// Takes bundles apart: returns where they are, and the lines that they share.
pub(super) fn taken_apart(bundles: &Bundles) -> (SavedBundles, Vec<(LineId, Shared)>) {
    let cache = bundles.iter().find_map(cache).unwrap_or(USUAL_CACHE);
    let (mut shared, mut own) = (Vec::new(), Vec::new());
    for bundle in bundles {
        match bundle.id.filter(|id| is_usual(bundle, *id, cache)) {
            Some(id) => {
                let saved = SavedBundle::shared(bundle);
                shared.push((line_of(bundle), serde_json::to_vec(&saved).ok(), id, saved));
            }
            None => own.push(SavedBundle::own(bundle).into_owned()),
        }
    }
    // By text and not by number, so that equal bundles make equal lines on every instance.
    shared.sort_by(|a, b| (a.0, &a.1, a.2).cmp(&(b.0, &b.1, b.2)));
    let numbers: Vec<u64> = shared.iter().map(|(_, _, id, _)| *id).collect();
    let mut lines = Vec::new();
    for bundles in shared.chunk_by(|a, b| a.0 == b.0) {
        let bundles = bundles.iter().map(|(.., saved)| saved.clone().into_owned());
        lines.push(Shared::Bundles(bundles.collect()));
    }
    let with_id = |shared: Shared| (shared.line().part().0, shared);
    let mut lines: Vec<(LineId, Shared)> = lines.into_iter().map(with_id).collect();
    let sets = lines.iter().map(|(id, _)| *id).collect();
    let numbers = (!numbers.is_empty()).then(|| with_id(Shared::Numbers(numbers)));
    let found = SavedBundles {
        cache: cache.to_owned(),
        sets,
        numbers: numbers.as_ref().map(|(id, _)| *id),
        own,
    };
    lines.extend(numbers);
    (found, lines)
}

/// Returns the directory that a bundle lies in, where it is one of the cache.
fn cache(bundle: &Bundle) -> Option<&str> {
    bundle.path.strip_suffix(&bundle.directory)?.strip_suffix('/')
}

fn is_usual(bundle: &Bundle, id: u64, cache: &str) -> bool {
    self::cache(bundle) == Some(cache)
        && bundle.directory.strip_prefix("bundle").is_some_and(|number| number == id.to_string())
}

/// Returns the line that a bundle belongs in.
fn line_of(bundle: &Bundle) -> u8 {
    let name = bundle.symbolic_name.as_ref().or(bundle.location.as_ref());
    let bytes = name.map_or("", String::as_str).bytes();
    // By the name and not the number: two instances of
    // one version give the same bundle different numbers.
    let sum = bytes.fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    sum.checked_rem(LINES).unwrap_or_default()
}

/// A line that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    Bundles(Vec<Arc<SavedBundle<'static>>>),
    Numbers(Vec<u64>),
}

impl Kept {
    /// Returns how many bundles it is about.
    fn len(&self) -> usize {
        match self {
            Self::Bundles(bundles) => bundles.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    /// Returns the line as it is written.
    pub(super) fn line(&self) -> SavedLine<'_> {
        match self {
            Self::Bundles(bundles) => {
                let bundles = bundles.iter().map(|bundle| SavedBundle::clone(bundle));
                SavedLine::bundles(bundles.collect::<Vec<_>>())
            }
            Self::Numbers(numbers) => SavedLine::numbers(numbers.as_slice()),
        }
    }
}

/// Lines that came, by what they are known by, and bundles that were made of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf {
    /// By what they would be known by if they were written now.
    lines: BTreeMap<LineId, Kept>,
    /// The same of those that are known by something else, mostly none.
    now: BTreeMap<LineId, LineId>,
    /// What lines are known by that were known by something else. Each may stand for several, so none is forgotten.
    renamed: BTreeSet<LineId>,
    /// Lines of which it was not looked yet whether they hold keys.
    fresh: BTreeSet<LineId>,
    used: BTreeSet<LineId>,
    /// What bundles there are in these lines, each once: of 40 in a line, a hotfix on one farm changes one.
    kinds: BTreeSet<Arc<SavedBundle<'static>>>,
    /// Bundles of each cache, by the address of their kind and by their number.
    made: BTreeMap<String, BTreeMap<(usize, u64), Made>>,
    /// Those of one line under the same numbers.
    parts: BTreeMap<(LineId, String, Vec<u64>), Vec<Arc<Bundle>>>,
    whole: BTreeMap<SavedBundles, Bundles>,
    /// The same at the end, by the identity of the bundles, which are kept so that no others get it.
    found: BTreeMap<usize, (Bundles, SavedBundles)>,
    /// How many bundles may still be put together. Else `k` lines of bundles under each of `k` lines of numbers were `k` times `k`.
    room: usize,
}

/// A bundle that was made of one kind, which is kept so that no other one gets its address.
#[derive(Debug, Clone)]
struct Made {
    _kind: Arc<SavedBundle<'static>>,
    bundle: Arc<Bundle>,
}

/// What was made of kinds of bundles, by their addresses.
type Hidden = BTreeMap<usize, (Arc<SavedBundle<'static>>, Option<SavedBundle<'static>>)>;

/// Kinds, and lines under some numbers, of which what was made is kept from one part to the next.
const KINDS_KEPT: usize = 5_000;
const PARTS_KEPT: usize = 1_000;

impl Shelf {
    /// Takes a line, with what it would be known by if it were written now.
    pub(super) fn take(&mut self, id: LineId, shared: Shared, now: LineId) {
        if id != now {
            self.now.insert(id, now);
            self.renamed.insert(now);
        }
        if let Entry::Vacant(place) = self.lines.entry(now) {
            let kinds = &mut self.kinds;
            let kept = match shared {
                Shared::Numbers(numbers) => Kept::Numbers(numbers),
                Shared::Bundles(bundles) => Kept::Bundles(
                    bundles.into_iter().map(|bundle| kept_once(kinds, bundle)).collect(),
                ),
            };
            let room = kept.len().saturating_mul(Limits::DEFAULT.shared_bundles_max);
            self.room = self.room.saturating_add(room);
            self.fresh.insert(now);
            place.insert(kept);
        }
    }

    /// Hides texts that hold a key, in lines that were not looked at before. Those that do are known by something else then.
    pub(super) fn hide_keys(&mut self, keys: &KnownKeys) {
        let mut names = BTreeMap::new();
        let mut hidden = Hidden::new();
        for id in std::mem::take(&mut self.fresh) {
            let Some(mut kept) = self.lines.remove(&id) else { continue };
            let is_changed = match &mut kept {
                Kept::Bundles(bundles) => self.hide_in(bundles, keys, &mut hidden),
                Kept::Numbers(_) => false,
            };
            let now = if is_changed { kept.line().part().0 } else { id };
            if is_changed {
                names.insert(id, now);
            }
            self.lines.entry(now).or_insert(kept);
        }
        if !names.is_empty() {
            for known in self.now.values_mut() {
                *known = names.get(known).copied().unwrap_or(*known);
            }
            self.renamed.extend(names.values());
            self.now.extend(names);
        }
    }

    /// Hides texts of the bundles of a line that hold a key; returns `true` if there is one. `hidden` is what was made of others before.
    fn hide_in(
        &mut self,
        bundles: &mut [Arc<SavedBundle<'static>>],
        keys: &KnownKeys,
        hidden: &mut Hidden,
    ) -> bool {
        let mut is_changed = false;
        for bundle in bundles {
            let (_, without) = hidden.entry(address(bundle)).or_insert_with(|| {
                let mut own = SavedBundle::clone(bundle);
                let is_changed = own.hide_keys(&|text: &str| keys.are_in(text));
                (Arc::clone(bundle), is_changed.then_some(own))
            });
            if let Some(without) = without {
                *bundle = kept_once(&mut self.kinds, without.clone());
                is_changed = true;
            }
        }
        is_changed
    }

    /// Names the lines of bundles as they would be known now; returns `true` if that is something else.
    pub(super) fn rename(&self, found: &mut SavedBundles) -> bool {
        let mut is_other = false;
        if !self.now.is_empty() {
            for id in found.sets.iter_mut().chain(&mut found.numbers) {
                if let Some(now) = self.now.get(id) {
                    (*id, is_other) = (*now, true);
                }
            }
        }
        is_other
    }

    /// Puts bundles together; `None` where a line of them did not come.
    pub(super) fn bundles(&mut self, found: &SavedBundles) -> Option<Bundles> {
        if let Some(whole) = self.whole.get(found) {
            return Some(whole.clone());
        }
        let mut numbers = match found.numbers {
            None => &[][..],
            Some(id) => match self.lines.get(&id)? {
                Kept::Numbers(numbers) => numbers,
                Kept::Bundles(_) => return None,
            },
        };
        // A bundle is made for its numbers, and kept by the instance.
        let room = self.room.saturating_add(Limits::DEFAULT.instance_bundles_max);
        self.room = room.checked_sub(numbers.len().saturating_mul(2))?;
        let mut all: Vec<Arc<Bundle>> =
            found.own.iter().map(|bundle| Arc::new(bundle.bundle())).collect();
        if !self.made.contains_key(&found.cache) {
            self.made.insert(found.cache.clone(), BTreeMap::new());
        }
        let known = self.made.get_mut(&found.cache)?;
        for id in &found.sets {
            let Kept::Bundles(set) = self.lines.get(id)? else { return None };
            let (own, rest) = numbers.split_at_checked(set.len())?;
            numbers = rest;
            let key = (*id, found.cache.clone(), own.to_vec());
            let put_together = || {
                let of = |(bundle, number): (&Arc<SavedBundle<'static>>, &u64)| {
                    let new = || Made {
                        _kind: Arc::clone(bundle),
                        bundle: Arc::new(bundle.numbered(*number, &found.cache)),
                    };
                    let made = known.entry((address(bundle), *number)).or_insert_with(new);
                    Arc::clone(&made.bundle)
                };
                set.iter().zip(own).map(of).collect()
            };
            all.extend(self.parts.entry(key).or_insert_with(put_together).iter().cloned());
        }
        if !numbers.is_empty() {
            return None;
        }
        self.used.extend(found.sets.iter().chain(&found.numbers).copied());
        let whole = Bundles::shared(all);
        self.whole.insert(found.clone(), whole.clone());
        Some(whole)
    }

    /// Keeps what is needed to write the lines again.
    pub(super) fn close(&mut self) {
        (self.parts, self.made) = (BTreeMap::new(), BTreeMap::new());
        self.found = std::mem::take(&mut self.whole)
            .into_iter()
            .map(|(found, whole)| (whole.identity(), (whole, found)))
            .collect();
    }

    /// Forgets bundles that were put together, and lines that are needed no more.
    pub(super) fn forget(&mut self, lines: &[LineId]) {
        (self.whole, self.used) = (BTreeMap::new(), BTreeSet::new());
        for id in lines.iter().filter(|id| !self.renamed.contains(id)) {
            self.lines.remove(id);
            self.fresh.remove(id);
            let first = (*id, String::new(), Vec::new());
            let own = self.parts.range(first..).map(|(key, _)| key);
            let own: Vec<_> = own.take_while(|(own, ..)| own == id).cloned().collect();
            for key in own {
                self.parts.remove(&key);
            }
        }
        if self.kinds.len() > KINDS_KEPT || self.parts.len() > PARTS_KEPT {
            self.kinds.clear();
            self.made.clear();
            self.parts.clear();
        }
    }

    /// Returns where bundles were found that were put together here.
    pub(super) fn found(&self, bundles: &Bundles) -> Option<&SavedBundles> {
        self.found.get(&bundles.identity()).map(|(_, found)| found)
    }

    /// Returns a line.
    pub(super) fn line(&self, id: LineId) -> Option<&Kept> {
        self.lines.get(&id)
    }

    /// Returns the lines that no bundles were made of.
    pub(super) fn unused(&self) -> impl Iterator<Item = (&LineId, &Kept)> {
        self.lines.iter().filter(|(id, _)| !self.used.contains(id))
    }
}

/// Returns the one of its kind.
fn kept_once(
    kinds: &mut BTreeSet<Arc<SavedBundle<'static>>>,
    bundle: SavedBundle<'static>,
) -> Arc<SavedBundle<'static>> {
    if let Some(known) = kinds.get(&bundle) {
        return Arc::clone(known);
    }
    let kept = Arc::new(bundle);
    kinds.insert(Arc::clone(&kept));
    kept
}

fn address(bundle: &Arc<SavedBundle<'_>>) -> usize {
    Arc::as_ptr(bundle).addr()
}

/// Of what came, only that counts which nothing was made of: the rest is in the instances.
impl PartialEq for Shelf {
    fn eq(&self, other: &Self) -> bool {
        self.unused().eq(other.unused())
    }
}

impl Eq for Shelf {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{BundleState, DiscardReason};
    use crate::testing::{Instance, farm};

    fn bundles(change: impl FnOnce(Instance) -> Instance) -> Bundles {
        farm().with("a", change).build().members.remove(0).snapshot.bundles
    }

    fn many(first: u64) -> Bundles {
        bundles(|i| {
            (0..300).fold(i, |i, n| i.bundle(first.saturating_add(n), &format!("com.example.b{n}")))
        })
    }

    fn shelf(all: &[&Bundles]) -> (Shelf, Vec<SavedBundles>) {
        let mut shelf = Shelf::default();
        let mut found = Vec::new();
        for bundles in all {
            let (where_they_are, lines) = taken_apart(bundles);
            for (id, line) in lines {
                shelf.take(id, line, id);
            }
            found.push(where_they_are);
        }
        (shelf, found)
    }

    #[test]
    fn bundles_that_were_taken_apart_are_put_together_as_they_were() {
        let odd = |i: Instance| {
            i.bundle_in("bundle9.bak", 9, "x")
                .bundle_in("bundle012", 12, "y")
                .change("bundle5", |b| (b.id, b.state) = (None, None))
                .change("bundle6", |b| b.path = "/cache/bundle6".to_owned())
                .change("bundle7", |b| b.discard = Some(DiscardReason::NoRevision))
                .change("bundle1", |b| (b.version, b.state) = (None, Some(BundleState::Other(7))))
                .change("bundle2", |b| (b.symbolic_name, b.identified_by) = (None, None))
        };
        for bundles in [bundles(|i| i), bundles(odd), many(100), Bundles::default()] {
            let (mut shelf, found) = shelf(&[&bundles]);
            assert_eq!(shelf.bundles(&found[0]), Some(bundles));
            assert_eq!(shelf.unused().count(), 0);
        }
    }

    #[test]
    fn instances_with_other_numbers_share_the_lines_of_their_bundles() {
        let (one, other) = (many(100), many(500));
        let (mut shelf, found) = shelf(&[&one, &other]);
        assert_eq!(found[0].sets, found[1].sets);
        assert_ne!(found[0].numbers, found[1].numbers);
        assert_eq!(shelf.bundles(&found[1]), Some(other));
        assert_eq!(shelf.bundles(&found[0]), Some(one.clone()));
        let again = shelf.bundles(&found[0]).unwrap();
        assert!(again.is_same(&shelf.bundles(&found[0]).unwrap()), "they are kept once");
        assert!(!again.is_same(&one));
    }

    #[test]
    fn instance_that_differs_in_one_bundle_shares_all_lines_but_one() {
        let newer = bundles(|i| {
            let i = (0..300).fold(i, |i, n| i.bundle(100 + n, &format!("com.example.b{n}")));
            i.change("bundle150", |bundle| bundle.version = Some("9.9.9".to_owned()))
        });
        let (_, found) = shelf(&[&many(100), &newer]);
        let own = found[1].sets.iter().filter(|id| !found[0].sets.contains(id)).count();
        assert_eq!(own, 1);
    }

    #[test]
    fn lines_that_do_not_fit_together_make_no_bundles_and_no_product_of_two_counts() {
        let (mut shelf, found) = shelf(&[&many(100), &many(500), &bundles(|i| i)]);
        let mixed = SavedBundles { numbers: found[2].numbers, ..found[0].clone() };
        assert_eq!(shelf.bundles(&mixed), None);
        let missing = SavedBundles { numbers: None, ..found[0].clone() };
        assert_eq!(shelf.bundles(&missing), None);
        let mut shelf = Shelf::default();
        let (found, lines) = taken_apart(&many(100));
        for (id, line) in lines {
            shelf.take(id, line, id);
        }
        let mut made = 0;
        for count in 0..200_u64 {
            let numbers = (count..305 + count).collect();
            let line = Kept::Numbers(numbers);
            let id = line.line().part().0;
            // As if one line of numbers stood for all of them.
            shelf.lines.insert(id, line);
            let other = SavedBundles { numbers: Some(id), ..found.clone() };
            made += usize::from(shelf.bundles(&other).is_some());
        }
        assert_eq!(made, 200, "each instance may have some");
        let mut cheap = Shelf { room: 0, ..Shelf::default() };
        let huge = Kept::Numbers((0..5_000).collect());
        let id = huge.line().part().0;
        cheap.lines.insert(id, huge);
        assert_eq!(cheap.bundles(&SavedBundles { numbers: Some(id), ..found }), None);
    }
}
