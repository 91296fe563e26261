//! What a script does on each instance, and what it says of it; the same for every shell.

use super::english::{outcome, sentence};
use super::guide::beginning;
use crate::diagnosis::Judged;
use crate::facts::{Digest, Hex};
use crate::farm::{KeyState, Member};
use crate::repair::{Action, Collect, Do, KeyCheck, PlanCheck, Window, on_instance};
use crate::report::Report;
use crate::report::printable::printable;
use std::collections::{BTreeMap, BTreeSet};

/// What instances are called by: their names, behind that of their farm where several farms have an instance of the name.
pub(super) struct ScriptNames<'r>(BTreeSet<&'r str>);

impl<'r> ScriptNames<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        let mut seen = BTreeSet::new();
        let members = report.farms.iter().flat_map(|judged| &judged.farm.members);
        let names = members.map(|member| member.name.as_str());
        Self(names.filter(|name| !seen.insert(*name)).collect())
    }

    fn name(&self, judged: &Judged, name: &str) -> String {
        if self.0.contains(name) { format!("{}/{name}", judged.farm.name) } else { name.to_owned() }
    }
}

/// The instance that is repaired, and the plan that it is of.
pub(super) struct InstanceVisit<'r> {
    name: &'r str,
    member: Option<&'r Member>,
    /// What a script is called with for it.
    pub(super) called: String,
    window: Option<&'r Window>,
    pub(super) before: Vec<&'r Action>,
    pub(super) after: Vec<&'r Action>,
}

pub(super) fn visits<'r>(report: &'r Report, calls: &ScriptNames<'_>) -> Vec<InstanceVisit<'r>> {
    report.farms.iter().flat_map(|judged| of_farm(judged, calls)).collect()
}

fn of_farm<'r>(judged: &'r Judged, calls: &ScriptNames<'_>) -> Vec<InstanceVisit<'r>> {
    let plan = &judged.plan;
    let mut visits: BTreeMap<&str, InstanceVisit<'_>> = BTreeMap::new();
    let new = |name| InstanceVisit {
        name,
        member: judged.farm.members.iter().find(|member| member.name == name),
        called: calls.name(judged, name),
        window: None,
        before: Vec::new(),
        after: Vec::new(),
    };
    for window in &plan.windows {
        let name = window.instance.as_str();
        visits.entry(name).or_insert_with(|| new(name)).window = Some(window);
    }
    for (actions, is_before) in [(&plan.before, true), (&plan.after, false)] {
        for action in actions {
            let Some(name) = action.instance.as_deref() else { continue };
            let visit = visits.entry(name).or_insert_with(|| new(name));
            if is_before { &mut visit.before } else { &mut visit.after }.push(action);
        }
    }
    visits.into_values().collect()
}

