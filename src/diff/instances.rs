//! What changed on each instance.

use super::aspects::{Aspect, Condition, aspects, without};
use super::bundles;
use super::matching::{Pair, Placed};
use crate::farm::Member;
use std::collections::BTreeSet;

/// In which of the two states an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// In both.
    Both,
    /// In the old one alone.
    Gone,
    /// In the new one alone.
    New,
}

/// What changed on an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceChange {
    /// Its name in the new state, or in the old one where it is in that alone.
    pub name: String,
    /// Its name in the old state, where that is another one.
    pub old_name: Option<String>,
    /// Its farm.
    pub farm: String,
    /// Its sources, of the old and of the new state.
    pub sources: [Option<String>; 2],
    /// In which of the two it is.
    pub presence: Presence,
    /// What changed, and what could not be compared and is needed; the gravest first.
    pub changes: Vec<Change>,
}

/// A change of one aspect, or that it could not be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of what.
    pub aspect: Aspect,
    /// Before.
    pub old: Condition,
    /// After.
    pub new: Condition,
}

impl Presence {
    /// Returns the word that reports have for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Gone => "gone",
            Self::New => "new",
        }
    }
}

impl Change {
    /// Returns `true` if both states are known, and so it is known to be a change.
    pub fn is_known(&self) -> bool {
        ![&self.old, &self.new].into_iter().any(|known| matches!(known, Condition::Unknown(_)))
    }

    /// Returns `true` if it is a change that matters to the keys.
    pub fn matters(&self) -> bool {
        self.is_known() && self.aspect.topic.matters()
    }
}

impl InstanceChange {
    pub(super) fn of(pair: &Pair<'_>) -> Self {
        let source = |own: &Placed<'_>| Some(own.member.snapshot.source.clone());
        let one = |own: &Placed<'_>, presence, sources| Self {
            name: own.member.name.clone(),
            old_name: None,
            farm: own.farm.to_owned(),
            sources,
            presence,
            changes: Vec::new(),
        };
        match pair {
            Pair::Gone(own) => one(own, Presence::Gone, [source(own), None]),
            Pair::New(own) => one(own, Presence::New, [None, source(own)]),
            Pair::Both(old, new) => Self {
                old_name: Some(old.member.name.clone()).filter(|name| *name != new.member.name),
                changes: changes(old.member, new.member),
                ..one(new, Presence::Both, [source(old), source(new)])
            },
        }
    }

    /// Returns `true` if something changed that matters.
    pub fn matters(&self) -> bool {
        self.presence != Presence::Both || self.changes.iter().any(Change::matters)
    }

    /// Returns what is needed and could not be compared.
    pub fn not_compared(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| !change.is_known() && change.aspect.topic.is_needed())
    }
}

fn changes(old: &Member, new: &Member) -> Vec<Change> {
    let of = |member: &Member| {
        let mut all = aspects(member);
        bundles::add(&member.snapshot, &mut all);
        all
    };
    let (before, after) = (of(old), of(new));
    let all: BTreeSet<&Aspect> = before.keys().chain(after.keys()).collect();
    let change = |aspect: &Aspect| {
        let [was, is] = [(&before, old), (&after, new)].map(|(known, member)| {
            let own = known.get(aspect).cloned();
            own.unwrap_or_else(|| without(&member.snapshot, aspect.topic))
        });
        let change = Change { aspect: aspect.clone(), old: was, new: is };
        let is_told = if change.is_known() {
            change.old.compared() != change.new.compared()
        } else {
            aspect.topic.is_needed()
        };
        is_told.then_some(change)
    };
    all.into_iter().filter_map(change).collect()
}
