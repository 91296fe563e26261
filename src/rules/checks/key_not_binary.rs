//! `key-not-binary`: a key file holds text.

use super::each_key::each_key;
use crate::facts::{KeyFile, KeyName, TextKind};
use crate::farm::{Farm, KeyHealth, KeyOrigin, Member};
use crate::repair::{Need, When, quoted};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-not-binary",
    severity: Severity::Error,
    compares: false,
    summary: "a key file holds text instead of a key",
    effect: "The instance works with the text as its key, and agrees with no other.",
    why: "Keys are random bytes. A file of printable characters is an encoding of a key (base64, hexadecimal), a vault file that \
          was deployed undecrypted, or a page that was saved instead of the property. AEM does not decode it.",
    fix: "Put the decoded, binary key in its place.",
    references: &[
        "wcm.io CONGA AEM plugin: crypto keys, ansible-vault",
        "Netcentric/aem-crypto-support: base64 keys",
    ],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    each_key(farm, on)
}

fn on(member: &Member, name: KeyName) -> Option<Hit> {
    let key = member.known_key(name)?;
    let KeyHealth::Text(text) = key.health else { return None };
    let message = format!("{name} of {} is {text}, not a key", member.name);
    let hit = Hit::on(member, message).at([key.place()]);
    Some(match (&key.origin, text) {
        // Netcentric's aem-crypto-support keeps a master as base64, so that form is at hand.
        (KeyOrigin::File(_), TextKind::Hex | TextKind::Base64) => {
            hit.needs([Need::DecodeKey(member.name.clone(), name)])
        }
        (KeyOrigin::File(file), _) => in_file(hit, member, file, text),
        (KeyOrigin::Jcr { path, .. }, _) => hit.advise(in_jcr(member, path, text)).until_copied(),
    })
}

/// Nothing here can make the key of such a text.
fn in_file(hit: Hit, member: &Member, file: &KeyFile, text: TextKind) -> Hit {
    let (name, path) = (&member.name, quoted(&member.snapshot, &file.place.path));
    let [raw, obfuscated] = file.name.known_lengths();
    let replace = if text == TextKind::AnsibleVault {
        format!(
            "Replace {path} of {name} by what ansible-vault decrypt makes of it: {raw} or {obfuscated} bytes."
        )
    } else {
        format!(
            "Replace {path} of {name} by the binary key, of {raw} or {obfuscated} bytes, from an instance that has it; in CRXDE Lite, download \
             the binary property."
        )
    };
    hit.advise_at(When::Stopped, [replace]).until_copied()
}

fn in_jcr(member: &Member, path: &str, text: TextKind) -> [String; 3] {
    let decode = match text {
        TextKind::AnsibleVault => "decrypt it with ansible-vault decrypt",
        TextKind::Hex => "decode it with xxd -r -p",
        TextKind::Base64 => "decode it with base64 -d",
        TextKind::Html | TextKind::Json | TextKind::Template | TextKind::Other => {
            "take the binary key from an instance that has it"
        }
    };
    let name = &member.name;
    [
        format!("Download {path} of {name} (CRXDE Lite), keep it, and {decode}."),
        format!(
            "Replace {path} of {name} by the binary key. Upload it as a binary property in CRXDE Lite."
        ),
        format!("Restart {name}."),
    ]
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

    #[test]
    fn text_that_stands_for_bytes_is_to_be_decoded() {
        let hex = b"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let base64 = b"GAHLXJ3JfFQ0uLuyFhTDbTs1dU5eAOq0Y2Y1h0wG5wE=";
        for text in [&hex[..], base64] {
            let hit = check(&farm().with("a", |i| i.hmac(text)).build()).remove(0);
            assert_eq!(hit.needs, [Need::DecodeKey("a".to_owned(), KeyName::Hmac)]);
        }
        let page = check(&farm().with("a", |i| i.hmac(b"<html><body>login")).build()).remove(0);
        assert!(page.advice()[0].starts_with("Replace '"), "{page:?}");
    }
}
