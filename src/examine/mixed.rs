//! Roots under which the files of two instances lie, as one on the other.
//!
//! `tar cf farm.tar -C /mnt/author crx-quickstart -C /mnt/publish1 crx-quickstart` gives one tree, in which of two `hmac` the last
//! counts. What is read of such a root is of nobody: it neither accuses nor acquits.

use super::item::{Item, Versions};
use super::roots::{Evidence, owner};
use crate::evidence::Fact;
use crate::facts::{Gap, GapKind, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// The bundle of which every instance has one.
const SETTINGS: &str = "org.apache.sling.settings";

/// What was there more than once below each root.
type ByRoot<'a> = BTreeMap<&'a str, BTreeMap<&'a str, Versions>>;

/// Returns a gap for each root that shows signs of two instances.
pub(super) fn gaps<'a>(
    source: &str,
    installs: impl Iterator<Item = (&'a Evidence<'a>, &'a Snapshot)>,
    again: &BTreeMap<String, Versions>,
    tops: &BTreeSet<&str>,
) -> Vec<Gap> {
    let mut by_root = ByRoot::new();
    for (path, versions) in again {
        if let Some(root) = owner(path, tops) {
            by_root.entry(root).or_default().insert(path, *versions);
        }
    }
    let none = BTreeMap::new();
    let sign = |(evidence, snapshot): (&'a Evidence<'a>, &'a Snapshot)| {
        let again = by_root.get(snapshot.root.as_str()).unwrap_or(&none);
        // The surest sign first: a second Sling id proves two instances, another version may be an update.
        let (path, why) = two_ids(evidence)
            .or_else(|| other_bundle(again))
            .or_else(|| two_settings(snapshot))
            .or_else(|| other_version(evidence, again))?;
        let reason = format!(
            "{why}; files of two instances seem to lie under one path, and only the last of each shows: pack each instance by itself"
        );
        let (source, path) = (source.to_owned(), Some(path));
        Some(Gap { source, path, kind: GapKind::Mixed, reason })
    };
    installs.filter_map(sign).collect()
}

/// A path, and what about it shows two instances.
type Sign = Option<(String, String)>;

fn ids<'e>(evidence: &'e Evidence<'_>) -> impl Iterator<Item = (&'e str, &'e str)> {
    evidence.iter().filter_map(|(path, _, item)| match item {
        Item::Read { fact: Ok(Fact::SlingId(id)), .. } => Some((*path, id.as_str())),
        _ => None,
    })
}

/// Of one path the last id is left; see [`compare`].
fn two_ids(evidence: &Evidence<'_>) -> Sign {
    let (first, id) = ids(evidence).next()?;
    let (path, _) = ids(evidence).find(|(_, other)| *other != id)?;
    Some((path.to_owned(), format!("holds another Sling id than {first}")))
}

/// Felix never gives a number to a second bundle, and no update changes a location.
fn other_bundle(again: &BTreeMap<&str, Versions>) -> Sign {
    let (path, _) = again.iter().find(|(_, versions)| **versions == Versions::Foreign)?;
    let what = if path.ends_with("/sling.id.file") { "another Sling id" } else { "another bundle" };
    Some(((*path).to_owned(), format!("is there twice, with {what}")))
}

/// Two directories of one number (`bundle7`, `bundle7.bak`) are distinguished from this.
fn two_settings(snapshot: &Snapshot) -> Sign {
    let mut bundles = snapshot.bundles_named(SETTINGS);
    let first = bundles.next()?;
    let again = bundles.find(|bundle| bundle.id != first.id)?;
    let why = format!("is {SETTINGS}, as {} is", first.directory);
    Some((snapshot.path_of(again) + "/bundle.info", why))
}

/// A version that differs may be a newer one: `tar u` appends what changed since. Then nothing else of the settings came again, or
/// the same Sling id did.
fn other_version(evidence: &Evidence<'_>, again: &BTreeMap<&str, Versions>) -> Sign {
    let differs = |versions: &Versions| matches!(versions, Versions::Differ | Versions::Unread);
    let (path, _) = again.iter().find(|(_, versions)| differs(versions))?;
    if ids(evidence).next().is_some_and(|(id, _)| is_of_one(id, again)) {
        return None;
    }
    let why =
        "is there twice with different content, and nothing shows that both are of one instance";
    Some(((*path).to_owned(), why.to_owned()))
}

