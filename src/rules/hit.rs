//! One place where a rule fired.

use crate::facts::Place;
use crate::farm::Member;
use crate::repair::{Need, RuleId, Text, Unless, When};
use std::borrow::Borrow;

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
    /// What is to be changed, with this farm's names and paths.
    pub needs: Vec<Need>,
    /// It is worth knowing alone, whatever the severity of its rule.
    pub is_note: bool,
    /// Of the rules that may explain it, those that do not.
    pub unexplained_by: &'static [RuleId],
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

    /// Says that it is worth knowing alone.
    pub(super) fn only_noted(mut self) -> Self {
        self.is_note = true;
        self
    }

    /// Says which of the rules that may explain it do not.
    pub(super) fn unexplained_by(mut self, rules: &'static [RuleId]) -> Self {
        self.unexplained_by = rules;
        self
    }

    /// Adds evidence.
    pub(super) fn at<P: Borrow<Place>>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.places.extend(places.into_iter().map(|place| place.borrow().clone()));
        self.places.sort();
        self.places.dedup();
        self
    }

    /// Returns `true` if it wants an instance to have the keys of the farm.
    pub fn asks_for_keys(&self) -> bool {
        self.needs.iter().any(|need| matches!(need, Need::FarmKeys(_)))
    }

    /// Says what is to be changed.
    pub(super) fn needs(mut self, needs: impl IntoIterator<Item = Need>) -> Self {
        self.needs.extend(needs);
        self
    }

    /// Says what a person does before anything is changed.
    pub(super) fn advise<T: Into<Text>>(self, texts: impl IntoIterator<Item = T>) -> Self {
        self.advise_at(When::Before, texts)
    }

    /// Says what a person does. What concerns one instance alone is done with the rest of that one.
    pub(super) fn advise_at<T: Into<Text>>(
        mut self,
        when: When,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        let instance = match self.instances.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        let advice = |text: T| Need::Advice {
            instance: instance.clone(),
            when,
            text: text.into(),
            unless: None,
        };
        self.needs.extend(texts.into_iter().map(advice));
        self
    }

    /// Marks all advice as settled where the instance gets the keys of another one.
    pub(super) fn until_copied(self) -> Self {
        self.unless(Unless::Copied)
    }

    /// Marks all advice as settled where another finding explains this one.
    pub(super) fn until_explained(self) -> Self {
        self.unless(Unless::Explained)
    }

    /// Marks all advice as settled where keys or `storage` of the instance are changed, or are to be.
    pub(super) fn until_changed(self) -> Self {
        self.unless(Unless::Changed)
    }

    fn unless(mut self, reason: Unless) -> Self {
        for need in &mut self.needs {
            if let Need::Advice { unless, .. } = need {
                *unless = Some(reason);
            }
        }
        self
    }

    /// The advice in it, as text.
    #[cfg(test)]
    pub(super) fn advice(&self) -> Vec<String> {
        let advice = self.needs.iter().filter_map(|need| match need {
            Need::Advice { text, .. } => Some(text.to_string()),
            _ => None,
        });
        advice.collect()
    }
}
