//! `key-length`: a key file has none of the lengths that AEM writes.

use super::each_key::each_key;
use super::key_degenerate::is_impossible;
use crate::facts::KeyName;
use crate::farm::{Farm, KeyHealth, KeyOrigin, Member};
use crate::repair::quoted;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-length",
    severity: Severity::Warning,
    compares: false,
    summary: "a key file has an unusual length",
    effect: "The key may be cut, or in a form that this version does not read.",
    why: "hmac is 32 bytes, master 16; in the obfuscated form of older versions 48 and 32. Another length usually means a file \
          that was cut, re-encoded or replaced.",
    fix: "Compare the file with that of another instance, and copy it again in binary mode.",
    references: &["Netcentric/aem-crypto-support: OBFUSCATED_KEY_LENGTH, UNOBFUSCATED_KEY_LENGTH"],
    explained_by: &["key-altered", "key-not-binary"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    each_key(farm, on)
}

fn on(member: &Member, name: KeyName) -> Option<Hit> {
    let key = member.known_key(name)?;
    // A stray newline, text, an empty file and an impossible length have rules of their own, which say more.
    if !matches!(key.health, KeyHealth::Unusual | KeyHealth::NoKey) || is_impossible(name, key) {
        return None;
    }
    let ([raw, obfuscated], bytes) = (name.known_lengths(), key.digest.whole.bytes);
    // Of a pair that is swapped nothing else is wrong.
    let is_of_other = |other: KeyName| other != name && other.known_lengths().contains(&bytes);
    if member.pair().is_swapped() && KeyName::ALL.into_iter().any(is_of_other) {
        return None;
    }
    let message =
        format!("{name} of {} has {bytes} bytes; {raw} or {obfuscated} are usual", member.name);
    let what = match &key.origin {
        KeyOrigin::File(file) => quoted(&member.snapshot, &file.place.path),
        KeyOrigin::Jcr { path, .. } => format!("{path} (downloaded in CRXDE Lite)"),
    };
    let step = format!(
        "Compare {what} of {} with the same key of another instance: its length and its md5.",
        member.name
    );
    Some(Hit::on(member, message).at([key.place()]).advise([step]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::farm;

    fn messages(hmac: &[u8]) -> Vec<String> {
        let farm = farm().with("a", |i| i.hmac(hmac)).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    fn key(length: u8) -> Vec<u8> {
        (128..).take(usize::from(length)).collect()
    }

    #[test]
    fn pair_that_is_swapped_is_of_another_rule() {
        let swapped = farm().with("a", |i| i.hmac(&key(16)).master(&key(32))).build();
        assert_eq!(check(&swapped), []);
    }

    #[test]
    fn both_known_lengths_are_quiet() {
        assert_eq!(messages(&key(32)), [""; 0]);
        assert_eq!(messages(&key(48)), [""; 0]);
    }

    #[test]
    fn other_lengths_are_told() {
        assert_eq!(messages(&key(31)), ["hmac of a has 31 bytes; 32 or 48 are usual"]);
        assert_eq!(messages(&key(16)), ["hmac of a has 16 bytes; 32 or 48 are usual"]);
    }

    #[test]
    fn stray_newline_is_told_elsewhere() {
        assert_eq!(messages(&[&key(32)[..], b"\n"].concat()), [""; 0]);
    }
}
