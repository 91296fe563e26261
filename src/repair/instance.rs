//! What is done to one instance: before it is stopped, while it is, and when it runs again.

mod configurations;
mod goal;
mod keys;
mod mend;
mod repository;
mod storage;

pub(super) use goal::KeyGoal;

use super::action::{Action, Do, Window, manual};
use super::install::Install;
use super::need::because;
use super::right_keys::RightKeys;
use super::{Id, Need, RuleId, RuleNeed, Scope, Text, Unless, When, on_instance};
use crate::facts::{Digest, Hex, KeyFile, KeyName};
use crate::farm::Member;
use std::collections::BTreeSet;

/// The repair of one instance, in the making.
#[allow(clippy::struct_excessive_bools, reason = "each is one thing that is known of the instance")]
pub(super) struct InstanceRepair<'p> {
    pub(super) member: &'p Member,
    pub(super) goal: KeyGoal,
    /// The keys that it gets from elsewhere.
    right: Option<[Digest; 2]>,
    /// It is known whose keys are right, and where it has others they are replaced.
    is_decided: bool,
    wants: Vec<RuleNeed<'p>>,
    install: Install,
    /// The policy accepts its keys, which stay as they are.
    is_accepted: bool,
    /// The cold standbys that have its repository, too.
    mirrors: Vec<Id>,
    /// It is such a standby, and what its repository holds is said of the primary.
    is_mirror: bool,
    writes_storage: bool,
    /// The md5 of masters that open secrets which are shut now.
    needed: &'p BTreeSet<Hex<16>>,
    before: Vec<Action>,
    stopped: Vec<Action>,
    after: Vec<Action>,
}

impl<'p> InstanceRepair<'p> {
    /// Decides what becomes of an instance; `None` where nothing is wanted of it.
    pub(super) fn of(
        scope: Scope<'_>,
        member: &'p Member,
        right: Option<RightKeys<'_>>,
        is_decided: bool,
        needed: &'p BTreeSet<Hex<16>>,
        mut wants: Vec<RuleNeed<'p>>,
    ) -> Option<Self> {
        let is_accepted = scope.accepts(member);
        if is_accepted {
            wants.retain(|(_, need)| !need.is_of_keys());
        }
        if wants.is_empty() {
            return None;
        }
        let right = right.map(|keys| keys.digests);
        // What the policy means may be the very file that would be mended.
        let is_unexpected = |name: KeyName| {
            let expected = scope.expected().keys.get(&name).zip(member.known_key(name));
            expected.is_some_and(|(expected, key)| !expected.is_of(&key.value))
        };
        let asks = || wants.iter().any(|(_, need)| matches!(need, Need::FarmKeys(_)));
        let is_contradicted = !is_decided && asks() && KeyName::ALL.into_iter().any(is_unexpected);
        let goal = if is_accepted || is_contradicted {
            KeyGoal::Stay
        } else {
            KeyGoal::choose(member, right, &wants)
        };
        let mut repair = Self {
            member,
            goal,
            right: right.filter(|_| goal == KeyGoal::Farm),
            is_decided,
            wants,
            install: Install::of(&scope.farm.name, member),
            is_accepted,
            mirrors: scope.farm.mirrors_of(member),
            is_mirror: scope.farm.is_mirror(member),
            writes_storage: false,
            needed,
            before: Vec::new(),
            stopped: Vec::new(),
            after: Vec::new(),
        };
        repair.writes_storage = repair.has_to_write_storage();
        Some(repair)
    }

    /// Returns what is done before, while it is stopped, and after.
    pub(super) fn finish(mut self) -> (Vec<Action>, Option<Window>, Vec<Action>) {
        self.advise(When::Before);
        match self.goal {
            KeyGoal::Farm | KeyGoal::Own => self.put_keys(),
            KeyGoal::Mend => self.mend_keys(),
            KeyGoal::Stay => self.keep_keys(),
        }
        self.explain_storage();
        self.advise(When::Stopped);
        // Behind the keys: AEM encrypts what is entered with the master that it works with then.
        self.enter_secrets();
        self.set_properties();
        self.leave_repository();
        self.advise(When::After);
        self.remove_backup();
        let (instance, actions) = (self.member.name.clone(), self.stopped);
        let window = (!actions.is_empty()).then_some(Window { instance, actions });
        (self.before, window, self.after)
    }

    fn has(&self, is: impl Fn(&Need) -> bool) -> bool {
        self.wants.iter().any(|(_, need)| is(need))
    }

    /// Returns the rules that want something done to its keys; where none does, those on whose behalf it is done all the same.
    fn of_keys(&self) -> BTreeSet<RuleId> {
        let own = self.of_key_needs(|need| !matches!(need, Need::FarmKeys(_)));
        // What mends its own keys is not done for the sake of those of others, unless nothing else asks for it.
        if self.goal != KeyGoal::Farm && !own.is_empty() {
            return own;
        }
        let all = self.of_key_needs(|_| true);
        if all.is_empty() { because(&self.wants, is_of_storage) } else { all }
    }

