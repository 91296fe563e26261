//! A plan as a text to follow: who does what, in which order, with commands that stand alone.

use super::english::{outcome, sentence, with_first};
use super::{KEYS, posix, powershell};
use crate::diagnosis::Judged;
use crate::facts::{self, Digest, KeyName, Opening, ProtectedAt};
use crate::farm::{Member, listed};
use crate::repair::{
    Action, Collect, Decision, Do, KeyCheck, ManualCommand, Outcome, Plan, PlanCheck, PlanIndex,
    Window,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a repository holds that was encrypted, and becomes unreadable with other keys.
const IN_REPOSITORY: [&str; 5] = [
    "the password of the SSL key store",
    "the password of the trust store",
    "the passwords of the SAML key store and of other key stores of users",
    "the passwords of replication agents",
    "the secrets of cloud services",
];
/// What configurations hold of that.
const IN_CONFIGURATIONS: [&str; 3] = [
    "the password of the mail service",
    "the IMS client secret",
    "every other value in braces, {…}, in OSGi configurations",
];

/// A part of a repair that is done in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct RepairPart {
    /// Who, and where.
    pub(in crate::report) title: String,
    /// The instance that is stopped for it.
    pub(in crate::report) stops: Option<String>,
    /// What is done, in order.
    pub(in crate::report) steps: Vec<GuideStep>,
}

/// One step: what is done, without a full stop, and a block of commands that does it. The block stops at the first that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct GuideStep {
    pub(in crate::report) say: String,
    pub(in crate::report) commands: Vec<String>,
    /// The commands are for PowerShell.
    pub(in crate::report) is_powershell: bool,
    /// The commands are all of it, so that a short text can leave the words out.
    pub(in crate::report) is_all_in_commands: bool,
}

impl GuideStep {
    fn say(say: impl Into<String>) -> Self {
        Self {
            say: say.into(),
            commands: Vec::new(),
            is_powershell: false,
            is_all_in_commands: false,
        }
    }

    /// Makes a step of what a person does. The title of its part says where.
    fn manual(action: &Action, is_powershell: bool) -> Self {
        let said = sentence(action);
        let place = action.instance.as_ref().map(|name| format!("On {name}, "));
        let say = match place.and_then(|place| said.strip_prefix(&place)) {
            Some(rest) => with_first(rest, char::to_uppercase),
            None => said,
        };
        let mut commands = commands(action, is_powershell);
        if commands.len() > 1 {
            let done = action.instance.as_ref().map(|name| format!("{name}: done"));
            let done = done.unwrap_or_else(|| "done".to_owned());
            commands = block(commands, &done, is_powershell);
        }
        Self { commands, is_powershell, ..Self::say(say) }
    }

    /// Makes one step of actions that follow each other, which prints `done` when all of it went right.
    fn block(says: Vec<String>, commands: Vec<String>, done: &str, is_powershell: bool) -> Self {
        let commands = block(commands, done, is_powershell);
        let mut says = says.into_iter();
        let mut say = says.next().unwrap_or_default();
        for next in says {
            say.push_str("; ");
            say.push_str(&with_first(&next, char::to_lowercase));
        }
        Self { say, commands, is_powershell, is_all_in_commands: true }
    }
}

impl RepairPart {
    /// Returns its steps with those that stop and start the instance.
    pub(in crate::report) fn all_steps(&self) -> Vec<GuideStep> {
        let turn = |what: &str| {
            self.stops
                .iter()
                .map(|name| GuideStep::say(format!("{what} {name}")))
                .collect::<Vec<_>>()
        };
        [turn("Stop"), self.steps.clone(), turn("Start")].concat()
    }
}

/// Makes steps of actions: those that commands do are one block.
fn guided(actions: &[&Action], done: &str, is_powershell: bool) -> Vec<GuideStep> {
    let is_manual = |action: &Action| matches!(action.does, Do::Manual(_));
    let has_commands = |action: &Action| !is_manual(action) && !posix::commands(action).is_empty();
    let mut steps = Vec::new();
    for same in actions.chunk_by(|a, b| has_commands(a) && has_commands(b)) {
        let Some(first) = same.first() else { continue };
        if !has_commands(first) {
            steps.extend(same.iter().map(|action| GuideStep::manual(action, is_powershell)));
            continue;
        }
        let mut says: Vec<String> = same.iter().map(|action| sentence(action)).collect();
        says.dedup();
        let commands = same.iter().flat_map(|action| commands(action, is_powershell));
        steps.push(GuideStep::block(says, commands.collect(), done, is_powershell));
    }
    steps
}

