//! `crypto-version-differs`: a crypto bundle has different versions within a farm.

use crate::facts::{Bundle, CRYPTO, CRYPTO_FILE, IdentifiedBy};
use crate::farm::{Farm, Groups, Member};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "crypto-version-differs",
    severity: Severity::Warning,
    compares: true,
    summary: "crypto bundle versions differ within a farm",
    effect: "A key in the form that one version writes may not be read by the other.",
    why: "Old crypto bundles accept only obfuscated keys, newer ones both forms. Instances on different versions may read the same \
          key file in different ways. A version below that of the installed service pack means that its update failed.",
    fix: "Bring all instances to the same service pack.",
    references: &["Adobe KA-15489", "Netcentric/aem-crypto-support: accepted key lengths"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    [CRYPTO, CRYPTO_FILE].into_iter().filter_map(|name| of(farm, name)).collect()
}

fn of(farm: &Farm, symbolic_name: &str) -> Option<Hit> {
    let groups = Groups::by(farm, |member| version(member, symbolic_name));
    if !groups.differ() {
        return None;
    }
    let odd = groups.odd();
    let versions = groups.values(|member| version(member, symbolic_name));
    let message = format!("versions of {symbolic_name} differ: {versions}");
    let witnesses = groups.witnesses();
    let places =
        witnesses.iter().filter_map(|m| Some(m.snapshot.place_of(exact(m, symbolic_name)?)));
    let step =
        "Compare the installed service packs (CRX Package Manager) and install the newest on all."
            .to_owned();
    Some(Hit::among(&odd, message).at(places).advise([step]))
}

fn version(member: &Member, symbolic_name: &str) -> Option<String> {
    exact(member, symbolic_name)?.version.clone()
}

/// A version that is in the location alone may be stale, so only manifests are compared.
fn exact<'a>(member: &'a Member, symbolic_name: &'a str) -> Option<&'a Bundle> {
    let mut bundles = member.snapshot.bundles_named(symbolic_name);
    // A service pack updates bundles in place, and Felix keeps the location of the first
    // installation.
    bundles.find(|bundle| bundle.identified_by == Some(IdentifiedBy::Manifest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::good_farm;

    fn messages(change: impl FnOnce(&mut Bundle)) -> Vec<String> {
        let farm = good_farm(&["a", "b"]).with("c", |i| i.change("bundle1", change)).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn equal_versions_are_quiet() {
        assert_eq!(messages(|_| {}), [""; 0]);
    }

    #[test]
    fn odd_version_is_named() {
        assert_eq!(
            messages(|bundle| bundle.version = Some("3.4.16".into())),
            ["versions of com.adobe.granite.crypto differ: 3.4.16 on c; 3.4.22 on a, b"]
        );
    }

    #[test]
    fn version_from_a_location_is_not_compared() {
        let by_location = |bundle: &mut Bundle| {
            bundle.version = Some("3.4.16".into());
            bundle.identified_by = Some(IdentifiedBy::Location);
        };
        assert_eq!(messages(by_location), [""; 0]);
    }
}
