//! The keys in the repository of an instance: saved before others come, and deleted at the end.

use super::{InstanceRepair, KeyGoal};
use crate::facts::{Digest, KeyName, Repository};
use crate::repair::action::{Do, KeyCheck, PlanCheck};
use crate::repair::need::because;
use crate::repair::{Need, RuleId};
use std::collections::BTreeSet;

impl InstanceRepair<'_> {
    pub(super) fn digests_in_jcr(&self) -> [Option<Digest>; 2] {
        let repository = self.member.snapshot.repository.as_ref();
        let current = repository.filter(|read| !read.is_outdated());
        KeyName::ALL.map(|name| current?.key(name).map(|key| key.digest.whole))
    }

    /// Saves the keys in the repository: those that are put in place, or those that nothing else has once others are.
    pub(super) fn export(&mut self, put: [Option<Digest>; 2], rules: &BTreeSet<RuleId>) {
        let own = self.digests_in_jcr();
        let is_source = self.goal == KeyGoal::Own;
        // Those that it gets may be there already, as where a package of /etc/key was installed: nothing of its own is lost.
        let is_other = |(own, put): (Option<Digest>, Option<Digest>)| own.is_some() && own != put;
        let repository = self.member.snapshot.repository.as_ref();
        let is_read =
            repository.is_some_and(|read| read.keys.reason().is_none() && !read.is_outdated());
        let may_hold = if is_read {
            own.into_iter().zip(put).any(is_other)
        } else {
            self.member.is_in_jcr_mode()
        };
        // An instance that was switched to files once lost the only copy of its own keys. On a standby nobody can log in, and its repository
        // is that of the primary.
        if (is_source || may_hold) && !self.member.snapshot.is_standby() {
            let export = Do::ExportFromJcr { digests: own, is_source };
            self.before.push(self.action(export, rules.clone()));
        }
    }

    /// Returns `true` if its files, once they are mended, are those that it has in `/etc/key`.
    fn has_copies(&self) -> bool {
        let mended = self.stopped.iter().filter_map(|action| match &action.does {
            Do::Verify(PlanCheck::Keys(checks)) => Some(checks),
            _ => None,
        });
        let mended: Vec<&KeyCheck> = mended.flatten().collect();
        let is_mended = |(key, held): (KeyName, Option<Digest>)| {
            mended.iter().any(|check| check.key == key && held.is_some() && check.digest == held)
        };
        !self.member.is_in_jcr_mode()
            && KeyName::ALL.into_iter().zip(self.digests_in_jcr()).all(is_mended)
    }

    /// Keys that are in files now, or replaced, have no business in `/etc/key`.
    pub(super) fn leave_repository(&mut self) {
        let is_wanted = |need: &Need| matches!(need, Need::DropJcrKeys(_));
        let moves = matches!(self.goal, KeyGoal::Farm | KeyGoal::Own);
        // From a standby they go with the next synchronisation.
        let is_standby = self.member.snapshot.is_standby();
        let is_left = self.has(is_wanted) || moves && !self.stopped.is_empty() || self.has_copies();
        if is_standby || !is_left {
            return;
        }
        let held = self.member.snapshot.repository.iter().flat_map(Repository::keys);
        let held: BTreeSet<KeyName> = held.map(|key| key.name).collect();
        let mut keys = Vec::from_iter(held);
        if keys.is_empty() && self.member.is_in_jcr_mode() && moves {
            keys = KeyName::ALL.to_vec();
        }
        if keys.is_empty() {
            return;
        }
        let wanted = because(&self.wants, is_wanted);
        let rules = if wanted.is_empty() { self.of_keys() } else { wanted };
        // KA-23909 deletes them at its end, when the instance runs with the files.
        self.after.push(self.action(Do::DeleteFromJcr { keys }, rules));
    }
}
