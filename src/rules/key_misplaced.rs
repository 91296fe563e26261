//! `key-misplaced`: key files lie in the data directory of a bundle that does not read them.

use super::steps::{self, KA_23909};
use super::{Hit, Rule, Severity};
use crate::facts::{Bundle, CRYPTO, CRYPTO_FILE, Place, StorageMode};
use crate::farm::{Farm, Member};

pub(super) static RULE: Rule = Rule {
    id: "key-misplaced",
    severity: Severity::Error,
    summary: "a key file lies in the wrong bundle's data directory",
    why: "hmac and master are read from com.adobe.granite.crypto.file, storage from com.adobe.granite.crypto. Bundle numbers differ \
          between instances, so a number taken from a guide or from another instance leads to the wrong directory, where the \
          file has no effect. Anyone who may read that directory has the key.",
    fix: "Move the file to the right directory, or delete it where the right one is in place.",
    references: &[KA_23909],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().flat_map(on).collect()
}

fn on(member: &Member) -> Vec<Hit> {
    let snapshot = &member.snapshot;
    let keys = snapshot
        .key_files
        .iter()
        .map(|file| (file.name.file_name(), CRYPTO_FILE, &file.directory, &file.place));
    // Other bundles may well have a file called `storage`; only one that names a storage mode is this one.
    let storage = snapshot
        .storage_files
        .iter()
        .filter(|file| file.storage.mode != StorageMode::Unknown)
        .map(|file| ("storage", CRYPTO, &file.directory, &file.place));
    keys.chain(storage)
        .filter_map(|(name, owner, directory, place)| {
            let bundle = snapshot.bundle_in(directory)?;
            let known = bundle.symbolic_name.as_deref()?;
            (known != owner).then(|| hit(member, name, owner, bundle, known, place))
        })
        .collect()
}

fn hit(
    member: &Member,
    name: &str,
    owner: &str,
    bundle: &Bundle,
    known: &str,
    place: &Place,
) -> Hit {
    let message = format!(
        "{name} of {} lies in {}, which is {known}; it belongs to {owner}",
        member.name, bundle.directory
    );
    let right = steps::data_directory(&member.snapshot, owner);
    let step = format!(
        "On {}, move '{}' to '{right}/{name}', or delete it where the right file is there already; then restart.",
        member.name, place.path
    );
    Hit::on(member, message).at([place]).fix([step])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::KeyName;
    use crate::testing::{farm, good_farm};

    fn messages(farm: &Farm) -> Vec<String> {
        check(farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn files_in_their_place_are_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn key_beside_storage_is_misplaced() {
        let farm = farm().with("a", |i| i.key_in("bundle1", KeyName::Hmac, &[1, 2, 3])).build();
        assert_eq!(
            messages(&farm),
            [
                "hmac of a lies in bundle1, which is com.adobe.granite.crypto; it belongs to com.adobe.granite.crypto.file"
            ]
        );
    }

    #[test]
    fn storage_of_another_kind_is_another_bundles_own() {
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
}
