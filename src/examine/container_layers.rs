//! Layers of containers, as Docker, Podman, containerd and LXC keep them on disk.
//!
//! A container sees one file system that is put together of layers: of two files under one path that of the upper layer counts, and a layer may
//! hold the two key files that were copied in and nothing else. So what lies in a layer is no instance, whole as it may look. Keys that an
//! upper layer had replaced were copied from the lower one over right ones.

use super::item::Item;
use super::paths::{join, parent, with_those_above};
use super::roots::{Evidence, below};
use crate::evidence::Fact;
use crate::facts::{Gap, GapKind, components};
use std::collections::BTreeMap;

/// Directories that are layers, by the names that lead there; `*` is any name, `#` a number, and `@` the id of a layer.
const LAYERS: [&[&str]; 13] = [
    // Docker, and Podman as root or in `~/.local/share/containers`.
    &["overlay2", "*", "diff"],
    &["overlay", "*", "diff"],
    // Docker before `overlay2`.
    &["overlay", "*", "upper"],
    &["aufs", "diff", "*"],
    // Each of these is a whole copy of the one below: an image of ten layers with an install has ten of them, and only the id of the last one,
    // which the directory does not show, is that of a container.
    &["vfs", "dir", "@"],
    &["btrfs", "subvolumes", "@"],
    &["zfs", "graph", "@"],
    // containerd: `io.containerd.snapshotter.v1.overlayfs/snapshots/12/fs`.
    &["snapshots", "#", "fs"],
    // LXC.
    &["overlay", "delta"],
    &["delta0"],
    // An overlay that was mounted by hand.
    &["overlay", "upper"],
    &["overlay", "lower"],
    &["overlayfs", "lower"],
];

/// What is beside the layers of LXC: the view where the container runs, and else the lower layer.
const ROOTFS: &str = "rootfs";

/// Leaves out what lies in layers, and tells of it.
pub(super) fn leave(source: &str, roots: &mut BTreeMap<String, Evidence<'_>>) -> Vec<Gap> {
    let in_layer = |root: &String| Some((root.clone(), layer_of(source, root)?.to_owned()));
    let upper: Vec<(String, String)> = roots.keys().filter_map(in_layer).collect();
    let lower: Vec<_> =
        upper.iter().filter_map(|(root, layer)| lower_of(root, layer, roots)).collect();
    let leave = |(root, layer): (String, String)| Some((roots.remove(&root)?, root, layer));
    let left: Vec<_> = upper.into_iter().chain(lower).filter_map(leave).collect();
    left.iter().map(|(evidence, root, layer)| gap(source, (root, layer), evidence, roots)).collect()
}

fn gap(
    source: &str,
    (root, layer): (&str, &str),
    evidence: &Evidence<'_>,
    others: &BTreeMap<String, Evidence<'_>>,
) -> Gap {
    let (kind, reason) = match view_of(root, layer, evidence, others) {
        // All of the container is there, so nothing is missing.
        Some(view) => (
            GapKind::Package,
            format!("is in a layer of the file system of a container, which {view} shows as it is; the layer was not compared"),
        ),
        None => (
            GapKind::NoInstance,
            "is in a layer of the file system of a container: it does not show what the container really sees; send what docker cp (podman cp, \
             nerdctl cp) or docker export writes of the container"
                .to_owned(),
        ),
    };
    Gap { source: source.to_owned(), path: Some(root.to_owned()), kind, reason }
}

/// Returns the layer that a root lies in. The source may be named where it is a layer, or below.
fn layer_of<'p>(source: &str, root: &'p str) -> Option<&'p str> {
    let path = join(source, root);
    let parts: Vec<&str> = components(&path).collect();
    let fits = |(name, part): (&&str, &&str)| match *name {
        "*" => !part.is_empty(),
        "#" => part.bytes().all(|byte| byte.is_ascii_digit()),
        // `subvolumes` is a usual name where people have btrfs themselves.
        "@" => part.len() >= 64 && part.bytes().take(64).all(|byte| byte.is_ascii_hexdigit()),
        name => name == *part,
    };
    let ends_at = |end: usize| {
        let names = |names: &&&[&str]| {
            parts
                .get(end.checked_sub(names.len())?..end)
                .map(|found| names.iter().zip(found).all(fits))
        };
        LAYERS.iter().any(|layer| names(&layer) == Some(true))
    };
    let end = (1..=parts.len()).find(|end| ends_at(*end))?;
    let behind: usize = parts.iter().skip(end).map(|part| part.len().saturating_add(1)).sum();
    // A layer that the source itself is in has an empty path.
    let length = root.len().saturating_sub(behind);
    Some(root.get(..length).unwrap_or_default())
}

