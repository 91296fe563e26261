//! The plan of a farm: what is done, in which order, and what comes of it.

use super::super::repair::{on_windows, posix_commands, powershell_commands};
use crate::diagnosis::Judged;
use crate::facts::{Digest, TextKind};
use crate::repair::{Action, Decision, Do, Outcome, PlanCheck, Text, Window};
use schemars::JsonSchema;
use serde::Serialize;

/// What is to be done to a farm. Findings refer to it by their rules.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Repair")]
pub(super) struct WireRepair<'a> {
    /// Whether the keys of one instance are copied, it has to be found out first whose keys are right, or no keys are copied.
    #[schemars(extend("enum" = ["copy", "find-out", "nothing"]))]
    decision: &'static str,
    /// The instance whose keys are copied; null where none are.
    source: Option<&'a str>,
    /// The directory on it in which the keys lie, such as that of an old copy; absent where it works with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_copy: Option<&'a str>,
    /// Why, one sentence.
    reason: &'a str,
    /// What is done while all instances run.
    before: Vec<WireAction<'a>>,
    /// What is done to each instance while it is stopped, one instance after the other.
    windows: Vec<WireWindow<'a>>,
    /// What is done when they run again.
    after: Vec<WireAction<'a>>,
    outcome: WireOutcome<'a>,
}

/// An instance is stopped once, everything is done to it, and it is started once.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Window")]
struct WireWindow<'a> {
    instance: &'a str,
    actions: Vec<WireAction<'a>>,
}

/// What a scan of the repaired farm finds: the plan was applied to the facts, and those were judged again.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Outcome")]
struct WireOutcome<'a> {
    #[schemars(extend("enum" = ["consistent", "undecided", "inconsistent"]))]
    verdict: &'static str,
    /// What is not known then, one sentence each.
    open: &'a [String],
    /// The rules that still find errors then.
    wrong: &'a [&'static str],
    /// What a person does, away from files, and without which it comes to something else: numbers of actions, those of `before` first,
    /// then those of `windows` and of `after`.
    yours: &'a [usize],
}

/// One thing that is done. Fields that it does not have are null. Paths are those on the instance, below the directory in which the paths
/// of its source begin.
#[derive(Serialize, JsonSchema, Default)]
#[schemars(rename = "Action")]
struct WireAction<'a> {
    #[schemars(extend("enum" = [
        "back-up", "ensure-directory", "place", "swap", "truncate", "decode", "move", "write-storage", "verify", "export-from-jcr",
        "delete-from-jcr", "enter-secret", "set-property", "remove-backup", "manual"
    ]))]
    does: &'static str,
    /// Null where it is about several instances.
    instance: Option<&'a str>,
    /// Where what is changed is kept, or the directory that is made.
    directory: Option<&'a str>,
    /// The files that are kept, or hmac and master that change names.
    files: Option<Vec<&'a str>>,
    /// The key that is put in place.
    key: Option<&'static str>,
    /// The keys that are deleted.
    keys: Option<Vec<&'static str>>,
    /// The file that is changed.
    file: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    /// The first bytes of the file, which stay.
    bytes: Option<u64>,
    /// How the file is written that is decoded.
    #[schemars(extend("enum" = ["hex", "base64", null]))]
    encoding: Option<&'static str>,
    /// What files have to be.
    checks: Option<Vec<WireCheck<'a>>>,
    pid: Option<&'a str>,
    property: Option<&'a str>,
    /// What the property is set to.
    value: Option<&'a str>,
    /// What a person does.
    text: Option<String>,
    commands: WireCommands,
    /// The rules that want it.
    because: Vec<&'static str>,
}

/// Commands that do it, to be run one after the other; none where a person does it.
#[derive(Serialize, JsonSchema, Default)]
#[schemars(rename = "Commands")]
struct WireCommands {
    posix: Vec<String>,
    powershell: Vec<String>,
}

/// What a file has to be.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FileCheck")]
struct WireCheck<'a> {
    file: &'a str,
    /// Null where its content was not read, and for storage.
    md5: Option<String>,
    sha256: Option<String>,
    /// Its length; null where that was not read.
    bytes: Option<u64>,
}

