//! Whether what lies in or beside an install is an old copy of it.

use crate::facts::{BUNDLE_CACHE, OldState, Snapshot, is_in_realm, says_old};
use crate::farm::{InUse, Member, in_use, is_loose, is_put_aside, was_rotated_before};

/// Returns `true` if a copy is surely not what is in use: it has the same keys, or it is of the same instance and a link, its name or the
/// times of the last starts tell that it is the older one.
pub(crate) fn is_old(member: &Member, copy: &Snapshot) -> bool {
    let is_old_state = OldState::of(&copy.root).is_some();
    if is_old_state || has_same_keys(member, copy) || copy.bundles.is_empty() {
        return true;
    }
    let install = &member.snapshot;
    if copy.source != install.source {
        // A backup, of the same Sling id.
        return !copy.was_used_after(install);
    }
    match in_use(install, copy) {
        InUse::Own(_) => return true,
        InUse::Other(_) | InUse::Both => return false,
        InUse::Untold => {}
    }
    if copy.was_used_after(install) {
        return false;
    }
    // Of two that both have a date in their names, either may be in use: `crx-quickstart_20240501` after a rollback.
    let last = |root: &str| says_old(root.rsplit('/').next().unwrap_or(root));
    let says_old = last(&copy.root) && !last(&install.root) || is_put_aside(copy, &install.root);
    let is_earlier = install.was_used_after(copy);
    let is_beside = !is_in_realm(&copy.root, &install.root);
    // What is put aside, and made anew in its place, has another id than what is there now; so has another instance.
    match (is_beside, is_of_other_id(member, copy)) {
        (true, true) => says_old && (is_earlier || is_loose(copy)),
        // A setting that was followed names the cache in use.
        (false, true) => says_old || is_earlier || install.setting(BUNDLE_CACHE).is_some(),
        (false, false) => true,
        (true, false) => {
            is_earlier || says_old || was_rotated_before(&copy.path(), &install.path())
        }
    }
}

/// Returns `true` if the Sling ids do not show that both are one instance.
pub(crate) fn is_of_other_id(member: &Member, copy: &Snapshot) -> bool {
    let id = |snapshot: &Snapshot| snapshot.sling_id.as_ref().map(|id| id.uuid.clone());
    let own = id(&member.snapshot);
    own.is_none() || id(copy) != own
}

/// Returns `true` if a copy has key files, all of which are those in use.
pub(super) fn has_same_keys(member: &Member, copy: &Snapshot) -> bool {
    !copy.key_files.is_empty()
        && copy.key_files.iter().all(|file| {
            let key = member.known_key(file.name);
            key.is_some_and(|key| key.digest.whole == file.digest.whole)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::{FarmPlan, farms};
    use crate::testing::{Instance, farm};

    /// An instance with a copy of it beside it, which has other keys.
    fn with_copy(
        root: &str,
        install: fn(Instance) -> Instance,
        copy: fn(Instance) -> Instance,
    ) -> bool {
        const ID: &str = "00000000-0000-4000-8000-000000000001";
        let one = |change: fn(Instance) -> Instance| {
            let built = farm().with("a", |i| change(i.sling_id(ID))).build();
            built.members.into_iter().next().expect("one").snapshot
        };
        let install = one(install);
        let copy = Snapshot { root: root.to_owned(), ..one(copy) };
        let all = vec![(None, install), (None, copy)];
        let farm = farms(all, &FarmPlan::default()).expect("no policy").remove(0);
        assert_eq!((farm.members.len(), farm.members[0].copies.len()), (1, 1), "{root}");
        is_old(&farm.members[0], &farm.members[0].copies[0])
    }

    #[test]
    fn name_or_time_tells_which_is_the_older_one() {
        let other = |i: Instance| i.hmac(&[7; 32]);
        for root in [
            "crx-quickstart.bak",
            "crx-quickstart-old",
            "crx-quickstart_20240131",
            "crx-quickstart/launchpad2",
        ] {
            assert!(with_copy(root, |i| i, other), "{root}");
        }
        // The new install of an upgrade has such a name as well, so it proves nothing.
        for root in ["crx-quickstart-65", "crx-quickstart.new"] {
            assert!(!with_copy(root, |i| i, other), "{root}");
            assert!(with_copy(root, |i| i, |i| i), "{root}: the same keys");
            assert!(with_copy(root, |i| i.started_at(2), |i| i.hmac(&[7; 32]).started_at(1)));
        }
    }

    #[test]
    fn word_anywhere_in_its_path_alone_tells_that_it_was_put_aside() {
        let (install, other) =
            (|i: Instance| i.started_at(2), |i: Instance| i.hmac(&[7; 32]).started_at(2));
        for root in [
            "backups/2024-01-01/crx-quickstart",
            "aem-backup/crx-quickstart",
            "rollback/6.5.12/crx-quickstart",
            "pre-upgrade/crx-quickstart",
            ".Trash-1000/files/crx-quickstart",
            "$RECYCLE.BIN/S-1-5/crx-quickstart",
            "daily.0/crx-quickstart",
            "crx-quickstart.1",
            "crx-quickstart~",
            "crx-quickstart.disabled",
            "crx-quickstart_OFF",
            "launchpad.bak",
            "backup/2024",
        ] {
            assert!(with_copy(root, install, other), "{root}");
        }
        for root in ["tmp/crx-quickstart", "crx-quickstart.65", "crx-quickstart_6.4"] {
            assert!(!with_copy(root, install, other), "{root}");
        }
    }

    #[test]
    fn bundle_that_was_put_aside_alone_is_not_in_use() {
        let alone = |mut i: Instance| {
            i.snapshot.sling_id = None;
            i.snapshot.bundles.change_each(|bundle| {
                bundle.directory.push_str(".bak");
                bundle.path.clone_from(&bundle.directory);
            });
            i.hmac(&[7; 32])
        };
        assert!(with_copy("", |i| i, alone));
    }

    #[test]
    fn link_tells_which_one_is_in_use() {
        let linked = |mut i: Instance| {
            i.snapshot.links = vec!["current".to_owned()];
            i.started_at(1)
        };
        let both = |mut i: Instance| {
            i.snapshot.links = vec!["live".to_owned()];
            i.hmac(&[7; 32])
        };
        assert!(with_copy("crx-quickstart-65", linked, |i| i.hmac(&[7; 32]).started_at(2)));
        assert!(!with_copy("crx-quickstart.bak", linked, both), "a link to either");
    }

    #[test]
    fn name_tells_nothing_where_that_of_the_install_says_the_same() {
        fn dated(mut i: Instance) -> Instance {
            i.snapshot.root = "crx-quickstart_20240601".to_owned();
            i
        }
        let root = "crx-quickstart_20240501";
        assert!(!with_copy(root, dated, |i| i.hmac(&[7; 32])));
        assert!(with_copy(root, dated, |i| i), "the same keys");
        assert!(with_copy(root, |i| dated(i).started_at(2), |i| i.hmac(&[7; 32]).started_at(1)));
    }

    #[test]
    fn copy_that_was_started_later_is_not_the_older_one() {
        for root in ["crx-quickstart.bak", "crx-quickstart-65", "crx-quickstart/launchpad.old"] {
            assert!(!with_copy(root, |i| i.started_at(1), |i| i.hmac(&[7; 32]).started_at(2)));
        }
    }
}
