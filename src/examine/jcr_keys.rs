//! The crypto keys in a repository: `/etc/key`.
//!
//! AEM keeps `hmac` and `master` there as binary properties; packages made by hand have them as files (`nt:file`). The bytes of a
//! key exist only until they are digested here, and in the vault.

use super::secrets::Vault;
use crate::evidence::digest_key;
use crate::facts::{JcrKey, JcrShape, KeyName, TextKind};
use crate::oak::{Node, OakError, Property};

/// The node that holds the keys.
pub(super) const KEY_NODE: &str = "etc/key";

/// Reads both keys below the root of a revision.
pub(super) fn keys(root: Node<'_, '_>, vault: &Vault) -> Result<Vec<JcrKey>, OakError> {
    root.descendant(KEY_NODE)?.map_or(Ok(Vec::new()), |node| below(node, vault))
}

/// Reads both keys of the node that holds them.
pub(super) fn below(node: Node<'_, '_>, vault: &Vault) -> Result<Vec<JcrKey>, OakError> {
    let mut all = Vec::new();
    for name in KeyName::ALL {
        all.extend(key(node, name, vault)?);
    }
    Ok(all)
}

fn key(node: Node<'_, '_>, name: KeyName, vault: &Vault) -> Result<Option<JcrKey>, OakError> {
    // The property is what AEM itself writes, so it is asked for before the file of a package.
    if let Some(property) = node.property(name.file_name())? {
        return digested(&property, name, JcrShape::Property, vault);
    }
    let Some(content) = node.descendant(&format!("{name}/jcr:content"))? else { return Ok(None) };
    let Some(property) = content.property("jcr:data")? else { return Ok(None) };
    digested(&property, name, JcrShape::File, vault)
}

fn digested(
    property: &Property<'_, '_>,
    name: KeyName,
    shape: JcrShape,
    vault: &Vault,
) -> Result<Option<JcrKey>, OakError> {
    // Oak keeps binaries below 16,512 bytes inline in the
    // segment, blob store or not, so no data store is needed.
    let bytes = property.value()?;
    let mut digest = digest_key(&bytes);
    // AEM writes a key as a binary property. Random bytes that were entered as text are others.
    if !property.is_binary() {
        digest.text.get_or_insert(TextKind::Other);
    }
    vault.key(name, &digest.whole, &bytes);
    Ok(Some(JcrKey { name, digest, shape }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::oak::testing::{Memory, Tree};
    use crate::oak::{Budget, Store};

    /// What `/etc/key` holds with an hmac of this type, as kinds of text.
    fn texts(kind: u8) -> Vec<Option<TextKind>> {
        let key =
            Tree::default().with("hmac", kind, &[0xc3, 0xa4, 1, 2]).with("master", 2, &[7, 8]);
        let files = Memory::written(&[(Tree::default().at("root/etc/key", key), 1)]);
        let store = Store::new(&files, Budget::default());
        let vault = Vault::new(&Limits::DEFAULT);
        let all = store.newest(|root| keys(root, &vault)).unwrap().value;
        all.into_iter().map(|key| key.digest.text).collect()
    }

    #[test]
    fn key_in_a_property_of_text_is_text() {
        assert_eq!(texts(2), [None, None]);
        assert_eq!(texts(1), [Some(TextKind::Other), None]);
    }
}
