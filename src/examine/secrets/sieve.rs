//! A map that keeps the least keys of all that ever came, up to a bound: what it holds does not depend on the order in which they came.

use std::collections::BTreeMap;

/// Keeps what is least, up to so many entries and bytes.
pub(super) struct Sieve<K, V> {
    kept: BTreeMap<K, (V, usize)>,
    entries_max: usize,
    bytes_max: usize,
    bytes: usize,
    /// The least key that was left out; none from here on is kept.
    cut: Option<K>,
}

impl<K: Ord + Copy, V> Sieve<K, V> {
    pub(super) fn new(entries_max: usize, bytes_max: usize) -> Self {
        Self { kept: BTreeMap::new(), entries_max, bytes_max, bytes: 0, cut: None }
    }

    /// Adds what is not there yet; `bytes` is what it takes.
    pub(super) fn add(&mut self, key: K, bytes: usize, value: impl FnOnce() -> V) {
        let is_beyond = self.cut.is_some_and(|cut| key >= cut);
        if is_beyond || self.kept.contains_key(&key) {
            return;
        }
        self.kept.insert(key, (value(), bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        while self.kept.len() > self.entries_max || self.bytes > self.bytes_max {
            let Some((greatest, (_, bytes))) = self.kept.pop_last() else { return };
            self.bytes = self.bytes.saturating_sub(bytes);
            self.cut = Some(greatest);
        }
    }

    /// Adds all that another one kept, and leaves out what that left out.
    pub(super) fn extend(&mut self, other: Self) {
        if let Some(cut) = other.cut.filter(|cut| self.cut.is_none_or(|own| *cut < own)) {
            self.cut = Some(cut);
            for (_, (_, bytes)) in self.kept.split_off(&cut) {
                self.bytes = self.bytes.saturating_sub(bytes);
            }
        }
        for (key, (value, bytes)) in other.kept {
            self.add(key, bytes, || value);
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.kept.get(key).map(|(value, _)| value)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.kept.keys()
    }

    /// Returns `true` if something was left out.
    pub(super) fn is_cut(&self) -> bool {
        self.cut.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn order_does_not_matter(
            mut came in prop::collection::vec(0_u8..40, 0..60),
            entries_max in 0_usize..20,
            bytes_max in 0_usize..60,
        ) {
            // What a key takes depends on it alone.
            let bytes = |key: u8| usize::from(key % 7) + 1;
            let kept = |came: &[u8]| {
                let mut sieve = Sieve::new(entries_max, bytes_max);
                for key in came {
                    sieve.add(*key, bytes(*key), || ());
                }
                (sieve.keys().copied().collect::<Vec<_>>(), sieve.is_cut(), sieve.bytes)
            };
            let first = kept(&came);
            prop_assert!(first.0.len() <= entries_max && first.2 <= bytes_max);
            let (one, other) = came.split_at(came.len() / 2);
            let mut parts = [one, other].map(|part| {
                let mut sieve = Sieve::new(entries_max, bytes_max);
                for key in part {
                    sieve.add(*key, bytes(*key), || ());
                }
                sieve
            });
            let [sieve, other] = &mut parts;
            sieve.extend(std::mem::replace(other, Sieve::new(0, 0)));
            let joined = (sieve.keys().copied().collect::<Vec<_>>(), sieve.is_cut(), sieve.bytes);
            prop_assert_eq!(&joined, &first);
            came.reverse();
            prop_assert_eq!(&kept(&came), &first);
            came.sort_unstable();
            prop_assert_eq!(&kept(&came), &first);
        }
    }
}
