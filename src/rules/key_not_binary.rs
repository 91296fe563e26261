//! `key-not-binary`: a key file holds text.

use super::steps::{self, OVERWRITE_WARNING, quoted};
use super::{Hit, Rule, Severity};
use crate::facts::{KeyName, TextKind};
use crate::farm::{EffectiveKey, Farm, KeyOrigin, Member};

pub(super) static RULE: Rule = Rule {
    id: "key-not-binary",
    severity: Severity::Error,
    summary: "a key file holds text instead of a key",
    why: "Keys are random bytes. A file of printable characters is an encoding of a key (base64, hexadecimal), a vault file that \
          was deployed undecrypted, or a page that was saved instead of the property. AEM does not decode it.",
    fix: "Put the decoded, binary key in its place.",
    references: &[
        "wcm.io CONGA AEM plugin: crypto keys, ansible-vault",
        "Netcentric aem-crypto-support: base64 keys",
    ],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let pairs = farm.members.iter().flat_map(|m| KeyName::ALL.map(|name| (m, name)));
    pairs.filter_map(|(member, name)| on(member, name)).collect()
}

fn on(member: &Member, name: KeyName) -> Option<Hit> {
    let key = member.known_key(name)?;
    let text = key.digest.text?;
    let message = format!("{name} of {} is {text}, not a key", member.name);
    let step = match text {
        TextKind::AnsibleVault => {
            "Deploy the decrypted file: ansible-vault decrypt, then copy it in binary mode."
        }
        TextKind::Hex => "Write the decoded bytes: xxd -r -p.",
        TextKind::Base64 => "Write the decoded bytes: base64 -d.",
        TextKind::Html | TextKind::Json | TextKind::Other => {
            "Copy the file from an instance that has it; in CRXDE, download the binary property."
        }
    };
    let mut steps = vec![OVERWRITE_WARNING.to_owned(), step.to_owned()];
    steps.extend(replace(member, key));
    Some(Hit::on(member, message).at([key.place()]).fix(steps))
}

fn replace(member: &Member, key: &EffectiveKey) -> Vec<String> {
    let replace = |what: &str| format!("Replace {what} of {} by the binary key.", member.name);
    match &key.origin {
        KeyOrigin::File(file) => {
            vec![
                steps::stop(&member.name),
                replace(&quoted(&file.place.path)),
                steps::start(&member.name),
            ]
        }
        KeyOrigin::Jcr { path, .. } => vec![
            format!("{} Upload it as a binary property in CRXDE Lite.", replace(path)),
            format!("Restart {}.", member.name),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    fn message(hmac: &[u8]) -> Option<String> {
        let hits = check(&farm().with("a", |i| i.hmac(hmac)).build());
        hits.into_iter().next().map(|hit| hit.message)
    }

    #[test]
    fn binary_keys_are_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn kind_of_text_is_named() {
        let vault = b"$ANSIBLE_VAULT;1.1;AES256\n3031\n";
        assert_eq!(
            message(vault).unwrap(),
            "hmac of a is an undecrypted ansible-vault file, not a key"
        );
        assert_eq!(message(b"<html><body>login").unwrap(), "hmac of a is an HTML page, not a key");
    }

    #[test]
    fn one_byte_that_does_not_print_makes_it_binary() {
        assert_eq!(message(b"0123456789abcdef0123456789abcde\x01"), None);
    }
}
