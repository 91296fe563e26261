//! The file `storage` of an instance: whether it is written, and why not where a finding wants it.

use super::{InstanceRepair, KeyGoal};
use crate::facts::{CRYPTO_KEYS_PATH, KeyName, StorageFile, StorageMode};
use crate::farm::{Encrypted, ignores_keys, is_contradicted, is_open};
use crate::repair::Need;
use crate::repair::action::{Do, PlanCheck};

impl InstanceRepair<'_> {
    /// Returns `true` if `storage` is written: where it does not say just `Bundle` already, and it is known to be absent or what it says.
    pub(super) fn has_to_write_storage(&self) -> bool {
        let member = self.member;
        let is_exact = |file: &StorageFile| {
            file.storage.is_exact() && file.storage.mode == StorageMode::Bundle
        };
        let is_known =
            member.is_storage_absent() || member.snapshot.storage_in_place().next().is_some();
        if self.install.storage.is_none() || member.storage().is_some_and(is_exact) || !is_known {
            return false;
        }
        match self.goal {
            KeyGoal::Farm | KeyGoal::Own => true,
            KeyGoal::Stay if member.pair().is_ignored() => !self.is_accepted,
            KeyGoal::Mend | KeyGoal::Stay => {
                let is_file = |name| member.key_in_file(name).is_some() || self.is_moved(name);
                let is_bundle = member.storage_mode() == Some(StorageMode::Bundle);
                // Where there is no key, AEM would make new ones.
                let mut names = KeyName::ALL.into_iter();
                // One that keeps the keys in its files is to work with them, whatever it has worked with so far.
                let keeps = member.keeps_keys_for().is_some();
                let is_settled = keeps || !is_open(member) && !self.is_contradicted();
                self.is_storage_wanted()
                    && is_settled
                    && if is_bundle { names.any(is_file) } else { names.all(is_file) }
            }
        }
    }

    /// Returns `true` if files and repository have different keys, and nothing shows which have encrypted its data. What AEM makes of a faulty
    /// `storage` is not known, so it may have worked with either.
    fn is_contradicted(&self) -> bool {
        is_contradicted(self.member) && Encrypted::of(self.member).is_none()
    }

    fn is_storage_wanted(&self) -> bool {
        self.has(|need| matches!(need, Need::Storage(_)))
    }

    /// Returns `true` if a key is moved to its place. In JCR mode, files are moved out of the way.
    fn is_moved(&self, name: KeyName) -> bool {
        !self.member.is_in_jcr_mode()
            && self.has(|need| matches!(need, Need::MoveKey { key, .. } if *key == name))
    }

    pub(super) fn write_storage(&mut self) {
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

    /// Says why `storage` is not written where a finding wants it.
    pub(super) fn explain_storage(&mut self) {
        if self.writes_storage || !self.is_storage_wanted() {
            return;
        }
        let (member, name) = (self.member, &self.member.name);
        let text = if self.is_accepted {
            format!(
                "The policy accepts the keys of {name}, so they stay where they are. Write into its storage the word for that, Bundle for files or JCR \
                 for /etc/key, without a newline."
            )
        } else if member.is_in_jcr_mode() && member.snapshot.is_standby() {
            format!(
                "{name} is a cold standby: give it the files hmac and master that its primary gets, and write Bundle into its storage, without a \
                 newline."
            )
        } else if member.is_in_jcr_mode() && member.snapshot.setting(CRYPTO_KEYS_PATH).is_some() {
            format!(
                "The storage of {name} says JCR, and {CRYPTO_KEYS_PATH} names a directory of key files. Find out which keys have encrypted its data, \
                 put those there, and write Bundle into storage, without a newline."
            )
        } else if ignores_keys(member) {
            format!(
                "The storage of {name} says JCR, and its /etc/key has no keys: its key files may be its own. Where its logs show that \
                 it last started with Bundle storage, write Bundle into storage, without a newline."
            )
        } else if self.is_contradicted() {
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
        self.ask_before(text, rules);
    }
}