/// Returns the install in `rootfs` that a layer of LXC lies upon, and that directory, where it does not have what is in the layer: the container
/// does not run.
fn lower_of(
    root: &str,
    layer: &str,
    roots: &BTreeMap<String, Evidence<'_>>,
) -> Option<(String, String)> {
    let upper = roots.get(root)?;
    let homes = with_those_above(layer).skip(1).take(2);
    let mut lower = homes.map(|home| {
        let lower = join(home, ROOTFS);
        (join(&lower, below(root, layer)), lower)
    });
    lower.find(|(lower, _)| {
        roots.get(lower).is_some_and(|evidence| !shows(lower, evidence, root, upper))
    })
}

/// Returns `true` if all files of a layer are in a view as they are there.
fn shows(view: &str, shown: &Evidence<'_>, layer: &str, evidence: &Evidence<'_>) -> bool {
    let shown: BTreeMap<&str, &Item> =
        shown.iter().map(|(path, _, item)| (below(path, view), *item)).collect();
    evidence.iter().all(|(path, _, item)| shown.get(below(path, layer)) == Some(item))
}

/// Returns the install in which a container has what is in a layer: one beside the layer that shows all of it, or one with its Sling id.
fn view_of<'v>(
    root: &str,
    layer: &str,
    evidence: &Evidence<'_>,
    others: &'v BTreeMap<String, Evidence<'_>>,
) -> Option<&'v str> {
    let beside = format!("{}/", parent(layer));
    let is_beside = |other: &str| other.starts_with(beside.trim_start_matches('/'));
    let id = sling_id(evidence);
    let is_view = |(other, shown): &(&String, &Evidence<'_>)| {
        is_mounted(other)
            && (id.is_some() && id == sling_id(shown)
                || is_beside(other) && shows(other, shown, root, evidence))
    };
    others.iter().find(is_view).map(|(view, _)| view.as_str())
}

/// Returns `true` if a root lies in the file system of a container as that sees it.
fn is_mounted(root: &str) -> bool {
    format!("/{root}").contains("/aufs/mnt/")
        || components(root).any(|part| part == "merged" || part == ROOTFS)
}

fn sling_id<'e>(evidence: &'e Evidence<'_>) -> Option<&'e str> {
    evidence.iter().find_map(|(_, _, item)| match item {
        Item::Read { fact: Ok(Fact::SlingId(id)), .. } => Some(id.as_str()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_is_known_by_the_names_that_lead_there() {
        for (source, root, layer) in [
            ("h.tar", "var/lib/docker/overlay2/a1/diff/opt/q", "var/lib/docker/overlay2/a1/diff"),
            (
                "h.tar",
                "x/containers/storage/overlay/a1/diff/q",
                "x/containers/storage/overlay/a1/diff",
            ),
            ("h.tar", "v1.overlayfs/snapshots/12/fs/q", "v1.overlayfs/snapshots/12/fs"),
            ("h.tar", "aufs/diff/a1/q", "aufs/diff/a1"),
            ("h.tar", "lxc/aem/overlay/delta/q", "lxc/aem/overlay/delta"),
            ("lib/overlay2", "a1/diff/q", "a1/diff"),
            ("lib/overlay2/a1/diff", "opt/q", ""),
            ("lib/overlay2/a1/diff/opt", "", ""),
        ] {
            assert_eq!(layer_of(source, root), Some(layer), "{source} {root}");
        }
        for keeper in ["docker/vfs/dir", "docker/btrfs/subvolumes", "docker/zfs/graph"] {
            let layer = format!("{keeper}/{}", "a1".repeat(32));
            assert_eq!(layer_of("h.tar", &format!("{layer}/q")), Some(layer.as_str()));
        }
        for (source, root) in [
            ("h.tar", "mnt/btrfs/subvolumes/aem/q"),
            ("h.tar", "var/lib/docker/overlay2/a1/merged/q"),
            ("h.tar", "var/lib/docker/volumes/aem/_data/q"),
            ("h.tar", ".snapshots/3/snapshot/q"),
            ("h.tar", "aufs/mnt/a1/q"),
            ("overlay.tar", "diff/q"),
            ("", "q"),
        ] {
            assert_eq!(layer_of(source, root), None, "{source} {root}");
        }
    }
}
