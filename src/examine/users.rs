//! The users in a repository, counted and digested: encapsulated tokens need every user on every instance. On the way, the passwords of
//! their key stores are taken, which are protected values. Where users are not counted those are looked for in small trees alone.
//!
//! A store of 10,000 users has dozens of segments, and the folders of users lie anywhere in them. So the nodes that wait are taken segment
//! by segment, and each segment is read about once. Below a user nothing else is looked at.

use super::found_secrets::Found;
use super::secrets::Vault;
use crate::facts::{Hex, Users};
use crate::limits::Limits;
use crate::oak::{Node, OakError, Store};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

const HOME: &str = "home/users";
const SYSTEM: &str = "system";
/// Where AEM keeps the keys of a user, and the password of the store that they lie in.
const KEY_STORE: &str = "keystore";
const LIMITS: Limits = Limits::DEFAULT;

/// Reads the users of the newest revision, and the passwords of their key stores. The store is one of its own, so that this costs the keys
/// nothing.
pub(super) fn read(store: &Store<'_>, vault: &Vault) -> (Users, Found) {
    let bounds = Bounds { nodes: LIMITS.user_nodes_max, segments: LIMITS.user_segments_max };
    let found = store.newest(|root| {
        let mut walk = Walk::new(store, vault, bounds, Found::default());
        match walk.all(root) {
            // Where a segment is missing an older revision is tried; anything else costs the rest
            // of the walk alone.
            Err(error @ OakError::Missing(_)) => Err(error),
            Err(error) => Ok(walk.finish(Some(unread(&error)))),
            Ok(End::All) => Ok(walk.finish(None)),
            Ok(End::Bound) => {
                let gap = "there are more nodes below /home/users than are read";
                Ok(walk.finish(Some(gap.to_owned())))
            }
        }
    });
    let nothing = |error| {
        let gap = Some(unread(&error));
        (Users { gap: gap.clone(), ..Users::default() }, Found { gap, ..Found::default() })
    };
    found.map_or_else(nothing, |found| {
        let (mut users, mut secrets) = found.value;
        // Those of an older revision are not compared with those of others.
        if let Some(doubt) = found.doubt {
            users.gap.get_or_insert_with(|| doubt.clone());
            secrets.gap.get_or_insert(doubt);
        }
        (users, secrets)
    })
}

/// What is done about key stores of users behind all else that is looked for in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyStores {
    /// Nothing: the walk that counts users finds them.
    Counted,
    /// They are looked for, unless there are many users.
    Alone,
    /// Nothing, as was asked for, and that is said.
    LeftOut,
}

impl KeyStores {
    /// Adds the passwords of the key stores in a revision to what was found in it. What goes wrong here costs nothing but this.
    pub(super) fn add<'s, 'f>(
        self,
        store: &'s Store<'f>,
        root: Node<'s, 'f>,
        vault: &'s Vault,
        mut found: Found,
    ) -> Found {
        let segments = store.segments_read().saturating_add(LIMITS.key_store_segments_max);
        let bounds = Bounds { nodes: LIMITS.key_store_nodes_max, segments };
        match self {
            Self::Counted => {}
            Self::LeftOut => {
                if !matches!(root.descendant(HOME), Ok(None)) {
                    found.gap(
                        "/home/users was not looked through for key stores: users were left out"
                            .to_owned(),
                    );
                }
            }
            Self::Alone => {
                let mut walk = Walk::new(store, vault, bounds, found);
                let end = walk.all(root);
                found = walk.key_stores;
                match end {
                    Ok(End::All) => {}
                    Ok(End::Bound) => found.gap(
                        "/home/users was looked through for key stores in part: it takes more than is read"
                            .to_owned(),
                    ),
                    Err(error) => found.gap(unread(&error)),
                }
            }
        }
        found
    }
}

fn unread(error: &OakError) -> String {
    format!("/home/users cannot be read: {error}")
}

/// Makes the facts of users with these ids. So many digests are kept.
#[cfg(test)]
pub(crate) fn users_of<'i>(ids: impl Iterator<Item = &'i [u8]>, max: usize) -> Users {
    let mut tally = Tally::new(max);
    ids.for_each(|id| tally.add(id));
    tally.finish(None)
}

/// Users so far.
struct Tally {
    count: u64,
    sum: [u64; 4],
    ids: Vec<Hex<8>>,
    max: usize,
}

impl Tally {
    fn new(max: usize) -> Self {
        Self { count: 0, sum: [0; 4], ids: Vec::new(), max }
    }

