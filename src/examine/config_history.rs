//! Since when IMS configurations in a repository are as they are: like the keys in `/etc/key`, by older revisions.
//!
//! Only their nodes are looked at, and nothing where there are none, which is most often.

use super::revision_walk::Walk;
use crate::facts::Configuration;
use crate::oak::{Node, OakError, Property, Store};
use sha2::{Digest, Sha256};
use std::cell::RefCell;

/// The number of binary properties in JCR.
const BINARY: u8 = 2;
/// Where a file (`nt:file`) has its bytes.
const CONTENT: &str = "jcr:content";

/// What nodes hold, by their place among those that are watched; `None` for one that is not there. It is compared, and never kept.
type Prints = Vec<Option<[u8; 32]>>;

/// Finds out since when the nodes of IMS configurations are as they are. What cannot be read is a time the less. It may cost so many
/// segments more.
pub(super) fn read(store: &Store<'_>, configurations: &mut [Configuration], segments_max: u64) {
    let is_watched = |own: &&mut Configuration| own.is_ims() && own.jcr_path.is_some();
    let mut watched: Vec<_> = configurations.iter_mut().filter(is_watched).collect();
    if watched.is_empty() {
        return;
    }
    let Ok(revisions) = store.revisions() else { return };
    let paths: Vec<String> = watched.iter().filter_map(|own| own.jcr_path.clone()).collect();
    let nodes = paths.iter().map(|path| Watched { path, known: RefCell::default() });
    let nodes: Vec<Watched<'_, '_, '_>> = nodes.collect();
    let reads = |root| nodes.iter().map(|node| node.print_if_read(root)).collect();
    let segments_max = store.segments_read().saturating_add(segments_max);
    let mut walk = Walk::new(store, &revisions.all, segments_max, &reads, Prints::eq);
    walk.sample();
    walk.narrow();
    // Where nothing was given up, the last line of the journal is the oldest state, and among the samples.
    if store.gave_up_segments() {
        walk.find_oldest();
        walk.narrow();
    }
    for (place, configuration) in watched.iter_mut().enumerate() {
        configuration.same_since_ms = since(&walk, place);
    }
}

fn since(walk: &Walk<'_, '_, '_, Prints>, place: usize) -> Option<u64> {
    let at = |prints: &Prints| prints.get(place).copied().flatten();
    let now = at(walk.seen.values().next()?)?;
    let same = walk.seen.iter().take_while(|(_, prints)| at(prints) == Some(now));
    walk.time_ms(*same.last()?.0)
}

/// A node, in whatever revision.
struct Watched<'p, 's, 'f> {
    path: &'p str,
    /// What it held in records that were read before: one never changes.
    known: RefCell<Vec<(Node<'s, 'f>, [u8; 32])>>,
}

impl<'s, 'f> Watched<'_, 's, 'f> {
    /// Returns what the node held. What cannot be read of one costs the others nothing, unless the revision is not all there.
    fn print_if_read(&self, root: Node<'s, 'f>) -> Result<Option<[u8; 32]>, OakError> {
        match self.print(root) {
            Err(error @ (OakError::Missing(_) | OakError::Budget { .. })) => Err(error),
            print => Ok(print.ok().flatten()),
        }
    }

    fn print(&self, root: Node<'s, 'f>) -> Result<Option<[u8; 32]>, OakError> {
        let found = root.descendant(self.path.trim_start_matches('/'))?;
        let Some(node) = found else { return Ok(None) };
        let mut known = self.known.borrow_mut();
        if let Some((_, print)) = known.iter().find(|(other, _)| other.is_same_record(node)) {
            return Ok(Some(*print));
        }
        let print = print(node)?;
        known.push((node, print));
        Ok(Some(print))
    }
}

/// Digests what a node holds, and what its content does where it is a file. After a compaction it is another record and holds the same.
fn print(node: Node<'_, '_>) -> Result<[u8; 32], OakError> {
    let mut sha256 = Sha256::new();
    add(node, false, &mut sha256)?;
    if let Some(content) = node.child(CONTENT)? {
        add(content, true, &mut sha256)?;
    }
    Ok(sha256.finalize().into())
}

