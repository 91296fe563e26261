//! `crypto-bundle-duplicate`: a crypto bundle is installed more than once.

use crate::facts::{Bundle, CRYPTO, CRYPTO_FILE};
use crate::farm::{Farm, Member, listed, listed_up_to};
use crate::limits::Limits;
use crate::repair::quoted;
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeSet;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "crypto-bundle-duplicate",
    severity: Severity::Error,
    compares: false,
    summary: "a crypto bundle is installed more than once",
    effect: "It is open which copy is used, and so which keys.",
    why: "Each copy has a data directory of its own. Which keys are used then depends on the order in which the copies start.",
    fix: "Uninstall the older copy in the OSGi console, after making sure which data directory holds the right keys.",
    references: &["Adobe KA-17489: com.adobe.granite.crypto cannot be resolved after an upgrade"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let pairs = farm.members.iter().flat_map(|m| [CRYPTO, CRYPTO_FILE].map(|name| (m, name)));
    pairs.filter_map(|(member, name)| on(member, name)).collect()
}

fn on(member: &Member, symbolic_name: &str) -> Option<Hit> {
    let bundles: Vec<&Bundle> = member.snapshot.bundles_named(symbolic_name).collect();
    // Two directories of one number are one bundle to Felix; `bundle-id-duplicate` tells of them.
    let ids: BTreeSet<u64> = bundles.iter().filter_map(|bundle| bundle.id).collect();
    if ids.len() < 2 {
        return None;
    }
    let all: Vec<String> = bundles
        .iter()
        .map(|b| format!("{} ({})", b.directory, b.version.as_deref().unwrap_or("unknown version")))
        .collect();
    let message =
        format!("{} has {symbolic_name} {} times: {}", member.name, ids.len(), listed(&all));
    let data = |bundle: &&Bundle| {
        quoted(&member.snapshot, &format!("{}/data", member.snapshot.path_of(bundle)))
    };
    let data: Vec<String> = bundles.iter().map(data).collect();
    let max = Limits::DEFAULT.listed_max;
    // Felix deletes the directory of an uninstalled bundle, data included.
    let keep = format!(
        "On {}, copy {} to a safe place: uninstalling a bundle deletes its data directory.",
        member.name,
        listed_up_to(max, &data, " and ")
    );
    let step = format!(
        "Compare hmac, master and storage in the data directories of {}, then uninstall the copy that is not used.",
        listed_up_to(max, &all, " and ")
    );
    Some(
        Hit::on(member, message)
            .at(bundles.iter().map(|bundle| member.snapshot.place_of(bundle)))
            .advise([keep, step]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::BundleState;
    use crate::testing::{farm, good_farm};

    #[test]
    fn one_of_each_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn two_numbers_of_one_name_are_told() {
        let hits = check(&farm().with("a", |i| i.bundle(9, CRYPTO_FILE)).build());
        assert_eq!(
            hits[0].message,
            "a has com.adobe.granite.crypto.file 2 times: bundle2 (3.4.22), bundle9 (3.4.22)"
        );
    }

    #[test]
    fn uninstalled_copy_does_not_count() {
        let gone = |b: &mut Bundle| b.state = Some(BundleState::Uninstalled);
        let farm = farm().with("a", |i| i.bundle(9, CRYPTO_FILE).change("bundle9", gone));
        assert_eq!(check(&farm.build()), []);
    }
}
