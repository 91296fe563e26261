//! `aem-version-differs`: instances of a farm run different AEM versions.

use super::groups::{Groups, names};
use super::{Hit, Rule, Severity};
use crate::farm::Farm;

pub(super) static RULE: Rule = Rule {
    id: "aem-version-differs",
    severity: Severity::Warning,
    summary: "AEM versions differ within a farm",
    why: "Instances of one farm are meant to run the same product version; key handling changed with 6.3. The version read here is \
          that of the base install: service packs do not show in it.",
    fix: "Bring all instances to the same version.",
    references: &["crx-quickstart/conf/quickstart.properties and sling.properties"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let groups = Groups::by(farm, |member| member.snapshot.aem_version());
    if !groups.differ() {
        return Vec::new();
    }
    let versions: Vec<String> = groups
        .iter()
        .filter_map(|group| {
            Some(format!("{} on {}", group.first()?.snapshot.aem_version()?, names(group)))
        })
        .collect();
    let message = format!("{} ({})", groups.describe("AEM version"), versions.join("; "));
    vec![Hit::among(&groups.odd(), message).fix(["Upgrade the older instances."])]
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
        assert_eq!(hits[0].message, "2 different AEM versions: a | b (6.5.0 on a; 6.4.0 on b)");
    }

    #[test]
    fn unknown_version_is_not_another_one() {
        assert_eq!(check(&good_farm(&["a"]).with("b", on("6.5.0")).build()), []);
    }
}
