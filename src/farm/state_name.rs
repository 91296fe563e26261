//! What a name says of the time of a state: `publish1-pre-sp20`, `publish1_20240131`, `daily.1`.

use crate::facts::path_parts;
use std::cmp::Ordering;
use std::iter::Peekable;

/// Words in a name that say that a state is the older one, and the younger one.
const EARLIER: [&str; 16] = [
    "before",
    "pre",
    "old",
    "prior",
    "previous",
    "earlier",
    "yesterday",
    "baseline",
    "backup",
    "vor",
    "vorher",
    "avant",
    "antes",
    "prima",
    "voor",
    "oud",
];
const LATER: [&str; 15] = [
    "after", "post", "new", "now", "later", "current", "latest", "today", "live", "nach",
    "nachher", "apres", "après", "despues", "después",
];

/// How words begin that count releases, as in `SP18`, `v2` and `cfp3`.
const RELEASES: [&str; 6] = ["v", "sp", "cfp", "rel", "release", "build"];

/// Short names of months, in English, German, French and Spanish.
const MONTHS: [&str; 27] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mär",
    "mai", "okt", "dez", "fev", "fév", "avr", "juin", "juil", "aou", "aoû", "déc", "ene", "ago",
    "dic",
];

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
    /// A release or a month, which shows two states and not their order: one may be rolled back, and a year may end.
    Named(String),
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
    let (mut rest, mut mark, mut named) = (Vec::new(), None, None);
    while let Some(word) = words.next() {
        if EARLIER.contains(&word) {
            mark = Some(Mark::Earlier);
        } else if LATER.contains(&word) {
            mark = Some(Mark::Later);
        } else if let Some(date) = day_first(word, &mut words) {
            mark = Some(Mark::Date(date));
        } else if let Some(version) = version(word, rest.last(), &mut words) {
            rest.extend(named.replace(version));
        } else if is_release(word) || MONTHS.contains(&word) {
            rest.extend(named.replace(word.to_owned()));
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
    // In `publish1-pre-sp20` the release tells no time of its own.
    match (mark, named) {
        (None, Some(named)) => (rest, Some(Mark::Named(named))),
        (mark, named) => {
            rest.extend(named);
            (rest, mark)
        }
    }
}

/// Reads a date as `31.01.2024`, of which the first word was taken.
fn day_first<'n>(
    word: &str,
    words: &mut Peekable<impl Iterator<Item = &'n str> + Clone>,
) -> Option<String> {
    let is_short = |word: &str| is_number(word) && matches!(word.len(), 1 | 2);
    let mut ahead = words.clone();
    let (month, year) = (ahead.next()?, ahead.next()?);
    let is_date = is_short(word) && is_short(month) && year.len() == 4 && is_year(year);
    is_date.then(|| {
        *words = ahead;
        format!("{year}{month:0>2}{word:0>2}")
    })
}

fn is_release(word: &str) -> bool {
    RELEASES.iter().any(|start| word.strip_prefix(start).is_some_and(is_number))
}

/// Reads a version of AEM, such as `6.5.18`, of which the first word was taken. Four numbers are an address.
fn version<'n>(
    word: &str,
    before: Option<&String>,
    words: &mut Peekable<impl Iterator<Item = &'n str> + Clone>,
) -> Option<String> {
    let mut ahead = words.clone();
    let (minor, patch) =
        (ahead.next().filter(|n| is_number(n))?, ahead.next().filter(|n| is_number(n))?);
    let ends = ahead.peek().is_none_or(|next| !is_number(next));
    let begins = before.is_none_or(|before| !is_number(before));
    (matches!(word, "5" | "6") && begins && ends).then(|| {
        *words = ahead;
        format!("{word}.{minor}.{patch}")
    })
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
