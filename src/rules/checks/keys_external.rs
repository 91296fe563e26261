//! `keys-external`: a property, or an option that a log shows, moves the key files out of the install.

use crate::facts::{CRYPTO_KEYS_PATH, KeyName, no_break_space};
use crate::farm::{Farm, KeyState, Member};
use crate::repair::{ManualCommand, Text, quoted};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "keys-external",
    severity: Severity::Note,
    compares: false,
    summary: "keys are kept in a directory outside the install",
    effect: "Which keys the instance uses cannot be seen in its install.",
    why: "com.adobe.granite.crypto.keys.path names another directory for hmac and master. Whatever lies in the bundle's data \
          directory is not used, and the keys in use are not in the snapshot.",
    fix: "Compare md5sum of hmac and master in that directory on every instance.",
    references: &["Netcentric/aem-crypto-support: com.adobe.granite.crypto.keys.path"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members
        .iter()
        .filter_map(|member| by_property(member).or_else(|| by_log(member)))
        .collect()
}

fn by_property(member: &Member) -> Option<Hit> {
    let setting = member.snapshot.setting(CRYPTO_KEYS_PATH)?;
    // Of a directory that came it is known which keys are in it.
    let is_read =
        |name: &KeyName| matches!(member.key(*name), KeyState::Known(_) | KeyState::Absent);
    if KeyName::ALL.iter().all(is_read) {
        return None;
    }
    let blank = no_break_space(&setting.value);
    let message = format!("{} keeps its keys in {}{blank}", member.name, setting.value);
    if let Some(directory) = member.snapshot.moved_directory() {
        let directory = quoted(&member.snapshot, directory);
        let step = format!("Pack {directory} of {} with the install, and scan again.", member.name);
        return Some(Hit::on(member, message).at([&setting.place]).advise([step]));
    }
    // Variables of a shell or of Windows, which no file of the install resolves.
    if setting.value.contains(['$', '`', '%']) {
        let step = format!(
            "On {}, find out where {} leads (the command line of its running JVM shows it), and compare the md5 of the hmac and master that it leads to.",
            member.name, setting.value
        );
        return Some(Hit::on(member, message).at([&setting.place]).advise([step]));
    }
    let files = KeyName::ALL.map(|name| format!("{}/{name}", setting.value));
    let step = Text::command(
        &format!("On {}, show the md5 of its keys", member.name),
        ManualCommand::Sums(files.to_vec()),
    );
    Some(Hit::on(member, message).at([&setting.place]).advise([step]))
}

/// A log shows that some start had the option, not whether the last one did, and the path is not kept.
fn by_log(member: &Member) -> Option<Hit> {
    let (option, place) = member.snapshot.moved_by_start()?;
    let name = &member.name;
    let message = format!(
        "{name} was once started with {option} on its command line, as {} shows; its key files may not be those in use",
        place.path
    );
    let step = format!(
        "On {name}, look for {option} in the command line of its running JVM, and compare the md5 of hmac and master in that directory."
    );
    Some(Hit::on(member, message).at([place]).advise([step]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    #[test]
    fn no_break_space_is_pointed_out() {
        let message = |value: &str| {
            let farm = farm().with("a", |i| i.setting(CRYPTO_KEYS_PATH, value)).build();
            check(&farm)[0].message.clone()
        };
        assert!(message("/etc/keys\u{a0}").contains("U+00A0"));
        assert!(!message("/etc/keys").contains("U+00A0"));
    }

    #[test]
    fn default_place_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn other_directory_is_named() {
        let hits =
            check(&farm().with("a", |i| i.setting(CRYPTO_KEYS_PATH, "/etc/aem/keys")).build());
        assert_eq!(hits[0].message, "a keeps its keys in /etc/aem/keys");
        assert_eq!(
            hits[0].advice(),
            ["On a, show the md5 of its keys: md5sum '/etc/aem/keys/hmac' '/etc/aem/keys/master'"]
        );
    }

    #[test]
    fn directory_in_the_install_is_to_be_packed() {
        let hits = check(&farm().with("a", |i| i.keys_directory(false)).build());
        assert_eq!(hits[0].message, "a keeps its keys in crx-quickstart/keys");
        assert_eq!(
            hits[0].advice(),
            ["Pack 'crx-quickstart/keys' of a with the install, and scan again."]
        );
        assert_eq!(check(&farm().with("a", |i| i.keys_directory(true)).build()), []);
    }

    #[test]
    fn option_that_only_a_log_shows_is_told() {
        let line =
            "Setting 'com.adobe.granite.crypto.keys.path' to '/home/jane' from command line.\n";
        let hits = check(&farm().with("a", |i| i.log("stderr.log", line)).build());
        assert_eq!(
            hits[0].message,
            "a was once started with com.adobe.granite.crypto.keys.path on its command line, as crx-quickstart/logs/stderr.log shows; \
             its key files may not be those in use"
        );
        assert!(!format!("{hits:?}").contains("jane"));
        let both = farm().with("a", |i| i.log("stderr.log", line).setting(CRYPTO_KEYS_PATH, "/k"));
        assert_eq!(check(&both.build())[0].message, "a keeps its keys in /k");
    }

    #[test]
    fn empty_or_other_settings_are_quiet() {
        assert_eq!(check(&farm().with("a", |i| i.setting(CRYPTO_KEYS_PATH, "")).build()), []);
        assert_eq!(check(&farm().with("a", |i| i.setting("CQ_PORT", "4502")).build()), []);
    }
}
