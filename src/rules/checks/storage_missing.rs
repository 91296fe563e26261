//! `storage-missing`: the bundle for key files is there, `storage` is not.

use super::references::KA_23909;
use super::shut_secrets::once_entered;
use crate::facts::{CRYPTO, CRYPTO_FILE};
use crate::farm::{Farm, Member};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "storage-missing",
    severity: Severity::Warning,
    compares: false,
    summary: "the file `storage` is missing",
    effect: "Do not restart the instance before this is repaired: which keys it then uses is open.",
    why: "An instance that has com.adobe.granite.crypto.file (AEM 6.3 and newer) writes its choice of key storage to `storage` at \
          its first start. Without the file it is open which keys it will use at the next one.",
    fix: "Write `Bundle` into `storage` of com.adobe.granite.crypto, without a newline, where the keys are files.",
    references: &[KA_23909],
    explained_by: &["key-misplaced"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let missing = farm.members.iter().filter(|member| is_missing(member));
    missing.map(|member| hit(farm, member)).collect()
}

fn is_missing(member: &Member) -> bool {
    // AEM up to 6.2 has no such file, and no bundle for key files either.
    member.is_storage_absent() && member.snapshot.bundles_named(CRYPTO_FILE).next().is_some()
}

fn hit(farm: &Farm, member: &Member) -> Hit {
    let place = |bundle| member.snapshot.place_of(bundle);
    let bundles = member.snapshot.bundles_named(CRYPTO).map(place);
    Hit::on(
        member,
        format!("{} has no file storage in the data directory of {CRYPTO}", member.name),
    )
    .at(bundles)
    .needs([Need::Storage(member.name.clone())])
    .needs(member.keeps_keys_for().map(|_| once_entered(farm, member)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
    use crate::testing::{Instance, farm, good_farm};

    #[test]
    fn file_in_its_place_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn missing_file_is_told() {
        let hits = check(&farm().with("a", Instance::without_storage).build());
        assert_eq!(
            hits[0].message,
            "a has no file storage in the data directory of com.adobe.granite.crypto"
        );
    }

    #[test]
    fn old_instance_without_key_files_has_none_by_nature() {
        assert_eq!(
            check(&farm().with("a", |i| i.without_storage().without_bundle("bundle2")).build()),
            []
        );
    }

    #[test]
    fn what_a_cut_hides_is_not_missing() {
        let farm = farm().with("a", |i| i.without_storage().gap(GapKind::Partial, None)).build();
        assert_eq!(check(&farm), []);
    }
}
