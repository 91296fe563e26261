//! Secrets that do not open with the master of their instance, for the rules that tell them.

use crate::facts::Role;
use crate::farm::{
    Farm, Holders, MasterOrigin, Member, OpeningKey, Opens, Secret, listed_up_to, older_pair,
};
use crate::repair::{Need, When};

/// The secrets of an instance that do not open with its master.
pub(super) struct Shut<'a> {
    pub(super) member: &'a Member,
    pub(super) secrets: Vec<Secret<'a>>,
    /// How many it has, those that open too.
    all: usize,
    role: Option<Role>,
    /// Why it keeps the keys that it works with, if it does.
    keeps: Option<&'static str>,
    /// Its repository is that of its primary, of which the same is told.
    is_mirror: bool,
}

impl Shut<'_> {
    /// Secrets are named up to this many; the rest is counted.
    const LISTED_MAX: usize = 3;

    /// Says which they are, with the verb for one or for several.
    pub(super) fn told<'v>(
        &self,
        secrets: &[&Secret<'_>],
        one: &'v str,
        several: &'v str,
    ) -> (String, &'v str) {
        let (name, all) = (&self.member.name, self.all);
        let mut names: Vec<String> = secrets.iter().map(|secret| named(secret)).collect();
        // Several values of one property.
        names.dedup();
        if let ([only], [_]) = (names.as_slice(), secrets) {
            return (format!("{only} on {name}"), one);
        }
        let listed = listed_up_to(Self::LISTED_MAX, &names, ", ");
        (format!("{} of the {all} secrets of {name} ({listed})", secrets.len()), several)
    }

    /// Says why the instance keeps the keys that it works with, where others that it has open its secrets.
    pub(super) fn why_kept(&self) -> Option<&'static str> {
        self.keeps
    }

    /// Returns what enters secrets again with the keys that are in use. What an author has encrypted may be more than what was tried.
    pub(super) fn enter_though_it_has_their_key(&self, secrets: &[&Secret<'_>]) -> Vec<Need> {
        let name = &self.member.name;
        if self.is_mirror && secrets.iter().all(|secret| secret.at.node.is_some()) {
            let text = format!(
                "Nothing is entered on {name}, a cold standby: what is entered on its primary comes with the next synchronisation."
            );
            let instance = Some(name.clone());
            return vec![Need::Advice {
                instance,
                when: When::After,
                text: text.into(),
                unless: None,
            }];
        }
        let first = (self.role != Some(Role::Publish)).then(|| {
            let sums = older_pair(self.member).map(|[hmac, master]| {
                format!(" (hmac {}, master {})", hmac.md5, master.md5)
            });
            let text = format!(
                "First find out whether {name} needs more of what it encrypted with its old keys than these secrets, such as key stores of users. If it does, \
                 enter nothing: all instances of the farm have to get those old keys then. Write their md5 sums{} into a policy, see aemtrix help \
                 policy, and scan again with --policy.",
                sums.unwrap_or_default()
            );
            Need::before(name, text)
        });
        first.into_iter().chain(enter(name, secrets)).collect()
    }
}

/// Says where a secret stands, as in "on publish1".
pub(super) fn named(secret: &Secret<'_>) -> String {
    let at = secret.at;
    match (at.pid, at.node) {
        (Some(pid), Some(node)) => format!("{} of {pid} (in the JCR, {node})", at.property),
        (Some(of), None) | (None, Some(of)) => format!("{} of {of}", at.property),
        (None, None) => at.property.to_owned(),
    }
}

/// Returns what enters secrets of an instance again.
pub(super) fn enter(name: &str, secrets: &[&Secret<'_>]) -> Vec<Need> {
    let need = |secret: &&Secret<'_>| Need::Secret {
        instance: name.to_owned(),
        pid: secret.at.pid.or(secret.at.node).unwrap_or_default().to_owned(),
        property: secret.at.property.to_owned(),
    };
    secrets.iter().map(need).collect()
}

/// Returns what becomes of the keys in `/etc/key` that open secrets of an instance which keeps its files: they go once those are entered again.
pub(super) fn once_entered(farm: &Farm, member: &Member) -> Need {
    let name = &member.name;
    if farm.role_of(member) == Some(Role::Publish) {
        return Need::DropJcrKeys(name.clone());
    }
    let text = format!(
        "When the secrets of {name} are entered again, and nothing else needs its old keys, delete hmac and master of /etc/key there (CRXDE Lite), and \
         scan again."
    );
    let instance = Some(name.clone());
    Need::Advice { instance, when: When::After, text: text.into(), unless: None }
}

/// Returns the secrets in effect that do not open with the master of their instance.
pub(super) fn shut(farm: &Farm) -> Vec<Shut<'_>> {
    let holders = Holders::of(farm);
    let why_kept = if farm.expected.keys.is_empty() {
        "others of the farm work with its present master too"
    } else {
        "the policy names its present keys"
    };
    let of = |member| {
        let mut secrets = holders.secrets(member);
        // What is in a mirror is said of its primary, and changes there first.
        let is_mirror = farm.is_mirror(member);
        secrets.retain(|secret| secret.at.in_effect && !(is_mirror && secret.at.node.is_some()));
        let all = secrets.len();
        secrets.retain(|secret| secret.opens == Opens::No);
        let opens_others = secrets.len() < all;
        let why = if opens_others { "its present master opens others of them" } else { why_kept };
        let keeps = member.keeps_keys_for().map(|_| why);
        let role = farm.role_of(member);
        let is_mirror = member.snapshot.is_standby();
        (!secrets.is_empty()).then_some(Shut { member, secrets, all, role, keeps, is_mirror })
    };
    farm.members.iter().filter_map(of).collect()
}

/// Returns an older key of the instance itself that opens a secret as it is: one that is left in its repository, was there, or is in an old
/// copy.
pub(super) fn own_key<'s, 'a>(secret: &'s Secret<'a>) -> Option<&'s OpeningKey<'a>> {
    let is_old = |origin| {
        matches!(origin, MasterOrigin::Jcr | MasterOrigin::JcrOlder | MasterOrigin::OldCopy)
    };
    secret.own_keys().find(|key| key.flaw.is_none() && is_old(key.origin))
}
