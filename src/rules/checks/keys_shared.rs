//! `keys-shared`: two farms that must have different keys share one.

use super::references::{ENCAPSULATED_TOKEN, POLICY};
use crate::facts::{Digest, KeyName};
use crate::farm::{Farm, ForeignKey, Member, listed, names_of};
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeSet;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "keys-shared",
    severity: Severity::Error,
    compares: false,
    summary: "two farms that must have different keys share one",
    effect: "With a shared hmac, tokens are valid in both; with a shared master, secrets can be read.",
    why: "With the hmac of another environment a login token of that environment is valid here, and with its master its secrets can be \
          decrypted. Keys are shared where one environment was cloned from the other.",
    fix: "Give one of the two farms keys of its own.",
    references: &[POLICY, ENCAPSULATED_TOKEN],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let apart = &farm.expected.apart;
    let pairs: BTreeSet<(KeyName, &str)> =
        apart.iter().map(|foreign| (foreign.key, foreign.farm.as_str())).collect();
    pairs.into_iter().filter_map(|(key, other)| on(farm, key, other)).collect()
}

fn on(farm: &Farm, key: KeyName, other: &str) -> Option<Hit> {
    let own = farm.members.iter().filter_map(|member| member.known_key(key)).map(|key| key.value);
    let own: BTreeSet<Digest> = own.collect();
    let theirs = farm.expected.apart.iter().filter(|f| f.key == key && f.farm == other);
    let theirs: Vec<&ForeignKey> = theirs.filter(|foreign| own.contains(&foreign.value)).collect();
    let shared: BTreeSet<Digest> = theirs.iter().map(|foreign| foreign.value).collect();
    let has = |member: &&Member| member.known_key(key).is_some_and(|k| shared.contains(&k.value));
    let ours: Vec<&Member> = farm.members.iter().filter(has).collect();
    if ours.is_empty() {
        return None;
    }
    let instances: Vec<&str> = theirs.iter().map(|foreign| foreign.instance.as_str()).collect();
    let message = format!(
        "{} shares its {key} with {other}: {} | {}",
        farm.name,
        names_of(&ours),
        listed(&instances)
    );
    let places = ours.iter().filter_map(|member| Some(member.known_key(key)?.place()));
    let places = places.chain(theirs.iter().map(|foreign| &foreign.place));
    let step =
        format!("Give {} or {other} keys of its own, the same on all its instances.", farm.name);
    Some(Hit::among(&ours, message).at(places).advise([step]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::good_farm;

    fn messages(hmac: &[u8], key: KeyName) -> Vec<String> {
        let stage = good_farm(&[]).with("s", |i| i.hmac(hmac)).build();
        let known = stage.members[0].known_key(KeyName::Hmac).expect("a key");
        let mut farm = good_farm(&["a", "b"]).build();
        farm.expected.apart.push(ForeignKey {
            farm: "stage".to_owned(),
            instance: "s".to_owned(),
            key,
            value: known.value,
            place: known.place().clone(),
        });
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    fn usual() -> Vec<u8> {
        (0x80..0xA0).collect()
    }

    #[test]
    fn farm_that_need_not_differ_is_quiet() {
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
    }

    #[test]
    fn other_keys_are_quiet() {
        assert_eq!(messages(&[1; 32], KeyName::Hmac), [""; 0]);
    }

    #[test]
    fn shared_key_names_both_sides() {
        assert_eq!(
            messages(&usual(), KeyName::Hmac),
            ["farm shares its hmac with stage: a, b | s"]
        );
    }

    #[test]
    fn hmac_of_one_is_not_compared_with_the_master_of_the_other() {
        assert_eq!(messages(&usual(), KeyName::Master), [""; 0]);
    }
}
