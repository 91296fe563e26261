//! What holds for every plan.

use super::member;
use aemtrix::diagnosis::Judged;
use aemtrix::facts::{Digest, KeyName, Role};
use aemtrix::farm::{Member, SecretCounts};
use aemtrix::repair::{Action, Do, PlanCheck, Window};
use std::collections::BTreeSet;

/// Says which of the promises of a plan are broken.
pub(super) fn broken(judged: &Judged) -> Vec<String> {
    let plan = &judged.plan;
    let mut broken = Vec::new();
    for (when, actions) in [("before", &plan.before), ("after", &plan.after)] {
        for action in actions {
            if !is_of_running(&action.does, when) {
                broken.push(format!("{} is done {when}", action.does.word()));
            }
        }
    }
    let names: Vec<&str> = plan.windows.iter().map(|window| window.instance.as_str()).collect();
    if names.iter().collect::<BTreeSet<_>>().len() != names.len() {
        broken.push(format!("one is stopped twice: {names:?}"));
    }
    for window in &plan.windows {
        let of = of_window(window).into_iter().chain(of_member(judged, window));
        broken.extend(of.map(|what| format!("{:?}: {what}", window.instance)));
        let directory = kept(window).map(|kept| kept.0);
        let is_settled = |does: &Do| match does {
            Do::RemoveBackup { directory: removed, .. } => Some(removed.as_str()) == directory,
            // What opens secrets that nothing else opens stays.
            Do::Manual(text) => {
                directory.is_some_and(|kept| text.to_string().starts_with(&format!("Keep {kept} ")))
            }
            _ => false,
        };
        let is_here = |action: &&Action| action.instance.as_ref() == Some(&window.instance);
        let removed = plan.after.iter().filter(is_here).any(|action| is_settled(&action.does));
        if kept(window).is_some() != removed {
            broken.push(format!("{:?}: what is kept is not what is removed", window.instance));
        }
    }
    broken
}

fn is_of_running(does: &Do, when: &str) -> bool {
    match does {
        Do::Manual(_) => true,
        Do::ExportFromJcr { .. } => when == "before",
        Do::DeleteFromJcr { .. }
        | Do::EnterSecret { .. }
        | Do::SetProperty { .. }
        | Do::RemoveBackup { .. } => when == "after",
        _ => false,
    }
}

fn kept(window: &Window) -> Option<(&str, &[String])> {
    window.actions.iter().find_map(|action| match &action.does {
        Do::BackUp { directory, files } => Some((directory.as_str(), files.as_slice())),
        _ => None,
    })
}

/// What holds while an instance is stopped.
fn of_window(window: &Window) -> Vec<String> {
    let mut broken = Vec::new();
    let mut kept: Option<&[String]> = None;
    let mut checked = false;
    let mut unchecked: BTreeSet<&str> = BTreeSet::new();
    for Action { instance, does, because } in &window.actions {
        if instance.as_ref() != Some(&window.instance) || because.is_empty() {
            broken.push(format!("{} is of another instance, or for nothing", does.word()));
        }
        match does {
            Do::BackUp { files, .. } if kept.replace(files).is_some() => {
                broken.push("what is there is kept twice".to_owned());
            }
            Do::Verify(check) => {
                let files: Vec<&str> = match check {
                    PlanCheck::Keys(keys) => keys.iter().map(|key| key.file.as_str()).collect(),
                    PlanCheck::Storage { file } => vec![file.as_str()],
                };
                checked |= matches!(check, PlanCheck::Keys(_));
                unchecked.retain(|file| !files.contains(file));
            }
            Do::WriteStorage { .. } if !checked => {
                broken.push("storage is written before keys were checked".to_owned());
            }
            Do::ExportFromJcr { .. }
            | Do::DeleteFromJcr { .. }
            | Do::EnterSecret { .. }
            | Do::SetProperty { .. }
            | Do::RemoveBackup { .. } => {
                broken.push(format!("{} is done while it is stopped", does.word()));
            }
            _ => {}
        }
        // A file that is moved replaces none, and is moved back.
        if matches!(does, Do::Move { .. }) {
            if kept.is_none() {
                broken.push("a file is moved before anything is kept".to_owned());
            }
            continue;
        }
        for file in does.touches() {
            unchecked.insert(file);
            if !kept.is_some_and(|kept| kept.iter().any(|other| other == file)) {
                broken.push(format!("{file} is changed by {} and not kept", does.word()));
            }
        }
    }
    if !unchecked.is_empty() {
        broken.push(format!("{unchecked:?} are never checked"));
    }
    broken
}

/// What holds for the keys of some instances.
fn of_member(judged: &Judged, window: &Window) -> Vec<String> {
    let member = member(judged, &window.instance);
    let mut broken = Vec::new();
    let is_storage = |file: &str| file.rsplit(['/', '-']).next() == Some("storage");
    let is_of_keys = |action: &Action| action.does.touches().iter().any(|file| !is_storage(file));
    if judged.accepted.contains(&member.name) && window.actions.iter().any(is_of_keys) {
        broken.push("the policy accepts its keys".to_owned());
    }
    if let Some(own) = keys_of_author(judged, member) {
        for action in &window.actions {
            if let Do::Place { key, digest, .. } = &action.does {
                let right = KeyName::ALL.iter().position(|name| name == key).map(|at| own[at]);
                if *digest != right {
                    broken.push(format!("the {key} of the author is overwritten"));
                }
            }
        }
    }
    broken
}

/// The keys of the only author, where both are beyond doubt.
fn keys_of_author(judged: &Judged, member: &Member) -> Option<[Digest; 2]> {
    let farm = &judged.farm;
    let is_author = |member: &&Member| member.snapshot.role() == Some(Role::Author);
    let authors: Vec<&Member> = farm.members.iter().filter(is_author).collect();
    let [author] = authors.as_slice() else { return None };
    if author.name != member.name || !farm.expected.keys.is_empty() || !member.copies.is_empty() {
        return None;
    }
    // Its own secrets may tell that its keys are not those that encrypted them.
    if SecretCounts::of(member).shut > 0 {
        return None;
    }
    let digests = KeyName::ALL.map(|name| {
        let key = member.known_key(name)?;
        let is_sure = key.health.is_plausible() && name.known_lengths().contains(&key.value.bytes);
        is_sure.then_some(key.value)
    });
    let [hmac, master] = digests;
    Some([hmac?, master?])
}
