//! Actions as sentences, without their commands.

use super::KEYS;
use crate::farm::listed;
use crate::repair::{Action, Do, KeyCheck, Outcome, Plan, PlanCheck};
use std::collections::{BTreeMap, BTreeSet};

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
        Do::Verify(PlanCheck::Keys(keys)) => {
            format!("Check {}", keys.iter().map(expected).collect::<Vec<_>>().join(" and "))
        }
        Do::Verify(PlanCheck::Storage { .. }) => "Check that storage has 6 bytes".to_owned(),
        Do::ExportFromJcr { is_source: true, .. } => format!(
            "On {name}, while it runs, save the binary properties hmac and master of /etc/key (CRXDE Lite) as {KEYS}/hmac and {KEYS}/master"
        ),
        Do::ExportFromJcr { is_source: false, .. } => format!(
            "On {name}, while it runs, save its own hmac and master of /etc/key (CRXDE Lite) in a safe place: without them nothing reads what it has encrypted so far"
        ),
        Do::DeleteFromJcr { keys } => format!(
            "When logins and secrets work on {name}, delete {} (CRXDE Lite) and restart it once more",
            keys.iter().map(|key| format!("/etc/key/{key}")).collect::<Vec<_>>().join(" and ")
        ),
        Do::EnterSecret { pid: node, property, .. } if node.starts_with('/') => format!(
            "On {name}, encrypt the secret on /system/console/crypto, and enter the protected text as {property} of {node} (CRXDE Lite)"
        ),
        Do::EnterSecret { pid, property, on_standby: true } => format!(
            "On {name}, a cold standby, copy the file of {pid} in launchpad/config from its primary, or enter {property} when it is promoted"
        ),
        Do::EnterSecret { pid, property, .. } => format!(
            "On {name}, encrypt the secret on /system/console/crypto, and enter the protected text as {property} at /system/console/configMgr/{pid}"
        ),
        Do::SetProperty { pid, property, value } => {
            format!("On {name}, set {property} to {value} at /system/console/configMgr/{pid}")
        }
        Do::RemoveBackup { directory, brought } => {
            let brought = if *brought { format!(" and {KEYS}") } else { String::new() };
            format!(
                "When everything works on {name}, remove {directory}{brought}: anyone who can read them has the keys"
            )
        }
        Do::Manual(text) => text.words().trim_end_matches(['.', ':']).to_owned(),
    }
}

/// Says in short what some actions of a plan change in files, instances with the same changes together.
pub(in crate::report) fn gist(plan: &Plan, own: &BTreeSet<usize>) -> Vec<String> {
    let mut by_instance: BTreeMap<&str, Vec<&Do>> = BTreeMap::new();
    let actions = plan.actions().enumerate().filter(|(index, _)| own.contains(index));
    for (_, action) in actions {
        if let Some(instance) = &action.instance {
            by_instance.entry(instance).or_default().push(&action.does);
        }
    }
    let mut by_changes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (instance, done) in by_instance {
        let changes = changes(&done);
        if !changes.is_empty() {
            by_changes.entry(changes.join(", ")).or_default().push(instance);
        }
    }
    by_changes.iter().map(|(changes, who)| format!("on {}: {changes}", listed(who))).collect()
}

/// Says what becomes of the files of an instance.
fn changes(done: &[&Do]) -> Vec<String> {
    let placed = |does: &&Do| match does {
        Do::Place { key, .. } => Some(key.to_string()),
        _ => None,
    };
    let placed: Vec<String> = done.iter().filter_map(placed).collect();
    let placed = (!placed.is_empty()).then(|| format!("put {} in place", placed.join(" and ")));
    let other = |does: &&Do| match does {
        Do::Swap { .. } => Some("swap hmac and master".to_owned()),
        Do::Truncate { file, bytes } => Some(format!("cut {} to {bytes} bytes", own(file))),
        Do::Decode { file, .. } => Some(format!("decode {}", own(file))),
        Do::Move { from, .. } => Some(format!("move the misplaced {}", own(from))),
        Do::WriteStorage { .. } => Some("write Bundle into storage".to_owned()),
        _ => None,
    };
    placed.into_iter().chain(done.iter().filter_map(other)).collect()
}

/// Changes the first letter of a text.
pub(super) fn with_first<T: Iterator<Item = char>>(
    text: &str,
    change: impl Fn(char) -> T,
) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(change).chain(letters).collect()
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
pub(in crate::report) fn outcome(plan: &Plan) -> String {
    let yours = yours(plan);
    match &plan.outcome {
        Outcome::Consistent if yours.is_empty() => "CONSISTENT (checked on the facts)".to_owned(),
        Outcome::Consistent => format!("CONSISTENT (checked on the facts), {ONCE_DONE}: {yours}"),
        Outcome::StillOpen(open) if yours.is_empty() => format!("UNDECIDED: {}", reasons(open)),
        Outcome::StillOpen(open) => {
            format!("UNDECIDED, {ONCE_DONE} ({yours}): {}", reasons(open))
        }
        // Lines of a log are read again until it is rotated, and whether new ones come nothing shows here.
        Outcome::StillWrong { rules, open }
            if rules.iter().all(|rule| rule.starts_with("log-")) =>
        {
            format!(
                "still INCONSISTENT while logs show such lines ({}){}",
                rules.join(", "),
                besides(open)
            )
        }
        Outcome::StillWrong { rules, open } => format!(
            "still INCONSISTENT until a new scan shows what was done by hand ({}){}",
            rules.join(", "),
            besides(open)
        ),
    }
}

/// Before what no script can do, and the outcome depends on.
const ONCE_DONE: &str = "once you have done the steps that are yours";

fn reasons(open: &[String]) -> String {
    let first = open.first().map_or("", String::as_str);
    match open.len().saturating_sub(1) {
        0 => first.to_owned(),
        1 => open.join("; and "),
        more => format!("{first}; and {more} more reasons"),
    }
}

fn besides(open: &[String]) -> String {
    if open.is_empty() { String::new() } else { format!("; still open: {}", reasons(open)) }
}

/// Says what only a person can do and the outcome depends on.
fn yours(plan: &Plan) -> String {
    let mut deleted: BTreeSet<String> = BTreeSet::new();
    let mut entered: BTreeSet<String> = BTreeSet::new();
    let mut set: BTreeSet<String> = BTreeSet::new();
    let all: Vec<&Action> = plan.actions().collect();
    for action in plan.yours.iter().filter_map(|number| all.get(*number)) {
        let name = action.instance.clone().unwrap_or_default();
        match action.does {
            Do::EnterSecret { .. } => entered.insert(name),
            Do::SetProperty { .. } => set.insert(name),
            _ => deleted.insert(name),
        };
    }
    let on = |what: &str, names: BTreeSet<String>| {
        let names: Vec<String> = names.into_iter().collect();
        (!names.is_empty()).then(|| format!("{what} on {}", listed(&names)))
    };
    let parts = [
        on("delete the keys in /etc/key", deleted),
        on("enter the secrets", entered),
        on("set the properties of configurations", set),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", and ")
}
