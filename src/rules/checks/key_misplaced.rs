//! `key-misplaced`: key files lie in the data directory of a bundle that does not read them.

use super::fold::folded;
use super::owners::Owners;
use super::references::KA_23909;
use crate::facts::{
    Alteration, Bundle, CRYPTO, CRYPTO_FILE, CRYPTO_KEYS_PATH, Digest, KeyFile, KeyName, Place,
    StorageMode,
};
use crate::farm::{Farm, KeyState, Member, key_in, names_of};
use crate::repair::{Need, directory_of, quoted};
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeSet;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-misplaced",
    severity: Severity::Error,
    compares: false,
    summary: "a key file lies where AEM does not read it",
    effect: "AEM does not use this key; it works with another one, or with none.",
    why: "hmac and master are read from com.adobe.granite.crypto.file, storage from com.adobe.granite.crypto. Bundle numbers differ \
          between instances, so a number taken from a guide or from another instance leads to the wrong directory, where the \
          file has no effect; nor has one of another name (hmac.bin), or in a directory in the right one (data/data). Anyone who may read that directory has the key.",
    fix: "Move the file to the right directory, or delete it where the right one is in place.",
    references: &[KA_23909],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let keys: BTreeSet<Digest> = farm
        .members
        .iter()
        .flat_map(|m| KeyName::ALL.map(|name| m.known_key(name)))
        .flatten()
        .map(|key| key.value)
        .collect();
    let owners = Owners::of(farm);
    let strays = farm.members.iter().filter_map(|member| stray_hit(&owners, member));
    farm.members.iter().flat_map(|member| on(member, &keys)).chain(strays).collect()
}

/// A file of another name, or one level too deep, in a bundle's data directory.
struct Stray<'o, 'f> {
    name: KeyName,
    file: &'f KeyFile,
    /// What a tool did to it, if anything: the key has to be made of it again.
    altered: Option<Alteration>,
    /// The instances whose key it is.
    peers: &'o [&'f Member],
}

/// Returns the files that are the keys of peers, where the instance itself works with other keys or with none. Its digest proves it.
fn strays<'o, 'f>(owners: &'o Owners<'f>, member: &'f Member) -> Vec<Stray<'o, 'f>> {
    let is_moved = member.snapshot.setting(CRYPTO_KEYS_PATH).is_some();
    let of = |name: KeyName| {
        // Of one that is there and could not be read nothing shows that it is another.
        if *member.key(name) == KeyState::Unreadable {
            return None;
        }
        let own = member.known_key(name).map(|key| key.value);
        // Browsers save the property as `hmac.bin`, `hmac.txt` or `hmac (1)`, and a whole directory becomes `data/data`.
        // KA-23909 has people put keys into the data of the bundle, where no key is read once a setting moves them. What is left there
        // of an instance that agrees with others is nothing to tell.
        let is_odd = own.is_none_or(|own| owners.having(name, own).len() < 2);
        let idle = member.snapshot.key_files.iter();
        let idle = idle.filter(|file| is_moved && is_odd && file.name == name);
        member.snapshot.stray_keys.iter().chain(idle).find_map(|file| {
            let trimmed = file.digest.trimmed.iter().map(|(_, content)| *content);
            let restored = file.digest.restored.iter();
            let restored = restored.map(|(alteration, content)| (Some(*alteration), *content));
            let contents = [file.digest.whole].into_iter().chain(trimmed);
            let mut contents = contents.map(|content| (None, content)).chain(restored);
            contents.find_map(|(altered, content)| {
                let peers = owners.having(name, content);
                let is_another = !peers.is_empty() && Some(content) != own;
                is_another.then_some(Stray { name, file, altered, peers })
            })
        })
    };
    // What is in a directory that is not in the snapshot, or not known, may well be right.
    let is_open = |name: KeyName| *member.key(name) == KeyState::External;
    let is_open = KeyName::ALL.into_iter().any(is_open) || member.snapshot.open_place().is_some();
    if member.is_in_jcr_mode() || is_open {
        Vec::new()
    } else {
        KeyName::ALL.into_iter().filter_map(of).collect()
    }
}

fn stray_hit(owners: &Owners<'_>, member: &Member) -> Option<Hit> {
    let strays = strays(owners, member);
    let peers = names_of(strays.first()?.peers);
    let right = directory_of(member, CRYPTO_FILE);
    let lie = |stray: &Stray<'_, '_>| {
        let altered = stray.altered.map(|altered| format!(" ({altered})")).unwrap_or_default();
        format!("{} as {}{altered}", stray.name, stray.file.place.path)
    };
    let lie = strays.iter().map(lie).collect::<Vec<_>>().join(", ");
    let message = format!(
        "{}: the keys of {peers} lie where AEM does not look for them: {lie}; it reads hmac and master in {right}",
        member.name
    );
    let hit = Hit::on(member, message).at(strays.iter().map(|stray| &stray.file.place));
    Some(
        hit.advise(put(member, &strays, &right))
            .until_copied()
            .needs([Need::FarmKeys(member.name.clone())]),
    )
}

