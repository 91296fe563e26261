//! The crypto keys in a repository: `/etc/key`.
//!
//! AEM keeps `hmac` and `master` there as binary properties; packages made by hand have them as files (`nt:file`). The bytes of a
//! key exist only until they are digested here, and in the vault.

use super::secrets::Vault;
use crate::evidence::digest_key;
use crate::facts::{JcrKey, JcrShape, KeyName};
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
    let digest = digest_key(&bytes);
    vault.key(name, &digest.whole, &bytes);
    Ok(Some(JcrKey { name, digest, shape }))
}
