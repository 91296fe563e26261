//! `key-not-binary`: a key file holds text.

use super::steps::{self, OVERWRITE_WARNING, quoted};
use super::{Hit, Rule, Severity, Step};
use crate::facts::{KeyFile, KeyName, TextKind};
use crate::farm::{EffectiveKey, Farm, KeyOrigin, Member};
use crate::repair::Need;

pub(super) static RULE: Rule = Rule {
    id: "key-not-binary",
    severity: Severity::Error,
    compares: false,
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
    let is_told = |key: &&EffectiveKey| key.altered.is_some() || key.digest.wrapper.is_some();
    let key = member.known_key(name).filter(|key| !is_told(key))?;
    let text = key.digest.text?;
    let message = format!("{name} of {} is {text}, not a key", member.name);
    let mut steps: Vec<Step> = vec![OVERWRITE_WARNING.into()];
    match &key.origin {
        KeyOrigin::File(file) => steps.extend(in_file(member, file, text)),
        KeyOrigin::Jcr { path, .. } => steps.extend(in_jcr(member, path, text).map(Step::from)),
    }
    let can_decode = matches!(text, TextKind::Hex | TextKind::Base64) && !key.is_in_jcr();
    let needs = can_decode.then(|| Need::DecodeKey(member.name.clone(), name));
    let hit = Hit::on(member, message).at([key.place()]).needs(needs);
    Some(hit.fix(steps::settled_by_copy(&member.name, steps)))
}

fn in_file(member: &Member, file: &KeyFile, text: TextKind) -> [Step; 6] {
    let (name, key) = (&member.name, file.name.file_name());
    let path = quoted(&file.place.path);
    let old = format!("{}/{key}", steps::kept(key, name));
    let decode = |command: String| {
        Step::command("Write the decoded bytes, without a line end of their own", &command)
    };
    let replace = match text {
        TextKind::AnsibleVault => {
            decode(format!("ansible-vault decrypt --output {path} {old}"))
        }
        TextKind::Hex => decode(format!("xxd -r -p {old} > {path}")),
        TextKind::Base64 => decode(format!("base64 -d {old} > {path}")),
        TextKind::Html | TextKind::Json | TextKind::Other => format!(
            "Replace {path} of {name} by the binary key, from an instance that has it; in CRXDE Lite, download the binary property."
        )
        .into(),
    };
    let [raw, obfuscated] = file.name.known_lengths();
    let check = format!(
        "It must have {raw} or {obfuscated} bytes; where it has not, put back what was kept"
    );
    [
        Step::stop(name),
        steps::keep(key, name, &[&path]),
        replace,
        Step::command(&check, &format!("wc -c {path}")),
        Step::start(name),
        steps::remove_kept(name),
    ]
}

fn in_jcr(member: &Member, path: &str, text: TextKind) -> [String; 3] {
    let decode = match text {
        TextKind::AnsibleVault => "decrypt it with ansible-vault decrypt",
        TextKind::Hex => "decode it with xxd -r -p",
        TextKind::Base64 => "decode it with base64 -d",
        TextKind::Html | TextKind::Json | TextKind::Other => {
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
    fn text_is_kept_and_decoded_while_the_instance_stands() {
        let hex = b"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let base64 = b"GAHLXJ3JfFQ0uLuyFhTDbTs1dU5eAOq0Y2Y1h0wG5wE=";
        let path = "'crx-quickstart/launchpad/felix/bundle2/data/hmac'";
        for (text, command) in [(&hex[..], "xxd -r -p"), (base64, "base64 -d")] {
            let fix = check(&farm().with("a", |i| i.hmac(text)).build())[0].fix.join("\n");
            let decode = format!("{command} 'hmac-before-a'/hmac > {path}");
            let keep = "mkdir -m 700 'hmac-before-a' && cp -p ";
            let order = ["Stop a.", keep, &decode, "wc -c ", "Start a."].map(|part| fix.find(part));
            assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{fix}");
        }
    }
}
