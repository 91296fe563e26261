//! `felix-would-discard`: Felix deletes a bundle directory, keys included, at the next start.

use super::bundle_uninstalled::is_replaced;
use super::fold::folded;
use super::references::FELIX_CACHE;
use crate::facts::{
    Bundle, CACHE_CLEAN, CLEAN_AT_START, CRYPTO_FAMILY, CRYPTO_KEYS_PATH, DiscardReason, Setting,
    StorageMode,
};
use crate::farm::{Farm, Member};
use crate::repair::{When, quoted};
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeSet;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "felix-would-discard",
    severity: Severity::Error,
    compares: false,
    summary: "Felix would delete a bundle directory at the next start",
    effect: "At the next start the directory goes; where keys go with it, new ones are made.",
    why: "When Felix cannot read a bundle's directory at start, it deletes it with everything in it, `data/` included. For \
          com.adobe.granite.crypto.file that means both keys are gone. A damaged bundle.info (after a \
          crash or a full disk) or a stray `version…` directory is enough.",
    fix: "Save the data directory before the next start. Repair bundle.info or remove the stray directory while the instance is \
          stopped.",
    references: &[FELIX_CACHE],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().flat_map(|member| emptied(member).into_iter().chain(on(member))).collect()
}

/// A setting that is meant for tests makes Felix delete the whole cache at every start.
fn emptied(member: &Member) -> Option<Hit> {
    let (snapshot, name) = (&member.snapshot, &member.name);
    let clean = |setting: &&Setting| setting.name == CACHE_CLEAN && setting.value == CLEAN_AT_START;
    let place = &snapshot.settings.iter().find(clean)?.place;
    // Key files that are not in the cache stay.
    let with_keys = snapshot.setting(CRYPTO_KEYS_PATH).is_none()
        && member.storage_mode() != Some(StorageMode::Jcr);
    let keys = if with_keys { ", hmac and master included, and new keys are made" } else { "" };
    let message = format!(
        "Felix deletes the whole bundle cache of {name} at every start{keys}: {} has {CACHE_CLEAN}={CLEAN_AT_START}",
        place.path
    );
    let save = format!("Before {name} is restarted, copy its launchpad/felix to a safe place.");
    let remove = format!(
        "On {name}, remove {CACHE_CLEAN} from {} before any key is copied.",
        quoted(snapshot, &place.path)
    );
    Some(Hit::on(member, message).at([place]).advise([save, remove]))
}

/// A bundle that Felix would delete, why, and whether keys go with it.
type Doomed<'m> = (&'m Bundle, &'m DiscardReason, bool);

/// Where Felix would delete hundreds of bundles, those of the crypto support stay findings of their own.
fn on(member: &Member) -> Vec<Hit> {
    let with_keys: BTreeSet<&str> =
        member.snapshot.key_files.iter().map(|file| file.directory.as_str()).collect();
    let doomed = member.snapshot.bundles.iter().filter_map(|bundle| {
        let holds_keys = with_keys.contains(bundle.directory.as_str());
        Some((bundle, bundle.discard.as_ref()?, holds_keys))
    });
    let (crypto, others): (Vec<Doomed<'_>>, Vec<Doomed<'_>>) =
        doomed.partition(|(bundle, _, holds_keys)| {
            *holds_keys || CRYPTO_FAMILY.iter().any(|name| bundle.is(name))
        });
    // That an uninstalled bundle goes is meant; it matters where the crypto support goes with it. An update by uninstall and install leaves the
    // directory of the old bundle beside that of the new one.
    let is_meant = |(_, reason, _): &Doomed<'_>| **reason == DiscardReason::Uninstalled;
    let is_replaced = |(bundle, ..): &Doomed<'_>| is_replaced(member, bundle);
    let others = others.into_iter().filter(|doomed| !is_meant(doomed)).collect();
    let crypto =
        crypto.into_iter().filter(|doomed| !(is_meant(doomed) && is_replaced(doomed))).collect();
    let hits = [crypto, others].map(|doomed| {
        let place = |(bundle, ..): &Doomed<'_>| vec![member.snapshot.place_of(bundle)];
        folded(doomed, place, |doomed| hit(member, doomed))
    });
    hits.concat()
}

fn hit(member: &Member, (bundle, reason, holds_keys): Doomed<'_>) -> Hit {
    let name = known_name(bundle);
    let keys = if holds_keys { ", the keys in it included" } else { "" };
    let message = format!(
        "Felix would delete {} ({name}) of {} at the next start{keys}: {reason}",
        bundle.directory, member.name
    );
    let hit = Hit::on(member, message).at([member.snapshot.place_of(bundle)]);
    advise(hit, member, bundle, reason)
}

fn known_name(bundle: &Bundle) -> &str {
    bundle.symbolic_name.as_deref().unwrap_or("unknown bundle")
}