fn block(commands: Vec<String>, done: &str, is_powershell: bool) -> Vec<String> {
    if is_powershell { powershell::block(commands, done) } else { posix::block(commands, done) }
}

/// Says who runs the commands of a repair.
pub(in crate::report) fn as_whom(plan: &Plan) -> &'static str {
    let is_of_root = |action: &Action| match &action.does {
        Do::Manual(text) => text.commands().any(ManualCommand::is_of_root),
        _ => false,
    };
    if plan.actions().any(is_of_root) {
        "as the user that runs AEM, or as root where a step says so"
    } else {
        "as the user that runs AEM"
    }
}

fn commands(action: &Action, is_powershell: bool) -> Vec<String> {
    if is_powershell { powershell::commands(action) } else { posix::commands(action) }
}

/// Returns `true` if an instance has PowerShell and no POSIX shell.
pub(in crate::report) fn on_windows(judged: &Judged, name: &str) -> bool {
    member(judged, name).is_some_and(|member| member.snapshot.is_on_windows())
}

fn member<'j>(judged: &'j Judged, name: &str) -> Option<&'j Member> {
    let members = &judged.farm.members;
    let found = members.binary_search_by(|member| member.name.as_str().cmp(name));
    found.ok().and_then(|index| members.get(index))
}

/// Returns the warning before keys are replaced, where the snapshots do not show all that was encrypted with them: what was found and tried
/// the plan names one by one.
pub(in crate::report) fn warning(judged: &Judged) -> Option<(&'static str, Vec<&'static str>)> {
    let windows = judged.plan.windows.iter();
    let unseen: Vec<[bool; 2]> = windows.filter_map(|window| unseen(judged, window)).collect();
    let is_unseen = |nth: fn(&[bool; 2]) -> bool| unseen.iter().any(nth);
    let lists: [(bool, &[&str]); 2] = [
        (is_unseen(|[stored, _]| *stored), &IN_REPOSITORY),
        (is_unseen(|[_, configured]| *configured), &IN_CONFIGURATIONS),
    ];
    let listed = lists.into_iter().filter(|(is_unseen, _)| *is_unseen);
    let listed: Vec<&str> = listed.flat_map(|(_, list)| list.iter().copied()).collect();
    let text = "Where the keys of an instance are replaced, it can no longer read what it encrypted with the old ones, and the snapshots do not show all of \
        that. Have these ready to enter again";
    (!listed.is_empty()).then_some((text, listed))
}

/// Says where the paths begin that lead into a source of several instances, such as a folder of copies: servers may have no such folder.
pub(in crate::report) fn beginning(judged: &Judged) -> Option<String> {
    let instances = judged.plan.windows.iter().map(|window| &window.instance);
    let sources = instances.filter_map(|name| Some(&member(judged, name)?.snapshot.source));
    let holds_several = |source: &&String| {
        let of_source = |member: &&Member| member.snapshot.source == **source;
        judged.farm.members.iter().filter(of_source).count() > 1
    };
    let sources: BTreeSet<&String> = sources.filter(holds_several).collect();
    let sources: Vec<&str> = sources.into_iter().map(|source| facts::spoken(source)).collect();
    (!sources.is_empty()).then(|| {
        format!(
            "Paths begin in {}, with the folder of each instance. Where a server has no such folder, scan the instances one by one.",
            listed(&sources)
        )
    })
}

