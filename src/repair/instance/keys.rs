//! The key files of an instance: they are put in place, mended, or stay. Each change is kept before and checked after.

use super::{InstanceRepair, KeyGoal};
use crate::facts::{CRYPTO_FILE, Digest, KeyName};
use crate::farm::{ignored_pair, other_in_jcr};
use crate::repair::action::{Action, Do, KeyCheck, PlanCheck};
use crate::repair::{Need, RuleId, RuleNeed, on_instance};
use std::collections::BTreeSet;

/// A change of key files.
#[derive(Default)]
pub(super) struct KeyChange {
    /// What is done, in order.
    pub(super) does: Vec<Do>,
    /// The files that change, and are kept before.
    pub(super) files: Vec<String>,
    /// What they have to be afterwards.
    pub(super) checks: Vec<KeyCheck>,
}

impl InstanceRepair<'_> {
    /// Puts both keys in place, those of another instance or those of its own repository.
    pub(super) fn put_keys(&mut self) {
        let rules = self.of_keys();
        if self.is_mounted(&rules) {
            return;
        }
        let Some(files) = self.install.key_files() else {
            let name = &self.member.name;
            let bundles = self.member.snapshot.bundles_named(CRYPTO_FILE);
            let bundles: Vec<&str> = bundles.map(|bundle| bundle.directory.as_str()).collect();
            let text = match bundles.as_slice() {
                [_, _, ..] => format!(
                    "Which of {} of {name} is used is open, and so is where its keys belong: settle that first, and scan again.",
                    bundles.join(" and ")
                ),
                _ => format!(
                    "The number of the bundle com.adobe.granite.crypto.file of {name} is not known, so its directory is not: look it up on \
                     /system/console/bundles, bring its bundle.info with the next snapshot, and scan again."
                ),
            };
            self.ask_before(text, rules);
            return;
        };
        let digests = self.digests_to_put();
        self.export(digests, &rules);
        // Felix makes `data` when a bundle first asks for a file, so it need not be there.
        let mut change = KeyChange {
            does: Vec::from_iter(self.ensured()),
            files: files.to_vec(),
            checks: Vec::new(),
        };
        for ((key, to), digest) in KeyName::ALL.into_iter().zip(files).zip(digests) {
            change.does.push(Do::Place { key, to: to.clone(), digest });
            change.checks.push(KeyCheck { key, file: to, digest });
        }
        self.change(change, &rules, &self.of_both());
    }

    /// Has the Secret of Kubernetes changed where its files are the keys; returns `false` where they are files of the instance.
    fn is_mounted(&mut self, rules: &BTreeSet<RuleId>) -> bool {
        let is_mounted = self.member.snapshot.keys_mounted;
        if is_mounted {
            let name = &self.member.name;
            let md5 =
                |(key, digest): (KeyName, Option<Digest>)| Some(format!("{key} {}", digest?.md5));
            let right = KeyName::ALL.into_iter().zip(self.digests_to_put()).map(md5);
            let right = right.collect::<Option<Vec<_>>>().map(|all| all.join(", "));
            let right = right.map(|all| format!(" The right ones have these md5: {all}."));
            let text = format!(
                "The hmac and master of {name} come from a Secret of Kubernetes, whose volume is read-only: change the Secret, and restart the \
                 pods of {name}. Its data holds each key in base64 once; keys that were in base64 before are there twice.{}",
                right.unwrap_or_default()
            );
            self.ask_before(text, rules.clone());
        }
        is_mounted
    }

    /// Mends the files in place, and checks what they became.
    pub(super) fn mend_keys(&mut self) {
        let rules = self.of_keys();
        if self.is_mounted(&rules) {
            return;
        }
        let is_trimmed =
            |name| self.has(|need| matches!(need, Need::TrimKey(_, key) if *key == name));
        let keeps = self.member.keeps_keys_for().is_some();
        let is_contradicted =
            |name| !keeps && is_trimmed(name) && other_in_jcr(self.member, name).is_some();
        if KeyName::ALL.into_iter().any(is_contradicted) {
            let name = &self.member.name;
            let text = format!(
                "On {name}, cut nothing off yet: /etc/key holds another key than the file, and it is not clear which is right. Settle \
                 jcr-key-mismatch first, and scan again."
            );
            self.ask_before(text, rules);
            return;
        }
        let Some(files) = self.install.key_files() else { return };
        let mut change = self.mended(&files);
        let is_moved = |does: &Do| matches!(does, Do::Move { to, .. } if files.contains(to));
        if change.does.iter().any(is_moved) {
            change.does.splice(..0, self.ensured());
        }
        self.change(change, &rules, &self.of_both());
    }

    /// Leaves the keys, and writes or moves `storage` alone: they are checked all the same, for it is to say where they are.
    pub(super) fn keep_keys(&mut self) {
        let moves = self.has(|need| matches!(need, Need::MoveStorage { .. }));
        if !(self.writes_storage || moves) || self.install.storage.is_none() {
            return;
        }
        let mut change = KeyChange::default();
        if self.writes_storage {
            let ignored = ignored_pair(self.member).into_iter().flatten();
            let known = |key| {
                let known = self.member.key_in_file(key).map(|(known, _)| &known.digest);
                let ignored = || Some(&ignored.clone().find(|file| file.name == key)?.digest);
                let digest = Some(known.or_else(ignored)?.whole);
                Some(KeyCheck { key, file: self.install.key(key)?, digest })
            };
            change.checks = KeyName::ALL.into_iter().filter_map(known).collect();
        }
        let rules = self.of_storage();
        self.change(change, &rules, &rules);
    }

    /// Keeps all that changes, then changes it, `storage` last and only where the check before it passes. `both` are the rules that want
    /// what is done for keys and `storage` alike.
    fn change(&mut self, change: KeyChange, keys: &BTreeSet<RuleId>, both: &BTreeSet<RuleId>) {
        let KeyChange { does, mut files, checks } = change;
        files.extend(self.install.storage_file().filter(|_| self.writes_storage));
        let directory = self.install.backup.clone();
        // A move out of the JCR once put files over others of which there was no copy.
        self.push(Do::BackUp { directory, files }, both);
        let aside = self.misplaced_aside();
        self.stopped.extend(aside);
        for does in does {
            self.push(does, keys);
        }
        if !checks.is_empty() {
            self.push(Do::Verify(PlanCheck::Keys(checks)), both);
        }
        if self.writes_storage {
            self.write_storage();
        }
    }

    /// Makes the directory of the keys, unless it is there: there are keys in it.
    fn ensured(&self) -> Option<Do> {
        let is_there = |name| self.member.snapshot.keys_in_use(name).next().is_some();
        let missing = self.install.keys.clone().filter(|_| !KeyName::ALL.into_iter().any(is_there));
        missing.map(|directory| Do::EnsureDirectory { directory })
    }

    /// Returns what the keys will be, where that is known.
    pub(super) fn digests_to_put(&self) -> [Option<Digest>; 2] {
        self.right.map_or_else(|| self.digests_in_jcr(), |right| right.map(Some))
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
            let to = self.install.aside(&from);
            Some(self.action(Do::Move { from, to }, [*rule].into()))
        };
        self.wants.iter().filter_map(aside).collect()
    }
}