impl<'a> WireRepair<'a> {
    pub(super) fn new(judged: &'a Judged) -> Self {
        let plan = &judged.plan;
        let action = |action| WireAction::new(action, judged);
        let (decision, source, reason) = match &plan.decision {
            Decision::Copy { source, reason, .. } => {
                ("copy", Some(source.as_str()), reason.as_str())
            }
            Decision::FindOut(why) => ("find-out", None, why.as_str()),
            Decision::Nothing(why) => ("nothing", None, why.as_str()),
        };
        let old_copy = match &plan.decision {
            Decision::Copy { old_copy, .. } => old_copy.as_deref(),
            _ => None,
        };
        let (verdict, open, wrong): (_, &[String], &[&'static str]) = match &plan.outcome {
            Outcome::Consistent => ("consistent", &[], &[]),
            Outcome::StillOpen(open) => ("undecided", open, &[]),
            Outcome::StillWrong { rules, open } => ("inconsistent", open, rules),
        };
        Self {
            decision,
            source,
            old_copy,
            reason,
            before: plan.before.iter().map(action).collect(),
            windows: plan.windows.iter().map(|window| WireWindow::new(window, judged)).collect(),
            after: plan.after.iter().map(action).collect(),
            outcome: WireOutcome { verdict, open, wrong, yours: &plan.yours },
        }
    }
}

impl<'a> WireWindow<'a> {
    fn new(window: &'a Window, judged: &Judged) -> Self {
        let actions = window.actions.iter().map(|action| WireAction::new(action, judged)).collect();
        Self { instance: &window.instance, actions }
    }
}

impl<'a> WireAction<'a> {
    fn new(action: &'a Action, judged: &Judged) -> Self {
        let own = Self {
            does: action.does.word(),
            instance: action.instance.as_deref(),
            commands: WireCommands {
                posix: posix_commands(action),
                powershell: powershell_commands(action),
            },
            because: action.because.iter().copied().collect(),
            ..Self::default()
        };
        match &action.does {
            Do::BackUp { directory, files } => Self {
                directory: Some(directory),
                files: Some(files.iter().map(String::as_str).collect()),
                ..own
            },
            Do::EnsureDirectory { directory } | Do::RemoveBackup { directory, .. } => {
                Self { directory: Some(directory), ..own }
            }
            Do::Place { key, to, digest } => Self {
                key: Some(key.file_name()),
                to: Some(to),
                checks: Some(vec![WireCheck::new(to, *digest)]),
                ..own
            },
            Do::Swap { hmac, master } => Self { files: Some(vec![hmac, master]), ..own },
            Do::Truncate { file, bytes } => Self { file: Some(file), bytes: Some(*bytes), ..own },
            Do::Decode { file, text } => {
                let encoding = if *text == TextKind::Hex { "hex" } else { "base64" };
                Self { file: Some(file), encoding: Some(encoding), ..own }
            }
            Do::Move { from, to } => Self { from: Some(from), to: Some(to), ..own },
            Do::WriteStorage { file } => Self { file: Some(file), ..own },
            Do::Verify(check) => Self { checks: Some(checks(check)), ..own },
            Do::ExportFromJcr { digests: [hmac, master], .. } => {
                let all = [("hmac", *hmac), ("master", *master)];
                let checks = all.into_iter().map(|(key, digest)| WireCheck::new(key, digest));
                Self { checks: Some(checks.collect()), ..own }
            }
            Do::DeleteFromJcr { keys } => {
                Self { keys: Some(keys.iter().map(|key| key.file_name()).collect()), ..own }
            }
            Do::EnterSecret { pid, property, .. } => {
                Self { pid: Some(pid), property: Some(property), ..own }
            }
            Do::SetProperty { pid, property, value } => {
                Self { pid: Some(pid), property: Some(property), value: Some(value), ..own }
            }
            Do::Manual(text) => Self { text: Some(spoken(text, &own, judged)), ..own },
        }
    }
}

/// Returns what a person does, with the commands for the system of the instance.
fn spoken(text: &Text, action: &WireAction<'_>, judged: &Judged) -> String {
    let commands = &action.commands.powershell;
    let is_on_windows = action.instance.is_some_and(|name| on_windows(judged, name));
    if commands.is_empty() || !is_on_windows {
        return text.to_string();
    }
    format!("{}: {}", text.words(), commands.join("; "))
}

fn checks(check: &PlanCheck) -> Vec<WireCheck<'_>> {
    match check {
        PlanCheck::Keys(keys) => {
            keys.iter().map(|key| WireCheck::new(&key.file, key.digest)).collect()
        }
        PlanCheck::Storage { file } => {
            vec![WireCheck { file, md5: None, sha256: None, bytes: Some(6) }]
        }
    }
}

impl<'a> WireCheck<'a> {
    fn new(file: &'a str, digest: Option<Digest>) -> Self {
        Self {
            file,
            md5: digest.map(|digest| digest.md5.to_string()),
            sha256: digest.map(|digest| digest.sha256.to_string()),
            bytes: digest.map(|digest| digest.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Selection, judge};
    use crate::facts::{Bundle, CRYPTO_KEYS_PATH};
    use crate::testing::farm;

    /// What a person is asked on an instance whose keys are elsewhere.
    fn asked(location: &str) -> Vec<String> {
        let set = |bundle: &mut Bundle| bundle.location = Some(location.to_owned());
        let farm =
            farm().with("a", |i| i.change("bundle1", set).setting(CRYPTO_KEYS_PATH, r"D:\k"));
        let judged = judge(vec![farm.build()], &Selection::default()).remove(0);
        let texts = WireRepair::new(&judged).before.into_iter().filter_map(|action| action.text);
        texts.collect()
    }

    #[test]
    fn what_a_person_runs_is_for_the_shell_of_the_instance() {
        let posix = r"On a, show the md5 of its keys: md5sum 'D:\k/hmac' 'D:\k/master'";
        assert_eq!(asked("slinginstall:/opt/aem/x.jar"), [posix]);
        let powershell = r"On a, show the md5 of its keys: Get-FileHash -Algorithm MD5 -LiteralPath 'D:\k/hmac', 'D:\k/master'";
        assert_eq!(asked(r"slinginstall:D:\aem\x.jar"), [powershell]);
    }
}