fn is_of_one(id: &str, again: &BTreeMap<&str, Versions>) -> bool {
    let bundle = id.strip_suffix("data/sling.id.file").unwrap_or(id);
    let mut of_settings = again.range(bundle..).take_while(|(path, _)| path.starts_with(bundle));
    again.contains_key(id) || of_settings.next().is_none()
}

/// Says what two items of one path are to each other.
pub(super) fn compare(old: &Item, new: &Item) -> Versions {
    let (Item::Read { fact: old_fact, .. }, Item::Read { fact: new_fact, .. }) = (old, new) else {
        return if old == new { Versions::Equal } else { Versions::Differ };
    };
    let is_foreign = match (old_fact, new_fact) {
        (Ok(Fact::BundleInfo(old)), Ok(Fact::BundleInfo(new))) => {
            // Sling's installer updates with `update(stream)`,
            // which keeps the location (`BundleUpdateTask`).
            old.location.as_ref().zip(new.location.as_ref()).is_some_and(|(old, new)| old != new)
        }
        (Ok(Fact::SlingId(old)), Ok(Fact::SlingId(new))) => old != new,
        _ => false,
    };
    if is_foreign {
        Versions::Foreign
    } else if old_fact == new_fact {
        Versions::Equal
    } else {
        Versions::Differ
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examine::roots::{all_evidence, by_root};

    const DATA: &str = "q/felix/bundle7/data/sling.id.file";

    fn id(text: &str) -> Item {
        Item::Read { fact: Ok(Fact::SlingId(text.to_owned())), owner: None }
    }

    fn said(items: &[(&str, Item)], again: &[(&str, Versions)]) -> Vec<String> {
        let items: BTreeMap<String, Item> = items
            .iter()
            .map(|(path, item)| {
                let Item::Read { fact: Ok(Fact::SlingId(text)), .. } = item else { panic!() };
                ((*path).to_owned(), id(text))
            })
            .collect();
        let again = again.iter().map(|(path, versions)| ((*path).to_owned(), *versions)).collect();
        let roots = by_root(&all_evidence(&items), &BTreeMap::new());
        let snapshot = Snapshot { root: "q".to_owned(), ..Snapshot::default() };
        let tops = BTreeSet::from(["q"]);
        let evidence = roots.get("q").cloned().unwrap_or_default();
        let gaps = gaps("s", std::iter::once((&evidence, &snapshot)), &again, &tops);
        gaps.into_iter().filter_map(|gap| gap.path).collect()
    }

    #[test]
    fn newer_version_of_a_file_is_of_the_same_instance() {
        let hmac = "q/felix/bundle3/data/hmac";
        assert_eq!(said(&[(DATA, id("a"))], &[(hmac, Versions::Differ)]), [""; 0]);
        let all = [(hmac, Versions::Differ), (DATA, Versions::Equal)];
        assert_eq!(said(&[(DATA, id("a"))], &all), [""; 0]);
        let equal = [(hmac, Versions::Equal), ("q/felix/bundle7/bundle.info", Versions::Equal)];
        assert_eq!(said(&[], &equal), [""; 0]);
    }

    #[test]
    fn what_differs_without_an_id_for_both_is_of_nobody() {
        let hmac = "q/felix/bundle3/data/hmac";
        assert_eq!(said(&[], &[(hmac, Versions::Differ)]), [hmac]);
        // The second instance came without its id.
        let settings = [(hmac, Versions::Differ), ("q/felix/bundle7/bundle.info", Versions::Equal)];
        assert_eq!(said(&[(DATA, id("a"))], &settings), [hmac]);
        let store = "q/repository/segmentstore/data00000a.tar";
        assert_eq!(said(&[], &[(store, Versions::Unread)]), [store]);
    }

    #[test]
    fn two_ids_and_another_bundle_of_one_number_are_of_two_instances() {
        let other = "q/felix/bundle9/data/sling.id.file";
        assert_eq!(said(&[(DATA, id("a")), (other, id("b"))], &[]), [other]);
        assert_eq!(said(&[(DATA, id("a")), (other, id("a"))], &[]), [""; 0]);
        let info = "q/felix/bundle4/bundle.info";
        assert_eq!(said(&[(DATA, id("a"))], &[(info, Versions::Foreign)]), [info]);
        assert_eq!(compare(&id("a"), &id("b")), Versions::Foreign);
    }
}
