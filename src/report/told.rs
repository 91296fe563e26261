//! Repairs that were told already: they are spelled out once.

use crate::rules::{Step, cut_out};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Repairs that were spelled out, and the rules they were spelled out for.
#[derive(Default)]
pub(super) struct Told<'f> {
    repairs: Vec<(Cow<'f, [Step]>, &'static str)>,
    /// Where each step stands: the repair, and how many steps come before.
    places: BTreeMap<String, Vec<(usize, usize)>>,
}

/// What is to be written of a repair.
pub(super) enum Repair<'f> {
    /// All that was told for this rule, or a part of it.
    As(&'static str),
    /// These steps.
    Steps(Cow<'f, [Step]>),
}

impl<'f> Told<'f> {
    /// Says what is to be written of the repair of a finding, and remembers it. What was told for another rule is not told again.
    pub(super) fn tell(&mut self, own: Cow<'f, [Step]>, rule: &'static str) -> Repair<'f> {
        if let Some(rule) = self.holder(&own) {
            return Repair::As(rule);
        }
        let rest = self.rest(&own);
        let index = self.repairs.len();
        for (at, step) in own.iter().enumerate() {
            self.places.entry(step.to_string()).or_default().push((index, at));
        }
        self.repairs.push((own.clone(), rule));
        Repair::Steps(rest.map_or(own, Cow::Owned))
    }

    /// Returns the rule for which all of this was told.
    fn holder(&self, own: &[Step]) -> Option<&'static str> {
        let places = self.places.get(own.first()?.as_str())?;
        let holds = |(index, at): &&(usize, usize)| {
            let steps = self.repairs.get(*index).and_then(|(steps, _)| steps.get(*at..));
            steps.is_some_and(|steps| steps.starts_with(own))
        };
        let (index, _) = places.iter().find(holds)?;
        self.repairs.get(*index).map(|(_, rule)| *rule)
    }

    /// Returns steps with a word in place of the repair that was told for another rule.
    fn rest(&self, own: &[Step]) -> Option<Vec<Step>> {
        let places = own.iter().filter_map(|step| self.places.get(step.as_str())).flatten();
        let mut wholes = places.filter(|(_, at)| *at == 0);
        let (run, rule) = wholes.find_map(|(index, _)| {
            let (run, rule) = self.repairs.get(*index)?;
            (run.len() > 1 && cut_out(own, run).is_some()).then_some((run, *rule))
        })?;
        let before = own.windows(run.len()).position(|window| *window == **run)?;
        let as_told = Step::from(format!("Do what is told for {rule} above."));
        let behind = own.iter().skip(before.saturating_add(run.len()));
        Some(own.iter().take(before).chain([&as_told]).chain(behind).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(names: &str) -> Cow<'static, [Step]> {
        names.split(' ').map(Step::from).collect::<Vec<_>>().into()
    }

    fn told(repairs: &[(&str, &'static str)]) -> Vec<String> {
        let mut told = Told::default();
        let tell = |(names, rule): &(&str, &'static str)| match told.tell(steps(names), rule) {
            Repair::As(rule) => format!("as {rule}"),
            Repair::Steps(steps) => steps.join(" "),
        };
        repairs.iter().map(tell).collect()
    }

    #[test]
    fn whole_or_part_of_what_was_told_is_not_told_again() {
        let all = told(&[("a b c", "one"), ("a b c", "two"), ("b c", "three"), ("b d", "four")]);
        assert_eq!(all, ["a b c", "as one", "as one", "b d"]);
    }

    #[test]
    fn what_goes_beyond_is_told_alone() {
        let all = told(&[("a b", "one"), ("x a b c", "two"), ("x a b c", "three"), ("a", "four")]);
        assert_eq!(all, ["a b", "x Do what is told for one above. c", "as two", "as one"]);
    }
}
