//! The bundles of an instance, by their symbolic names.

use super::aspects::{Aspect, Aspects, Condition, Topic};
use crate::facts::{Bundle, CRYPTO_FAMILY, IdentifiedBy, Snapshot};
use std::collections::BTreeMap;

/// Adds versions and states of the bundles. Their numbers differ by nature and are not compared.
pub(super) fn add(snapshot: &Snapshot, all: &mut Aspects) {
    let mut named: BTreeMap<&str, Vec<&Bundle>> = BTreeMap::new();
    for bundle in snapshot.bundles.iter().filter(|bundle| !bundle.is_uninstalled()) {
        if let Some(name) = &bundle.symbolic_name {
            named.entry(name).or_default().push(bundle);
        }
    }
    for (name, bundles) in named {
        let is_crypto = CRYPTO_FAMILY.contains(&name);
        let topic = if is_crypto { Topic::CryptoBundle } else { Topic::Bundle };
        all.insert(Aspect { topic, subject: name.to_owned() }, known(&bundles));
    }
}

/// A version that is in the location alone was true at install time, perhaps no longer.
fn known(bundles: &[&Bundle]) -> Condition {
    let is_exact = |bundle: &&Bundle| bundle.identified_by == Some(IdentifiedBy::Manifest);
    if !bundles.iter().all(|bundle| is_exact(bundle) && bundle.version.is_some()) {
        let stale: Vec<&str> = bundles.iter().filter_map(|own| own.version.as_deref()).collect();
        return Condition::Unknown(match stale.as_slice() {
            [] => "its manifest is not in the snapshot".to_owned(),
            versions => format!("{} when it was installed", versions.join(", ")),
        });
    }
    let mut all: Vec<String> = bundles.iter().map(|bundle| one(bundle)).collect();
    all.sort();
    Condition::is(all.join("; "))
}

/// Says a state only where it is not the usual one.
fn one(bundle: &Bundle) -> String {
    let version = bundle.version.as_deref().unwrap_or_default();
    match bundle.state {
        // A fragment is never started: Felix keeps 2 for it.
        Some(state) if !state.is_started() && !bundle.fragment => format!("{version}, {state}"),
        _ => version.to_owned(),
    }
}
