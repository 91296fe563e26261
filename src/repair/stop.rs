//! What is done to one instance: before it is stopped, while it is, and when it runs again.

use super::action::{Action, Do, KeyCheck, PlanCheck, Window, manual, window};
use super::install::Install;
use super::mend::{Mended, flat, mend};
use super::need::because;
use super::right_keys::RightKeys;
use super::{Need, RuleId, RuleNeed, Scope, Text, Unless, When, on_instance};
use crate::facts::{Digest, IMS_CLIENT_SECRET, IMS_SERVICE_SECRET, KeyName, Opening, StorageMode};
use crate::farm::{Flaw, KeyState, Member, is_contradicted, is_open, other_in_jcr};
use std::collections::{BTreeMap, BTreeSet};

/// The secrets that are entered again, by configuration and property, and the rules that want it.
type Secrets = BTreeMap<(String, String), BTreeSet<RuleId>>;

/// What becomes of the keys of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyGoal {
    /// It gets those of another instance.
    Farm,
    /// It gets its own out of its repository.
    Own,
    /// Its files are mended.
    Mend,
    /// They stay as they are.
    Stay,
}

/// The repair of one instance, in the making.
pub(super) struct InstanceRepair<'p> {
    pub(super) member: &'p Member,
    pub(super) goal: KeyGoal,
    /// The keys that it gets from elsewhere.
    right: Option<[Digest; 2]>,
    wants: Vec<RuleNeed<'p>>,
    install: Install,
    /// The policy accepts its keys, which stay as they are.
    is_accepted: bool,
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
        let goal = if is_accepted { KeyGoal::Stay } else { goal(member, right, &wants) };
        let install = Install::of(member);
        Some(Self {
            member,
            goal,
            right: right.filter(|_| goal == KeyGoal::Farm),
            wants,
            install,
            is_accepted,
            before: Vec::new(),
            stopped: Vec::new(),
            after: Vec::new(),
        })
    }

    /// Returns what is done before, while it is stopped, and after.
    pub(super) fn finish(mut self) -> (Vec<Action>, Option<Window>, Vec<Action>) {
        self.advise(When::Before);
        let writes = self.writes_storage();
        match self.goal {
            KeyGoal::Farm | KeyGoal::Own => self.put_keys(writes),
            KeyGoal::Mend => self.mend(writes),
            KeyGoal::Stay if writes || self.moves_storage() => self.write_storage_alone(writes),
            KeyGoal::Stay => {}
        }
        self.explain_storage(writes);
        self.advise(When::Stopped);
        self.enter_secrets();
        self.set_properties();
        self.leave_repository();
        self.advise(When::After);
        self.remove_backup();
        let window = window(&self.member.name, self.stopped);
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

    /// Returns the rules that want what is done for keys and, where that is written, for `storage` alike.
    fn of_both(&self, writes: bool) -> BTreeSet<RuleId> {
        let storage = if writes { self.of_storage() } else { BTreeSet::new() };
        &self.of_keys() | &storage
    }

    fn of_storage(&self) -> BTreeSet<RuleId> {
        let own = because(&self.wants, |need| {
            matches!(need, Need::Storage(_) | Need::MoveStorage { .. } | Need::LeaveJcr(_))
        });
        if own.is_empty() { self.of_keys() } else { own }
    }

    fn action(&self, does: Do, because: BTreeSet<RuleId>) -> Action {
        Action { instance: Some(self.member.name.clone()), does, because }
    }

    fn tell_before(&mut self, text: impl Into<Text>, because: BTreeSet<RuleId>) {
        self.before.push(manual(Some(&self.member.name), text.into(), because));
    }

    /// Takes what people are to do at this time.
    fn advise(&mut self, at: When) {
        for (rule, need) in self.wants.clone() {
            if let Need::Advice { when, text, unless, .. } = need
                && *when == at
                && !(*unless == Some(Unless::Copied) && self.goal == KeyGoal::Farm)
            {
                let action = manual(Some(&self.member.name), text.clone(), [rule].into());
                match at {
                    When::Before => self.before.push(action),
                    When::Stopped => self.stopped.push(action),
                    When::After => self.after.push(action),
                }
            }
        }
    }

    /// Puts both keys in place, those of another instance or those of its own repository.
    fn put_keys(&mut self, writes: bool) {
        let rules = self.of_keys();
        let name = &self.member.name;
        let (Some(directory), Some(files)) = (self.install.keys.clone(), self.key_files()) else {
            self.tell_before(
                format!(
                    "The number of the bundle com.adobe.granite.crypto.file of {name} is not known, so its directory is not: look it up on \
                     /system/console/bundles, bring its bundle.info with the next snapshot, and scan again."
                ),
                rules,
            );
            return;
        };
        let digests = self.digests_to_put();
        self.export(digests, &rules);
        let storage = self.install.storage_file().filter(|_| writes);
        self.back_up(files.iter().chain(&storage).cloned().collect(), &self.of_both(writes));
        let aside = self.misplaced_aside();
        self.stopped.extend(aside);
        // Felix makes `data` when a bundle first asks for a file, so it need not be there.
        if !self.has_key_files() {
            self.push(Do::EnsureDirectory { directory }, &rules);
        }
        let mut checks = Vec::new();
        for ((key, to), digest) in KeyName::ALL.into_iter().zip(files).zip(digests) {
            self.push(Do::Place { key, to: to.clone(), digest }, &rules);
            checks.push(KeyCheck { key, file: to, digest });
        }
        self.push(Do::Verify(PlanCheck::Keys(checks)), &self.of_both(writes));
        if writes {
            self.write_storage();
        }
    }

    /// Returns `true` if the directory of the keys is there: there are keys in it.
    fn has_key_files(&self) -> bool {
        let mut names = KeyName::ALL.into_iter();
        names.any(|name| self.member.snapshot.keys_in_use(name).next().is_some())
    }

    fn push(&mut self, does: Do, because: &BTreeSet<RuleId>) {
        let action = self.action(does, because.clone());
        self.stopped.push(action);
    }

    fn key_files(&self) -> Option<[String; 2]> {
        let [hmac, master] = KeyName::ALL.map(|name| self.install.key(name));
        Some([hmac?, master?])
    }

    /// Returns what the keys will be, where that is known.
    fn digests_to_put(&self) -> [Option<Digest>; 2] {
        self.right.map_or_else(|| self.digests_in_jcr(), |right| right.map(Some))
    }

    fn digests_in_jcr(&self) -> [Option<Digest>; 2] {
        let repository = self.member.snapshot.repository.as_ref();
        let current = repository.filter(|read| !read.is_outdated());
        KeyName::ALL.map(|name| current?.key(name).map(|key| key.digest.whole))
    }

    /// Saves the keys in the repository: those that are put in place, or those that nothing else has once others are.
    fn export(&mut self, put: [Option<Digest>; 2], rules: &BTreeSet<RuleId>) {
        let own = self.digests_in_jcr();
        let is_source = self.goal == KeyGoal::Own;
        // Those that it gets may be there already, as where a package of /etc/key was installed: nothing of its own is lost.
        let is_other = |(own, put): (Option<Digest>, Option<Digest>)| own.is_some() && own != put;
        let is_read = self
            .member
            .snapshot
            .repository
            .as_ref()
            .is_some_and(|read| read.keys.reason().is_none() && !read.is_outdated());
        let may_hold = if is_read {
            own.into_iter().zip(put).any(is_other)
        } else {
            self.member.is_in_jcr_mode()
        };
        if is_source || may_hold {
            let export = Do::ExportFromJcr { digests: own, is_source };
            self.before.push(self.action(export, rules.clone()));
        }
    }

    fn back_up(&mut self, files: Vec<String>, rules: &BTreeSet<RuleId>) {
        let directory = self.install.backup.clone();
        self.push(Do::BackUp { directory, files }, rules);
    }

    fn moves_storage(&self) -> bool {
        self.has(|need| matches!(need, Need::MoveStorage { .. }))
    }

    /// Moves files out of the wrong place where the right ones come: what they are is still there afterwards.
    fn misplaced_aside(&self) -> Vec<Action> {
        let keys = self.goal != KeyGoal::Mend;
        let aside = |(rule, need): &RuleNeed<'_>| {
            let from = match need {
                Need::MoveKey { from, .. } if keys => from,
                Need::MoveStorage { from, .. } => from,
                _ => return None,
            };
            let from = on_instance(from).to_owned();
            let to = format!("{}/{}", self.install.backup, flat(&from));
            Some(self.action(Do::Move { from, to }, [*rule].into()))
        };
        self.wants.iter().filter_map(aside).collect()
    }

    /// Mends the files in place, and checks what they became.
    fn mend(&mut self, writes: bool) {
        let rules = self.of_keys();
        let contradicted = KeyName::ALL.into_iter().any(|name| {
            self.has(|need| matches!(need, Need::TrimKey(_, key) if *key == name))
                && other_in_jcr(self.member, name).is_some()
        });
        if contradicted {
            let name = &self.member.name;
            self.tell_before(
                format!(
                    "On {name}, cut nothing off yet: /etc/key holds another key than the file, and it is not clear which is right. Settle \
                     jcr-key-mismatch first, and scan again."
                ),
                rules,
            );
            return;
        }
        let (Some(files), Some(directory)) = (self.key_files(), self.install.keys.clone()) else {
            return;
        };
        let Mended { actions, files: changed, checks } =
            mend(self.member, &self.wants, &files, &self.install.backup);
        let storage = self.install.storage_file().filter(|_| writes);
        self.back_up(changed.into_iter().chain(storage).collect(), &self.of_both(writes));
        let aside = self.misplaced_aside();
        self.stopped.extend(aside);
        let is_moved = |does: &Do| matches!(does, Do::Move { to, .. } if files.contains(to));
        if actions.iter().any(is_moved) && !self.has_key_files() {
            self.push(Do::EnsureDirectory { directory }, &rules);
        }
        for does in actions {
            self.push(does, &rules);
        }
        if !checks.is_empty() {
            self.push(Do::Verify(PlanCheck::Keys(checks)), &self.of_both(writes));
        }
        if writes {
            self.write_storage();
        }
    }

    /// Writes `storage` where the keys stay: they are checked all the same, for it is to say where they are.
    fn write_storage_alone(&mut self, writes: bool) {
        let rules = self.of_storage();
        let Some(file) = self.install.storage_file() else { return };
        self.back_up(if writes { vec![file] } else { Vec::new() }, &rules);
        let aside = self.misplaced_aside();
        self.stopped.extend(aside);
        if !writes {
            return;
        }
        let known = |key| {
            let (known, _) = self.member.key_in_file(key)?;
            Some(KeyCheck { key, file: self.install.key(key)?, digest: Some(known.digest.whole) })
        };
        let checks: Vec<KeyCheck> = KeyName::ALL.into_iter().filter_map(known).collect();
        if !checks.is_empty() {
            self.push(Do::Verify(PlanCheck::Keys(checks)), &rules);
        }
        self.write_storage();
    }

    fn write_storage(&mut self) {
        let rules = self.of_storage();
        let (Some(directory), Some(file)) =
            (self.install.storage.clone(), self.install.storage_file())
        else {
            return;
        };
        if self.member.snapshot.storage_in_place().next().is_none() {
            self.push(Do::EnsureDirectory { directory }, &rules);
        }
        // Replaced and not edited: vi ends the last line, and the word must be alone. (Adobe
        // KA-23909)
        self.push(Do::WriteStorage { file: file.clone() }, &rules);
        self.push(Do::Verify(PlanCheck::Storage { file }), &rules);
    }

    /// Returns `true` if `storage` is written: where it does not say just `Bundle` already, and it is known to be absent or what it says.
    fn writes_storage(&self) -> bool {
        let member = self.member;
        let is_exact = |file: &crate::facts::StorageFile| {
            file.storage.is_exact() && file.storage.mode == StorageMode::Bundle
        };
        let is_there = member.snapshot.storage_in_place().next().is_some();
        if self.install.storage.is_none()
            || member.storage().is_some_and(is_exact)
            || !is_there && !member.is_storage_absent()
        {
            return false;
        }
        match self.goal {
            KeyGoal::Farm | KeyGoal::Own => true,
            KeyGoal::Mend | KeyGoal::Stay => {
                let is_file = |name| member.key_in_file(name).is_some() || self.is_moved(name);
                let is_bundle = member.storage_mode() == Some(StorageMode::Bundle);
                // Where there is no key, AEM would make new ones.
                let mut names = KeyName::ALL.into_iter();
                self.has(|need| matches!(need, Need::Storage(_)))
                    && !is_open(member)
                    && if is_bundle { names.any(is_file) } else { names.all(is_file) }
            }
        }
    }

    /// Returns `true` if a key is moved to its place. In JCR mode, files are moved out of the way.
    fn is_moved(&self, name: KeyName) -> bool {
        !self.member.is_in_jcr_mode()
            && self.has(|need| matches!(need, Need::MoveKey { key, .. } if *key == name))
    }

    /// Says why `storage` is not written where a finding wants it.
    fn explain_storage(&mut self, writes: bool) {
        if writes || !self.has(|need| matches!(need, Need::Storage(_))) {
            return;
        }
        let (member, name) = (self.member, &self.member.name);
        let text = if self.is_accepted {
            format!(
                "The policy accepts the keys of {name}, so they stay where they are. Write into its storage the word for that, Bundle for files or JCR \
                 for /etc/key, without a newline."
            )
        } else if is_open(member) && is_contradicted(member) {
            format!(
                "The files of {name} are other keys than its /etc/key has, and storage does not say which count. Find out which have encrypted \
                 its data (CRXDE Lite shows those of /etc/key), put those in place, and write Bundle into storage, without a newline."
            )
        } else if is_open(member) {
            format!(
                "The snapshot does not show which keys {name} has: storage does not, and hmac and master are not both among its files. Take another \
                 snapshot, with the whole repository, and scan again: where /etc/key holds both, the repair moves them to files."
            )
        } else {
            format!(
                "Neither the files of {name} nor its /etc/key hold both keys. Search its backups for them: only those read what it has encrypted."
            )
        };
        let rules = self.of_storage();
        self.tell_before(text, rules);
    }

    /// Secrets that were encrypted with a key that is replaced, and those that are lost, are entered when the keys are right.
    fn enter_secrets(&mut self) {
        let mut secrets = Secrets::new();
        for (rule, need) in &self.wants {
            if let Need::Secret { pid, property, .. } = need {
                secrets.entry((pid.clone(), property.clone())).or_default().insert(*rule);
            }
        }
        let untried = self.unreadable(&mut secrets);
        if untried && self.goal == KeyGoal::Farm && self.replaces_master() {
            for ims in self.member.snapshot.ims_configurations() {
                let held = [IMS_CLIENT_SECRET, IMS_SERVICE_SECRET].into_iter();
                for property in held.filter(|property| ims.secret(property).is_some()) {
                    let secret = (ims.pid.clone(), property.to_owned());
                    secrets.entry(secret).or_insert_with(|| self.of_keys());
                }
            }
        }
        for ((pid, property), rules) in secrets {
            self.after.push(self.action(Do::EnterSecret { pid, property }, rules));
        }
    }

    /// Adds each secret that the master to come does not open; returns `true` if it was not tried on all.
    fn unreadable(&self, secrets: &mut Secrets) -> bool {
        let [_, Some(master)] = self.digests_to_put() else { return true };
        if !matches!(self.goal, KeyGoal::Farm | KeyGoal::Own) {
            return false;
        }
        let snapshot = &self.member.snapshot;
        let opens = |opening: &Opening| opening.master == master.md5 && opening.flaw.is_none();
        let mut untried = false;
        for at in snapshot.protected_values().into_iter().filter(|at| at.in_effect) {
            let value = at.digest.sha256;
            let is_tried = snapshot.was_tried(value, master.md5);
            untried |= !is_tried;
            let is_open = snapshot.openings(value).is_some_and(|all| all.iter().any(opens));
            if is_tried && !is_open {
                let pid = at.pid.or(at.node).unwrap_or_default().to_owned();
                secrets.entry((pid, at.property.to_owned())).or_insert_with(|| self.of_keys());
            }
        }
        untried || snapshot.protected_values().is_empty()
    }

    /// Settings are made when all instances run again with the keys that they are to have.
    fn set_properties(&mut self) {
        let mut values: BTreeMap<(&String, &String), (&String, BTreeSet<RuleId>)> = BTreeMap::new();
        for (rule, need) in &self.wants {
            if let Need::ConfigValue { pid, property, value, .. } = need {
                let (_, rules) =
                    values.entry((pid, property)).or_insert_with(|| (value, BTreeSet::new()));
                rules.insert(*rule);
            }
        }
        for ((pid, property), (value, rules)) in values {
            let (pid, property, value) = (pid.clone(), property.clone(), value.clone());
            self.after.push(self.action(Do::SetProperty { pid, property, value }, rules));
        }
    }

    fn replaces_master(&self) -> bool {
        let old = self.member.known_key(KeyName::Master).map(|key| key.value);
        self.right.map(|[_, master]| master) != old
    }

    /// Keys that are in files now, or replaced, have no business in `/etc/key`.
    fn leave_repository(&mut self) {
        let is_wanted = self.has(|need| matches!(need, Need::DropJcrKeys(_)));
        let moves = matches!(self.goal, KeyGoal::Farm | KeyGoal::Own);
        let held = self.member.snapshot.repository.as_ref().map(|read| read.keys().to_vec());
        let mut keys: Vec<KeyName> = held
            .iter()
            .flatten()
            .map(|key| key.name)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        if keys.is_empty() && self.member.is_in_jcr_mode() && moves {
            keys = KeyName::ALL.to_vec();
        }
        if keys.is_empty() || !(is_wanted || moves && !self.stopped.is_empty()) {
            return;
        }
        let rules = if is_wanted {
            because(&self.wants, |need| matches!(need, Need::DropJcrKeys(_)))
        } else {
            self.of_keys()
        };
        // KA-23909 deletes them at its end, when the instance runs with the files.
        self.after.push(self.action(Do::DeleteFromJcr { keys }, rules));
    }

    fn remove_backup(&mut self) {
        let kept = self.stopped.iter().find(|action| matches!(action.does, Do::BackUp { .. }));
        let Some(rules) = kept.map(|action| action.because.clone()) else { return };
        let directory = self.install.backup.clone();
        self.after.push(self.action(Do::RemoveBackup { directory }, rules));
    }
}

