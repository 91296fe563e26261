//! `half-copied-pair`: one key of the pair agrees with the farm, the other does not.

use super::references::ENCAPSULATED_TOKEN;
use crate::facts::KeyName;
use crate::farm::{EffectiveKey, Farm, Groups, Member, names_of};
use crate::rules::{Hit, Rule, Severity, farm_keys};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "half-copied-pair",
    severity: Severity::Error,
    compares: true,
    summary: "only one of the two keys was copied",
    effect: "Either logins or secrets still fail, depending on which key differs.",
    why: "hmac and master are generated together and copied together. An instance that shares one of them with the farm and not \
          the other was synchronised by half: logins work and secrets fail, or the reverse.",
    fix: "Copy both keys from the instance that has the shared key.",
    references: &[ENCAPSULATED_TOKEN],
    explained_by: &[
        "key-altered",
        "key-not-binary",
        "key-degenerate",
        "key-misplaced",
        "hmac-differs",
        "master-differs",
    ],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let [hmac, master] = KeyName::ALL.map(|name| groups(farm, name));
    let halves = [(KeyName::Hmac, &hmac, &master), (KeyName::Master, &master, &hmac)];
    halves.into_iter().flat_map(|(shared, agree, other)| half(farm, shared, agree, other)).collect()
}

fn groups(farm: &Farm, name: KeyName) -> Groups<'_> {
    // A cut file or a web page is no half of a pair.
    let is_pair = |member: &Member| {
        KeyName::ALL
            .iter()
            .all(|n| member.known_key(*n).is_some_and(|key| key.health.is_plausible()))
    };
    Groups::by(farm, |member| {
        member.known_key(name).filter(|_| is_pair(member)).map(|key| key.value)
    })
}

/// Finds the instances that share one key with most of the farm, but not the other.
fn half(farm: &Farm, shared: KeyName, agree: &Groups<'_>, other: &Groups<'_>) -> Vec<Hit> {
    let Some(majority) = agree.majority().filter(|majority| majority.len() > 1) else {
        return Vec::new();
    };
    if !other.differ() {
        return Vec::new();
    }
    let odd = other.odd();
    let halved: Vec<&Member> =
        majority.iter().filter(|m| odd.iter().any(|o| o.name == m.name)).copied().collect();
    if halved.is_empty() {
        return Vec::new();
    }
    let [hmac, master] = KeyName::ALL;
    // hmac signs login and CSRF tokens, master encrypts secrets: each half fails in its own way.
    let differing = if shared == hmac { master } else { hmac };
    let all = names_of(&halved);
    let message = match (other.majority(), halved.as_slice()) {
        (_, [_]) => format!("{all} shares its {shared} with the farm, but not its {differing}"),
        (Some(_), _) => {
            format!("{all} share their {shared} with the farm, but not their {differing}")
        }
        (None, _) => format!("{all} share their {shared}, but not their {differing}"),
    };
    let files = halved.iter().filter_map(|m| m.known_key(differing)).map(EffectiveKey::place);
    vec![Hit::among(&halved, message).at(files).needs(farm_keys(farm))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    fn other(bytes: u8) -> Vec<u8> {
        (200..=255).take(bytes.into()).collect()
    }

    #[test]
    fn pair_with_what_is_no_key_is_not_halved_but_lost() {
        // Zeros, an error page and a cut file are what is left of a copy that failed.
        for broken in [&[0; 32][..], b"<html>not found</html>", &[7; 5]] {
            let farm = good_farm(&["a", "b"]).with("c", |i| i.hmac(broken));
            assert_eq!(check(&farm.build()), [], "{broken:?}");
        }
    }

    #[test]
    fn agreeing_pairs_are_quiet() {
        assert_eq!(check(&good_farm(&["a", "b", "c"]).build()), []);
    }

    #[test]
    fn other_master_with_the_same_hmac_is_half_a_copy() {
        let hits = check(&good_farm(&["a", "b"]).with("c", |i| i.master(&other(16))).build());
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].message, "c shares its hmac with the farm, but not its master");
    }

    #[test]
    fn two_instances_can_be_half_equal_too() {
        let hits = check(&good_farm(&["a"]).with("b", |i| i.hmac(&other(32))).build());
        assert_eq!(hits[0].message, "a, b share their master, but not their hmac");
    }

    #[test]
    fn instance_with_two_other_keys_is_not_half_copied() {
        let farm = farm()
            .with("a", |i| i)
            .with("b", |i| i)
            .with("c", |i| i.hmac(&other(32)).master(&other(16)));
        assert_eq!(check(&farm.build()), []);
    }
}