    fn add(&mut self, id: &[u8]) {
        let digest: [u8; 32] = Sha256::digest(id).into();
        let (parts, _) = digest.as_chunks::<8>();
        for (sum, part) in self.sum.iter_mut().zip(parts) {
            // A sum does not depend on the order, and the users
            // of two repositories never lie in the same one.
            *sum = sum.wrapping_add(u64::from_be_bytes(*part));
        }
        self.count = self.count.saturating_add(1);
        if self.ids.len() < self.max {
            self.ids.extend(parts.first().map(|first| Hex(*first)));
        }
    }

    fn finish(mut self, gap: Option<String>) -> Users {
        let mut digest = [0; 32];
        for (bytes, sum) in digest.as_chunks_mut::<8>().0.iter_mut().zip(self.sum) {
            *bytes = sum.to_be_bytes();
        }
        // A part of the list would make users look missing that were only not kept.
        if u64::try_from(self.ids.len()).unwrap_or(u64::MAX) < self.count {
            self.ids.clear();
        }
        self.ids.sort_unstable();
        Users { count: self.count, digest: Hex(digest), ids: self.ids, gap }
    }
}

/// How many nodes are visited, and up to which number of segments read.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    nodes: u64,
    segments: u64,
}

/// Where a walk ended.
enum End {
    /// At the last node.
    All,
    /// At a bound.
    Bound,
}

struct Walk<'s, 'f> {
    store: &'s Store<'f>,
    vault: &'s Vault,
    bounds: Bounds,
    tally: Tally,
    key_stores: Found,
    /// Nodes to visit, by the segment that they lie in.
    waiting: BTreeMap<(i64, i64), Vec<Waiting<'s, 'f>>>,
    /// How many those are.
    waiting_count: u64,
    nodes: u64,
}

/// A node to visit.
struct Waiting<'s, 'f> {
    node: Node<'s, 'f>,
    at: Step,
}

/// The last part of a path, and what is before it: hardly a path is ever needed, and there are millions.
struct Step {
    name: Box<str>,
    folder: Option<Rc<Self>>,
    depth: usize,
}

/// AEM nests the folders of users a few deep. Of a path in deeper ones the middle is left out, so that it needs no deep stack.
const DEPTH_MAX: usize = 64;
/// What is kept of a name: those of AEM have some 20 bytes, and there are millions.
const NAME_BYTES_MAX: usize = 256;

impl Step {
    fn below(folder: Option<&Rc<Self>>, name: &str) -> Self {
        let depth = folder.map_or(0, |folder| folder.depth.saturating_add(1));
        let end = name.floor_char_boundary(NAME_BYTES_MAX);
        let name = name.get(..end).unwrap_or_default().into();
        Self { name, folder: folder.cloned(), depth }
    }

    /// Returns what stands for it in the paths of what lies in it.
    fn folder(self) -> Rc<Self> {
        match (self.depth.cmp(&DEPTH_MAX), self.folder) {
            (Ordering::Greater, Some(folder)) => folder,
            (Ordering::Equal, folder) => {
                Rc::new(Self { name: "...".into(), folder, depth: self.depth })
            }
            (_, folder) => Rc::new(Self { folder, ..self }),
        }
    }

    fn path(&self) -> String {
        let folder = self.folder.as_ref().map_or_else(|| format!("/{HOME}"), |above| above.path());
        format!("{folder}/{}", self.name)
    }
}

impl<'s, 'f> Walk<'s, 'f> {
    fn new(store: &'s Store<'f>, vault: &'s Vault, bounds: Bounds, key_stores: Found) -> Self {
        let (tally, waiting) = (Tally::new(LIMITS.users_max), BTreeMap::new());
        Self { store, vault, bounds, tally, key_stores, waiting, waiting_count: 0, nodes: 0 }
    }

    /// Visits all folders and users, up to a bound.
    fn all(&mut self, root: Node<'s, 'f>) -> Result<End, OakError> {
        let Some(home) = root.descendant(HOME)? else { return Ok(End::All) };
        let mut has_more = self.children(home, None)?;
        while let Some(nodes) = self.fullest().and_then(|segment| self.waiting.remove(&segment)) {
            for next in nodes {
                if has_more || self.is_spent() {
                    return Ok(End::Bound);
                }
                self.nodes = self.nodes.saturating_add(1);
                self.waiting_count = self.waiting_count.saturating_sub(1);
                has_more = self.visit(next)?;
            }
        }
        Ok(if has_more { End::Bound } else { End::All })
    }

    /// Returns `true` if what waits is more than will be visited, so that a large tree is left alone early.
    fn is_spent(&self) -> bool {
        let known = self.nodes.saturating_add(self.waiting_count);
        known > self.bounds.nodes || self.store.segments_read() >= self.bounds.segments
    }