fn is_of_storage(need: &Need) -> bool {
    matches!(need, Need::Storage(_) | Need::MoveStorage { .. })
}

fn goal(member: &Member, right: Option<[Digest; 2]>, wants: &[RuleNeed<'_>]) -> KeyGoal {
    let has = |is: &dyn Fn(&Need) -> bool| wants.iter().any(|(_, need)| is(need));
    let own = member.pair();
    let flaws = own.flaws();
    let has_absent = || KeyName::ALL.into_iter().any(|name| *member.key(name) == KeyState::Absent);
    let farm = has(&|need| matches!(need, Need::FarmKeys(_)));
    if farm && flaws.contains(&Flaw::InJcr) {
        // Its own are what reads its data; others come only where the farm has others.
        if right.is_none() || own.keys() == right {
            return KeyGoal::Own;
        }
    }
    if right.is_some() && farm {
        let can_mend = !flaws.is_empty()
            && flaws
                .iter()
                .all(|flaw| matches!(flaw, Flaw::LineEnd | Flaw::Misplaced | Flaw::Swapped))
            && !is_contradicted(member);
        return if own.keys() == right && can_mend { KeyGoal::Mend } else { KeyGoal::Farm };
    }
    let leaves = has(&|need| matches!(need, Need::LeaveJcr(_)))
        || has(&|need| matches!(need, Need::Storage(_)))
            && (member.storage_mode() == Some(StorageMode::Jcr)
                || !is_open(member) && flaws.contains(&Flaw::InJcr));
    // A setting may name a directory of key files in JCR mode too: those are its keys then.
    let are_files = || KeyName::ALL.into_iter().all(|name| member.key_in_file(name).is_some());
    if leaves && !(member.is_in_jcr_mode() && (has_absent() || are_files())) {
        return KeyGoal::Own;
    }
    let is_mended = |need: &Need| {
        matches!(
            need,
            Need::TrimKey(..) | Need::DecodeKey(..) | Need::SwapPair(_) | Need::MoveKey { .. }
        )
    };
    if has(&is_mended) { KeyGoal::Mend } else { KeyGoal::Stay }
}
