//! The log files of one instance as one log: which of them is newer, and what its last start left behind.

use super::{
    Log, LogFile, LogSignature, LogTime, LogTopic, OpenSign, Place, STARTS_MAX, Seen, Sighting,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How old a file is among those that one log was rotated to; the newest last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    /// `error.log.2` is older than `error.log.1`.
    Numbered(Reverse<u64>),
    /// `error.log.2025-11-27`; the digits of its day.
    Dated(String),
    /// `error.log`
    Current,
}

/// Digits of a day, at least; fewer are those of a number.
const DAY_DIGITS: usize = 6;

/// Splits a path into that of the log that is written, and how old the file is.
fn family(path: &str) -> (&str, Age) {
    let plain = path.strip_suffix(".gz").unwrap_or(path);
    let stem = plain.trim_end_matches(|c: char| c.is_ascii_digit() || "-._T:".contains(c));
    let suffix = plain.get(stem.len()..).unwrap_or_default();
    let digits: String = suffix.chars().filter(char::is_ascii_digit).collect();
    let age = match digits.parse() {
        Ok(number) if digits.len() < DAY_DIGITS => Age::Numbered(Reverse(number)),
        _ => Age::Dated(digits),
    };
    match age {
        Age::Dated(digits) if digits.is_empty() => (path, Age::Current),
        age if suffix.starts_with(['-', '.', '_']) => (stem, age),
        _ => (path, Age::Current),
    }
}

/// Returns the name of the log that a file is of, which may be one that it was rotated to.
pub fn log_family(name: &str) -> &str {
    family(name).0
}

/// One file among the others.
struct Rotated<'f> {
    file: &'f LogFile,
    place: &'f Place,
    family: &'f str,
    age: Age,
    /// The last time in older files of its family.
    after: Option<LogTime>,
}

impl<'f> Rotated<'f> {
    /// Returns all files, each family from its oldest on.
    fn all(files: impl Iterator<Item = (&'f LogFile, &'f Place)>) -> Vec<Self> {
        let rotated = |(file, place): (&'f LogFile, &'f Place)| {
            let (family, age) = family(&place.path);
            Self { file, place, family, age, after: None }
        };
        let mut all: Vec<Self> = files.map(rotated).collect();
        all.sort_by(|a, b| (a.family, &a.age, a.place).cmp(&(b.family, &b.age, b.place)));
        let mut last: Option<(&str, Option<LogTime>)> = None;
        for own in &mut all {
            own.after = last.filter(|(family, _)| *family == own.family).and_then(|(_, ends)| ends);
            last = Some((own.family, own.after.max(own.file.ends)));
        }
        all
    }

    /// Returns when a statement was made, or the last time that is known to be before it; of equal ones, that without a time was made later.
    fn moment(&self, topic: LogTopic) -> (Option<LogTime>, bool) {
        match self.file.statements.get(&topic).and_then(|statement| statement.time) {
            Some(time) => (Some(time), false),
            None => (self.file.after.get(&topic).copied().max(self.after), true),
        }
    }
}

/// The last starts of the crypto support, which logs its storage once at each.
struct Starts<'f> {
    /// The latest of all files, or the last time before it.
    latest: Option<LogTime>,
    /// By family, the newest file with a start.
    newest: BTreeMap<&'f str, &'f Age>,
    /// By family, the newest file with a start that has no time.
    newest_untimed: BTreeMap<&'f str, &'f Age>,
}

impl<'f> Starts<'f> {
    fn of(files: &'f [Rotated<'_>]) -> Self {
        let mut starts =
            Self { latest: None, newest: BTreeMap::new(), newest_untimed: BTreeMap::new() };
        // Of one family, newer ones follow.
        for own in files.iter().filter(|own| own.file.statements.contains_key(&LogTopic::Storage)) {
            let (moment, is_untimed) = own.moment(LogTopic::Storage);
            starts.latest = starts.latest.max(moment);
            starts.newest.insert(own.family, &own.age);
            if is_untimed {
                starts.newest_untimed.insert(own.family, &own.age);
            }
        }
        starts
    }

    /// Returns `true` if a sign may have been seen since the last start.
    fn leave_open(&self, own: &Rotated<'_>, sign: OpenSign) -> bool {
        let is_followed = |starts: &BTreeMap<&str, &Age>| {
            starts.get(own.family).is_some_and(|age| **age > own.age)
        };
        // A sighting without a time may be newer than any start that has one.
        let untimed = sign.is_untimed && !is_followed(&self.newest);
        let is_over = |last: LogTime| Some(last) < self.latest || is_followed(&self.newest_untimed);
        untimed || sign.last.is_some_and(|last| !is_over(last))
    }
}