/// Says where the right ones are: the repair may copy the keys of other instances, or none.
fn put(member: &Member, strays: &[Stray<'_, '_>], right: &str) -> Vec<String> {
    let copy = |stray: &Stray<'_, '_>| {
        format!(
            "If {name} is to have the keys of {}: the {} of them is on {name} already, as {}. While {name} is stopped, it can be put in {right} from there.",
            names_of(stray.peers),
            stray.name,
            quoted(&member.snapshot, &stray.file.place.path),
            name = member.name
        )
    };
    // One that a tool altered is no key as it is; the repair has a peer's.
    strays.iter().filter(|stray| stray.altered.is_none()).map(copy).collect()
}

fn on(member: &Member, keys_of_farm: &BTreeSet<Digest>) -> Vec<Hit> {
    let snapshot = &member.snapshot;
    // Where it is not known which directory is read, none is the wrong one.
    let is_known = if snapshot.setting(CRYPTO_KEYS_PATH).is_some() {
        snapshot.moved_directory().is_some()
    } else {
        snapshot.open_place().is_none()
    };
    let keys = snapshot
        .key_files
        .iter()
        .filter(|file| is_known && is_key(file, keys_of_farm))
        .map(|file| (file.name.file_name(), CRYPTO_FILE, &file.directory, &file.place));
    let storage = snapshot
        .storage_files
        .iter()
        // Bundles may keep any file of that name in their data; only one with the word of AEM is
        // meant.
        .filter(|file| file.storage.mode != StorageMode::Unknown)
        .map(|file| ("storage", CRYPTO, &file.directory, &file.place));
    let found = keys.chain(storage).filter_map(|(name, owner, directory, place)| {
        let bundle = snapshot.bundle_in(directory)?;
        snapshot.is_misplaced(directory, owner).then_some((name, owner, bundle, place))
    });
    folded(
        found.collect(),
        |(.., place)| vec![*place],
        |(name, owner, bundle, place)| hit(member, name, owner, bundle, place),
    )
}

/// Other bundles may well have files of these names. One is taken for a key when it has the length of one, a line end aside, or
/// is a key of the farm; and a `storage` when it names a storage mode.
fn is_key(file: &KeyFile, keys_of_farm: &BTreeSet<Digest>) -> bool {
    let trimmed = file.digest.trimmed.iter().map(|(_, content)| content);
    let mut digests = [&file.digest.whole].into_iter().chain(trimmed);
    key_in(&file.digest).is_some() || digests.any(|digest| keys_of_farm.contains(digest))
}

fn hit(member: &Member, name: &str, owner: &str, bundle: &Bundle, place: &Place) -> Hit {
    let known = bundle.symbolic_name.as_deref().unwrap_or_default();
    let moved = member.snapshot.moved_directory().filter(|_| owner == CRYPTO_FILE);
    let right = moved.map_or(format!("to {owner}"), |directory| format!("in {directory}"));
    let message = format!(
        "{name} of {} lies in {}, which is {known}; it belongs {right}",
        member.name, bundle.directory
    );
    Hit::on(member, message).at([place]).needs(needs(member, name, place))
}

