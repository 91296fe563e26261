//! The instances of a farm that a repair may touch.

use super::Id;
use crate::farm::{Expected, Farm, Member};
use std::collections::BTreeSet;

/// A farm, and the instances of it whose keys stay as they are because the policy accepts them.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'f> {
    /// The farm.
    pub farm: &'f Farm,
    /// The instances whose keys stay.
    pub accepted: &'f BTreeSet<Id>,
}

impl<'f> Scope<'f> {
    /// Returns the instances whose bytes were checked: a wrong bit would look like a wrong key.
    pub(super) fn members(self) -> impl Iterator<Item = &'f Member> {
        self.farm.members.iter().filter(|member| member.snapshot.is_verified())
    }

    /// Returns the instances that are to have the same keys.
    pub(super) fn repaired(self) -> impl Iterator<Item = &'f Member> {
        self.members().filter(move |member| !self.accepts(member))
    }

    /// Returns `true` if the keys of an instance stay as they are.
    pub(super) fn accepts(self, member: &Member) -> bool {
        self.accepted.contains(&member.name)
    }

    /// Returns what the policy expects of the farm.
    pub(super) fn expected(self) -> &'f Expected {
        &self.farm.expected
    }
}
