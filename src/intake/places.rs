//! The directories in which uploads are put: there, what cannot be known may have been one.

use crate::facts::split_path;
use std::collections::BTreeSet;

/// Directories with uploads, from the paths of these.
#[derive(Debug, Default)]
pub struct UploadPlaces {
    holders: BTreeSet<String>,
    around: BTreeSet<String>,
}

impl UploadPlaces {
    /// Takes the paths of uploads.
    pub fn of<'p>(uploads: impl IntoIterator<Item = &'p str>) -> Self {
        let mut places = Self::default();
        for directory in uploads.into_iter().map(parent) {
            if !places.holders.contains(directory) {
                places.holders.insert(directory.to_owned());
                if !directory.is_empty() {
                    places.around.insert(parent(directory).to_owned());
                }
            }
        }
        places
    }

    /// Returns `true` if a file lies where an upload would: beside one, or in a directory beside or around that of one, where each
    /// upload has a directory of its own.
    pub fn hold(&self, path: &str) -> bool {
        let directory = parent(path);
        self.holders.contains(directory)
            || self.around.contains(directory)
            || (!directory.is_empty() && self.around.contains(parent(directory)))
    }
}

pub(super) fn parent(path: &str) -> &str {
    split_path(path).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_lie_beside_one_another_or_each_in_a_directory() {
        let places = UploadPlaces::of(["a.tgz", "b.tgz"]);
        assert!(places.hold("c") && !places.hold("tools/c"));
        let places = UploadPlaces::of(["author/a.tgz", "publish1/b.tgz"]);
        assert!(places.hold("c") && places.hold("publish2/c") && places.hold("author/c"));
        assert!(!places.hold("publish2/logs/c"));
        assert!(!UploadPlaces::default().hold("c"));
    }
}