/// A key goes where it is read; what says the storage mode is written anew there.
fn needs(member: &Member, name: &str, place: &Place) -> Vec<Need> {
    let (instance, from) = (member.name.clone(), place.path.clone());
    match KeyName::ALL.into_iter().find(|key| key.file_name() == name) {
        Some(key) => vec![Need::MoveKey { instance, key, from }],
        None => vec![Need::Storage(instance.clone()), Need::MoveStorage { instance, from }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
    use crate::testing::{Instance, farm, good_farm};

    fn messages(farm: &Farm) -> Vec<String> {
        check(farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn files_in_their_place_are_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn peers_key_under_another_name_is_told_and_put_in_place() {
        let (right, wrong) = ([200; 32], [201; 32]);
        let built = |own: &[u8; 32], file: &str| {
            let other = |i: Instance| i.hmac(own).stray_key(file, KeyName::Hmac, &right);
            farm().with("a", |i| i.hmac(&right)).with("c", other).build()
        };
        for file in ["hmac.bin", "data/hmac"] {
            let hits = check(&built(&wrong, file));
            let start = format!(
                "c: the keys of a lie where AEM does not look for them: hmac as crx-quickstart/launchpad/felix/bundle2/data/{file}"
            );
            assert!(hits[0].message.starts_with(&start), "{}", hits[0].message);
            assert_eq!(hits[0].advice().len(), 1);
            assert!(hits[0].needs.contains(&Need::FarmKeys("c".to_owned())));
        }
        assert_eq!(check(&built(&right, "hmac.bin")), []);
        let other = |i: Instance| i.hmac(&wrong).stray_key("hmac.bin", KeyName::Hmac, &[1; 32]);
        assert_eq!(check(&farm().with("a", |i| i.hmac(&right)).with("c", other).build()), []);
    }

    #[test]
    fn peers_key_as_text_under_another_name_is_told() {
        let (right, wrong) = ([200; 32], [201; 32]);
        // 32 times 0xC8.
        let base64 = format!("{}yMg=\n", "yMjI".repeat(10));
        let text =
            |i: Instance| i.hmac(&wrong).stray_key("hmac.txt", KeyName::Hmac, base64.as_bytes());
        let farm = farm().with("a", |i| i.hmac(&right)).with("c", text).build();
        let hit = &check(&farm)[0];
        assert!(hit.message.contains("data/hmac.txt (written as base64 text); it reads"));
        assert_eq!(hit.advice(), [""; 0]);
    }

    #[test]
    fn key_beside_storage_is_misplaced() {
        let farm = farm().with("a", |i| i.key_in("bundle1", KeyName::Hmac, &[200; 32])).build();
        assert_eq!(
            messages(&farm),
            [
                "hmac of a lies in bundle1, which is com.adobe.granite.crypto; it belongs to com.adobe.granite.crypto.file"
            ]
        );
    }

    #[test]
    fn key_belongs_where_a_setting_says() {
        let key: Vec<u8> = (100..132).collect();
        let misplaced = |i: Instance| i.key_in("bundle1", KeyName::Hmac, &key);
        let farm_of = |change: &dyn Fn(Instance) -> Instance| {
            messages(&farm().with("a", |i| change(misplaced(i))).build())
        };
        assert_eq!(
            farm_of(&|i| i.keys_directory(false)),
            [
                "hmac of a lies in bundle1, which is com.adobe.granite.crypto; it belongs in crx-quickstart/keys"
            ]
        );
        assert_eq!(farm_of(&|i| i.setting(CRYPTO_KEYS_PATH, "/k")), [""; 0]);
        assert_eq!(farm_of(&|i| i.gap(GapKind::Elsewhere, None)), [""; 0]);
    }

    #[test]
    fn peers_key_in_the_data_of_the_bundle_is_idle_where_a_setting_moves_keys() {
        let (right, wrong) = ([200; 32], [201; 32]);
        let built = |came| {
            let idle = |i: Instance| {
                let i = i.hmac(&right).keys_directory(came);
                if came { i.moved_key(KeyName::Hmac, &wrong) } else { i }
            };
            messages(&farm().with("a", |i| i.hmac(&right)).with("c", idle).build())
        };
        let data = "crx-quickstart/launchpad/felix/bundle2/data";
        let start = format!(
            "c: the keys of a lie where AEM does not look for them: hmac as {data}/hmac, master as {data}/master; it reads hmac and master in \
             crx-quickstart/keys"
        );
        assert_eq!(built(true).len(), 1);
        assert!(built(true)[0].starts_with(&start), "{:?}", built(true));
        assert_eq!(built(false), [""; 0]);
    }

    #[test]
    fn file_that_cannot_be_a_key_is_another_bundles_own() {
        let with = |bytes: &'static [u8]| {
            let farm =
                farm().with("a", |i| i.bundle(9, "x").key_in("bundle9", KeyName::Master, bytes));
            messages(&farm.build())
        };
        assert_eq!(with(b"host=a"), [""; 0]);
        // It has the length of a master key, but it is text.
        assert_eq!(with(b"a text of 16 byt"), [""; 0]);
        assert_eq!(with(&[7, 200, 3]), [""; 0]);
    }

    #[test]
    fn storage_of_another_kind_is_another_bundles_own() {
        // Any bundle may keep a file `storage`; only the words that AEM writes show whose it is.
        let http = "org.apache.felix.http.jetty";
        let quiet = farm().with("a", |i| i.bundle(9, http).storage_in("bundle9", b"heap"));
        assert_eq!(messages(&quiet.build()), [""; 0]);
        let loud = farm().with("a", |i| i.bundle(9, http).storage_in("bundle9", b"Bundle"));
        assert_eq!(messages(&loud.build()).len(), 1);
    }

    #[test]
    fn bundle_of_unknown_name_is_not_accused() {
        let farm = farm().with("a", |i| {
            i.bundle(9, "x").change("bundle9", |b| b.symbolic_name = None).key_in(
                "bundle9",
                KeyName::Hmac,
                b"k",
            )
        });
        assert_eq!(messages(&farm.build()), [""; 0]);
    }

    #[test]
    fn key_is_to_be_moved_and_storage_written_anew() {
        let key: Vec<u8> = (100..132).collect();
        let farm = farm()
            .with("a", |i| i.key_in("bundle1", KeyName::Hmac, &key))
            .with("b", |i| i.storage_in("bundle2", b"Bundle"))
            .build();
        let needs: Vec<Need> = check(&farm).into_iter().flat_map(|hit| hit.needs).collect();
        let from = |file: &str| format!("crx-quickstart/launchpad/felix/{file}");
        let (a, b) = ("a".to_owned(), "b".to_owned());
        assert_eq!(
            needs,
            [
                Need::MoveKey { instance: a, key: KeyName::Hmac, from: from("bundle1/data/hmac") },
                Need::Storage(b.clone()),
                Need::MoveStorage { instance: b, from: from("bundle2/data/storage") },
            ]
        );
    }
}
