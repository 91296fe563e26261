//! `crypto-bundle-missing`: one of the two bundles that hold the keys is not installed.

use super::references::KA_23909;
use crate::facts::{CRYPTO, CRYPTO_FILE};
use crate::farm::{Farm, Member};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "crypto-bundle-missing",
    severity: Severity::Error,
    compares: false,
    summary: "a crypto bundle is not installed",
    effect: "The instance has no crypto service, or does not read its key files.",
    why: "com.adobe.granite.crypto provides encryption and com.adobe.granite.crypto.file (AEM 6.3 and newer) reads the key files. \
          Without them logins and secrets fail.",
    fix: "Install the bundle of the same version as on the other instances.",
    references: &[
        KA_23909,
        "Adobe KA-17489: com.adobe.granite.crypto cannot be resolved after an upgrade",
    ],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members
        .iter()
        .filter(|member| member.snapshot.shows_all_bundles())
        .flat_map(|member| [CRYPTO, CRYPTO_FILE].map(|name| on(farm, member, name)))
        .flatten()
        .collect()
}

fn on(farm: &Farm, member: &Member, symbolic_name: &str) -> Option<Hit> {
    let has = |member: &Member| member.snapshot.bundles_named(symbolic_name).next().is_some();
    // Versions up to 6.2 have no bundle for key files, and nothing is wrong with that.
    let is_due = symbolic_name == CRYPTO
        || member.has_key_files_by_version()
        || farm.members.iter().any(has);
    if has(member) || !is_due {
        return None;
    }
    let message = format!("{} has no bundle {symbolic_name}", member.name);
    let step = format!(
        "Install {symbolic_name} on {}, in the version of the other instances.",
        member.name
    );
    Some(Hit::on(member, message).advise([step]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::GapKind;
    use crate::testing::{Instance, farm, good_farm};

    fn messages(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let farm = farm().with("a", change).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn both_bundles_are_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn missing_bundle_is_named() {
        let gone = |i: Instance| i.without_bundle("bundle2").setting("quickstart.build", "6.5.0");
        assert_eq!(messages(gone), ["a has no bundle com.adobe.granite.crypto.file"]);
    }

    #[test]
    fn bundle_of_a_longer_name_does_not_stand_in() {
        let other = |i: Instance| {
            i.without_bundle("bundle1").bundle(3, "com.adobe.granite.crypto.keystore")
        };
        assert_eq!(messages(other), ["a has no bundle com.adobe.granite.crypto"]);
    }

    #[test]
    fn old_instance_has_no_bundle_for_key_files() {
        let old = |i: Instance| i.without_bundle("bundle2").setting("quickstart.build", "6.2.0");
        assert_eq!(messages(old), [""; 0]);
        // Where neither its version nor a peer says that it should have one, it may be as old.
        assert_eq!(messages(|i| i.without_bundle("bundle2")), [""; 0]);
    }

    #[test]
    fn selection_of_bundles_says_nothing_of_the_rest() {
        assert_eq!(messages(|i| i.without_bundle("bundle1").bundle(43, "x")), [""; 0]);
    }

    #[test]
    fn what_a_cut_hides_is_not_missing() {
        assert_eq!(messages(|i| i.without_bundle("bundle1").gap(GapKind::Partial, None)), [""; 0]);
    }

    #[test]
    fn bundle_of_unknown_name_may_be_the_one() {
        let unknown = |i: Instance| i.change("bundle1", |bundle| bundle.symbolic_name = None);
        assert_eq!(messages(unknown), [""; 0]);
    }
}