impl InstanceVisit<'_> {
    pub(super) fn actions(&self) -> &[Action] {
        self.window.map(|window| window.actions.as_slice()).unwrap_or_default()
    }

    /// Returns `true` if something is done while it is stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.window.is_some()
    }

    /// Returns where what is changed is kept, and which files those are.
    pub(super) fn kept(&self) -> Option<(&str, &[String])> {
        self.actions().iter().find_map(|action| match &action.does {
            Do::BackUp { directory, files } => Some((directory.as_str(), files.as_slice())),
            _ => None,
        })
    }

    /// The directories above those that are made have to be there.
    pub(super) fn directories(&self) -> BTreeSet<String> {
        let parent = |path: &str| path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
        let made: BTreeSet<&str> = self
            .actions()
            .iter()
            .filter_map(|action| match &action.does {
                Do::EnsureDirectory { directory } => Some(directory.as_str()),
                _ => None,
            })
            .collect();
        let touched = self.actions().iter().flat_map(|action| action.does.touches());
        let kept = self.kept().map(|(directory, _)| directory);
        let holders = touched.filter_map(parent).filter(|path| Some(path.as_str()) != kept);
        holders
            .filter_map(
                |path| if made.contains(path.as_str()) { parent(&path) } else { Some(path) },
            )
            .collect()
    }

    /// Returns the key files that change, as far as they were examined: another machine may have the same paths.
    pub(super) fn examined(&self) -> Vec<ExaminedFile<'_>> {
        let Some(member) = self.member else { return Vec::new() };
        let kept = self.kept().map(|(_, files)| files).unwrap_or_default();
        let moved = self.actions().iter().filter_map(|action| match &action.does {
            Do::Move { from, .. } => Some(from),
            _ => None,
        });
        let paths: BTreeSet<&str> = kept.iter().chain(moved).map(String::as_str).collect();
        let snapshot = &member.snapshot;
        let files = snapshot.all_key_files().chain(&snapshot.stray_keys);
        let sums: BTreeMap<&str, Hex<16>> =
            files.map(|file| (on_instance(&file.place.path), file.digest.whole.md5)).collect();
        let checks = self.actions().iter().filter_map(|action| match &action.does {
            Do::Verify(PlanCheck::Keys(keys)) => Some(keys),
            _ => None,
        });
        let checks: BTreeMap<&str, &KeyCheck> =
            checks.flatten().map(|check| (check.file.as_str(), check)).collect();
        let examined = |file| {
            let check = checks.get(file);
            let is_absent = |check: &&KeyCheck| *member.key(check.key) == KeyState::Absent;
            let is_missing = !member.is_in_jcr_mode() && check.is_some_and(is_absent);
            let was = match sums.get(file) {
                Some(md5) => FileSum::Md5(*md5),
                None if is_missing => FileSum::Missing,
                None => return None,
            };
            let becomes = check.and_then(|check| check.digest);
            Some(ExaminedFile { file, was, becomes: becomes.map(|digest| digest.md5) })
        };
        paths.into_iter().filter_map(examined).collect()
    }

    /// Returns the keys that are put in place: they are looked at before anything is stopped.
    pub(super) fn brought(&self) -> Vec<KeyCheck> {
        let of = |action: &Action| match &action.does {
            Do::Place { key, digest, .. } => {
                Some(KeyCheck { key: *key, file: String::new(), digest: *digest })
            }
            _ => None,
        };
        self.actions().iter().filter_map(of).collect()
    }

    /// Says what is done when its files are right: a person starts it, and does the rest.
    pub(super) fn words_after(&self, shell: &Shell) -> Vec<String> {
        let mut words = Vec::new();
        if self.is_stopped() {
            let manual =
                self.actions().iter().filter(|action| matches!(action.does, Do::Manual(_)));
            words.extend(
                manual.map(|action| format!("While it is stopped: {}", shell.step(action))),
            );
            words.push(printable(&format!("Start {}.", self.name)).into_owned());
        }
        if !self.after.is_empty() {
            words.push("When all instances run again:".to_owned());
        }
        words.extend(self.after.iter().map(|action| format!("- {}", shell.step(action))));
        words
    }

    /// Asks for it to be stopped.
    pub(super) fn words_to_stop(&self) -> String {
        printable(&format!("Stop {}. Nothing may be changed while it runs.", self.name))
            .into_owned()
    }
}

/// A key file that changes, as it was when it was examined.
pub(super) struct ExaminedFile<'v> {
    pub(super) file: &'v str,
    was: FileSum,
    /// The md5 of what it becomes: a person may have put it there already.
    becomes: Option<Hex<16>>,
}

#[derive(Clone, Copy)]
enum FileSum {
    Md5(Hex<16>),
    Missing,
}

impl ExaminedFile<'_> {
    /// Returns the md5 sums that it may have now, `none` where it may be missing.
    pub(super) fn sums(&self) -> Vec<String> {
        let was = match self.was {
            FileSum::Md5(md5) => md5.to_string(),
            FileSum::Missing => "none".to_owned(),
        };
        let becomes = self.becomes.map(|md5| md5.to_string()).filter(|md5| *md5 != was);
        [was].into_iter().chain(becomes).collect()
    }
}

/// The shell that a script is for.
pub(super) struct Shell {
    /// How the script is called.
    pub(super) call: &'static str,
    /// Makes one word of a text.
    pub(super) word: fn(&str) -> String,
    /// The commands of an action.
    pub(super) commands: fn(&Action) -> Vec<String>,
}