/// Returns whether the repository, and the configurations, of an instance may hold what its master to come does not open and the plan does not
/// name; `None` where it keeps its master.
fn unseen(judged: &Judged, window: &Window) -> Option<[bool; 2]> {
    let member = member(judged, &window.instance)?;
    let snapshot = &member.snapshot;
    let own = member.known_key(KeyName::Master).map(|key| key.digest.whole);
    let does = || window.actions.iter().map(|action| &action.does);
    let is_placed = does().any(|does| matches!(does, Do::Place { .. }));
    let is_mended = does()
        .any(|does| matches!(does, Do::Swap { .. } | Do::Truncate { .. } | Do::Decode { .. }));
    let mut checks = does().filter_map(|does| match does {
        Do::Verify(PlanCheck::Keys(checks)) => Some(checks),
        _ => None,
    });
    let master =
        checks.find_map(|all| all.iter().find(|check| check.key == KeyName::Master))?.digest;
    if !(is_placed || is_mended) || master.is_some() && master == own {
        return None;
    }
    // Of keys that are placed the plan names what they do not open.
    let is_settled = |at: &ProtectedAt<'_>, master: Digest| {
        let opens = |opening: &Opening| opening.master == master.md5 && opening.flaw.is_none();
        let is_open =
            || snapshot.openings(at.digest.sha256).is_some_and(|all| all.iter().any(opens));
        snapshot.was_tried(at.digest.sha256, master.md5) && (is_placed || is_open())
    };
    let mut values = snapshot.protected_values();
    values.retain(|at| at.in_effect && !master.is_some_and(|master| is_settled(at, master)));
    let has_unsettled = |stored: bool| values.iter().any(|at| at.node.is_some() == stored);
    Some([
        has_unsettled(true) || !snapshot.shows_stored_secrets(),
        has_unsettled(false) || !snapshot.shows_all_configurations(),
    ])
}

/// Returns the parts of a repair in the order in which they are done; of all actions, or of those whose indices are given.
pub(in crate::report) fn parts(judged: &Judged, only: Option<&BTreeSet<usize>>) -> Vec<RepairPart> {
    let plan = &judged.plan;
    let mut all = plan.actions().enumerate();
    let mut next = |count: usize| -> Vec<&Action> {
        let taken = all.by_ref().take(count);
        let is_wanted = |index: &usize| only.is_none_or(|only| only.contains(index));
        taken.filter(|(index, _)| is_wanted(index)).map(|(_, action)| action).collect()
    };
    let before = next(plan.before.len());
    let stopped: Vec<(&str, Vec<&Action>)> = plan
        .windows
        .iter()
        .map(|window| (window.instance.as_str(), next(window.actions.len())))
        .collect();
    let after = next(plan.after.len());
    let mut parts = Vec::new();
    parts.extend(while_running(&before, judged, "before anything is stopped", "First"));
    let is_placed = |action: &&Action| matches!(action.does, Do::Place { .. });
    let places = stopped.iter().flat_map(|(_, actions)| actions).any(is_placed);
    if let Some(collect) = plan.collect.as_ref().filter(|_| places) {
        parts.push(collected(collect, judged));
    }
    for (name, actions) in stopped.into_iter().filter(|(_, actions)| !actions.is_empty()) {
        parts.push(RepairPart {
            title: format!("On {name}, stopped"),
            stops: Some(name.to_owned()),
            steps: guided(&actions, &format!("{name}: done"), on_windows(judged, name)),
        });
    }
    parts.extend(while_running(
        &after,
        judged,
        "when all instances run again",
        "When all instances run again",
    ));
    parts
}

/// What is done while instances run, by instance, in order.
fn while_running(
    actions: &[&Action],
    judged: &Judged,
    when: &str,
    of_none: &str,
) -> Vec<RepairPart> {
    let mut by_instance: BTreeMap<Option<&str>, Vec<GuideStep>> = BTreeMap::new();
    for action in actions {
        let name = action.instance.as_deref();
        let is_powershell = name.is_some_and(|name| on_windows(judged, name));
        by_instance.entry(name).or_default().push(GuideStep::manual(action, is_powershell));
    }
    let title = |name: Option<&str>| {
        name.map_or_else(|| of_none.to_owned(), |name| format!("On {name}, {when}"))
    };
    by_instance
        .into_iter()
        .map(|(name, steps)| RepairPart { title: title(name), stops: None, steps })
        .collect()
}

