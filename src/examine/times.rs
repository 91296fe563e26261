//! When the files of an instance were written.

use super::item::Item;
use super::roots::Evidence;
use crate::evidence::Fact;
use crate::facts::{CRYPTO_FAMILY, FileTime, KeyFile, Place, Snapshot};
use std::collections::BTreeMap;

/// Nothing of AEM is older: CQ 5 is of 2008. Archives that are made to be the same each time have 1970 or 1980.
const FIRST_MS: u64 = 1_199_145_600_000;

/// Adds their times to the snapshots of a source, which come in the order of their roots.
pub(super) fn add_all(
    snapshots: &mut [Snapshot],
    roots: &BTreeMap<String, Evidence<'_>>,
    files: &BTreeMap<String, FileTime>,
) {
    for (snapshot, evidence) in snapshots.iter_mut().zip(roots.values()) {
        add(snapshot, evidence, files);
    }
}

/// Adds to a snapshot the times of its files, of those of a source, and of its bundles.
fn add(snapshot: &mut Snapshot, evidence: &Evidence<'_>, files: &BTreeMap<String, FileTime>) {
    let keys = snapshot.all_key_files().chain(&snapshot.stray_keys);
    let places = keys.map(|KeyFile { place, .. }| place);
    let places = places.chain(snapshot.storage_files.iter().map(|file| &file.place));
    let places = places.chain(snapshot.sling_id.iter().map(|id| &id.place));
    let places = places.chain(snapshot.configurations.iter().map(|own| &own.place));
    let time = |place: &Place| {
        let time = files.get(&place.path).filter(|time| time.ms() >= FIRST_MS)?;
        Some((Snapshot::path_below(&snapshot.root, &place.path), *time))
    };
    let found: BTreeMap<String, FileTime> = places.filter_map(time).collect();
    snapshot.times.files = found;
    for (_, found, item) in evidence {
        let Item::Read { fact: Ok(Fact::BundleInfo(info)), .. } = item else { continue };
        // Felix writes this time at install, update and
        // uninstall, never at a start or stop (`BundleArchive`).
        let Some(ms) = info.modified.0.filter(|ms| *ms >= FIRST_MS) else { continue };
        let bundle = snapshot.bundle_in(found.bundle);
        let name = bundle.and_then(|bundle| bundle.symbolic_name.as_deref()).unwrap_or_default();
        let is_crypto = CRYPTO_FAMILY.contains(&name);
        let times = &mut snapshot.times;
        if is_crypto {
            times.bundles.insert(found.bundle.to_owned(), ms);
        }
        times.first_bundle_ms = Some(times.first_bundle_ms.map_or(ms, |first| first.min(ms)));
        times.last_bundle_ms = times.last_bundle_ms.max(Some(ms));
    }
}
