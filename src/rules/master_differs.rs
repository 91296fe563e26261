//! `master-differs`: instances of one farm hold different `master` keys.

use super::steps::{ENCAPSULATED_TOKEN, KA_23909};
use super::{Hit, Rule, Severity, key_differs};
use crate::facts::KeyName;
use crate::farm::Farm;

pub(super) static RULE: Rule = Rule {
    id: "master-differs",
    severity: Severity::Error,
    summary: "master keys differ within a farm",
    why: "Passwords and secrets are encrypted with the master key. What one instance encrypted (IMS client_secret, OAuth and SAML secrets, replication passwords in replicated content) cannot be decrypted by an instance with another key.",
    fix: "Copy hmac and master, both, from one instance to all others, and restart those.",
    references: &[ENCAPSULATED_TOKEN, KA_23909],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    key_differs::check(farm, KeyName::Master)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    #[test]
    fn equal_keys_are_quiet() {
        assert_eq!(check(&good_farm(&["author", "pub1", "pub2"]).build()), []);
    }

    #[test]
    fn odd_one_out_is_named_first() {
        let farm = good_farm(&["author", "pub1"]).with("pub2", |i| i.master(&[9; 32])).build();
        let hits = check(&farm);
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].message, "pub2 has another master than the other 2");
        assert_eq!(hits[0].instances, ["pub2"]);
    }

    #[test]
    fn repair_copies_both_files_from_an_author_and_warns() {
        let farm = farm()
            .with("author", |i| i.role("author"))
            .with("pub1", |i| i.role("publish").master(&[9; 32]))
            .build();
        let fix = check(&farm)[0].fix.join(" ");
        assert!(fix.contains("Take author as the source"), "{fix}");
        assert!(fix.contains("becomes unreadable"), "{fix}");
        assert!(
            fix.contains("'crx-quickstart/launchpad/felix/bundle2/data/master' of author"),
            "{fix}"
        );
        assert!(!fix.contains("Stop author"), "{fix}");
    }

    #[test]
    fn stray_newline_alone_is_not_another_key() {
        let key = [7; 32];
        let with_newline = [&key[..], b"\n"].concat();
        let farm =
            farm().with("a", |i| i.master(&key)).with("b", |i| i.master(&with_newline)).build();
        assert_eq!(check(&farm), []);
    }

    #[test]
    fn key_that_is_not_known_is_not_another_key() {
        let farm = good_farm(&["a"]).with("b", |i| i.storage(b"JCR").master(&[9; 32])).build();
        assert_eq!(check(&farm), []);
    }
}
