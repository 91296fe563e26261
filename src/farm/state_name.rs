//! What a name says of the time of a state: `publish1-pre-sp20`, `publish1_20240131`, `daily.1`.

use crate::facts::path_parts;
use std::cmp::Ordering;

/// Words in a name that say that a state is the older one, and the younger one.
const EARLIER: [&str; 8] =
    ["before", "pre", "old", "prior", "previous", "earlier", "vorher", "yesterday"];
const LATER: [&str; 8] = ["after", "post", "new", "now", "later", "current", "nachher", "today"];

/// Directories that rsnapshot turns over, the oldest last: `daily.1` was `daily.0` a day ago, and `weekly.0` the last of the days.
// Newer sample configurations of rsnapshot name them alpha, beta, gamma and delta.
const ROTATED: [[&str; 2]; 5] = [
    ["hourly", "alpha"],
    ["daily", "beta"],
    ["weekly", "gamma"],
    ["monthly", "delta"],
    ["yearly", "epsilon"],
];

/// Returns `true` if two names are one but for what they say of the time of a state.
pub(super) fn are_marked(own: &str, other: &str) -> bool {
    let [(own, mark), (other, other_mark)] = [split(own), split(other)];
    own == other && mark.is_some() && other_mark.is_some()
}

/// Walks two paths side by side, to the end of the longer one.
pub(super) fn zip_longest<'p>(
    mut a: impl Iterator<Item = &'p str>,
    mut b: impl Iterator<Item = &'p str>,
) -> impl Iterator<Item = (Option<&'p str>, Option<&'p str>)> {
    std::iter::from_fn(move || Some((a.next(), b.next())).filter(|pair| *pair != (None, None)))
}

/// What a name says of the time of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    Earlier,
    Later,
    /// Its digits, from the year on.
    Date(String),
    /// Which of those that rsnapshot turns over, and its number there, 0 being the newest.
    Rotated(usize, u32),
}

impl PartialOrd for Mark {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Date(own), Self::Date(other)) => Some(own.cmp(other)),
            (Self::Rotated(own, number), Self::Rotated(other, other_number)) => {
                Some((other, other_number).cmp(&(own, number)))
            }
            (Self::Earlier, Self::Later) => Some(Ordering::Less),
            (Self::Later, Self::Earlier) => Some(Ordering::Greater),
            // Whether a date is before or after something is not in the name.
            _ => (self == other).then_some(Ordering::Equal),
        }
    }
}

/// Splits a name into its words but those of time, and what the latter say.
pub(super) fn split(name: &str) -> (Vec<String>, Option<Mark>) {
    if let Some(rotated) = rotated(name) {
        return (Vec::new(), Some(rotated));
    }
    let lower = name.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).peekable();
    let (mut rest, mut mark) = (Vec::new(), None);
    while let Some(word) = words.next() {
        if EARLIER.contains(&word) {
            mark = Some(Mark::Earlier);
        } else if LATER.contains(&word) {
            mark = Some(Mark::Later);
        } else if is_year(word) {
            let mut date = word.to_owned();
            // From the year to the second there are 14 digits; what follows counts something else.
            while let Some(part) = words.next_if(|word| is_number(word) && date.len() < 14) {
                date.push_str(part);
            }
            mark = Some(Mark::Date(date));
        } else {
            rest.push(word.to_owned());
        }
    }
    (rest, mark)
}

/// Reads a name such as `daily.1`, whole: other numbers behind words may count the other way.
fn rotated(name: &str) -> Option<Mark> {
    let (unit, number) = name.split_once('.')?;
    let unit = ROTATED.iter().position(|units| units.contains(&unit))?;
    Some(Mark::Rotated(unit, number.parse().ok().filter(|_| is_number(number))?))
}

/// Returns `true` if one path is that of another one as rsnapshot kept it before.
pub(crate) fn was_rotated_before(own: &str, other: &str) -> bool {
    let mut differing = zip_longest(path_parts(own), path_parts(other)).filter(|(a, b)| a != b);
    let Some((Some(own), Some(other))) = differing.next() else { return false };
    differing.next().is_none()
        && rotated(own).zip(rotated(other)).is_some_and(|(own, other)| own < other)
}

/// Returns `true` if a word is a year of this century, or begins with one as `20240131` does.
fn is_year(word: &str) -> bool {
    is_number(word) && word.starts_with("20") && matches!(word.len(), 4 | 6 | 8 | 12 | 14)
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