/// Brings the keys of the source together.
fn collected(collect: &Collect, judged: &Judged) -> RepairPart {
    let Collect { instance, files, digests } = collect;
    let is_powershell = on_windows(judged, instance);
    let checks = KeyName::ALL.into_iter().zip(digests).map(|(key, digest): (_, &Digest)| {
        KeyCheck { key, file: format!("{KEYS}/{key}"), digest: Some(*digest) }
    });
    let verify = Action {
        instance: Some(instance.clone()),
        does: Do::Verify(PlanCheck::Keys(checks.collect())),
        because: BTreeSet::new(),
    };
    let mut says = vec![sentence(&verify)];
    let mut commands = Vec::new();
    if let Some(files) = files {
        says.insert(0, "Copy both keys to a new directory".to_owned());
        commands = if is_powershell { powershell::collect(files) } else { posix::collect(files) };
    }
    commands.extend(self::commands(&verify, is_powershell));
    // One that gets its own out of its repository has them, or others, in a directory of this name.
    let saves_its_own = |name: &str| {
        judged.plan.before.iter().any(|action| {
            let is_saved = matches!(action.does, Do::ExportFromJcr { is_source: true, .. });
            is_saved && action.instance.as_deref() == Some(name)
        })
    };
    let gets = |window: &&Window| {
        window.instance != *instance
            && !saves_its_own(&window.instance)
            && window.actions.iter().any(|action| action.does.places(digests))
    };
    let targets = judged.plan.windows.iter().filter(gets).map(|window| window.instance.as_str());
    let targets: Vec<&str> = targets.collect();
    let mut steps = vec![GuideStep::block(says, commands, "keys: right", is_powershell)];
    if !targets.is_empty() {
        steps.push(GuideStep::say(format!(
            "Copy the directory {KEYS} to {} in binary mode, such as with scp -r, so that nobody else can read it on the way. When everything works there, remove {KEYS} here too",
            listed(&targets)
        )));
    }
    RepairPart { title: format!("On {instance}, take the keys"), stops: None, steps }
}

/// Says whose keys are copied, and why.
pub(in crate::report) fn decision(plan: &Plan) -> Option<String> {
    match &plan.decision {
        Decision::Copy { source, old_copy: None, reason } => {
            Some(format!("The keys of {source} are copied: {reason}."))
        }
        Decision::Copy { source, old_copy: Some(place), reason } => Some(format!(
            "Keys that {source} does not work with now, {}, are put in use: {reason}.",
            match plan.collect.as_ref().and_then(|collect| collect.files.as_ref()) {
                Some([hmac, master]) => format!("{hmac} and {master}"),
                None => format!("those in its {place}"),
            }
        )),
        // Where each pair is mended in place, nothing is left to find out.
        Decision::FindOut(_) if plan.outcome == Outcome::Consistent && plan.yours.is_empty() => {
            None
        }
        Decision::FindOut(_) => Some("It is not known yet whose keys are right.".to_owned()),
        Decision::Nothing(_) => None,
    }
}

/// Says what comes of all steps.
pub(in crate::report) fn result(plan: &Plan) -> String {
    format!("After these steps: {}.", outcome(plan))
}

