//! Names of instances as headings: short enough for their column, and never two alike.
//!
//! Names of hosts share their start, and often their end (`customer-prod-eu-publish-01.example.com`), so cutting the end leaves equal ones.
//! What all share goes first, up to a separator; then the middle.

use super::clean;
use super::text::labelled;
use crate::report::Screen;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Stands for what was left out.
const DOTS: &str = "...";
/// Characters between which a name may be parted.
const SEPARATORS: [char; 7] = ['-', '_', '.', '/', ' ', ':', '#'];

/// A cell of the grid: its text, and whether it stands out.
pub(super) type Shown = (String, bool);

/// Headings for instances.
pub(super) struct Headings {
    /// One an instance.
    texts: Vec<String>,
    /// What was left out of all of them, at the start and at the end.
    shared: [String; 2],
}

impl Headings {
    /// Makes headings of at most so many characters, a number behind some aside.
    pub(super) fn new(names: &[String], characters_max: usize, screen: Screen) -> Self {
        let mut texts: Vec<String> = names.iter().map(|name| clean(name, screen)).collect();
        let fits = |text: &String| text.chars().count() <= characters_max;
        let mut shared = [String::new(), String::new()];
        if !texts.iter().all(fits) {
            shared = shared_ends(&texts);
            for text in &mut texts {
                *text = without(text, &shared);
            }
        }
        Self { texts: told_apart(cut(&texts, characters_max)), shared }
    }

    /// Returns the headings as cells of a grid.
    pub(super) fn cells(&self) -> impl Iterator<Item = Shown> {
        self.texts.iter().map(|text| (text.clone(), false))
    }

    /// Writes what was left out of all names, above what has them as headings.
    pub(super) fn write_shared(&self, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
        let [start, end] = &self.shared;
        let line = match (start.is_empty(), end.is_empty()) {
            (true, true) => return Ok(()),
            (false, true) => format!("All names begin with {start}"),
            (true, false) => format!("All names end in {end}"),
            (false, false) => format!("All names begin with {start} and end in {end}"),
        };
        labelled(DOTS, &line, screen, out)
    }
}

/// Shortens names that stand alone in a line to so many characters, a number behind some aside.
pub(super) fn shortened(names: &[&str], characters_max: usize, screen: Screen) -> Vec<String> {
    let texts: Vec<String> = names.iter().map(|name| clean(name, screen)).collect();
    told_apart(cut(&texts, characters_max))
}

/// Returns what all names begin with and end in, each from a separator on, where leaving that out makes them shorter.
fn shared_ends(names: &[String]) -> [String; 2] {
    let characters: Vec<Vec<char>> = names.iter().map(|name| name.chars().collect()).collect();
    let start = shared_start(&characters);
    let rest = |name: &Vec<char>| name.iter().skip(start.len()).rev().copied().collect();
    let end = shared_start(&characters.iter().map(rest).collect::<Vec<Vec<char>>>());
    [start.iter().collect(), end.iter().rev().collect()]
}

/// Returns what all begin with, up to and with the last separator that leaves something of each.
fn shared_start(names: &[Vec<char>]) -> Vec<char> {
    let [first, others @ ..] = names else { return Vec::new() };
    if others.is_empty() {
        return Vec::new();
    }
    let same = |name: &Vec<char>| name.iter().zip(first).take_while(|(a, b)| a == b).count();
    let shortest = names.iter().map(Vec::len).min().unwrap_or(0).saturating_sub(1);
    let same = others.iter().map(same).min().unwrap_or(0).min(shortest);
    let part: Vec<char> = first.iter().take(same).copied().collect();
    let upto =
        part.iter().rposition(|c| SEPARATORS.contains(c)).map_or(0, |at| at.saturating_add(1));
    if upto <= DOTS.len() { Vec::new() } else { part.into_iter().take(upto).collect() }
}

fn without(name: &str, [start, end]: &[String; 2]) -> String {
    let rest = name.strip_prefix(start.as_str()).unwrap_or(name);
    let rest = rest.strip_suffix(end.as_str()).unwrap_or(rest);
    let dots = |shared: &str| if shared.is_empty() { "" } else { DOTS };
    format!("{}{rest}{}", dots(start), dots(end))
}

