//! Who runs an instance, and whom the directories of its keys belong to.

use super::item::Item;
use super::roots::Evidence;
use crate::evidence::Fact;
use crate::facts::{Account, OwnedDirectory, Place, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// Adds to a snapshot who runs it, and the owners of the directories that hold files of keys.
pub(super) fn add(snapshot: &mut Snapshot, evidence: &Evidence<'_>) {
    snapshot.account = account(evidence);
    let keys = snapshot.key_files.iter().map(|file| file.directory.as_str());
    let storage = snapshot.storage_files.iter().map(|file| file.directory.as_str());
    let wanted: BTreeSet<String> = keys.chain(storage).map(str::to_owned).collect();
    let mut directories: BTreeMap<&str, Vec<OwnedDirectory>> = BTreeMap::new();
    for (path, found, item) in evidence.iter().filter(|(_, found, _)| wanted.contains(found.bundle))
    {
        // The bundle directory has no name below it. Revisions hold no keys.
        let holds_keys = matches!(found.name, "" | "data");
        if let (true, Item::Read { fact: Ok(Fact::Seen), owner: Some(owner) }) = (holds_keys, item)
        {
            let place = Place { source: snapshot.source.clone(), path: (*path).to_owned() };
            let owned = OwnedDirectory { place, owner: owner.clone() };
            directories.entry(found.bundle).or_default().push(owned);
        }
    }
    let known = |directory: &str| snapshot.bundles.in_directory(directory).is_some();
    directories.retain(|directory, _| known(directory));
    snapshot.key_directories = directories.into_values().flatten().collect();
}

/// Felix writes `bundle.info` itself, so AEM runs as the user that most of them belong to.
fn account(evidence: &Evidence<'_>) -> Option<Account> {
    let mut counts: BTreeMap<Account, usize> = BTreeMap::new();
    for (_, _, item) in evidence {
        if let Item::Read { fact: Ok(Fact::BundleInfo(_)), owner: Some(owner) } = item {
            let account = Account { uid: owner.uid, gid: owner.gid, user: owner.user.clone() };
            let count = counts.entry(account).or_default();
            *count = count.saturating_add(1);
        }
    }
    let total: usize = counts.values().sum();
    let (account, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    // AEM that was once started as root leaves files of root
    // in its install (KA-15489), so one file decides nothing.
    (count.saturating_mul(2) > total).then_some(account)
}
