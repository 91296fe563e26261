//! Actions as sentences, without their commands.

use crate::repair::{Action, Check, Do, KeyCheck, Outcome};

/// Says what an action does, as one sentence without a full stop.
pub(in crate::report) fn sentence(action: &Action) -> String {
    let name = action.instance.as_deref().unwrap_or("the instance");
    match &action.does {
        Do::BackUp { .. } => "Keep a copy of what is changed".to_owned(),
        Do::EnsureDirectory { .. } => "Make the directory if it is missing".to_owned(),
        Do::Place { key, .. } => format!("Put {key} in place"),
        Do::Swap { .. } => "Swap hmac and master".to_owned(),
        Do::Truncate { file, bytes } => format!("Cut {} to its first {bytes} bytes", own(file)),
        Do::Decode { file, .. } => format!("Decode {} to the binary key", own(file)),
        Do::Move { from, .. } => format!("Move the misplaced {}", own(from)),
        Do::WriteStorage { .. } => {
            "Write storage: the 6 bytes Bundle, without a newline".to_owned()
        }
        Do::Verify(Check::Keys(keys)) => {
            format!("Check {}", keys.iter().map(expected).collect::<Vec<_>>().join(" and "))
        }
        Do::Verify(Check::Storage { .. }) => "Check that storage has 6 bytes".to_owned(),
        Do::ExportFromJcr { is_source: true, .. } => format!(
            "On {name}, while it runs, save the binary properties hmac and master of /etc/key (CRXDE Lite) as keys/hmac and keys/master"
        ),
        Do::ExportFromJcr { is_source: false, .. } => format!(
            "On {name}, while it runs, save its own hmac and master of /etc/key (CRXDE Lite) in a safe place: without them nothing reads what it has encrypted so far"
        ),
        Do::DeleteFromJcr { keys } => format!(
            "When logins and secrets work on {name}, delete {} (CRXDE Lite) and restart it once more",
            keys.iter().map(|key| format!("/etc/key/{key}")).collect::<Vec<_>>().join(" and ")
        ),
        Do::EnterSecret { pid: node, property } if node.starts_with('/') => format!(
            "On {name}, encrypt the secret on /system/console/crypto, and enter the protected text as {property} of {node} (CRXDE Lite)"
        ),
        Do::EnterSecret { pid, property } => format!(
            "On {name}, encrypt the secret on /system/console/crypto, and enter the protected text as {property} at /system/console/configMgr/{pid}"
        ),
        Do::RemoveBackup { directory } => format!(
            "When everything works on {name}, remove {directory} and the keys that were brought along: anyone who can read them has the keys"
        ),
        Do::Manual(text) => {
            let words: String = text
                .spans()
                .iter()
                .filter_map(|span| match span {
                    crate::repair::Span::Say(words) => Some(words.as_str()),
                    crate::repair::Span::Command(_) => None,
                })
                .collect();
            words.trim_end_matches(['.', ':']).to_owned()
        }
    }
}

fn own(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

fn expected(check: &KeyCheck) -> String {
    let KeyCheck { key, digest, .. } = check;
    let [raw, obfuscated] = key.known_lengths();
    let by_length = || format!("{key} ({raw} or {obfuscated} bytes)");
    digest.map_or_else(by_length, |digest| format!("{key} (md5 {})", digest.md5))
}

/// Says what comes of a plan, as the end of "After these steps".
pub(in crate::report) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Consistent => "CONSISTENT (checked on the facts)".to_owned(),
        Outcome::StillOpen(reasons) => {
            format!("UNDECIDED: {}", reasons.first().map_or("", String::as_str))
        }
        // Lines of a log are read again until it is rotated.
        Outcome::StillWrong(rules) if rules.iter().all(|rule| rule.starts_with("log-")) => format!(
            "still INCONSISTENT as long as the logs show what was before ({}): rotate them, and scan again",
            rules.join(", ")
        ),
        Outcome::StillWrong(rules) => {
            format!("still INCONSISTENT, because of what is done by hand: {}", rules.join(", "))
        }
    }
}