/// Returns the steps of each finding as sentences: each is reported with the first finding that wants it, and the others refer to that.
pub(in crate::report) fn fixes(judged: &Judged) -> Vec<Vec<String>> {
    let plan = &judged.plan;
    let (index, actions): (PlanIndex<'_>, Vec<&Action>) =
        (PlanIndex::of(plan), plan.actions().collect());
    let mut shown_by: Vec<Option<&str>> = vec![None; actions.len()];
    let mut fixes = Vec::with_capacity(judged.findings.len());
    for finding in &judged.findings {
        let rule = finding.rule;
        let here = finding.hit.instances.iter().map(String::as_str);
        let (mut own, mut elsewhere) = (Vec::new(), BTreeSet::new());
        for index in index.asked_for(rule.id, rule.compares, here) {
            match shown_by.get_mut(index) {
                Some(Some(other)) => {
                    elsewhere.insert(*other);
                }
                Some(shown_by) => {
                    own.extend(actions.get(index).map(|action| spoken(action, judged)));
                    *shown_by = Some(rule.id);
                }
                None => {}
            }
        }
        elsewhere.remove(rule.id);
        own.extend(elsewhere.iter().map(|other| format!("See the repair of {other}.")));
        fixes.push(own);
    }
    fixes
}

/// Returns an action as one text, with its commands.
fn spoken(action: &Action, judged: &Judged) -> String {
    let say = sentence(action);
    let is_named = matches!(
        action.does,
        Do::Manual(_)
            | Do::ExportFromJcr { .. }
            | Do::DeleteFromJcr { .. }
            | Do::EnterSecret { .. }
            | Do::SetProperty { .. }
            | Do::RemoveBackup { .. }
    );
    let on = match action.instance.as_deref() {
        Some(name) if !is_named => format!("{name}, stopped: "),
        _ => String::new(),
    };
    let is_powershell = action.instance.as_deref().is_some_and(|name| on_windows(judged, name));
    let commands = commands(action, is_powershell);
    let commands =
        if commands.is_empty() { ".".to_owned() } else { format!(": {}", commands.join("; ")) };
    format!("{on}{say}{commands}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Selection, judge};
    use crate::testing::{FarmBuilder, Instance, good_farm};

    const OLD: [u8; 16] = *b"\x01A\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\xff\x03\x05\x07\x09\x0b";

    fn judged(farm: FarmBuilder) -> Judged {
        judge(vec![farm.tried().build()], &Selection::default()).remove(0)
    }

    /// What is warned of where one instance is given the keys of two others, and its own open a secret.
    fn warned(change: impl FnOnce(Instance) -> Instance) -> Vec<&'static str> {
        let old = |i: Instance| change(i.master(&OLD).mail_secret(&OLD, "x"));
        // Where the pair of one instance alone opened secrets, its keys would be copied.
        let right: Vec<u8> = (0x80..0x90).collect();
        let farm = good_farm(&["a"]).with("b", |i| i.mail_secret(&right, "y")).with("c", old);
        let judged = judged(farm);
        let entered: Vec<_> = judged.plan.after.iter().map(|action| &action.does).collect();
        let is_mail = |does: &&&Do| matches!(does, Do::EnterSecret { property, .. } if property == "smtp.password");
        assert_eq!(entered.iter().filter(is_mail).count(), 1, "{entered:?}");
        warning(&judged).map(|(_, listed)| listed).unwrap_or_default()
    }

    #[test]
    fn warning_is_of_what_the_snapshots_do_not_show() {
        assert_eq!(warned(|i| i.configs().jcr(&[])), [""; 0], "the plan names all of it");
        assert_eq!(warned(Instance::configs), IN_REPOSITORY);
        assert_eq!(warned(|i| i.jcr(&[])), IN_CONFIGURATIONS);
        assert_eq!(warned(|i| i), [&IN_REPOSITORY[..], &IN_CONFIGURATIONS].concat());
        let in_part = |i: Instance| {
            let mut i = i.configs().jcr(&[]);
            i.snapshot.repository.as_mut().unwrap().secrets_gap = Some("x".to_owned());
            i
        };
        assert_eq!(warned(in_part), IN_REPOSITORY);
    }

    #[test]
    fn warning_is_of_what_the_keys_to_come_were_not_tried_on() {
        let old = |i: Instance| i.master(&OLD).mail_secret(&OLD, "x").configs().jcr(&[]);
        let farm = good_farm(&["a", "b"]).with("c", old).build();
        let judged = judge(vec![farm], &Selection::default()).remove(0);
        assert_eq!(warning(&judged).unwrap().1, IN_CONFIGURATIONS);
    }

    #[test]
    fn paths_in_a_folder_of_several_instances_begin_there() {
        let other: Vec<u8> = (0x40..0x60).collect();
        let mut farm = good_farm(&["a", "b"]).with("c", |i| i.hmac(&other)).build();
        let of = |farm| beginning(&judge(vec![farm], &Selection::default()).remove(0));
        assert_eq!(of(farm.clone()), None);
        for member in &mut farm.members {
            member.snapshot.source = "uploads".to_owned();
        }
        assert!(of(farm).unwrap().starts_with("Paths begin in uploads, "));
    }

    #[test]
    fn nothing_is_warned_of_where_the_master_stays() {
        let other: Vec<u8> = (0x40..0x60).collect();
        let hmac = judged(good_farm(&["a", "b"]).with("c", |i| i.hmac(&other)));
        assert!(!hmac.plan.windows.is_empty());
        assert_eq!(warning(&hmac), None);
    }
}
