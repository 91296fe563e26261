//! The OSGi configurations in a repository: children of `/apps/system/config`, and of the same folder for authors and publishers.
//!
//! They matter where `launchpad/config` did not come; what Felix wrote there is what was in effect. Only those of components that
//! rules ask for are read, and of an aged store no more than a bounded part. What goes wrong here costs nothing but this.

use super::jcr_keys::keys;
use super::secrets::Vault;
use crate::evidence::{Config, StoredConfig, StoredProperty};
use crate::facts::{Configuration, JCR_CONFIGURATIONS, Place};
use crate::limits::Limits;
use crate::oak::{Node, Property, Store};
use crate::wiped::Wiped;

const FOLDERS: [&str; 3] = ["config", "config.author", "config.publish"];
const CHILDREN_MAX: u64 = Limits::DEFAULT.jcr_children_max;
const CONFIGURATIONS_MAX: usize = Limits::DEFAULT.jcr_configurations_max;
const PATH_CHARS_MAX: usize = 512;
/// The number of binary properties in JCR.
const BINARY: u8 = 2;

/// What was read, and why that is not all.
#[derive(Debug, Default)]
pub(super) struct Stored {
    pub(super) configurations: Vec<Configuration>,
    pub(super) gap: Option<String>,
}

/// Returns `true` if a child of a folder is one of those that are read here.
pub(super) fn is_read(folder: &str, name: &str) -> bool {
    let parts = folder.rsplit_once('/').zip(JCR_CONFIGURATIONS.rsplit_once('/'));
    let is_folder =
        parts.is_some_and(|((above, own), (system, _))| above == system && FOLDERS.contains(&own));
    is_folder && StoredConfig::of_name(name).is_some()
}

/// Reads the configurations of the revision that the keys were read of. They may cost so many segments more.
pub(super) fn read(store: &Store<'_>, place: &Place, segments_max: u64, vault: &Vault) -> Stored {
    let segments_max = store.segments_read().saturating_add(segments_max);
    let found = store.newest(|root| {
        // A revision whose keys cannot be read is passed over, as it was for them.
        // A journal may name newer revisions whose segments are in no file of the copy.
        drop(keys(root, vault)?);
        let mut reader = Reader { store, place, segments_max, vault, stored: Stored::default() };
        reader.root(root);
        Ok(reader.stored)
    });
    found.map_or_else(
        |error| Stored { gap: Some(unreadable(JCR_CONFIGURATIONS, error)), ..Stored::default() },
        |found| found.value,
    )
}

fn unreadable(path: &str, error: impl std::fmt::Display) -> String {
    format!("{path} cannot be read: {error}")
}

struct Reader<'r> {
    store: &'r Store<'r>,
    place: &'r Place,
    segments_max: u64,
    vault: &'r Vault,
    stored: Stored,
}

impl Reader<'_> {
    fn root(&mut self, root: Node<'_, '_>) {
        let (apps, _) = JCR_CONFIGURATIONS.rsplit_once('/').unwrap_or_default();
        let system = match root.descendant(apps.trim_start_matches('/')) {
            Ok(Some(system)) => system,
            Ok(None) => return,
            Err(error) => return self.gap(unreadable(apps, error)),
        };
        for name in FOLDERS {
            let path = format!("{apps}/{name}");
            match system.child(name) {
                Ok(Some(folder)) => self.folder(folder, &path),
                Ok(None) => {}
                Err(error) => self.gap(unreadable(&path, error)),
            }
        }
    }

    fn folder(&mut self, folder: Node<'_, '_>, path: &str) {
        let (children, more) = match folder.some_children(CHILDREN_MAX, self.segments_max) {
            Ok(children) => children,
            Err(error) => return self.gap(unreadable(path, error)),
        };
        if more {
            self.gap(format!("{path} has more in it than is read"));
        }
        for (name, node) in children {
            let Some(named) = StoredConfig::of_name(&name) else { continue };
            let is_spent = self.store.segments_read() >= self.segments_max;
            if is_spent || self.stored.configurations.len() >= CONFIGURATIONS_MAX {
                return self.gap(format!("{path} has more in it than is read"));
            }
            let path: String = format!("{path}/{name}").chars().take(PATH_CHARS_MAX).collect();
            match configuration(node, &named) {
                Ok(Some(mut config)) => {
                    for (digest, text) in config.take_ciphertexts() {
                        self.vault.value(&digest, &text);
                    }
                    let made = config.at(self.place.clone());
                    let made = Configuration { jcr_path: Some(path), ..made };
                    self.stored.configurations.push(made);
                }
                Ok(None) => {}
                Err(reason) => self.gap(unreadable(&path, reason)),
            }
        }
    }

    /// The first reason is reported; the next ones most often follow from it.
    fn gap(&mut self, reason: String) {
        self.stored.gap.get_or_insert(reason);
    }
}

