//! Protected values in the content of a repository: passwords of replication agents and key stores, secrets of cloud services.
//!
//! They are looked for where AEM keeps such, and not in pages, assets and the profiles of users. Key stores of people are found by the
//! walk that counts users. A repository has millions of nodes: the
//! places that hold secrets most often come first, and what a bound leaves out is said.

use super::secrets::Vault;
use crate::evidence::{StoredConfig, digest, protected_values};
use crate::facts::{Repository, StoredSecret};
use crate::limits::Limits;
use crate::oak::{Node, OakError, Store};
use std::ops::RangeInclusive;

/// A place that is looked through.
struct Place {
    path: &'static str,
    /// Values count below folders of this name alone, or one that begins so.
    below: Option<&'static str>,
}

/// Every such place, those that hold secrets most often first.
const PLACES: [Place; 6] = [
    Place { path: "etc/replication", below: None },
    Place { path: "etc/cloudservices", below: None },
    Place { path: "etc/truststore", below: None },
    Place { path: "home/users/system", below: None },
    Place { path: "conf", below: None },
    Place { path: "apps", below: Some("config") },
];

const LIMITS: Limits = Limits::DEFAULT;
/// Levels below a place in which a folder is looked for by its name: `/apps/project/osgiconfig/config.author`.
const FOLDER_DEPTH: usize = 4;
/// A vector and one block in hexadecimal digits, in braces.
const CHARS_MIN: usize = 66;
const PATH_CHARS_MAX: usize = 512;

/// What was found, and why that is not all.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) secrets: Vec<StoredSecret>,
    pub(super) gap: Option<String>,
}

impl Found {
    /// Takes the values of a node that are protected, and nothing else.
    pub(super) fn take(
        &mut self,
        node: Node<'_, '_>,
        path: &str,
        vault: &Vault,
    ) -> Result<(), OakError> {
        let lengths: RangeInclusive<usize> = CHARS_MIN..=LIMITS.secret_chars_max;
        for (property, text) in node.texts(b'{', &lengths)? {
            let Ok(text) = std::str::from_utf8(&text) else { continue };
            let is_whole = protected_values(text).next() == Some(text);
            // AEM protects a property as a whole, so braces
            // within a longer text are no protected value.
            if !is_whole || protected_values(&property).next().is_some() {
                continue;
            }
            if self.secrets.len() >= LIMITS.stored_secrets_max {
                self.gap("there are more secrets in it than are read".to_owned());
                return Ok(());
            }
            let digest = digest(text.as_bytes());
            vault.value(&digest, text.as_bytes());
            let property = property.chars().take(PATH_CHARS_MAX).collect();
            self.secrets.push(StoredSecret { path: path.to_owned(), property, digest });
        }
        Ok(())
    }

    /// The first reason is reported; the next ones most often follow from it.
    pub(super) fn gap(&mut self, reason: String) {
        self.gap.get_or_insert(reason);
    }

    /// Adds what was found to what is known of a repository.
    pub(super) fn add_to(self, repository: &mut Repository) {
        repository.secrets.extend(self.secrets);
        repository.secrets.sort();
        repository.secrets.dedup();
        repository.secrets_gap = repository.secrets_gap.take().or(self.gap);
    }
}

/// Looks through a revision, behind all that is read of keys, so that it leaves those their share of the budget.
pub(super) fn read(store: &Store<'_>, vault: &Vault) -> Found {
    let segments_max = store.segments_read().saturating_add(LIMITS.secret_segments_max);
    let found = store.newest(|root| {
        let mut walk = Walk { store, vault, segments_max, nodes: 0, found: Found::default() };
        for place in &PLACES {
            walk.place(root, place)?;
        }
        Ok(walk.found)
    });
    found.map_or_else(
        |error| Found {
            gap: Some(format!("secrets in it cannot be read: {error}")),
            ..Found::default()
        },
        |found| found.value,
    )
}

struct Walk<'w, 'f> {
    store: &'w Store<'f>,
    vault: &'w Vault,
    segments_max: u64,
    /// Nodes visited so far.
    nodes: u64,
    found: Found,
}

/// A node to visit.
struct Next<'s, 'f> {
    node: Node<'s, 'f>,
    path: String,
    depth: usize,
    /// Its values count.
    counts: bool,
}

