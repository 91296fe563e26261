//! `key-unexpected`: an instance works with another key than the policy says.

use super::references::POLICY;
use crate::facts::KeyName;
use crate::farm::{Farm, Member};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-unexpected",
    severity: Severity::Error,
    compares: false,
    summary: "a key is not the one that the policy says",
    effect: "The instance has the keys of another environment, or new ones.",
    why: "All instances may agree and still have the wrong key: that of another environment, or a new one, with which nothing that was \
          encrypted before can be read. A key that is not known is not judged here; it leaves the verdict open.",
    fix: "Copy the right keys to the instance, or correct the digest in the policy.",
    references: &[POLICY],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let on = |member| KeyName::ALL.into_iter().filter_map(move |name| on(farm, member, name));
    farm.members.iter().flat_map(on).collect()
}

fn on(farm: &Farm, member: &Member, name: KeyName) -> Option<Hit> {
    let expected = farm.expected.keys.get(&name)?;
    let key = member.known_key(name).filter(|key| !expected.is_of(&key.value))?;
    let (said, whole) = (format!("{} {}", expected.kind(), expected.short()), &key.digest.whole);
    if expected.is_of(whole) {
        let message = format!(
            "the policy says the {name} of {} as it lies in the file ({said}): {} bytes instead of {}",
            member.name, whole.bytes, key.value.bytes
        );
        let step = format!(
            "Correct the digest in the policy: the {name} alone has the md5 {}.",
            key.value.md5
        );
        let hit = Hit::on(member, message).at([key.place()]);
        return Some(hit.advise([step]).needs([Need::FarmKeys(member.name.clone())]));
    }
    let message = format!(
        "{} has another {name} (md5 {}) than the policy says ({said})",
        member.name,
        key.value.short(),
    );
    let step = format!(
        "Correct the digest in the policy; or copy the {name} of this {}, and the other key with it, from where they are in use to {instance}, while \
         {instance} is stopped, and keep the ones that it has.",
        expected.kind(),
        instance = member.name
    );
    let hit = Hit::on(member, message).at([key.place()]);
    Some(hit.advise([step]).until_copied().needs([Need::FarmKeys(member.name.clone())]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Judged, Selection, judge};
    use crate::policy::parse;
    use crate::repair::Decision;
    use crate::testing::{Instance, farm};
    use std::collections::BTreeSet;

    /// What is said where the policy has the digest that the usual key has, or another.
    fn messages(change: impl FnOnce(Instance) -> Instance, right: bool, kind: &str) -> Vec<String> {
        let usual = farm().with("a", |i| i).build();
        let digest = usual.members[0].known_key(KeyName::Hmac).expect("a key").value;
        let digits = if kind == "md5" { digest.md5.to_string() } else { digest.sha256.to_string() };
        let digits = if right { digits } else { "0".repeat(digits.len()) };
        let text =
            format!("[[farm]]\nname=\"f\"\nhmac=\"{digits}\"\n[[farm.instance]]\nname=\"a\"\n");
        let mut farm = farm().with("a", change).build();
        farm.expected.keys = parse(&text, &[]).expect("a policy").farms.remove(0).keys;
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn expected_key_is_quiet_by_either_digest() {
        assert_eq!(messages(|i| i, true, "md5"), [""; 0]);
        assert_eq!(messages(|i| i, true, "sha256"), [""; 0]);
    }

    #[test]
    fn other_key_is_told() {
        let told = messages(|i| i, false, "sha256");
        assert!(
            told[0].starts_with("a has another hmac (md5 ")
                && told[0].ends_with(") than the policy says (sha256 00000000)"),
            "{told:?}"
        );
        assert_eq!(messages(|i| i.hmac(&[1; 32]), true, "md5").len(), 1);
    }

    #[test]
    fn stray_newline_is_another_fault() {
        let usual: Vec<u8> = (0x80..0xA0).chain([b'\n']).collect();
        assert_eq!(messages(|i| i.hmac(&usual), true, "md5"), [""; 0]);
    }

    #[test]
    fn digest_of_the_file_is_no_other_key() {
        let farm = |key: KeyName, bytes: u8| {
            let file: Vec<u8> = (0x80..).take(usize::from(bytes)).chain([b'\n']).collect();
            let with =
                |i: Instance| if key == KeyName::Hmac { i.hmac(&file) } else { i.master(&file) };
            let mut farm = farm().with("a", with).with("b", with).build();
            let whole = farm.members[0].known_key(key).expect("a key").digest.whole.md5;
            let text =
                format!("[[farm]]\nname=\"f\"\n{key}=\"{whole}\"\n[[farm.instance]]\nname=\"a\"\n");
            farm.expected.keys = parse(&text, &[]).expect("a policy").farms.remove(0).keys;
            farm.decide_keys();
            judge(vec![farm], &Selection::default()).remove(0)
        };
        let rules = |judged: &Judged| -> BTreeSet<_> {
            judged.findings.iter().map(|finding| finding.rule.id).collect()
        };
        // AEM takes all bytes of the file for the hmac, and no master of 17 bytes.
        let hmac = farm(KeyName::Hmac, 32);
        assert_eq!(rules(&hmac), ["key-length"].into());
        assert!(hmac.plan.windows.is_empty());
        let master = farm(KeyName::Master, 16);
        assert_eq!(rules(&master), ["key-trailing-newline", "key-unexpected"].into());
        assert!(master.plan.windows.is_empty(), "{:?}", master.plan.windows);
    }

    #[test]
    fn nothing_is_written_while_it_is_not_known_which_key_the_policy_means() {
        let usual: Vec<u8> = (0x80..0xA0).chain([b'\n']).collect();
        let mut farm = farm().with("a", |i| i.hmac(&usual)).with("b", |i| i.hmac(&usual)).build();
        let text = "[[farm]]\nname=\"f\"\nhmac=\"00000000000000000000000000000000\"\n[[farm.instance]]\nname=\"a\"\n";
        farm.expected.keys = parse(text, &[]).expect("a policy").farms.remove(0).keys;
        let judged = judge(vec![farm], &Selection::default()).remove(0);
        assert!(matches!(judged.plan.decision, Decision::FindOut(_)));
        assert!(judged.plan.windows.is_empty(), "{:?}", judged.plan.windows);
    }

    #[test]
    fn key_that_is_not_known_is_quiet() {
        assert_eq!(messages(|i| i.without_key(KeyName::Hmac), false, "md5"), [""; 0]);
    }
}
