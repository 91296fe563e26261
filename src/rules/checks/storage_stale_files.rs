//! `storage-stale-files`: JCR mode, yet key files lie in the bundle's data directory.

use super::references::KA_23909;
use crate::facts::{KeyFile, KeyName, StorageMode};
use crate::farm::{Farm, Member, listed};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "storage-stale-files",
    severity: Severity::Warning,
    compares: false,
    summary: "key files lie unused while the storage mode is JCR",
    effect: "None; the files are ignored, and mislead anyone who compares them.",
    why: "In JCR mode the instance takes its keys from /etc/key and ignores the files. Either the files are left over, or a \
          migration stopped before `storage` was replaced.",
    fix: "Finish the migration: make sure the files equal the properties in /etc/key, then write `Bundle` into `storage`.",
    references: &[KA_23909],
    explained_by: &["storage-jcr-with-ims", "storage-jcr"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members
        .iter()
        .filter(|member| member.storage_mode() == Some(StorageMode::Jcr))
        .filter_map(on)
        .collect()
}

fn on(member: &Member) -> Option<Hit> {
    let files: Vec<&KeyFile> =
        KeyName::ALL.into_iter().flat_map(|name| member.snapshot.keys_in_place(name)).collect();
    let names: Vec<&str> = files.iter().map(|file| file.name.file_name()).collect();
    if names.is_empty() {
        return None;
    }
    let message = format!("{} is in JCR mode, but has key files: {}", member.name, listed(&names));
    let places = files.iter().map(|file| &file.place);
    Some(Hit::on(member, message).at(places).needs([Need::LeaveJcr(member.name.clone())]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    #[test]
    fn files_in_bundle_mode_are_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn files_in_jcr_mode_are_stale() {
        let hits = check(&farm().with("a", |i| i.storage(b"JCR")).build());
        assert_eq!(hits[0].message, "a is in JCR mode, but has key files: hmac, master");
    }

    #[test]
    fn jcr_mode_without_files_is_quiet() {
        let bare = |i: crate::testing::Instance| {
            i.storage(b"JCR").without_key(KeyName::Hmac).without_key(KeyName::Master)
        };
        assert_eq!(check(&farm().with("a", bare).build()), []);
    }
}