impl Log {
    /// Returns what files say together; `None` when there is none. Their order does not matter.
    pub fn of<'f>(files: impl IntoIterator<Item = (&'f LogFile, &'f Place)>) -> Option<Self> {
        let files = Rotated::all(files.into_iter());
        let starts = Starts::of(&files);
        let mut log = Self { files: files.len(), ..Self::default() };
        let mut moments = BTreeMap::new();
        for own in &files {
            log.starts.extend(own.file.starts.iter().cloned());
            // A log that rotates daily has a file for each day.
            while log.starts.len() > STARTS_MAX {
                log.starts.pop_first();
            }
            for (sign, sighting) in &own.file.sightings {
                let open = own.file.open.get(sign);
                let since_start = Some(open.is_some_and(|open| starts.leave_open(own, *open)));
                let new = Seen {
                    sighting: Sighting { since_start, ..*sighting },
                    place: own.place.clone(),
                };
                let sum = log.seen.remove(sign).map_or(new.clone(), |old| merged(old, new));
                log.seen.insert(*sign, sum);
            }
            for (topic, statement) in &own.file.statements {
                // Without times the current file counts: its name is the start of those of rotated ones.
                let moment = (own.moment(*topic), own.age.clone(), Reverse(own.place));
                if moments.get(topic).is_none_or(|last| *last < moment) {
                    moments.insert(*topic, moment);
                    log.statements.insert(*topic, (statement.clone(), own.place.clone()));
                }
            }
        }
        (log.files > 0).then_some(log)
    }

    /// Returns `true` if none of these signs was seen since the last start.
    pub fn are_over(&self, signs: &[LogSignature]) -> bool {
        let all = || signs.iter().filter_map(|sign| self.seen.get(sign)).map(|seen| seen.sighting);
        let start = self.statement(LogTopic::Storage).and_then(|last| last.time);
        let is_over = |sighting: Sighting| match sighting.since_start {
            Some(since_start) => !since_start,
            None => start.zip(sighting.last).is_some_and(|(start, last)| last < start),
        };
        all().all(is_over)
    }
}