/// Cuts texts that are too long, at the place that keeps them apart, if there is one: names differ at their end more often than at their
/// start.
fn cut(texts: &[String], characters_max: usize) -> Vec<String> {
    let kept = characters_max.saturating_sub(DOTS.len());
    let ways = [0, kept / 3, kept / 2, kept];
    let mut cuts = ways.map(|front| -> Vec<String> {
        texts.iter().map(|text| cut_behind(front, text, characters_max)).collect()
    });
    let are_apart = |cut: &Vec<String>| cut.iter().collect::<BTreeSet<_>>().len() == cut.len();
    let best = cuts.iter().position(are_apart).unwrap_or(0);
    cuts.get_mut(best).map(std::mem::take).unwrap_or_default()
}

/// Leaves out what comes behind so many characters, where the text is too long.
fn cut_behind(front: usize, text: &str, characters_max: usize) -> String {
    let count = text.chars().count();
    if count <= characters_max {
        return text.to_owned();
    }
    let back = characters_max.saturating_sub(DOTS.len()).saturating_sub(front);
    let start: String = text.chars().take(front).collect();
    let end: String = text.chars().skip(count.saturating_sub(back)).collect();
    format!("{start}{DOTS}{end}")
}

/// Puts numbers behind headings that are alike.
fn told_apart(texts: Vec<String>) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let all: BTreeSet<String> = texts.iter().cloned().collect();
    let mut told = Vec::with_capacity(texts.len());
    // The last number of each, so that thousands that are alike are not counted through for each.
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for text in texts {
        let number = numbers.entry(text.clone()).or_insert(1);
        let mut own = text.clone();
        while taken.contains(&own) || (*number > 1 && all.contains(&own)) {
            *number = number.saturating_add(1);
            own = format!("{text}#{number}");
        }
        taken.insert(own.clone());
        told.push(own);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings(names: &[&str], characters_max: usize) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let headings = Headings::new(&names, characters_max, Screen::default());
        headings.cells().map(|(text, _)| text).collect()
    }

    #[test]
    fn names_that_fit_stay() {
        assert_eq!(headings(&["x-author", "x-publish"], 14), ["x-author", "x-publish"]);
    }

    #[test]
    fn shared_start_and_end_are_left_out_at_separators() {
        let names = ["customer-prod-eu-west-publish-01", "customer-prod-eu-west-publish-02"];
        assert_eq!(headings(&names, 14), ["...01", "...02"]);
        let names =
            ["customer-prod-eu-author1.example.com", "customer-prod-eu-publish1.example.com"];
        assert_eq!(headings(&names, 20), ["...author1...", "...publish1..."]);
        let mut out = Vec::new();
        let names = names.map(str::to_owned);
        let screen = Screen { columns: Some(100), ..Screen::default() };
        Headings::new(&names, 20, screen).write_shared(screen, &mut out).unwrap();
        let told = "... All names begin with customer-prod-eu- and end in .example.com\n";
        assert_eq!(String::from_utf8(out).unwrap(), told);
    }

    #[test]
    fn something_is_left_of_each_name() {
        let names = ["customer-prod-", "customer-prod-eu", "customer-prod-us"];
        assert_eq!(headings(&names, 12), ["...prod-", "...prod-eu", "...prod-us"]);
    }

    #[test]
    fn names_without_separators_are_cut_where_they_stay_apart() {
        let names = ["publishserverofthecustomer1", "publishserverofthecustomer2"];
        assert_eq!(headings(&names, 14), ["...hecustomer1", "...hecustomer2"]);
        let names = ["aaaa1bbbbbbbbbbbbbbb", "aaaa2bbbbbbbbbbbbbbb", "aaaa3bbbbbbbbbbbbbbb"];
        assert_eq!(headings(&names, 13), ["aaaa1...bbbbb", "aaaa2...bbbbb", "aaaa3...bbbbb"]);
    }

    #[test]
    fn no_two_headings_are_alike() {
        let name = |n: usize| format!("{}{n}{}", "a".repeat(20), "b".repeat(20));
        let names = [1, 2, 3].map(name);
        let names = names.each_ref().map(String::as_str);
        assert_eq!(headings(&names, 10), ["...bbbbbbb", "...bbbbbbb#2", "...bbbbbbb#3"]);
        let names = [names[0], names[1], "...bbbbbbb#2"];
        let cut = headings(&names, 12);
        assert_eq!(cut.iter().collect::<BTreeSet<_>>().len(), 3, "{cut:?}");
    }

    #[test]
    fn lone_long_name_keeps_its_ends() {
        assert_eq!(headings(&["customer-prod-eu-west-publish-01"], 14), ["...-publish-01"]);
    }
}