/// Reads a node that is named like a configuration; `None` where it is none.
fn configuration(node: Node<'_, '_>, named: &StoredConfig) -> Result<Option<Config>, String> {
    let config = if named.is_file() {
        // An `nt:file` has its bytes in the child `jcr:content`, as `jcr:data`.
        let content = node.child("jcr:content").map_err(spoken)?;
        let data = content.map(|content| content.property("jcr:data")).transpose();
        let data = data.map_err(spoken)?.flatten().ok_or("it has no content")?;
        named.file(&data.value().map_err(spoken)?)
    } else {
        let kind = node.property("jcr:primaryType").map_err(spoken)?;
        let kind = kind.map(|kind| kind.value()).transpose().map_err(spoken)?;
        // Sling's JCR installer takes nodes of this type (`ConfigNodeConverter`).
        if kind.is_none_or(|kind| kind.as_slice() != b"sling:OsgiConfig") {
            return Ok(None);
        }
        let all = node.properties().map_err(spoken)?.into_iter();
        named.node(all.map(property).collect::<Result<_, _>>()?)
    };
    config.map(Some).map_err(spoken)
}

fn property((name, property): (String, Property<'_, '_>)) -> Result<StoredProperty, String> {
    // No setting is one, and there is no telling how long it is.
    let values = if property.kind == BINARY {
        vec![Wiped::default()]
    } else {
        property.values().map_err(spoken)?
    };
    Ok(StoredProperty { name, kind: property.kind, values })
}

