//! `crypto-bundle-inactive`: Felix will not start a crypto bundle.

use super::fold::folded;
use crate::facts::{CRYPTO, CRYPTO_FILE};
use crate::farm::{Farm, Member};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "crypto-bundle-inactive",
    severity: Severity::Warning,
    compares: false,
    summary: "a crypto bundle is not to be started",
    effect: "The instance will have no crypto service: it can neither encrypt nor decrypt.",
    why: "The state in bundle.info is what Felix intends at the next start. A crypto bundle that was stopped by hand stays stopped, \
          and everything that decrypts or checks a token waits for it.",
    fix: "Start the bundle in the OSGi console.",
    references: &["OSGi Core, Bundle states; Apache Felix Framework, BundleArchive"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().flat_map(on).collect()
}

fn on(member: &Member) -> Vec<Hit> {
    let named = |name| member.snapshot.bundles_named(name).map(move |bundle| (name, bundle));
    let found = [CRYPTO, CRYPTO_FILE].into_iter().flat_map(named).filter_map(|(name, bundle)| {
        // 8 is a lazy start, which Felix does by itself when a class of the bundle is asked for.
        Some((name, bundle, bundle.state.filter(|state| !state.is_started())?))
    });
    folded(
        found.collect(),
        |(_, bundle, _)| vec![member.snapshot.place_of(bundle)],
        |(name, bundle, state)| {
            let message =
                format!("{} will not start {name} ({}): {state}", member.name, bundle.directory);
            let id =
                bundle.id.map_or_else(String::new, |id| format!("/system/console/bundles/{id}: "));
            let step = format!("On {}, {id}start {name}.", member.name);
            Hit::on(member, message).at([member.snapshot.place_of(bundle)]).advise([step])
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::BundleState;
    use crate::testing::farm;

    fn messages(state: Option<BundleState>) -> Vec<String> {
        let farm = farm().with("a", |i| i.change("bundle1", |bundle| bundle.state = state)).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn active_and_lazily_started_bundles_are_quiet() {
        assert_eq!(messages(Some(BundleState::Active)), [""; 0]);
        assert_eq!(messages(Some(BundleState::Starting)), [""; 0]);
    }

    #[test]
    fn stopped_bundle_is_told() {
        assert_eq!(
            messages(Some(BundleState::Installed)),
            ["a will not start com.adobe.granite.crypto (bundle1): installed"]
        );
    }

    #[test]
    fn unknown_state_is_quiet() {
        assert_eq!(messages(None), [""; 0]);
    }
}