fn merged(a: Seen, b: Seen) -> Seen {
    // A file without times says nothing of when.
    let key =
        |seen: &Seen| (seen.sighting.first.is_none(), seen.sighting.first, seen.place.clone());
    let (first, other) = if key(&a) <= key(&b) { (a, b) } else { (b, a) };
    let count = first.sighting.count.saturating_add(other.sighting.count);
    // One without a time may be later than any that has one.
    let is_open =
        |seen: &Seen| seen.sighting.last.is_none() && seen.sighting.since_start == Some(true);
    let is_unknown = is_open(&first) || is_open(&other);
    let last = first.sighting.last.max(other.sighting.last).filter(|_| !is_unknown);
    let since_start = first.sighting.since_start.max(other.sighting.since_start);
    Seen { sighting: Sighting { count, last, since_start, ..first.sighting }, ..first }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::LogStatement;

    const SIGN: LogSignature = LogSignature::CryptoConvert;

    fn at(day: u8) -> Option<LogTime> {
        let (year, month, hour, minute, second, millisecond) = (2025, 7, 19, 0, 52, 176);
        (day > 0).then_some(LogTime { year, month, day, hour, minute, second, millisecond })
    }

    /// A log with a start or a statement of it, and with signs behind it; day 0 is none that is known.
    fn file(count: u64, first: u8, last: u8, line: u64) -> LogFile {
        let sighting =
            Sighting { count, first: at(first), last: at(last), line, since_start: None };
        let statement = LogStatement { value: format!("logged on {last}"), time: at(last) };
        LogFile {
            sightings: [(SIGN, sighting)].into(),
            open: [(SIGN, OpenSign { last: at(last), is_untimed: last == 0 })].into(),
            statements: [(LogTopic::Storage, statement)].into(),
            ends: at(last),
            ..LogFile::default()
        }
    }

    fn started(day: u8, value: &str) -> LogFile {
        let statement = LogStatement { value: value.to_owned(), time: at(day) };
        let mut file = LogFile { ends: at(day), ..LogFile::default() };
        file.say(LogTopic::Storage, statement);
        file
    }

    fn signs(day: u8) -> LogFile {
        LogFile { statements: BTreeMap::new(), ..file(1, day, day, 1) }
    }

    fn add(files: &[(&str, LogFile)]) -> Log {
        let place = |path: &str| Place { source: "s".to_owned(), path: path.to_owned() };
        let mut placed: Vec<(LogFile, Place)> =
            files.iter().map(|(path, file)| (file.clone(), place(path))).collect();
        let log = Log::of(placed.iter().map(|(file, place)| (file, place))).unwrap();
        placed.reverse();
        assert_eq!(Log::of(placed.iter().map(|(file, place)| (file, place))).as_ref(), Some(&log));
        log
    }

    #[test]
    fn rotated_files_add_up_in_the_order_of_their_times() {
        let log = add(&[
            ("error.log", file(2, 20, 21, 7)),
            ("error.log.2025-07-18", file(3, 17, 18, 900)),
            ("error.log.2025-07-16", file(1, 0, 0, 1)),
        ]);
        let seen = &log.seen[&SIGN];
        assert_eq!(seen.place.path, "error.log.2025-07-18");
        let sighting = seen.sighting;
        assert_eq!((sighting.count, sighting.first, sighting.last), (6, at(17), at(21)));
        assert_eq!(sighting.line, 900);
        assert_eq!(log.statement(LogTopic::Storage).unwrap().value, "logged on 21");
        assert_eq!(log.files, 3);
        assert_eq!(Log::of([]), None);
        let log = add(&[("error.log", file(2, 20, 21, 7)), ("stderr.log", file(1, 0, 0, 1))]);
        assert_eq!(log.seen[&SIGN].sighting.last, None);
    }

    #[test]
    fn without_times_the_current_file_counts() {
        let log = add(&[("stdout.log.1", file(1, 0, 0, 1)), ("stdout.log", file(1, 0, 0, 2))]);
        assert_eq!(log.statements[&LogTopic::Storage].1.path, "stdout.log");
    }

    #[test]
    fn files_of_one_log_have_an_order() {
        let names =
            ["error.log.2", "error.log.1.gz", "error.log.2025-07-18", "error.log-20250719.gz"];
        let ages: Vec<Age> = names.map(|name| family(name).1).into();
        assert!(ages.is_sorted() && ages.last() < Some(&Age::Current), "{ages:?}");
        assert!(names.iter().all(|name| family(name).0 == "error.log"));
        for name in ["error.log", "publish2", "logs/a", "stdout.log.old", "x.gz"] {
            assert_eq!(family(name), (name, Age::Current), "{name}");
        }
    }

    #[test]
    fn newest_statement_without_a_time_beats_an_older_one_of_the_same_log() {
        let value = |files: &[(&str, LogFile)]| {
            add(files).statement(LogTopic::Storage).unwrap().value.clone()
        };
        let old = || ("error.log.2025-07-18", started(18, "old"));
        assert_eq!(value(&[("error.log", started(0, "new")), old()]), "new");
        assert_eq!(value(&[("error.log", started(19, "new")), old()]), "new");
        assert_eq!(value(&[("error.log", started(17, "new")), old()]), "old");
        assert_eq!(value(&[("stderr.log", started(0, "x")), old()]), "old");
        // In one file the order of the lines counts, and the time before a line says when it was, at least.
        let mut mixed = started(20, "timed");
        mixed.say(LogTopic::Storage, LogStatement { value: "untimed".to_owned(), time: None });
        assert_eq!(value(&[("stderr.log", mixed), old()]), "untimed");
    }

    #[test]
    fn sign_without_a_time_is_over_where_a_newer_file_of_its_log_has_a_start() {
        let is_over = |files: &[(&str, LogFile)]| add(files).are_over(&[SIGN]);
        let current = || ("error.log", signs(0));
        let rotated = || ("error.log.2025-07-18", signs(0));
        assert!(!is_over(&[current()]));
        assert!(!is_over(&[current(), ("error.log.2025-07-18", started(18, "x"))]));
        assert!(!is_over(&[current(), ("stdout.log", started(18, "x"))]));
        assert!(!is_over(&[rotated(), ("stdout.log", started(18, "x"))]));
        assert!(is_over(&[rotated(), ("error.log", started(19, "x"))]));
        assert!(is_over(&[rotated(), ("error.log", started(0, "x"))]));
        assert!(!is_over(&[current(), rotated(), ("error.log.1", started(0, "x"))]));
    }

    #[test]
    fn sign_with_a_time_is_over_where_a_start_is_later() {
        let is_over = |files: &[(&str, LogFile)]| add(files).are_over(&[SIGN]);
        assert!(is_over(&[("error.log", signs(18)), ("stdout.log", started(19, "x"))]));
        assert!(!is_over(&[("error.log", signs(19)), ("stdout.log", started(18, "x"))]));
        assert!(is_over(&[("error.log.1", signs(18)), ("error.log", started(0, "x"))]));
        assert!(!is_over(&[("error.log.1", signs(18)), ("stderr.log", started(0, "x"))]));
    }

    #[test]
    fn facts_of_older_versions_are_decided_by_times() {
        let mut log = add(&[("error.log", signs(18)), ("stdout.log", started(19, "x"))]);
        let forget = |log: &mut Log| {
            log.seen.values_mut().for_each(|seen| seen.sighting.since_start = None);
        };
        forget(&mut log);
        assert!(log.are_over(&[SIGN]));
        log.statements.clear();
        assert!(!log.are_over(&[SIGN]));
    }
}
