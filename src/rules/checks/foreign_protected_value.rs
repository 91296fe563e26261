//! `foreign-protected-value`: instances with different master keys hold the same protected value.

use super::console;
use crate::facts::{Configuration, Digest, KeyName, ProtectedValue};
use crate::farm::{Farm, Groups, Member, Opens, listed_up_to, names_of, opens_value};
use crate::rules::{Hit, Rule, Severity};
use std::collections::{BTreeMap, BTreeSet};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "foreign-protected-value",
    severity: Severity::Error,
    compares: true,
    summary: "a protected value was copied to an instance with another master key",
    effect: "At least one of these instances cannot decrypt the value.",
    why: "A protected value is encrypted with the master key and a random start, so the same text on two instances is a copy. With \
          different master keys at least one of them cannot decrypt it (`CryptoException: Cannot convert byte data`). Where the masters could \
          be tried on it, secret-unreadable says which.",
    fix: "Give both instances the same keys, or encrypt the secret again on each.",
    references: &[
        "Adobe KA-22814: Exception while decrypting the configuration map",
        "wcm-io CONGA AEM plugin, CryptoString: random initialization vector",
    ],
    explained_by: &["master-differs", "hmac-differs"],
    check,
};

/// Values are named up to this many; the rest is counted.
const VALUES_MAX: usize = 3;

/// A protected value, and where it stands.
type Occurrence<'a> = (&'a Member, &'a Configuration, &'a ProtectedValue);

fn check(farm: &Farm) -> Vec<Hit> {
    let mut by_text: BTreeMap<Digest, Vec<Occurrence<'_>>> = BTreeMap::new();
    for stand in stands(farm) {
        // Each encryption begins with 16 random bytes, so equal text on two instances is one value
        // that was copied.
        by_text.entry(stand.2.digest).or_default().push(stand);
    }
    // Values that the same instances share are reported together.
    let mut by_members: BTreeMap<Vec<&str>, Vec<Occurrence<'_>>> = BTreeMap::new();
    for stands in by_text.into_values() {
        let mut names: Vec<&str> = stands.iter().map(|(m, ..)| m.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        by_members.entry(names).or_default().extend(stands);
    }
    by_members.into_values().filter_map(|stands| hit(&stands)).collect()
}

/// Returns the protected values of instances whose master key is known, and could not be tried on them.
fn stands(farm: &Farm) -> impl Iterator<Item = Occurrence<'_>> {
    let known = farm.members.iter().filter(|m| m.known_key(KeyName::Master).is_some());
    known.flat_map(|member| {
        member.snapshot.configurations_or_jcr().flat_map(move |configuration| {
            let untried =
                |value: &&ProtectedValue| opens_value(member, &value.digest) == Opens::NotChecked;
            let values = configuration.protected.iter().filter(untried);
            values.map(move |value| (member, configuration, value))
        })
    })
}

fn hit(stands: &[Occurrence<'_>]) -> Option<Hit> {
    let holders: BTreeMap<&str, &Member> =
        stands.iter().map(|(member, ..)| (member.name.as_str(), *member)).collect();
    let master = |member: &Member| member.known_key(KeyName::Master).map(|key| key.value);
    let groups = Groups::among(holders.into_values(), master);
    if !groups.differ() {
        return None;
    }
    let mut values: Vec<String> =
        stands.iter().map(|(_, c, v)| format!("{} of {}", v.property, c.spoken())).collect();
    values.sort();
    values.dedup();
    let holders: Vec<&Member> = groups.iter().flatten().copied().collect();
    let message = format!(
        "{} hold the same protected value of {}, under different master keys: {}",
        names_of(&holders),
        listed_up_to(VALUES_MAX, &values, ", "),
        groups.describe("master")
    );
    let odd: BTreeSet<&str> = groups.odd().iter().map(|member| member.name.as_str()).collect();
    let steps = stands
        .iter()
        .filter(|(member, ..)| odd.contains(member.name.as_str()))
        .map(|(member, c, value)| console::enter_secret(member, c, &value.property));
    let hit = Hit::among(&holders, message).at(stands.iter().map(|(_, c, _)| &c.place));
    let keys = "Best give all of them the same keys: see master-differs. Otherwise:";
    Some(hit.advise([keys]).advise(steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    fn holds(value: &str) -> impl Fn(Instance) -> Instance {
        let body = format!("smtp.password=\"{{{}}}\"\r\n", value.repeat(32));
        move |instance| instance.config("com.day.cq.mailer.DefaultMailService", &body)
    }

    #[test]
    fn copies_below_one_master_are_quiet() {
        assert_eq!(check(&farm().with("a", holds("0f")).with("b", holds("0f")).build()), []);
    }

    #[test]
    fn copy_below_another_master_is_told() {
        let odd = |i| holds("0f")(i).master(&[9; 16]);
        let farm = farm().with("a", holds("0f")).with("b", holds("0f")).with("c", odd);
        let hits = check(&farm.build());
        assert_eq!(hits.len(), 1);
        assert_eq!(
            hits[0].message,
            "a, b, c hold the same protected value of smtp.password of com.day.cq.mailer.DefaultMailService, \
             under different master keys: c: master differs from the other 2 instances"
        );
        assert_eq!(hits[0].places.len(), 3);
        assert_eq!(hits[0].advice().len(), 2);
    }

    #[test]
    fn other_values_below_another_master_are_quiet() {
        let odd = |i| holds("0a")(i).master(&[9; 16]);
        assert_eq!(check(&farm().with("a", holds("0f")).with("b", odd).build()), []);
    }

    #[test]
    fn copy_in_the_repository_counts_where_felix_store_did_not_come() {
        use crate::facts::IMS_CUSTOMIZER;
        let body = format!("auth.ims.client.secret=\"{{{}}}\"\n", "0f".repeat(32));
        let name = format!("{IMS_CUSTOMIZER}.config");
        let jcr = |i: Instance| i.master(&[9; 16]).jcr_config("config", &name, &body);
        let felix = |i: Instance| i.config(IMS_CUSTOMIZER, &body);
        let hits = check(&farm().with("a", felix).with("b", jcr).build());
        let message = &hits[0].message;
        let path = format!("of {IMS_CUSTOMIZER} (in the JCR, /apps/system/config/{name})");
        assert!(message.contains(&path), "{message}");
        assert!(hits[0].places.iter().any(|place| place.path.ends_with("/segmentstore")));
        let packed = |i: Instance| jcr(i).configs();
        assert_eq!(check(&farm().with("a", felix).with("b", packed).build()), []);
    }

    #[test]
    fn unknown_master_is_quiet() {
        let jcr = |i| holds("0f")(i).storage(b"JCR").master(&[9; 16]);
        assert_eq!(check(&farm().with("a", holds("0f")).with("b", jcr).build()), []);
    }
}