    fn finish(mut self, gap: Option<String>) -> (Users, Found) {
        if let Some(gap) = &gap {
            self.key_stores.gap(gap.clone());
        }
        (self.tally.finish(gap), self.key_stores)
    }

    /// Returns the segment in which most nodes wait.
    fn fullest(&self) -> Option<(i64, i64)> {
        let segments = self.waiting.iter();
        segments
            .max_by_key(|(segment, nodes)| (nodes.len(), **segment))
            .map(|(segment, _)| *segment)
    }

    /// Takes what counts of a node; says whether it has more children than are visited.
    fn visit(&mut self, next: Waiting<'s, 'f>) -> Result<bool, OakError> {
        let Waiting { node, at } = next;
        // Folders and users are mixed at every level of
        // `/home/users`, and only the type shows which is which.
        let kind = text(node, "jcr:primaryType")?;
        match kind.as_deref().map(Vec::as_slice) {
            Some(b"rep:User") => {
                let id = text(node, "rep:authorizableId")?;
                let id = id.map_or_else(|| text(node, "rep:principalName"), |id| Ok(Some(id)))?;
                self.tally.add(id.as_deref().map(Vec::as_slice).unwrap_or_default());
                self.key_store(node, &at).map(|()| false)
            }
            Some(b"rep:SystemUser") => self.key_store(node, &at).map(|()| false),
            _ => self.children(node, Some(&at.folder())),
        }
    }

    fn key_store(&mut self, user: Node<'_, '_>, at: &Step) -> Result<(), OakError> {
        let Some(node) = user.child(KEY_STORE)? else { return Ok(()) };
        self.key_stores.take(node, &format!("{}/{KEY_STORE}", at.path()), self.vault)
    }

    /// Has children wait to be visited; says whether there are more.
    fn children(
        &mut self,
        node: Node<'s, 'f>,
        folder: Option<&Rc<Step>>,
    ) -> Result<bool, OakError> {
        // Folders of a forged store may all have the same children, which would wait once for each.
        let max = self.bounds.nodes.saturating_sub(self.nodes).min(LIMITS.user_nodes_waiting_max);
        let left = max.saturating_sub(self.waiting_count);
        let (children, has_more) = node.some_children(left, self.bounds.segments)?;
        let is_home = folder.is_none();
        // Service users lie there; their key stores are looked for with the other secrets of the content.
        for (name, child) in children.into_iter().filter(|(name, _)| !is_home || name != SYSTEM) {
            self.waiting_count = self.waiting_count.saturating_add(1);
            let at = Step::below(folder, &name);
            self.waiting.entry(child.segment()).or_default().push(Waiting { node: child, at });
        }
        Ok(has_more)
    }
}

