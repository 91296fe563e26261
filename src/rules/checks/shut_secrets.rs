//! Secrets that do not open with the master of their instance, for the rules that tell them.

use crate::farm::{Farm, Holders, MasterOrigin, Member, OpeningKey, Opens, Secret, listed_up_to};

/// The secrets of an instance that do not open with its master.
pub(super) struct Shut<'a> {
    pub(super) member: &'a Member,
    pub(super) secrets: Vec<Secret<'a>>,
    /// How many it has, those that open too.
    all: usize,
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

/// Returns the secrets in effect that do not open with the master of their instance.
pub(super) fn shut(farm: &Farm) -> Vec<Shut<'_>> {
    let holders = Holders::of(farm);
    let of = |member| {
        let mut secrets = holders.secrets(member);
        secrets.retain(|secret| secret.at.in_effect);
        let all = secrets.len();
        secrets.retain(|secret| secret.opens == Opens::No);
        (!secrets.is_empty()).then_some(Shut { member, secrets, all })
    };
    farm.members.iter().filter_map(of).collect()
}

/// Returns an older key of the instance itself that opens a secret: one that is left in its repository, was there, or is in an old copy.
pub(super) fn own_key<'s, 'a>(secret: &'s Secret<'a>) -> Option<&'s OpeningKey<'a>> {
    let is_old = |origin| {
        matches!(origin, MasterOrigin::Jcr | MasterOrigin::JcrOlder | MasterOrigin::OldCopy)
    };
    secret.own_keys().find(|key| is_old(key.origin))
}
