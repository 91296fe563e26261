//! The bundles of one instance, which instances of one farm mostly have in common.

use super::Bundle;
use std::slice;
use std::sync::Arc;

/// Bundle directories, sorted by directory name.
///
/// Farms of 100,000 instances have 60 million of them, and hardly two that differ: equal ones are kept once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundles(Arc<[Arc<Bundle>]>);

impl Bundles {
    /// Makes them of bundles that other instances may have, too.
    pub fn shared(mut bundles: Vec<Arc<Bundle>>) -> Self {
        bundles.sort_by(|a, b| a.directory.cmp(&b.directory));
        Self(bundles.into())
    }

    /// Returns them in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.0.iter())
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the bundle in a directory of the Felix cache.
    pub fn in_directory(&self, directory: &str) -> Option<&Bundle> {
        let index = self.0.binary_search_by(|bundle| bundle.directory.as_str().cmp(directory));
        self.0.get(index.ok()?).map(Arc::as_ref)
    }

    /// Returns `true` if both are surely the same: one is a copy of the other.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns what is the same for copies alone, as long as one of them is kept.
    pub fn identity(&self) -> usize {
        self.0.as_ptr().addr()
    }

    /// Changes each. No change may touch the name of a directory.
    pub(crate) fn change_each(&mut self, mut change: impl FnMut(&mut Bundle)) {
        for bundle in Arc::make_mut(&mut self.0) {
            change(Arc::make_mut(bundle));
        }
    }
}

impl From<Vec<Bundle>> for Bundles {
    fn from(bundles: Vec<Bundle>) -> Self {
        Self::shared(bundles.into_iter().map(Arc::new).collect())
    }
}

/// Bundles in order.
#[derive(Debug, Clone)]
pub struct Iter<'a>(slice::Iter<'a, Arc<Bundle>>);

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Bundle;

    fn next(&mut self) -> Option<&'a Bundle> {
        self.0.next().map(Arc::as_ref)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a> IntoIterator for &'a Bundles {
    type Item = &'a Bundle;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
