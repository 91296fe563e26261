//! What is found hundreds of times on one instance, as one finding; and long lists, cut short.
//!
//! Of 600 findings of one kind, nobody reads 600 steps.

use crate::facts::Place;
use crate::limits::Limits;
use crate::repair::{Text, When};
use crate::rules::Hit;
use std::borrow::Borrow;

/// Makes a hit of each thing that a rule found on the same instances; of more than a few, one hit with the repair of the first. Those
/// that matter most come first.
pub(super) fn folded<T, P: Borrow<Place> + Clone>(
    found: Vec<T>,
    places: impl Fn(&T) -> Vec<P>,
    hit: impl Fn(T) -> Hit,
) -> Vec<Hit> {
    // An install with 600 cut `bundle.info` once gave 602 findings of 1,202 steps each.
    let max = Limits::DEFAULT.findings_alike_max;
    let count = found.len();
    if count <= max {
        return found.into_iter().map(hit).collect();
    }
    let all: Vec<P> = found.iter().flat_map(places).collect();
    let listed: Vec<P> = all.iter().take(Limits::DEFAULT.places_max).cloned().collect();
    let hits: Vec<Hit> = found.into_iter().take(max).map(hit).collect();
    let Some(first) = hits.first().cloned() else { return Vec::new() };
    let again = format!(
        "These are the first {max} of {count} alike. Repair the others the same way: scan again when these are done, and the next ones are \
         named."
    );
    let needs = hits.iter().flat_map(|hit| hit.needs.clone()).collect();
    let folded = Hit {
        is_note: first.is_note,
        unexplained_by: first.unexplained_by,
        message: format!("{}; and {} more like it", first.message, count.saturating_sub(1)),
        instances: first.instances,
        places: Vec::new(),
        unlisted: all.len().saturating_sub(listed.len()),
        needs,
    };
    vec![folded.at(listed).advise_at(When::After, [again])]
}

/// Returns the first things that have a step of their own, and a step that counts the others, where there are any. `told` says what is to
/// be done with those.
pub(super) fn first_of<T, S: Into<Text>>(
    all: impl IntoIterator<Item = T>,
    step: impl Fn(T) -> S,
    told: impl Fn(usize) -> String,
) -> Vec<Text> {
    let mut all = all.into_iter();
    let mut steps: Vec<Text> =
        all.by_ref().take(Limits::DEFAULT.listed_max).map(|thing| step(thing).into()).collect();
    let rest = all.count();
    steps.extend((rest > 0).then(|| Text::from(told(rest))));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::farm;

    fn of(count: usize) -> Vec<Hit> {
        let farm = farm().with("a", |i| i).build();
        let member = &farm.members[0];
        let place = |number: usize| Place { source: "a".to_owned(), path: format!("{number:03}") };
        let places: Vec<Place> = (0..count).map(place).collect();
        folded(
            places.iter().collect(),
            |place| vec![*place],
            |place| {
                let hit = Hit::on(member, format!("{} is wrong", place.path)).at([place]);
                hit.advise_at(When::Stopped, [place.path.as_str()])
            },
        )
    }

    #[test]
    fn few_stay_findings_of_their_own() {
        assert_eq!(of(0), []);
        assert_eq!(of(5).len(), 5);
    }

    #[test]
    fn many_are_one_with_the_repair_of_the_first_and_one_stop() {
        let [hit] = &of(6)[..] else { panic!("one") };
        assert_eq!(hit.message, "000 is wrong; and 5 more like it");
        assert_eq!((hit.places.len(), hit.unlisted), (6, 0));
        let advice = hit.advice();
        assert_eq!(advice[..5], ["000", "001", "002", "003", "004"]);
        assert!(advice[5].starts_with("These are the first 5 of 6 alike."), "{advice:?}");
    }

    #[test]
    fn what_is_said_of_many_does_not_grow_with_them() {
        let [few, many] = [of(200).remove(0), of(400).remove(0)];
        assert_eq!(few.needs.len(), many.needs.len());
        assert_eq!((few.places.len(), few.unlisted, many.unlisted), (100, 100, 300));
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        let texts = first_of(&names, String::as_str, |rest| format!("{rest} more"));
        assert_eq!((texts.len(), texts[10].to_string().as_str()), (11, "2 more"));
    }
}
