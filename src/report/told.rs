//! Repairs that were told already: they are spelled out once.

use crate::rules::Step;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Repairs that are looked at for one that says the same. Of those of 1,000 instances most begin alike.
const LOOKED_AT_MAX: usize = 50;

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

    /// Returns the rule for which all of this was told, in this order; what was told may do more between it, such as to other
    /// instances. The step that was told least often leads to few repairs.
    fn holder(&self, own: &[Step]) -> Option<&'static str> {
        let places: Option<Vec<_>> =
            own.iter().map(|step| self.places.get(step.as_str())).collect();
        let rarest = places?.into_iter().min_by_key(|places| places.len())?;
        let repairs =
            rarest.iter().take(LOOKED_AT_MAX).filter_map(|(index, _)| self.repairs.get(*index));
        let mut holders = repairs.filter(|(steps, _)| holds(steps, own));
        holders.next().map(|(_, rule)| *rule)
    }

    /// Returns steps with a word in place of the repair that was told for another rule.
    fn rest(&self, own: &[Step]) -> Option<Vec<Step>> {
        let places = own.iter().filter_map(|step| self.places.get(step.as_str())).flatten();
        let mut wholes = places.filter(|(_, at)| *at == 0).take(LOOKED_AT_MAX);
        let (before, run, rule) = wholes.find_map(|(index, _)| {
            let (run, rule) = self.repairs.get(*index).filter(|(run, _)| run.len() > 1)?;
            let at = own.windows(run.len()).position(|window| window == &**run)?;
            Some((at, run.len(), *rule))
        })?;
        let as_told = Step::from(format!("Do what is told for {rule} above."));
        let behind = own.iter().skip(before.saturating_add(run));
        Some(own.iter().take(before).chain([&as_told]).chain(behind).cloned().collect())
    }
}

/// Returns `true` if steps stand in others, in their order.
fn holds(steps: &[Step], own: &[Step]) -> bool {
    let mut steps = steps.iter();
    own.iter().all(|wanted| steps.any(|step| step.as_str() == wanted.as_str()))
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

    #[test]
    fn repair_of_one_instance_is_not_told_again_after_that_of_several() {
        let several = "save-a save-b stop-a mend start-a stop-b mend start-b end-a end-b";
        let a = "save-a stop-a mend start-a end-a";
        let b = "save-b stop-b mend start-b end-b";
        let other_order = "start-b stop-b";
        let all = told(&[(several, "one"), (a, "two"), (b, "three"), (other_order, "four")]);
        assert_eq!(all, [several, "as one", "as one", other_order]);
    }
}