fn text(node: Node<'_, '_>, property: &str) -> Result<Option<crate::wiped::Wiped>, OakError> {
    node.property(property)?.map(|property| property.value()).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oak::Budget;
    use crate::oak::testing::{Memory, Tree};
    use crate::testing::protected;

    fn found(files: &Memory) -> (Users, Found) {
        read(&Store::new(files, Budget::of_walk()), &Vault::new(&LIMITS))
    }

    fn users(files: &Memory) -> Users {
        found(files).0
    }

    #[test]
    fn users_that_oak_wrote_are_counted_without_those_of_the_system() {
        let users = users(&Memory::sample("v13-secrets").0);
        let ids = ["user0", "user1", "user2", "user3", "user4"];
        assert_eq!(users, users_of(ids.iter().rev().map(|id| id.as_bytes()), 5));
        assert_eq!((users.count, users.are_listed()), (5, true));
    }

    #[test]
    fn order_and_places_do_not_matter_and_folders_in_users_do_not_count() {
        let user = |id: &str| {
            let user = Tree::default().with("jcr:primaryType", 1, b"rep:User");
            user.with("rep:authorizableId", 1, id.as_bytes())
        };
        let one = Tree::default()
            .at("root/home/users/a/x", user("x").at("sub", user("inner")))
            .at("root/home/users/b/c/y", user("y"));
        let other = Tree::default()
            .at("root/home/users/z", user("y"))
            .at("root/home/users/q/x", user("x"))
            .at("root/home/users/system/s", user("s"));
        let [one, other] = [one, other].map(|tree| users(&Memory::written(&[(tree, 5)])));
        assert_eq!(one, other);
        assert_eq!(one, users_of([&b"x"[..], b"y"].into_iter(), 2));
        assert_ne!(one.digest, users_of([&b"x"[..], b"z"].into_iter(), 2).digest);
    }

    #[test]
    fn passwords_of_key_stores_are_found_with_their_users() {
        let value = protected(&[0x81; 16], "x");
        let store = |name: &str| {
            Tree::default()
                .with("jcr:primaryType", 1, b"rep:User")
                .at(name, Tree::default().with("keystorePassword", 1, value.as_bytes()))
        };
        let tree = Tree::default()
            .at("root/home/users/a/x", store("keystore"))
            .at("root/home/users/a/y", store("profile"))
            .at("root/home/users/system/z", store("keystore"));
        let (users, key_stores) = found(&Memory::written(&[(tree, 5)]));
        let [one] = key_stores.secrets.as_slice() else { panic!("{key_stores:?}") };
        let place = (one.path.as_str(), one.property.as_str());
        assert_eq!(place, ("/home/users/a/x/keystore", "keystorePassword"));
        assert_eq!(
            (users.count, key_stores.gap),
            (2, None),
            "those of the system are read elsewhere"
        );
    }

    fn key_stores(tree: Tree, how: KeyStores) -> Found {
        key_stores_in(&Memory::written(&[(tree, 5)]), how)
    }

    fn key_stores_in(files: &Memory, how: KeyStores) -> Found {
        let store = Store::new(files, Budget::default());
        let vault = Vault::new(&LIMITS);
        store.newest(|root| Ok(how.add(&store, root, &vault, Found::default()))).unwrap().value
    }

    fn user(key_store: &str) -> Tree {
        Tree::default()
            .with("jcr:primaryType", 1, b"rep:User")
            .at("keystore", Tree::default().with("keystorePassword", 1, key_store.as_bytes()))
    }

    #[test]
    fn key_stores_are_looked_for_by_themselves_in_small_trees() {
        let value = protected(&[0x81; 16], "x");
        let tree = || Tree::default().at("root/home/users/a/x", user(&value));
        let alone = key_stores(tree(), KeyStores::Alone);
        let paths: Vec<_> = alone.secrets.iter().map(|secret| secret.path.as_str()).collect();
        assert_eq!((paths, alone.gap), (vec!["/home/users/a/x/keystore"], None));
        let counted = key_stores(tree(), KeyStores::Counted);
        assert_eq!((counted.secrets, counted.gap), (vec![], None), "they are read elsewhere");
        let left_out = key_stores(tree(), KeyStores::LeftOut);
        let gap = "/home/users was not looked through for key stores: users were left out";
        assert_eq!((left_out.secrets, left_out.gap.as_deref()), (vec![], Some(gap)));
        let none = Tree::default().at("root/etc", Tree::default());
        assert_eq!(key_stores(none, KeyStores::LeftOut).gap, None);
    }

    #[test]
    fn large_trees_are_left_alone_and_that_is_said() {
        let value = protected(&[0x81; 16], "x");
        let gap =
            "/home/users was looked through for key stores in part: it takes more than is read";
        let many = |count: u32, path: fn(u32) -> String| {
            let all =
                (0..count).fold(Tree::default(), |tree, at| tree.at(&path(at), Tree::default()));
            key_stores(all.at("root/home/users/a/x", user(&value)), KeyStores::Alone)
        };
        for path in [|at| format!("root/home/users/{at}"), |at| format!("root/home/users/a/{at}")] {
            let few = many(900, path);
            assert_eq!((few.secrets.len(), few.gap), (1, None));
            assert_eq!(many(1_100, path).gap.as_deref(), Some(gap));
        }
        let cycle = key_stores_in(&Memory::cycle("root/home/users"), KeyStores::Alone);
        assert_eq!(cycle.gap.as_deref(), Some(gap));
    }

    #[test]
    fn of_more_than_are_kept_count_and_digest_are_left() {
        let ids = [&b"x"[..], b"y", b"z"];
        let (all, some) = (users_of(ids.into_iter(), 3), users_of(ids.into_iter(), 2));
        assert_eq!((some.count, some.digest, some.are_listed()), (3, all.digest, false));
        assert_eq!(some.ids, []);
        assert_eq!(users_of([&b"x"[..]].into_iter(), 3).lacks(&all.ids), 2);
    }

    #[test]
    fn repository_without_users_has_none_and_a_damaged_one_says_why() {
        let none = users(&Memory::written(&[(Tree::default().at("root/etc", Tree::default()), 5)]));
        assert_eq!(none, Users::default());
        let (files, _) = Memory::sample("v13-secrets");
        let cut = files.change("data00000a.tar", |bytes| bytes.truncate(2_000));
        assert!(users(&cut).gap.is_some());
    }
}