fn spoken(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{IMS_CLIENT_SECRET, IMS_CUSTOMIZER, SecretState, TOKEN_HANDLER};
    use crate::oak::Budget;
    use crate::oak::testing::{Memory, Tree};

    const FOLDER: &str = "root/apps/system/config";

    fn file(text: &[u8]) -> Tree {
        Tree::default().at("jcr:content", Tree::default().with("jcr:data", 2, text))
    }

    fn osgi(kind: &str) -> Tree {
        // The writer has no primary type of its own in templates; as another type than a name it is an ordinary property.
        Tree::default().with("jcr:primaryType", 1, kind.as_bytes())
    }

    fn base() -> Tree {
        Tree::default().at("root/etc/key", Tree::default().with("hmac", 2, &[1; 32]))
    }

    fn vault() -> Vault {
        Vault::new(&Limits::DEFAULT)
    }

    fn of(files: &Memory) -> Stored {
        let store = Store::new(files, Budget::default());
        let place = Place { source: "a".to_owned(), path: "repository/segmentstore".to_owned() };
        read(&store, &place, 512, &vault())
    }

    fn read_of(tree: Tree) -> Stored {
        of(&Memory::written(&[(tree, 5)]))
    }

    fn told(stored: &Stored) -> Vec<(&str, &str)> {
        let all = stored.configurations.iter();
        all.map(|c| (c.pid.as_str(), c.jcr_path.as_deref().unwrap())).collect()
    }

    #[test]
    fn files_and_nodes_are_read_from_all_three_folders() {
        let protected = format!("{{{}}}", "0f".repeat(32));
        let node = osgi("sling:OsgiConfig").with(IMS_CLIENT_SECRET, 1, protected.as_bytes()).with(
            "customizer.type",
            1,
            b"t",
        );
        let stored = read_of(
            base()
                .at(
                    &format!("{FOLDER}/{TOKEN_HANDLER}.config"),
                    file(b"token.encapsulated=B\"true\"\n"),
                )
                .at(&format!("{FOLDER}/com.day.Other.config"), file(b"=broken"))
                .at(&format!("{FOLDER}/{TOKEN_HANDLER}"), osgi("sling:Folder"))
                .at(&format!("{FOLDER}.author/{IMS_CUSTOMIZER}-a"), node)
                .at(&format!("{FOLDER}.publish/{IMS_CUSTOMIZER}~b.cfg.json"), file(b"{}"))
                .at(&format!("{FOLDER}.author.prod/{IMS_CUSTOMIZER}~c.cfg.json"), file(b"{}")),
        );
        let (a, b) = (format!("{IMS_CUSTOMIZER}~a"), format!("{IMS_CUSTOMIZER}~b"));
        let at = |rest: &str| format!("{JCR_CONFIGURATIONS}{rest}");
        let paths = [
            at(&format!("/{TOKEN_HANDLER}.config")),
            at(&format!(".author/{IMS_CUSTOMIZER}-a")),
            at(&format!(".publish/{IMS_CUSTOMIZER}~b.cfg.json")),
        ];
        let pids = [TOKEN_HANDLER, &a, &b];
        let expected: Vec<_> = pids.into_iter().zip(paths.iter().map(String::as_str)).collect();
        assert_eq!(told(&stored), expected);
        assert_eq!(stored.gap, None);
        assert_eq!(stored.configurations[0].flag("token.encapsulated"), Some(true));
        let ims = &stored.configurations[1];
        assert_eq!(ims.secret(IMS_CLIENT_SECRET), Some(SecretState::Protected));
        assert_eq!(ims.protected.len(), 1);
        assert_eq!(ims.factory_pid.as_deref(), Some(IMS_CUSTOMIZER));
    }

    #[test]
    fn repository_without_the_folder_has_none() {
        for tree in [base(), base().at("root/apps/system", Tree::default())] {
            let stored = read_of(tree);
            assert_eq!((told(&stored), &stored.gap), (vec![], &None));
        }
        for sample in ["v10-closed", "v11-hot", "v12-closed", "v13-closed", "v13-gc"] {
            assert_eq!(of(&Memory::sample(sample).0).gap, None, "{sample}");
        }
    }

    #[test]
    fn broken_configuration_is_told_and_the_others_stand() {
        let ims = |end: &str| format!("{FOLDER}/{IMS_CUSTOMIZER}~{end}");
        let good = ims("z.cfg.json");
        for (name, node, reason) in [
            ("a.cfg.json", file(b"CANARY"), "configuration at byte 1"),
            ("a.config", file(b"x=\"CANARY=\""), "value at byte"),
            ("a.config", Tree::default(), "it has no content"),
            ("a.config", Tree::default().at("jcr:content", Tree::default()), "it has no content"),
            ("a", osgi("sling:OsgiConfig").with("x", 2, b"CANARY"), "configuration at byte 0"),
            ("a", osgi("sling:OsgiConfig").with("x", 3, b"CANARY"), "configuration at byte 0"),
        ] {
            let stored = read_of(base().at(&ims(name), node).at(&good, file(b"{}")));
            assert_eq!(stored.configurations.len(), 1, "{name}");
            let gap = stored.gap.unwrap();
            let expected =
                format!("{JCR_CONFIGURATIONS}/{IMS_CUSTOMIZER}~{name} cannot be read: {reason}");
            assert!(gap.starts_with(&expected) && !gap.contains("CANARY"), "{gap}");
        }
    }

    #[test]
    fn folder_of_thousands_is_read_in_part() {
        let full = |count: u32| {
            let child = |tree: Tree, at: u32| tree.at(&format!("{FOLDER}/{at}"), Tree::default());
            let ims = format!("{FOLDER}/{IMS_CUSTOMIZER}~z.cfg.json");
            read_of((0..count).fold(base(), child).at(&ims, file(b"{}")))
        };
        assert_eq!(full(1_900).gap, None);
        assert_eq!(full(1_900).configurations.len(), 1);
        let gap = full(2_100).gap;
        assert_eq!(gap.as_deref(), Some("/apps/system/config has more in it than is read"));
    }

    #[test]
    fn configurations_are_read_up_to_a_number() {
        let ims = |tree: Tree, at: u32| {
            tree.at(&format!("{FOLDER}/{IMS_CUSTOMIZER}~{at}.cfg.json"), file(b"{}"))
        };
        let stored = read_of((0..300).fold(base(), ims));
        assert_eq!(stored.configurations.len(), CONFIGURATIONS_MAX);
        assert!(stored.gap.is_some());
    }

    #[test]
    fn huge_value_is_told_and_not_read() {
        let name = format!("{FOLDER}/{IMS_CUSTOMIZER}");
        let huge = vec![b' '; 16_000];
        let files =
            Memory::written(&[(base().at(&name, osgi("sling:OsgiConfig").with("x", 1, &huge)), 5)]);
        let budget = Budget { value_bytes_max: 15_000, ..Budget::default() };
        let store = Store::new(&files, budget);
        let place = Place { source: "a".to_owned(), path: "repository".to_owned() };
        let stored = read(&store, &place, 512, &vault());
        assert_eq!(stored.configurations, []);
        assert!(stored.gap.unwrap().ends_with("it takes more than 15000 bytes of one value"));
        assert_eq!(store.newest(|root| keys(root, &vault())).unwrap().value.len(), 1);
    }

    #[test]
    fn no_segments_left_is_a_gap() {
        let name = format!("{FOLDER}/{IMS_CUSTOMIZER}.cfg.json");
        let tree = base().at(&name, file(b"{}")).at(&format!("{FOLDER}/x"), Tree::default());
        let files = Memory::written(&[(tree, 5)]);
        let store = Store::new(&files, Budget::default());
        let place = Place { source: "a".to_owned(), path: "repository".to_owned() };
        let stored = read(&store, &place, 0, &vault());
        assert!(stored.configurations.is_empty() && stored.gap.is_some());
    }

    #[test]
    fn cut_store_is_a_gap() {
        let (files, _) = Memory::sample("v13-closed");
        let cut = files.change("data00000a.tar", |bytes| bytes.truncate(2_000));
        let stored = of(&cut);
        assert!(stored.configurations.is_empty() && stored.gap.is_some());
    }
}
