//! Protected values in the content of a repository: passwords of replication agents and key stores, secrets of cloud services.
//!
//! They are looked for where AEM keeps such, and not in pages, assets and the profiles of users. Key stores of people are looked for in
//! `users`. A repository has millions of nodes: the places that hold secrets most often come first, and what a bound leaves out is said.

use super::found_secrets::{Found, PATH_CHARS_MAX};
use super::jcr_configs;
use super::secrets::Vault;
use super::users::KeyStores;
use crate::evidence::{StoredConfig, protected_values};
use crate::limits::Limits;
use crate::oak::{Node, OakError, Store};
use crate::wiped::Wiped;

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

/// Looks through a revision, behind all that is read of keys, so that it leaves those their share of the budget.
pub(super) fn read(store: &Store<'_>, vault: &Vault, key_stores: KeyStores) -> Found {
    let segments_max = store.segments_read().saturating_add(LIMITS.secret_segments_max);
    let found = store.newest(|root| {
        let mut walk =
            Walk { store, vault, segments_max, nodes: 0, files_bytes: 0, found: Found::default() };
        for place in &PLACES {
            walk.place(root, place)?;
        }
        Ok(key_stores.add(store, root, vault, walk.found))
    });
    found.map_or_else(
        |error| Found {
            gap: Some(format!("secrets in it cannot be read: {error}")),
            ..Found::default()
        },
        |found| {
            let mut secrets = found.value;
            secrets.gap = secrets.gap.or(found.doubt);
            secrets
        },
    )
}

struct Walk<'w, 'f> {
    store: &'w Store<'f>,
    vault: &'w Vault,
    segments_max: u64,
    /// Nodes visited so far.
    nodes: u64,
    /// Bytes of files read so far.
    files_bytes: u64,
    found: Found,
}