impl Shell {
    /// Says what a person does, with the commands.
    pub(super) fn step(&self, action: &Action) -> String {
        let commands = match &action.does {
            Do::Manual(_) => (self.commands)(action),
            _ => Vec::new(),
        };
        let commands: String = commands.iter().flat_map(|command| ["\n    ", command]).collect();
        format!("{}.{commands}", printable(&sentence(action)))
    }
}

/// Lists the instances with their steps.
pub(super) fn list(report: &Report, calls: &ScriptNames<'_>, shell: &Shell) -> Vec<String> {
    let mut lines = Vec::new();
    for judged in &report.farms {
        lines.push(printable(&format!("Farm {}", judged.farm.name)).into_owned());
        if judged.plan.is_empty() {
            lines.push("  nothing is to be done".to_owned());
        } else {
            list_farm(judged, calls, shell, &mut lines);
        }
    }
    lines
}

fn list_farm(judged: &Judged, calls: &ScriptNames<'_>, shell: &Shell, lines: &mut Vec<String>) {
    let plan = &judged.plan;
    lines.extend(beginning(judged).map(|text| format!("  {}", printable(&text))));
    for source in of_plan(judged, calls) {
        let name = printable(&source.called);
        let (call, word) = (shell.call, (shell.word)(&source.called));
        lines.push(format!("  {name}: source of keys; there: {call} collect {word}"));
    }
    let general = |actions: &[Action], when: &str| -> Vec<String> {
        let general = actions.iter().filter(|action| action.instance.is_none());
        general.map(|action| format!("  {when}: {}", shell.step(action))).collect()
    };
    lines.extend(general(&plan.before, "first"));
    for visit in of_farm(judged, calls) {
        lines.push(printable(&format!("  {}", visit.called)).into_owned());
        let actions = visit.before.iter().copied().chain(visit.actions());
        let actions = actions.chain(visit.after.iter().copied());
        lines.extend(actions.map(|action| format!("    - {}", shell.step(action))));
    }
    lines.extend(general(&plan.after, "then"));
    let outcome = format!("  After these steps: {}", outcome(plan));
    lines.push(printable(&outcome).into_owned());
}

/// How the keys of an instance are brought together.
pub(super) struct KeySource<'r> {
    /// What a script is called with for it.
    pub(super) called: String,
    /// Its files; `None` where a person saves them from its repository.
    pub(super) files: Option<&'r [String; 2]>,
    /// What they are, hmac first.
    pub(super) digests: [Option<Digest>; 2],
}

impl KeySource<'_> {
    /// Returns `true` if files can be told from the keys of another source. By their lengths alone, all are the same.
    pub(super) fn are_known(&self) -> bool {
        self.digests.iter().all(Option::is_some)
    }
}

/// Returns the instances whose keys are put in place somewhere.
pub(super) fn sources<'r>(report: &'r Report, calls: &ScriptNames<'_>) -> Vec<KeySource<'r>> {
    report.farms.iter().flat_map(|judged| of_plan(judged, calls)).collect()
}

fn of_plan<'r>(judged: &'r Judged, calls: &ScriptNames<'_>) -> Vec<KeySource<'r>> {
    let plan = &judged.plan;
    let collected = plan.collect.iter().map(|Collect { instance, files, digests }| KeySource {
        called: calls.name(judged, instance),
        files: files.as_ref(),
        digests: digests.map(Some),
    });
    let first = plan.collect.as_ref().map(|collect| &collect.instance);
    let exported = plan.before.iter().filter_map(|action| match (&action.instance, &action.does) {
        (Some(name), Do::ExportFromJcr { digests, is_source: true }) if Some(name) != first => {
            Some(KeySource { called: calls.name(judged, name), files: None, digests: *digests })
        }
        _ => None,
    });
    collected.chain(exported).collect()
}

/// Returns what instances are called by to which nothing is done.
pub(super) fn others(
    report: &Report,
    calls: &ScriptNames<'_>,
    visits: &[InstanceVisit<'_>],
) -> Vec<String> {
    let visited: BTreeSet<&str> = visits.iter().map(|visit| visit.called.as_str()).collect();
    let called = report.farms.iter().flat_map(|judged| {
        let members = judged.farm.members.iter();
        members.map(|member| calls.name(judged, &member.name))
    });
    called.filter(|called| !visited.contains(called.as_str())).collect()
}