impl Walk<'_, '_> {
    /// Looks through one place. A segment that is missing means another revision; other errors cost the rest of the place alone.
    fn place(&mut self, root: Node<'_, '_>, place: &Place) -> Result<(), OakError> {
        let path = format!("/{}", place.path);
        if self.is_spent() {
            self.gap(format!("{path} was not looked through: it takes more than is read"));
            return Ok(());
        }
        match self.below(root, place, &path) {
            Err(error @ OakError::Missing(_)) => Err(error),
            Err(error) => {
                self.gap(format!("{path} cannot be read: {error}"));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn below(&mut self, root: Node<'_, '_>, place: &Place, path: &str) -> Result<(), OakError> {
        let Some(node) = root.descendant(place.path)? else { return Ok(()) };
        let counts = place.below.is_none();
        let mut next = vec![Next { node, path: path.to_owned(), depth: 0, counts }];
        while let Some(at) = next.pop() {
            if self.is_spent() {
                self.gap(format!("{path} was looked through in part: it takes more than is read"));
                return Ok(());
            }
            self.nodes = self.nodes.saturating_add(1);
            if at.counts {
                self.found.take(at.node, &at.path, self.vault)?;
            }
            if !at.counts && at.depth >= FOLDER_DEPTH {
                continue;
            }
            self.children(&at, place, &mut next)?;
        }
        Ok(())
    }

    fn children<'s, 'f>(
        &mut self,
        at: &Next<'s, 'f>,
        place: &Place,
        next: &mut Vec<Next<'s, 'f>>,
    ) -> Result<(), OakError> {
        let left = LIMITS.secret_nodes_max.saturating_sub(self.nodes);
        let (children, more) = at.node.some_children(left, self.segments_max)?;
        if more {
            self.gap(format!("{} has more in it than is read", at.path));
        }
        for (name, node) in children.into_iter().rev() {
            // Those that rules ask for were read as configurations.
            let is_read = at.path.starts_with("/apps/system/config")
                && StoredConfig::of_name(&name).is_some();
            // Nothing of a value is kept, wherever it stands.
            if is_read || protected_values(&name).next().is_some() {
                continue;
            }
            let is_folder = place.below.is_some_and(|folder| name.starts_with(folder));
            let counts = at.counts || is_folder;
            let path: String = format!("{}/{name}", at.path).chars().take(PATH_CHARS_MAX).collect();
            next.push(Next { node, path, depth: at.depth.saturating_add(1), counts });
        }
        Ok(())
    }

    fn is_spent(&self) -> bool {
        self.nodes >= LIMITS.secret_nodes_max || self.store.segments_read() >= self.segments_max
    }

    fn gap(&mut self, reason: String) {
        self.found.gap(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oak::Budget;
    use crate::oak::testing::{Memory, Tree};
    use crate::testing::protected;

    const KEY: [u8; 16] = [0x81; 16];

    fn found(files: &Memory) -> Found {
        let store = Store::new(files, Budget::default());
        read(&store, &Vault::new(&Limits::DEFAULT))
    }

    fn told(found: &Found) -> Vec<(&str, &str)> {
        let told = found.secrets.iter().map(|one| (one.path.as_str(), one.property.as_str()));
        let mut told: Vec<_> = told.collect();
        told.sort_unstable();
        told
    }

    #[test]
    fn secrets_that_oak_wrote_are_found_where_they_are_kept() {
        let found = found(&Memory::sample("v13-secrets").0);
        assert_eq!(found.gap, None);
        assert_eq!(
            told(&found),
            [
                ("/conf/global/settings/cloudconfigs/x/jcr:content", "secrets"),
                ("/conf/global/settings/cloudconfigs/x/jcr:content", "secrets"),
                ("/etc/cloudservices/mail/jcr:content", "secret"),
                ("/etc/replication/agents.author/publish/jcr:content", "transportPassword"),
                ("/home/users/system/s1/keystore", "keystorePassword"),
            ]
        );
    }

    #[test]
    fn folders_of_configurations_are_found_below_apps() {
        let value = |text: &str| Tree::default().with("x", 1, protected(&KEY, text).as_bytes());
        let ims = crate::facts::IMS_CUSTOMIZER;
        let tree = Tree::default()
            .at("root/apps/a/osgi/config.author/com.x", value("1"))
            .at("root/apps/a/config/deep/er/y", value("2"))
            .at("root/apps/a/components/y", value("3"))
            .at("root/apps/a/b/c/d/e/config/y", value("4"))
            .at(&format!("root/apps/system/config/{ims}"), value("5"))
            .at("root/apps/system/config/com.other", value("6"))
            .at("root/content/y", value("7"));
        let files = Memory::written(&[(tree, 5)]);
        assert_eq!(
            told(&found(&files)),
            [
                ("/apps/a/config/deep/er/y", "x"),
                ("/apps/a/osgi/config.author/com.x", "x"),
                ("/apps/system/config/com.other", "x"),
            ]
        );
    }

    #[test]
    fn what_is_no_protected_value_is_not_kept() {
        let value = protected(&KEY, "x");
        let tree = Tree::default().at(
            "root/conf/x",
            Tree::default()
                .with("a", 1, format!("{value} ").as_bytes())
                .with("b", 1, value.to_uppercase().as_bytes())
                .with("c", 2, value.as_bytes())
                .with("d", 1, b"{}")
                .with("e", 1, &vec![b'{'; 16_000])
                .with(&value, 1, value.as_bytes())
                .at(&value, Tree::default().with("x", 1, value.as_bytes())),
        );
        let found = found(&Memory::written(&[(tree, 5)]));
        assert_eq!((told(&found), found.gap.as_deref()), (vec![], None));
    }

    #[test]
    fn what_a_bound_leaves_out_is_said() {
        let value = protected(&KEY, "x");
        let node = |tree: Tree, at: u32| {
            tree.at(&format!("root/conf/{at}"), Tree::default().with("x", 1, value.as_bytes()))
        };
        let found = found(&Memory::written(&[((0..1_100).fold(Tree::default(), node), 5)]));
        assert_eq!(found.secrets.len(), LIMITS.stored_secrets_max);
        assert_eq!(found.gap.as_deref(), Some("there are more secrets in it than are read"));
    }

    #[test]
    fn repository_that_cannot_be_read_is_a_gap() {
        let (files, _) = Memory::sample("v13-secrets");
        let cut = files.change("data00000a.tar", |bytes| bytes.truncate(2_000));
        let found = found(&cut);
        assert!(found.secrets.is_empty() && found.gap.is_some());
    }
}
