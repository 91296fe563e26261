//! `aem-version-differs`: instances of a farm run different AEM versions.

use crate::farm::{Farm, Groups};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "aem-version-differs",
    severity: Severity::Warning,
    compares: true,
    summary: "AEM versions differ within a farm",
    effect: "Old and new versions handle keys differently: what one writes the other may not read.",
    why: "Instances of one farm are meant to run the same product version; key handling changed with 6.3. The version read here is \
          that of the base install: service packs do not show in it.",
    fix: "Bring all instances to the same version.",
    references: &["crx-quickstart/conf/quickstart.properties and sling.properties"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    // Service packs are content packages and leave the version of the base install as it is.
    let groups = Groups::by(farm, |member| member.snapshot.aem_release());
    if !groups.differ() {
        return Vec::new();
    }
    let versions = groups.values(|member| member.snapshot.aem_version().map(str::to_owned));
    let witnesses = groups.witnesses();
    let settings = witnesses.iter().filter_map(|member| member.snapshot.aem_version_setting());
    let message = format!("AEM versions differ: {versions}");
    let step = "Upgrade the older instances, or take them out of the farm.";
    vec![
        Hit::among(&groups.odd(), message)
            .at(settings.map(|setting| &setting.place))
            .advise([step]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    fn on(version: &'static str) -> impl Fn(crate::testing::Instance) -> crate::testing::Instance {
        move |instance| instance.setting("quickstart.build", version)
    }

    #[test]
    fn equal_versions_are_quiet() {
        assert_eq!(check(&farm().with("a", on("6.5.0")).with("b", on("6.5.0")).build()), []);
    }

    #[test]
    fn other_version_is_told() {
        let hits = check(&farm().with("a", on("6.5.0")).with("b", on("6.4.0")).build());
        assert_eq!(hits[0].message, "AEM versions differ: 6.4.0 on b; 6.5.0 on a");
    }

    #[test]
    fn same_release_stated_more_or_less_exactly_is_quiet() {
        let exact = farm().with("a", on("6.5.0")).with("b", on("6.5.0.20190408")).build();
        assert_eq!(check(&exact), []);
    }

    #[test]
    fn unknown_version_is_not_another_one() {
        assert_eq!(check(&good_farm(&["a"]).with("b", on("6.5.0")).build()), []);
    }
}
