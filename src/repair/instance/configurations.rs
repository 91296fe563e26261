//! What is entered into configurations of an instance when it runs again: secrets, and settings.

use super::{InstanceRepair, KeyGoal};
use crate::facts::{IMS_CLIENT_SECRET, IMS_SERVICE_SECRET, KeyName, Opening};
use crate::farm::listed;
use crate::repair::action::{Do, manual};
use crate::repair::{Need, RuleId};
use std::collections::{BTreeMap, BTreeSet};

/// The secrets that are entered again, by configuration and property, and the rules that want it.
type Secrets = BTreeMap<(String, String), BTreeSet<RuleId>>;

impl InstanceRepair<'_> {
    /// Secrets that were encrypted with a key that is replaced, and those that are lost, are entered when the keys are right.
    pub(super) fn enter_secrets(&mut self) {
        let mut secrets = Secrets::new();
        for (rule, need) in &self.wants {
            if let Need::Secret { pid, property, .. } = need {
                secrets.entry((pid.clone(), property.clone())).or_default().insert(*rule);
            }
        }
        let untried = self.unreadable(&mut secrets);
        if untried && self.goal == KeyGoal::Farm && self.replaces_master() {
            // KA-23909 saw the secrets of IMS lost. Others are named only where they were found and tried.
            for ims in self.member.snapshot.ims_configurations() {
                let held = [IMS_CLIENT_SECRET, IMS_SERVICE_SECRET].into_iter();
                for property in held.filter(|property| ims.secret(property).is_some()) {
                    let secret = (ims.pid.clone(), property.to_owned());
                    secrets.entry(secret).or_insert_with(|| self.of_keys());
                }
            }
        }
        let (stored, others): (Secrets, Secrets) =
            secrets.into_iter().partition(|((pid, _), _)| self.is_stored(pid));
        let of_stored: BTreeSet<RuleId> = stored.values().flatten().copied().collect();
        let on_standby = self.member.snapshot.is_standby();
        // Nobody enters anything in a mirror.
        let stored = if on_standby { Secrets::new() } else { stored };
        for ((pid, property), rules) in stored.into_iter().chain(others) {
            self.after.push(self.action(Do::EnterSecret { pid, property, on_standby }, rules));
        }
        if !of_stored.is_empty()
            && let Some(text) = self.of_mirrors()
        {
            self.after.push(manual(Some(&self.member.name), text.into(), of_stored));
        }
    }

    /// Returns `true` if what has this name, a PID or the path of a node, is in the repository.
    fn is_stored(&self, pid: &str) -> bool {
        let mut files = self.member.snapshot.configurations.iter();
        let stored = self.member.snapshot.repository.iter();
        let mut stored = stored.flat_map(|stored| &stored.configurations);
        pid.starts_with('/')
            || !files.any(|file| file.pid == pid) && stored.any(|stored| stored.pid == pid)
    }

    /// Says who has the secrets of a repository, too, once they are entered.
    fn of_mirrors(&self) -> Option<String> {
        let name = &self.member.name;
        if !self.member.snapshot.is_standby() {
            let standbys = listed(&self.mirrors);
            let verb = if self.mirrors.len() == 1 { "has" } else { "have" };
            return (!self.mirrors.is_empty()).then(|| {
                format!("With the next synchronisation {standbys} {verb} the secrets that are entered on {name}, too.")
            });
        }
        (!self.is_mirror).then(|| {
            format!("Enter the secrets in the repository of {name}, a cold standby, on its primary: with the next synchronisation the standby has them, too.")
        })
    }

    /// Adds each secret that the master to come does not open; returns `true` if it was not tried on all.
    fn unreadable(&self, secrets: &mut Secrets) -> bool {
        let master = match self.goal {
            KeyGoal::Farm | KeyGoal::Own => self.digests_to_put()[1],
            // One that stays right while others get its keys: what only theirs opened is lost then.
            _ if self.is_decided && self.has(|need| matches!(need, Need::FarmKeys(_))) => {
                self.member.pair().sound().map(|[_, master]| master)
            }
            KeyGoal::Mend | KeyGoal::Stay => return false,
        };
        let Some(master) = master else { return true };
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

    fn replaces_master(&self) -> bool {
        let old = self.member.known_key(KeyName::Master).map(|key| key.value);
        self.right.map(|[_, master]| master) != old
    }

    /// Settings are made when all instances run again with the keys that they are to have.
    pub(super) fn set_properties(&mut self) {
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
}