fn add(node: Node<'_, '_>, is_content: bool, sha256: &mut Sha256) -> Result<(), OakError> {
    for (name, property) in node.properties()? {
        sha256.update(name.as_bytes());
        sha256.update([0, property.kind]);
        // No setting is a binary, and there is no telling how long one is; of a file it is the text.
        if property.kind != BINARY || is_content {
            add_values(&property, sha256)?;
        }
    }
    Ok(())
}

fn add_values(property: &Property<'_, '_>, sha256: &mut Sha256) -> Result<(), OakError> {
    for value in property.values()? {
        // The length is hashed first, so that the same bytes in other values give another digest.
        sha256.update(u64::try_from(value.len()).unwrap_or(u64::MAX).to_le_bytes());
        sha256.update(&*value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{IMS_CUSTOMIZER, JCR_CONFIGURATIONS, Place, TOKEN_HANDLER};
    use crate::oak::Budget;
    use crate::oak::testing::{Memory, Tree};
    use std::collections::BTreeMap;

    fn configuration(pid: &str, name: &str) -> Configuration {
        Configuration {
            pid: pid.to_owned(),
            factory_pid: None,
            properties: BTreeMap::new(),
            secrets: BTreeMap::new(),
            protected: Vec::new(),
            jcr_path: Some(format!("{JCR_CONFIGURATIONS}/{name}")),
            same_since_ms: None,
            place: Place { source: "a".to_owned(), path: "repository/segmentstore".to_owned() },
        }
    }

    fn tree(secret: &str, other: &str) -> Tree {
        let folder = format!("root{JCR_CONFIGURATIONS}");
        let text = Tree::default().with("jcr:data", 2, secret.as_bytes());
        Tree::default()
            .at(&format!("{folder}/ims.config"), Tree::default().at(CONTENT, text))
            .at(&format!("{folder}/ims~node"), Tree::default().with("x", 1, other.as_bytes()))
            .at(&format!("{folder}/token.config"), Tree::default().with("y", 1, other.as_bytes()))
    }

    fn of(revisions: &[(Tree, u64)], segments_max: u64) -> Vec<(String, u64)> {
        let files = Memory::written(revisions);
        let store = Store::new(&files, Budget::default());
        let mut all = [
            configuration(IMS_CUSTOMIZER, "ims.config"),
            configuration(IMS_CUSTOMIZER, "ims~node"),
            configuration(IMS_CUSTOMIZER, "gone"),
            configuration(TOKEN_HANDLER, "token.config"),
        ];
        read(&store, &mut all, segments_max);
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let since =
            |own: &Configuration| Some((name(own.jcr_path.as_deref()?), own.same_since_ms?));
        all.iter().filter_map(since).collect()
    }

    #[test]
    fn each_is_the_same_since_the_revision_that_wrote_it() {
        let revisions = [
            (Tree::default(), 1),
            (tree("old", "1"), 3),
            (tree("new", "1"), 5),
            (tree("new", "2"), 7),
            (tree("new", "2"), 9),
        ];
        let expected = [("ims.config".to_owned(), 5), ("ims~node".to_owned(), 7)];
        assert_eq!(of(&revisions, 512), expected);
    }

    #[test]
    fn what_came_back_is_the_same_since_it_came_back() {
        let revisions = [(tree("a", "1"), 1), (tree("b", "1"), 3), (tree("a", "1"), 5)];
        assert_eq!(of(&revisions, 512), [("ims.config".to_owned(), 5), ("ims~node".to_owned(), 1)]);
    }

    #[test]
    fn no_segments_left_and_no_store_are_times_the_less() {
        assert_eq!(of(&[(tree("a", "1"), 1)], 0), []);
        assert_eq!(of(&[(Tree::default(), 1)], 512), []);
    }
}