/// What a file holds.
enum Content {
    /// It is no file.
    None,
    /// More than is read of one.
    Large,
    /// What is read of all was read of others.
    Spent,
    Bytes(Wiped),
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
        // The last one is taken first from the stack, so nodes are visited in the order of their names.
        for (name, node) in children.into_iter().rev() {
            // Those that rules ask for were read as configurations.
            let is_read = jcr_configs::is_read(&at.path, &name);
            // Nothing of a value is kept, wherever it stands.
            if is_read || protected_values(&name).next().is_some() {
                continue;
            }
            let is_folder = place.below.is_some_and(|folder| name.starts_with(folder));
            let counts = at.counts || is_folder;
            let path: String = format!("{}/{name}", at.path).chars().take(PATH_CHARS_MAX).collect();
            let file = StoredConfig::of_file(&name).filter(|_| place.below.is_some() && at.counts);
            if file.is_some() && self.is_spent() {
                self.gap(format!(
                    "{} was looked through in part: it takes more than is read",
                    at.path
                ));
                return Ok(());
            }
            let was_file = file.map(|file| self.file(node, &file, &path)).transpose()?;
            if was_file != Some(true) {
                next.push(Next { node, path, depth: at.depth.saturating_add(1), counts });
            }
        }
        Ok(())
    }

    /// Reads a configuration that is a file, as it lies there for the installer of Sling; `false` where it is none.
    fn file(
        &mut self,
        node: Node<'_, '_>,
        file: &StoredConfig,
        path: &str,
    ) -> Result<bool, OakError> {
        match self.content(node) {
            Err(error @ OakError::Missing(_)) => return Err(error),
            Err(error) => self.gap(format!("{path} cannot be read: {error}")),
            Ok(Content::None) => return Ok(false),
            Ok(Content::Large) => self.gap(format!("{path} is too large, and was not read")),
            Ok(Content::Spent) => {
                self.gap(format!(
                    "{path} was not read: there are too many configurations in files"
                ));
            }
            Ok(Content::Bytes(bytes)) => {
                if let Err(error) = self.found.take_file(file, &bytes, path, self.vault) {
                    self.gap(format!("{path} cannot be read: {error}"));
                }
            }
        }
        self.nodes = self.nodes.saturating_add(1);
        Ok(true)
    }

    /// Reads the bytes of an `nt:file`: those of `jcr:data` in its child `jcr:content`.
    fn content(&mut self, node: Node<'_, '_>) -> Result<Content, OakError> {
        let Some(content) = node.child("jcr:content")? else { return Ok(Content::None) };
        let Some(data) = content.property("jcr:data")? else { return Ok(Content::None) };
        // Of a value in a data store the length is not known; that holds for names that are the value, too, which are short.
        let bytes = data.bytes()?.unwrap_or_default();
        if bytes > LIMITS.secret_file_bytes_max {
            return Ok(Content::Large);
        }
        self.files_bytes = self.files_bytes.saturating_add(bytes);
        if self.files_bytes > LIMITS.secret_files_bytes_max {
            return Ok(Content::Spent);
        }
        data.value().map(Content::Bytes)
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
        read(&store, &Vault::new(&Limits::DEFAULT), KeyStores::Alone)
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
            .at("root/apps/a/config/node.config", value("8"))
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
                ("/apps/a/config/node.config", "x"),
                ("/apps/a/osgi/config.author/com.x", "x"),
                ("/apps/system/config/com.other", "x"),
            ]
        );
    }

    #[test]
    fn configurations_that_are_files_are_read() {
        // The middle one has 20 KB, which Oak keeps in blocks, and the large one 100.
        let found = found(&Memory::sample("v13-config-files").0);
        let at = |rest: &str| format!("/apps/shop/{rest}");
        let paths = [
            (at("config.publish/com.example.List.config"), "x"),
            (at("config.publish/com.example.List.config"), "x"),
            (at("config/com.day.cq.mailer.DefaultMailService.config"), "smtp.password"),
            (at("config/com.example.Middle.config"), "smtp.password"),
            (at("osgiconfig/config.author.prod/com.example.Client~shop.cfg.json"), "more"),
            (at("osgiconfig/config.author.prod/com.example.Client~shop.cfg.json"), "password"),
        ];
        let mut told = told(&found);
        let key_store = told.pop().expect("one of a user");
        assert_eq!(told, paths.each_ref().map(|(path, property)| (path.as_str(), *property)));
        assert!(key_store.0.starts_with("/home/users/") && key_store.1 == "keystorePassword");
        let gap = "/apps/zoo/config/com.example.Large.config is too large, and was not read";
        assert_eq!(found.gap.as_deref(), Some(gap));
    }

    #[test]
    fn configuration_in_a_data_store_is_said_to_be_unread() {
        // In this store everything of more than 16 KB is in a data store of files.
        let found = found(&Memory::sample("v13-config-blobs").0);
        assert_eq!(told(&found).len(), 6);
        let gap = |path: &str| {
            format!(
                "/apps/{path}.config cannot be read: a value in a data store outside of the segment store is not supported"
            )
        };
        let gaps = ["shop/config/com.example.Middle", "zoo/config/com.example.Large"].map(gap);
        assert_eq!(found.gap, Some(gaps.join("; ")));
    }

    fn file(text: &str) -> Tree {
        Tree::default().at("jcr:content", Tree::default().with("jcr:data", 2, text.as_bytes()))
    }

    #[test]
    fn file_that_is_no_configuration_is_a_gap_only_where_it_may_hold_a_value() {
        let value = protected(&KEY, "x");
        for (name, text, gap) in [
            ("web.config", "<configuration/>".to_owned(), None),
            (
                "a.config",
                format!("CANARY\nx={value}"),
                Some("a.config cannot be read: name at byte"),
            ),
            (
                "a.cfg.json",
                format!("[CANARY {value}]"),
                Some("a.cfg.json cannot be read: configuration"),
            ),
            ("a.cfg.json", "[".repeat(16_000), None),
            ("a.config", format!("x=\"{}\"", value.to_uppercase()), None),
            ("a.config", "\\".repeat(16_001), None),
            ("a.config", format!("x=[\"{value}\""), None),
        ] {
            let tree = Tree::default().at(&format!("root/apps/x/config/{name}"), file(&text));
            let found = found(&Memory::written(&[(tree, 5)]));
            assert!(told(&found).is_empty(), "{name} {found:?}");
            let told = found.gap.unwrap_or_default();
            let expected = gap.map(|gap| format!("/apps/x/config/{gap}")).unwrap_or_default();
            assert!(told.starts_with(&expected) && told.is_empty() == gap.is_none(), "{told}");
            assert!(!told.contains("CANARY"), "{told}");
        }
    }

    #[test]
    fn files_are_read_up_to_so_many_bytes_together() {
        let text = format!("x=\"{}\"\n# {}", protected(&KEY, "x"), " ".repeat(15_000));
        let add = |tree: Tree, at: u32| {
            tree.at(&format!("root/apps/x/config/{at:03}.config"), file(&text))
        };
        // A segment holds no more than these, so most of the bound is spent before.
        let tree = (0..14).fold(Tree::default(), add);
        let files = Memory::written(&[(tree, 5)]);
        let store = Store::new(&files, Budget::default());
        let vault = Vault::new(&LIMITS);
        let found = store.newest(|root| {
            let files_bytes = LIMITS.secret_files_bytes_max.saturating_sub(100_000);
            let found = Found::default();
            let (store, vault) = (&store, &vault);
            let mut walk = Walk { store, vault, segments_max: 9, nodes: 0, files_bytes, found };
            PLACES.iter().try_for_each(|place| walk.place(root, place))?;
            Ok(walk.found)
        });
        let found = found.unwrap().value;
        assert_eq!(found.secrets.len(), 6);
        let gap = found.gap.unwrap();
        let end = ".config was not read: there are too many configurations in files";
        assert!(gap.ends_with(end), "{gap}");
        assert_eq!(gap.matches(end).count(), 4, "the others are as many again");
    }

    #[test]
    fn folder_that_is_read_elsewhere_is_that_folder_alone() {
        let ims = crate::facts::IMS_CUSTOMIZER;
        let value = format!("x=\"{}\"", protected(&KEY, "1"));
        let tree = Tree::default()
            .at(&format!("root/apps/system/config/{ims}.config"), file(&value))
            .at(&format!("root/apps/system/config.author.prod/{ims}.config"), file(&value));
        let found = found(&Memory::written(&[(tree, 5)]));
        let path = format!("/apps/system/config.author.prod/{ims}.config");
        assert_eq!(told(&found), [(path.as_str(), "x")]);
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
    fn node_that_is_its_own_child_is_visited_up_to_a_bound() {
        let found = found(&Memory::cycle("root/apps/x/config"));
        let gap = "/apps was looked through in part: it takes more than is read";
        assert_eq!((told(&found), found.gap.as_deref()), (vec![], Some(gap)));
    }

    #[test]
    fn repository_that_cannot_be_read_is_a_gap() {
        let (files, _) = Memory::sample("v13-secrets");
        let cut = files.change("data00000a.tar", |bytes| bytes.truncate(2_000));
        let found = found(&cut);
        assert!(found.secrets.is_empty() && found.gap.is_some());
    }
}
