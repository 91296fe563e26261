//! Makes bundles of what was read of their directories.

use super::item::Item;
use super::paths::has_at_or_below;
use super::roots::{Evidence, below, bundle_directory};
use crate::evidence::{BundleParts, Fact, Found, Packing, assemble};
use crate::facts::{Bundles, Gap, Place, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn bundles(source: &str, root: &str, evidence: &Evidence<'_>, gaps: &[&Gap]) -> Bundles {
    let mut all: BTreeMap<&str, BundleParts<'_>> = BTreeMap::new();
    let mut lossy: BTreeSet<&str> = BTreeSet::new();
    for (path, found, item) in evidence.iter().filter(|(_, found, _)| !found.bundle.is_empty()) {
        let parts = all.entry(found.bundle).or_insert_with(|| {
            let path = bundle_directory(path, root, found.bundle);
            let place = Place { source: source.to_owned(), path };
            empty_parts(found.bundle, place)
        });
        // The directory itself has no name below it: with its entry, all that is in it was listed.
        // Felix makes `data` only when a bundle asks for a file, so most bundles have none to lose.
        parts.data |= found.name.is_empty() || below(path, &parts.place.path).starts_with("data");
        fill(parts, found, item);
        // Nothing counts as missing from a bundle of which something could not be read.
        if !matches!(item, Item::Read { fact: Ok(_), .. }) {
            lossy.insert(found.bundle);
        }
    }
    // Felix writes the Java version of its last start since 6.0.
    let is_version = |item: &&Item| matches!(item, Item::Read { fact: Ok(Fact::JavaMajor(_)), .. });
    let infos_alone = evidence.iter().any(|(_, _, item)| is_version(item));
    let packing = Packing { infos_alone, ..Packing::of(&all.values()) };
    let hiding = || gaps.iter().filter(|gap| gap.kind.hides());
    // A gap of the source as a whole may hide files of any bundle.
    let whole = hiding().all(|gap| gap.is_local());
    let cut: BTreeSet<&str> = hiding().filter_map(|gap| gap.path.as_deref()).collect();
    let is_cut = |place: &Place| has_at_or_below(&cut, &place.path);
    let known = |parts: &BundleParts<'_>| {
        whole && !lossy.contains(parts.directory) && !is_cut(&parts.place)
    };
    let bundle = |parts: &BundleParts<'_>| {
        let mut bundle = assemble(parts, known(parts).then_some(packing));
        bundle.path = Snapshot::path_below(root, &bundle.path);
        bundle
    };
    Bundles::from(all.values().map(bundle).collect::<Vec<_>>())
}

fn empty_parts(directory: &str, place: Place) -> BundleParts<'_> {
    BundleParts {
        directory,
        place,
        info: None,
        values: BTreeMap::new(),
        data: false,
        revisions: BTreeMap::new(),
    }
}

fn is_revision(found: &Found<'_>) -> bool {
    !found.bundle.is_empty() && found.name.starts_with("version")
}

fn fill<'a>(parts: &mut BundleParts<'a>, found: &Found<'a>, item: &'a Item) {
    if is_revision(found) {
        let revision = parts.revisions.entry(found.name).or_default();
        match item {
            Item::Read { fact: Ok(Fact::RevisionLocation(location)), .. } => {
                revision.location = Some(*location);
            }
            Item::Read { fact: Ok(Fact::Jar(jar)), .. } => revision.jar = Some(jar),
            _ => {}
        }
        return;
    }
    match item {
        Item::Read { fact: Ok(Fact::BundleInfo(info)), .. } => parts.info = Some(info),
        Item::Read { fact: Ok(Fact::BundleValue(text)), .. } => {
            parts.values.insert(found.name, text);
        }
        _ => {}
    }
}