/// Felix deletes at the next start, so what saves the directory is done before that: with the keys that are put into it.
fn advise(hit: Hit, member: &Member, bundle: &Bundle, reason: &DiscardReason) -> Hit {
    let (instance, name) = (&member.name, known_name(bundle));
    let directory = |below: &str| {
        quoted(&member.snapshot, &format!("{}{below}", member.snapshot.path_of(bundle)))
    };
    let save = format!(
        "Before anything is restarted, copy {} of {instance} to a safe place.",
        directory("/data")
    );
    let repair = match reason {
        // Felix gives up on a suffix that is no number, so moving that directory away is enough.
        DiscardReason::StrayRevision(stray) => {
            let stray = directory(&format!("/{stray}"));
            format!("On {instance}, move {stray} out of launchpad/felix.")
        }
        DiscardReason::Uninstalled => {
            // The one with `storage` in it is the crypto bundle.
            let snapshot = &member.snapshot;
            let keys = snapshot.key_files.iter().map(|file| &file.directory);
            let files = snapshot.storage_files.iter().map(|file| &file.directory);
            let has_data = keys.chain(files).any(|directory| *directory == bundle.directory);
            return hit.advise(has_data.then_some(save)).advise([install(member, bundle)]);
        }
        // `bundle.info` and the jar are the same on an equal instance; keys in `data` are not.
        _ => format!(
            "On {instance}, restore {} ({name}) from a backup or from an equal instance, but keep its own data directory.",
            directory("")
        ),
    };
    hit.advise([save]).advise_at(When::Stopped, [repair])
}

/// Keys that are put into the directory of an uninstalled bundle go with it, so the new one comes first.
fn install(member: &Member, bundle: &Bundle) -> String {
    let (instance, name) = (&member.name, known_name(bundle));
    format!(
        "Reinstall {name} on {instance} before any file is put in place: Felix deletes {} with everything in it at the next start. Where \
         paths of {instance} in this repair lead into it, take the new data directory of the bundle, with the files that were saved.",
        quoted(&member.snapshot, &member.snapshot.path_of(bundle))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{CRYPTO_FILE, KeyName};
    use crate::testing::{Instance, farm, good_farm};

    fn messages(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let farm = farm().with("a", change).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    fn stray(bundle: &mut Bundle) {
        bundle.discard = Some(DiscardReason::StrayRevision("version0.0.bak".into()));
    }

    #[test]
    fn sound_directories_are_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn loss_of_keys_is_said() {
        assert_eq!(
            messages(|i| i.change("bundle2", stray)),
            [
                "Felix would delete bundle2 (com.adobe.granite.crypto.file) of a at the next start, the keys in it \
              included: the directory version0.0.bak has no revision number"
            ]
        );
    }

    #[test]
    fn cache_that_is_emptied_at_every_start_loses_the_keys() {
        let emptied = |change: fn(Instance) -> Instance| {
            messages(|i| change(i.setting(CACHE_CLEAN, CLEAN_AT_START)))
        };
        let [with_keys] = emptied(|i| i).try_into().expect("one finding");
        let [without] = emptied(|i| i.setting(CRYPTO_KEYS_PATH, "/k")).try_into().expect("one");
        let [start, end] = [
            "Felix deletes the whole bundle cache of a at every start",
            ": crx-quickstart/conf/sling.properties has org.osgi.framework.storage.clean=onFirstInit",
        ];
        let keys = ", hmac and master included, and new keys are made";
        assert_eq!([with_keys, without], [format!("{start}{keys}{end}"), format!("{start}{end}")]);
        assert_eq!(messages(|i| i.setting(CACHE_CLEAN, "none")), [""; 0]);
    }

    #[test]
    fn uninstalled_bundle_without_keys_goes_by_intent() {
        let gone = |bundle: &mut Bundle| bundle.discard = Some(DiscardReason::Uninstalled);
        assert_eq!(messages(|i| i.bundle(3, "x").change("bundle3", gone)), [""; 0]);
        assert_eq!(messages(|i| i.change("bundle1", gone)).len(), 1);
        let advice = |change: fn(Instance) -> Instance| {
            let farm = farm().with("a", |i| change(i).change("bundle2", gone)).build();
            check(&farm)[0].advice().len()
        };
        assert_eq!(advice(|i| i), 2);
        let without = |i: Instance| i.without_key(KeyName::Hmac).without_key(KeyName::Master);
        assert_eq!(advice(without), 1, "no data is there to be saved");
    }

    #[test]
    fn directory_that_an_update_left_behind_is_no_loss() {
        let gone = |bundle: &mut Bundle| bundle.discard = Some(DiscardReason::Uninstalled);
        assert_eq!(messages(|i| i.bundle(9, CRYPTO_FILE).change("bundle9", gone)), [""; 0]);
        assert_eq!(messages(|i| i.bundle(9, CRYPTO_FILE).change("bundle2", gone)), [""; 0]);
        // Where Felix would delete the other one, too, no key stays.
        let both =
            |i: Instance| i.bundle(9, CRYPTO_FILE).change("bundle9", gone).change("bundle2", stray);
        assert_eq!(messages(both).len(), 2);
    }
}
