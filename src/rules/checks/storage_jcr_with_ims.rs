//! `storage-jcr-with-ims`: keys in the repository, and an IMS configuration that needs them: the case of KA-23909.

use super::references::KA_23909;
use crate::facts::{Configuration, IMS_CLIENT_SECRET, IMS_SERVICE_SECRET, StorageMode};
use crate::farm::{Farm, Member, Opens, listed, opens_value};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "storage-jcr-with-ims",
    severity: Severity::Error,
    compares: false,
    summary: "keys are stored in the JCR, and an IMS configuration needs them",
    effect: "The IMS client_secret is lost at each restart (KA-23909).",
    why: "The exact case of KA-23909: after an upgrade from AEM 6.2 or older the keys stay in the JCR, and the IMS client_secret is \
          lost at each restart.",
    fix: "Move the keys to the data directory of com.adobe.granite.crypto.file, write `Bundle` into `storage` without a newline, \
          restart, delete the properties in /etc/key, and enter the client secret once more.",
    references: &[KA_23909],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(on).collect()
}

fn on(member: &Member) -> Option<Hit> {
    if member.storage_mode() != Some(StorageMode::Jcr) {
        return None;
    }
    let configurations: Vec<&Configuration> = member.snapshot.ims_configurations().collect();
    let pids: Vec<String> = configurations.iter().map(|ims| ims.spoken()).collect();
    if pids.is_empty() {
        return None;
    }
    let message =
        format!("{} keeps its keys in the JCR and uses IMS: {}", member.name, listed(&pids));
    let secrets = configurations.iter().flat_map(|ims| {
        [IMS_CLIENT_SECRET, IMS_SERVICE_SECRET]
            .into_iter()
            .filter(|property| ims.secret(property).is_some() && !opens(member, ims, property))
            .map(|property| Need::secret(member, ims, property))
    });
    let places = configurations.iter().map(|ims| &ims.place);
    Some(
        Hit::on(member, message)
            .at(member.storage().map(|file| &file.place))
            .at(places)
            .needs([Need::LeaveJcr(member.name.clone())])
            .needs(secrets),
    )
}

/// Returns `true` if the key files that an instance ignores open a secret: it works again with these.
fn opens(member: &Member, ims: &Configuration, property: &str) -> bool {
    let mut values = ims.protected.iter().filter(|value| value.property == property);
    member.pair().is_ignored()
        && values.any(|value| opens_value(member, &value.digest) == Opens::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{IMS_CUSTOMIZER, IMS_PROVIDER};
    use crate::testing::{Instance, farm};

    fn ims(instance: Instance) -> Instance {
        instance.config(IMS_CUSTOMIZER, "auth.ims.client.secret=\"\"\r\n")
    }

    #[test]
    fn bundle_mode_with_ims_is_quiet() {
        assert_eq!(check(&farm().with("a", ims).build()), []);
    }

    #[test]
    fn jcr_mode_with_ims_is_the_case_of_the_article() {
        let hits = check(&farm().with("a", |i| ims(i).storage(b"JCR")).build());
        assert!(hits[0].message.starts_with("a keeps its keys in the JCR and uses IMS"));
        assert_eq!(hits[0].places.len(), 2);
        let secret = Need::Secret {
            instance: "a".to_owned(),
            pid: IMS_CUSTOMIZER.to_owned(),
            property: IMS_CLIENT_SECRET.to_owned(),
        };
        assert_eq!(hits[0].needs, [Need::LeaveJcr("a".to_owned()), secret]);
    }

    #[test]
    fn jcr_mode_without_ims_is_quiet() {
        let unused = |i: Instance| i.storage(b"JCR").config(IMS_PROVIDER, "x=\"1\"\r\n");
        assert_eq!(check(&farm().with("a", unused).build()), []);
    }
}
