//! `key-missing`: Bundle mode, and a key file is not there.

use super::references::ENCAPSULATED_TOKEN;
use crate::facts::{CRYPTO_FILE, KeyName, Place, StorageMode};
use crate::farm::{Farm, KeyState, Member};
use crate::repair::{Need, directory_of};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-missing",
    severity: Severity::Error,
    compares: false,
    summary: "a key file is missing",
    effect: "At its next start the instance makes a new key that no other instance has.",
    why: "In Bundle mode the keys are the files hmac and master in the data directory of com.adobe.granite.crypto.file. Without \
          them, whatever was signed or encrypted with the old keys cannot be read: logins and secrets fail.",
    fix: "Copy hmac and master from another instance of the farm.",
    references: &[ENCAPSULATED_TOKEN],
    explained_by: &["key-misplaced", "felix-would-discard", "crypto-bundle-duplicate"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(on).collect()
}

fn on(member: &Member) -> Option<Hit> {
    let is_absent = |name: &KeyName| *member.key(*name) == KeyState::Absent;
    let missing: Vec<&str> =
        KeyName::ALL.iter().filter(|name| is_absent(name)).map(|name| name.file_name()).collect();
    if missing.is_empty() || member.storage_mode() != Some(StorageMode::Bundle) {
        return None;
    }
    let directory = directory_of(member, CRYPTO_FILE);
    let message = format!("{} has no {} in {directory}", member.name, missing.join(" and no "));
    let snapshot = &member.snapshot;
    let places: Vec<Place> = match snapshot.moved_directory() {
        Some(path) => vec![Place { source: snapshot.source.clone(), path: path.to_owned() }],
        None => {
            snapshot.bundles_named(CRYPTO_FILE).map(|bundle| snapshot.place_of(bundle)).collect()
        }
    };
    Some(Hit::on(member, message).at(&places).needs([Need::FarmKeys(member.name.clone())]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{CRYPTO_KEYS_PATH, GapKind};
    use crate::testing::{Instance, farm, good_farm};

    fn check_one(change: impl FnOnce(Instance) -> Instance) -> Vec<Hit> {
        check(&farm().with("a", change).build())
    }

    #[test]
    fn files_in_their_place_are_quiet() {
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
    }

    #[test]
    fn each_missing_file_is_named() {
        let hits = check_one(|i| i.without_key(KeyName::Hmac).without_key(KeyName::Master));
        assert_eq!(
            hits[0].message,
            "a has no hmac and no master in crx-quickstart/launchpad/felix/bundle2/data"
        );
    }

    #[test]
    fn keys_of_jcr_mode_are_not_missing() {
        assert_eq!(check_one(|i| i.storage(b"JCR").without_key(KeyName::Hmac)), []);
    }

    #[test]
    fn keys_in_another_directory_are_not_missing() {
        assert_eq!(
            check_one(|i| i.setting(CRYPTO_KEYS_PATH, "/keys").without_key(KeyName::Hmac)),
            []
        );
    }

    #[test]
    fn key_is_missing_where_a_setting_says_that_it_is() {
        let half = |i: Instance| i.keys_directory(true).moved_key(KeyName::Hmac, &[1; 32]);
        let [hit] = check_one(half).try_into().expect("one");
        assert_eq!(hit.message, "a has no master in crx-quickstart/keys");
        assert_eq!(check_one(|i| i.keys_directory(false)), []);
    }

    #[test]
    fn what_a_cut_hides_is_not_missing() {
        assert_eq!(check_one(|i| i.without_key(KeyName::Hmac).gap(GapKind::Partial, None)), []);
    }

    #[test]
    fn what_was_not_packed_is_not_missing() {
        let unpacked = |i: Instance| {
            i.change("bundle2", |bundle| bundle.data_seen = false).without_key(KeyName::Hmac)
        };
        assert_eq!(check_one(unpacked), []);
    }
}