    fn of_key_needs(&self, is_meant: impl Fn(&Need) -> bool) -> BTreeSet<RuleId> {
        because(&self.wants, |need| {
            let is_other = matches!(
                need,
                Need::Advice { .. } | Need::Secret { .. } | Need::ConfigValue { .. }
            );
            !is_of_storage(need) && !is_other && is_meant(need)
        })
    }

    fn of_storage(&self) -> BTreeSet<RuleId> {
        let own =
            because(&self.wants, |need| is_of_storage(need) || matches!(need, Need::LeaveJcr(_)));
        if own.is_empty() { self.of_keys() } else { own }
    }

    /// Returns the rules that want what is done for keys and, where that is written, for `storage` alike.
    fn of_both(&self) -> BTreeSet<RuleId> {
        let storage = if self.writes_storage { self.of_storage() } else { BTreeSet::new() };
        &self.of_keys() | &storage
    }

    fn action(&self, does: Do, because: BTreeSet<RuleId>) -> Action {
        Action { instance: Some(self.member.name.clone()), does, because }
    }

    /// Has something done while it is stopped.
    fn push(&mut self, does: Do, because: &BTreeSet<RuleId>) {
        let action = self.action(does, because.clone());
        self.stopped.push(action);
    }

    /// Has a person do or decide something before anything is changed.
    fn ask_before(&mut self, text: String, because: BTreeSet<RuleId>) {
        self.before.push(manual(Some(&self.member.name), Text::from(text), because));
    }

    /// Takes what people are to do at this time.
    fn advise(&mut self, at: When) {
        // Its own may be those that the farm gets.
        let is_copied = self.goal == KeyGoal::Farm || self.goal == KeyGoal::Own && self.is_decided;
        let is_changed =
            !self.stopped.is_empty() || self.has(|need| need.is_of_keys() || is_of_storage(need));
        let is_settled = |unless: Option<Unless>| match unless {
            Some(Unless::Copied) => is_copied,
            Some(Unless::Changed) => is_changed,
            Some(Unless::Explained) | None => false,
        };
        let meant = self.wants.iter().filter_map(|(rule, need)| match need {
            Need::Advice { when, text, unless, .. } if *when == at && !is_settled(*unless) => {
                Some(manual(Some(&self.member.name), text.clone(), [*rule].into()))
            }
            _ => None,
        });
        match at {
            When::Before => self.before.extend(meant),
            When::Stopped => self.stopped.extend(meant),
            When::After => self.after.extend(meant),
        }
    }

    fn remove_backup(&mut self) {
        let kept = self.stopped.iter().find(|action| matches!(action.does, Do::BackUp { .. }));
        let Some(rules) = kept.map(|action| action.because.clone()) else { return };
        let directory = self.install.backup.clone();
        let does = if self.keeps_needed() {
            let text = format!(
                "Keep {directory} of {} where nobody else can read it: a key in it opens secrets that nothing else opens. Remove it when those are \
                 entered again.",
                self.member.name
            );
            Do::Manual(text.into())
        } else {
            let is_brought = |action: &Action| matches!(action.does, Do::Place { .. });
            Do::RemoveBackup { directory, brought: self.stopped.iter().any(is_brought) }
        };
        self.after.push(self.action(does, rules));
    }

    /// Returns `true` if what is replaced or moved away opens secrets that stay shut without it.
    fn keeps_needed(&self) -> bool {
        // Files that are mended in place stay in use.
        let puts = matches!(self.goal, KeyGoal::Farm | KeyGoal::Own);
        let put = if puts { self.digests_to_put() } else { [None; 2] };
        let is_put = |file: &KeyFile| {
            let trimmed = file.digest.trimmed.iter().map(|(_, content)| *content);
            let mut contents = [file.digest.whole].into_iter().chain(trimmed);
            contents.any(|content| put.contains(&Some(content)))
        };
        let of_instance = self.member.snapshot.all_key_files();
        let files = of_instance
            .chain(&self.member.snapshot.stray_keys)
            .filter(|file| self.needed.contains(&file.digest.whole.md5) && !is_put(file));
        let paths: BTreeSet<&str> = files.map(|file| on_instance(&file.place.path)).collect();
        !paths.is_empty()
            && self.stopped.iter().any(|action| match &action.does {
                Do::BackUp { files, .. } if puts => {
                    files.iter().any(|file| paths.contains(file.as_str()))
                }
                // What is moved to its place is in use then.
                Do::Move { from, to } => {
                    paths.contains(from.as_str()) && *to == self.install.aside(from)
                }
                _ => false,
            })
    }
}

fn is_of_storage(need: &Need) -> bool {
    matches!(need, Need::Storage(_) | Need::MoveStorage { .. })
}
