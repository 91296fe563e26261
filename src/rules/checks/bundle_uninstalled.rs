//! `bundle-uninstalled`: a bundle is uninstalled, and its files are still there.

use super::references::FELIX_CACHE;
use crate::facts::{Bundle, CRYPTO_FAMILY};
use crate::farm::{Farm, Member};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "bundle-uninstalled",
    severity: Severity::Note,
    compares: false,
    summary: "uninstalled bundles are still on disk",
    effect: "None for the running instance; the files go at the next clean stop.",
    why: "Felix keeps the files of an uninstalled bundle while others use them and removes them at the next refresh or clean stop. \
          So the snapshot was taken of a running instance, or after a crash, and may show a moment between two states.",
    fix: "Nothing to repair. Take the snapshot again with the instance stopped if something in it looks odd.",
    references: &[FELIX_CACHE],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(on).collect()
}

fn on(member: &Member) -> Option<Hit> {
    let is_crypto = |bundle: &&Bundle| CRYPTO_FAMILY.iter().any(|name| bundle.is(name));
    let gone: Vec<&Bundle> = member
        .snapshot
        .bundles
        .iter()
        // With a crypto bundle, keys go: `felix-would-discard` reports that.
        .filter(|bundle| bundle.is_uninstalled() && !is_crypto(bundle))
        .collect();
    let first = gone.first()?;
    let name = first.symbolic_name.as_deref().unwrap_or("unknown bundle");
    let more = match gone.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "{} has uninstalled bundles on disk: {} ({name}){more}",
        member.name, first.directory
    );
    Some(Hit::on(member, message).at(gone.iter().map(|bundle| member.snapshot.place_of(bundle))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::BundleState;
    use crate::testing::{farm, good_farm};

    fn gone(bundle: &mut Bundle) {
        bundle.state = Some(BundleState::Uninstalled);
    }

    #[test]
    fn installed_bundles_are_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn uninstalled_bundles_are_counted() {
        let farm = farm().with("a", |i| {
            i.bundle(3, "x").change("bundle3", gone).bundle(4, "y").change("bundle4", gone)
        });
        assert_eq!(
            check(&farm.build())[0].message,
            "a has uninstalled bundles on disk: bundle3 (x) and 1 more"
        );
    }

    #[test]
    fn crypto_bundle_is_told_by_a_graver_rule() {
        assert_eq!(check(&farm().with("a", |i| i.change("bundle1", gone)).build()), []);
    }
}
