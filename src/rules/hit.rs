//! One place where a rule fired.

use super::Step;
use crate::facts::Place;
use crate::farm::Member;
use crate::repair::Need;

/// What a rule found, where, and the steps that repair it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hit {
    /// One sentence without a full stop that names the odd one out first.
    pub message: String,
    /// The instances it concerns, sorted.
    pub instances: Vec<String>,
    /// The evidence.
    pub places: Vec<Place>,
    /// How many more places there are, where those of many findings are one.
    pub unlisted: usize,
    /// The repair, step by step, with this farm's names, ids and paths.
    pub fix: Vec<Step>,
    /// What is to be changed; where there is nothing, the steps are advice.
    pub needs: Vec<Need>,
}

impl Hit {
    /// Makes a hit on one instance.
    pub(super) fn on(member: &Member, message: impl Into<String>) -> Self {
        Self::among(&[member], message)
    }

    /// Makes a hit on several instances.
    pub(super) fn among(members: &[&Member], message: impl Into<String>) -> Self {
        let mut instances: Vec<String> = members.iter().map(|member| member.name.clone()).collect();
        instances.sort();
        instances.dedup();
        Self { message: message.into(), instances, ..Self::default() }
    }

    /// Adds evidence.
    pub(super) fn at<'p>(mut self, places: impl IntoIterator<Item = &'p Place>) -> Self {
        self.places.extend(places.into_iter().cloned());
        self.places.sort();
        self.places.dedup();
        self
    }

    /// Returns `true` if the keys of the farm are to be made equal.
    pub(super) fn asks_for_keys(&self) -> bool {
        self.fix.iter().any(Step::is_of_key_repair)
    }

    /// Says what is to be changed.
    pub(super) fn needs(mut self, needs: impl IntoIterator<Item = Need>) -> Self {
        self.needs.extend(needs);
        self
    }

    /// Adds steps of the repair.
    pub(super) fn fix<S: Into<Step>>(mut self, steps: impl IntoIterator<Item = S>) -> Self {
        self.fix.extend(steps.into_iter().map(Into::into));
        self
    }
}
