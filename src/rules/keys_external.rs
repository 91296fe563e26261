//! `keys-external`: a property moves the key files out of the install.

use super::steps::quoted;
use super::{Hit, Rule, Severity};
use crate::facts::{CRYPTO_KEYS_PATH, KeyName};
use crate::farm::Farm;

pub(super) static RULE: Rule = Rule {
    id: "keys-external",
    severity: Severity::Note,
    summary: "keys are kept in a directory outside the install",
    why: "com.adobe.granite.crypto.keys.path names another directory for hmac and master. Whatever lies in the bundle's data \
          directory is not used, and the keys in use are not in the snapshot.",
    fix: "Compare md5sum of hmac and master in that directory on every instance.",
    references: &["Netcentric aem-crypto-support, README: com.adobe.granite.crypto.keys.path"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let with_setting = farm
        .members
        .iter()
        .filter_map(|member| Some((member, member.snapshot.setting(CRYPTO_KEYS_PATH)?)));
    with_setting
        .map(|(member, setting)| {
            let message = format!("{} keeps its keys in {}", member.name, setting.value);
            let files = KeyName::ALL.map(|name| quoted(&format!("{}/{name}", setting.value)));
            let step = format!("On {}: md5sum {}", member.name, files.join(" "));
            Hit::on(member, message).at([&setting.place]).fix([step])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    #[test]
    fn default_place_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn other_directory_is_named() {
        let hits =
            check(&farm().with("a", |i| i.setting(CRYPTO_KEYS_PATH, "/etc/aem/keys")).build());
        assert_eq!(hits[0].message, "a keeps its keys in /etc/aem/keys");
        assert_eq!(hits[0].fix, ["On a: md5sum '/etc/aem/keys/hmac' '/etc/aem/keys/master'"]);
    }

    #[test]
    fn empty_or_other_settings_are_quiet() {
        assert_eq!(check(&farm().with("a", |i| i.setting(CRYPTO_KEYS_PATH, "")).build()), []);
        assert_eq!(check(&farm().with("a", |i| i.setting("CQ_PORT", "4502")).build()), []);
    }
}
