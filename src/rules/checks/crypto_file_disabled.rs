//! `crypto-file-disabled`: a start script, a property, or an option that a log shows, keeps the keys in the repository.

use super::fold::first_of;
use crate::facts::{CRYPTO_FILE_DISABLE, LogTopic, Place, StorageMode};
use crate::farm::{Farm, Member};
use crate::repair::quoted;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "crypto-file-disabled",
    severity: Severity::Warning,
    compares: false,
    summary: "key files are switched off by a start option",
    effect: "The key files are ignored, or will be after a reinstallation.",
    why: "com.adobe.granite.crypto.file.disable=true makes a new instance keep its keys in the repository. Adobe no longer recommends \
          it. It works at the very first start only; an instance that has started once does not change its mode for it.",
    fix: "Remove the option, and move the keys to files where the mode is JCR.",
    references: &[
        "AEM 6.5, deploying communities: repository replication",
        "AdobeDocs/experience-manager-65.en issue 377",
    ],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(|member| by_file(member).or_else(|| by_log(member))).collect()
}

fn by_file(member: &Member) -> Option<Hit> {
    let settings = member.snapshot.settings.iter().filter(|setting| {
        setting.name == CRYPTO_FILE_DISABLE && setting.value.eq_ignore_ascii_case("true")
    });
    let places: Vec<_> = settings.map(|setting| &setting.place).collect();
    let first = places.first()?;
    let message =
        format!("{} switches key files off in {}{}", member.name, first.path, effect(member));
    let remove = |place: &&Place| {
        format!(
            "On {}, remove {CRYPTO_FILE_DISABLE}=true from {}.",
            member.name,
            quoted(&member.snapshot, &place.path)
        )
    };
    let steps = first_of(&places, remove, |rest| {
        format!("On {}, remove it from the {rest} other files, too.", member.name)
    });
    Some(Hit::on(member, message).at(places.iter().copied()).advise(steps))
}

/// The option may come from the environment or from a service unit; then only a log shows it.
fn by_log(member: &Member) -> Option<Hit> {
    let (last, place) = member.snapshot.logged(LogTopic::KeyFilesDisabled)?;
    let name = &member.name;
    let message = format!(
        "{name} was once started with key files switched off on its command line, as {} shows{}",
        place.path,
        effect(member)
    );
    let step = format!(
        "On {name}, look for -D{CRYPTO_FILE_DISABLE}=true where the command line comes from (CQ_JVM_OPTS, a service unit, a wrapper script), and remove it if it is still there."
    );
    (last.value == "true").then(|| Hit::on(member, message).at([place]).advise([step]))
}

fn effect(member: &Member) -> &'static str {
    match member.storage_mode() {
        // The option counts at the very first start alone; afterwards an instance keeps its mode
        // with or without it.
        Some(StorageMode::Bundle) => ", which had no effect: its storage mode is Bundle",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    fn message(storage: &[u8], value: &str) -> Option<String> {
        let farm =
            farm().with("a", |i| i.storage(storage).setting(CRYPTO_FILE_DISABLE, value)).build();
        check(&farm).into_iter().next().map(|hit| hit.message)
    }

    #[test]
    fn without_the_option_it_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn option_is_told_with_its_effect() {
        let place = "a switches key files off in crx-quickstart/conf/sling.properties";
        assert_eq!(message(b"JCR", "true").unwrap(), place);
        assert_eq!(
            message(b"Bundle", "true").unwrap(),
            format!("{place}, which had no effect: its storage mode is Bundle")
        );
    }

    #[test]
    fn option_that_only_a_log_shows_is_told() {
        let line = |value| {
            format!(
                "Setting 'com.adobe.granite.crypto.file.disable' to '{value}' from command line.\n"
            )
        };
        let message = |value| {
            let log = line(value);
            let farm = farm().with("a", |i| i.storage(b"JCR").log("stderr.log", &log)).build();
            check(&farm).pop().map(|hit| hit.message)
        };
        assert_eq!(
            message("true").unwrap(),
            "a was once started with key files switched off on its command line, as crx-quickstart/logs/stderr.log shows"
        );
        assert_eq!(message("false"), None);
    }

    #[test]
    fn option_set_to_false_is_quiet() {
        assert_eq!(message(b"JCR", "false"), None);
    }
}
